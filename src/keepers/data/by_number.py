"""Customers whose ids are numbers: their purchases, sorted as whole numbers beside the engine, for a row a customer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.normalise import fill
from keepers.numerics.packed_purchases import (
    PORTION,
    DistinctHistories,
    Histories,
    Packing,
    Whole,
    histories,
    numbered,
    ranked,
)
from keepers.numerics.sorting import sort_in_place
from keepers.numerics.written_numbers import Texts, Writing

_SAMPLE = 2048
WRITTEN = re.compile(r"((?:[A-Za-z][A-Za-z_:#/.-]*)?)([0-9]{1,18})")
"""An id that is a number, perhaps with letters before it."""

_PACKED, _RANKED = 12, 44
"""Bytes that a purchase takes at the most while it is fetched and sorted, and where numbers are ranked first."""

_UNITS, _CENTS = 10_000, 100
_LARGEST, _SHORT = 2**63 - 1, 2**31 - 1
_MOST_MONEY = 10**14
"""What an amount of 18 digits, four of them behind the point, stays below."""

_OLDEST = dt.date(1900, 1, 1)
_MANY = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """What one pass over days and amounts showed; `least` and `most` are those of a column of whole numbers.

    Attributes
    ----------
    cents : bool
        Whether all amounts are whole cents.
    """

    orders: int
    dated: int
    first_day: dt.date | None
    last_day: dt.date | None
    priced: int
    lowest: Decimal | None
    highest: Decimal | None
    total: Decimal | None
    cents: bool | None
    numbered: int
    least: int | None
    most: int | None

    @classmethod
    def of(cls, engine: Engine, purchases: str, ids: Ids | None, has_money: bool) -> Bounds:
        """Look through purchases, a relation with columns customer_key, day and, where there is money, amount."""
        number = "NULL::BIGINT" if ids is None else ids.number
        return cls(*engine.row(_sql("purchase_bounds", purchases=purchases, amount=_amount(has_money), number=number)))

    @property
    def clean(self) -> bool:
        """Whether there are rows, each with a day and an amount of zero or more."""
        full = 0 < self.orders == self.dated == self.priced
        return full and self.lowest is not None and self.lowest >= 0

    @property
    def span(self) -> tuple[dt.date, dt.date] | None:
        """First and last day."""
        return None if self.first_day is None or self.last_day is None else (self.first_day, self.last_day)


@dataclass(frozen=True)
class Ids:
    """How an id is written for a number.

    Parameters
    ----------
    key : str
        SQL of the id that is written for `number`.
    number : str
        SQL of the number in a purchase, where a column holds whole numbers; empty where there is none.
    writing : Writing or None
        Of ids that are texts.
    longest : int
        Most digits of a text that were seen.
    """

    key: str = "number::VARCHAR"
    number: str = "NULL::BIGINT"
    writing: Writing | None = None
    longest: int = 0

    @classmethod
    def in_column(cls, column: str) -> Ids:
        """Ids in a column of whole numbers."""
        return cls(number=f"TRY_CAST({column} AS BIGINT)")

    @classmethod
    def in_text(cls, engine: Engine, purchases: str) -> Ids | None:
        """Ids written like the first ones: 123, C123 or C00123; None where these are no numbers, or not alike."""
        found = engine.rows(f"SELECT customer_key FROM {purchases} LIMIT {_SAMPLE}")
        return cls.like([text for (text,) in found])

    @classmethod
    def like(cls, texts: list[str | None]) -> Ids | None:
        """The same for some ids.

        >>> Ids.like(["A7", "A12"]).key
        "'A' || number::VARCHAR"
        """
        found = [WRITTEN.fullmatch(text or "") for text in texts]
        parts = [(match[1], match[2]) for match in found if match]
        if len(parts) < len(texts) or len({before for before, _ in parts}) != 1:
            return None
        before, lengths = parts[0][0], {len(digits) for _, digits in parts}
        longest = max(lengths)
        if not any(digits.startswith("0") and digits != "0" for _, digits in parts):
            key = f"{literal(before)} || number::VARCHAR" if before else "number::VARCHAR"
            return cls(key, writing=Writing(before.encode(), 1), longest=longest)
        if len(lengths) > 1:
            return None
        # By far quicker than filling up each with zeros.
        padded = " ".join(
            f"WHEN number >= {10**power} THEN {literal(before + '0' * (longest - 1 - power))}"
            for power in range(longest - 1, 0, -1)
        )
        key = f"CASE {padded} ELSE {literal(before + '0' * (longest - 1))} END || number::VARCHAR"
        return cls(key, writing=Writing(before.encode(), longest), longest=longest)


@dataclass(frozen=True)
class _Plan:
    """Where a purchase's parts stand in a whole number, and what they are counted from."""

    packing: Packing
    ranks: bool
    """Whether the customer's number is too long, so that its rank stands there."""
    first: dt.date
    least: int
    scale: int
    """Of an amount's unit in one."""

    @classmethod
    def of(cls, bounds: Bounds, ids: Ids, has_money: bool) -> _Plan | None:
        first, last, highest, total = bounds.first_day, bounds.last_day, bounds.highest, bounds.total
        if first is None or last is None or highest is None or total is None:
            return None
        least, most = bounds.least or 0, bounds.most or 0
        if ids.writing is not None:
            most = 10**ids.longest - 1
        elif bounds.numbered < bounds.orders:
            return None
        scale = _CENTS if bounds.cents else _UNITS
        if first < _OLDEST or max(total, highest * scale) >= _MOST_MONEY or most - least > _LARGEST:
            return None
        packing = Packing((last - first).days.bit_length(), int(highest * scale).bit_length() if has_money else 0)
        ranks = most - least >= 1 << max(packing.number_bits, 0)
        if ranks and bounds.orders >= 1 << max(packing.number_bits, 0):
            return None
        return cls(packing, ranks, first, least, scale)

    @property
    def low(self) -> int:
        """Bits below the customer's number."""
        return self.packing.day_bits + self.packing.amount_bits

    @property
    def rest(self) -> str:
        """SQL of a purchase's day and amount."""
        days = f"(day - DATE {literal(self.first.isoformat())})"
        return f"({days} << {self.packing.amount_bits}) | CAST(amount * {self.scale} AS BIGINT)"

    @property
    def columns(self) -> str:
        """SQL of the whole numbers of a purchase whose id is one."""
        number = f"(number - {self.least})" if self.least else "number"
        if self.ranks:
            return f"{number} AS number, {self.rest} AS packed"
        return f"({number} << {self.low}) | {self.rest} AS packed"

    def rows(self, view: str, has_money: bool, largest: int, cell: str) -> str:
        """A query of a row a customer from histories, whose numbers end at `largest`; `cell` is one more, or none."""
        # Of the numbers that there are: an id may be longer than those that were looked at first.
        kind = "INTEGER" if max(self.least + largest, -self.least) <= _SHORT else "BIGINT"
        if not has_money:
            revenue = first_amount = "NULL::DECIMAL(18, 4)"
        else:
            unit = f"{1 / Decimal(self.scale)}::DECIMAL(4, 4)"
            revenue, first_amount = (
                f"CAST({name}::DECIMAL(18, 0) * {unit} AS DECIMAL(18, 4))" for name in ("revenue", "first_amount")
            )
        return _sql(
            "by_number_rows", number=f"(number + {self.least})::{kind}", first=literal(self.first.isoformat()),
            histories=view, revenue=revenue, first_amount=first_amount, cell=cell,
        )  # fmt: skip


