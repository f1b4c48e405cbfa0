"""A made-up shop's table of orders as tables in warehouses are, and what all engines must agree on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

import keepers as kp
from keepers.data.engine import Engine
from keepers.data.in_place import orders_in_place
from keepers.data.options import ReadOptions
from keepers.data.orders import Orders
from keepers.summaries.activity import activity
from keepers.summaries.cohorts import cohorts, purchase_ages, value_by_age
from keepers.summaries.summary import Summary
from keepers.valuation.equity import equity, equity_by

NOW = dt.datetime(2026, 3, 1, 12)
"""The present, for the tests."""


def rows(customers: int = 300, copies: int = 1, seed: int = 11, span: int = 760) -> dict[str, Any]:
    """Columns of a table of orders.

    Parameters
    ----------
    customers : int
        Different ones.
    copies : int
        How many people have each history, for a larger shop whose histories are the same.
    seed : int
    span : int
        Days from the first order to the last.
    """
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(customers), rng.geometric(0.35, customers))
    first = rng.integers(0, 500, customers)[who]
    day = np.datetime64("2024-01-01") + np.minimum(first + rng.integers(0, 300, who.size), 760) * span // 760
    total = np.round(rng.gamma(2.0, 20.0, who.size), 2)
    total[rng.random(who.size) < 0.02] *= -0.25
    state = rng.choice(["paid", "Complete", "cancelled", "pending"], who.size, p=[0.6, 0.3, 0.06, 0.04])
    channel = rng.choice(np.array(["ads", "mail", None], dtype=object), who.size)
    keys, parts = [], []
    for copy in range(copies):
        keys.append(np.array([f"K{one:05d}-{copy} Ü'" for one in who], dtype=object))
        parts.append(np.arange(who.size))
    place = np.concatenate(parts)
    key = np.concatenate(keys)
    # Somebody nobody can name.
    key[np.flatnonzero(who[place] == 0)] = "guest"
    return {
        "Customer ID": key,
        "ordered_at": day[place],
        "total": np.round(total[place], 2),
        "order_number": np.arange(place.size),
        "status": state[place].astype(object),
        "channel": channel[place],
    }


def seen(engine: Engine, table: str, **options: Any) -> Orders:
    """The table as orders, where it stands."""
    return orders_in_place(engine, table, ReadOptions(now=NOW, **options)).orders


def everything(engine: Engine, table: str) -> dict[str, Any]:
    """The whole way on an engine: columns of its tables by name, customers in order, and sums."""
    made = orders_in_place(engine, table, ReadOptions(now=NOW))
    orders = made.orders
    summary = kp.summarise(orders, covariates="first order")
    cells = summary.cells()
    plain = kp.summarise(orders)
    regular = kp.BGCNBD().fit(plain)
    buying, spending = kp.ParetoNBD().fit(plain), kp.GammaGamma().fit(plain)
    values = kp.lifetime_value(buying, spending, plain, kp.months(12), margin=0.4, level=95, lifetime_interval=True)
    values = values.stored()
    found: dict[str, Any] = {
        "account": made.account.reconciliation().to_dict(),
        "cells": {"x": cells.x, "t_x": cells.t_x, "T": cells.T, "weight": cells.weight, "pattern": cells.pattern},
        "summary": _ordered(summary),
        "values": _ordered(values),
        "parameters": {**buying.parameters_, **spending.parameters_, **regular.parameters_},
        "sums": _numbers(equity(values, draws=16)),
        "channels": {
            str(one.label)[:10]: one.value.value
            for one in equity_by(values, "date_trunc('month', summary.first_day)", draws=16)
        },
    }
    held = kp.summarise(orders, kp.ObservationWindow(calibration_end="2025-10-01", end="2026-01-15"))
    found["holdout"] = _ordered(held)
    ages = purchase_ages(plain)
    triangle, aged, last = cohorts(plain, ages), value_by_age(ages), activity(plain)
    found["cohorts"] = {"active": triangle.active_share, "money": triangle.money, "value": aged.value}
    found["activity"] = {"buyers": last.buyers, "money": last.money, "age": last.age_days}
    alive = buying.probability_alive(plain)
    found["alive"] = _ordered(alive)
    found["season"] = _season(plain)
    clocked = kp.by_clock(plain, kp.StoreClock((0.6,) * 6 + (1.4,) * 6))
    found["alive by the clock"] = _ordered(kp.MBGNBD().fit(clocked).probability_alive(clocked))
    return found


def beyond_a_run(engine: Engine, table: str) -> dict[str, Any]:
    """What a run does not ask: covariates, regular buying, intervals of the lifetime, cohorts, answers by customer."""
    orders = seen(engine, table)
    summary = kp.summarise(orders, covariates="first order")
    buying = kp.BGCNBD().fit(summary)
    values = kp.lifetime_value(
        kp.BGNBD().fit(summary), kp.GammaGamma().fit(summary), summary, level=95, lifetime_interval=True,
        columns=("clv_lifetime_low_95", "clv_predicted_12m"),
    )  # fmt: skip
    triangle = cohorts(summary, purchase_ages(summary))
    return {
        "patterns": summary.cells().pattern,
        "parameters": buying.parameters_,
        "values": _ordered(values),
        "cohorts": {"active": triangle.active_share, "money": triangle.money},
        "alive": _ordered(buying.probability_alive(summary)),
        "season": _season(summary),
    }


def _season(summary: Summary) -> dict[str, float]:
    found = kp.season_of(summary, kp.months(3))
    if found is None:
        return {}
    return {
        **{str(month): one for month, one in enumerate(found.factors)},
        "chance": found.chance,
        "ratio": found.ratio,
    }


def _ordered(table: Any) -> dict[str, Any]:
    return dict(table.engine.columns(f"SELECT * FROM ({table.sql}) AS listed ORDER BY customer_key"))


def _numbers(found: Any) -> dict[str, float]:
    return {
        "total": found.total.value, "low": found.total.low, "high": found.total.high, "mean": found.mean,
        "median": found.median, "historic": found.historic, "lifetime": found.lifetime.value,
    }  # fmt: skip


def same(mine: Any, other: Any, where: str = "") -> None:
    """Assert that two findings agree: words and counts exactly, numbers to a billionth."""
    if isinstance(mine, dict):
        assert list(mine) == list(other), where
        for key in mine:
            same(mine[key], other[key], f"{where}/{key}")
    elif isinstance(mine, np.ndarray):
        assert mine.shape == other.shape, where
        if mine.dtype.kind == "M":
            assert np.array_equal(mine.astype("M8[us]"), other.astype("M8[us]"), equal_nan=True), where
        elif mine.dtype.kind == "O":
            assert [_text(value) for value in mine] == [_text(value) for value in other], where
        else:
            np.testing.assert_allclose(
                other.astype(np.float64), mine.astype(np.float64), rtol=1e-9, atol=1e-9, err_msg=where
            )
    elif isinstance(mine, float):
        np.testing.assert_allclose(other, mine, rtol=1e-9, atol=1e-9, err_msg=where)
    elif isinstance(mine, list):
        assert len(mine) == len(other), where
        for place, (one, two) in enumerate(zip(mine, other, strict=True)):
            same(one, two, f"{where}/{place}")
    else:
        assert mine == other, where


def _text(value: Any) -> Any:
    return None if value is None or value != value else value  # noqa: PLR0124
