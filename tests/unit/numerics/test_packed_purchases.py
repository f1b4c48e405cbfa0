"""Sorted whole numbers become the histories that counting purchase by purchase gives."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.numerics import packed_purchases
from keepers.numerics.packed_purchases import Histories, Packing, Whole, histories, numbered, ranked

Purchase = tuple[int, int, int]


def counted(purchases: list[Purchase]) -> list[tuple[int, ...]]:
    """Customer by customer: number, orders, days, first and last day, revenue, amount of the first day."""
    by_customer: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, day, amount in purchases:
        by_customer[number][day].append(amount)
    return [
        (number, sum(map(len, days.values())), len(days), min(days), max(days), sum(map(sum, days.values())),
         sum(days[min(days)]))
        for number, days in sorted(by_customer.items())
    ]  # fmt: skip


def rows(found: list[Histories], numbers: Whole | None = None) -> list[tuple[int, ...]]:
    made = []
    for some in found:
        columns = [getattr(some, name).tolist() for name in Histories.__slots__]
        if numbers is not None:
            columns[0] = numbers[some.number].tolist()
        made += list(zip(*columns, strict=True))
    return made


PURCHASES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(0, 1023)), min_size=1, max_size=80)


@pytest.mark.parametrize(("portion", "at_once"), [(16, 1 << 18), (3, 3), (1, 1)])
@settings(max_examples=25, deadline=None)
@given(purchases=PURCHASES)
def test_histories(portion: int, at_once: int, purchases: list[Purchase]) -> None:
    packing = Packing(4, 10)
    packed = np.sort(np.array([number << 14 | day << 10 | amount for number, day, amount in purchases]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_purchases, "_IN_A_PORTION", portion)
        patch.setattr(packed_purchases, "_AT_ONCE", at_once)
        assert rows(list(histories(packed, packing))) == counted(purchases)


@settings(max_examples=25, deadline=None)
@given(purchases=PURCHASES)
def test_histories_of_long_numbers(purchases: list[Purchase]) -> None:
    long = [(number * 1_234_567_890_123_456_789, day, amount) for number, day, amount in purchases]
    numbers, days, amounts = (np.array(column) for column in zip(*long, strict=True))
    packing = Packing(4, 10)
    packed, distinct = ranked(numbers, days << 10 | amounts, packing)
    assert rows(list(histories(packed, packing)), distinct) == counted(long)


@settings(max_examples=25, deadline=None)
@given(purchases=PURCHASES)
def test_distinct_histories_and_whose_each_is(purchases: list[Purchase]) -> None:
    packed = np.sort(np.array([number << 14 | day << 10 | amount for number, day, amount in purchases]))
    (found,) = histories(packed, Packing(4, 10))
    last = found.last_day.max()
    columns = (found.days - 1, found.last_day - found.first_day, last - found.first_day)
    each = list(zip(*(column.tolist() for column in columns), strict=True))
    made = numbered(found, 4)
    assert made is not None
    number, distinct = made
    kinds = list(zip(*(getattr(distinct, name).tolist() for name in ("frequency", "recency", "since")), strict=True))
    assert kinds == sorted(set(each))
    assert [kinds[one] for one in number] == each
    assert distinct.weight.tolist() == [each.count(kind) for kind in kinds]


def test_histories_that_are_too_long_have_no_numbers() -> None:
    packed = np.arange(4) << 40
    (found,) = histories(packed, Packing(30, 10))
    assert numbered(found, 30) is not None
    assert numbered(found, 31) is None


def test_all_bits_are_used() -> None:
    packing = Packing(10, 30)
    assert packing.number_bits == 23
    largest = np.array([2**63 - 1])
    assert rows(list(histories(largest, packing))) == [(2**23 - 1, 1, 1, 2**10 - 1, 2**10 - 1, 2**30 - 1, 2**30 - 1)]
