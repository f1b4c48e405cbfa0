"""A store's tables are canonical, agree with the truth and with each other, and come from the seed alone."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.columns import CANONICAL
from keepers.domain.errors import ConfigError
from keepers.domain.money import MoneyBasis, annual_rate
from keepers.domain.time import months, years
from keepers.simulate import Blemishes, Refunds, Season, Store, StorePlan, demo_store, simulate_store
from keepers.simulate.demo import PLAN


def contents(store: Store, name: str) -> list[tuple[object, ...]]:
    return sorted(store.engine.rows(store.tables[name].sql), key=repr)


EMPTY = {"quarantine", "lead_attributes"}
"""Tables of readings alone: nothing is set aside here, and what is known of leads stands among customer_attributes."""


def test_every_canonical_table_is_filled_but_those_of_readings(demo: Store) -> None:
    assert set(demo.tables) == set(CANONICAL) - EMPTY


@pytest.mark.parametrize("name", sorted(set(CANONICAL) - EMPTY))
def test_tables_follow_their_schema(demo: Store, name: str) -> None:
    schema, table = CANONICAL[name], demo.tables[name]
    described = demo.engine.rows(f'DESCRIBE "{table.name}"')
    types = {row[0]: row[1].replace(" ", "") for row in described}
    assert types == {column.name: column.type.replace(" ", "") for column in schema.columns}
    assert len(table) > 0
    for column in schema.columns:
        if not column.nullable:
            assert demo.engine.row(f'SELECT count(*) - count("{column.name}") FROM "{table.name}"') == (0,)
    if "event_id" in types:
        assert demo.engine.row(f'SELECT count(*) - count(DISTINCT event_id) FROM "{table.name}"') == (0,)
        late = f"SELECT count(*) FROM \"{table.name}\" WHERE occurred_at > received_at OR day > DATE '{demo.last_day}'"
        assert demo.engine.row(late) == (0,)
        assert demo.engine.row(f"SELECT min(day) >= DATE '{demo.first_day}' FROM \"{table.name}\"") == (True,)


def test_every_person_is_a_customer_or_a_lead(demo: Store) -> None:
    persons, orders, leads = (demo.tables[name].name for name in ("persons", "orders", "leads"))
    known = f"SELECT customer_key FROM {orders} WHERE customer_key IS NOT NULL UNION SELECT customer_key FROM {leads}"
    people = demo.engine.row(f"SELECT count(*) FROM ({known})")[0]
    assert demo.engine.row(f"SELECT count(*), count(DISTINCT email) FROM {persons}") == (people, people)
    assert demo.engine.row(f"SELECT count(*) FROM ({known}) JOIN {persons} USING (customer_key)") == (people,)


def test_days_are_those_of_the_business_and_instants_are_utc(demo: Store) -> None:
    wrong = demo.engine.row(
        f"""SELECT count(*) FILTER (day <> timezone('America/New_York', timezone('UTC', occurred_at))::DATE),
                   count(*) FILTER (day <> occurred_at::DATE) FROM {demo.tables["orders"].name}"""
    )
    assert wrong[0] == 0
    assert wrong[1] > 100


def test_the_same_seed_and_end_give_the_same_store() -> None:
    first, again, other = demo_store(3, customers=150), demo_store(3, customers=150), demo_store(4, customers=150)
    for name in first.tables:
        assert contents(first, name) == contents(again, name), name
    assert contents(first, "orders") != contents(other, "orders")


def test_simulating_more_changes_nothing_else() -> None:
    plain = StorePlan(channels=PLAN.channels[:2], season=PLAN.season)
    rich = StorePlan(
        channels=PLAN.channels[:2], season=PLAN.season, people=True, newsletters=PLAN.newsletters, surveys=PLAN.surveys,
        funnel=PLAN.funnel, contracts=PLAN.contracts, paths=PLAN.paths,
    )  # fmt: skip
    first, second = simulate_store(300, 5, plain), simulate_store(300, 5, rich)
    query = "SELECT customer_key, occurred_at, amount FROM {} ORDER BY ALL"
    assert first.engine.rows(query.format(first.tables["orders"].name)) == second.engine.rows(
        query.format(second.tables["orders"].name)
    )


def test_looking_further_ahead_changes_nothing_before(demo: Store) -> None:
    without = demo_store(seed=7)
    for name in ("orders", "refunds", "engagement"):
        assert contents(without, name) == contents(demo, name)
    assert not without.truth.customers.later_purchases.any()
    assert np.array_equal(without.truth.customers.dropout, demo.truth.customers.dropout)


def test_every_customer_has_a_first_order_and_none_after_leaving(demo: Store) -> None:
    truth = demo.truth.customers
    found = demo.engine.columns(
        f"""SELECT CAST(substr(customer_key, 2) AS INTEGER) - 1 AS customer, min(day) AS first, max(day) AS last
            FROM {demo.tables["orders"].name} WHERE customer_key IS NOT NULL AND status <> 'void' GROUP BY 1"""
    )
    row = found["customer"].astype(int)
    assert np.array_equal(np.sort(row), np.arange(truth.size))
    first = (found["first"].astype("M8[D]") - np.datetime64(demo.first_day)).astype(int)
    last = (found["last"].astype("M8[D]") - np.datetime64(demo.first_day)).astype(int)
    assert np.array_equal(first, np.floor(truth.start[row]).astype(int))
    assert np.all(last <= truth.dropout[row])
    assert truth.keys[41] == "C0000042"


def test_money_adds_up(demo: Store) -> None:
    orders, lines, refunds = (demo.tables[name].name for name in ("orders", "order_lines", "refunds"))
    off = demo.engine.row(
        f"""SELECT count(*) FILTER (o.amount <> l.amount), count(*) FILTER (o.amount + o.discount <> l.listed),
                   count(*) FILTER (o.contribution <> o.amount - l.cost),
                   count(*) FILTER (o.gross <> o.amount + o.tax + o.shipping), count(*) FILTER (o.amount <= 0)
            FROM {orders} o JOIN (
                SELECT order_id, sum(amount) AS amount, sum(quantity::BIGINT * unit_price) AS listed,
                       sum(quantity::BIGINT * unit_cost) AS cost FROM {lines} GROUP BY 1) l USING (order_id)"""
    )
    assert off == (0, 0, 0, 0, 0)
    back = demo.engine.row(
        f"""SELECT count(*), count(*) FILTER (r.occurred_at < o.occurred_at), count(*) FILTER (r.amount > o.amount),
                   count(*) FILTER (o.voided_on IS NOT NULL AND (r.amount <> o.amount OR r.day <> o.voided_on))
            FROM {refunds} r JOIN {orders} o USING (order_id)"""
    )
    assert back[0] == len(demo.tables["refunds"])
    assert back[1:] == (0, 0, 0)


def test_orders_know_refunds_at_their_own_time(demo: Store) -> None:
    early, late = demo.engine.row(
        f"""SELECT (SELECT count(*) FROM ({demo.orders.purchases_sql("2026-01-31")})),
                   (SELECT count(*) FROM ({demo.orders.purchases_sql("2026-09-30")}) WHERE day <= DATE '2026-01-31')"""
    )
    assert early > late
    assert demo.orders.has_contribution
    assert demo.orders.currency == "USD"


def test_the_worth_of_an_order_is_what_orders_bring_after_all() -> None:
    plan = StorePlan(
        catalogue=PLAN.catalogue, coupons=PLAN.coupons, refunds=Refunds(full=0.05, partial=0.08), people=True
    )
    store = simulate_store(30_000, 8, plan, acquisition_days=400)
    worth = store.truth.customers.worth
    orders = store.engine.columns(
        f"""SELECT CAST(substr(customer_key, 2) AS INTEGER) - 1 AS customer, amount::DOUBLE AS amount
            FROM {store.tables["orders"].name} o WHERE day < DATE '2026-07-01'
            QUALIFY row_number() OVER (PARTITION BY customer_key ORDER BY occurred_at) > 1"""
    )
    row = orders["customer"].astype(int)
    assert orders["amount"].sum() == pytest.approx(worth.of(MoneyBasis.REVENUE)[row].sum(), rel=0.01)
    left = store.engine.row(
        f"""WITH o AS ({store.orders.purchases_sql()}), f AS (
                SELECT customer_key, min(day) AS first FROM {store.tables["orders"].name} GROUP BY 1)
            SELECT sum(amount)::DOUBLE, sum(contribution)::DOUBLE FROM o JOIN f USING (customer_key)
            WHERE day > first AND day < DATE '2026-07-01'"""
    )
    assert left[0] == pytest.approx(worth.of(MoneyBasis.NET_REVENUE)[row].sum(), rel=0.015)
    assert left[1] == pytest.approx(worth.of(MoneyBasis.CONTRIBUTION)[row].sum(), rel=0.02)


def test_the_future_is_what_the_truth_expected(demo: Store) -> None:
    truth = demo.truth.customers
    expected = truth.expected_purchases(months(12))
    seen = truth.later_purchases
    assert not np.any(seen[~truth.alive()])
    assert abs(expected.sum() - seen.sum()) < 4 * np.sqrt(np.sum((seen - expected) ** 2))
    value = truth.expected_value(months(12), basis=MoneyBasis.REVENUE)
    assert value.sum() == pytest.approx(truth.later_revenue.sum(), rel=0.06)
    assert np.all(truth.expected_value(months(12), annual_rate(0.1)) <= truth.expected_value(months(12)))
    assert np.all(truth.expected_purchases(None) >= truth.expected_purchases(years(5)))
    assert np.all(truth.survival(months(3)) <= truth.alive())
    assert truth.alive(demo.first_day).sum() < 20


def test_seasons_show_in_the_orders() -> None:
    season = Season(weekly=(3, 1, 1, 1, 1, 1, 1))
    store = simulate_store(4000, 2, StorePlan(season=season))
    counts = np.array(
        store.engine.rows(f"SELECT isodow(day), count(*) FROM {store.tables['orders'].name} GROUP BY 1 ORDER BY 1")
    )
    assert counts[0, 1] / counts[1:, 1].mean() == pytest.approx(3.0, abs=0.15)


def test_blemishes_are_no_purchases_or_nobodys() -> None:
    plan = StorePlan(blemishes=Blemishes(guests=0.05, voided=0.02, pending=0.5))
    store = simulate_store(5000, 2, plan)
    clean = simulate_store(5000, 2)
    rows = dict(store.engine.rows(f"SELECT status, count(*) FROM {store.tables['orders'].name} GROUP BY 1"))
    guests = store.engine.row(f"SELECT count(*) FROM {store.tables['orders'].name} WHERE customer_key IS NULL")[0]
    true = len(clean.tables["orders"])
    assert guests == pytest.approx(0.05 * true, rel=0.2)
    assert rows["void"] == round(0.02 * true)
    assert rows["paid"] + rows["pending"] == true + guests
    assert store.engine.row(f"SELECT count(*) FROM {store.tables['orders'].name} WHERE counted")[0] == rows["paid"]


def test_customers_come_only_in_the_days_for_it() -> None:
    store = simulate_store(500, 1, start="2025-01-01", end="2025-12-31", acquisition_days=84)
    assert store.truth.customers.start.max() < 84
    assert store.engine.row(f"SELECT max(day) > DATE '2025-10-01' FROM {store.tables['orders'].name}") == (True,)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"customers": 0}, "at least one"),
        ({"seed": -1}, "must be zero or a positive"),
        ({"start": "2027-01-01"}, "Swap them"),
        ({"acquisition_days": 5000}, "must lie between"),
        ({"end": "soon"}, "YYYY-MM-DD"),
        ({"plan": StorePlan(time_zone="Nowhere/Town")}, "not a time zone"),
    ],
)
def test_impossible_stores_are_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        simulate_store(**arguments)  # type: ignore[arg-type]
