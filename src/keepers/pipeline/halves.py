"""What a process that was killed has left of a backup or a restore: folders with its number in their names."""

from __future__ import annotations

import os
from pathlib import Path

from keepers.data.spill import process_lives
from keepers.domain.errors import ConfigError

RESTORING = ".keepers-restore-"
"""Begins the name of a folder in which a backup lies until all of it stands in its place."""


def left_by_killed(folder: Path, beginning: str) -> list[Path]:
    """Folders of processes that are gone, by how their names begin; the number of the process follows."""
    return [one for one in folder.glob(f"{beginning}*") if one.is_dir() and not _lives(one, beginning)]


def refuse_half_restored(folder: Path) -> None:
    """No half of a project is worked with, but by the restore that makes a whole of it.

    Raises
    ------
    ConfigError
        A restore into the folder is under way, or was killed in the middle.
    """
    for one in folder.glob(f"{RESTORING}*"):
        if one.is_dir() and _number(one, RESTORING) != os.getpid():
            raise ConfigError(
                f"{folder} is being restored at this moment. Wait until `keepers restore` has ended."
                if _lives(one, RESTORING)
                else f"Restoring {folder} was ended in the middle. Do it again: keepers restore FILE --into {folder}"
            )


def _lives(one: Path, beginning: str) -> bool:
    number = _number(one, beginning)
    return number is not None and number != os.getpid() and process_lives(number)


def _number(one: Path, beginning: str) -> int | None:
    number = one.name.removeprefix(beginning).partition("-")[0]
    return int(number) if number.isdecimal() else None
