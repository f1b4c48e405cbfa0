"""One running system a project where the state is a file: a second one is told where the first listens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from keepers.domain.errors import ConfigError
from keepers.storage.failures import told_of_files
from keepers.storage.state import State

_FILE = ".serving"


@contextlib.contextmanager
def alone(state: State) -> Iterator[Callable[[str], object]]:
    """Be the one that serves a state; gives what takes the address, for others to be told.

    The system lets go of the lock when the process ends, however it does. A database that several may share needs none,
    nor is there one where the system has no such locks.

    Raises
    ------
    ConfigError
        Another process serves it.
    """
    if not state.is_file:
        yield lambda _: None
        return
    path = state.folder / _FILE
    with told_of_files(str(path)):
        opened = path.open("a+", encoding="utf-8")
    # What goes wrong while it serves is not about this file.
    with opened as file:
        if _is_held(file.fileno()):
            file.seek(0)
            address = file.read().strip()
            raise ConfigError(
                f"{state.folder.parent} is served already{f', at {address}' if address else ''}. Stop that `keepers "
                "serve` first. Several share a project whose state is in PostgreSQL: [state] url in keepers.toml."
            )

        def listens_at(address: str) -> None:
            file.truncate(0)
            file.write(address)
            file.flush()

        listens_at("")
        yield listens_at


def _is_held(number: int) -> bool:
    """Whether somebody else holds the lock of a file; it is ours otherwise."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # A disk of a network without locks.
        return False
    return False
