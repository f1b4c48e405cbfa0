"""Leads as rows of arrays: when each came, what was known of it, and what has become of it by a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.columns import CANONICAL
from keepers.domain.errors import InputError
from keepers.domain.time import parse_day
from keepers.numerics.conversion import Outcome
from keepers.summaries.feature_sources import Known, tables_of
from keepers.summaries.purchases import day_literal

PACKAGE = "keepers.acquisition.leads.sql"

_FREE_MAIL = (
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "live.com", "icloud.com", "me.com",
    "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "freenet.de", "orange.fr", "free.fr", "laposte.net",
    "libero.it", "mail.ru", "proton.me", "protonmail.com", "msn.com", "yahoo.co.uk", "btinternet.com", "ziggo.nl",
)  # fmt: skip
"""Hosts of private mail; an address elsewhere is mostly a company's."""

_OWN = ("channel", "campaign", "country", "owner", "amount")


@dataclass(frozen=True, eq=False)
class LeadTable:
    """One row a lead, the oldest first.

    Attributes
    ----------
    engine : Engine
    ids, events, keys : arrays of str, shape (n,)
        Lead, its event, and its customer or None.
    day : array of datetime64[D], shape (n,)
        When it came.
    outcome : array of int, shape (n,)
        See `keepers.numerics.conversion.Outcome`, as of `until`.
    days : array of int, shape (n,)
        Days from coming to the outcome; days that were over by `until`, where there is none or it has no day.
    won_day : array of datetime64[D], shape (n,)
        NaT where not won, or on an unknown day.
    company, channel, owner : arrays of str, shape (n,)
    columns : dict of array
        What is known of each: numbers (NaN where nothing), texts (None where nothing), days (NaT where nothing).
    until : date
        The last day that is known.
    notes : tuple of str
        What a reader should know.
    """

    engine: Engine
    ids: NDArray[Any]
    events: NDArray[Any]
    keys: NDArray[Any]
    day: NDArray[np.datetime64]
    outcome: IntArray
    days: IntArray
    won_day: NDArray[np.datetime64]
    company: NDArray[Any]
    channel: NDArray[Any]
    owner: NDArray[Any]
    columns: dict[str, NDArray[Any]]
    until: dt.date
    notes: tuple[str, ...] = field(default=())

    @property
    def size(self) -> int:
        """Number of leads."""
        return int(self.day.size)

    @property
    def age(self) -> IntArray:
        """Days that were over for each lead by `until`, its own included."""
        return np.asarray((np.datetime64(self.until, "D") - self.day).astype(np.int64) + 1)

    @property
    def open(self) -> NDArray[np.bool_]:
        """Neither won nor lost yet."""
        return np.asarray(self.outcome == Outcome.OPEN)

    @property
    def won(self) -> NDArray[np.bool_]:
        """Became customers."""
        return np.asarray((self.outcome == Outcome.WON) | (self.outcome == Outcome.WON_UNDATED))

    def take(self, rows: NDArray[Any]) -> LeadTable:
        """Some of the leads."""
        chosen = {
            name: getattr(self, name)[rows]
            for name in ("ids", "events", "keys", "day", "outcome", "days", "won_day", "company", "channel", "owner")
        }
        return replace(self, **chosen, columns={name: column[rows] for name, column in self.columns.items()})

    def as_of(self, cut: dt.date) -> LeadTable:
        """The leads as they stood on an earlier day; those whose outcome has no day are left out.

        What is known of a lead carries no day and stays: `find_lead_leaks` tells what that hides.
        """
        edge = np.datetime64(cut, "D")
        dated = (self.outcome != Outcome.WON_UNDATED) & (self.outcome != Outcome.LOST_UNDATED)
        table = self.take(np.flatnonzero((self.day <= edge) & dated))
        closed = (table.outcome != Outcome.OPEN) & (table.day + table.days <= edge)
        seen = (edge - table.day).astype(np.int64) + 1
        return replace(
            table,
            outcome=np.where(closed, table.outcome, int(Outcome.OPEN)),
            days=np.where(closed, table.days, seen),
            won_day=np.where(closed, table.won_day, np.datetime64("NaT", "D")),
            until=cut,
        )


