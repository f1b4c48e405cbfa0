"""The tasks as the `lifetimes` 0.11.3 package does them, the way its documentation shows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter
from lifetimes.utils import summary_data_from_transaction_data

from benchmarks.measure import Clock, main

WEEKS = 7.0
RATE_A_MONTH = 0.10 / 12


def _orders(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file)


def _summary(orders: pd.DataFrame) -> pd.DataFrame:
    table = summary_data_from_transaction_data(orders, "customer_id", "date", "amount", freq="D")
    table["recency"] /= WEEKS
    table["T"] /= WEEKS
    return table


def _fitted(model: Any, table: pd.DataFrame) -> Any:
    return model.fit(table["frequency"], table["recency"], table["T"])


def _totals(fitter: Any) -> dict[str, Any]:
    return {"parameters": {k: round(float(v), 5) for k, v in fitter.params_.items()}}


def summary(file: Path) -> tuple[Clock, dict[str, Any]]:
    """Orders in a Parquet file to frequency, recency, age and mean spend."""
    clock = Clock()
    table = _summary(_orders(file))
    return clock.after({"customers": len(table), "repeat_purchases": int(table["frequency"].sum())})


def fit_bg_nbd(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The BG/NBD model from a finished summary."""
    table = _summary(_orders(file))
    clock = Clock()
    return clock.after(_totals(_fitted(BetaGeoFitter(), table)))


def fit_pareto_nbd(file: Path) -> tuple[Clock, dict[str, Any]]:
    """The Pareto/NBD model from a finished summary."""
    table = _summary(_orders(file))
    clock = Clock()
    return clock.after(_totals(_fitted(ParetoNBDFitter(), table)))


def predict(file: Path) -> tuple[Clock, dict[str, Any]]:
    """P(alive), purchases in 52 weeks and the discounted value of a year, from fitted models."""
    table = _summary(_orders(file))
    bg = _fitted(BetaGeoFitter(), table)
    spend = _spend(table)
    clock = Clock()
    alive, purchases, value = _predictions(bg, spend, table)
    found = {"alive": (alive, 1), "purchases": (purchases, 1), "value": (value, 0)}
    return clock.after({name: round(float(column.sum()), digits) for name, (column, digits) in found.items()})


def whole(file: Path) -> tuple[Clock, dict[str, Any]]:
    """File to summary to one BG/NBD and Gamma-Gamma to scored customers in a Parquet file."""
    clock = Clock()
    table = _summary(_orders(file))
    bg = _fitted(BetaGeoFitter(), table)
    table["alive"], table["purchases"], table["value"] = _predictions(bg, _spend(table), table)
    with tempfile.TemporaryDirectory() as folder:
        table.to_parquet(Path(folder) / "customers.parquet")
    return clock.after({"customers": len(table), "value": round(float(table["value"].sum()), 0)})


def _spend(table: pd.DataFrame) -> Any:
    repeat = table[table["frequency"] > 0]
    return GammaGammaFitter().fit(repeat["frequency"], repeat["monetary_value"])


def _predictions(bg: Any, spend: Any, table: pd.DataFrame) -> tuple[Any, Any, Any]:
    history = (table["frequency"], table["recency"], table["T"])
    alive = bg.conditional_probability_alive(*history)
    purchases = bg.conditional_expected_number_of_purchases_up_to_time(52, *history)
    value = spend.customer_lifetime_value(
        bg, *history, table["monetary_value"], time=12, discount_rate=RATE_A_MONTH, freq="W"
    )
    return alive, purchases, value


if __name__ == "__main__":
    main({f.__name__: f for f in (summary, fit_bg_nbd, fit_pareto_nbd, predict, whole)})
