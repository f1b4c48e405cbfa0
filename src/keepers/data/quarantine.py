"""Rows put aside: each with its file, its line, the reason in words and the row as it was written."""

from __future__ import annotations

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.normalise import fill
from keepers.data.raw_table import RawTable
from keepers.data.reconciliation import QuarantineLine
from keepers.domain.columns import QUARANTINE

_REASONS = {
    "no date": "it has no date",
    "no amount": "it has no amount",
    "future": "its date is in the future",
}
_MOST_TEXT = 2_000


class Quarantine:
    """A table of the engine with the rows of one reading that were put aside."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        engine.create_empty(QUARANTINE, name)

    def add_rejected(self, raw: RawTable) -> None:
        """Put rows aside that could not be read as rows of their table."""
        if raw.rejected:
            self.engine.append(
                self.name,
                {
                    "source": [raw.source] * len(raw.rejected),
                    "line": [rejected.line for rejected in raw.rejected],
                    "reason": [rejected.reason for rejected in raw.rejected],
                    "content": [rejected.text for rejected in raw.rejected],
                },
            )

    def add_problems(self, raw: RawTable, stage: str) -> None:
        """Put rows aside whose values could not be read."""
        self._add(raw, f"SELECT _row, problem AS reason FROM {quoted(stage)} WHERE problem IS NOT NULL")

    def add_unusable(self, raw: RawTable, stage: str, condition: str, reason: str) -> None:
        """Put readable rows aside that cannot be used, for a reason."""
        where = f"problem IS NULL AND ({condition})"
        self._add(raw, f"SELECT _row, {literal(reason)} AS reason FROM {quoted(stage)} WHERE {where}")

    def add_missing(self, raw: RawTable, number: int, facts: str) -> None:
        """Put orders aside that have no date or no amount, or a date in the future."""
        whens = " ".join(f"WHEN {literal(key)} THEN {literal(words)}" for key, words in _REASONS.items())
        self._add(
            raw,
            f"""SELECT row_number AS _row, CASE missing {whens} ELSE missing END AS reason FROM {quoted(facts)}
                WHERE missing IS NOT NULL AND missing <> 'problem' AND source_no = {number}""",
        )

    def _add(self, raw: RawTable, query: str) -> None:
        if self.engine.row(f"SELECT count(*) FROM ({query})")[0]:
            self.engine.execute(
                f"""INSERT INTO {quoted(self.name)}
                    SELECT {literal(raw.source)}, p._row, p.reason, left(to_json(r)::VARCHAR, {_MOST_TEXT})
                    FROM ({query}) p JOIN {quoted(raw.table)} r ON r._row = p._row"""
            )

    def rows_by_source(self) -> dict[str, int]:
        """How many rows of each source were put aside."""
        query = f"SELECT source, count(DISTINCT line) FROM {quoted(self.name)} GROUP BY 1"
        return {str(source): int(rows) for source, rows in self.engine.rows(query)}

    def summary(self) -> list[QuarantineLine]:
        """The reasons with their counts and first lines, most frequent first; values inside a reason are left out."""
        query = fill(template("keepers.data.sql", "quarantine_summary"), quarantine=quoted(self.name))
        return [
            QuarantineLine(
                str(source), str(example if count == 1 else kind), int(count), tuple(int(line) for line in lines)
            )
            for source, kind, count, example, lines in self.engine.rows(query)
        ]
