"""What channels cost and bring, on tables small enough to count by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

import keepers as kp
from keepers.acquisition.economics import asked, economics_by
from keepers.acquisition.results import ChannelEconomics
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError

START = dt.date(2024, 1, 1)
PAID = {"a": "fb", "b": "fb", "c": "fb", "d": "google", "e": None, "f": "web"}
"""Customers and what their first orders say of how they came."""


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def shop(**more: dict[str, list[object]]) -> Dataset:
    """Six customers: a, b, c by Facebook, d by a search, e by nobody knows what, f in the web shop."""
    bought = [("a", 0, 20), ("a", 20, 10), ("a", 80, 30), ("b", 5, 40), ("c", 400, 10), ("d", 3, 50), ("e", 9, 60),
              ("f", 30, 25), ("d", 500, 5)]  # fmt: skip
    frame = {"customer": [who for who, _, _ in bought], "date": [str(day(on)) for _, on, _ in bought],
             "amount": [amount for _, _, amount in bought]}  # fmt: skip
    orders = kp.Orders.from_frame(frame, customer="customer", date="date", amount="amount", currency="EUR")
    engine = orders.engine
    told = " ".join(f"WHEN '{who}' THEN '{channel}'" for who, channel in PAID.items() if channel)
    sql = f"""
        SELECT * EXCLUDE (told)
            REPLACE (told AS channel, CASE WHEN told IN ('fb', 'google') THEN 'spring' END AS campaign)
        FROM (SELECT *, CASE customer_key {told} END AS told FROM {orders.name})"""
    orders = kp.Orders(engine, engine.create(engine.new_name("orders"), sql), currency="EUR")
    tables: dict[str, Table] = {"orders": orders}
    for name, columns in more.items():
        tables[name] = Table(engine, engine.from_columns(engine.new_name(name), columns))
    return Dataset(engine, tables, [], None)  # type: ignore[arg-type]


def spend(rows: list[tuple[int, str, str, int]], currency: str = "EUR") -> dict[str, list[object]]:
    return {
        "day": [day(on) for on, *_ in rows],
        "channel": [channel for _, channel, *_ in rows],
        "campaign": [campaign for *_, campaign, _ in rows],
        "amount": [Decimal(amount) for *_, amount in rows],
        "currency": [currency for _ in rows],
        "impressions": [100 for _ in rows],
        "clicks": [10 for _ in rows],
        "claimed_conversions": [2.0 for _ in rows],
        "claimed_value": [Decimal(50) for _ in rows],
    }


SPENT = spend(
    [(0, "Facebook", "spring", 60), (10, "Facebook", "autumn", 30), (2, "Google Ads", "spring", 40),
     (399, "Facebook", "spring", 30), (450, "Google Ads", "spring", 10), (-5, "Facebook", "spring", 999)]
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> ChannelEconomics:
    return kp.channel_economics(shop(spend=SPENT), margin=0.5)


def test_costs_are_those_of_the_days_in_which_customers_can_be_seen(found) -> None:
    meta, google = found.row("meta ads"), found.row("google ads")
    assert (found.first, found.last) == (day(0), day(450))
    # What was spent before the first order brought customers that nobody sees.
    assert meta.cost.cost == 120
    assert (meta.customers, meta.new_customers, meta.cac) == (3, 3, 40.0)
    assert (google.customers, google.new_customers, google.cac) == (1, 1, 50.0)
    assert found.total.cost.cost == 170
    assert found.total.cac == pytest.approx(170 / 6)


def test_where_an_order_was_placed_brings_nobody(found) -> None:
    unknown = found.row("not known")
    assert (unknown.customers, unknown.cost, unknown.cac, unknown.payback) == (2, None, None, None)
    assert found.told_by == {"orders": 4}
    assert any("Of 6 customers nobody knows what brought 2" in note for note in found.notes)


def test_value_is_that_of_customers_who_are_old_enough(found) -> None:
    meta = found.row("meta ads")
    # a brought 30 in 30 days and 60 in 90, b 40; c came 100 days before the end and is too young for a year.
    assert meta.value_at(30).value == pytest.approx(0.5 * (30 + 40 + 10) / 3)
    assert meta.value_at(90).value == pytest.approx(0.5 * (60 + 40 + 10) / 3)
    assert (meta.value_at(365).value, meta.value_at(365).customers) == (pytest.approx(0.5 * (60 + 40) / 2), 2)
    assert meta.one_time == 0.5
    assert found.row("google ads").one_time == 1.0
    young = economics_by(asked(shop(spend=SPENT)), "cohort").row("2025-02-01").value_at(365)
    assert (young.value, young.customers) == (None, 0)


def test_overhead_is_spread_by_spend() -> None:
    rules = kp.AcquisitionRules(overhead=100.0)
    loaded = kp.channel_economics(shop(spend=SPENT), rules=rules)
    months = 451 / 30.4375
    meta = loaded.row("meta ads")
    assert meta.cac == 40.0
    assert meta.cac_loaded == pytest.approx((120 + 100 * months * 120 / 170) / 3)
    assert loaded.total.cac_loaded == pytest.approx((170 + 100 * months) / 6)


def test_what_may_be_paid_keeps_both_targets(found) -> None:
    row = found.row("meta ads")
    easy = kp.channel_economics(shop(spend=SPENT), margin=0.5, rules=kp.AcquisitionRules(ratio=0.01))
    assert row.max_cac.value == pytest.approx(min(row.course.value[12], row.lifetime.value / 3))
    assert easy.row("meta ads").max_cac.value == pytest.approx(row.course.value[12])


def test_claims_are_held_against_orders(found) -> None:
    meta = next(row for row in found.claims.rows if row.channel == "meta ads")
    assert (meta.conversions, meta.orders, meta.new_customers) == (6.0, 5, 3)
    assert (meta.ratio, meta.a_customer) == (1.2, 2.0)
    assert meta.value_ratio == pytest.approx(150 / 110)
    assert found.claims.all_orders == 8


def test_campaigns_and_months_have_costs_and_coupons_have_none() -> None:
    question = asked(shop(spend=SPENT))
    campaigns = economics_by(question, "campaign")
    assert campaigns.row("meta ads / spring").cost.cost == 90
    # A campaign that brought nobody stays on the list.
    autumn = campaigns.row("meta ads / autumn")
    assert (autumn.customers, autumn.cac, autumn.predicted) == (0, None, None)
    months = economics_by(question, "cohort")
    assert months.row("2024-01-01").cac == pytest.approx(130 / 5)
    assert [row.label for row in months.rows] == sorted(row.label for row in months.rows)
    with pytest.raises(InputError, match="Nothing tells the discount code"):
        economics_by(question, "discount_code")
    with pytest.raises(ConfigError, match="told apart by channel"):
        economics_by(question, "star sign")


def test_without_spend_nothing_is_invented_and_the_file_is_named() -> None:
    found = kp.channel_economics(shop())
    assert all(row.cost is None and row.cac is None and row.payback is None for row in found.rows)
    assert found.total.cac is None
    assert found.row("meta ads").predicted is not None or found.row("organic search") is not None
    assert any("A file of marketing spend by day and channel" in note for note in found.notes)


def test_spend_in_another_currency_needs_a_rate() -> None:
    dollars = spend([(0, "facebook", "spring", 60)], "USD")
    refused = kp.channel_economics(shop(spend=dollars))
    assert refused.row("meta ads").cost is None
    assert any("--rate USD=" in note for note in refused.notes)
    priced = kp.channel_economics(shop(spend=dollars), rates={"USD": 0.5})
    assert priced.row("meta ads").cost.cost == 30.0


def test_leads_turn_into_customers_and_young_ones_are_not_failures() -> None:
    leads = {
        "lead_id": ["1", "2", "3", "4"],
        "customer_key": ["d", None, None, "a"],
        "day": [day(0), day(10), day(495), day(100)],
        "occurred_at": [dt.datetime.combine(day(on), dt.time()) for on in (0, 10, 495, 100)],
        "channel": ["Google Ads", "google ads", "google ads", "google ads"],
        "campaign": ["spring", "spring", "spring", "spring"],
        "won": [None, False, None, None],
        "closed_on": [None, day(40), None, None],
    }
    found = kp.channel_economics(shop(spend=SPENT, leads=leads)).row("google ads")
    # Customer a bought before becoming a lead; the third lead is younger than the usual patience of 90 days.
    assert (found.leads.all_leads, found.leads.ripe, found.leads.won) == (4, 3, 1)
    assert (found.leads.leads, found.cost_per_lead) == (2, 25.0)
    assert found.max_cost_per_lead == pytest.approx(found.max_cac.value * found.leads.conversion)


def test_columns_hold_every_row_and_the_whole(found) -> None:
    columns = found.to_columns()
    assert columns["label"] == [*(row.label for row in found.rows), "all"]
    assert {len(column) for column in columns.values()} == {len(found.rows) + 1}
    assert columns["cac"][columns["label"].index("meta ads")] == 40.0


def test_spend_beside_orders_that_name_no_channel_still_has_a_blended_cost() -> None:
    data = shop(spend=SPENT)
    orders = data.orders
    engine = orders.engine
    silent = engine.create(engine.new_name("silent"), f"SELECT * REPLACE (NULL AS channel) FROM {orders.name}")
    data = Dataset(engine, {**data.tables, "orders": kp.Orders(engine, silent, currency="EUR")}, [], None)  # type: ignore[arg-type]
    found = kp.channel_economics(data, margin=0.5)
    assert (found.row("meta ads").cost.cost, found.row("meta ads").cac) == (120, None)
    assert found.total.cac == pytest.approx(170 / 6)
    assert found.total.payback is not None
    assert found.claims.rows[0].ratio is None
    assert any("nobody knows what brought 6" in note for note in found.notes)


def test_orders_without_amounts_have_costs_and_no_worth() -> None:
    data = shop(spend=SPENT)
    orders = data.orders
    bare = kp.Orders(orders.engine, orders.name, currency="EUR", has_money=False)
    found = kp.channel_economics(Dataset(orders.engine, {**data.tables, "orders": bare}, [], None))  # type: ignore[arg-type]
    meta = found.row("meta ads")
    assert (meta.cac, meta.lifetime, meta.payback, meta.max_cac) == (40.0, None, None, None)
    assert found.quality == ()


def test_too_few_customers_say_how_many_more_the_next_one_needs() -> None:
    weekly = spend([(7 * week, "Facebook", "spring", 50 + week) for week in range(20)])
    told = kp.channel_economics(shop(spend=weekly)).row("meta ads").marginal
    assert told == "What the next customer costs needs 18 more customers of whom the channel is known."
    short = spend([(7 * week, "Facebook", "spring", 50 + week) for week in range(5)])
    told = kp.channel_economics(shop(spend=short)).row("meta ads").marginal
    assert told == "What the next customer costs needs 8 more weeks with spend."
