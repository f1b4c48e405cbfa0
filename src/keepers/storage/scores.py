"""Runs and the scores they published: a row a run, the customers' scores in one Parquet file beside the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

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
            snapshot = self._snapshots / row["snapshot"]
            if row["as_of"] in found or not snapshot.exists():
                continue
            found[row["as_of"]] = PublishedScores(
                row["kind"],
                row["scored_at"],
                row["as_of"],
                row["model_version"],
                row["horizon_days"],
                row["churn_horizon_days"],
                row["basis"],
                row["currency"],
                row["rows"],
                snapshot,
                row["run_id"],
            )
        return tuple(found.values())
