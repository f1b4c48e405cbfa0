"""How a row names somebody: its id, its person's name, and one number for all of it, as expressions of the engine."""

from __future__ import annotations

from keepers.data.engine import literal
from keepers.data.normalise import key_sql

PLACEHOLDER_IDS = (
    "guest", "guest user", "anonymous", "unknown", "walk in", "walk-in", "walk-in customer", "walkin", "cash",
    "cash customer", "pos", "nobody", "no customer", "gast", "laufkunde", "client divers", "client de passage", "-1",
    "-1.0",
)  # fmt: skip
"""Ids and names that stand for nobody in particular."""


def clean_id(column: str) -> str:
    """An id without a spreadsheet's ".0" and without words that stand for nobody."""
    words = ", ".join(literal(word) for word in PLACEHOLDER_IDS)
    whole = f"WHEN ends_with({column}, '.0') THEN regexp_replace({column}, '^([0-9]+)\\.0+$', '\\1')"
    # A deal of several contacts is the first one's.
    plain = f"CASE {whole} WHEN contains({column}, ';') THEN trim(split_part({column}, ';', 1)) ELSE {column} END"
    return f"CASE WHEN lower({column}) IN ({words}) THEN NULL ELSE {plain} END"


def clean_name(column: str) -> str:
    """A name in the form in which names are compared."""
    words = ", ".join(literal(word) for word in PLACEHOLDER_IDS)
    return f"CASE WHEN lower({column}) IN ({words}) THEN NULL ELSE nullif({key_sql(column)}, '') END"


def whole_name() -> str:
    """A person's name from one column or two."""
    return "coalesce(name, nullif(concat_ws(' ', first_name, last_name), ''))"


def person_sql(system: str) -> str:
    """A number for everything by which a row names somebody; equal for rows that name them alike."""
    return f"hash({system}, {clean_id('customer_id')}, email, phone, {clean_name(whole_name())})"
