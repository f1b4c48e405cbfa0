"""Files in a canonical table's own form: typed, given their customers' keys, and otherwise left as they are."""

from __future__ import annotations

from keepers.data.engine import literal, quoted
from keepers.data.identity import Identity
from keepers.data.normalise import word_sql
from keepers.data.page_address import page_sql
from keepers.data.people import OtherSource
from keepers.domain.columns import DAY, MOMENT, Column, Schema

PEOPLE = ("customer_id", "email", "phone", "name", "first_name", "last_name")


def roles_of(schema: Schema) -> tuple[str, ...]:
    """The roles that a file of a canonical table has."""
    own = [column.name for column in schema.columns if column.name not in _PLUMBING]
    return (*PEOPLE, *(name for name in own if name not in PEOPLE))


_PLUMBING = ("event_id", "source", "source_id", "received_at", "customer_key")


def direct_query(schema: Schema, source: OtherSource, keyed: str, identity: Identity, received: str) -> str:
    """A query of the canonical columns from the staged rows."""
    values = ", ".join(f"{_value(column, schema, source, received)} AS {column.name}" for column in schema.columns)
    joins = ""
    if "referrer_key" in schema.column_names:
        keys = quoted(identity.keys)
        for alias, by in (("by_id", "customer_id"), ("by_email", "email")):
            known = f"SELECT lower({by}) AS known, any_value(customer_key) AS customer_key FROM {keys} WHERE {by} <> ''"
            known += " GROUP BY 1"
            joins += f" LEFT JOIN ({known}) {alias} ON {alias}.known = lower(k.referrer_key)"
    needed = " AND ".join(
        f"{column.name} IS NOT NULL" for column in schema.columns if column.name in ("occurred_at", "day")
    )
    rows = f"SELECT {values} FROM {quoted(keyed)} k{joins} WHERE k.problem IS NULL"
    return f"SELECT * FROM ({rows}) WHERE {needed or 'true'}"


def _value(column: Column, schema: Schema, source: OtherSource, received: str) -> str:
    name = column.name
    when = "coalesce(k.occurred_at_utc, k.day_utc)"
    fixed = {
        "event_id": f"md5(concat_ws('|', {literal(schema.name)}, k.clean_id, k.email, {when} , k._row))",
        "source": literal(source.source),
        "source_id": "NULL",
        "received_at": f"{received}::TIMESTAMP",
        "customer_key": "k.customer_key",
        "referrer_key": "coalesce(by_id.customer_key, by_email.customer_key, k.referrer_key)",
        "page": page_sql("k.page"),
        "landing_page": page_sql("k.landing_page"),
    }
    if name in fixed:
        return fixed[name] if name != "event_id" or "day" in schema.column_names else "NULL"
    if name == "occurred_at" and "day" in schema.column_names:
        return when
    if name == "day":
        return "coalesce(k.day, k.occurred_at)"
    if name in source.format.words:
        return f"coalesce({word_sql(f'k.{name}', source.format.words[name])}, k.{name})"
    if column.type == MOMENT:
        return f"k.{name}_utc"
    return f"k.{name}" if column.type == DAY else f"TRY_CAST(k.{name} AS {column.type})"
