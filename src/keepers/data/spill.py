"""Folders for what does not fit into memory: each goes with its owner, and a killed owner's at the next start."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import IO

_NAME = re.compile(r"keepers-(\d+)-\w+")
_LOCK = "owner.lock"


class Spill:
    """A folder of one engine in the system's temporary folder; what killed programs left there is cleared away first.

    Its name has the number of the process, and its owner holds a lock on a file in it. A folder whose process is gone
    and whose lock is free has no owner, even where several machines or containers share the temporary folder.
    """

    def __init__(self) -> None:
        home = Path(tempfile.gettempdir())
        _clear(home)
        new = Path(tempfile.mkdtemp(prefix="keepers.new-", dir=home))
        self._lock = _locked(new / _LOCK)
        # It gets the name by which others look for it only once it is locked.
        self.path = new.rename(home / f"keepers-{os.getpid()}-{new.name.partition('-')[2]}")

    def cleanup(self) -> None:
        """Remove the folder and whatever is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()


def process_lives(number: int) -> bool:
    """Whether a process with this number runs on this machine; where that cannot be known, it is taken to."""
    if os.name != "posix":
        # Elsewhere asking would end the process.
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _clear(home: Path) -> None:
    """Remove the folders whose owners are gone; of several who try, one wins and the others find nothing."""
    with contextlib.suppress(OSError):
        for folder in home.iterdir():
            found = _NAME.fullmatch(folder.name)
            if found is None or process_lives(int(found[1])):
                continue
            lock = _locked(folder / _LOCK, create=False)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                lock.close()


def _locked(path: Path, create: bool = True) -> IO[bytes] | None:
    """A file with a lock that ends with the process; None where somebody has it or there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    file = None
    try:
        file = path.open("wb" if create else "rb+")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if file is not None:
            file.close()
        return None
    return file
