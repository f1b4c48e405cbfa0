"""What the sources and uploads of a project hold now, read as the run of a folder of results read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keepers.data.engine import Engine
from keepers.data.read import Dataset
from keepers.domain.errors import InputError
from keepers.domain.ports import silent
from keepers.pipeline.kept import as_remembered
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project
from keepers.pipeline.reading import read_files
from keepers.pipeline.uploads import everything_to_read


@contextmanager
def sources_of_now(project: Project, folder: Path) -> Iterator[tuple[Dataset, RunOptions]]:
    """Read them into an engine of their own, which is closed at the end; gives how they were read, too.

    Raises
    ------
    InputError
        If there are none.
    """
    locations = everything_to_read(project)
    if not locations:
        raise InputError("There are no sources or uploads that could tell of what came since the run.")
    options = as_remembered(RunOptions(into=folder, project=project, time_zone=project.time_zone), folder)
    engine = Engine(threads=1)
    try:
        yield read_files(locations, options, silent, engine), options
    finally:
        engine.close()
