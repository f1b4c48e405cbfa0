"""The list of leads that a run has written, read again: whom to call first, found, filtered, a page at a time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.acquisition.leads.reasons import gained
from keepers.data.engine import Engine, literal
from keepers.domain.amounts import rate_of

if TYPE_CHECKING:
    from keepers.storage.generation import Generation

FILE = "leads.parquet"


@dataclass(frozen=True, slots=True)
class Lead:
    """One open lead as the run has scored it; its columns are those of leads.parquet."""

    lead_id: str
    customer_key: str | None
    company: str | None
    channel: str | None
    owner: str | None
    came_on: dt.date
    age_days: int
    probability: float
    probability_low: float | None
    probability_high: float | None
    value_if_won: float | None
    expected_value: float | None
    expected_value_low: float | None
    expected_value_high: float | None
    rank: int
    this_week: bool
    assigned_to: str | None
    reasons: str
    prior_share: float | None
    probability_30d: float | None = None
    probability_90d: float | None = None
    reason_gains: str | None = None

    def why(self, persons: bool, currency: str | None = None) -> tuple[str, ...]:
        """What adds to it or takes from it, each in words; whose it is only for those who may see persons.

        Parameters
        ----------
        persons : bool
        currency : str, optional
            Of the run's money; amounts are then said in the currency in which amounts are shown. Files of runs that did
            not write them as numbers, and words that cannot be told apart, stay in the run's own.
        """
        parts = [part for part in (self.reasons or "").split("; ") if part]
        gains = [gain for gain in (self.reason_gains or "").split("; ") if gain]
        if rate_of(currency) != 1.0 and len(parts) == len(gains):
            parts = [
                f"{part.rpartition(' (')[0]} ({gained(float(gain), currency)})"
                for part, gain in zip(parts, gains, strict=True)
            ]
        return tuple(part for part in parts if persons or not part.startswith("owner"))


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads a list holds.

    Attributes
    ----------
    search : str
        Part of the company's name or the lead's number.
    persons : bool
        Whether who asks may see names, and so may search them.
    channel, person : str
        Of one channel, or whom one person takes; empty for all.
    this_week : bool
        Only those to call this week.
    least_value : float, optional
        Expected to bring at least so much.
    """

    search: str = ""
    persons: bool = False
    channel: str = ""
    person: str = ""
    this_week: bool = False
    least_value: float | None = None

    def takes(self, lead: Lead) -> bool:
        """Whether a lead is on the list."""
        if self.this_week and not lead.this_week:
            return False
        if self.channel and lead.channel != self.channel:
            return False
        if self.person and (not self.persons or self.person not in (lead.assigned_to, lead.owner)):
            return False
        if self.least_value is not None and not (lead.expected_value or 0.0) >= self.least_value:
            return False
        words = self.search.strip().casefold()
        if not words:
            return True
        named = f"{lead.company or ''} {lead.lead_id}" if self.persons else lead.lead_id
        return words in named.casefold()


def leads_of(folder: Path) -> tuple[Lead, ...]:
    """All open leads of a folder of results, the first to call first; none where the run had no leads."""
    path = folder / FILE
    try:
        written = path.stat().st_mtime_ns
    except OSError:
        return ()
    return _read(str(path), written)


def leads_there(folder: Path, generation: Generation | None) -> tuple[Lead, ...]:
    """The same without those who were erased since the run whose values are served."""
    every = leads_of(folder)
    if generation is None or not generation.forgotten:
        return every
    return tuple(one for one in every if not generation.forgets(one.customer_key or one.lead_id))


def people(leads: Iterable[Lead]) -> tuple[str, ...]:
    """Who takes leads."""
    return tuple(sorted({name for lead in leads for name in (lead.assigned_to, lead.owner) if name}))


@lru_cache(maxsize=4)
def _read(path: str, written: int) -> tuple[Lead, ...]:
    del written
    engine = Engine()
    try:
        there = {str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM read_parquet({literal(path)})")}
        names = [field.name for field in fields(Lead) if field.name in there or field.default is MISSING]
        rows = engine.rows(f"SELECT {', '.join(names)} FROM read_parquet({literal(path)}) ORDER BY rank")
    finally:
        engine.close()
    return tuple(Lead(**dict(zip(names, map(_plain, row), strict=True))) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
