"""A history that orders extend is the one that all orders together give."""

from __future__ import annotations

import datetime as dt
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepers.domain.live import History, LiveOrder, extended

DAY = dt.date(2026, 1, 1)
_busy = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_orders = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5000)), min_size=1, max_size=12)


def _made(orders: list[tuple[int, int]]) -> list[LiveOrder]:
    return [
        LiveOrder(str(place), "C", DAY + dt.timedelta(days=day), cents / 100)
        for place, (day, cents) in enumerate(orders)
    ]


def _plain(orders: list[tuple[int, int]]) -> History:
    days: dict[int, float] = {}
    for day, cents in orders:
        days[day] = days.get(day, 0.0) + cents / 100
    first, last = min(days), max(days)
    later = [money for day, money in days.items() if day != first]
    return History(
        DAY + dt.timedelta(days=first), DAY + dt.timedelta(days=last), len(later),
        math.fsum(later) / len(later) if later else None, math.fsum(days.values()) / len(days), len(orders),
        math.fsum(days.values()),
    )  # fmt: skip


def _same(one: History | None, other: History) -> None:
    assert one is not None
    assert (one.first_day, one.last_day, one.frequency, one.orders) == (
        other.first_day, other.last_day, other.frequency, other.orders,
    )  # fmt: skip
    for name in ("monetary_value", "monetary_value_all", "revenue"):
        found, wanted = getattr(one, name), getattr(other, name)
        assert (found is None) == (wanted is None)
        assert wanted is None or math.isclose(found, wanted, rel_tol=1e-9)


@_busy
@given(_orders)
def test_orders_of_somebody_new(orders: list[tuple[int, int]]) -> None:
    _same(extended(None, _made(orders)), _plain(orders))


@_busy
@given(_orders, _orders)
def test_later_orders_extend_what_a_run_knew(early: list[tuple[int, int]], late: list[tuple[int, int]]) -> None:
    end = max(day for day, _ in early)
    # Later orders, and some of the last day: all that a base can tell exactly.
    later = [(end + day, cents) for day, cents in late]
    _same(extended(_plain(early), _made(later)), _plain([*early, *later]))


@_busy
@given(_orders)
def test_an_order_before_the_first_day_makes_that_one_a_repeat(orders: list[tuple[int, int]]) -> None:
    later = [(day + 1, cents) for day, cents in orders]
    _same(extended(_plain(later), _made([(0, 1234)])), _plain([*later, (0, 1234)]))


def test_what_is_given_back_does_not_count() -> None:
    day = DAY + dt.timedelta(days=5)
    paid, half, all_of_it = (LiveOrder("1", "C", day, 20.0, back) for back in (0.0, 5.0, 20.0))
    base = _plain([(0, 3000)])
    assert extended(base, [paid]).revenue == 50.0  # type: ignore[union-attr]
    assert extended(base, [half]).monetary_value == 15.0  # type: ignore[union-attr]
    assert extended(base, [all_of_it]) == base
    assert extended(base, [LiveOrder("1", "C", day, 20.0, cancelled=True)]) == base
    assert extended(None, [all_of_it]) is None
    older = LiveOrder("of a file", "C", None, None, 10.0)
    assert math.isclose(extended(base, [older]).monetary_value_all, 20.0)  # type: ignore[union-attr,arg-type]


def test_without_money_there_is_none() -> None:
    found = extended(None, [LiveOrder("1", "C", DAY, None), LiveOrder("2", "C", DAY + dt.timedelta(days=3), None)])
    assert found == History(DAY, DAY + dt.timedelta(days=3), 1, None, None, 2, None)
