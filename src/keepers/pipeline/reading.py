"""The first stretch of every job: an engine, and everything that was named read into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keepers.data.engine import Engine
from keepers.data.read import Dataset, read
from keepers.domain.ports import Progress
from keepers.pipeline.options import RunOptions
from keepers.pipeline.secrets import refers, revealed


def open_engine(options: RunOptions) -> Engine:
    """The engine that the options name."""
    if options.engine is None:
        return Engine(memory_limit=options.memory, threads=options.threads)
    from keepers.data.warehouse import connect

    return connect(options.engine, **options.engine_options)


def read_files(
    locations: Sequence[str], options: RunOptions, progress: Progress, engine: Engine | None = None
) -> Dataset:
    """Read files, folders and databases as the options say, or look at a table of a warehouse."""
    engine = engine or open_engine(options)
    folder = Path() if options.project is None else options.project.folder
    return read(
        *(_told(one, folder) for one in locations),
        columns=options.columns,
        format=options.format,
        delimiter=options.delimiter,
        encoding=options.encoding,
        engine=engine,
        progress=progress,
        time_zone=options.time_zone,
        date_order=options.date_order,
        duplicate_lines="drop" if options.drop_duplicate_lines else "keep",
        rates=options.rates,
        currency=options.currency,
        won_stages=options.won_stages,
    )


def _told(location: str, folder: Path) -> str:
    """A location, read from where the project says that it stands: an address, or a path that begins in the project."""
    if not refers(location):
        return location
    found = revealed(location, "A place among the sources", folder)
    return found if "://" in found else str(folder / Path(found).expanduser())
