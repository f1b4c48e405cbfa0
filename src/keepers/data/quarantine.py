"""Rows put aside: each with its file, its line, the reason in words and the row as it was written."""

from __future__ import annotations

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.raw_table import RawTable
from keepers.data.reconciliation import QuarantineLine

NAME = "quarantine"
_REASONS = {
    "no date": "it has no date",
    "no amount": "it has no amount",
    "future": "its date is in the future",
}


def create(engine: Engine) -> str:
    """Make the empty quarantine."""
    engine.execute(f"CREATE OR REPLACE TABLE {NAME} (source VARCHAR, line BIGINT, reason VARCHAR, content VARCHAR)")
    return NAME


def add_rejected(engine: Engine, raw: RawTable) -> None:
    """Put rows aside that could not be read as rows of their table."""
    if raw.rejected:
        engine.append(
            NAME,
            {
                "source": [raw.source] * len(raw.rejected),
                "line": [rejected.line for rejected in raw.rejected],
                "reason": [rejected.reason for rejected in raw.rejected],
                "content": [rejected.text for rejected in raw.rejected],
            },
        )


def add_problems(engine: Engine, raw: RawTable, stage: str) -> int:
    """Put rows aside whose values could not be read; gives their number."""
    return _add(engine, raw, f"SELECT _row, problem AS reason FROM {quoted(stage)} WHERE problem IS NOT NULL")


def add_unusable(engine: Engine, raw: RawTable, stage: str, condition: str, reason: str) -> int:
    """Put readable rows aside that cannot be used, for a reason; gives their number."""
    query = f"SELECT _row, {literal(reason)} AS reason FROM {quoted(stage)} WHERE problem IS NULL AND ({condition})"
    return _add(engine, raw, query)


def add_missing(engine: Engine, raw: RawTable, number: int, facts: str) -> int:
    """Put orders aside that have no date or no amount; gives their number."""
    whens = " ".join(f"WHEN {literal(key)} THEN {literal(words)}" for key, words in _REASONS.items())
    return _add(
        engine,
        raw,
        f"""SELECT row_number AS _row, CASE missing {whens} ELSE missing END AS reason FROM {quoted(facts)}
            WHERE missing IS NOT NULL AND missing <> 'problem' AND source_no = {number}""",
    )


def _add(engine: Engine, raw: RawTable, query: str) -> int:
    found = engine.row(f"SELECT count(*) FROM ({query})")[0]
    if found:
        engine.execute(
            f"""INSERT INTO {NAME} SELECT {literal(raw.source)}, p._row, p.reason, left(to_json(r)::VARCHAR, 2000)
                FROM ({query}) p JOIN {quoted(raw.table)} r ON r._row = p._row"""
        )
    return int(found)


def summary(engine: Engine) -> list[QuarantineLine]:
    """The reasons with their counts and first lines, most frequent first; values inside a reason are left out."""
    rows = engine.rows(template("keepers.data.sql", "quarantine_summary"))
    return [
        QuarantineLine(
            str(source), str(example if count == 1 else kind), int(count), tuple(int(line) for line in lines)
        )
        for source, kind, count, example, lines in rows
    ]
