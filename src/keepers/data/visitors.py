"""Who a visitor was: events without a name get that of the same browser's other events, across files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.staging import Stage

OF_EVENTS = ("visitor_id", "previous_id")
"""Roles beyond those of orders that events are typed for."""

_MOST_RENAMES = 8
"""Steps from a person's first id to the last one that are followed."""


@dataclass(frozen=True)
class Events:
    """The staged rows of one table of events.

    Parameters
    ----------
    system : str
        Who gave the ids.
    sales, others : Stage
        Its rows typed as orders, and typed as visits.
    """

    system: str
    sales: Stage
    others: Stage


def name_visitors(engine: Engine, events: Sequence[Events]) -> None:
    """Fill in who did what was done without a name; changes the staged tables.

    A person's earlier id becomes the id that replaced it (`alias` calls). An event that names nobody is of whom the
    next event of the same visitor names, or else the one before; where none does, a visitor who ordered is a customer
    by the visitor's own id. Visitors who share a browser stay two people: each event goes to who is named next.
    """
    for system in dict.fromkeys(one.system for one in events):
        tables = [one for one in events if one.system == system and "visitor_id" in one.others.roles]
        if tables:
            _rename(engine, tables)
            _name(engine, tables)


def _rename(engine: Engine, events: Sequence[Events]) -> None:
    """Replace ids that were given up."""
    told = [one.sales.table for one in events if "previous_id" in one.sales.roles]
    if not told:
        return
    pairs = " UNION ALL ".join(f"SELECT previous_id, customer_id, date_utc FROM {quoted(table)}" for table in told)
    renamed = engine.create(
        engine.new_name("renamed"),
        f"""SELECT previous_id, arg_max(customer_id, date_utc) AS customer_id FROM ({pairs})
            WHERE previous_id IS NOT NULL AND customer_id IS NOT NULL AND previous_id <> customer_id GROUP BY 1""",
    )
    if engine.row(f"SELECT count(*) FROM {quoted(renamed)}")[0]:
        last = engine.create(
            engine.new_name("renamed"), _sql("last_ids", renamed=quoted(renamed), most=str(_MOST_RENAMES))
        )
        for table in _tables(events):
            engine.execute(
                f"UPDATE {quoted(table)} AS s SET customer_id = r.customer_id FROM {quoted(last)} AS r "
                "WHERE r.previous_id = s.customer_id"
            )
        engine.drop(last)
    engine.drop(renamed)


def _name(engine: Engine, events: Sequence[Events]) -> None:
    """Names from the visitor's other events, or the visitor's own id."""
    who = "visitor_id, date_utc, customer_id, email, phone"
    rows = " UNION ALL ".join(f"SELECT {who} FROM {quoted(one.others.table)}" for one in events)
    named = engine.create(
        engine.new_name("named"),
        f"SELECT * FROM ({rows}) WHERE visitor_id IS NOT NULL AND date_utc IS NOT NULL AND {_IS_NAMED}",
    )
    bought = " UNION ".join(
        f"SELECT visitor_id FROM {quoted(one.sales.table)} WHERE order_id IS NOT NULL AND visitor_id IS NOT NULL"
        for one in events
    )
    buyers = engine.create(engine.new_name("buyers"), bought)
    for table in _tables(events):
        found = engine.create(
            engine.new_name("found"),
            _sql("named_visitors", stage=quoted(table), named=quoted(named), buyers=quoted(buyers), is_named=_IS_NAMED),
        )
        engine.execute(
            f"UPDATE {quoted(table)} AS s SET customer_id = f.customer_id, email = f.email, phone = f.phone "
            f"FROM {quoted(found)} AS f WHERE f._row = s._row"
        )
        engine.drop(found)
    engine.drop(named)
    engine.drop(buyers)


_IS_NAMED = "coalesce(customer_id, email, phone) IS NOT NULL"


def _tables(events: Sequence[Events]) -> list[str]:
    return [table for one in events for table in (one.sales.table, one.others.table)]


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)
