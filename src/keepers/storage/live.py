"""What every customer is worth now: the values of the newest run, changed by each order since."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Date, RowMapping, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from keepers.data.engine import Engine
from keepers.domain.errors import EngineError
from keepers.domain.live import History, LiveOrder
from keepers.storage.bulk import insert_rows, upsert_rows
from keepers.storage.generation import Generation
from keepers.storage.live_cells import Bands, bands_of, count, count_all
from keepers.storage.live_filter import GROUPS
from keepers.storage.live_indexes import INDEXES, drop_indexes, make_index, of_generation
from keepers.storage.live_persons import Person, persons_of, put_persons
from keepers.storage.schema import Moment
from keepers.storage.service_schema import (
    CURRENT,
    FILLING,
    GENERATIONS,
    LIVE_CUSTOMERS,
    LIVE_IDENTITIES,
    LIVE_ORDERS,
    LONGEST_NAME,
    RETIRED,
)

_AT_ONCE = 500
"""Names in one statement: a database admits only so many parameters."""

_HISTORY = ("first_day", "last_day", "frequency", "monetary_value", "monetary_value_all", "orders", "revenue")


@dataclass(frozen=True, slots=True)
class LiveCustomer:
    """One customer now; `fields` is everything that the run said beyond the columns."""

    customer_key: str
    history: History
    base: History | None
    values: Mapping[str, Any]
    fields: Mapping[str, Any]
    updated_at: dt.datetime
    by_event: bool


VALUES = (
    "probability_alive", "expected_orders", "value", "value_low", "value_high", "value_also", "value_lifetime",
    "value_infinite", "value_learned", "money_at_risk", "state", "tier", "rfm_group", "segment", "channel", "country",
)  # fmt: skip
"""Columns beside the history."""


class LiveBook:
    """Live values inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(
        self, folder: str, as_of: dt.date, made_at: dt.datetime, settings: Mapping[str, Any], base_event: int
    ) -> int:
        """A generation that is being filled; one that was left half-filled is not served and goes with the next."""
        self._connection.execute(update(GENERATIONS).where(GENERATIONS.c.status == FILLING).values(status=RETIRED))
        row = {
            "folder": folder, "as_of": as_of, "made_at": made_at, "customers": 0, "settings": dict(settings),
            "status": FILLING, "base_event": base_event, "applied_event": base_event,
        }  # fmt: skip
        made = self._connection.execute(insert(GENERATIONS).values(**row)).inserted_primary_key
        assert made is not None
        return int(made[0])

    def fill(self, generation: int, engine: Engine, which: str) -> None:
        """Rows of a generation that is being filled: those of the engine's table `live_customers` for which `which`
        holds. It has the columns of the state's, but for the generation and those that are the same of everybody."""
        columns = [column for column in LIVE_CUSTOMERS.c if column.name not in ("generation", "by_event")]
        listed = ", ".join(_as_kept(column) for column in columns)
        insert_rows(
            self._connection, LIVE_CUSTOMERS.name, ("generation", "by_event", *(column.name for column in columns)),
            engine, f"SELECT {generation}, 0, {listed} FROM {LIVE_CUSTOMERS.name} WHERE {which} ORDER BY customer_key",
        )  # fmt: skip

    def index(self, generation: int, index: str) -> None:
        """Make one of `keepers.storage.live_indexes.INDEXES` for the generation that is being filled."""
        self.still_filling(generation)
        make_index(self._connection, generation, index)

    def count(self, generation: int, bands: Bands, engine: Engine, which: str = "true") -> None:
        """Count the customers who were filled in, by bands; from here on every change of them is counted too."""
        count_all(self._connection, generation, bands, engine, which)
        row = update(GENERATIONS).where(GENERATIONS.c.id == generation)
        self._connection.execute(row.values(bands=bands.to_dict()))

    def publish(self, generation: int) -> None:
        """Let the generation that is being filled be the current one, with all its indexes, in place of the earlier."""
        self.still_filling(generation)
        for index in INDEXES:
            make_index(self._connection, generation, index)
        count = select(func.count()).where(LIVE_CUSTOMERS.c.generation == generation).scalar_subquery()
        self._connection.execute(update(GENERATIONS).where(GENERATIONS.c.status == CURRENT).values(status=RETIRED))
        self._connection.execute(
            update(GENERATIONS).where(GENERATIONS.c.id == generation).values(status=CURRENT, customers=count)
        )

    def moved(self, folder: Path) -> None:
        """The results behind the values that are served lie elsewhere now."""
        self._connection.execute(update(GENERATIONS).where(GENERATIONS.c.status == CURRENT).values(folder=str(folder)))

    def forget_retired(self, at_once: int | None = None) -> bool:
        """Remove generations that are no longer served, so many customers at once; gives whether some are left."""
        retired = select(GENERATIONS.c.id).where(GENERATIONS.c.status == RETIRED).order_by(GENERATIONS.c.id).limit(1)
        table = LIVE_CUSTOMERS.c
        while (number := self._connection.execute(retired).scalar()) is not None:
            if self._connection.dialect.name == "sqlite":
                drop_indexes(self._connection, number)
            some = delete(LIVE_CUSTOMERS).where(table.generation == number)
            if at_once is not None:
                keys = select(table.customer_key).where(table.generation == number).order_by(table.customer_key)
                last = self._connection.execute(keys.offset(at_once - 1).limit(1)).scalar()
                if last is not None:
                    self._connection.execute(some.where(table.customer_key <= last))
                    return True
            self._connection.execute(some)
            self._connection.execute(delete(GENERATIONS).where(GENERATIONS.c.id == number))
        return False

    def current(self) -> Generation | None:
        """The generation that is served; None before the first."""
        return Generation.of(self._connection, CURRENT)

    def filling(self) -> Generation | None:
        """The generation that is being filled."""
        return Generation.of(self._connection, FILLING)

    def still_filling(self, generation: int) -> Generation:
        """The generation that is being filled, which must be this one.

        Raises
        ------
        EngineError
            Another process began to fill one of another run.
        """
        filling = self.filling()
        if filling is None or filling.number != generation:
            raise EngineError("Values of another run are being published; these are left out. Run again.")
        return filling

    def applied(self, generation: int, event: int) -> None:
        """The values of a generation know of events up to one."""
        self._connection.execute(update(GENERATIONS).where(GENERATIONS.c.id == generation).values(applied_event=event))

    def customers(self, generation: int, keys: Iterable[str]) -> dict[str, LiveCustomer]:
        """Customers by key."""
        table, found = LIVE_CUSTOMERS, {}
        for some in _parts(keys):
            query = select(table).where(table.c.generation == generation, table.c.customer_key.in_(some))
            for row in self._connection.execute(query).mappings():
                found[row["customer_key"]] = live_customer(row)
        return found

    def put(self, generation: int, customers: Sequence[LiveCustomer]) -> None:
        """Customers as they are now, new ones among them."""
        if not customers:
            return
        bands, keys = bands_of(self._connection, generation), [one.customer_key for one in customers]
        if bands is not None:
            count(self._connection, generation, bands, keys, -1)
        statement: Any = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        row = statement.insert(LIVE_CUSTOMERS)
        changed = {
            column.name: row.excluded[column.name] for column in LIVE_CUSTOMERS.c
            if column.name not in ("generation", "customer_key")
        }  # fmt: skip
        self._connection.execute(
            row.on_conflict_do_update(index_elements=["generation", "customer_key"], set_=changed),
            [_row(generation, customer) for customer in customers],
        )
        if bands is not None:
            count(self._connection, generation, bands, keys, 1)

    def changed_since(self, generation: int, moment: dt.datetime, limit: int) -> list[LiveCustomer]:
        """Customers whom events changed after a moment, the newest first."""
        table = LIVE_CUSTOMERS
        query = (
            select(table)
            .where(of_generation(generation), table.c.updated_at > moment, table.c.by_event)
            .order_by(table.c.updated_at.desc())
            .limit(limit)
        )
        return [live_customer(row) for row in self._connection.execute(query).mappings()]

    def keys_of(self, names: Iterable[str]) -> dict[str, str]:
        """The customer's key for each name that is known."""
        table = LIVE_IDENTITIES
        found: dict[str, str] = {}
        for some in _parts(names):
            rows = self._connection.execute(select(table).where(table.c.known_as.in_(some)))
            found.update((row.known_as, row.customer_key) for row in rows)
        return found

    def know(self, names: Mapping[str, str]) -> None:
        """Names of customers; a name keeps the key that it has."""
        if not names:
            return
        statement: Any = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        self._connection.execute(
            statement.insert(LIVE_IDENTITIES).on_conflict_do_nothing(index_elements=["known_as"]),
            [{"known_as": known, "customer_key": key} for known, key in names.items()],
        )

    def orders(self, ids: Iterable[str]) -> dict[str, LiveOrder]:
        """Orders that came as events, by number."""
        found = {}
        for some in _parts(ids):
            for row in self._connection.execute(select(LIVE_ORDERS).where(LIVE_ORDERS.c.order_id.in_(some))):
                found[row.order_id] = LiveOrder(*row)
        return found

    def orders_of(self, keys: Iterable[str], after: int) -> dict[str, list[LiveOrder]]:
        """Orders of customers from events after one, by customer."""
        found: dict[str, list[LiveOrder]] = {}
        for some in _parts(keys):
            query = select(LIVE_ORDERS).where(LIVE_ORDERS.c.customer_key.in_(some), LIVE_ORDERS.c.event_id > after)
            for row in self._connection.execute(query):
                found.setdefault(row.customer_key, []).append(LiveOrder(*row))
        return found

    def bases(self, generation: int) -> dict[str, History]:
        """The history of every customer as the run of a generation knew it."""
        table = LIVE_CUSTOMERS.c
        untouched = select(table.customer_key, *(table[name] for name in _HISTORY)).where(
            table.generation == generation, table.by_event.is_(False)
        )
        found = {row[0]: History(*row[1:]) for row in self._connection.execute(untouched)}
        touched = select(table.customer_key, table.base).where(
            table.generation == generation, table.by_event.is_(True), table.base.is_not(None)
        )
        for key, base in self._connection.execute(touched):
            found[key] = History.from_dict(json.loads(base))
        return found

    def days_with_orders(self, after: int, since: dt.date, until: dt.date) -> dict[str, int]:
        """On how many days customers ordered by events after one, after a day and up to another."""
        table = LIVE_ORDERS.c
        query = (
            select(table.customer_key, func.count(func.distinct(table.day)))
            .where(table.event_id > after, table.day > since, table.day <= until, table.cancelled.is_(False))
            .group_by(table.customer_key)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def orders_by_event(self, until: int, since: dt.date, last: dt.date) -> int:
        """How many orders of days after one came as events up to one."""
        table = LIVE_ORDERS.c
        query = select(func.count()).where(table.event_id <= until, table.day > since, table.day <= last)
        return int(self._connection.execute(query).scalar_one())

    def first_order_by_event(self) -> dt.date | None:
        """The day of the first order that came as an event."""
        found: dt.date | None = self._connection.execute(select(func.min(LIVE_ORDERS.c.day))).scalar()
        return found

    def put_orders(self, orders: Sequence[LiveOrder]) -> None:
        """Orders as they are now."""
        if not orders:
            return
        statement: Any = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        row = statement.insert(LIVE_ORDERS)
        changed = {name: row.excluded[name] for name in ("customer_key", "day", "amount", "refunded", "cancelled")}
        self._connection.execute(
            row.on_conflict_do_update(index_elements=["order_id"], set_=changed),
            [
                {
                    "order_id": one.order_id, "customer_key": one.customer_key, "day": one.day, "amount": one.amount,
                    "refunded": one.refunded, "cancelled": one.cancelled, "event_id": one.event_id,
                }
                for one in orders
            ],
        )  # fmt: skip

    def know_all(self, engine: Engine, query: str) -> None:
        """Whose every name is, as a run says it: a query of the engine of names and keys."""
        upsert_rows(self._connection, LIVE_IDENTITIES.name, ("known_as", "customer_key"), engine, query)

    def name(self, persons: Sequence[Person]) -> None:
        """Who customers are: keys, names and e-mail addresses; what is not said stays."""
        put_persons(self._connection, persons)

    def persons(self, keys: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
        """Name and e-mail address of customers, by key."""
        return persons_of(self._connection, list(dict.fromkeys(keys)))


def _row(generation: int, one: LiveCustomer) -> dict[str, Any]:
    return {
        **{name: getattr(one.history, name) for name in _HISTORY},
        **_kept(one.values),
        "generation": generation,
        "customer_key": one.customer_key,
        "updated_at": one.updated_at,
        "by_event": one.by_event,
        "base": None if one.base is None else json.dumps(one.base.to_dict()),
        "fields": json.dumps(one.fields, default=str),
    }


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns beside the history, with names of groups as short as an index takes them; an empty one is none."""
    return {
        name: ((values.get(name) or "")[:LONGEST_NAME] or None) if name in GROUPS else values.get(name)
        for name in VALUES
    }  # fmt: skip


def _as_kept(column: Column[Any]) -> str:
    """A column of the engine as both databases read it."""
    if isinstance(column.type, Date):
        return f"CAST({column.name} AS VARCHAR)"
    if isinstance(column.type, Moment):
        return f"strftime({column.name}, '%Y-%m-%d %H:%M:%S.%f')"
    return column.name


def live_customer(row: RowMapping) -> LiveCustomer:
    """A customer from a row of the table."""
    base = row["base"]
    return LiveCustomer(
        row["customer_key"],
        History(**{name: row[name] for name in _HISTORY}),
        None if base is None else History.from_dict(json.loads(base)),
        {name: row[name] for name in VALUES},
        json.loads(row["fields"]),
        row["updated_at"],
        row["by_event"],
    )


def _parts(names: Iterable[str]) -> Iterable[list[str]]:
    known = list(dict.fromkeys(names))
    for start in range(0, len(known), _AT_ONCE):
        yield known[start : start + _AT_ONCE]
