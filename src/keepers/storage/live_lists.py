"""Lists of live customers: filtered, sorted and a page at a time, by the database; totals and maps over them."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, exists, false, func, or_, select

from keepers.domain.errors import ConfigError
from keepers.domain.reach import OWN, Reach
from keepers.storage.live import LiveCustomer, live_customer
from keepers.storage.service_schema import LIVE_CUSTOMERS, LIVE_PERSONS

SORTABLE = (
    "value", "money_at_risk", "revenue", "orders", "last_day", "first_day", "probability_alive", "expected_orders",
    "updated_at", "customer_key",
)  # fmt: skip
"""Columns that a list may be sorted by."""

GROUPS = ("tier", "rfm_group", "segment", "state", "channel", "country")
"""Columns whose values divide customers."""

BANDED = ("orders", "last_day", "value", "probability_alive")
"""Columns whose bands are the axes of a map."""

LARGEST_PAGE = 1_000

_BESIDE = ("expected_orders", "value_low", "value_high")
LISTED = (
    "customer_key", "first_day", "last_day", "orders", "revenue", "probability_alive", "value", "money_at_risk",
    *_BESIDE, *GROUPS,
)  # fmt: skip
"""What a list as a file holds of a customer."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which customers: all that are said must hold.

    Parameters
    ----------
    groups : mapping of str to tuple of str
        For a column of `GROUPS` the values that are wanted.
    search : str
        A part of a name or e-mail address, or the beginning of a key.
    persons : bool
        Whether the search may look into names and addresses.
    least_value, most_value, least_alive, most_alive : float, optional
        Bounds of the value and of the probability of being alive.
    below_value, below_alive : float, optional
        Bounds that are not reached, so that bands side by side share nobody.
    least_orders, most_orders : int, optional
        Bounds of the number of orders.
    bought_since, silent_since : date, optional
        Last purchase on or after, or before, a day.
    won_since, won_until : date, optional
        First purchase on or after, or on or before, a day.
    by_event : bool
        Only those whom an event has changed since the run.
    within : Filter, optional
        Another one that must hold too, such as a kept list.
    reach : Reach, optional
        How far ahead the value looks that is bounded, where that is not what the lists show.
    nobody : bool
        Nobody at all, as of a list that is gone.
    """

    groups: Mapping[str, tuple[str, ...]] | None = None
    search: str = ""
    persons: bool = False
    least_value: float | None = None
    most_value: float | None = None
    least_alive: float | None = None
    most_alive: float | None = None
    below_value: float | None = None
    below_alive: float | None = None
    least_orders: int | None = None
    most_orders: int | None = None
    bought_since: dt.date | None = None
    silent_since: dt.date | None = None
    won_since: dt.date | None = None
    won_until: dt.date | None = None
    by_event: bool = False
    within: Filter | None = None
    reach: Reach | None = None
    nobody: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list, and how many rows the whole list has."""

    customers: tuple[LiveCustomer, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Group:
    """Customers that share something, and what they are worth."""

    name: str | None
    customers: int
    value: float | None
    money_at_risk: float | None
    revenue: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Customers of a cell of a map: their places on both axes, how many, and what they are worth."""

    row: int
    column: int
    customers: int
    value: float | None
    money_at_risk: float | None
    revenue: float | None
    probability_alive: float | None


class LiveLists:
    """Lists of a generation, with values within one of its horizons."""

    def __init__(self, connection: Connection, generation: int, reach: Reach = OWN) -> None:
        self._connection = connection
        self._generation = generation
        self._reach = reach
        table = LIVE_CUSTOMERS.c
        self._value: ColumnElement[float] = table[reach.column]
        # The share of a value that is in doubt is that of the customer, however far one looks.
        self._at_risk: ColumnElement[float] = table.money_at_risk if reach.own else case(
            (table.value != 0, table.money_at_risk * self._value / table.value), else_=table.money_at_risk
        )  # fmt: skip

    def page(
        self, chosen: Filter, sort: str = "value", descending: bool = True, offset: int = 0, limit: int = 50
    ) -> Page:
        """A page of customers; rows without what is sorted by come last, equal ones by key.

        Raises
        ------
        ConfigError
            If there is no such column or page.
        """
        if not 1 <= limit <= LARGEST_PAGE or offset < 0:
            raise ConfigError(f"A page has 1 to {LARGEST_PAGE:,} rows and begins at 0 or later.")
        query = self._sorted(chosen, sort, descending)
        rows = self._connection.execute(query.offset(offset).limit(limit)).mappings()
        count = select(func.count()).select_from(LIVE_CUSTOMERS).where(self._where(chosen))
        total = self._connection.execute(count).scalar_one()
        return Page(tuple(seen(live_customer(row), self._reach) for row in rows), int(total))

    def stretches(
        self, chosen: Filter, sort: str = "value", descending: bool = True, at_once: int = LARGEST_PAGE
    ) -> Iterator[list[dict[str, Any]]]:
        """All customers of a list in its order, some at a time, by one query: as they are at one moment.

        Of each the columns of `LISTED`: a file of very many has no use for all that is known of each.
        """
        table, own = LIVE_CUSTOMERS.c, self._reach.own
        beside = [table[name] for name in _BESIDE] if own else [table.fields]
        others = [table[name] for name in LISTED if name not in (*_BESIDE, "value", "money_at_risk")]
        priced = [self._value.label("value"), self._at_risk.label("money_at_risk")]
        query = self._sorted(chosen, sort, descending).with_only_columns(*others, *priced, *beside)
        found = self._connection.execute(query.execution_options(yield_per=at_once)).mappings()
        for rows in found.partitions():
            yield [dict(row) if own else self._listed(row) for row in rows]

    def _listed(self, row: RowMapping) -> dict[str, Any]:
        fields, reach = json.loads(row["fields"]), self._reach
        ends = (reach.orders, reach.low, reach.high)
        return {**row, **{name: fields.get(end or "") for name, end in zip(_BESIDE, ends, strict=True)}}

    def totals(self, chosen: Filter) -> Group:
        """All customers of a filter together."""
        row = self._connection.execute(self._sums().where(self._where(chosen))).one()
        return Group(None, *row)

    def groups(self, by: str, chosen: Filter) -> tuple[Group, ...]:
        """Customers by the values of a column, the most valuable group first.

        Raises
        ------
        ConfigError
            If the column does not divide customers.
        """
        if by not in GROUPS:
            raise ConfigError(f"Customers are not divided by {by!r}, but by {', '.join(GROUPS)}.")
        column = LIVE_CUSTOMERS.c[by]
        query = self._sums(column).where(self._where(chosen)).group_by(column)
        found = [Group(*row) for row in self._connection.execute(query)]
        return tuple(sorted(found, key=lambda one: (-(one.value or 0.0), -one.customers, one.name or "")))

    def names(self) -> dict[str, tuple[str, ...]]:
        """What customers may be divided by, and into what, the largest group first; looked up in one go."""
        columns = [LIVE_CUSTOMERS.c[name] for name in GROUPS]
        counted = select(*columns, func.count()).where(self._where(Filter())).group_by(*columns)
        found: dict[str, Counter[str]] = {name: Counter() for name in GROUPS}
        for *values, customers in self._connection.execute(counted):
            for name, value in zip(GROUPS, values, strict=True):
                if value:
                    found[name][value] += customers
        return {name: tuple(value for value, _ in counts.most_common()) for name, counts in found.items()}

    def cells(
        self, rows: tuple[str, Sequence[Any]], columns: tuple[str, Sequence[Any]], chosen: Filter
    ) -> tuple[Cell, ...]:
        """Customers by the bands of two columns; who lacks one of both is left out.

        Parameters
        ----------
        rows, columns : tuple of str and sequence
            A column of `BANDED`, and where its bands begin but for the first: band ``i`` holds who is at or above the
            ``i``-th of these and below the next.
        chosen : Filter
            Which customers.

        Raises
        ------
        ConfigError
            If there are no bands of a column.
        """
        for name, begins in (rows, columns):
            if name not in BANDED or not begins:
                raise ConfigError(f"There is no map by {name!r}, but by bands of {', '.join(BANDED)}.")
        of = LIVE_CUSTOMERS.c
        known = and_(*(self._column(name).is_not(None) for name, _ in (rows, columns)))
        # A query within the other, since PostgreSQL would not see that two expressions with parameters are one.
        banded = (
            select(
                _band(self._column(rows[0]), rows[1]).label("row"),
                _band(self._column(columns[0]), columns[1]).label("column"),
                self._value.label("value"), self._at_risk.label("money_at_risk"), of.revenue, of.probability_alive,
            ).where(self._where(chosen), known).subquery()
        ).c  # fmt: skip
        query = select(
            banded.row, banded.column, func.count(), func.sum(banded.value), func.sum(banded.money_at_risk),
            func.sum(banded.revenue), func.avg(banded.probability_alive),
        ).group_by(banded.row, banded.column)  # fmt: skip
        return tuple(Cell(*found) for found in self._connection.execute(query))

    def _sorted(self, chosen: Filter, sort: str, descending: bool) -> Select[Any]:
        """Rows of customers in order; those without what is sorted by come last, equal ones by key.

        Raises
        ------
        ConfigError
            If there is no such column.
        """
        if sort not in SORTABLE:
            raise ConfigError(f"Customers cannot be sorted by {sort!r}; they can by {', '.join(SORTABLE)}.")
        column = self._column(sort)
        order = column.desc().nulls_last() if descending else column.asc().nulls_last()
        return select(LIVE_CUSTOMERS).where(self._where(chosen)).order_by(order, LIVE_CUSTOMERS.c.customer_key)

    def _where(self, chosen: Filter) -> ColumnElement[bool]:
        table = LIVE_CUSTOMERS.c
        value = self._value if chosen.reach is None else table[chosen.reach.column]
        needed: list[ColumnElement[bool]] = [table.generation == self._generation]
        for name, wanted in (chosen.groups or {}).items():
            if name not in GROUPS:
                raise ConfigError(f"Customers are not divided by {name!r}, but by {', '.join(GROUPS)}.")
            if wanted:
                needed.append(table[name].in_(wanted))
        bounds: tuple[tuple[Any, Any, Any], ...] = (
            (value, chosen.least_value, chosen.most_value),
            (table.probability_alive, chosen.least_alive, chosen.most_alive),
            (table.orders, chosen.least_orders, chosen.most_orders),
            (table.first_day, chosen.won_since, chosen.won_until),
            (table.last_day, chosen.bought_since, None),
        )
        for column, least, most in bounds:
            if least is not None:
                needed.append(column >= least)
            if most is not None:
                needed.append(column <= most)
        for column, below in (
            (value, chosen.below_value), (table.probability_alive, chosen.below_alive),
            (table.last_day, chosen.silent_since),
        ):  # fmt: skip
            if below is not None:
                needed.append(column < below)
        if chosen.nobody:
            needed.append(false())
        if chosen.by_event:
            needed.append(table.by_event.is_(True))
        if chosen.search.strip():
            needed.append(self._found(chosen.search.strip(), chosen.persons))
        if chosen.within is not None:
            needed.append(self._where(chosen.within))
        return and_(*needed)

    def _column(self, name: str) -> ColumnElement[Any]:
        """A column of customers, where it is of money ahead within the horizon that is looked at."""
        own = {"value": self._value, "money_at_risk": self._at_risk}
        return own[name] if name in own else LIVE_CUSTOMERS.c[name]

    def _sums(self, *columns: Any) -> Select[Any]:
        """How many customers, and what they are worth together."""
        count, revenue = func.count().label("customers"), func.sum(LIVE_CUSTOMERS.c.revenue)
        return select(*columns, count, func.sum(self._value), func.sum(self._at_risk), revenue)

    def _found(self, words: str, persons: bool) -> ColumnElement[bool]:
        key = LIVE_CUSTOMERS.c.customer_key
        if "\0" in words:
            # Nobody is called so, and PostgreSQL would refuse to look.
            return false()
        found: ColumnElement[bool] = key.startswith(words, autoescape=True)
        if not persons:
            return found
        person = LIVE_PERSONS.c
        named = or_(person.name.icontains(words, autoescape=True), person.email.icontains(words, autoescape=True))
        return or_(found, exists().where(person.customer_key == key, named))


def _band(column: ColumnElement[Any], begins: Sequence[Any]) -> ColumnElement[int]:
    return case(*((column < begin, place) for place, begin in enumerate(begins)), else_=len(begins))


def seen(one: LiveCustomer, reach: Reach) -> LiveCustomer:
    """A customer with the value within a horizon in place of that within the run's own."""
    if reach.own:
        return one
    values, fields = one.values, one.fields
    value, own, at_risk = values[reach.column], values["value"], values["money_at_risk"]
    if at_risk is not None and value is not None and own:
        at_risk = at_risk * value / own
    return replace(one, values={
        **values, "value": value, "value_low": fields.get(reach.low or ""), "money_at_risk": at_risk,
        "value_high": fields.get(reach.high or ""), "expected_orders": fields.get(reach.orders or ""),
    })  # fmt: skip
