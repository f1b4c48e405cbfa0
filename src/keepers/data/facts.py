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
    """All facts as a view, those that another one replaces, and which of several equal rows each is."""

    table: str
    superseded: str
    occurrences: str
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
    future = _future(engine, union, options, into)
    last_days = {number: day for number, day in engine.rows(_sql("spans", union=union, future=future)) if day}
    whens = " ".join(f"WHEN {number} THEN DATE '{day}'" for number, day in last_days.items())
    table = engine.new_name("facts")
    query = _sql(
        "all_facts",
        union=union,
        money=str(has_money).lower(),
        future=future,
        last_day=f"CASE source_no {whens} END" if whens else "NULL::DATE",
    )
    engine.execute(f"CREATE VIEW {quoted(table)} AS {query}")
    table = one_currency(engine, table, options, into)
    occurrences = engine.create(engine.new_name("occurrences"), _sql("occurrences", facts=quoted(table)))
    return Facts(table, _superseded(engine, table, occurrences), occurrences, has_money)


def _superseded(engine: Engine, facts: str, occurrences: str) -> str:
    """Facts that another one replaces; only what the sources make possible is looked for."""
    sources, alike, payments, shop = engine.row(
        f"""SELECT count(DISTINCT source_no), (SELECT count(*) FROM {quoted(occurrences)}),
                   count(*) FILTER (payments), count(*) FILTER (NOT payments) FROM {quoted(facts)}"""
    )
    wanted = [
        name
        for name, possible in (
            ("superseded_older", sources > 1),
            ("superseded_copies", sources > 1),
            ("superseded_twice", alike),
            ("superseded_payments", payments and shop),
        )
        if possible
    ]
    parts = [_sql(name, facts=quoted(facts), occurrences=quoted(occurrences)) for name in wanted]
    parts = [f"SELECT * FROM ({part})" for part in parts]
    none = "SELECT 0::BIGINT AS fact_id, '' AS why, 0::BIGINT AS by_fact WHERE false"
    return engine.create(
        engine.new_name("superseded"),
        f"""SELECT fact_id, min(why) AS why, min(by_fact) AS by_fact FROM ({" UNION ALL ".join([none, *parts])})
            GROUP BY fact_id""",
    )


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


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
            file = source.partition(": ")[2] or source
            into.note(
                "future",
                f"{late:,} of {rows:,} rows of {file} are dated after today ({options.received_at.date()}; "
                f"the last {last}). They are counted; check the computer's clock, and whether day and month are the "
                "right way round (date_order; on the command line --day-first or --month-first).",
                warn=True,
            )
    return f"source_no IN ({', '.join(aside)}) AND day > {tomorrow}" if aside else "false"
