"""The store's tables as files that a shop would have: Shopify's exports, plain CSV, or Parquet; all of them or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from keepers.data.engine import literal, quoted
from keepers.data.table import Table
from keepers.domain.errors import ConfigError
from keepers.simulate.service_files import service_queries
from keepers.simulate.shopify_files import shopify_queries

LAYOUTS = ("shopify", "csv", "parquet")
SHOP_TABLES = (
    "orders", "refunds", "customers", "products", "spend", "leads", "accounts", "subscriptions", "touches",
    "engagement", "feedback", "referrals", "treatments",
)  # fmt: skip
"""What a shop with all its programs has, and `keepers run` reads: everything that the report can show is in it."""

_HIDDEN = ("event_id", "source", "source_id", "received_at")
_IN_SHOPIFY = frozenset({"order_lines", "persons", "identities", "consents", "assignments", "customer_attributes"})


def write_files(
    tables: Mapping[str, Table],
    folder: str | os.PathLike[str],
    layout: str,
    time_zone: str,
    truth: Mapping[str, Any] | None = None,
    only: Collection[str] | None = None,
) -> list[Path]:
    """Write files beside the folder first and move them in when all are whole.

    Parameters
    ----------
    tables : mapping of str to Table
        By canonical name.
    folder : path
        Made if it is not there.
    layout : str
        One of `LAYOUTS`.
    time_zone : str
        The business's time zone, in which files carry their times.
    truth : mapping, optional
        Columns of ``truth.parquet``.
    only : collection of str, optional
        Canonical names of the tables that are wanted; all if left out.
    """
    if layout not in LAYOUTS:
        raise ConfigError(f"`layout` is {layout!r}. Use one of: {', '.join(LAYOUTS)}.")
    unknown = set(only or ()) - set(tables)
    if unknown:
        raise ConfigError(f"The store has no table {', '.join(sorted(unknown))}. It has: {', '.join(sorted(tables))}.")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    engine = next(iter(tables.values())).engine
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        made: list[Path] = []
        if layout == "parquet":
            wanted = {name: table for name, table in tables.items() if only is None or name in only}
            made += [table.write_parquet(Path(beside) / f"{name}.parquet") for name, table in wanted.items()]
        else:
            for table, (name, query) in _queries(tables, layout, time_zone).items():
                if only is not None and table not in only:
                    continue
                made.append(Path(beside) / name)
                engine.execute(f"COPY ({query}) TO {literal(str(made[-1]))} (FORMAT csv, HEADER)")
        if truth is not None:
            held = Table(engine, engine.from_columns(engine.new_name("truth"), truth))
            made.append(held.write_parquet(Path(beside) / "truth.parquet"))
            engine.drop(held.name)
        return [Path(shutil.move(path, target / path.name)) for path in made]


def _queries(tables: Mapping[str, Table], layout: str, time_zone: str) -> dict[str, tuple[str, str]]:
    """File name and query, by the table that the file is about."""
    by_address = layout == "shopify" and "persons" in tables
    queries = {name: (f"{name}.csv", _plain(name, tables, by_address)) for name in tables}
    queries["orders"] = ("orders.csv", _orders(tables["orders"]))
    queries |= service_queries(tables, by_address)
    if layout == "shopify":
        queries |= shopify_queries(tables, time_zone)
        for name in _IN_SHOPIFY:
            queries.pop(name, None)
    return queries


def _orders(table: Table) -> str:
    """One row an order, with the columns that have values."""
    left_out = (*_HIDDEN, "occurred_at", "day", "counted", "voided_on", "customer_key")
    wanted = [name for name in table.columns if name not in left_out]
    counts = ", ".join(f"count({quoted(name)})" for name in (*wanted, "voided_on"))
    *filled, voided = table.engine.row(f"SELECT {counts} FROM {quoted(table.name)}")
    kept = [name for name, count in zip(wanted, filled, strict=True) if count]
    if not table.engine.row(f"SELECT count(*) FROM {quoted(table.name)} WHERE status <> 'paid'")[0]:
        kept.remove("status")
    columns = ["customer_key AS customer_id", "occurred_at AS date", *(quoted(name) for name in kept)]
    if voided:
        columns.append("voided_on AS cancelled_at")
    return f"SELECT {', '.join(columns)} FROM {quoted(table.name)} ORDER BY occurred_at, order_id"


def _plain(name: str, tables: Mapping[str, Table], by_address: bool) -> str:
    """A table under its canonical names without the plumbing; people by their e-mail address or by their key."""
    table = tables[name]
    columns, joins = [], ""
    for column in table.columns:
        if column in _HIDDEN:
            continue
        who = {"customer_key": "", "referrer_key": "referrer_"}.get(column)
        if who is None:
            columns.append(f"t.{quoted(column)}")
        elif by_address:
            columns.append(f"of_{column}.email AS {who}email")
            joins += f" LEFT JOIN {quoted(tables['persons'].name)} of_{column} ON of_{column}.customer_key = t.{column}"
        else:
            columns.append(f"t.{column} AS {who or 'customer_'}id")
    order = "t.occurred_at, t.event_id" if "event_id" in table.columns else "ALL"
    return f"SELECT {', '.join(columns)} FROM {quoted(table.name)} t{joins} ORDER BY {order}"