def read_leads(source: Any, until: dt.date | str | None = None) -> LeadTable:
    """The leads of a dataset or a simulated store, as of a day.

    A lead is won when its list says so, on the day it says, or on the day of the customer's first order after it where
    it says none; lost when its list says so. All others are open: neither a success nor a failure yet.

    Parameters
    ----------
    source : Dataset or Store
    until : date or ISO text, optional
        The last day that is known; the last day of orders and leads if left out.

    Raises
    ------
    InputError
        Without leads, or where no lead says when it came.
    """
    engine, tables = tables_of(source)
    known = Known(engine, tables, None)
    if not known.has("leads"):
        raise InputError(
            "There are no leads in what was read. Add the list of leads or deals of your CRM, with the day each was "
            "made and whether it was won: keepers run orders.csv leads.csv"
        )
    last = _last_day(known) if until is None else parse_day(until, "until")
    leads = known.relation(CANONICAL["leads"])
    total, dated, marked = engine.row(
        f"SELECT count(*), count(*) FILTER (occurred_at < received_at AND day <= {day_literal(last)}), "
        f"count(*) FILTER (won) FROM {leads} AS canonical"
    )
    if not dated:
        raise InputError(
            f"None of the {total:,} leads says on which day it came. Add the column with the day each lead was made "
            "(for example “Create Date”): without it nobody can tell a lead that failed from one that is young."
        )
    sql = fill(
        template(PACKAGE, "leads"),
        leads=leads,
        orders=known.relation(CANONICAL["orders"]),
        until=day_literal(last),
        marks="true" if marked else "false",
    )
    staged = engine.create(engine.new_name("leads"), sql)
    try:
        rows = engine.columns(f"SELECT * FROM {quoted(staged)} ORDER BY day, lead_id, event_id")
        told = _attributes(known, staged)
    finally:
        engine.drop(staged)
    notes = []
    if total > dated:
        notes.append(f"{total - dated:,} of {total:,} leads carry no day, or a later one, and were left out.")
    if not marked:
        notes.append("The list of leads does not say which were won: a first order after the lead counts as that.")
    return _table(engine, rows, told, last, notes)


def _last_day(known: Known) -> dt.date:
    """The last day of which anything is known: of orders, of leads, and of their outcomes."""
    engine = known.engine
    parts = [
        f"SELECT max(day) AS day FROM {known.relation(CANONICAL['leads'])} AS canonical WHERE occurred_at < received_at"
    ]
    if known.has("orders"):
        parts.append(f"SELECT max(day) AS day FROM {known.relation(CANONICAL['orders'])} AS canonical WHERE counted")
    found: dt.date | None = engine.row(f"SELECT max(day) FROM ({' UNION ALL '.join(parts)}) AS days")[0]
    return found or dt.date(1970, 1, 1)


def _attributes(known: Known, staged: str) -> dict[str, dict[str, str]]:
    """By name, what each lead's event says; from the list itself, and dated ones of its customer from before it."""
    engine = known.engine
    parts = []
    if known.has("lead_attributes"):
        parts.append(
            f"SELECT lead_event_id AS event_id, attribute, value FROM {known.relation(CANONICAL['lead_attributes'])} "
            "AS canonical"
        )
    if known.has("customer_attributes"):
        parts.append(
            f"SELECT l.event_id, a.attribute, arg_max(a.value, a.valid_from) AS value FROM {quoted(staged)} AS l "
            f"INNER JOIN {known.relation(CANONICAL['customer_attributes'])} AS a ON a.customer_key = l.customer_key "
            f"WHERE a.attribute IN ({_lead_attributes(known)}) AND (a.valid_from <= l.occurred_at "
            "OR CAST(a.valid_from AS DATE) <= l.day) GROUP BY 1, 2"
        )
    if known.has("persons"):
        host = "split_part(lower(p.email), '@', 2)"
        private = ", ".join(f"'{one}'" for one in _FREE_MAIL)
        parts.append(
            f"SELECT l.event_id, 'address' AS attribute, CASE WHEN {host} IN ({private}) THEN 'private' ELSE "
            f"'of a company' END AS value FROM {quoted(staged)} AS l INNER JOIN "
            f"{known.relation(CANONICAL['persons'])} AS p ON p.customer_key = l.customer_key WHERE p.email IS NOT NULL"
        )
    if not parts:
        return {}
    found = engine.columns(" UNION ALL ".join(parts))
    told: dict[str, dict[str, str]] = {}
    for event, name, value in zip(found["event_id"], found["attribute"], found["value"], strict=True):
        told.setdefault(str(name), {})[str(event)] = str(value)
    return told


def _lead_attributes(known: Known) -> str:
    """Attributes of customers that are known of most leads by the day they came: those that a form has asked for."""
    leads = known.relation(CANONICAL["leads"])
    found = known.engine.rows(
        f"SELECT a.attribute FROM {leads} AS l INNER JOIN {known.relation(CANONICAL['customer_attributes'])} AS a "
        "ON a.customer_key = l.customer_key WHERE a.valid_from <= l.occurred_at OR CAST(a.valid_from AS DATE) <= l.day "
        f"GROUP BY 1 HAVING count(DISTINCT l.event_id) >= 0.5 * (SELECT count(*) FROM {leads} AS every) ORDER BY 1"
    )
    return ", ".join("'" + str(row[0]).replace("'", "''") + "'" for row in found) or "''"


