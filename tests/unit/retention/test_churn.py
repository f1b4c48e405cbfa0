"""Early warnings add up, know nothing of the future, and say in words what was seen."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.data.engine import Engine, quoted
from keepers.data.table import Table
from keepers.domain.errors import ConfigError
from keepers.retention.churn import _past
from keepers.retention.signals import signals
from keepers.retention.warnings import EarlyWarnings
from keepers.simulate import demo_store
from keepers.simulate.store import Store


@pytest.fixture(scope="module")
def store() -> Store:
    """A small store with everything in it."""
    return demo_store(seed=5, customers=700)


@pytest.fixture(scope="module")
def found(store: Store) -> EarlyWarnings:
    """Its warnings."""
    return kp.early_warnings(store)


def test_reasons_add_up_in_probability_and_in_money(found: EarlyWarnings) -> None:
    rows = found.to_numpy()
    keys = [reason.key for reason in found.facts.reasons]
    above = rows["churn_probability"] - rows["usual_probability"]
    assert np.all(above >= 0)
    assert sum(rows[f"risk_{key}"] for key in keys) == pytest.approx(above, abs=1e-12)
    assert sum(rows[f"loss_{key}"] for key in keys) == pytest.approx(rows["expected_loss"], abs=1e-9)
    assert rows["expected_loss"] == pytest.approx(above * np.maximum(rows["value_at_stake"], 0), abs=1e-9)
    assert np.all(np.diff(rows["expected_loss"]) <= 1e-12), "the greatest expected loss first"
    heaviest = np.array(keys)[np.argmax([rows[f"risk_{key}"] for key in keys], axis=0)]
    named = above > 0
    assert [a for a, yes in zip(rows["cause"], named, strict=True) if yes] == heaviest[named].tolist()
    usual = found.facts.risk
    logit = np.log(rows["usual_probability"] / (1 - rows["usual_probability"]))
    assert np.isfinite(logit).all()
    assert usual.test is not None


def test_customers_who_are_lost_are_left_out(store: Store, found: EarlyWarnings) -> None:
    summary = kp.summarise(store.orders)
    assert 0 < len(found) < summary.customers
    assert found.horizon.days in (30, 60, 90, 180)


def test_the_words_say_what_was_seen(found: EarlyWarnings) -> None:
    top = found.top(30)
    assert top
    for one in top:
        assert one.reason.endswith(".")
        assert "None" not in one.reason
        assert "nan" not in one.reason
        assert [part.risk for part in one.parts] == sorted((part.risk for part in one.parts), reverse=True)
    assert any("usually one every" in one.reason for one in top)
    proposals = found.proposals(5)
    assert len({(one.customer_key, one.cause) for one in proposals}) == len(proposals) == 5


def test_an_origin_in_the_past_knows_nothing_of_what_came_later(store: Store) -> None:
    cut = store.last_day - dt.timedelta(days=180)
    engine = store.engine
    summary = kp.summarise(store.orders, kp.ObservationWindow(calibration_end=cut))
    people = f"SELECT customer_key, first_day FROM {quoted(summary.name)}"

    def seen(tables: dict[str, Table]) -> dict[str, list[object]]:
        name = signals(engine, tables, people, cut)
        return {key: list(map(str, column)) for key, column in Table(engine, name).to_numpy().items()}

    def only_before(name: str) -> Table:
        table = store.tables[name]
        sql = f"SELECT * FROM {quoted(table.name)} WHERE day <= DATE '{cut.isoformat()}'"
        return Table(engine, engine.create(engine.new_name("before"), sql))

    names = ("engagement", "feedback", "refunds", "orders")
    whole = {name: store.tables[name] for name in names}
    before = {name: only_before(name) for name in names}
    a, b = seen(whole), seen(before)
    order_a, order_b = np.argsort(a["customer_key"]), np.argsort(b["customer_key"])
    for key, column in a.items():
        assert np.array(column)[order_a].tolist() == np.array(b[key])[order_b].tolist(), key


def test_signals_are_what_a_person_would_count() -> None:
    """One customer, day by day."""
    engine = Engine()
    day = dt.date(2025, 6, 30)

    def at(back: int) -> str:
        return (day - dt.timedelta(days=back)).isoformat()

    def days(*back: int) -> np.ndarray:
        return np.array([at(one) for one in back], "M8[D]")

    def table(name: str, **columns: list[object]) -> Table:
        return Table(engine, engine.from_columns(name, columns))

    tables = {
        "engagement": table(
            "e", customer_key=["a"] * 6 + ["b"], day=days(0, 44, 45, 100, 224, 300, -1),
            kind=["open", "click", "session", "login", "open", "open", "open"],
        ),
        "feedback": table(
            "f", customer_key=["a", "a", "b"], day=days(90, 10, -1), kind=["nps", "review", "nps"],
            score=[6.0, 3.0, 0.0],
        ),
        "refunds": table("r", customer_key=["b"], day=days(0), amount=[5.0]),
        "orders": table(
            "o", customer_key=["a", "a", "b", "b"], day=days(400, 30, 20, 5),
            status=["paid", "paid", "paid", "failed"], counted=[True, True, True, False],
            discount=[0.0, 2.0, None, None], discount_code=[None, None, None, None],
        ),
    }  # fmt: skip
    people = f"SELECT * FROM (VALUES ('a', DATE '{at(400)}'), ('b', DATE '{at(20)}')) AS p(customer_key, first_day)"
    rows = Table(engine, signals(engine, tables, people, day)).to_numpy()
    a, b = (next(i for i, key in enumerate(rows["customer_key"]) if key == who) for who in "ab")
    assert rows["recent_45"][a] == 2, "today and 44 days ago"
    assert rows["usual_45"][a] == pytest.approx(3 * 45 / 180), "45, 100 and 224 days ago, in 180 days"
    assert (rows["recent_45"][b], rows["usual_45"][b]) == (0, 0), "what comes tomorrow is not known"
    assert rows["unhappy"][a] == pytest.approx(np.exp(-1.0)), "6 of 10 is low, 3 of 5 is not"
    assert rows["unhappy_score"][a] == "nps 6"
    assert rows["wronged"][b] == pytest.approx(1.0)
    assert rows["failed"][b] == pytest.approx(np.exp(-5 / 60))
    assert (rows["failed"][a], rows["discounted"][a], rows["bought"][a]) == (0, 1, 2)


def test_orders_alone_are_enough_and_a_horizon_may_be_named(store: Store) -> None:
    orders_alone = type("Alone", (), {"tables": {"orders": store.tables["orders"]}, "orders": store.orders})()
    found = kp.early_warnings(orders_alone, horizon=kp.days(60))
    assert found.horizon.days == 60
    rows = found.to_numpy()
    assert set(rows["cause"]) <= {"overdue", "discounts", "payments", None}
    with pytest.raises(ConfigError, match="a day or more"):
        kp.early_warnings(orders_alone, horizon=kp.days(0.5))


def test_a_handful_of_customers_gets_the_model_alone() -> None:
    few = demo_store(seed=2, customers=45)
    found = kp.early_warnings(few)
    assert found.facts.risk.learnt_from == 0
    assert found.facts.risk.slope == 1.0


def test_labels_are_purchases_in_the_horizon(store: Store) -> None:
    summary = kp.summarise(store.orders)
    model = kp.MBGNBD().fit(summary)
    cut = store.last_day - dt.timedelta(days=90)
    past = _past(store, summary, model, kp.days(90), cut)
    assert past is not None
    later = store.engine.rows(
        f"SELECT count(DISTINCT customer_key) FROM {quoted(store.orders.name)} WHERE counted "
        f"AND day > DATE '{cut.isoformat()}'"
    )[0][0]
    bought = past.left.size - past.left.sum()
    assert 0.5 * later < bought <= later
