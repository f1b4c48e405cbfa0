"""The demo: a simulated shop's files, written as a shop exports them, and then the same way that real ones go."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from keepers.domain.errors import ConfigError
from keepers.domain.ports import Progress
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import RunResult, run
from keepers.simulate.demo import demo_store
from keepers.simulate.export_files import SHOP_TABLES

DATA = "shop-files"
"""What is added to the name of the results' folder for that of the shop's own files."""

_MARK = "README.md"
"""By which such a folder is known, and may be written into again; no table, so that a run passes over it."""


def run_demo(into: Path, customers: int, seed: int, progress: Progress, options: RunOptions | None = None) -> RunResult:
    """Simulate a shop, write its files beside the results and value its customers from them.

    Parameters
    ----------
    into : Path
        Folder of the results; the shop's files go into a folder beside it. The last order was yesterday.
    customers, seed : int
        Size of the shop, and which of all possible ones.
    progress : Progress
        Told of each step.
    options : RunOptions, optional
        Anything else that a run may be told.
    """
    progress("Simulating a shop", None)
    end = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    files = into.with_name(f"{into.name}-{DATA}")
    if files.exists() and not (files / _MARK).exists():
        raise ConfigError(f"{files} holds something else. Name another folder with --into.")
    store = demo_store(seed=seed, customers=customers, end=end)
    written = store.write(files, only=SHOP_TABLES)
    (files / _MARK).write_text(
        "The files of a simulated shop, as a shop would export them. Try: keepers run " + files.name + "\n",
        encoding="utf-8",
    )
    store.engine.close()
    wanted = replace(options or RunOptions(), into=into, simulated=True, name="Fernhollow Tea & Pottery (simulated)")
    return run([str(path) for path in sorted(written)], wanted, progress)
