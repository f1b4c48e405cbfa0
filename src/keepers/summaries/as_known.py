"""The canonical tables as they would have been read at the end of a day: what came later is not in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keepers.data.engine import Engine, quoted
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.columns import CANONICAL
from keepers.domain.time import parse_day
from keepers.summaries.feature_sources import tables_of
from keepers.summaries.purchases import day_literal

_MOMENTS = {
    "customers": "created_at",
    "customer_attributes": "valid_from",
    "consents": "occurred_at",
    "assignments": "assigned_at",
}
"""Tables without a day of their own, and the moment from which a row is known."""

_CLOSED = "closed_on <= {at}"
_ENDED = "ended_on <= {at}"

_LATER: dict[str, dict[str, str]] = {
    "orders": {"voided_on": "CASE WHEN voided_on <= {at} THEN voided_on END"},
    "subscriptions": {
        "ended_on": f"CASE WHEN {_ENDED} THEN ended_on END",
        "status": f"CASE WHEN {_ENDED} THEN status END",
        "cancellation_reason": f"CASE WHEN {_ENDED} THEN cancellation_reason END",
    },
    "leads": {
        name: f"CASE WHEN {_CLOSED} THEN {name} END"
        for name in ("status", "stage", "owner", "amount", "won", "closed_on")
    },
    "referrals": {"converted": "CAST(NULL AS BOOLEAN)"},
    "treatments": {"accepted": "CAST(NULL AS BOOLEAN)", "cost": "CAST(NULL AS DECIMAL(18, 4))"},
    "customers": {
        name: f"CAST(NULL AS {column.type})"
        for name in ("accepts_marketing", "tags", "claimed_orders", "claimed_revenue")
        for column in CANONICAL["customers"].columns
        if column.name == name
    },
}
"""What a row says that became true, or was counted, on another day than the row's own: SQL of how it stood."""


@dataclass(frozen=True, eq=False)
class AsKnown:
    """Canonical tables up to a day, in the engine of the whole.

    Attributes
    ----------
    engine : Engine
    tables : dict of str to Table
        By canonical name.
    at : date
        The last day that is known.
    whole : object
        What it was cut from.
    """

    engine: Engine
    tables: dict[str, Table]
    at: dt.date
    whole: Any

    @cached_property
    def orders(self) -> Orders:
        """The orders up to the day, with the refunds and cancellations known by then."""
        whole = self.whole if isinstance(self.whole, Orders) else getattr(self.whole, "orders", None)
        assert isinstance(whole, Orders)
        return Orders(
            self.engine,
            self.tables["orders"].name,
            refunds=self.tables.get("refunds"),
            currency=whole.currency,
            has_money=whole.has_money,
            has_contribution=whole.has_contribution,
        )

    def drop(self) -> None:
        """Forget the tables."""
        for table in self.tables.values():
            self.engine.drop(table.name)


def as_known(source: Any, at: dt.date | str) -> AsKnown:
    """Everything that could have been read at the end of a day, as views on the whole.

    Parameters
    ----------
    source : Dataset, Store or Orders
    at : date or ISO text

    Returns
    -------
    AsKnown
        Rows after the day are not there. Of rows that changed later, what was said later is empty: a cancellation, the
        end and status of a contract, the outcome of a lead, whether an offer was accepted, what a shop counts itself.
    """
    engine, tables = tables_of(source)
    day = parse_day(at, "at")
    cut = day_literal(day)
    moment = f"CAST({cut} AS TIMESTAMP) + INTERVAL 1 DAY"
    if "orders" in tables:
        # An order late in the evening has the next day's date in UTC.
        last = engine.row(f"SELECT max(occurred_at) FROM {quoted(tables['orders'].name)} WHERE day <= {cut}")[0]
        if last is not None:
            moment = f"greatest({moment}, TIMESTAMP '{last.isoformat(sep=' ')}')"
    views = {}
    for name, table in tables.items():
        there = table.columns
        later = {column: sql.format(at=cut) for column, sql in _LATER.get(name, {}).items() if column in there}
        chosen = ", ".join(f"{later[c]} AS {c}" if c in later else c for c in there)
        known = "TRUE"
        if name in _MOMENTS:
            known = f"{_MOMENTS[name]} <= {moment}"
        elif "day" in there:
            known = f"day <= {cut}"
        query = f"SELECT {chosen} FROM {quoted(table.name)} AS canonical WHERE {known}"
        views[name] = Table(engine, engine.create_view(engine.new_name(f"{name}_known"), query))
    return AsKnown(engine, views, day, source)