@dataclass(frozen=True)
class Sorted:
    """A row a customer; where there is a column `cell`, it is the number of the customer's history among `distinct`.

    Parameters
    ----------
    table : str
        A view, as an id is written from its `number` when somebody asks for it: a table of ids takes time and memory.
    key : str
        SQL of the id of a `number`.
    """

    table: str
    key: str
    distinct: DistinctHistories | None


def customers_by_number(engine: Engine, purchases: str, bounds: Bounds, ids: Ids, has_money: bool) -> Sorted | None:
    """A table of a row a customer, with the columns of `keepers.data.by_customer.ByCustomer` and all days counted.

    It costs a third of grouping by customer in the engine. Purchases leave the engine as whole numbers of eight bytes
    for it, where half of its memory could hold these.

    Returns
    -------
    Sorted or None
        None where ids, days and amounts together are too long, memory too small, or an id of another form.
    """
    plan = _Plan.of(bounds, ids, has_money)
    if plan is None or bounds.orders * (_RANKED if plan.ranks else _PACKED) > engine.memory_limit / 2:
        return None
    columns = plan.columns if ids.writing is None else f"customer_key, {plan.rest} AS packed"
    query = _sql("by_number", purchases=purchases, amount=_amount(has_money), number=ids.number, columns=columns)
    if ids.writing is None:
        fetched = engine.whole_numbers(query)
        number, packed = fetched.pop("number", None), fetched.pop("packed")
    else:
        read = _read(engine.texts_and_numbers(query), plan, ids.writing, bounds.orders)
        if read is None:
            return None
        number, packed = read
    if number is None:
        sort_in_place(packed)
        return _stored(engine, packed, plan, ids, has_money, None)
    packed, distinct = ranked(number, packed, plan.packing)
    del number  # as large as what follows
    return _stored(engine, packed, plan, ids, has_money, distinct)


