"""A kept base with orders added in deliveries is the same as all orders summarised together."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deliveries import Delivery, Refund, Row, as_orders, together
from keepers.data.read import read
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.summaries import customer_base
from keepers.summaries.customer_base import CustomerBase
from keepers.summaries.summary import Summary, summarise


def rows_of(summary: Summary) -> list[tuple[Any, ...]]:
    """Every column of every customer, exactly."""
    columns = (
        "customer_key, frequency, recency, T, monetary_value, monetary_value_all, first_day, last_day, recency_days, "
        "T_days, orders, revenue"
    )
    return summary.engine.rows(f"SELECT {columns} FROM {summary.name} ORDER BY customer_key")


def kept(deliveries: Sequence[Delivery], folder: Path) -> CustomerBase:
    """A base of the first delivery to which the others were added."""
    base = CustomerBase.create(as_orders(deliveries[0]), folder)
    for delivery in deliveries[1:]:
        base = base.updated_with(as_orders(delivery))
    return base


@st.composite
def streams(draw: st.DrawFn) -> list[Delivery]:
    """Deliveries with late orders, repeated ones, newer versions, cancellations, refunds of old orders, and guests."""
    customers = st.sampled_from(["a", "b", "c", "d", None])
    known: set[int] = set()
    found, refunds = [], 0
    for _ in range(draw(st.integers(2, 4))):
        rows = []
        for number in draw(st.lists(st.integers(1, 9), max_size=5, unique=True)):
            day, amount = draw(st.integers(0, 40)), draw(st.integers(1, 20))
            voided = draw(st.none() | st.integers(day, 60))
            back = draw(st.none() | st.tuples(st.integers(day, 60), st.integers(1, amount)))
            rows.append(Row(number, draw(customers), day, amount, draw(st.integers(0, 4)) > 0, voided, back))
            known.add(number)
        plain = st.builds(Row, st.none(), customers, st.integers(0, 40), st.integers(1, 3))
        rows += draw(st.lists(plain, min_size=1, max_size=4))
        own = []
        for _ in range(draw(st.integers(0, 2)) if known else 0):
            refunds += 1
            own.append(
                Refund(
                    f"R{refunds}",
                    draw(st.sampled_from(sorted(known))),
                    draw(st.integers(0, 60)),
                    draw(st.integers(1, 9)),
                )
            )
        again = [row for delivery in found for row in delivery.refunds if row.number in known]
        own += draw(st.lists(st.sampled_from(again), max_size=2, unique=True)) if again else []
        found.append(Delivery(tuple(rows), tuple(own)))
    # Somebody is always there: without anybody there is nothing to summarise.
    somebody = Row(None, "a", draw(st.integers(0, 40)), 21)
    return [Delivery((*found[0].rows, somebody), found[0].refunds), *found[1:]]


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(streams())
def test_deliveries_one_by_one_are_the_same_as_all_together(deliveries: list[Delivery]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = kept(deliveries, Path(folder) / "base")
        whole = as_orders(together(deliveries))
        assert rows_of(base.summary()) == rows_of(summarise(whole))
        assert rows_of(summarise(base.orders())) == rows_of(summarise(whole))
        assert rows_of(CustomerBase.open(base.folder).summary()) == rows_of(base.summary())


def test_what_came_before_changes_nothing_and_is_counted_as_repeated(tmp_path: Path) -> None:
    first = Delivery((Row(1, "a", 0, 10), Row(2, "b", 3, 5), Row(None, "a", 9, 7), Row(None, "a", 9, 7)))
    base = CustomerBase.create(as_orders(first), tmp_path / "base")
    before = rows_of(base.summary())
    again = base.updated_with(as_orders(first))
    assert again.changes is not None
    assert (again.changes.repeated, again.changes.new, again.changes.customers_touched) == (4, 0, 0)
    assert rows_of(again.summary()) == before
    third = again.updated_with(as_orders(Delivery((*first.rows, Row(None, "a", 9, 7)))))
    assert third.changes is not None
    assert (third.changes.new, third.changes.customers_touched) == (1, 1)


def test_an_update_says_what_it_did(tmp_path: Path) -> None:
    base = CustomerBase.create(
        as_orders(Delivery((Row(1, "a", 0, 10), Row(2, "b", 3, 5), Row(3, "c", 20, 8)))), tmp_path / "base"
    )
    delivery = Delivery(
        (Row(2, "b", 3, 6), Row(4, "d", 10, 5), Row(5, None, 25, 1), Row(1, "a", 0, 10)), (Refund("R", 3, 20, 8),)
    )
    changes = base.updated_with(as_orders(delivery)).changes
    assert changes is not None
    assert changes.to_dict() == {
        "delivered": 4, "new": 2, "changed": 1, "repeated": 1, "older": 0, "unnamed": 1, "late": 1, "refunds": 1,
        "customers_touched": 3, "customers_new": 1, "customers_gone": 1, "customers_merged": 0,
    }  # fmt: skip


def test_an_older_export_does_not_bring_back_what_a_newer_one_corrected(tmp_path: Path) -> None:
    newer = Delivery((Row(1, "a", 0, 10, counted=False), Row(2, "b", 30, 5)))
    older = Delivery((Row(1, "a", 0, 10), Row(3, "c", 8, 5)))
    base = kept([newer, older], tmp_path / "base")
    assert base.changes is not None
    assert base.changes.older == 1
    assert [row[0] for row in rows_of(base.summary())] == ["b", "c"]


def test_refunds_that_name_no_order_go_to_the_latest_order_with_as_much_left(tmp_path: Path) -> None:
    base = CustomerBase.create(
        as_orders(Delivery((Row(1, "a", 0, 9), Row(2, "a", 5, 9), Row(3, "a", 9, 4)))), tmp_path / "base"
    )
    orders = as_orders(Delivery((Row(4, "b", 20, 5),), (Refund("R", 99, 19, 9),)))
    orders.engine.execute("UPDATE refunds SET customer_key = 'a'")
    rows = rows_of(base.updated_with(orders).summary())
    assert (rows[0][0], rows[0][1], rows[0][6], rows[0][7]) == ("a", 1, dt.date(2024, 1, 1), dt.date(2024, 1, 10))


def test_customers_are_found_by_address_and_two_may_turn_out_to_be_one(tmp_path: Path) -> None:
    def told(orders: Any, *rows: tuple[str, str, str]) -> Any:
        from keepers.data.table import Table

        orders.engine.execute("CREATE TABLE identities (customer_key VARCHAR, system VARCHAR, external_id VARCHAR)")
        orders.engine.connection.executemany("INSERT INTO identities VALUES (?, ?, ?)", [list(row) for row in rows])
        return Table(orders.engine, "identities")

    first = as_orders(Delivery((Row(1, "7", 0, 10), Row(2, "x@x.example", 5, 10))))
    base = CustomerBase.create(
        first, tmp_path / "base", identities=told(first, ("7", "shop", "7"), ("x@x.example", "email", "x@x.example"))
    )
    second = as_orders(Delivery((Row(3, "x@x.example", 9, 10),)))
    known = told(second, ("x@x.example", "email", "x@x.example"), ("x@x.example", "shop", "7"))
    base = base.updated_with(second, identities=known)
    assert base.changes is not None
    assert base.changes.customers_merged == 1
    assert [row[:2] for row in rows_of(base.summary())] == [("7", 2)]
    third = as_orders(Delivery((Row(4, "x@x.example", 12, 10),)))
    base = base.updated_with(third, identities=told(third, ("x@x.example", "email", "x@x.example")))
    assert [row[:2] for row in rows_of(base.summary())] == [("7", 3)]


def test_margins_of_orders_whose_cost_is_unknown_follow_all_orders(tmp_path: Path) -> None:
    deliveries = [Delivery((Row(1, "a", 0, 10), Row(2, "b", 3, 5))), Delivery((Row(3, "a", 9, 8), Row(4, "c", 12, 7)))]

    def costed(delivery: Delivery) -> Any:
        orders = as_orders(delivery)
        orders.engine.execute("UPDATE orders SET contribution = amount * order_id::INT / 10 WHERE order_id <> '2'")
        orders.has_contribution = True
        return orders

    margin = Margin(per_order=True)
    base = CustomerBase.create(costed(deliveries[0]), tmp_path / "base", margin=margin)
    base = base.updated_with(costed(deliveries[1]))
    assert rows_of(base.summary()) == rows_of(summarise(costed(together(deliveries)), margin=margin))
    assert base.summary().remarks


def test_many_segments_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_base, "MOST_SEGMENTS", 3)
    deliveries = [Delivery((Row(n, "abcd"[n % 4], n * 3, 5 + n), Row(100, "a", 0, n))) for n in range(1, 6)]
    base = kept(deliveries, tmp_path / "base")
    assert len(base.facts.segments) < len(deliveries)
    assert rows_of(base.summary()) == rows_of(summarise(as_orders(together(deliveries))))
    assert len(list(base.folder.glob("orders-*.parquet"))) == len(base.facts.segments)


def test_an_update_elsewhere_leaves_the_base_as_it_was(tmp_path: Path) -> None:
    base = CustomerBase.create(as_orders(Delivery((Row(1, "a", 0, 10),))), tmp_path / "base")
    before = rows_of(base.summary())
    other = base.updated_with(as_orders(Delivery((Row(2, "b", 4, 10),))), into=tmp_path / "other")
    assert rows_of(CustomerBase.open(tmp_path / "base").summary()) == before
    assert len(rows_of(other.summary())) == 2


def test_what_cannot_be_is_said_and_the_base_stays(tmp_path: Path) -> None:
    base = CustomerBase.create(as_orders(Delivery((Row(1, "a", 0, 10),))), tmp_path / "base")
    with pytest.raises(InputError, match="every order of the base is taken back"):
        base.updated_with(as_orders(Delivery((Row(1, "a", 0, 10, counted=False),))))
    foreign = as_orders(Delivery((Row(2, "a", 3, 10),)))
    foreign.currency = "USD"
    with pytest.raises(ConfigError, match="in USD, those of the base in EUR"):
        base.updated_with(foreign)
    bare = as_orders(Delivery((Row(2, "a", 3, 10),)))
    bare.has_money = False
    with pytest.raises(ConfigError, match="lack amounts"):
        base.updated_with(bare)
    assert len(rows_of(CustomerBase.open(tmp_path / "base").summary())) == 1
    with pytest.raises(InputError, match="no kept customer base"):
        CustomerBase.open(tmp_path / "nothing")
    (base.folder / "orders-0001.parquet").unlink()
    with pytest.raises(InputError, match=r"orders-0001\.parquet is missing"):
        CustomerBase.open(base.folder)
    (base.folder / "base.json").write_text('{"format": "keepers-base", "version": 9}')
    with pytest.raises(InputError, match="version 9"):
        CustomerBase.open(base.folder)


def test_a_refund_that_comes_before_its_order_and_again_with_it_counts_once(tmp_path: Path) -> None:
    """With its order it is told apart what of it was tax, so its amount is another one; it is the same refund."""
    head = (
        "Order Number,Order Status,Order Date,Email (Billing),SKU,Name,Quantity,Item Cost,Order Line (w/o tax),"
        "Order Tax Amount,Order Shipping Amount,Order Total Amount,Currency\n"
    )
    first = "1,completed,2025-01-01T10:00:00Z,a@x.test,POT,Pot,1,100,100.00,19.00,0.00,119.00,EUR\n"
    other = "2,completed,2025-02-02T10:00:00Z,b@x.test,CUP,Cup,1,10,10.00,1.90,0.00,11.90,EUR\n"
    back = (
        "WooCommerce Refund,WooCommerce Order,Refund Date,Refund Amount,Currency\n77,1,2025-02-01T10:00:00Z,11.90,EUR\n"
    )
    base: CustomerBase | None = None
    for number, (orders, refunds) in enumerate(((first, ""), (other, back), (first + other, back))):
        files = {f"orders_{number}.csv": head + orders, **({f"refunds_{number}.csv": refunds} if refunds else {})}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        dataset = read(*(tmp_path / name for name in files), now=dt.datetime(2025, 4, 1))
        known = dataset.tables.get("identities")
        if base is None:
            base = CustomerBase.create(dataset.orders, tmp_path / "kept", identities=known)
        else:
            base = base.updated_with(dataset.orders, identities=known)
    assert base is not None
    summary = base.summary()
    (revenue,) = summary.engine.row(f"SELECT sum(revenue) FROM {summary.name}")
    assert 98 < revenue <= 100, "of 110, about 10 went back, and not twice as much"
