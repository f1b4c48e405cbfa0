"""Features: what was known at a day or an age, counted as summaries count it, with a word for every column."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pytest

import keepers as kp
from keepers.data.table import Table
from keepers.domain.errors import InputError
from keepers.simulate import Store, demo_store
from keepers.summaries.features import OTHER, Features

CUT = dt.date(2026, 3, 31)


@cache
def store() -> Store:
    return demo_store(customers=300)


@cache
def at_cut() -> Features:
    return kp.features_at(store(), CUT)


def columns(features: Features, *names: str) -> dict[str, tuple[object, ...]]:
    listed = ", ".join(("customer_key", *names))
    return {row[0]: row[1:] for row in features.engine.rows(f"SELECT {listed} FROM {features.name}")}


def test_history_is_counted_as_summaries_count_it() -> None:
    summary = kp.summarise(store().orders, kp.ObservationWindow(calibration_end=CUT, end=CUT))
    expected = summary.engine.rows(
        "SELECT customer_key, frequency, recency_days, T_days, orders, CAST(revenue AS DOUBLE), monetary_value "
        f"FROM {summary.name}"
    )
    found = columns(at_cut(), "frequency", "recency_days", "age_days", "orders", "revenue", "monetary_value")
    assert {row[0] for row in expected} == {who for who, row in found.items() if row[0] is not None}
    others = columns(at_cut(), "contracts", "frequency")
    assert all(contracts for contracts, frequency in others.values() if frequency is None)
    for who, *values in expected:
        assert found[who] == pytest.approx(tuple(values)), who


def test_every_column_is_in_the_catalogue_with_words() -> None:
    features = at_cut()
    assert ("customer_key", "as_of", "first_day", *features.names) == features.columns
    assert all(feature.meaning and feature.unit for feature in features.catalogue.values())
    tables = {feature.table for feature in features.catalogue.values()}
    assert tables >= {
        "orders", "order_lines", "refunds", "touches", "engagement", "feedback", "subscriptions", "referrals", "leads",
        "treatments", "customers", "customer_attributes", "consents", "visits", "exposures",
    }  # fmt: skip


def test_an_age_is_the_same_as_the_day_it_falls_on() -> None:
    aged = kp.features_at_age(store(), days=28)
    keys, values = aged.matrix()
    place = dict(zip(aged.names, range(len(aged.names)), strict=True))
    for row in (0, len(keys) // 2):
        day = aged.engine.row(f"SELECT as_of FROM {aged.name} WHERE customer_key = $1", [keys[row]])[0]
        alone = kp.features_at(store(), day, customers=[keys[row]])
        _, expected = alone.matrix(aged.names, aged.levels)
        np.testing.assert_allclose(values[row], expected[0], rtol=1e-9, err_msg=str(keys[row]))
        assert values[row, place["age_days"]] == 28 or np.isnan(values[row, place["age_days"]])


def test_nobody_is_looked_at_before_the_age_is_reached() -> None:
    last = store().orders.last_day
    aged = kp.features_at_age(store(), days=90)
    assert aged.engine.row(f"SELECT max(as_of) FROM {aged.name}")[0] <= last
    grown = store().engine.row(
        f"SELECT count(*) FROM (SELECT customer_key, min(day) AS d FROM {store().orders.name} WHERE counted AND "
        f"customer_key IS NOT NULL GROUP BY 1) WHERE d + 90 <= DATE '{last}'"
    )[0]
    assert len(aged) == grown < 300
    with pytest.raises(InputError, match="4000 days before"):
        kp.features_at_age(store(), days=4000)


SHOP = {
    "order": ["1", "2", "3", "4", "5"],
    "who": ["a", "a", "b", "b", "c"],
    "on": ["2024-01-01", "2024-02-01", "2024-01-10", "2024-03-20", "2024-05-01"],
    "paid": [10.0, 30.0, 8.0, 12.0, 99.0],
}


def test_a_refund_and_a_cancellation_count_from_their_own_day() -> None:
    orders = kp.Orders.from_frame(SHOP, customer="who", date="on", amount="paid")
    engine = orders.engine
    engine.execute(f"CREATE TABLE changed AS SELECT * FROM {orders.name}")
    engine.execute("UPDATE changed SET order_id = amount::INT::VARCHAR, source_id = amount::INT::VARCHAR")
    engine.execute("UPDATE changed SET voided_on = DATE '2024-03-25' WHERE order_id = '12'")
    engine.execute("CREATE TABLE given_back AS SELECT * FROM (SELECT '30' AS order_id, DATE '2024-03-05' AS day, "
                   "5.0::DECIMAL(18, 4) AS amount, 'a' AS customer_key)")  # fmt: skip
    changed = kp.Orders(engine, "changed", refunds=Table(engine, "given_back"), voids=True, uncounted=False)
    names = ("orders", "revenue", "refunded", "cancelled_orders", "days_since_last")
    before = columns(kp.features_at(changed, "2024-03-01"), *names)
    assert before == {"a": (2, 40.0, 0.0, 0, 29), "b": (1, 8.0, 0.0, 0, 51)}
    after = columns(kp.features_at(changed, "2024-03-22"), *names)
    assert after == {"a": (2, 35.0, 5.0, 0, 50), "b": (2, 20.0, 0.0, 0, 2)}
    cancelled = columns(kp.features_at(changed, "2024-03-31"), *names)
    assert cancelled["b"] == (1, 8.0, 0.0, 1, 81)


def test_gaps_and_first_orders_by_hand() -> None:
    frame = {
        "who": ["a"] * 4,
        "on": ["2024-01-01", "2024-01-11", "2024-01-31", "2024-02-15"],
        "paid": [10.0, 20, 30, 40],
    }
    orders = kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")
    features = kp.features_at(orders, "2024-03-01")
    found = columns(
        features, "gap_mean", "gap_longest", "gap_last", "overdue_ratio", "orders_28d", "first_amount", "first_weekday",
        "spend_slope", "order_cv",
    )["a"]  # fmt: skip
    assert found == pytest.approx((15.0, 20, 15, 1.0, 1, 10.0, 1, 10.0, np.sqrt(125.0) / 25.0))


def test_what_is_not_there_is_no_column() -> None:
    orders = kp.Orders.from_frame({"who": ["a", "b"], "on": ["2024-01-01", "2024-01-05"]}, customer="who", date="on")
    names = kp.features_at(orders, "2024-02-01").names
    assert "orders" in names
    assert not {"revenue", "refund_share", "discount_share", "first_hour", "open_rate", "margin", "plan"} & set(names)


def test_nothing_is_known_before_a_table_begins() -> None:
    """No visit before visits were recorded is not the same as no visit."""
    found = at_cut().engine.row(f"SELECT count(pages_seen), count(orders_7d) FROM {at_cut().name}")
    assert found == (0, len(at_cut()))


def test_a_state_without_a_date_counts_only_when_it_was_read() -> None:
    engine = store().engine
    table = engine.create("past_due_contracts", f"SELECT * REPLACE ('past_due' AS status, NULL AS ended_on) FROM "
                          f"{store().tables['subscriptions'].name}")  # fmt: skip
    tables = dict(store().tables) | {"subscriptions": Table(engine, table)}
    data = type("Tables", (), {"engine": engine, "tables": tables})()
    assert engine.row(f"SELECT count(past_due) FROM {kp.features_at(data, CUT).name}")[0] == 0
    now = kp.features_at(data, store().last_day)
    assert engine.row(f"SELECT max(past_due), count(past_due) > 0 FROM {now.name}") == (1, True)


def test_chosen_customers_have_a_row_whether_they_bought_or_not() -> None:
    orders = kp.Orders.from_frame(SHOP, customer="who", date="on", amount="paid")
    features = kp.features_at(orders, "2024-03-01", customers=["c", "a", "nobody"])
    assert columns(features, "orders", "days_since_last") == {"a": (2, 29), "c": (0, None), "nobody": (0, None)}


def test_a_matrix_has_codes_for_words_and_keeps_them() -> None:
    features = at_cut()
    keys, values = features.matrix()
    assert values.shape == (len(features), len(features.names))
    assert list(keys) == sorted(keys)
    place = features.names.index("first_category")
    words = columns(features, "first_category")
    levels = features.levels["first_category"]
    coded = [None if np.isnan(code) else levels[int(code)] for code in values[:, place]]
    assert coded == [words[key][0] for key in keys]
    parts = list(features.batches(rows=70))
    assert [block.shape[0] for _, block in parts[:-1]] == [70] * (len(parts) - 1)
    np.testing.assert_array_equal(np.concatenate([block for _, block in parts]), values)


def test_a_matrix_takes_the_columns_and_codes_of_another() -> None:
    features = at_cut()
    _, values = features.matrix(["first_category", "unheard_of"], {"first_category": ["Black tea", OTHER]})
    bought = ~np.isnan(values[:, 0])
    assert set(values[bought, 0]) == {0.0, 1.0}
    assert np.isnan(values[:, 1]).all()
    _, without = features.matrix(["first_category"], {"first_category": ["Black tea"]})
    assert set(without[values[:, 0] == 0, 0]) == {0.0}
    assert np.isnan(without[values[:, 0] == 1, 0]).all()
    assert not bought.all()


def test_a_day_before_everything_is_refused() -> None:
    with pytest.raises(InputError, match="had bought or subscribed"):
        kp.features_at(store(), "2001-01-01")
    with pytest.raises(InputError, match="canonical tables"):
        kp.features_at({"orders": 1}, CUT)
