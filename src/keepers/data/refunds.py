"""Refunds at their own time: each joined to the order it takes back, as far as that can be known."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill

_ROUNDS = 3


@dataclass(frozen=True)
class Refunds:
    """The events, one row an order that money was taken back from; `order_fact` is empty where none was found."""

    table: str


def match_refunds(engine: Engine, facts: str, every: str, lines: str | None) -> Refunds:
    """Find the order of every refund.

    In this order: the order that the refund's row names; what the order's own row says was given back; for lines of
    invoices the customer's latest earlier line of the same article; the customer's latest earlier order that has as
    much left, one of the same amount first. What is left after that belongs to no order in the data.

    Parameters
    ----------
    facts : str
        Facts that are sales or refunds, with ``fact_id`` and ``customer_key``.
    every : str
        All facts, with ``by_fact`` for those that another one replaces.
    lines : str, optional
        Lines with ``fact_id`` of their order or refund.
    """
    matched = engine.new_name("refund_parts")
    engine.execute(
        f"""CREATE TABLE {matched} (refund_fact BIGINT, order_fact BIGINT, day DATE, occurred_at TIMESTAMP,
            amount DECIMAL(18, 4), dated BOOLEAN, how VARCHAR)"""
    )
    names = {"facts": quoted(facts), "every": quoted(every), "parts": quoted(matched)}
    engine.execute(fill(template("keepers.data.sql", "refunds_named"), **names))
    if lines is not None:
        engine.execute(fill(template("keepers.data.sql", "refunds_by_line"), lines=quoted(lines), **names))
    for _ in range(_ROUNDS):
        before = engine.row(f"SELECT count(*) FROM {quoted(matched)}")[0]
        engine.execute(fill(template("keepers.data.sql", "refunds_by_customer"), **names))
        if engine.row(f"SELECT count(*) FROM {quoted(matched)}")[0] == before:
            break
    engine.execute(fill(template("keepers.data.sql", "refunds_unmatched"), **names))
    return Refunds(matched)
