"""Purchases as whole numbers, customer, day and amount side by side in their bits: sorted, they are histories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.sorting import on_both, sort_in_place

Whole = NDArray[np.int64]
Short = NDArray[np.int32]

ROOM = 63
"""Bits of a whole number besides its sign."""

_AT_ONCE = 1 << 18
"""So many purchases stay in the processor's caches while they are summed."""

_IN_A_PORTION = 16

PORTION = _IN_A_PORTION * _AT_ONCE
"""Purchases up to which histories come at once."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Where a purchase's parts stand: the amount in the lowest bits, the day above it, the customer's number on top."""

    day_bits: int
    amount_bits: int

    @property
    def number_bits(self) -> int:
        """Bits that are left for the customer's number."""
        return ROOM - self.day_bits - self.amount_bits


@dataclass(frozen=True, slots=True)
class Histories:
    """Customers by ascending number, each array of one length.

    Attributes
    ----------
    number : array of int64
    orders, days : array of int32
        Purchases, and days with one.
    first_day, last_day : array of int32
    revenue, first_amount : array of int64
        Of all purchases, and of those of the first day.
    """

    number: Whole
    orders: Short
    days: Short
    first_day: Short
    last_day: Short
    revenue: Whole
    first_amount: Whole


@dataclass(frozen=True, slots=True)
class DistinctHistories:
    """What histories there are, by ascending repeat purchases, then recency, then age; arrays of one length.

    Attributes
    ----------
    frequency, recency, since : array of int64
        Days with a purchase after the first, days from the first to the last, and from the first to the last one of
        anybody.
    weight : array of int64
        Customers.
    """

    frequency: Whole
    recency: Whole
    since: Whole
    weight: Whole


def ranked(numbers: Whole, rest: Whole, packing: Packing) -> tuple[Whole, Whole]:
    """Purchases of customers whose numbers need too many bits, packed with the number's rank in its place.

    Parameters
    ----------
    numbers, rest : array of int64, shape (n,)
        The customer's number, and day and amount packed.
    packing : Packing

    Returns
    -------
    packed, distinct : array of int64
        The purchases, sorted, and the number of each rank.
    """
    order = numbers.argsort()
    numbers = numbers[order]
    packed = rest[order]
    del order
    begins = _begins(numbers)
    distinct = numbers[begins]
    rank = np.repeat(np.arange(begins.size), np.diff(begins, append=numbers.size))
    rank <<= packing.day_bits + packing.amount_bits
    packed |= rank
    sort_in_place(packed)
    return packed, distinct


def histories(packed: Whole, packing: Packing) -> Iterator[Histories]:
    """Each customer's history from sorted purchases, some millions of purchases at a time.

    All purchases of a day are one day with a purchase. Sums are exact as long as they fit into 63 bits.
    """
    parts = list(_parts(packed, packing.day_bits + packing.amount_bits))
    for begin in range(0, len(parts), _IN_A_PORTION):
        pieces = on_both(lambda part: _summed(packed[part], packing), parts[begin : begin + _IN_A_PORTION])
        yield Histories(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


def numbered(found: Histories, day_bits: int) -> tuple[Short, DistinctHistories] | None:
    """Which of all distinct histories each customer has, and these; None where they are too long for one number.

    Parameters
    ----------
    found : Histories
        Of all customers.
    day_bits : int
        Bits of a day.
    """
    customers = found.number.size
    row_bits = (customers - 1).bit_length()
    if int(found.days.max()).bit_length() + 2 * day_bits + row_bits > ROOM:
        return None
    history = found.days.astype(np.int64)
    history -= 1
    for days in (found.last_day - found.first_day, found.last_day.max() - found.first_day):
        history <<= day_bits
        history |= days
    # With the customer's place behind it, sorting tells whose each history is.
    history <<= row_bits
    history |= np.arange(customers, dtype=np.int32)
    sort_in_place(history)
    row = history & ((1 << row_bits) - 1)
    history >>= row_bits
    begins = _begins(history)
    weight = np.diff(begins, append=customers)
    number = np.empty(customers, dtype=np.int32)
    number[row] = np.repeat(np.arange(begins.size, dtype=np.int32), weight)
    history, day = history[begins], (1 << day_bits) - 1
    distinct = DistinctHistories(history >> 2 * day_bits, (history >> day_bits) & day, history & day, weight)
    return number, distinct


def _parts(packed: Whole, low: int) -> Iterator[slice]:
    """Purchases that stay in the processor's caches while they are summed, customers being whole."""
    begin = 0
    while begin < packed.size:
        end = _customers_end(packed, begin + _AT_ONCE, low)
        yield slice(begin, end)
        begin = end


def _customers_end(packed: Whole, place: int, low: int) -> int:
    """The first place from `place` on at which another customer begins."""
    if place >= packed.size:
        return packed.size
    return int(np.searchsorted(packed, packed[place - 1] | ((1 << low) - 1), side="right"))


def _summed(packed: Whole, packing: Packing) -> tuple[Whole | Short, ...]:
    by_day = packed >> packing.amount_bits
    day_begins = _begins(by_day)
    money = np.add.reduceat(packed & ((1 << packing.amount_bits) - 1), day_begins)
    by_day = by_day[day_begins]
    number, day = by_day >> packing.day_bits, (by_day & ((1 << packing.day_bits) - 1)).astype(np.int32)
    begins = _begins(number)
    ends = np.append(begins[1:], number.size)
    orders = np.diff(day_begins[begins], append=packed.size).astype(np.int32)
    days = (ends - begins).astype(np.int32)
    return number[begins], orders, days, day[begins], day[ends - 1], np.add.reduceat(money, begins), money[begins]


def _begins(ordered: Whole) -> Whole:
    """Where runs of one value begin."""
    changes = np.empty(ordered.size, dtype=np.bool_)
    changes[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=changes[1:])
    return np.flatnonzero(changes)
