"""Attributes of customers joined to a summary, so that models can take them for covariates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keepers.data.engine import Engine, quoted, template
from keepers.data.table import Table, register_frame
from keepers.domain.attributes import Attributes, plain_column
from keepers.domain.errors import InputError
from keepers.summaries.purchases import PACKAGE

KEYS = ("customer_key", "customer_id", "customer", "id")
"""Names under which a table may carry the customer."""


def join_attributes(
    engine: Engine, summary: Table, table: Any, key: str | None, columns: Sequence[str] | None, by_row: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Make a table of the summary's rows with a customer's attributes and the number of their pattern.

    Parameters
    ----------
    engine : Engine
        Where the summary is.
    summary : Table
        One row a customer.
    table : frame or Table
        One row a customer, with a column of keys.
    key : str, optional
        That column; one of `KEYS` if left out.
    columns : sequence of str, optional
        The attributes; all other columns if left out.
    by_row : bool
        Whether the keys are numbers of rows rather than of customers.

    Returns
    -------
    tuple of str and tuple of str
        Name of the new table, and the attributes.

    Raises
    ------
    InputError
        If columns are missing, a customer occurs twice, or a name is taken.
    """
    given = register_frame(engine, table, "attributes")
    there = given.columns
    found = key or next((name for name in KEYS if name in there), None)
    if found is None or found not in there:
        raise InputError(
            f"The table of attributes has no column {key or 'customer_key'!r} to tell customers by (it has: "
            f"{', '.join(there)}). Name it: with_columns(table, key=...)."
        )
    wanted = tuple(columns) if columns is not None else tuple(name for name in there if name != found)
    missing = [name for name in wanted if name not in there]
    own = [name for name in summary.columns if name not in {"pattern", *wanted}]
    taken = [name for name in wanted if name in _RESERVED]
    if missing or taken or not wanted:
        what = (
            f"lacks {', '.join(missing)}"
            if missing
            else f"has columns that a summary has itself ({', '.join(taken)})"
            if taken
            else "has no column besides the customer's"
        )
        raise InputError(f"The table of attributes {what}. It has: {', '.join(there)}.")
    twice = engine.rows(
        f"SELECT {quoted(found)}, count(*) AS times FROM {quoted(given.name)} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    )
    if twice:
        raise InputError(
            f"The table of attributes has several rows for {len(twice):,} customer{'s'[: len(twice) > 1]} (first: "
            f"{twice[0][0]}, {twice[0][1]} rows). Give one row a customer."
        )
    sql = template(PACKAGE, "with_attributes").format(
        own=", ".join(f"summary.{quoted(name)}" for name in own),
        columns=", ".join(f"attribute.{quoted(name)}" for name in wanted),
        summary=quoted(summary.name),
        attributes=quoted(given.name),
        key=quoted(found),
        summary_key="row_number" if by_row else "customer_key",
        order=f"\nORDER BY summary.{engine.row_number(summary.name)}" if engine.is_embedded else "",
    )
    made = engine.create(engine.new_name("summary"), sql)
    if not isinstance(table, Table) or table.name != given.name:
        engine.drop(given.name)
    return made, wanted


def attribute_columns(table: Any) -> tuple[str, ...]:
    """The columns of a table of attributes, a row a customer, that are not the customer's key."""
    names = table.columns if isinstance(table, Table) else list(table) if isinstance(table, dict) else table.columns
    key = next((name for name in KEYS if name in names), None)
    return tuple(str(name) for name in names if name != key)


def attributes_of(engine: Engine, summary: str, columns: Sequence[str]) -> Attributes:
    """The distinct patterns of a summary that was joined, in the order of their numbers."""
    listed = ", ".join(quoted(name) for name in columns)
    rows = engine.columns(f"SELECT DISTINCT pattern, {listed} FROM {quoted(summary)} ORDER BY pattern")
    order = np.argsort(np.asarray(rows["pattern"], dtype=np.int64), kind="stable")
    return Attributes({name: plain_column(rows[name])[order] for name in columns})


_RESERVED = {
    "customer_key", "frequency", "recency", "T", "monetary_value", "monetary_value_all", "first_day", "last_day",
    "recency_days", "T_days", "orders", "revenue", "row_number", "pattern", "weight", "log_gaps",
}  # fmt: skip
