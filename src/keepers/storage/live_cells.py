"""Live customers counted and summed by the groups and bands that they are in, in the transaction that changes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

from keepers.data.engine import Engine
from keepers.storage.bulk import insert_rows
from keepers.storage.live_filter import GROUPS
from keepers.storage.live_indexes import KEYS, of_generation, read_by
from keepers.storage.live_persons import listed
from keepers.storage.service_schema import GENERATIONS, LIVE_CELLS, LIVE_CUSTOMERS

AHEAD = ("value", "value_also", "value_lifetime", "value_infinite")
"""Columns of value, each within a horizon."""

_OF_ENGINE: Any = sqlite.dialect()
"""What statements are written in that the engine reads too. PostgreSQL's FLOAT has half the digits there."""

_BANDS = ("orders", "last_day", "probability_alive", *AHEAD)
_MONEY = ("revenue", "probability_alive", *AHEAD)
_KEY = (*GROUPS, *(f"{name}_band" for name in _BANDS), "priced")


@dataclass(frozen=True, slots=True)
class Bands:
    """Where bands of columns begin but for the first, as the cells of a generation are counted.

    Parameters
    ----------
    cuts : mapping of str to sequence
        For `orders`, `last_day`, `probability_alive`, and each column of `AHEAD` that has bands.
    """

    cuts: Mapping[str, Sequence[Any]]

    def begin(self, column: str, cuts: Sequence[Any]) -> bool:
        """Whether the bands of a column begin there."""
        return list(self.cuts.get(column, ())) == list(cuts)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain = {name: list(cuts) for name, cuts in self.cuts.items()}
        return plain | {"last_day": [day.isoformat() for day in plain.get("last_day", ())]}

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Bands:
        """From what `to_dict` gave."""
        return cls({**said, "last_day": [dt.date.fromisoformat(day) for day in said["last_day"]]})


def bands_of(connection: Connection, generation: int) -> Bands | None:
    """The bands of a generation; None where its customers are not counted by cells, as of an earlier version."""
    said = connection.execute(select(GENERATIONS.c.bands).where(GENERATIONS.c.id == generation)).scalar()
    return None if said is None else Bands.from_dict(said)


def at_risk(column: str) -> ColumnElement[float]:
    """Money at risk of a customer within a horizon: the share in doubt is the customer's, however far one looks."""
    table = LIVE_CUSTOMERS.c
    if column == "value":
        return table.money_at_risk
    return case((table.value != 0, table.money_at_risk * table[column] / table.value), else_=table.money_at_risk)


def at_risk_in_cells(column: str) -> str:
    """The column of cells with its sum."""
    return column.replace("value", "at_risk")


def band(column: ColumnElement[Any], begins: Sequence[Any]) -> ColumnElement[int]:
    """The band that a value is in, from 0."""
    return case(*((column < begin, place) for place, begin in enumerate(begins)), else_=len(begins)) if begins else (
        literal(0)
    )  # fmt: skip


def count(connection: Connection, generation: int, bands: Bands, keys: Iterable[str], sign: int) -> None:
    """Add customers, as they are now, to the cells of a generation (`sign` 1), or take them out (-1)."""
    statement: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = _rows(bands).where(of_generation(generation), LIVE_CUSTOMERS.c.customer_key.in_(listed(connection, keys)))
    some = _summed(generation, read_by(rows, KEYS, generation), sign)
    row = statement.insert(LIVE_CELLS).from_select(list(some.selected_columns.keys()), some)
    more = {column.name: column + row.excluded[column.name] for column in LIVE_CELLS.c if not column.primary_key}
    connection.execute(row.on_conflict_do_update(index_elements=["generation", *_KEY], set_=more))


def count_all(connection: Connection, generation: int, bands: Bands, engine: Engine, kept: str) -> None:
    """Count customers of a generation that no cell has yet, by the engine, which still holds them.

    Parameters
    ----------
    connection : Connection
        Within the transaction that says that the generation is counted by these bands.
    generation : int
        Whose.
    bands : Bands
        By which.
    engine : Engine
        The embedded one, with a table named and laid out as that of live customers.
    kept : str
        What holds for those rows of it that are in the state.
    """
    query = _summed(generation, _rows(bands).where(text(kept)), 1)
    said = str(query.compile(dialect=_OF_ENGINE, compile_kwargs={"literal_binds": True}))
    insert_rows(connection, LIVE_CELLS.name, list(query.selected_columns.keys()), engine, said)


def count_out(connection: Connection, keys: Sequence[str]) -> None:
    """Take customers who are about to be removed out of the cells of every generation."""
    for generation in connection.execute(select(GENERATIONS.c.id)).scalars().all():
        bands = bands_of(connection, generation)
        if bands is not None:
            count(connection, generation, bands, keys, -1)


def _rows(bands: Bands) -> Select[Any]:
    """The groups, bands and money of each customer."""
    table = LIVE_CUSTOMERS.c
    risks = {at_risk_in_cells(name): at_risk(name) for name in AHEAD}
    money = {name: table[name] for name in _MONEY} | risks
    return select(
        *(func.coalesce(table[name], "").label(name) for name in GROUPS),
        *(
            case((table[name].is_(None), -1), else_=band(table[name], bands.cuts.get(name, ()))).label(f"{name}_band")
            for name in _BANDS
        ),
        (_known(table.revenue) + 2 * _known(table.money_at_risk)).label("priced"),
        *(column.label(f"{name}_sum") for name, column in money.items()),
    )


def _summed(generation: int, rows: Select[Any], sign: int) -> Select[Any]:
    # A query within the other, since PostgreSQL would not see that two expressions with parameters are one.
    each = rows.subquery().c
    return select(
        literal(generation).label("generation"), *(each[name] for name in _KEY),
        (sign * func.count()).label("customers"),
        *(
            (sign * func.coalesce(func.sum(each[f"{name}_sum"]), 0.0)).label(name)
            for name in (*_MONEY, *map(at_risk_in_cells, AHEAD))
        ),
    ).group_by(*(each[name] for name in _KEY))  # fmt: skip


def _known(column: ColumnElement[Any]) -> ColumnElement[int]:
    return case((column.is_(None), 0), else_=1)
