"""The canonical tables as they were known at each customer's cut, and what is there of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from keepers.data.engine import Engine, literal, quoted
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.columns import CANONICAL, ORDER_LINES, ORDERS, REFUNDS, Schema
from keepers.domain.errors import InputError
from keepers.summaries.purchases import day_literal

MOST_KINDS = 24
"""Kinds, purposes or attributes that get columns of their own, the most frequent ones."""

_PLUMBING = ("source_id", "customer_key", "names_order", "restates", "told")


class Shop(Protocol):
    """Everything that is known of a shop's customers: what `keepers.read` gives, or a simulated store."""

    @property
    def engine(self) -> Engine:
        """Where the tables are."""
        ...

    @property
    def tables(self) -> Mapping[str, Table]:
        """Canonical tables by name."""
        ...

    @property
    def orders(self) -> Orders:
        """The orders; an `InputError` where there are none."""
        ...


def orders_of(source: Shop | Orders) -> Orders:
    """The orders of a shop, or those given.

    Raises
    ------
    InputError
        If there are none.
    """
    return source if isinstance(source, Orders) else source.orders


def tables_of(source: Any) -> tuple[Engine, dict[str, Table]]:
    """The engine and the canonical tables with rows of a dataset, a simulated store or orders.

    Raises
    ------
    InputError
        If it is none of these, or holds no table that features can be made of.
    """
    if isinstance(source, Orders):
        found: dict[str, Table] = {"orders": source}
        if source.refunds is not None:
            found["refunds"] = source.refunds
        return source.engine, found
    tables, engine = getattr(source, "tables", None), getattr(source, "engine", None)
    if not isinstance(tables, Mapping) or not isinstance(engine, Engine):
        raise InputError(
            f"Features are made of canonical tables; a {type(source).__name__} has none. Give what `keepers.read`, "
            "`keepers.read_orders` or `keepers.simulate.simulate_store` returns."
        )
    return engine, {name: table for name, table in tables.items() if name in CANONICAL}


