"""The same tasks as Keepers does them."""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Clock, main

QUICK = {"model": "bg-nbd", "backtest": False, "report": False, "csv": False}
"""A run that names its model, tests nothing and makes no page."""

MEMORY = "KEEPERS_BENCHMARK_MEMORY"
"""Variable of the environment with the engine's limit of memory, for files that need one."""


def _summary(file: Path) -> Any:
    import keepers as kp

    return kp.summarise(kp.read_orders(file))


def _fitted(model: str, summary: Any) -> Any:
    import keepers as kp

    return getattr(kp, model)().fit(summary)


def _parameters(model: Any) -> dict[str, Any]:
    return {"parameters": {name: round(value, 5) for name, value in model.parameters_.items()}}


def summary(file: Path) -> tuple[Clock, dict[str, Any]]:
    """Orders in a Parquet file to frequency, recency, age and mean spend."""
    for module in ("keepers.data.read", "keepers.summaries.summary"):
        importlib.import_module(module)  # before the clock starts, as its peer's library is
    importlib.import_module("keepers.data.formats").formats()
    clock = Clock()
    table = _summary(file)
    repeat = table.engine.row(f"SELECT sum(frequency) FROM {table.name}")[0]
    return clock.after({"customers": len(table), "repeat_purchases": int(repeat)})


def _fit(model: str, file: Path) -> tuple[Clock, dict[str, Any]]:
    import keepers as kp

    cells = _summary(file).cells()
    empty = getattr(kp, model)()
    clock = Clock()
    return clock.after({**_parameters(empty.fit(cells)), "cells": cells.size})


def fit_bg_nbd(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The BG/NBD model from finished cells."""
    return _fit("BGNBD", file)


def fit_pareto_nbd(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The Pareto/NBD model from finished cells."""
    return _fit("ParetoNBD", file)


PREDICTED = ("probability_alive", "expected_orders", "clv_predicted_12m")
"""What its peer predicts."""


def predict(file: Path) -> tuple[Clock, dict[str, Any]]:
    """P(alive), purchases in a year and their discounted value for every customer, from fitted models."""
    return _predict(file, PREDICTED)


def predict_all(file: Path) -> tuple[Clock, dict[str, Any]]:
    """All columns: intervals, lifetime, rhythm, risk, tiers and groups besides."""
    return _predict(file, "all")


def _predict(file: Path, columns: Any) -> tuple[Clock, dict[str, Any]]:
    import keepers as kp

    table = _summary(file)
    buying, spending = _fitted("BGNBD", table), _fitted("GammaGamma", table)
    predicted = kp.lifetime_value  # its modules are loaded before the clock starts, as its peer's are
    clock = Clock()
    values = predicted(buying, spending, table, columns=columns).stored()
    alive, purchases, value = values.engine.row(
        f"SELECT sum(probability_alive), sum(expected_orders), sum(clv_predicted_12m) FROM {values.name}"
    )
    return clock.after({"alive": round(alive, 1), "purchases": round(purchases, 1), "value": round(value, 0)})


def whole(file: Path) -> tuple[Clock, dict[str, Any]]:
    """File to summary to one BG/NBD and Gamma-Gamma to scored customers in a Parquet file, with its peer's columns."""
    clock = Clock()
    history = ("frequency", "recency_days", "age_days", "expected_order_value")
    return clock.after(_run(file, **QUICK, result_columns=(*history, *PREDICTED)))


def whole_main(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The same with the main columns, intervals, ranks and tiers among them."""
    clock = Clock()
    return clock.after(_run(file, **QUICK))


def full_run(file: Path) -> tuple[Clock, dict[str, Any]]:
    """Everything that `keepers run` does: backtests, all models, values, CSV and report."""
    clock = Clock()
    return clock.after(_run(file))


def _run(file: Path, **options: Any) -> dict[str, Any]:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.run import run

    with tempfile.TemporaryDirectory() as folder:
        chosen = RunOptions(into=Path(folder) / "result", memory=os.environ.get(MEMORY), **options)
        found = run([str(file)], chosen).summary
    return {"customers": found["store"]["customers"], "value": round(found["equity"]["total"]["value"], 0)}


if __name__ == "__main__":
    tasks = (summary, fit_bg_nbd, fit_pareto_nbd, predict, predict_all, whole, whole_main, full_run)
    main({task.__name__: task for task in tasks})
