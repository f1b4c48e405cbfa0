"""The tasks of `benchmarks.updates`, each in a process of its own, on a folder with orders of before and since."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from benchmarks.measure import Clock, main

LEAN = {"model": "bg-nbd", "backtest": False, "report": False, "csv": False}


def _run(folder: Path, files: list[str], into: str, keep: bool) -> tuple[Clock, dict[str, Any]]:
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.run import run

    clock = Clock()
    done = run([str(folder / file) for file in files], RunOptions(into=folder / into, keep=keep, **LEAN)).summary
    return clock.after({"customers": done["store"]["customers"], "value": round(done["equity"]["total"]["value"])})


def lean(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """A run over the orders of before."""
    return _run(folder, ["before.parquet"], "bare", keep=False)


def keeping(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """The same, with orders and summaries kept."""
    return _run(folder, ["before.parquet"], "result", keep=True)


def update(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """The new orders into the result of `keeping`: base, values of all customers, files."""
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.update import update as carry_out

    clock = Clock()
    options = RunOptions(into=folder / "updated", csv=False)
    done = carry_out(folder / "result", [str(folder / "since.parquet")], options).summary
    return clock.after({**done["update"], "value": round(done["equity"]["total"]["value"])})


def rerun(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """A run over all orders, which the update stands for."""
    return _run(folder, ["all.parquet"], "whole", keep=False)


def add(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """The new orders into the kept base alone: whom they concern is counted anew and written."""
    import keepers as kp

    importlib.import_module("keepers.summaries.customer_base")
    orders = kp.read_orders(folder / "since.parquet")
    base = kp.CustomerBase.open(folder / "result" / "kept")
    clock = Clock()
    return clock.after({"touched": base.updated_with(orders, into=folder / "added").changes.customers_touched})


def summarise(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """The summary of all orders, which that stands for, file included."""
    import keepers as kp

    importlib.import_module("keepers.summaries.summary")
    clock = Clock()
    return clock.after({"customers": len(kp.summarise(kp.read_orders(folder / "all.parquet")))})


if __name__ == "__main__":
    main({task.__name__: task for task in (lean, keeping, update, rerun, add, summarise)})
