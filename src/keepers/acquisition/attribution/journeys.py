"""The ways of visitors as arrays: who met which channel when, who became a customer, and who did not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.table import Table
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.columns import CANONICAL
from keepers.domain.errors import ConfigError, InputError
from keepers.numerics.absorbing_chain import Visits
from keepers.numerics.contact_hazard import Exposure
from keepers.numerics.path_rules import PathArrays
from keepers.summaries.feature_sources import Known, tables_of
from keepers.summaries.purchases import day_literal
from keepers.valuation.lifetime_value import historic_sql
from keepers.valuation.values import Values

PACKAGE = "keepers.acquisition.sql"
LOOK_BACK = 30
"""Days that a contact counts, where nothing else is asked."""
FEWEST = 30
"""Customers with contacts from which on their ways are judged."""
_SHARE_OF_DATA = 4
_LINKS = ("touches", "visits", "exposures")
_BETWEEN = "\x1f"
"""Stands between channels where ways are told apart, since it stands in no name."""


@dataclass(frozen=True, eq=False)
class Journeys:
    """Ways of visitors that began in the time that is looked at.

    Attributes
    ----------
    engine : Engine
    channels : tuple of str
        Names, in the order of their numbers.
    customers : array of str, shape (n + m,)
        Customers won after contacts, then those whom no contact led to.
    won : int
        n, the former.
    first_day : array of datetime64, shape (n + m,)
        Day of their first order.
    ways : PathArrays
        The n ways of those who were won.
    lag : array of int
        Days from each of their contacts to the first order.
    distinct : PathArrays
        Different ways; `visits` says how often each was walked and `way` which one each customer walked.
    exposure : Exposure
        The same with days, for the hazard.
    since, until, end : date
        Ways that began from `since` to `until` count, and what became of them up to `end`.
    look_back : int
        Days that a contact counts.
    lost, unresolved, later, unseen : int
        Ways without an order, those that may still end in one, contacts after the first order, and customers who came
        before or after the time that is looked at.
    notes : tuple of str
        What a person should know.
    """

    engine: Engine
    channels: tuple[str, ...]
    customers: NDArray[Any]
    won: int
    first_day: NDArray[np.datetime64]
    ways: PathArrays
    lag: IntArray
    distinct: PathArrays
    visits: Visits
    way: IntArray
    exposure: Exposure
    since: dt.date
    until: dt.date
    end: dt.date
    look_back: int
    lost: int
    unresolved: int
    later: int
    unseen: int
    notes: tuple[str, ...] = ()

    @property
    def unled(self) -> int:
        """Customers of the time that is looked at whom no contact led to."""
        return int(self.customers.size) - self.won


def journeys_of(source: Any, customers: Table, look_back: int = LOOK_BACK) -> Journeys:
    """Read the ways of visitors from touches and orders.

    Visitors are stitched to customers by any event that names both. A way is made of contacts of one person before the
    first order with no longer than `look_back` days between them, and it led to the order if that came no later than
    so many days after the last one. What happens after the first order is credited to no contact here. Ways begin long
    enough before the end of the data that what became of them is known, and after as many days of records.

    Parameters
    ----------
    source : Dataset or Store
        With touches and orders.
    customers : Table
        Customers with `customer_key` and `first_order_date`.
    look_back : int
        Days that a contact counts.

    Raises
    ------
    InputError
        There are no touches, or too few customers after contacts.
    ConfigError
        They are in a database or cluster.
    """
    engine, tables = tables_of(source)
    if "touches" not in tables or "orders" not in tables:
        raise InputError(
            "The ways of customers are made of contacts with marketing, and there are none among the data. Add a file "
            "with columns visitor or customer, date, channel (of Google Analytics, Segment, or any list)."
        )
    if not engine.is_embedded:
        raise ConfigError(
            f"Contacts are followed in the embedded engine, not in {engine.backend.label}. Read the files of touches "
            "and orders, and value customers from those."
        )
    if look_back < 1:
        raise InputError(f"A contact counts {look_back} days; it must count at least one.")
    known = Known(engine, tables, None)
    touches = known.relation(CANONICAL["touches"])
    first_touch, last_touch = engine.row(f"SELECT min(day), max(day) FROM {touches} AS touch WHERE channel IS NOT NULL")
    if first_touch is None:
        raise InputError("The contacts with marketing name no channel, so that none can be credited with anything.")
    end = min(last_touch, source.orders.last_day)
    days = (end - first_touch).days + 1
    notes: list[str] = []
    if days < _SHARE_OF_DATA * look_back:
        shorter = max(1, days // _SHARE_OF_DATA)
        notes.append(
            f"Contacts are known of {days} days, so that each counts for {shorter} days instead of {look_back}."
        )
        look_back = shorter
    since, until = first_touch + dt.timedelta(days=look_back), end - dt.timedelta(days=look_back)
    firsts = _firsts(engine, customers, known, end)
    contacts = _contacts(engine, known, touches, firsts, end, look_back)
    paths = engine.create(
        engine.new_name("paths"),
        fill(
            template(PACKAGE, "paths"), contacts=quoted(contacts), since=day_literal(since), until=day_literal(until),
            end=day_literal(end), look_back=str(look_back),
        ),
    )  # fmt: skip
    try:
        return _read(engine, paths, contacts, firsts, touches, (since, until, end), look_back, notes)
    finally:
        for name in (paths, contacts, firsts):
            engine.drop(name)


def _firsts(engine: Engine, customers: Table, known: Known, end: dt.date) -> str:
    """Customers with day and moment of their first order, by the end."""
    orders = known.relation(CANONICAL["orders"])
    return engine.create(
        engine.new_name("firsts"),
        "SELECT customer.customer_key, min(customer.first_order_date) AS first_day, "
        f"min(placed.occurred_at) AS first_at FROM {quoted(customers.name)} AS customer INNER JOIN {orders} AS placed "
        "ON placed.customer_key = customer.customer_key AND placed.day = customer.first_order_date AND placed.counted "
        f"WHERE customer.first_order_date <= {day_literal(end)} GROUP BY customer.customer_key",
    )


def _contacts(engine: Engine, known: Known, touches: str, firsts: str, end: dt.date, look_back: int) -> str:
    links = [
        f"SELECT visitor_id, customer_key, occurred_at FROM {known.relation(CANONICAL[name])} AS {name}"
        for name in _LINKS
        if known.has(name)
    ]
    timed = _has_clock(engine, f"SELECT first_at AS moment FROM {quoted(firsts)}") and _has_clock(
        engine, f"SELECT occurred_at AS moment FROM {touches} AS touch"
    )
    before = "day < first_day OR occurred_at <= first_at" if timed else "day <= first_day"
    return engine.create(
        engine.new_name("contacts"),
        fill(
            template(PACKAGE, "contacts"), links=" UNION ALL ".join(links), touches=touches, firsts=quoted(firsts),
            end=day_literal(end), before=f"({before})", look_back=str(look_back),
        ),
    )  # fmt: skip


def _has_clock(engine: Engine, moments: str) -> bool:
    """Whether moments have a time of day: midnights of a time zone with summer time are two times in UTC at most."""
    return int(engine.row(f"SELECT count(DISTINCT CAST(moment AS TIME)) FROM ({moments}) AS told")[0]) > 2


def _read(
    engine: Engine,
    paths: str,
    contacts: str,
    firsts: str,
    touches: str,
    days: tuple[dt.date, dt.date, dt.date],
    look_back: int,
    notes: list[str],
) -> Journeys:
    since, until, end = days
    table, met = quoted(paths), quoted(contacts)
    won, lost, unresolved = engine.row(
        "SELECT count(*) FILTER (converted), count(*) FILTER (NOT converted AND NOT unresolved), "
        "count(*) FILTER (unresolved) "
        f"FROM {table} AS path"
    )
    if won < FEWEST:
        raise InputError(
            f"{won} customers came after a contact with marketing that is known, in ways begun from {since} to "
            f"{until}; {FEWEST} are needed. More will come with time, or with older contacts."
        )
    began = f"BETWEEN {day_literal(since)} AND {day_literal(until)}"
    channels = tuple(
        str(name)
        for (name,) in engine.rows(
            f"SELECT DISTINCT channel FROM {met} AS contact WHERE begin_day {began} ORDER BY channel"
        )
    )
    number = {name: place for place, name in enumerate(channels)}
    distinct = engine.columns(
        f"SELECT way_number, any_value(way) AS way, count(*) FILTER (converted) AS won, "
        f"count(*) FILTER (NOT converted) AS lost FROM {table} AS path WHERE NOT unresolved "
        "GROUP BY way_number ORDER BY way_number"
    )
    customers = engine.columns(
        f"SELECT path, customer_key, first_day, way_number FROM {table} AS path WHERE converted ORDER BY path"
    )
    unled = engine.columns(
        f"SELECT customer_key, first_day FROM {quoted(firsts)} AS first WHERE first_day {began} "
        f"AND customer_key NOT IN (SELECT customer_key FROM {met} AS contact "
        f"WHERE first_day IS NOT NULL AND date_diff('day', touch_day, first_day) <= {look_back}) ORDER BY customer_key"
    )
    everybody, later = engine.row(
        f"SELECT (SELECT count(*) FROM {quoted(firsts)}), "
        f"(SELECT count(*) FROM {touches} AS touch INNER JOIN {quoted(firsts)} AS first "
        f"ON first.customer_key = touch.customer_key WHERE touch.day > first.first_day)"
    )
    ways, lag = _ways(engine, table, met, customers["path"], number)
    return Journeys(
        engine=engine,
        channels=channels,
        customers=np.concatenate([customers["customer_key"], unled["customer_key"]]).astype(object),
        won=int(won),
        first_day=np.concatenate([customers["first_day"], unled["first_day"]]).astype("datetime64[D]"),
        ways=ways,
        lag=lag,
        distinct=_different(distinct["way"], number),
        visits=Visits(distinct["won"].astype(np.float64), distinct["lost"].astype(np.float64)),
        way=np.searchsorted(distinct["way_number"], customers["way_number"]),
        exposure=_exposure(engine, table, met, ways, lag, number, end, look_back),
        since=since,
        until=until,
        end=end,
        look_back=look_back,
        lost=int(lost),
        unresolved=int(unresolved),
        later=int(later),
        unseen=int(everybody) - int(won) - int(unled["customer_key"].size),
        notes=tuple(notes),
    )


def _ways(
    engine: Engine, paths: str, contacts: str, customers: NDArray[Any], number: dict[str, int]
) -> tuple[PathArrays, IntArray]:
    """The ways of customers, contact by contact, and the days from each contact to the first order."""
    steps = engine.columns(
        f"SELECT contact.path, contact.channel, date_diff('day', contact.day, path.first_day) AS lag "
        f"FROM {contacts} AS contact INNER JOIN {paths} AS path ON path.path = contact.path AND path.converted "
        "ORDER BY contact.path, contact.place"
    )
    starts = _starts(customers, steps["path"])
    return PathArrays(_numbers(steps["channel"], number), starts, len(number)), steps["lag"].astype(np.int64)


def _different(ways: NDArray[Any], number: dict[str, int]) -> PathArrays:
    """Different ways from their texts, channel after channel."""
    walked = [[number[name] for name in str(way).split(_BETWEEN)] for way in ways]
    return PathArrays(
        np.array([place for way in walked for place in way], dtype=np.int64),
        np.concatenate([[0], np.cumsum([len(way) for way in walked])]).astype(np.int64), len(number),
    )  # fmt: skip


def _exposure(
    engine: Engine, paths: str, contacts: str, ways: PathArrays, lag: IntArray, number: dict[str, int], end: dt.date,
    look_back: int,
) -> Exposure:  # fmt: skip
    waited = engine.columns(
        f"""SELECT channel, days, opening, count(*) AS times FROM (
            SELECT contact.channel, contact.place = 0 AS opening,
                CASE WHEN path.converted THEN date_diff('day', contact.day, path.first_day)
                     ELSE least(date_diff('day', contact.day, path.touch_day) + {look_back},
                                date_diff('day', contact.day, {day_literal(end)}) + 1) END AS days
            FROM {contacts} AS contact INNER JOIN {paths} AS path ON path.path = contact.path
        ) AS waiting GROUP BY channel, days, opening ORDER BY channel, days, opening"""
    )
    quiet = engine.row(f"SELECT sum(quiet_days) FROM {paths} AS path")[0]
    return Exposure(
        ways.paths, ways.channels, ways.path, ways.channel, lag, ways.place == 0, _numbers(waited["channel"], number),
        waited["days"].astype(np.int64), waited["opening"].astype(bool), waited["times"].astype(np.float64),
        float(quiet or 0),
    )  # fmt: skip


def _numbers(names: NDArray[Any], number: dict[str, int]) -> IntArray:
    distinct, which = np.unique(names.astype(str), return_inverse=True)
    return np.array([number[str(name)] for name in distinct], dtype=np.int64)[which.ravel()]


def _starts(paths: NDArray[Any], of_contact: NDArray[Any]) -> IntArray:
    """Where the contacts of each path begin; both are sorted."""
    begin = np.searchsorted(of_contact, paths)
    return np.concatenate([begin, [of_contact.size]]).astype(np.int64)


def place_table(engine: Engine, customers: NDArray[Any], place: IntArray) -> str:
    """A table of the engine that says in which group each customer is."""
    return engine.from_columns(engine.new_name("places"), {"customer_key": customers, "place": place})


def expected_worth(values: Values, places: str, groups: int) -> tuple[FloatArray, FloatArray]:
    """What the customers of each group have brought, and are expected to bring within the horizon."""
    facts = values.facts
    values.needs(values.value_column)
    found = values.engine.columns(
        f"SELECT place.place, sum({historic_sql(facts)}) AS past, "
        f"sum(CAST(value.{values.value_column} AS DOUBLE)) AS ahead FROM {quoted(places)} AS place "
        f"INNER JOIN {quoted(values.name)} AS value ON value.customer_key = place.customer_key "
        f"INNER JOIN {quoted(facts.summary.name)} AS summary ON summary.customer_key = place.customer_key "
        "GROUP BY place.place"
    )
    past, ahead = np.zeros(groups), np.zeros(groups)
    row = found["place"].astype(np.int64)
    past[row], ahead[row] = found["past"], found["ahead"]
    return past, ahead
