"""What a run reads, as it is at one moment: uploads and pulled tables under links of their own, and received events.

Meanwhile an upload may be replaced or left out, a pull write a table anew and a person be erased: the run goes on with
what it began with. Files are always put into their place whole, by a new name for the old place, so that a link keeps
what it linked to and costs no room.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keepers.domain.errors import ConfigError
from keepers.pipeline.uploads import everything_to_read
from keepers.storage.failures import told_of_files
from keepers.storage.state import FOLDER
from keepers.web.site import Site

READING = "reading-"
"""Begins the names of folders with what runs read, inside the state's folder."""

_EVENTS = "events.jsonl"
_READ = ("track", "identify", "alias")
_SEEN = ("page", "screen")
"""Calls that a run reads: of those that say what was seen, the ones that a campaign brought."""


@dataclass(frozen=True, slots=True)
class Material:
    """What to read, and the number of the last received event among it."""

    locations: tuple[str, ...]
    last_event: int


@contextlib.contextmanager
def gathered(site: Site, job: int) -> Iterator[Material]:
    """Everything that a job reads, which stays as it is until the block ends.

    Raises
    ------
    ConfigError
        There is nothing to read.
    EngineError
        The disk is full, or the folder may not be written.
    """
    state = site.project.folder / FOLDER
    # What is there is of a process that was killed, as jobs are done one at a time, or of an earlier version.
    for left in state.glob(f"{READING}*"):
        shutil.rmtree(left, ignore_errors=True)
    (state / _EVENTS).unlink(missing_ok=True)
    folder = state / f"{READING}{job:06d}-{uuid.uuid4().hex[:8]}"
    try:
        with told_of_files(str(folder)):
            folder.mkdir(parents=True)
            material = _material(site, state, folder)
        yield material
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _material(site: Site, state: Path, folder: Path) -> Material:
    places = everything_to_read(site.project)
    ours = {place: _linked(Path(place), folder) for place in places if Path(place).is_relative_to(state)}
    locations = [str(ours.get(place, place)) for place in places if place not in ours or ours[place].exists()]
    last, some = _events(site, folder / _EVENTS)
    if some:
        locations.append(str(folder / _EVENTS))
    if not locations:
        raise ConfigError(
            "There is nothing to value yet: keepers.toml names no sources, nothing was uploaded, and no order has come "
            "in."
        )
    return Material(tuple(locations), last)


def _linked(place: Path, into: Path) -> Path:
    """A file, or a folder's files, under the same name in a folder of the same name."""
    whole = place.is_dir()
    folder = into / (place.name if whole else place.parent.name)
    folder.mkdir(exist_ok=True)
    for path in place.iterdir() if whole else (place,):
        if path.name.startswith(".") or not path.is_file():
            continue
        # Somebody may leave it out between the look and the link.
        with contextlib.suppress(FileNotFoundError):
            try:
                os.link(path, folder / path.name)
            except FileNotFoundError:
                raise
            except OSError:
                # A file system without links, of which some network disks are.
                shutil.copyfile(path, folder / path.name)
    return folder if whole else folder / place.name


def _events(site: Site, path: Path) -> tuple[int, bool]:
    """Write received events up to the last one; whether an order is among them."""
    some = False
    with site.state.reading() as books, path.open("w", encoding="utf-8") as file:
        last = books.inbox.last()
        for event in books.inbox.all(last):
            if event.kind in _READ or (event.kind in _SEEN and '"campaign"' in event.body):
                file.write(event.body + "\n")
                some |= event.kind == "track"
    return last, some
