"""Erasing a person from the state: alerts, decisions, scores, live values and events, so that nothing is left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from keepers.data.engine import Engine, literal
from keepers.storage.generation import FORGOTTEN, forgotten_as
from keepers.storage.jobs import JobBook
from keepers.storage.live_cells import count_out
from keepers.storage.schema import ALERT_EVENTS, ALERTS, DECISION_CUSTOMERS, PUBLISHED_SCORES
from keepers.storage.service_schema import (
    GENERATIONS,
    LIVE_CUSTOMERS,
    LIVE_IDENTITIES,
    LIVE_ORDERS,
    LIVE_PERSONS,
    RECEIVED_EVENTS,
)
from keepers.storage.work_schema import SAVED_VIEWS

_AT_ONCE = 500
"""Names in one query: a database admits only so many."""
_EVENTS_AT_ONCE = 5_000
_LIVE = (LIVE_CUSTOMERS, LIVE_ORDERS, LIVE_PERSONS, LIVE_IDENTITIES)

NamesOf = Callable[[str], Iterable[str]]
"""What an event, as it was sent, calls its customer."""


@dataclass(frozen=True)
class Erasure:
    """What was erased.

    Attributes
    ----------
    alerts, decisions, scores, live, events : int
        Entries of each: alerts, places in decisions, rows of published scores, what the running system holds (values,
        orders, names, what the person is called), and events that programs sent.
    old, new : tuple of Path
        Files with published scores that are to be removed now, and those that took their place.
    """

    alerts: int
    decisions: int
    scores: int
    live: int = 0
    events: int = 0
    old: tuple[Path, ...] = ()
    new: tuple[Path, ...] = ()

    @property
    def entries(self) -> int:
        """All together."""
        return self.alerts + self.decisions + self.scores + self.live + self.events


def erase_customers(connection: Connection, snapshots: Path, keys: Sequence[str], names_of: NamesOf) -> Erasure:
    """Erase customers inside a transaction; files of scores are written anew beside the old ones, which still stand.

    Counts that no longer name anybody stay: outcomes of decisions, moves between segments, thresholds.

    Parameters
    ----------
    keys : sequence of str
        Customers.
    names_of : callable
        What an event, as it was sent, calls its customer; events that call somebody as these are called go too.
    """
    alerts = decisions = live = 0
    names: set[str] = set()
    searched = {key.casefold() for key in keys}
    for start in range(0, len(keys), _AT_ONCE):
        some = list(keys[start : start + _AT_ONCE])
        numbers = select(ALERTS.c.id).where(ALERTS.c.customer_key.in_(some)).scalar_subquery()
        connection.execute(delete(ALERT_EVENTS).where(ALERT_EVENTS.c.alert_id.in_(numbers)))
        alerts += connection.execute(delete(ALERTS).where(ALERTS.c.customer_key.in_(some))).rowcount
        gone = delete(DECISION_CUSTOMERS).where(DECISION_CUSTOMERS.c.customer_key.in_(some))
        decisions += connection.execute(gone).rowcount
        names |= names_of_customers(connection, some)
        person = LIVE_PERSONS.c
        who = connection.execute(select(person.name, person.email).where(person.customer_key.in_(some)))
        searched |= {text.casefold() for row in who for text in row if text}
        count_out(connection, some)
        for table in _LIVE:
            live += connection.execute(delete(table).where(table.c.customer_key.in_(some))).rowcount
    _forget_in_results(connection, keys)
    live += _kept_lists(connection, searched)
    events = _events(connection, names, names_of) if names else 0
    scores, old, new = _scores(connection, snapshots, keys)
    # A run that is under way has read them already, and would bring them back.
    JobBook(connection).begin_again("run")
    return Erasure(alerts, decisions, scores, live, events, old, new)


def _forget_in_results(connection: Connection, keys: Sequence[str]) -> None:
    """Let nobody be shown from the results that are served, whose files still name them, nor from those to come."""
    gone = {forgotten_as(key) for key in keys}
    for number, said in connection.execute(select(GENERATIONS.c.id, GENERATIONS.c.settings)).all():
        settings = {**said, FORGOTTEN: sorted({*said.get(FORGOTTEN, ()), *gone})}
        connection.execute(update(GENERATIONS).where(GENERATIONS.c.id == number).values(settings=settings))


def _kept_lists(connection: Connection, searched: set[str]) -> int:
    """Remove kept lists that search for one of the persons, by name, address or key."""
    rows = connection.execute(select(SAVED_VIEWS.c.id, SAVED_VIEWS.c.name, SAVED_VIEWS.c.query)).all()
    theirs = [
        number for number, name, query in rows
        if not searched.isdisjoint({name.casefold(), dict(parse_qsl(query)).get("search", "").strip().casefold()})
    ]  # fmt: skip
    for start in range(0, len(theirs), _AT_ONCE):
        connection.execute(delete(SAVED_VIEWS).where(SAVED_VIEWS.c.id.in_(theirs[start : start + _AT_ONCE])))
    return len(theirs)


def _events(connection: Connection, names: set[str], names_of: NamesOf) -> int:
    """Remove the events that are of customers with any of the names."""
    last, total = 0, 0
    while True:
        query = select(RECEIVED_EVENTS.c.id, RECEIVED_EVENTS.c.body).where(RECEIVED_EVENTS.c.id > last)
        rows = connection.execute(query.order_by(RECEIVED_EVENTS.c.id).limit(_EVENTS_AT_ONCE)).all()
        if not rows:
            return total
        theirs = [number for number, body in rows if not names.isdisjoint(names_of(body))]
        for start in range(0, len(theirs), _AT_ONCE):
            gone = delete(RECEIVED_EVENTS).where(RECEIVED_EVENTS.c.id.in_(theirs[start : start + _AT_ONCE]))
            total += connection.execute(gone).rowcount
        last = int(rows[-1][0])


def names_of_customers(connection: Connection, keys: Sequence[str]) -> set[str]:
    """What ids and addresses of some customers are kept as."""
    called, found = LIVE_IDENTITIES.c, set[str]()
    for start in range(0, len(keys), _AT_ONCE):
        some = list(keys[start : start + _AT_ONCE])
        found |= set(connection.execute(select(called.known_as).where(called.customer_key.in_(some))).scalars())
    return found


def known_customers(connection: Connection, snapshots: Path, keys: Sequence[str]) -> set[str]:
    """Those of some customers of whom the state holds anything."""
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        some = list(keys[start : start + _AT_ONCE])
        for table in (ALERTS, DECISION_CUSTOMERS, *_LIVE):
            column = table.c.customer_key
            found |= set(connection.execute(select(column).where(column.in_(some)).distinct()).scalars())
    engine = Engine()
    for path in _files(connection, snapshots):
        rows = engine.rows(f"SELECT DISTINCT customer_key FROM {_read(path)} WHERE {_one_of(keys)}")
        found |= {str(row[0]) for row in rows}
    engine.close()
    return found


def _scores(
    connection: Connection, snapshots: Path, keys: Sequence[str]
) -> tuple[int, tuple[Path, ...], tuple[Path, ...]]:
    """Write the files that hold any of the customers anew, and have the state name the new ones."""
    total, old, new = 0, [], []
    engine = Engine()
    try:
        for path in _files(connection, snapshots):
            count = int(engine.row(f"SELECT count(*) FROM {_read(path)} WHERE {_one_of(keys)}")[0])
            if not count:
                continue
            beside = path.with_name(f"{path.stem.rpartition('-')[0] or path.stem}-{uuid.uuid4().hex[:12]}.parquet")
            new.append(beside)
            engine.execute(
                f"COPY (SELECT * FROM {_read(path)} WHERE NOT ({_one_of(keys)})) TO {literal(str(beside))} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            connection.execute(
                update(PUBLISHED_SCORES)
                .where(PUBLISHED_SCORES.c.snapshot == bindparam("was"))
                .values(snapshot=beside.name, rows=PUBLISHED_SCORES.c.rows - count),
                {"was": path.name},
            )
            old.append(path)
            total += count
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise
    finally:
        engine.close()
    return total, tuple(old), tuple(new)


def _files(connection: Connection, snapshots: Path) -> list[Path]:
    names = connection.execute(select(func.distinct(PUBLISHED_SCORES.c.snapshot)).order_by(text("1"))).scalars()
    return [path for path in (snapshots / name for name in names) if path.exists()]


def _read(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _one_of(keys: Sequence[str]) -> str:
    return f"customer_key IN ({', '.join(literal(key) for key in keys)})"


def keys_of_address(connection: Connection, email: str) -> set[str]:
    """Customers whom the running system knows by an e-mail address."""
    person = LIVE_PERSONS.c
    return set(connection.execute(select(person.customer_key).where(func.lower(person.email) == email)).scalars())