def _read(
    found: Iterator[tuple[Texts | None, Whole]], plan: _Plan, writing: Writing, orders: int
) -> tuple[Whole | None, Whole] | None:
    """Purchases with their ids read as numbers: packed with these, or beside them where they are ranked.

    None where an id is of another form, or the purchases are not as many as there were.
    """
    packed = np.empty(orders, dtype=np.int64)
    number = np.empty(orders, dtype=np.int64) if plan.ranks else None
    most = _LARGEST if plan.ranks else (1 << plan.packing.number_bits) - 1
    begin = 0
    for texts, rest in found:
        some = None if texts is None else writing.numbers(texts)
        end = begin + rest.size
        if some is None or some.max() > most or end > orders:
            return None
        if number is None:
            some <<= plan.low
            packed[begin:end] = some | rest
        else:
            number[begin:end], packed[begin:end] = some, rest
        begin = end
    return (number, packed) if begin == orders else None


def _stored(engine: Engine, packed: Whole, plan: _Plan, ids: Ids, has_money: bool, distinct: Whole | None) -> Sorted:
    """The table of the histories."""
    rows, created, known = engine.new_name("numbered_customers"), False, None
    largest = int(packed[-1] >> plan.low)
    if distinct is not None:
        largest = int(distinct[largest])
    found = histories(packed, plan.packing)
    for some in _one_ahead(found) if packed.size > _MANY else found:
        columns: dict[str, Any] = {name: getattr(some, name) for name in Histories.__slots__}
        if packed.size <= PORTION and (of_each := numbered(some, plan.packing.day_bits)):
            columns["cell"], known = of_each
        if distinct is not None:
            columns["number"] = distinct[some.number]
        with engine.registered(columns) as view:
            query = plan.rows(view, has_money, largest, ", cell" if known else "")
            if created:
                engine.execute(f"INSERT INTO {quoted(rows)} {query}")
            else:
                engine.create(rows, query)
        created = True
    table = engine.create_view(
        engine.new_name("by_customer"), f"SELECT {ids.key} AS customer_key, * FROM {quoted(rows)}"
    )
    return Sorted(table, ids.key, known)


def _one_ahead(found: Iterator[Histories]) -> Iterator[Histories]:
    """The next ones are summed while the engine takes some in."""
    from concurrent.futures import ThreadPoolExecutor  # and logging with it, for which small stores need not wait

    with ThreadPoolExecutor(1) as beside:
        ahead = beside.submit(next, found, None)
        while (some := ahead.result()) is not None:
            ahead = beside.submit(next, found, None)
            yield some


def _amount(has_money: bool) -> str:
    return "amount" if has_money else "0::DECIMAL(18, 4)"


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)