def _table(
    engine: Engine, rows: dict[str, NDArray[Any]], told: dict[str, dict[str, str]], last: dt.date, notes: list[str]
) -> LeadTable:
    day = rows["day"].astype("datetime64[D]")
    won_day, lost_day = rows["won_day"].astype("datetime64[D]"), rows["lost_day"].astype("datetime64[D]")
    won, lost = rows["is_won"].astype(bool), rows["is_lost"].astype(bool)
    lost &= ~won
    dated_won, dated_lost = won & ~np.isnat(won_day), lost & ~np.isnat(lost_day)
    outcome = np.select(
        [dated_won, won, dated_lost, lost],
        [int(Outcome.WON), int(Outcome.WON_UNDATED), int(Outcome.LOST), int(Outcome.LOST_UNDATED)],
        int(Outcome.OPEN),
    )
    seen = rows["age"].astype(np.int64) + 1
    closed = np.where(dated_won, won_day, np.where(dated_lost, lost_day, day))
    days = np.where(dated_won | dated_lost, np.maximum((closed - day).astype(np.int64), 0), seen)
    events = rows["event_id"].astype(object)
    columns: dict[str, NDArray[Any]] = {}
    for name in _OWN:
        column = rows[name]
        columns[name] = column.astype(np.float64) if name == "amount" else column.astype(object)
    columns["bought_before"] = np.where(rows["bought_before"].astype(bool), "yes", "no").astype(object)
    for name, values in told.items():
        column = np.array([values.get(event) for event in events], dtype=object)
        columns[name if name not in columns else f"{name}_said"] = _typed(column)
    filled = {name: column for name, column in columns.items() if _tells(column)}
    return LeadTable(
        engine, rows["lead_id"].astype(object), events, rows["customer_key"].astype(object), day, outcome, days,
        np.where(dated_won, won_day, np.datetime64("NaT", "D")), rows["company"].astype(object),
        rows["channel"].astype(object), rows["owner"].astype(object), filled, last, tuple(notes),
    )  # fmt: skip


_MOSTLY = 0.95


def _typed(column: NDArray[Any]) -> NDArray[Any]:
    """A column of texts as numbers or days, where nearly all of them are."""
    words, back = np.unique(np.array(["" if value is None else value for value in column]), return_inverse=True)
    filled = words[back] != ""
    if not filled.any():
        return column
    numbers = np.array([_number(word) for word in words])[back]
    if np.isfinite(numbers[filled]).mean() >= _MOSTLY:
        return np.where(filled, numbers, np.nan)
    dates = np.array([_date(word) for word in words], dtype="datetime64[D]")[back]
    return dates if (~np.isnat(dates[filled])).mean() >= _MOSTLY else column


def _number(word: str) -> float:
    try:
        return float(word.replace(",", "")) if word and word[-1].isdigit() else np.nan
    except ValueError:
        return np.nan


def _date(word: str) -> np.datetime64:
    """A day as programs write it: 2026-05-01, with whatever time of day behind it."""
    try:
        return np.datetime64(dt.date.fromisoformat(word[:10]), "D")
    except ValueError:
        return np.datetime64("NaT", "D")


def _tells(column: NDArray[Any]) -> bool:
    """Whether not all rows say the same."""
    if column.dtype.kind == "f":
        known = column[np.isfinite(column)]
        return bool(known.size and (known.size < column.size or np.ptp(known) > 0))
    if column.dtype.kind == "M":
        return bool((~np.isnat(column)).any())
    return len({*column.tolist()}) > 1


def lead_orders(table: LeadTable, source: Any, money: str, until: dt.date) -> FloatArray:
    """Money of each won lead's customer from the day it was won to a day, as known then, shape (n,).

    A customer who came as several leads counts for the first that was won; NaN for all others.

    Parameters
    ----------
    table : LeadTable
    source : Orders
    money : str
        SQL of the money of an order.
    until : date
    """
    found = np.full(table.size, np.nan)
    rows = np.flatnonzero((table.outcome == Outcome.WON) & np.array([key is not None for key in table.keys], bool))
    if not rows.size:
        return found
    order = rows[np.argsort(table.won_day[rows], kind="stable")]
    _, first = np.unique(table.keys[order].astype(str), return_index=True)
    rows = np.sort(order[first])
    engine = table.engine
    name = engine.from_columns(
        engine.new_name("won"),
        {"place": rows, "customer_key": table.keys[rows], "won_day": table.won_day[rows].astype("datetime64[us]")},
    )
    try:
        sums = engine.columns(
            f"SELECT w.place, sum(CAST({money} AS DOUBLE)) AS money FROM {quoted(name)} AS w "
            f"LEFT JOIN ({source.purchases_sql(until.isoformat())}) AS purchase "
            "ON purchase.customer_key = w.customer_key AND purchase.day >= CAST(w.won_day AS DATE) "
            "GROUP BY w.place ORDER BY w.place"
        )
    finally:
        engine.drop(name)
    found[sums["place"].astype(np.int64)] = np.nan_to_num(sums["money"].astype(np.float64))
    return found
