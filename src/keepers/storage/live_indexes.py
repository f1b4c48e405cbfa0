"""Indexes of live customers: each of one generation alone, made when its rows are there and gone before they go.

An index over all generations would be brought up to date with every row that a run publishes, page after page in no
order; one that is made of rows that are there is sorted once and written from its beginning to its end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, inspect, literal, select, text

from keepers.storage.service_schema import GENERATIONS, LIVE_CUSTOMERS, RETIRED

KEYS = "sqlite_autoindex_live_customers_1"
"""The index by key, of all generations."""

ALL_COLUMNS, EVENTS, SUMS_BY_KEY = "in_sum", "by_event", "by_key"
"""Indexes with every column by which lists are narrowed, of those with events, and with what is summed of whom a search
finds."""

FALLING = (
    "value", "last_day", "money_at_risk", "revenue", "orders", "updated_at", "value_also", "value_lifetime",
    "value_infinite", "value_learned",
)  # fmt: skip
"""Columns that an index has in falling order, with the key, so that a page far down a list is found without a look at
the rows before it."""

_IN_SUM = (
    "tier", "rfm_group", "segment", "state", "channel", "country", "first_day", "last_day", "orders",
    "probability_alive", "expected_orders", "value", "money_at_risk", "revenue", "by_event", "value_also",
    "value_lifetime", "value_infinite", "customer_key",
)  # fmt: skip
"""Lists that are narrowed, and sums over them, read this instead of whole rows, most of which is texts. An entry of
PostgreSQL's indexes may have 2.7 KB: what orders say of channels and countries is cut at `LONGEST_NAME`."""

_BY_KEY = ("customer_key", "value", "money_at_risk", "revenue", "value_also", "value_lifetime", "value_infinite")

LEARNED = "learned"
"""Where among the settings of a generation stands what its column of learned value is called."""

_OWN = re.compile(r"live_customers_(\d+)_(?:by|in)_\w+")


def of_generation(generation: int) -> ColumnElement[bool]:
    """Customers of a generation: its number stands in the statement, since an index of it alone is read then only."""
    return LIVE_CUSTOMERS.c.generation == literal(generation, literal_execute=True)


def by(column: str) -> str:
    """The index of a column in falling order."""
    return f"by_{column}"


def read_by(query: Select[Any], index: str, generation: int) -> Select[Any]:
    """The same query, for which SQLite reads live customers by an index."""
    name = index if index == KEYS else _name(index, generation)
    return query.with_hint(LIVE_CUSTOMERS, f"INDEXED BY {name}", "sqlite")


INDEXES = (*(by(name) for name in FALLING), EVENTS, ALL_COLUMNS, SUMS_BY_KEY)
"""All that a generation has of its own."""


def make_index(connection: Connection, generation: int, index: str) -> None:
    """Make one of them, where it is not there; that of learned value only where the run learned any."""
    if index == by("value_learned") and not learned_column(connection, generation):
        return
    columns = ", ".join(_columns(connection)[index])
    connection.execute(
        text(
            f"CREATE INDEX IF NOT EXISTS {_name(index, generation)} ON live_customers ({columns}) "
            f"WHERE generation = {int(generation)}"
        )
    )


def learned_column(connection: Connection, generation: int) -> str:
    """What the run of a generation calls its column of learned value; empty where it learned none."""
    said = connection.execute(select(GENERATIONS.c.settings).where(GENERATIONS.c.id == generation)).scalar()
    return str((said or {}).get(LEARNED) or "")


def make_all(connection: Connection) -> None:
    """Make those of all generations, as after a copy of their rows."""
    for generation in connection.execute(select(GENERATIONS.c.id)).scalars().all():
        for index in INDEXES:
            make_index(connection, generation, index)


def drop_indexes(connection: Connection, generation: int) -> None:
    """Remove those of a generation whose rows are about to go, which then need not be taken out of each."""
    for index in INDEXES:
        connection.execute(text(f"DROP INDEX IF EXISTS {_name(index, generation)}"))


def left_over(connection: Connection) -> list[str]:
    """Names of indexes of generations that are gone or no longer served."""
    served = set(connection.execute(select(GENERATIONS.c.id).where(GENERATIONS.c.status != RETIRED)).scalars())
    found = (str(one["name"]) for one in inspect(connection).get_indexes("live_customers"))
    own = {name: match for name in found if (match := _OWN.fullmatch(name))}
    return sorted(name for name, match in own.items() if int(match[1]) not in served)


def _name(index: str, generation: int) -> str:
    return f"live_customers_{int(generation)}_{index}"


def _columns(connection: Connection) -> Mapping[str, tuple[str, ...]]:
    """What each index holds. PostgreSQL takes one for "what is unknown comes last" that says so itself."""
    last = "" if connection.dialect.name == "sqlite" else " NULLS LAST"
    falling = {
        by(name): (f"{name} DESC{last if LIVE_CUSTOMERS.c[name].nullable else ''}", "customer_key") for name in FALLING
    }
    return {**falling, EVENTS: ("by_event", "updated_at"), ALL_COLUMNS: _IN_SUM, SUMS_BY_KEY: _BY_KEY}


def is_own(name: str | None) -> bool:
    """Whether an index is of one generation alone, of which the schema knows nothing.

    >>> is_own("live_customers_7_in_sum"), is_own("ix_live_orders_customer_key")
    (True, False)
    """
    return name is not None and _OWN.fullmatch(name) is not None
