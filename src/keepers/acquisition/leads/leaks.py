"""Columns of leads that were written after the lead came, and so know what became of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from keepers.acquisition.leads.design import MISSING, Coding, code_column
from keepers.acquisition.leads.table import LeadTable
from keepers.acquisition.words import said
from keepers.domain.cells import FloatArray, IntArray
from keepers.evaluation.leaks import Leak
from keepers.numerics.conversion import Outcome

_FEWEST_WON = 8
_LATER_DAYS = 0.02
"""Share of days after the lead's from which a column of days is taken to be written later."""
_TELLS_ALL = 0.45
"""Share of the deviance that no column known in advance explains alone; the strongest of simulated and published lists
explain below a quarter."""
_CERTAIN, _NEVER = 0.85, 0.05
_SURE = 0.005
_FILLED = 0.5
_FRESH, _WINDOWS = 30, 4
_SHIFT = 0.15


def find_lead_leaks(table: LeadTable) -> tuple[Leak, ...]:
    """Name the columns of leads that know their outcome, and say how that was seen.

    A list of leads shows how things stand when it was exported. Four proofs that a column was written later: it holds
    days after the lead came; it is filled for leads that are closed and empty for those of the same time that are open;
    fresh leads differ from earlier ones in it by far more than earlier ones among themselves ever did; or it tells
    the outcome better than anything known in advance could.

    Parameters
    ----------
    table : LeadTable

    Returns
    -------
    tuple of Leak
        The surest first; a column is named once.
    """
    found: list[Leak] = []
    for name, column in table.columns.items():
        if name == "bought_before":
            continue
        leak = _later_days(table, name, column) if column.dtype.kind == "M" else _of_levels(table, name, column)
        if leak is not None:
            found.append(leak)
    order = {"later day": 0, "filled later": 1, "implausible": 2, "grows": 3}
    return tuple(sorted(found, key=lambda one: order[one.kind]))


def _of_levels(table: LeadTable, name: str, column: NDArray[Any]) -> Leak | None:
    coding = code_column(name, column)
    if coding is None:
        return None
    codes = coding.codes(column, table.size)
    return (
        _filled_later(table, name, coding, codes)
        or _implausible(table, name, coding, codes)
        or _grows(table, name, coding, codes)
    )


def _later_days(table: LeadTable, name: str, column: NDArray[Any]) -> Leak | None:
    known = ~np.isnat(column)
    later = column[known] > table.day[known]
    if later.sum() < 3 or later.mean() < _LATER_DAYS:
        return None
    sentence = (
        f"“{said(name)}” holds days after the lead came (in {later.mean():.0%} of {known.sum():,} leads): it was "
        "written later."
    )
    return Leak(name, "later day", sentence)


def _filled_later(table: LeadTable, name: str, coding: Coding, codes: IntArray) -> Leak | None:
    """Filled where a lead is closed, empty where one of the same time is open."""
    if not coding.has_missing:
        return None
    filled = codes != len(coding.levels) - 1
    closed = ~table.open
    strata = (np.argsort(np.argsort(table.day, kind="stable"), kind="stable") * 10) // max(table.size, 1)
    difference, weight, variance = 0.0, 0.0, 0.0
    for stratum in range(10):
        here = strata == stratum
        a, b = filled[here & closed], filled[here & ~closed]
        if a.size < 3 or b.size < 3:
            continue
        share = filled[here].mean()
        w = a.size * b.size / (a.size + b.size)
        difference += w * (a.mean() - b.mean())
        variance += w * max(share * (1 - share), 0.01)
        weight += w
    if not weight or difference / weight < _FILLED or difference < 4.0 * np.sqrt(variance):
        return None
    sentence = (
        f"“{said(name)}” is filled in when a lead is closed: it is there for {filled[closed].mean():.0%} of closed "
        f"leads and {filled[~closed].mean():.0%} of open ones."
    )
    return Leak(name, "filled later", sentence)


