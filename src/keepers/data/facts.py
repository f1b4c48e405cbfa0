"""The facts of all sources of sales in one table: what cannot be used marked, what came twice told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.currencies import one_currency
from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.options import ReadOptions
from keepers.data.reconciliation import Reconciliation
from keepers.data.sales import SalesSource


@dataclass(frozen=True)
class Facts:
    """All facts, and those that another one replaces."""

    table: str
    superseded: str
    has_money: bool


def gather_facts(engine: Engine, sources: Sequence[SalesSource], options: ReadOptions, into: Reconciliation) -> Facts:
    """Bring the facts of all sources together, in one currency.

    Raises
    ------
    InputError
        Sales are in several currencies without rates.
    """
    union = " UNION ALL ".join(f"SELECT * FROM {quoted(source.facts)}" for source in sources)
    has_money = bool(engine.row(f"SELECT count(amount) FROM ({union})")[0])
    table = engine.create(
        engine.new_name("facts"),
        fill(
            template("keepers.data.sql", "all_facts"),
            union=union,
            money=str(has_money).lower(),
            future=_future(engine, union, options, into),
        ),
    )
    for source in sources:
        engine.drop(source.facts)
    table = one_currency(engine, table, options, into)
    superseded = engine.new_name("superseded")
    engine.execute(fill(template("keepers.data.sql", "superseded"), facts=quoted(table), superseded=quoted(superseded)))
    return Facts(table, superseded, has_money)


def _future(engine: Engine, union: str, options: ReadOptions, into: Reconciliation) -> str:
    """Which facts are dated in the future: single ones are mistakes; where most are, the clock or the file is off."""
    tomorrow = f"(DATE '{options.received_at.date()}' + 1)"
    aside = []
    for number, source, late, rows, last in engine.rows(
        f"""SELECT source_no, any_value(source), count(*) FILTER (day > {tomorrow}), count(*), max(day)
            FROM ({union}) GROUP BY 1 HAVING count(*) FILTER (day > {tomorrow}) > 0"""
    ):
        if late * 2 <= rows:
            aside.append(str(number))
        else:
            into.note(
                "future",
                f"{late:,} of {rows:,} rows of {source} are dated after today ({options.received_at.date()}; the last "
                f"{last}). They are counted; check the computer's clock, and whether day and month are the right way "
                "round (date_order).",
                warn=True,
            )
    return f"source_no IN ({', '.join(aside)}) AND day > {tomorrow}" if aside else "false"
