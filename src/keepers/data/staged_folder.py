"""The folder of results: written beside its place and put there whole, so that it is never half-written."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from keepers.data.spill import process_lives
from keepers.domain.errors import ConfigError, EngineError

MARK = "summary.json"
"""The file by which a folder is known as a result of Keepers, and may be replaced."""


@contextlib.contextmanager
def staged(into: Path, mark: str = MARK) -> Iterator[Path]:
    """Give an empty folder beside `into`; at the end put it in the place of `into`, or leave nothing behind.

    An earlier result in `into` stays untouched until the new one is complete. A folder that holds anything else
    is never replaced. What an earlier run left when it was killed is cleared away. A folder is known as one that may be
    replaced by the file `mark` in it.

    Raises
    ------
    ConfigError
        `into` holds something else than a result of Keepers, or cannot be written to.
    EngineError
        The disk is full.
    """
    into = Path(os.path.abspath(into))
    _refuse_foreign(into, mark)
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        _clear_left_overs(into)
        beside = into.parent / f".{into.name}.part-{os.getpid()}"
        beside.mkdir()
    except OSError as error:
        raise ConfigError(
            f"Nothing can be written to {into.parent} ({error.strerror}). Name another folder with --into."
        ) from error
    try:
        yield beside
        _exchange(beside, into)
    except OSError as error:
        raise EngineError(
            f"The results could not be written to {into} ({error.strerror or error}). "
            "Free some disk space or name another folder with --into; what was there before is unchanged."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _refuse_foreign(into: Path, mark: str) -> None:
    if into.is_dir():
        if any(into.iterdir()) and not (into / mark).exists():
            raise ConfigError(
                f"{into} holds files that Keepers did not write. Name another folder with --into, or empty that one."
            )
    elif into.exists():
        raise ConfigError(f"{into} is a file, not a folder. Name another place with --into.")


def _exchange(beside: Path, into: Path) -> None:
    old = into.parent / f".{into.name}.old-{os.getpid()}"
    if into.exists():
        into.rename(old)
    try:
        beside.rename(into)
    except OSError:
        if old.exists():
            old.rename(into)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _clear_left_overs(into: Path) -> None:
    for old in sorted(into.parent.glob(f".{into.name}.old-*")):
        if _alive(old):
            continue
        if into.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(into)
    for part in into.parent.glob(f".{into.name}.part-*"):
        if not _alive(part):
            shutil.rmtree(part, ignore_errors=True)


def _alive(folder: Path) -> bool:
    number = folder.name.rpartition("-")[2]
    if not number.isdigit():
        return False
    return int(number) != os.getpid() and process_lives(int(number))