@dataclass
class Known:
    """Canonical tables as they were known at a day, the same for everybody or each customer's own.

    Parameters
    ----------
    engine : Engine
    tables : mapping of str to Table
        By canonical name.
    at : date, optional
        The day, its end included; None where each customer has a cut of their own, in the table `cuts`.
    cuts : str, optional
        Table with `customer_key` and `cut`.
    """

    engine: Engine
    tables: Mapping[str, Table]
    at: dt.date | None
    cuts: str | None = None
    base: str | None = None
    _columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _filled: dict[str, bool] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the table is there and tells anything."""
        if name not in self._filled:
            self._filled[name] = name in self.tables and bool(
                self.engine.rows(f"SELECT 1 AS there FROM {quoted(self.tables[name].name)} AS canonical LIMIT 1")
            )
        return self._filled[name]

    def columns(self, name: str) -> tuple[str, ...]:
        """The columns of a table."""
        if name not in self._columns:
            self._columns[name] = self.tables[name].columns
        return self._columns[name]

    def relation(self, schema: Schema) -> str:
        """A table with all columns of its schema, those that are missing empty; without rows where it is missing."""
        if not self.has(schema.name):
            nothing = ", ".join(f"CAST(NULL AS {c.type}) AS {c.name}" for c in schema.columns)
            return f"(SELECT {nothing} WHERE 1 = 0)"
        there = self.columns(schema.name)
        chosen = ", ".join(c.name if c.name in there else f"CAST(NULL AS {c.type}) AS {c.name}" for c in schema.columns)
        return f"(SELECT {chosen} FROM {quoted(self.tables[schema.name].name)} AS canonical)"

    def orders(self) -> str:
        """A query of the orders that count and were placed by the cut."""
        where = "placed.counted AND placed.customer_key IS NOT NULL"
        source = f"{self._narrow(ORDERS)} AS placed {self._joined('placed', where)}"
        return f"SELECT placed.*, {self._cut()} AS cut FROM {source}"

    def every_order(self) -> str:
        """All orders placed by the cut, whatever became of them, with `first_day` and `first_at` of the customer."""
        return self.visible("orders")

    def refunds(self) -> str:
        """All refunds; those after the cut are left out where they meet their order."""
        return self._narrow(REFUNDS)

    def lines(self) -> str:
        """All lines of orders."""
        return self._narrow(ORDER_LINES)

    def visible(self, name: str, who: str = "customer_key") -> str:
        """The rows of a table that were known at the cut of their customer, with `cut`, `first_day` and `first_at`.

        Rows have happened by the end of the day of the cut; where a table carries a moment in UTC only, those of the
        same moment as the customer's first order or before are known too, whatever the time zone.
        """
        schema = CANONICAL[name]
        have = set(schema.column_names)
        if "day" in have:
            known = f"event.day <= {self._cut_of_base()}"
        else:
            moment = next(column for column in ("created_at", "valid_from", "occurred_at") if column in have)
            known = f"(CAST(event.{moment} AS DATE) <= {self._cut_of_base()} OR event.{moment} <= base.first_at)"
        base = self.base
        assert base is not None
        return (
            f"(SELECT event.*, base.cut, base.first_day, base.first_at FROM {self.relation(schema)} AS event "
            f"INNER JOIN {quoted(base)} AS base ON base.customer_key = event.{who} WHERE {known})"
        )

    def present(self, name: str, **expressions: str) -> set[str]:
        """The columns of a table that hold anything, and those of `expressions` (SQL) that do."""
        if not self.has(name):
            return set()
        schema = CANONICAL[name]
        there = self.columns(name)
        asked = {c.name: c.name for c in schema.columns if c.nullable and c.name in there and c.name not in _PLUMBING}
        asked |= expressions
        if not asked:
            return set()
        counts = self.engine.row(
            f"SELECT {', '.join(f'count({sql})' for sql in asked.values())} FROM {self.relation(schema)} AS canonical"
        )
        return {column for column, count in zip(asked, counts, strict=True) if count}

    def first_day(self, name: str) -> dt.date | None:
        """Day from which a table tells anything; None where it has no days, and tells of all time."""
        schema = CANONICAL[name]
        if "day" not in schema.column_names or not self.has(name):
            return None
        found: dt.date | None = self.engine.row(f"SELECT min(day) FROM {self.relation(schema)} AS canonical")[0]
        return found

    def end(self, name: str) -> dt.date | None:
        """Last day of which a table tells anything."""
        relation = self.relation(CANONICAL[name])
        found: dt.date | None = self.engine.row(f"SELECT max(day) FROM {relation} AS canonical")[0]
        return found

    @cached_property
    def last_day(self) -> dt.date:
        """Last day of which any table tells anything: how things stood when the data were read."""
        days = [self.end(name) for name in self.tables if "day" in CANONICAL[name].column_names]
        return max((day for day in days if day is not None), default=dt.date.max)

    def words(self, name: str, column: str, where: str = "TRUE") -> list[str]:
        """The most frequent words of a column, in the order of the alphabet."""
        rows = self.engine.rows(
            f"SELECT {column}, count(*) AS seen FROM {self.relation(CANONICAL[name])} AS canonical "
            f"WHERE {column} IS NOT NULL AND {where} GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT {MOST_KINDS}"
        )
        return sorted(str(row[0]) for row in rows)

    def _narrow(self, schema: Schema) -> str:
        """A table's rows up to the day that bounds all cuts."""
        relation = self.relation(schema)
        if self.at is None:
            return relation
        return f"(SELECT * FROM {relation} AS canonical WHERE day <= {day_literal(self.at)})"

    def _cut(self) -> str:
        return day_literal(self.at) if self.at is not None else "chosen.cut"

    def _cut_of_base(self) -> str:
        return day_literal(self.at) if self.at is not None else "base.cut"

    def _joined(self, alias: str, where: str) -> str:
        if self.at is not None:
            if self.cuts is None:
                return f"WHERE {where}"
            return f"WHERE {where} AND {alias}.customer_key IN (SELECT customer_key FROM {quoted(self.cuts)})"
        assert self.cuts is not None
        on = f"chosen.customer_key = {alias}.customer_key AND {alias}.day <= chosen.cut"
        return f"INNER JOIN {quoted(self.cuts)} AS chosen ON {on} WHERE {where}"


def slugs(words: Sequence[str]) -> list[str]:
    """Words as parts of column names, all different.

    >>> slugs(["Tea of the month", "tea/of the month", "6"])
    ['tea_of_the_month', 'tea_of_the_month_2', 'n_6']
    """
    made: list[str] = []
    for word in words:
        stem = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")[:32] or "other"
        stem = f"n_{stem}" if stem[0].isdigit() else stem
        number = sum(1 for other in made if other == stem or re.fullmatch(rf"{re.escape(stem)}_\d+", other))
        made.append(stem if not number else f"{stem}_{number + 1}")
    return made


def repetitions(word: str, values: Sequence[str], said: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """What lines of a template that name ``{word}`` are repeated with."""
    return [
        {word: slug, f"{word}_literal": literal(value), f"{word}_words": (said or {}).get(value, value)}
        for slug, value in zip(slugs(values), values, strict=True)
    ]
