"""From facts to the canonical tables of sales: one key a customer, refunds matched, costs known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.facts import Facts
from keepers.data.identity import Identity
from keepers.data.normalise import fill
from keepers.data.options import ReadOptions
from keepers.data.people import clean_id, clean_name
from keepers.data.refunds import match_refunds
from keepers.data.sales import SalesSource
from keepers.domain.columns import ORDER_LINES, ORDERS, REFUNDS, Schema
from keepers.domain.money import UNSPECIFIED_CURRENCY


@dataclass(frozen=True)
class Sales:
    """The canonical tables of sales and the facts behind them, for the account."""

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


def typed(schema: Schema, query: str) -> str:
    """A query whose columns have the names, order and types of a schema."""
    columns = ", ".join(f"{column.name}::{column.type} AS {column.name}" for column in schema.columns)
    return f"SELECT {columns} FROM ({query})"


def assemble_sales(
    engine: Engine,
    gathered: Facts,
    sources: Sequence[SalesSource],
    identity: Identity,
    products: str | None,
    options: ReadOptions,
) -> Sales:
    """Make orders, their lines and refunds of the facts of all sources.

    Parameters
    ----------
    products : str, optional
        Canonical table of products, for the cost of what was sold.
    """
    keyed = _with_keys(engine, gathered, identity)
    lines = _lines(engine, sources, keyed)
    if products is not None:
        keyed = _with_costs(engine, keyed, lines, products)
    live = engine.new_name("live")
    unused = "('merged', 'quarantined', 'other')"
    engine.execute(f"CREATE VIEW {live} AS SELECT * FROM {quoted(keyed)} WHERE destination NOT IN {unused}")
    parts = match_refunds(engine, live, keyed, lines).table
    received = literal(options.received_at.isoformat(sep=" "))
    orders = engine.create(
        ORDERS.name, typed(ORDERS, _sql("canonical_orders", facts=quoted(keyed), received_at=received))
    )
    refunds = engine.create(
        REFUNDS.name,
        typed(REFUNDS, _sql("canonical_refunds", parts=quoted(parts), facts=quoted(keyed), received_at=received)),
    )
    if lines is not None:
        _canonical_lines(engine, lines, keyed, products, received)
    return Sales(keyed, lines, orders, refunds, parts, gathered.superseded, identity, gathered.has_money)


def _with_keys(engine: Engine, gathered: Facts, identity: Identity) -> str:
    """Facts with their customer's key, a number that is the order's alone, and where they go in the account."""
    facts = gathered.table
    keyed = engine.create(
        engine.new_name("facts"),
        _sql(
            "keyed_facts",
            facts=quoted(facts),
            superseded=quoted(gathered.superseded),
            keys=quoted(identity.keys),
            clean_id=clean_id("customer_id"),
            clean_name=clean_name("name"),
            shown_id=_shown_id(engine, facts),
        ),
    )
    engine.drop(facts)
    return keyed


def _shown_id(engine: Engine, facts: str) -> str:
    """The order's number, made unique: its system before it where two use the same numbers, a count behind repeats."""
    clash = engine.row(
        f"""SELECT count(*) FROM (SELECT order_id FROM {quoted(facts)} WHERE kind = 'sale' AND missing IS NULL
            GROUP BY order_id HAVING count(DISTINCT system) > 1)"""
    )[0]
    return "f.system || ':' || f.order_id" if clash else "f.order_id"


def _lines(engine: Engine, sources: Sequence[SalesSource], facts: str) -> str | None:
    tables = [source.lines for source in sources if source.lines]
    if not tables:
        return None
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {quoted(table)}" for table in tables)
    return engine.create(
        engine.new_name("all_lines"),
        f"""SELECT f.fact_id, l.* FROM ({union}) l
            JOIN {quoted(facts)} f ON f.source_no = l.source_no AND f.order_id = l.order_id AND f.numbered
                AND f.type IS NOT DISTINCT FROM l.type""",
    )


def _with_costs(engine: Engine, facts: str, lines: str | None, products: str) -> str:
    """Facts with a contribution where the costs of all their articles are known."""
    whole = f"""SELECT f.fact_id, (f.quantity * p.unit_cost)::DECIMAL(18, 4) AS cost FROM {quoted(facts)} f
                JOIN {quoted(products)} p ON p.sku = f.sku WHERE f.line_count = 1 AND p.unit_cost IS NOT NULL"""
    if lines is not None:
        whole = f"""SELECT fact_id, cost FROM (
                        SELECT l.fact_id, sum(l.quantity * coalesce(l.unit_cost, p.unit_cost))::DECIMAL(18, 4) AS cost,
                               bool_and(coalesce(l.unit_cost, p.unit_cost) IS NOT NULL) AS known
                        FROM {quoted(lines)} l LEFT JOIN {quoted(products)} p ON p.sku = coalesce(l.sku, l.product)
                        WHERE l.line_class = 'product' GROUP BY 1) WHERE known
                    UNION ALL {whole} AND f.fact_id NOT IN (SELECT fact_id FROM {quoted(lines)})"""
    costed = engine.create(
        engine.new_name("facts"),
        f"""SELECT f.* REPLACE (coalesce(f.contribution, f.amount - c.cost)::DECIMAL(18, 4) AS contribution)
            FROM {quoted(facts)} f LEFT JOIN ({whole}) c USING (fact_id)""",
    )
    engine.drop(facts)
    return costed


def _canonical_lines(engine: Engine, lines: str, facts: str, products: str | None, received: str) -> None:
    join = f"LEFT JOIN {quoted(products)} p ON p.sku = coalesce(l.sku, l.product)" if products else ""
    query = _sql(
        "canonical_lines",
        lines=quoted(lines),
        facts=quoted(facts),
        received_at=received,
        products=join,
        known_cost="p.unit_cost" if products else "NULL",
    )
    engine.create(ORDER_LINES.name, typed(ORDER_LINES, query))
