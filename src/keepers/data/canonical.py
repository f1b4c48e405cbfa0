"""From facts to the canonical tables of sales: one key a customer, refunds matched, costs known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.normalise import fill
from keepers.data.refunds import match_refunds
from keepers.domain.columns import ORDER_LINES, ORDERS, REFUNDS, Schema
from keepers.domain.money import UNSPECIFIED_CURRENCY

if TYPE_CHECKING:
    from keepers.data.by_customer import ByCustomer
    from keepers.data.facts import Facts
    from keepers.data.identity import Identity
    from keepers.data.options import ReadOptions
    from keepers.data.sales import SalesSource


@dataclass(frozen=True)
class Sales:
    """The canonical tables of sales and the facts behind them, for the account."""

    facts: str
    order_lines: str | None
    orders: str
    refunds: str
    parts: str | None
    superseded: str | None
    identity: Identity
    has_money: bool
    plain: bool = False
    currency: str = UNSPECIFIED_CURRENCY
    notes: tuple[str, ...] = ()
    by_customer: ByCustomer | None = None


def _content(fact: str) -> str:
    """What makes a fact the same fact when it is read again: all it says, and which of several equal rows it is."""
    said = (
        "system", "kind", "customer_id", "email", "phone", "name", "occurred_at::VARCHAR", "amount::VARCHAR",
        "gross::VARCHAR", "product", "occurrence",
    )  # fmt: skip
    number = f"CASE WHEN {fact}.numbered THEN {fact}.order_id ELSE '' END"
    return f"md5(concat_ws('|', {number}, {', '.join(f'{fact}.{column}' for column in said)}))"


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


def typed(schema: Schema, query: str) -> str:
    """A query whose columns have the names, order and types of a schema."""
    columns = ", ".join(f"{column.name}::{column.type} AS {column.name}" for column in schema.columns)
    return f"SELECT {columns} FROM ({query})"


def free_name(engine: Engine, stem: str) -> str:
    """The canonical name of a table, or one with a number where an earlier reading in the same engine has it."""
    return engine.new_name(stem) if engine.is_taken(stem) else stem


def _view(engine: Engine, schema: Schema, query: str) -> str:
    """A canonical table as a view: what nobody asks for is not computed."""
    name = free_name(engine, schema.name)
    engine.execute(f"CREATE VIEW {quoted(name)} AS {typed(schema, query)}")
    return name


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
    orders = _view(
        engine, ORDERS, _sql("canonical_orders", facts=quoted(keyed), received_at=received, content=_content("f"))
    )
    refunds = engine.create(
        free_name(engine, REFUNDS.name),
        typed(
            REFUNDS,
            _sql(
                "canonical_refunds",
                parts=quoted(parts),
                facts=quoted(keyed),
                received_at=received,
                content=_content("r"),
            ),
        ),
    )
    named_lines = _canonical_lines(engine, lines, keyed, products, received) if lines is not None else None
    return Sales(keyed, named_lines, orders, refunds, parts, gathered.superseded, identity, gathered.has_money)


def _with_keys(engine: Engine, gathered: Facts, identity: Identity) -> str:
    """Facts with their customer's key, a number that is the order's alone, and where they go in the account."""
    names = {"facts": quoted(gathered.table), "superseded": quoted(gathered.superseded)}
    number = _number(engine, gathered.table)
    renumbered = engine.create(engine.new_name("renumbered"), _sql("renumbered", number=number, **names))
    return engine.create(
        engine.new_name("facts"),
        _sql(
            "keyed_facts",
            keys=f"(SELECT person, customer_key FROM {quoted(identity.keys)})",
            occurrences=quoted(gathered.occurrences),
            renumbered=quoted(renumbered),
            number=number,
            **names,
        ),
    )


def _number(engine: Engine, facts: str) -> str:
    """The order's number, with its system before it where two use the same numbers."""
    systems = engine.row(f"SELECT count(DISTINCT system) FROM {quoted(facts)} WHERE kind = 'sale'")[0]
    if systems <= 1:
        return "f.order_id"
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
    # A file of lines beside a file of the same orders: the lines are those of the orders that are kept.
    with_lines = f"SELECT DISTINCT source_no FROM ({union})"
    kept = f"CASE WHEN f.by_fact >> 40 NOT IN ({with_lines}) THEN f.by_fact ELSE f.fact_id END"
    return engine.create(
        engine.new_name("all_lines"),
        f"""SELECT {kept} AS fact_id, l.* FROM ({union}) l
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


def _canonical_lines(engine: Engine, lines: str, facts: str, products: str | None, received: str) -> str:
    join = f"LEFT JOIN {quoted(products)} p ON p.sku = coalesce(l.sku, l.product)" if products else ""
    query = _sql(
        "canonical_lines",
        lines=quoted(lines),
        facts=quoted(facts),
        received_at=received,
        content=_content("f"),
        products=join,
        known_cost="p.unit_cost" if products else "NULL",
    )
    return _view(engine, ORDER_LINES, query)
