"""The demo: a simulated shop's files, written as a shop exports them, and then the same way that real ones go."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from keepers.domain.errors import ConfigError
from keepers.domain.money import Margin
from keepers.domain.ports import Progress
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import OF_ORDERS, Project, project_of
from keepers.pipeline.run import RunResult, run
from keepers.simulate.demo import demo_store
from keepers.simulate.export_files import SHOP_TABLES
from keepers.simulate.onward import Onward

DATA = "shop-files"
"""What is added to the name of the results' folder for that of the shop's own files."""

NAME = "Fernhollow Tea & Pottery (simulated)"

_MARK = "README.md"
"""By which such a folder is known, and may be written into again; no table, so that a run passes over it."""

_STATE = ".keepers"


@dataclass(frozen=True)
class Demo:
    """The simulated shop, valued.

    Attributes
    ----------
    result : RunResult
    project : Project
        The folder of the shop's files, which is a project, so that it can be served.
    onward : Onward
        What goes on in the shop from now on.
    """

    result: RunResult
    project: Project
    onward: Onward


def run_demo(into: Path, customers: int, seed: int, progress: Progress, options: RunOptions | None = None) -> Demo:
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

    Raises
    ------
    ConfigError
        If the folder of the shop's files holds something else.
    """
    progress("Simulating a shop", None)
    end = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    files = into.with_name(f"{into.name}-{DATA}")
    if files.exists() and not (files / _MARK).exists():
        raise ConfigError(f"{files} holds something else. Name another folder with --into.")
    store = demo_store(seed=seed, customers=customers, end=end)
    written = sorted(store.write(files, only=SHOP_TABLES))
    (files / _MARK).write_text(
        f"The files of a simulated shop, as a shop would export them. Try: keepers run {files.name} --order-margin\n",
        encoding="utf-8",
    )
    project = _begun(files, [path.name for path in written], into, store.plan.time_zone)
    onward = Onward(store, seed)
    store.engine.close()
    said = replace(options or RunOptions(), margin=Margin(per_order=True))
    wanted = replace(said, into=into, simulated=True, name=NAME, project=project)
    return Demo(run(project.locations, wanted, progress), project, onward)


def _begun(files: Path, names: list[str], into: Path, time_zone: str | None) -> Project:
    """The project of the shop; what an earlier shop of this folder left behind is forgotten."""
    shutil.rmtree(files / _STATE, ignore_errors=True)
    said = Project(files, tuple(names), name=NAME, time_zone=time_zone, margin=OF_ORDERS, into=str(into.resolve()))
    begin_project(said, replace=True)
    found = project_of(files)
    assert found is not None
    return found
