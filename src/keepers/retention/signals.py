"""What was known of customers on a day that can be a reason for leaving, one row a customer, from every table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from keepers.data.engine import Engine, quoted, template
from keepers.data.table import Table
from keepers.domain.columns import CANONICAL
from keepers.retention.reasons import BEFORE, RECENT
from keepers.summaries.purchases import day_literal

PACKAGE = "keepers.retention.sql"


def signals(
    engine: Engine, tables: Mapping[str, Table], customers: str, cut: dt.date, past_due: str | None = None
) -> str:
    """Make the table of signals as known on a day; gives its name.

    Parameters
    ----------
    engine : Engine
        Where the tables are.
    tables : mapping of str to Table
        Canonical tables; those that are missing, or are elsewhere, say nothing.
    customers : str
        Query of `customer_key` and `first_day`, one row a customer.
    cut : date
        Nothing after this day counts.
    past_due : str, optional
        Query of the customers whose subscription is past due on that day.
    """
    names = {name: _query(engine, tables, name) for name in ("engagement", "feedback", "refunds", "orders")}
    return engine.create(
        engine.new_name("signals"),
        template(PACKAGE, "warning_signals").format(
            customers=f"({customers})",
            cut=day_literal(cut),
            recent=RECENT,
            before=BEFORE,
            past_due=f"({past_due or 'SELECT CAST(NULL AS VARCHAR) AS customer_key WHERE false'}) AS late",
            **names,
        ),
    )


def _query(engine: Engine, tables: Mapping[str, Table], name: str) -> str:
    table = tables.get(name)
    if table is not None and table.engine is engine:
        columns = set(table.columns)
        listed = ", ".join(
            quoted(column.name) if column.name in columns else f"CAST(NULL AS {column.type}) AS {column.name}"
            for column in CANONICAL[name].columns
        )
        return f"(SELECT {listed} FROM ({table.sql}) AS read) AS {name}_read"
    empty = ", ".join(f"CAST(NULL AS {column.type}) AS {column.name}" for column in CANONICAL[name].columns)
    return f"(SELECT {empty} WHERE false) AS {name}_read"
