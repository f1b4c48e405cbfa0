"""Temporary files beside the engine, and the words for a disk that is full or a file that cannot be opened."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from keepers.data.engine import Engine
from keepers.domain.errors import EngineError, InputError

CHUNK = 1 << 20


@contextlib.contextmanager
def scratch_file(engine: Engine, suffix: str) -> Iterator[Path]:
    """A path for a temporary file that is gone afterwards; a full disk becomes an `EngineError`."""
    path = Path(engine.scratch) / f"{engine.new_name('scratch')}{suffix}"
    try:
        with disk_errors(path):
            yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Say that the disk is full where it is; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise EngineError(
                f"The disk is full: no room for temporary files in {path.parent}. "
                "Free some space, or point TMPDIR to another disk, and run again."
            ) from error
        raise


@contextlib.contextmanager
def opening(source: str) -> Iterator[None]:
    """Translate what the operating system says of a file that cannot be read."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{source} does not exist. Check the name and the folder.") from error
    except PermissionError as error:
        raise InputError(f"{source} may not be read: permission denied. Ask its owner, or copy it first.") from error
    except IsADirectoryError as error:
        raise InputError(f"{source} is a folder where a file is expected.") from error
