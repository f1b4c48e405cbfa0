"""The first stretch of every job: an engine, and everything that was named read into it."""

from __future__ import annotations

from collections.abc import Sequence

from keepers.data.engine import Engine
from keepers.data.read import Dataset, read
from keepers.domain.ports import Progress
from keepers.pipeline.options import RunOptions


def read_files(locations: Sequence[str], options: RunOptions, progress: Progress) -> Dataset:
    """Read files, folders and databases as the options say."""
    engine = Engine(memory_limit=options.memory, threads=options.threads)
    return read(
        *locations,
        columns=options.columns,
        format=options.format,
        delimiter=options.delimiter,
        encoding=options.encoding,
        engine=engine,
        progress=progress,
        time_zone=options.time_zone,
        date_order=options.date_order,
        rates=options.rates,
        currency=options.currency,
        won_stages=options.won_stages,
    )
