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

_PORTION = 16
"""So many times as many are handed over together."""


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
    for begin in range(0, len(parts), _PORTION):
        pieces = on_both(lambda part: _summed(packed[part], packing), parts[begin : begin + _PORTION])
        yield Histories(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


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
