"""Which live customers somebody wants, as the database asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    and_,
    case,
    literal_column,
    or_,
    select,
    true,
    union,
)

from keepers.domain.errors import ConfigError
from keepers.domain.reach import Reach
from keepers.storage.live_indexes import ALL_COLUMNS, EVENTS, FALLING, KEYS, SUMS_BY_KEY, by, of_generation, read_by
from keepers.storage.live_persons import listed, named
from keepers.storage.service_schema import LIVE_CELLS, LIVE_CUSTOMERS, LIVE_PERSONS, LONGEST_NAME

GROUPS = ("tier", "rfm_group", "segment", "state", "channel", "country")
"""Columns whose values divide customers."""

BANDED = ("orders", "last_day", "value", "probability_alive")
"""Columns whose bands are the axes of a map."""

_FOUND_BY_NAME = 20_000
"""Customers found by a search who are looked up one by one; more than these are left to the database to find."""

_NOBODY: ColumnElement[bool] = literal_column("1 = 0", Boolean)
"""Holds of nobody, beside what else a statement says: `false()` would take the place of that."""

_LAST = chr(0x10FFFF)
"""Comes after every letter."""


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

    @property
    def by_groups(self) -> bool:
        """Whether it asks for nothing but groups, so that it can be answered by cells."""
        others = replace(self, groups=None, within=None, reach=None, persons=False, search=self.search.strip())
        return others in (Filter(), Filter(nobody=True)) and (self.within is None or self.within.by_groups)

    @property
    def only_searches(self) -> bool:
        """Whether it asks for nothing but a name or key."""
        return bool(self.search.strip()) and not replace(self, search="").narrows

    @property
    def narrows(self) -> bool:
        """Whether it is not all customers."""
        groups = {name: wanted for name, wanted in (self.groups or {}).items() if wanted}
        others = replace(
            self, groups=groups or None, within=None, reach=None, persons=False, search=self.search.strip()
        )
        return others != Filter() or (self.within is not None and self.within.narrows)


class Asking:
    """What narrows rows of customers, and of cells, to those of a filter.

    Parameters
    ----------
    connection : Connection
        Searches are looked up by it.
    generation : int
        Whose customers.
    value : ColumnElement
        The value that is bounded, where a filter names no horizon.
    """

    def __init__(self, connection: Connection, generation: int, value: Column[Any]) -> None:
        self._connection = connection
        self._generation = generation
        self._value = value
        self._searched: dict[tuple[str, bool], tuple[ColumnElement[bool], bool]] = {}
        self._on_sqlite = connection.dialect.name == "sqlite"

    def customers(self, chosen: Filter) -> ColumnElement[bool]:
        """Of rows of customers.

        Raises
        ------
        ConfigError
            If customers are not divided by what the filter names.
        """
        groups = _in_groups(chosen, LIVE_CUSTOMERS.c)
        return and_(of_generation(self._generation), *groups, *self._narrowed(chosen))

    def left_out(self, chosen: Filter) -> ColumnElement[bool]:
        """Of rows of those who are in the groups of a filter, but not of it."""
        groups, narrowed = _in_groups(chosen, LIVE_CUSTOMERS.c), and_(true(), *self._narrowed(chosen))
        # What is unknown of a customer is neither within bounds nor beyond them.
        return and_(of_generation(self._generation), *groups, case((narrowed, 0), else_=1) == 1)

    def _narrowed(self, chosen: Filter) -> list[ColumnElement[bool]]:
        table = LIVE_CUSTOMERS.c
        value = self._value if chosen.reach is None else table[chosen.reach.column]
        needed: list[ColumnElement[bool]] = []
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
        if chosen.by_event:
            needed.append(table.by_event.is_(True))
        if chosen.search.strip():
            needed.append(self._found(chosen.search.strip(), chosen.persons)[0])
        if chosen.within is not None:
            needed.append(self.customers(chosen.within))
        return needed

    def cells(self, chosen: Filter) -> ColumnElement[bool]:
        """Of cells, for a filter that asks for groups alone."""
        needed = [LIVE_CELLS.c.generation == self._generation, *_in_groups(chosen, LIVE_CELLS.c)]
        if chosen.within is not None:
            needed.append(self.cells(chosen.within))
        return and_(*needed)

    def index(self, chosen: Filter) -> str:
        """The index by which rows of a filter are found: that of keys for a search that finds few."""
        if chosen.search.strip() and self._found(chosen.search.strip(), chosen.persons)[1]:
            return KEYS
        if chosen.within is not None and self.index(chosen.within) == KEYS:
            return KEYS
        return EVENTS if chosen.by_event else ALL_COLUMNS

    def index_of_sums(self, chosen: Filter) -> str:
        """The same where no more is asked for than sums of all together."""
        index = self.index(chosen)
        return SUMS_BY_KEY if chosen.only_searches and chosen.persons and index == ALL_COLUMNS else index

    def index_in_order(self, chosen: Filter, column: str) -> str:
        """The same where a page of them is asked for in the falling order of a column that has an index."""
        index = self.index(chosen)
        # Read in its order an index ends early; where rows are left out nobody knows how early.
        ends = not chosen.narrows or (chosen.only_searches and index == ALL_COLUMNS)
        return by(column) if ends and column in FALLING else index

    def _found(self, words: str, persons: bool) -> tuple[ColumnElement[bool], bool]:
        """Whom a search finds, and whether that is few; looked up once, since a page asks for rows and for sums."""
        if (words, persons) not in self._searched:
            self._searched[words, persons] = self._looked_up(words, persons)
        return self._searched[words, persons]

    def _looked_up(self, words: str, persons: bool) -> tuple[ColumnElement[bool], bool]:
        if "\0" in words:
            # Nobody is called so, and PostgreSQL would refuse to look.
            return _NOBODY, True
        key = LIVE_CUSTOMERS.c.customer_key
        begins = self._begins(words)
        of_key = read_by(select(key).where(of_generation(self._generation), begins), KEYS, self._generation)
        found, few = begins, set(self._connection.execute(of_key.limit(_FOUND_BY_NAME + 1)).scalars())
        if persons:
            who = select(LIVE_PERSONS.c.customer_key).where(named(self._connection, words))
            # A set of both is made twice by SQLite, and mostly no key begins so.
            found = key.in_(union(of_key.correlate(None), who) if few else who)
            few |= set(self._connection.execute(who.limit(_FOUND_BY_NAME + 1)).scalars())
        if len(few) > _FOUND_BY_NAME:
            return found, False
        return (key.in_(listed(self._connection, few)) if few else _NOBODY), True

    def _begins(self, words: str) -> ColumnElement[bool]:
        """Whether a key begins so, in small or large letters."""
        key = LIVE_CUSTOMERS.c.customer_key
        ways = sorted({words, words.lower(), words.upper()})
        if not self._on_sqlite:
            # Its order of letters is that of a language, in which what begins alike need not stand together.
            return or_(*(key.startswith(way, autoescape=True) for way in ways))
        return or_(*(and_(key >= way, key < way + _LAST) for way in ways))


def _in_groups(chosen: Filter, columns: Any) -> list[ColumnElement[bool]]:
    needed: list[ColumnElement[bool]] = [_NOBODY] if chosen.nobody else []
    for name, wanted in (chosen.groups or {}).items():
        if name not in GROUPS:
            raise ConfigError(f"Customers are not divided by {name!r}, but by {', '.join(GROUPS)}.")
        if wanted:
            # Nobody is in a group without a name; cells keep by an empty one who is in none.
            needed.append(columns[name].in_([one[:LONGEST_NAME] for one in wanted if one]))
    return needed
