"""The customers of a run as the running system keeps them, made by the engine: columns, and the rest as JSON texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from keepers.data.engine import Engine, literal, quoted
from keepers.pipeline.kept import FOLDER
from keepers.pipeline.live_values import Meaning, value_of
from keepers.storage.service_schema import LONGEST_NAME
from keepers.summaries.base_files import live
from keepers.summaries.customer_base import CustomerBase

_GROUPS = {
    "state": "customer_state", "tier": "clv_tier", "rfm_group": "rfm_group", "segment": "behaviour_segment",
    "channel": "first_channel", "country": "first_country",
}  # fmt: skip
_NUMBERS = ("probability_alive", "expected_orders", "money_at_risk")
_HISTORY = {
    "first_day": "first_order_date", "last_day": "last_order_date", "frequency": "frequency", "orders": "orders",
}  # fmt: skip
"""Columns of live customers and what a run calls them."""

_BESIDE = ("customer_key", "name", "email", "revenue", *_HISTORY.values(), *_GROUPS.values(), *_NUMBERS)
"""What stands in columns, or is a person's, and is not among the fields."""

NAMED = "(name <> '' OR email <> '')"
"""Rows of which a name or address is known."""


def make_live_rows(
    engine: Engine, base: CustomerBase, folder: Path, columns: Sequence[str], meaning: Meaning, now: dt.datetime
) -> int:
    """Make the engine's view `live_customers` of its view `customers`; gives the number of rows, counted by `place`.

    Parameters
    ----------
    engine : Engine
        The embedded one.
    base : CustomerBase
        With the means of each customer's purchases.
    folder : Path
        The run's folder of results.
    columns : sequence of str
        Of the view.
    meaning : Meaning
        What its numbers mean.
    now : datetime
        The present moment.
    """
    kept = live(folder / FOLDER, "customers", base.facts.segments)
    types = dict(engine.described("customers"))
    made = {
        **{name: quoted(of_run) for name, of_run in _HISTORY.items()},
        "monetary_value": "monetary_value", "monetary_value_all": "monetary_value_all",
        "revenue": "CAST(revenue AS DOUBLE)" if "revenue" in types else "CAST(NULL AS DOUBLE)",
        **{name: _number(name, types) for name in _NUMBERS},
        **{name: _group(of_run, types) for name, of_run in _GROUPS.items()},
        **{name: _number(meaning.value + end, types) for name, end in _ENDS.items()},
        **{one.column: _finite(_number(value_of(one), types)) for one in meaning.reaches if not one.own},
        **({"value_learned": _finite(_number(meaning.learned, types))} if meaning.learned else {}),
    }  # fmt: skip
    made |= {name: "CAST(NULL AS DOUBLE)" for name in _AHEAD if name not in made}
    left_out = {*_BESIDE, *meaning.in_columns}
    fields = ", ".join(f"{quoted(name)} := {_field(name, types[name])}" for name in columns if name not in left_out)
    persons = ", ".join(quoted(name) if name in types else f"CAST(NULL AS VARCHAR) AS {name}" for name in _PERSON)
    mean = "monetary_value, monetary_value_all"
    listed = ", ".join(f"{sql} AS {name}" for name, sql in made.items())
    engine.execute(
        "CREATE TABLE customers_in_order AS SELECT row_number() OVER (ORDER BY customer_key) AS place, customers.*, "
        f"{mean} FROM customers INNER JOIN (SELECT customer_key, {mean} FROM ({kept}) AS kept) AS kept "
        "USING (customer_key)"
    )
    # The texts, which are most of a row, are made of some rows at a time and are never all in memory.
    engine.execute(
        f"CREATE VIEW live_customers AS SELECT place, customer_key, {listed}, {persons}, "
        f"{literal(now.strftime('%Y-%m-%d %H:%M:%S.%f'))}::TIMESTAMP AS updated_at, "
        f"CAST(to_json(struct_pack({_base(made)})) AS VARCHAR) AS base, "
        f"{f'CAST(to_json(struct_pack({fields})) AS VARCHAR)' if fields else literal('{}')} AS fields "
        "FROM customers_in_order"
    )
    return int(engine.row("SELECT count(*) FROM customers_in_order")[0])


_ENDS = {"value": "", "value_low": "_low", "value_high": "_high"}
_AHEAD = ("value_also", "value_lifetime", "value_infinite", "value_learned")
_PERSON = ("name", "email")


def _base(made: dict[str, str]) -> str:
    """The history as the run knew it, as `keepers.domain.live.History.to_dict` gives it."""
    names = ("first_day", "last_day", "frequency", "monetary_value", "monetary_value_all", "orders", "revenue")
    of_days = ("first_day", "last_day")
    return ", ".join(
        f"{name} := " + (f"CAST({made[name]} AS VARCHAR)" if name in of_days else made[name]) for name in names
    )


def _number(name: str, types: dict[str, str]) -> str:
    return f"CAST({quoted(name)} AS DOUBLE)" if name in types else "CAST(NULL AS DOUBLE)"


def _group(name: str, types: dict[str, str]) -> str:
    """A name as short as an index takes it; an empty one is none."""
    return f"nullif(left({quoted(name)}, {LONGEST_NAME}), '')" if name in types else "CAST(NULL AS VARCHAR)"


def _finite(number: str) -> str:
    """No infinity, which is no number in JSON."""
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _field(name: str, of: str) -> str:
    """A value in as many digits as anybody reads: fields are most of what a customer takes in the store."""
    column = quoted(name)
    if of in ("DOUBLE", "FLOAT"):
        digits = f"CAST(9 - floor(log10(abs({column}))) AS INTEGER)"
        return f"CASE WHEN {column} = 0 THEN 0.0::DOUBLE WHEN isfinite({column}) THEN round({column}, {digits}) END"
    if of.startswith(("DECIMAL", "DATE", "TIME", "UUID")) and not of.endswith("]"):
        return f"CAST({column} AS VARCHAR)"
    return column
