"""The guard against features that know the future names what is planted and leaves honest columns alone."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.data.table import Table
from keepers.domain.errors import InputError
from keepers.evaluation.chance import rest_of_chance
from keepers.evaluation.leaks import find_leaks
from keepers.simulate import Behaviour, Store, StorePlan, demo_store, simulate_store

CUT = dt.date(2025, 9, 30)


@cache
def store() -> Store:
    return demo_store(customers=450)


def with_column(source: Any, at: dt.date, sql: str) -> Table:
    """The features of the shop with one more column."""
    few = ("orders", "frequency", "age_days", "days_since_last", "orders_90d", "gap_mean", "first_category")
    honest = kp.features_at(source, at)
    engine, tables = source.engine, source.tables
    listed = ", ".join(f"f.{name}" for name in ("customer_key", *few))
    names = {name: table.name for name, table in tables.items()}
    made = engine.create(
        engine.new_name("with_leak"),
        f"SELECT {listed}, x.planted FROM {honest.name} f LEFT JOIN ({sql.format(**names)}) x USING (customer_key)",
    )
    return Table(engine, made)


def test_no_feature_of_ours_knows_the_future() -> None:
    report = kp.find_leaks(store(), CUT)
    assert report.clean, report.sentences
    assert report.columns > 150
    assert "knows what came later" in report.sentences[0]
    report.refuse()


def test_a_column_that_counts_later_rows_is_named() -> None:
    """A window that forgets its end: orders of the customer, whenever they were placed."""
    planted = "SELECT customer_key, count(*) AS planted FROM {orders} WHERE counted GROUP BY 1"
    report = find_leaks(store(), CUT, lambda source, at: with_column(source, at, planted))
    assert [(leak.column, leak.kind) for leak in report.leaks] == [("planted", "later rows")]
    assert "`planted` knows the future" in report.sentences[0]
    with pytest.raises(InputError, match="`planted`"):
        report.refuse()


def test_a_state_that_changed_later_is_named() -> None:
    """Contracts that have ended by now, whenever they ended."""
    planted = "SELECT customer_key, count(ended_on) AS planted FROM {subscriptions} GROUP BY 1"
    report = find_leaks(store(), CUT, lambda source, at: with_column(source, at, planted))
    assert [leak.column for leak in report.leaks] == ["planted"]


@pytest.mark.parametrize(
    "planted",
    [
        "SELECT customer_key, claimed_orders AS planted FROM {customers}",
        "SELECT customer_key, max(day) AS planted FROM {orders} WHERE counted GROUP BY 1",
        "SELECT customer_key, max(CASE WHEN day > DATE '2025-09-30' THEN 'yes' ELSE 'no' END) AS planted "
        "FROM {orders} WHERE counted GROUP BY 1",
    ],
    ids=["what the shop counts today", "the last order of all", "a word for who came back"],
)
def test_a_column_that_predicts_better_than_chance_allows_is_named(planted: str) -> None:
    """The table is given as it is, as from an export, so that nothing but how well it predicts can tell."""
    report = find_leaks(store(), CUT, with_column(store(), CUT, planted))
    assert [(leak.column, leak.kind) for leak in report.leaks] == [("planted", "implausible")]
    assert "given as it is" in report.sentences[-1]


def test_chance_leaves_what_a_known_rate_leaves() -> None:
    """Poisson purchases: what halves of the time show is the error of a forecast that knows every customer's rate."""
    plan = StorePlan(behaviour=Behaviour("nbd", {"r": 1.2, "alpha": 6.0}, "week"))
    poisson = simulate_store(4000, seed=3, plan=plan, acquisition_days=200)
    chance = rest_of_chance(poisson, CUT, None, 20_000)
    often, at_all = chance.outcomes[:2]
    weeks = (poisson.orders.last_day - CUT).days / 7
    mean = 1.2 / 6.0 * weeks
    assert often.noise == pytest.approx(mean, rel=0.1)
    nothing = [(1 + k * weeks / 6.0) ** -1.2 for k in (1, 2)]
    assert at_all.noise == pytest.approx(nothing[0] - nothing[1], rel=0.1)
    assert chance.alone[0] > 0.9 * often.noise
    assert not np.isnan(chance.basis).any()


def test_too_little_that_followed_is_said() -> None:
    with pytest.raises(InputError, match="Nothing was bought after"):
        find_leaks(store(), store().last_day)
    with pytest.raises(InputError, match="no column `customer_key`"):
        find_leaks(store(), CUT, {"who": ["C1"], "orders": [1]})
