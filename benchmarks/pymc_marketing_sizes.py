"""The tasks of sizes as `pymc-marketing` does them, with its quickest fit (MAP); runs in an environment of its own."""

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from pymc_marketing.clv import BetaGeoModel, GammaGammaModel, ParetoNBDModel
from pymc_marketing.clv.utils import rfm_summary

from benchmarks.measure import Clock, main

WEEKS = 7.0
RATE_A_MONTH = 0.10 / 12
_PARAMETERS = ("r", "alpha", "a", "b", "s", "beta")


def _summary(file: Path) -> pd.DataFrame:
    orders = pd.read_parquet(file)
    table = rfm_summary(orders, "customer_id", "date", "amount", time_unit="D")
    table["recency"] /= WEEKS
    table["T"] /= WEEKS
    return table


def _fitted(build: Any, table: pd.DataFrame) -> Any:
    model = build(table)
    # The name of the argument differs between versions.
    named = next(
        (name for name in ("fit_method", "method") if name in inspect.signature(model.fit).parameters), "method"
    )
    model.fit(**{named: "map", "progressbar": False})
    return model


def _parameters(model: Any) -> dict[str, Any]:
    found = model.fit_result
    return {"parameters": {name: round(float(found[name].mean()), 5) for name in _PARAMETERS if name in found}}


def _spend(table: pd.DataFrame) -> Any:
    return _fitted(GammaGammaModel, table[table["frequency"] > 0])


def _predictions(bg: Any, spend: Any, table: pd.DataFrame) -> dict[str, Any]:
    return {
        "alive": bg.expected_probability_alive(table).mean(("chain", "draw")).to_numpy(),
        "purchases": bg.expected_purchases(table, future_t=52).mean(("chain", "draw")).to_numpy(),
        "value": spend.expected_customer_lifetime_value(
            bg, table, future_t=12, discount_rate=RATE_A_MONTH, time_unit="W"
        )
        .mean(("chain", "draw"))
        .to_numpy(),
    }


def summary(file: Path) -> tuple[Clock, dict[str, Any]]:
    """Orders in Parquet to frequency, recency, age and mean spend."""
    clock = Clock()
    table = _summary(file)
    return clock.after({"customers": len(table), "repeat_purchases": int(table["frequency"].sum())})


def fit_bg_nbd(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The BG/NBD model from a finished summary."""
    table = _summary(file)
    clock = Clock()
    return clock.after(_parameters(_fitted(BetaGeoModel, table)))


def fit_pareto_nbd(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The Pareto/NBD model from a finished summary."""
    table = _summary(file)
    clock = Clock()
    return clock.after(_parameters(_fitted(ParetoNBDModel, table)))


def predict(file: Path) -> tuple[Clock, dict[str, Any]]:
    """P(alive), purchases in 52 weeks and the discounted value of a year, from fitted models."""
    table = _summary(file)
    bg, spend = _fitted(BetaGeoModel, table), _spend(table)
    clock = Clock()
    return clock.after({name: round(float(found.sum()), 1) for name, found in _predictions(bg, spend, table).items()})


def whole(file: Path) -> tuple[Clock, dict[str, Any]]:
    """Files to summary to one BG/NBD and Gamma-Gamma to scored customers in a Parquet file."""
    clock = Clock()
    table = _summary(file)
    for name, found in _predictions(_fitted(BetaGeoModel, table), _spend(table), table).items():
        table[name] = found
    with tempfile.TemporaryDirectory() as folder:
        table.to_parquet(Path(folder) / "customers.parquet")
    return clock.after({"customers": len(table), "value": round(float(table["value"].sum()), 0)})


if __name__ == "__main__":
    main({task.__name__: task for task in (summary, fit_bg_nbd, fit_pareto_nbd, predict, whole)})
