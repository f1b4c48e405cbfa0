"""Divisions of the customers over time: thresholds that hold for a month, and who went from which segment to which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from keepers.domain.segments import SegmentMove
from keepers.storage.schema import SEGMENT_MOVES, SEGMENT_THRESHOLDS


class Divisions:
    """Thresholds and moves inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rule(self, division: str, on: dt.date) -> dict[str, Any] | None:
        """The newest rule of a division that was frozen on a day or before; None where there is none."""
        query = (
            select(SEGMENT_THRESHOLDS.c.rule)
            .where(SEGMENT_THRESHOLDS.c.division == division, SEGMENT_THRESHOLDS.c.frozen_on <= on)
            .order_by(SEGMENT_THRESHOLDS.c.frozen_on.desc())
            .limit(1)
        )
        found: dict[str, Any] | None = self._connection.execute(query).scalar()
        return found

    def freeze(self, division: str, frozen_on: dt.date, rule: Mapping[str, Any]) -> None:
        """Keep a rule; one that was kept for the same day is replaced."""
        table = SEGMENT_THRESHOLDS
        self._connection.execute(delete(table).where(table.c.division == division, table.c.frozen_on == frozen_on))
        self._connection.execute(insert(table).values(division=division, frozen_on=frozen_on, rule=dict(rule)))

    def record(self, division: str, since: dt.date, until: dt.date, moves: Sequence[SegmentMove]) -> None:
        """Keep the moves between two runs; those that were kept up to the same day are replaced."""
        table = SEGMENT_MOVES
        self._connection.execute(delete(table).where(table.c.division == division, table.c.until == until))
        if moves:
            self._connection.execute(
                insert(table),
                [
                    {
                        "division": division,
                        "since": since,
                        "until": until,
                        "from_segment": move.before,
                        "to_segment": move.now,
                        "customers": move.customers,
                        "value": move.value,
                    }
                    for move in moves
                ],
            )

    def moves(self, division: str, until: dt.date) -> tuple[SegmentMove, ...]:
        """The moves that were kept up to a day."""
        table = SEGMENT_MOVES
        query = select(table).where(table.c.division == division, table.c.until == until)
        return tuple(
            SegmentMove(row["from_segment"], row["to_segment"], row["customers"], row["value"])
            for row in self._connection.execute(query).mappings()
        )