def _implausible(table: LeadTable, name: str, coding: Coding, codes: IntArray) -> Leak | None:
    """Tells the outcome of ripe leads better than anything known in advance could."""
    ripe, won = _ripe(table)
    wins = int(won[ripe].sum())
    if wins < _FEWEST_WON or ripe.sum() - wins < _FEWEST_WON:
        return None
    y, level = won[ripe].astype(np.float64), codes[ripe]
    count = np.bincount(level, minlength=len(coding.levels))
    good = np.bincount(level, y, minlength=len(coding.levels))
    base = float(y.mean())
    # Each lead is told from all others of its level, so that rare levels do not explain themselves.
    own = (good[level] - y + 2.0 * base) / (count[level] - 1.0 + 2.0)
    explained = 1.0 - float(_deviance(y, own) / _deviance(y, np.full(y.size, base)))
    if explained > _TELLS_ALL:
        sentence = (
            f"“{said(name)}” alone tells {explained:.0%} of who was won, more than anything known when a lead comes "
            "could: it was written later."
        )
        return Leak(name, "implausible", sentence)
    least = special.betaincinv(good + 0.5, count - good + 0.5, _SURE)
    sure = np.flatnonzero((least > _CERTAIN) & (count >= _FEWEST_WON) & (base < 0.6))
    if sure.size:
        which = int(sure[np.argmax(count[sure])])
        sentence = (
            f"“{said(name)}” tells who was won: of {count[which]:,} leads with “{coding.levels[which]}” "
            f"{good[which]:,.0f} were, against {base:.0%} of all. It was written later."
        )
        return Leak(name, "implausible", sentence)
    return _filled_for_failures(name, coding, level, y, base)


def _filled_for_failures(name: str, coding: Coding, level: IntArray, y: FloatArray, base: float) -> Leak | None:
    """Filled for a good part of the leads, and hardly any of these was won: a reason for losing, for example."""
    if not coding.has_missing:
        return None
    filled = level != len(coding.levels) - 1
    n, good = int(filled.sum()), float(y[filled].sum())
    most = float(special.betaincinv(good + 0.5, n - good + 0.5, 1.0 - _SURE)) if n else 1.0
    if n < 0.2 * y.size or most > _NEVER or most > 0.25 * base:
        return None
    return Leak(
        name, "implausible",
        f"“{said(name)}” is filled in for leads that fail: of {n:,} leads that have it {good:,.0f} were won, against "
        f"{base:.0%} of all.",
    )  # fmt: skip


def _grows(table: LeadTable, name: str, coding: Coding, codes: IntArray) -> Leak | None:
    """Fresh leads differ from those before them by more than any two neighbouring times did: it fills up with age."""
    close = table.days[(table.outcome == Outcome.WON) | (table.outcome == Outcome.LOST)]
    if close.size < 2 * _FRESH:
        return None
    fresh = int(np.count_nonzero(table.age <= max(int(np.quantile(close, 0.25)), 3)))
    if fresh < _FRESH or table.size < (_WINDOWS + 2) * fresh:
        return None
    # Rows are in the order of their days: windows of equally many leads, the newest first. The second is half ripe.
    newest = codes[::-1][: fresh * min(table.size // fresh, 12)].reshape(-1, fresh)
    shares = np.array([np.bincount(one, minlength=len(coding.levels)) / fresh for one in newest])
    settled = shares[2:]
    usual = float(0.5 * np.abs(np.diff(settled, axis=0)).sum(axis=1).max())
    base = settled.mean(axis=0)
    moved = float(0.5 * np.abs(shares[0] - base).sum())
    if moved < usual + _SHIFT:
        return None
    counts = np.array([shares[0] * fresh, base * fresh * len(settled)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if float(stats.chi2_contingency(counts).pvalue) > 1e-4:
        return None
    level = int(np.argmax(base - shares[0]))
    label = "anything" if level == len(coding.levels) - 1 and coding.levels[level] == MISSING else coding.levels[level]
    return Leak(
        name, "grows",
        f"“{said(name)}” fills up as leads grow older: “{label}” stands at {shares[0][level]:.0%} of fresh leads and "
        f"{base[level]:.0%} of earlier ones, and never moved so far before.",
    )  # fmt: skip


def _ripe(table: LeadTable) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Leads of which it is known whether they were won, those open for long among them; and who was won."""
    won = table.won
    dated = table.days[table.outcome == Outcome.WON]
    old = float(np.quantile(dated, 0.95)) if dated.size >= _FEWEST_WON else np.inf
    return ~table.open | (table.age > old), won


def _deviance(y: FloatArray, p: FloatArray) -> float:
    safe = np.clip(p, 1e-6, 1 - 1e-6)
    return float(-2.0 * np.sum(special.xlogy(y, safe) + special.xlogy(1 - y, 1 - safe)))
