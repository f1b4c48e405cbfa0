"""What a delivery of orders changes in a kept base: which orders are new or changed, and whom that concerns."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, quoted, template
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.summaries.base_files import BaseFacts, live
from keepers.summaries.base_keys import match_keys
from keepers.summaries.purchases import PACKAGE, day_literal

_SYSTEM = "split_part(split_part({row}.source, ':', 1), ' ', 1)"
"""The system of a row: the first word of its format's name, which stands before the file in `source`."""

_CONTENT = ("customer_key", "day", "counted", "voided_on", "amount", "contribution")


@dataclass(frozen=True, slots=True)
class BaseChanges:
    """What an update did.

    Attributes
    ----------
    delivered : int
        Orders that were delivered.
    new, changed, repeated, older : int
        Of these, orders that the base had not; those of which the delivery says something else (another state, amount
        or customer); those known already; and those of which the base had a newer version, which stays.
    unnamed : int
        Of the new ones, orders whose customer nobody can name.
    late : int
        Of the new ones, orders from before the last day that the base knew.
    refunds : int
        Refunds that the base had not, or not with this amount.
    customers_touched, customers_new, customers_gone, customers_merged : int
        Customers whose histories were counted anew, those who are new, those all of whose orders were taken back, and
        those found to be the same as another customer of the base.
    """

    delivered: int
    new: int
    changed: int
    repeated: int
    older: int
    unnamed: int
    late: int
    refunds: int
    customers_touched: int
    customers_new: int
    customers_gone: int
    customers_merged: int

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as tables of the engine.

    Attributes
    ----------
    orders, refunds : str
        Tables with the columns of a base's files, and `shown`, the number of an order in this delivery.
    identities : str
        Query of its people.
    """

    orders: str
    refunds: str
    identities: str


@dataclass(frozen=True, slots=True)
class Update:
    """A merged delivery: what is to be written, and the tables that tell how.

    Attributes
    ----------
    written : dict of str to str
        Query of each kind of file, without `customers`.
    touched : str
        Table of the `customer_key` of whoever must be counted anew.
    orders, refunds : str
        Queries of all orders and refunds of the base as they are now.
    counts : dict of str to int
        For `BaseChanges`.
    keys : str or None
        Table (old_key, customer_key) of keys of customers that become others.
    """

    written: dict[str, str]
    touched: str
    orders: str
    refunds: str
    counts: dict[str, int]
    keys: str | None


def first_delivery(engine: Engine, orders: Orders, identities: Table | None) -> Delivery:
    """The delivery that a base begins with."""
    keys = match_keys(engine, identities, "SELECT 0::UBIGINT AS known_as, '' AS customer_key WHERE FALSE", _NOBODY)
    fresh = _orders(engine, orders, None, orders.last_day)
    refunds = _refunds(engine, orders, fresh, "SELECT 0::UBIGINT AS ref WHERE FALSE", None)
    return Delivery(fresh, refunds, f"SELECT known_as, customer_key FROM {keys.identities}")


def merge(engine: Engine, folder: Path, facts: BaseFacts, orders: Orders, identities: Table | None) -> Update:
    """Set a delivery against the base."""
    kept = {kind: live(folder, kind, facts.segments) for kind in ("orders", "refunds", "identities", "customers")}
    keys = match_keys(engine, identities, kept["identities"], f"SELECT customer_key FROM ({kept['customers']}) AS kept")
    fresh = _orders(engine, orders, keys.table, facts.last_day)
    numbers = f"SELECT ref FROM ({kept['orders']}) AS kept"
    told = _refunds(engine, orders, fresh, numbers, keys.table)
    status = _status(engine, kept["orders"], fresh)
    moved = _moved(engine, kept["orders"], keys.table)
    added = engine.create(
        engine.new_name("added_orders"),
        f"""SELECT fresh.* EXCLUDE (shown) FROM {fresh} AS fresh
            INNER JOIN {status} USING (ref) WHERE status IN ('new', 'changed', 'again')
            UNION ALL BY NAME SELECT * EXCLUDE (old_key) FROM {moved} ANTI JOIN {fresh} USING (ref)""",
    )
    gone = f"SELECT ref FROM {status} WHERE status IN ('changed', 'again') UNION SELECT ref FROM {moved}"
    orders_now = f"(SELECT * FROM ({kept['orders']}) AS kept ANTI JOIN ({gone}) AS gone USING (ref)) UNION ALL BY NAME "
    orders_now += f"SELECT * FROM {added}"
    refunds_added, refunds_gone = _refunds_changed(engine, kept["refunds"], told, status)
    refunds_now = (
        f"(SELECT * FROM ({kept['refunds']}) AS kept ANTI JOIN {refunds_gone} USING (event)) "
        f"UNION ALL BY NAME SELECT * FROM {refunds_added}"
    )
    between = _between(engine, facts, orders_now)
    touched = engine.create(
        engine.new_name("touched"),
        f"""WITH hit AS (
                SELECT order_ref AS ref FROM {refunds_added}
                UNION SELECT order_ref FROM ({kept["refunds"]}) AS kept SEMI JOIN {refunds_gone} USING (event)
                UNION SELECT order_ref FROM ({kept["refunds"]}) AS kept WHERE {between.format(day="day")}
            )
            SELECT customer_key FROM {fresh} SEMI JOIN (FROM {status} WHERE status IN ('new', 'changed')) USING (ref)
            UNION SELECT was_of FROM {status} WHERE status = 'changed'
            UNION SELECT old_key FROM {moved} UNION SELECT customer_key FROM {moved}
            UNION SELECT customer_key FROM ({orders_now}) AS placed SEMI JOIN hit USING (ref)
            UNION SELECT customer_key FROM {refunds_added} WHERE order_ref IS NULL
            UNION SELECT customer_key FROM ({orders_now}) AS placed WHERE {between.format(day="voided_on")}""",
    )
    engine.execute(f"DELETE FROM {touched} WHERE customer_key IS NULL")
    _match_open(engine, orders_now, refunds_now, touched, refunds_added, refunds_gone)
    counts = _counted(engine, facts, fresh, status) | {
        "refunds": engine.row(
            f"""SELECT count(*) FROM {refunds_added} AS added
                ANTI JOIN ({kept["refunds"]}) AS kept USING (event, amount)"""
        )[0],
        "customers_merged": keys.merged,
    }
    written = {
        "orders": f"FROM {added}",
        "refunds": f"FROM {refunds_added}",
        "removed_orders": gone,
        "removed_refunds": f"FROM {refunds_gone}",
        "identities": _identities(kept["identities"], keys.table, keys.identities),
    }
    return Update(written, touched, orders_now, refunds_now, counts, keys.table)


def _status(engine: Engine, kept: str, fresh: str) -> str:
    """A table of what each delivered order is to the base: new, changed, older, the same, or the same told again."""
    same = " AND ".join(f"kept.{name} IS NOT DISTINCT FROM fresh.{name}" for name in _CONTENT)
    return engine.create(
        engine.new_name("delivered_status"),
        f"""SELECT fresh.ref,
                CASE
                    WHEN kept.ref IS NULL THEN 'new'
                    WHEN {same} AND fresh.numbered AND fresh.delivered > kept.delivered THEN 'again'
                    WHEN {same} THEN 'same'
                    WHEN fresh.delivered < kept.delivered THEN 'older'
                    ELSE 'changed'
                END AS status,
                kept.customer_key AS was_of
            FROM {fresh} AS fresh
            LEFT JOIN (SELECT * FROM ({kept}) AS kept SEMI JOIN {fresh} USING (ref)) AS kept USING (ref)""",
    )


def _counted(engine: Engine, facts: BaseFacts, fresh: str, status: str) -> dict[str, int]:
    """How many delivered orders are what to the base."""
    counts = dict(engine.rows(f"SELECT status, count(*) FROM {status} GROUP BY status"))
    unnamed, late = engine.row(
        f"""SELECT count(*) FILTER (customer_key IS NULL), count(*) FILTER (day <= {day_literal(facts.last_day)})
            FROM {fresh} SEMI JOIN (FROM {status} WHERE status = 'new') USING (ref)"""
    )
    return {
        "delivered": sum(counts.values()),
        "new": counts.get("new", 0),
        "changed": counts.get("changed", 0),
        "repeated": counts.get("same", 0) + counts.get("again", 0),
        "older": counts.get("older", 0),
        "unnamed": unnamed,
        "late": late,
    }


_NOBODY = "SELECT '' AS customer_key WHERE FALSE"


def _orders(engine: Engine, orders: Orders, keys: str | None, otherwise: dt.date) -> str:
    """The delivered orders with what they are known by."""
    delivered = engine.row(f"SELECT max(day) FROM {quoted(orders.name)}")[0] or otherwise
    join = "" if keys is None else f"\n    LEFT JOIN {keys} AS other ON other.old_key = placed.customer_key"
    own = "placed.customer_key" if keys is None else "coalesce(other.customer_key, placed.customer_key)"
    sql = template(PACKAGE, "base_orders").format(
        orders=quoted(orders.name), keys=join, customer_key=own, system=_SYSTEM.format(row="placed"),
        delivered=day_literal(delivered),
    )  # fmt: skip
    fresh = engine.create(engine.new_name("delivered_orders"), sql)
    rows, refs = engine.row(f"SELECT count(*), count(DISTINCT ref) FROM {fresh}")
    if refs < rows:
        engine.execute(template(PACKAGE, "base_twins").format(fresh=fresh))
    return fresh


def _refunds(engine: Engine, orders: Orders, fresh: str, kept: str, keys: str | None) -> str:
    """The delivered refunds with what they are known by and the order they take back."""
    name = engine.new_name("delivered_refunds")
    if orders.refunds is None:
        none = {"event": "UBIGINT", "order_ref": "UBIGINT", "customer_key": "VARCHAR", "day": "DATE"}
        columns = ", ".join(f"NULL::{type_} AS {column}" for column, type_ in none.items())
        return engine.create(name, f"SELECT {columns}, 0::DECIMAL(18, 4) AS amount, FALSE AS restates WHERE FALSE")
    join = "" if keys is None else f" LEFT JOIN {keys} AS other ON other.old_key = back.customer_key"
    own = "back.customer_key" if keys is None else "coalesce(other.customer_key, back.customer_key)"
    rows = f"(SELECT back.* REPLACE ({own} AS customer_key) FROM {quoted(orders.refunds.name)} AS back{join})"
    sql = template(PACKAGE, "base_refunds").format(
        refunds=rows, fresh=fresh, numbers=fresh, kept=f"({kept})", system=_SYSTEM.format(row="back")
    )
    return engine.create(name, sql)


def _moved(engine: Engine, orders: str, keys: str | None) -> str:
    """Orders of the base whose customer is known by another key now."""
    others = keys or "(SELECT '' AS old_key, '' AS customer_key WHERE FALSE)"
    return engine.create(
        engine.new_name("moved_orders"),
        f"""SELECT kept.* REPLACE (other.customer_key AS customer_key), other.old_key FROM ({orders}) AS kept
            INNER JOIN {others} AS other ON other.old_key = kept.customer_key""",
    )


def _refunds_changed(engine: Engine, kept: str, told: str, status: str) -> tuple[str, str]:
    """Refunds to be added, and those to be removed: a newer row of an order says anew what was given back of it."""
    told_anew = f"(SELECT ref AS order_ref FROM {status} WHERE status <> 'older')"
    gone = engine.create(
        engine.new_name("gone_refunds"),
        f"""SELECT event FROM ({kept}) AS kept SEMI JOIN {told_anew} USING (order_ref)
            ANTI JOIN (FROM {told} WHERE restates) AS again USING (event) WHERE restates""",
    )
    added = engine.create(
        engine.new_name("added_refunds"),
        f"""SELECT * FROM (SELECT * FROM {told} SEMI JOIN {told_anew} USING (order_ref) WHERE restates
            UNION ALL SELECT * FROM {told} WHERE NOT restates) AS told
            ANTI JOIN ({kept}) AS kept USING (event)""",
    )
    return added, gone


def _between(engine: Engine, facts: BaseFacts, orders: str) -> str:
    """SQL of whether a day lies between the day that ages counted up to and the one they count up to now."""
    _, last = span(engine, orders)
    low, high = sorted((facts.last_day, last or facts.last_day))
    return f"{{day}} > {day_literal(low)} AND {{day}} <= {day_literal(high)}"


def span(engine: Engine, orders: str) -> tuple[dt.date | None, dt.date | None]:
    """First and last day of the counted orders of known customers."""
    first, last = engine.row(
        f"SELECT min(day), max(day) FROM ({orders}) AS placed WHERE counted AND customer_key IS NOT NULL"
    )
    return first, last


def _match_open(engine: Engine, orders: str, refunds: str, touched: str, added: str, gone: str) -> None:
    """Set refunds of unknown orders against the orders of their customers, as far as these are touched."""
    waiting = f"SELECT * FROM ({refunds}) AS known WHERE order_ref IS NULL"
    if not engine.row(f"SELECT count(*) FROM ({waiting}) AS waiting")[0]:
        return
    own = engine.create(
        engine.new_name("touched_orders"),
        f"SELECT * FROM ({orders}) AS placed SEMI JOIN {touched} USING (customer_key)",
    )
    found = engine.create(
        engine.new_name("found_orders"),
        template(PACKAGE, "base_open_refunds").format(known=f"({refunds})", orders=own, refunds=f"({waiting})"),
    )
    settled = engine.create(
        engine.new_name("settled_refunds"),
        f"SELECT known.* REPLACE (found.ref AS order_ref) FROM ({waiting}) AS known "
        f"INNER JOIN {found} AS found USING (event)",
    )
    engine.execute(f"DELETE FROM {added} WHERE event IN (SELECT event FROM {settled})")
    engine.execute(f"INSERT INTO {gone} SELECT event FROM {settled} WHERE event NOT IN (SELECT event FROM {gone})")
    engine.execute(f"INSERT INTO {added} BY NAME SELECT * FROM {settled}")


def _identities(kept: str, keys: str | None, told: str) -> str:
    """What is new of who is who, and what other keys change of what was known."""
    fresh = f"SELECT told.known_as, told.customer_key FROM {told} AS told"
    known = f"SELECT known_as FROM ({kept}) AS kept"
    if keys is None:
        return f"{fresh} ANTI JOIN ({known}) AS known USING (known_as)"
    changed = (
        f"SELECT kept.known_as, other.customer_key FROM ({kept}) AS kept INNER JOIN {keys} AS other "
        "ON other.old_key = kept.customer_key"
    )
    return f"{changed} UNION ({fresh} ANTI JOIN ({known}) AS known USING (known_as))"


def customers_as_kept(table: str, touched: str | None = None) -> str:
    """A query of the rows of a base's customers from a summary, with a bare key for each touched one who has none."""
    columns = "customer_key, frequency, monetary_value, monetary_value_all, first_day, last_day, orders, revenue"
    rows = f"SELECT {columns} FROM {quoted(table)}"
    if touched is None:
        return rows
    bare = f"SELECT customer_key FROM {touched} ANTI JOIN {quoted(table)} USING (customer_key)"
    return f"{rows} UNION ALL BY NAME {bare}"
