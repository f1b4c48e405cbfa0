"""From the facts of all sources to the canonical tables of sales: merged, with one key a customer, refunds matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.identity import PLACEHOLDER_IDS, Identity, resolve
from keepers.data.normalise import fill, key_sql
from keepers.data.options import ReadOptions
from keepers.data.refunds import match_refunds
from keepers.data.sales import SalesSource
from keepers.domain.columns import ORDERS, REFUNDS, Schema
from keepers.domain.money import UNSPECIFIED_CURRENCY


@dataclass(frozen=True)
class Sales:
    """The canonical tables of sales and the facts behind them, for the reconciliation."""

    facts: str
    lines: str | None
    orders: str
    refunds: str
    parts: str | None
    superseded: str | None
    identity: Identity
    has_money: bool
    plain: bool = False
    currency: str = UNSPECIFIED_CURRENCY


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


def assemble_sales(
    engine: Engine, sources: Sequence[SalesSource], others: Sequence[str], options: ReadOptions
) -> Sales:
    """Bring the facts of all sources together.

    Parameters
    ----------
    sources : sequence of SalesSource
        What each file of sales held.
    others : sequence of str
        Tables with (system, customer_id, email, phone, name) of people seen elsewhere: customers, leads.
    """
    union = " UNION ALL ".join(f"SELECT * FROM {quoted(source.facts)}" for source in sources)
    has_money = bool(engine.row(f"SELECT count(amount) FROM ({union})")[0])
    facts = engine.create(engine.new_name("facts"), _sql("all_facts", union=union, money=str(has_money).lower()))
    superseded = engine.new_name("superseded")
    engine.execute(_sql("superseded", facts=quoted(facts), superseded=quoted(superseded)))
    people = _people(engine, facts, others)
    identity = resolve(engine, people)
    keyed = engine.create(
        engine.new_name("facts"),
        f"""SELECT f.* EXCLUDE (customer_id), {_clean_id("f.customer_id")} AS customer_id, k.customer_key, s.why AS superseded_by,
                   CASE WHEN f.missing IS NOT NULL THEN 'quarantined' WHEN s.fact_id IS NOT NULL THEN 'merged'
                        WHEN f.kind = 'other' THEN 'other' WHEN f.kind = 'refund' THEN 'refund'
                        WHEN f.state <> 'paid' THEN f.state WHEN k.customer_key IS NULL THEN 'unknown customer' ELSE 'counted' END AS destination,
                   {_shown_id(engine, facts)} AS shown_id
            FROM {quoted(facts)} f
            LEFT JOIN {quoted(superseded)} s USING (fact_id)
            LEFT JOIN {quoted(identity.keys)} k ON k.system = f.system AND k.customer_id IS NOT DISTINCT FROM {_clean_id("f.customer_id")}
                AND k.email IS NOT DISTINCT FROM f.email AND k.phone IS NOT DISTINCT FROM f.phone AND k.name IS NOT DISTINCT FROM {_clean_name("f.name")}""",
    )
    engine.drop(facts)
    live = engine.new_name("live")
    engine.execute(
        f"CREATE VIEW {live} AS SELECT * FROM {quoted(keyed)} WHERE destination NOT IN ('merged', 'quarantined', 'other')"
    )
    lines = _lines(engine, sources, keyed)
    parts = match_refunds(engine, live, lines).table
    received = literal(options.received_at.isoformat(sep=" "))
    orders = engine.create(
        ORDERS.name, _typed(ORDERS, _sql("canonical_orders", facts=quoted(keyed), received_at=received))
    )
    refunds = engine.create(
        REFUNDS.name,
        _typed(REFUNDS, _sql("canonical_refunds", parts=quoted(parts), facts=quoted(keyed), received_at=received)),
    )
    return Sales(keyed, lines, orders, refunds, parts, superseded, identity, has_money)


def _typed(schema: Schema, query: str) -> str:
    columns = ", ".join(f"{column.name}::{column.type} AS {column.name}" for column in schema.columns)
    return f"SELECT {columns} FROM ({query})"


def _clean_id(column: str) -> str:
    """An id without a spreadsheet's ".0" and without words that stand for nobody."""
    words = ", ".join(literal(word) for word in PLACEHOLDER_IDS)
    return (
        f"CASE WHEN lower({column}) IN ({words}) THEN NULL ELSE regexp_replace({column}, '^([0-9]+)\\.0+$', '\\1') END"
    )


def _clean_name(column: str) -> str:
    words = ", ".join(literal(word) for word in PLACEHOLDER_IDS)
    return f"CASE WHEN lower({column}) IN ({words}) THEN NULL ELSE nullif({key_sql(column)}, '') END"


def _people(engine: Engine, facts: str, others: Sequence[str]) -> str:
    selects = [
        f"SELECT system, {_clean_id('customer_id')} AS customer_id, email, phone, {_clean_name('name')} AS name, true AS sales FROM {quoted(facts)}"
    ]
    selects += [
        f"SELECT system, {_clean_id('customer_id')}, email, phone, {_clean_name('name')}, false FROM {quoted(other)}"
        for other in others
    ]
    return engine.create(
        engine.new_name("people"),
        f"""SELECT system, customer_id, email, phone, name, bool_or(sales) AS sales, false AS phone_shared
            FROM ({" UNION ALL ".join(selects)}) GROUP BY ALL""",
    )


def _shown_id(engine: Engine, facts: str) -> str:
    """The order's number, made unique: its system before it where two use the same numbers, a count behind repeats."""
    clash = engine.row(
        f"""SELECT count(*) FROM (SELECT order_id FROM {quoted(facts)} WHERE kind = 'sale' AND missing IS NULL
            GROUP BY order_id HAVING count(DISTINCT system) > 1)"""
    )[0]
    number = "f.system || ':' || f.order_id" if clash else "f.order_id"
    copy = "row_number() OVER (PARTITION BY f.system, f.kind, f.order_id ORDER BY s.fact_id IS NOT NULL, f.fact_id)"
    return f"CASE WHEN {copy} = 1 THEN {number} ELSE {number} || ' (' || {copy} || ')' END"


def _lines(engine: Engine, sources: Sequence[SalesSource], facts: str) -> str | None:
    tables = [source.lines for source in sources if source.lines]
    if not tables:
        return None
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {quoted(table)}" for table in tables)
    return engine.create(
        engine.new_name("all_lines"),
        f"""SELECT f.fact_id, l.* FROM ({union}) l
            JOIN {quoted(facts)} f ON f.source_no = l.source_no AND f.order_id = l.order_id AND f.numbered""",
    )
