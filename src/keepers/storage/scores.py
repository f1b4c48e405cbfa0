"""Runs and the scores they published: a row a run, the customers' scores in one Parquet file beside the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from keepers.storage.schema import PUBLISHED_SCORES, RUNS


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """The scores that one run gave to customers, or to subscribers.

    Parameters
    ----------
    kind : str
        ``"customers"`` or ``"subscribers"``.
    scored_at : datetime
        When.
    as_of : date
        Last day of the data that they rest on.
    model_version : str
        Which models.
    horizon_days, churn_horizon_days : float
        What predicted values, and churn probabilities, cover.
    basis, currency : str or None
        What money is; None without any.
    rows : int
        Customers.
    snapshot : Path
        The Parquet file with the rows.
    run_id : int
        The run; 0 before it is recorded.
    """

    kind: str
    scored_at: dt.datetime
    as_of: dt.date
    model_version: str
    horizon_days: float
    churn_horizon_days: float
    basis: str | None
    currency: str | None
    rows: int
    snapshot: Path
    run_id: int = 0


@dataclass(frozen=True, slots=True)
class KnownRun:
    """One run of the project; `figures` is what it found, None where that was not kept."""

    number: int
    made_at: dt.datetime
    as_of: dt.date
    folder: Path
    customers: int
    figures: Mapping[str, Any] | None


class RunBook:
    """Runs and published scores inside one transaction, or for reading."""

    def __init__(self, connection: Connection, snapshots: Path) -> None:
        self._connection = connection
        self._snapshots = snapshots

    def begin(self, made_at: dt.datetime, as_of: dt.date, version: str, folder: Path, customers: int) -> int:
        """Record a run; gives its number."""
        row = {
            "made_at": made_at,
            "as_of": as_of,
            "version": version,
            "folder": str(folder),
            "customers": customers,
        }
        number: int = self._connection.execute(insert(RUNS).values(row)).inserted_primary_key[0]  # type: ignore[index]
        return number

    def describe(self, run_id: int, figures: Mapping[str, Any]) -> None:
        """Keep what a run found in a few figures."""
        self._connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(figures=dict(figures)))

    def listed(self) -> tuple[KnownRun, ...]:
        """All runs, the newest first."""
        query = select(RUNS).order_by(RUNS.c.made_at.desc(), RUNS.c.id.desc())
        return tuple(_run(row) for row in self._connection.execute(query).mappings())

    def scores_of(self, run_id: int, kind: str) -> PublishedScores | None:
        """What a run published, while its file is there."""
        table = PUBLISHED_SCORES
        query = select(table).where(table.c.run_id == run_id, table.c.kind == kind).order_by(table.c.id.desc())
        row = self._connection.execute(query).mappings().first()
        if row is None or not (self._snapshots / row["snapshot"]).exists():
            return None
        return _scores(row, self._snapshots)

    def publish(self, run_id: int, scores: PublishedScores) -> None:
        """Record where the scores of a run lie."""
        self._connection.execute(
            insert(PUBLISHED_SCORES).values(
                run_id=run_id,
                kind=scores.kind,
                scored_at=scores.scored_at,
                as_of=scores.as_of,
                model_version=scores.model_version,
                horizon_days=scores.horizon_days,
                churn_horizon_days=scores.churn_horizon_days,
                basis=scores.basis,
                currency=scores.currency,
                rows=scores.rows,
                snapshot=scores.snapshot.name,
            )
        )

    def published(self, kind: str, until: dt.date | None = None) -> tuple[PublishedScores, ...]:
        """What was published, the newest first; of one day the last run alone, whose file is still there.

        Parameters
        ----------
        kind : str
            ``"customers"`` or ``"subscribers"``.
        until : date, optional
            Only those that rest on data up to this day, or earlier.
        """
        table = PUBLISHED_SCORES
        query = select(table).where(table.c.kind == kind).order_by(table.c.as_of.desc(), table.c.id.desc())
        if until is not None:
            query = query.where(table.c.as_of <= until)
        found: dict[dt.date, PublishedScores] = {}
        for row in self._connection.execute(query).mappings():
            if row["as_of"] in found or not (self._snapshots / row["snapshot"]).exists():
                continue
            found[row["as_of"]] = _scores(row, self._snapshots)
        return tuple(found.values())


def _scores(row: RowMapping, snapshots: Path) -> PublishedScores:
    return PublishedScores(
        row["kind"], row["scored_at"], row["as_of"], row["model_version"], row["horizon_days"],
        row["churn_horizon_days"], row["basis"], row["currency"], row["rows"], snapshots / row["snapshot"],
        row["run_id"],
    )  # fmt: skip


def _run(row: RowMapping) -> KnownRun:
    return KnownRun(
        row["id"], row["made_at"], row["as_of"], Path(row["folder"]), row["customers"], row["figures"]
    )  # fmt: skip
