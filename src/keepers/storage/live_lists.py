"""Lists of live customers: filtered, sorted and a page at a time, by the database; totals and maps over them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, func, select

from keepers.domain.errors import ConfigError
from keepers.domain.reach import OWN, Reach
from keepers.storage.live import LiveCustomer, live_customer
from keepers.storage.live_cells import Bands, at_risk, at_risk_in_cells, band, bands_of
from keepers.storage.live_filter import BANDED, GROUPS, Asking, Filter
from keepers.storage.live_indexes import ALL_COLUMNS, KEYS, learned_column, of_generation, read_by
from keepers.storage.service_schema import LIVE_CELLS, LIVE_CUSTOMERS

SORTABLE = (
    "value", "money_at_risk", "revenue", "orders", "last_day", "first_day", "probability_alive", "expected_orders",
    "updated_at", "customer_key", "learned_value",
)  # fmt: skip
"""Columns that a list may be sorted by; learned value where the run learned any."""

LARGEST_PAGE = 1_000

_BESIDE = ("expected_orders", "value_low", "value_high")
LISTED = (
    "customer_key", "first_day", "last_day", "orders", "revenue", "probability_alive", "value", "money_at_risk",
    *_BESIDE, *GROUPS,
)  # fmt: skip
"""What a list as a file holds of a customer."""


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
    """Lists of a generation, with values within one of its horizons, as they are at one moment."""

    def __init__(self, connection: Connection, generation: int, reach: Reach = OWN) -> None:
        self._connection = connection
        self._generation = generation
        self._reach = reach
        value = LIVE_CUSTOMERS.c[reach.column]
        self._value: ColumnElement[float] = value
        self._at_risk = at_risk(reach.column)
        self._asking = Asking(connection, generation, value)
        self._summed: list[tuple[Filter, Group]] = []

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
        column, table = self._sortable(sort), LIVE_CUSTOMERS.c
        # The keys first, from an index that holds all that is asked: of the rows before nothing else is read.
        keys = self._connection.execute(
            self._in_order(select(table.customer_key), column, chosen, descending).offset(offset).limit(limit)
        ).scalars().all()  # fmt: skip
        rows = select(LIVE_CUSTOMERS).where(of_generation(self._generation), table.customer_key.in_(keys))
        rows = read_by(rows, KEYS, self._generation)
        found = {row["customer_key"]: live_customer(row) for row in self._connection.execute(rows).mappings()}
        return Page(tuple(seen(found[key], self._reach) for key in keys), self.totals(chosen).customers)

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
        query = self._in_order(select(*others, *priced, *beside), self._sortable(sort), chosen, descending)
        found = self._connection.execute(query.execution_options(yield_per=at_once)).mappings()
        for rows in found.partitions():
            yield [dict(row) if own else self._listed(row) for row in rows]

    def _listed(self, row: RowMapping) -> dict[str, Any]:
        fields, reach = json.loads(row["fields"]), self._reach
        ends = (reach.orders, reach.low, reach.high)
        return {**row, **{name: fields.get(end or "") for name, end in zip(_BESIDE, ends, strict=True)}}

    def totals(self, chosen: Filter) -> Group:
        """All customers of a filter together."""
        known = next((group for asked, group in self._summed if asked == chosen), None)
        if known is None:
            (row,) = self._sums(chosen)
            known = Group(None, *row)
            self._summed.append((chosen, known))
        return known

    def groups(self, by: str, chosen: Filter) -> tuple[Group, ...]:
        """Customers by the values of a column, the most valuable group first.

        Raises
        ------
        ConfigError
            If the column does not divide customers.
        """
        return self.divisions((by,), chosen)[by]

    def divisions(self, by: Sequence[str], chosen: Filter) -> dict[str, tuple[Group, ...]]:
        """The same by several columns, looked up in one go.

        Raises
        ------
        ConfigError
            If one of them does not divide customers.
        """
        for name in by:
            if name not in GROUPS:
                raise ConfigError(f"Customers are not divided by {name!r}, but by {', '.join(GROUPS)}.")
        # Of more than one by all, in whose order the index is: SQLite sorts nothing then.
        together = tuple(by) if len(by) == 1 else GROUPS
        found: dict[str, dict[str | None, Group]] = {name: {} for name in by}
        for row in self._sums(chosen, together):
            values, sums = row[: len(together)], row[len(together) :]
            for name in by:
                value = values[together.index(name)]
                one, before = Group(value, *sums), found[name].get(value)
                found[name][value] = one if before is None else _together(before, one)
        order = {name: sorted(some.values(), key=_worth_most) for name, some in found.items()}
        return {name: tuple(some) for name, some in order.items()}

    def names(self) -> dict[str, tuple[str, ...]]:
        """What customers may be divided by, and into what, the largest group first; looked up in one go."""
        counted = {name: Counter({one.name: one.customers for one in some if one.name})
                   for name, some in self.divisions(GROUPS, Filter()).items()}  # fmt: skip
        return {name: tuple(value for value, _ in counts.most_common()) for name, counts in counted.items()}

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
        axes = [(self._reach.column if name == "value" else name, begins) for name, begins in (rows, columns)]
        bands = bands_of(self._connection, self._generation)
        counted = bands is not None and all(bands.begin(name, begins) for name, begins in axes)
        groups = Filter(chosen.groups, nobody=chosen.nobody)
        if counted and chosen.by_groups:
            found = self._told(self._banded_cells(axes, chosen))
        elif counted and 2 * self.totals(chosen).customers > self.totals(groups).customers:
            # Of nearly everybody those are counted who are left out.
            found = self._told(self._banded_cells(axes, groups))
            index, left_out = ALL_COLUMNS, self._asking.left_out(chosen)
            for place, some in self._told(self._banded(axes, left_out, index)).items():
                found[place] = [one - other for one, other in zip(found[place], some, strict=True)]
        else:
            index = self._asking.index(chosen)
            found = self._told(self._banded(axes, self._asking.customers(chosen), index))
        return tuple(_cell(*place, sums) for place, sums in found.items() if sums[0] > 0)

    def _told(self, query: Select[Any]) -> dict[tuple[int, int], list[Any]]:
        """Cells of a map: how many; then of how many the value is known, and their sum, and so on as in `Cell`."""
        return {(row, column): [one or 0 for one in sums] for row, column, *sums in self._connection.execute(query)}

    def _banded(self, axes: Sequence[tuple[str, Sequence[Any]]], which: ColumnElement[bool], index: str) -> Select[Any]:
        """Customers counted and summed by the bands of two columns."""
        of, (rows, columns) = LIVE_CUSTOMERS.c, axes
        known = and_(*(of[name].is_not(None) for name, _ in axes))
        # A query within the other, since PostgreSQL would not see that two expressions with parameters are one.
        each = (
            select(
                band(of[rows[0]], rows[1]).label("row"), band(of[columns[0]], columns[1]).label("column"),
                self._value.label("value"), self._at_risk.label("money_at_risk"), of.revenue, of.probability_alive,
            ).where(which, known)
        )  # fmt: skip
        banded = read_by(each, index, self._generation).subquery().c
        summed = (banded.value, banded.money_at_risk, banded.revenue, banded.probability_alive)
        sums = (told for one in summed for told in (func.count(one), func.sum(one)))
        return select(banded.row, banded.column, func.count(), *sums).group_by(banded.row, banded.column)

    def _banded_cells(self, axes: Sequence[tuple[str, Sequence[Any]]], chosen: Filter) -> Select[Any]:
        """The same by cells, which have these bands."""
        of, ahead = LIVE_CELLS.c, self._reach.column
        row, column = (of[f"{name}_band"] for name, _ in axes)
        summed = (
            (of[f"{ahead}_band"] >= 0, of[ahead]), (of.priced >= 2, of[at_risk_in_cells(ahead)]),
            (of.priced.in_((1, 3)), of.revenue), (of.probability_alive_band >= 0, of.probability_alive),
        )  # fmt: skip
        sums = (func.sum(case((told, one))) for told, worth in summed for one in (of.customers, worth))
        query = select(row, column, func.sum(of.customers), *sums)
        return query.where(self._asking.cells(chosen), row >= 0, column >= 0).group_by(row, column)

    def _sortable(self, sort: str) -> ColumnElement[Any]:
        """What a list is sorted by.

        Raises
        ------
        ConfigError
            If there is no such column.
        """
        if sort not in SORTABLE:
            raise ConfigError(f"Customers cannot be sorted by {sort!r}; they can by {', '.join(SORTABLE)}.")
        if sort == "learned_value":
            if not self.has_learned:
                raise ConfigError(
                    "Customers cannot be sorted by learned value: the run that is served learned none. Run with "
                    "--learned."
                )
            return LIVE_CUSTOMERS.c.value_learned
        # Money ahead is within the horizon that is looked at.
        return {"value": self._value, "money_at_risk": self._at_risk}.get(sort, LIVE_CUSTOMERS.c[sort])

    @cached_property
    def has_learned(self) -> bool:
        """Whether customers have learned value."""
        return bool(learned_column(self._connection, self._generation))

    def _in_order(
        self, query: Select[Any], column: ColumnElement[Any], chosen: Filter, descending: bool
    ) -> Select[Any]:
        """Customers of a filter in order; those without what is sorted by come last, equal ones by key."""
        key, name = LIVE_CUSTOMERS.c.customer_key, getattr(column, "name", "")
        index = self._asking.index_in_order(chosen, name) if descending else self._asking.index(chosen)
        if not chosen.narrows and name == key.name:
            index = KEYS
        order = column.desc() if descending else column.asc()
        if getattr(column, "nullable", True):
            order = order.nulls_last()
        return read_by(query.where(self._asking.customers(chosen)).order_by(order, key), index, self._generation)

    def _cells(self, chosen: Filter) -> Bands | None:
        """The bands of cells that can answer for a filter; None where rows have to be counted."""
        return bands_of(self._connection, self._generation) if chosen.by_groups else None

    def _sums(self, chosen: Filter, by: Sequence[str] = ()) -> Sequence[Any]:
        """Customers by some columns: the values of these, how many, and what they are worth together."""
        if self._cells(chosen) is not None:
            names = [func.nullif(LIVE_CELLS.c[name], "").label(name) for name in by]
            columns = [LIVE_CELLS.c[name] for name in by]
            sums = self._sums_of_cells()
            query = select(*names, *sums).where(self._asking.cells(chosen)).group_by(*columns)
            if by:
                query = query.having(sums[0] > 0)
        else:
            columns = [LIVE_CUSTOMERS.c[name] for name in by]
            worth = [func.sum(one) for one in (self._value, self._at_risk, LIVE_CUSTOMERS.c.revenue)]
            query = select(*columns, func.count(), *worth).where(self._asking.customers(chosen)).group_by(*columns)
            index = self._asking.index(chosen) if by else self._asking.index_of_sums(chosen)
            query = read_by(query, index, self._generation)
        return self._connection.execute(query).all()

    def _sums_of_cells(self) -> tuple[ColumnElement[Any], ...]:
        """How many customers are in cells, and their value, money at risk and revenue; nothing where it is unknown."""
        of, column = LIVE_CELLS.c, self._reach.column
        return (
            func.coalesce(func.sum(of.customers), 0),
            func.sum(case((and_(of[f"{column}_band"] >= 0, of.customers > 0), of[column]))),
            func.sum(case((and_(of.priced >= 2, of.customers > 0), of[at_risk_in_cells(column)]))),
            func.sum(case((and_(of.priced.in_((1, 3)), of.customers > 0), of.revenue))),
        )


def _cell(row: int, column: int, sums: Sequence[Any]) -> Cell:
    customers, of_value, value, of_risk, risk, of_revenue, revenue, of_alive, alive = sums
    return Cell(
        row, column, customers, value if of_value > 0 else None, risk if of_risk > 0 else None,
        revenue if of_revenue > 0 else None, alive / of_alive if of_alive > 0 else None,
    )  # fmt: skip


def _together(one: Group, other: Group) -> Group:
    return Group(
        one.name, one.customers + other.customers, _added(one.value, other.value),
        _added(one.money_at_risk, other.money_at_risk), _added(one.revenue, other.revenue),
    )  # fmt: skip


def _added(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def _worth_most(one: Group) -> tuple[float, int, str]:
    return (-(one.value or 0.0), -one.customers, one.name or "")


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


__all__ = [
    "BANDED",
    "GROUPS",
    "LARGEST_PAGE",
    "LISTED",
    "SORTABLE",
    "Cell",
    "Filter",
    "Group",
    "LiveLists",
    "Page",
    "seen",
]
