"""The season of a store, and what it does to the expected orders of customers, held against what followed.

Models of buying count every day alike. Who came in the quiet months was seen buying slowly, and in a year buys as
others do; who came before a peak was seen at their best. With a season time is counted as the store's own: a day of
November counts for more than a day of July. Histories are read on that clock, and so is the horizon.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.coarsening import coarsened
from keepers.domain.errors import KeepersError
from keepers.domain.time import Horizon, ObservationWindow, days
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.summaries.summary import Summary, summarise

CERTAIN = 0.01
"""A season that chance makes as strong in more cases than this is none."""
YEAR = 365
_BEHIND = 700
"""Days that must lie behind, nearly two years: one alone cannot tell a season from anything else that happened."""
_LEAST = 300
"""Repeat purchases below which twelve months cannot be told apart."""
_MOST_CELLS = 6_000
_CHECKS = 3
_STEP = 61
"""Days between two days of the past that the season is tried at."""
_ROUNDS = 60
_AGES = 60

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SeasonCheck:
    """The season tried on the past: repeat purchases of those known on a day within the horizon that followed.

    Attributes
    ----------
    day : date
        What was known on it was used, and nothing later.
    actual, plain, seasonal : float
        What came; what is expected with every day alike, and by the clock of the season.
    """

    day: dt.date
    actual: float
    plain: float
    seasonal: float


@dataclass(frozen=True, slots=True)
class Season:
    """The season of a store.

    Attributes
    ----------
    factors : tuple of float, 12 numbers
        How fast customers buy in January, February and so on against the mean of a year, shrunk for chance.
    chance : float
        Probability of months so unlike each other without any season.
    ratio : float
        Expected purchases within the horizon by the clock of the season, over those with every day alike.
    horizon : Horizon
    checks : tuple of SeasonCheck
        The same on the past, where three years or more are there.
    """

    factors: tuple[float, ...]
    chance: float
    ratio: float
    horizon: Horizon
    checks: tuple[SeasonCheck, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether months differ by more than chance."""
        return self.chance < CERTAIN

    @property
    def errors(self) -> tuple[float, float] | None:
        """Mean relative error of totals on the past with every day alike and with the season; None if untried."""
        tried = [one for one in self.checks if one.actual > 0]
        if not tried:
            return None
        plain = [abs(one.plain / one.actual - 1.0) for one in tried]
        seasonal = [abs(one.seasonal / one.actual - 1.0) for one in tried]
        return float(np.mean(plain)), float(np.mean(seasonal))

    @property
    def helps(self) -> bool:
        """Whether the season is certain and made totals of the past better."""
        errors = self.errors
        return self.is_certain and errors is not None and errors[1] < errors[0]


def season_of(summary: Summary, horizon: Horizon) -> Season | None:
    """Estimate the season from repeat purchases, and what it does to the total expected within a horizon.

    Each month's repeat purchases are held against those that a model of buying expects of the customers there were,
    year by year, so that growth is no season; a test against the spread between years says whether it is more than
    chance.

    Parameters
    ----------
    summary : Summary
        Of orders in the embedded engine, up to now.
    horizon : Horizon
        How far ahead.

    Returns
    -------
    Season or None
        None where nearly two years or 300 repeat purchases are not there.

    Examples
    --------
    >>> import keepers as kp
    >>> season = kp.season_of(kp.summarise(kp.read_orders("orders.csv")), kp.months(12))  # doctest: +SKIP
    """
    found = _at(summary, horizon)
    if found is None:
        return None
    factors, chance, plain, seasonal = found
    checks: list[SeasonCheck] = []
    if chance < CERTAIN:
        source, ahead = summary.facts.source, math.ceil(horizon.days)
        for step in range(_CHECKS):
            day = summary.calibration_end - dt.timedelta(days=ahead + step * _STEP)
            if source is None:
                break
            try:
                earlier = summarise(source, ObservationWindow(day, unit=summary.unit))
                past = _at(earlier, horizon)
            except KeepersError:
                break
            if past is None:
                break
            checks.append(SeasonCheck(day, _came(summary, day, ahead), past[2], past[3]))
    return Season(tuple(float(one) for one in factors), chance, seasonal / plain, horizon, tuple(checks))


def _at(summary: Summary, horizon: Horizon) -> tuple[FloatArray, float, float, float] | None:
    """Factors, their chance, and expected purchases with every day alike and by the clock, as known at the cut."""
    counted = _counts(summary)
    if counted is None:
        return None
    first, repeats, new = counted
    found = summary.keyed_cells().cells
    cells = coarsened(Cells(found.x, found.t_x, found.T, found.weight, found.unit), _MOST_CELLS).cells
    model = MBGNBD().fit(cells)
    size = repeats.size
    ages = np.unique(np.geomspace(1.0, max(size, 2), _AGES).round())
    total = np.array([model.expected_purchases_new_customer(days(age)) for age in ages])
    a_day = np.diff(np.interp(np.arange(size + 1.0), np.r_[0.0, ages], np.r_[0.0, total]))
    length = 1 << (2 * size - 1).bit_length()
    expected = np.fft.irfft(np.fft.rfft(new, length) * np.fft.rfft(a_day, length), length)[:size]
    factors, chance = _factors(repeats, np.maximum(expected, 0.0), first)
    clock = _Clock(factors, first, size - 1, math.ceil(horizon.days))
    ahead = clock.ahead(horizon.days)
    if ahead <= 0:
        return None
    read = clock.read(cells)
    plain = float(cells.weight @ model.expected_purchases(cells, horizon))
    seasonal = float(cells.weight @ MBGNBD().fit(read).expected_purchases(read, days(ahead)))
    return factors, chance, plain, seasonal


def _counts(summary: Summary) -> tuple[dt.date, FloatArray, FloatArray] | None:
    """First day, and by day from it to the cut: repeat purchases, and customers who came."""
    bought = f"SELECT customer_key, day, min(day) OVER (PARTITION BY customer_key) AS first FROM ({_days(summary)})"
    rows = summary.engine.columns(
        f"SELECT day, count(*) FILTER (day > first) AS again, count(*) FILTER (day = first) AS new FROM ({bought}) "
        "GROUP BY day ORDER BY day"
    )
    day = np.asarray(rows["day"], dtype="datetime64[D]")
    cut = np.datetime64(summary.calibration_end, "D")
    again = np.asarray(rows["again"], dtype=np.float64)
    if not day.size or int((cut - day[0]).astype(np.int64)) < _BEHIND or again.sum() < _LEAST:
        return None
    size = int((cut - day[0]).astype(np.int64)) + 1
    repeats, new = np.zeros(size), np.zeros(size)
    place = (day - day[0]).astype(np.int64)
    repeats[place], new[place] = again, np.asarray(rows["new"], dtype=np.float64)
    return day[0].astype(object), repeats, new


def _days(summary: Summary) -> str:
    return f"SELECT DISTINCT customer_key, day FROM ({summary.purchase_days_sql()}) AS bought"


def _came(summary: Summary, day: dt.date, ahead: int) -> float:
    """Purchase days after a day of those who were customers by then."""
    known = f"SELECT customer_key, min(day) AS first FROM ({_days(summary)}) GROUP BY customer_key"
    last = day + dt.timedelta(days=ahead)
    found = summary.engine.row(
        f"SELECT count(*) FROM ({_days(summary)}) AS bought INNER JOIN ({known}) AS known USING (customer_key) "
        f"WHERE first <= DATE '{day}' AND day > DATE '{day}' AND day <= DATE '{last}'"
    )
    return float(found[0])


def _factors(repeats: FloatArray, expected: FloatArray, first: dt.date) -> tuple[FloatArray, float]:
    """Factors of the twelve months, mean one, and the probability of such ones by chance."""
    month = _months(first, repeats.size)
    years = (repeats.size - 1 - np.arange(repeats.size)) // YEAR
    shape = (int(years.max()) + 1, 12)
    seen, fore = np.zeros(shape), np.zeros(shape)
    np.add.at(seen, (years, month), repeats)
    np.add.at(fore, (years, month), expected)
    used = fore > 0
    seen, fore = np.where(used, seen, 0.0), np.where(used, fore, 0.0)
    plain = seen.sum(axis=1, keepdims=True) / np.maximum(fore.sum(axis=1, keepdims=True), 1e-12)
    level, speed = plain.copy(), np.ones(12)
    for _ in range(_ROUNDS):
        speed = seen.sum(axis=0) / np.maximum((fore * level).sum(axis=0), 1e-12)
        level = seen.sum(axis=1, keepdims=True) / np.maximum((fore * speed).sum(axis=1, keepdims=True), 1e-12)
    fitted, without = fore * level * speed, fore * plain
    freedom = int(used.sum()) - 11 - int(used.any(axis=1).sum())
    told = used & (fitted > 0)
    spread = max(float(((seen - fitted)[told] ** 2 / fitted[told]).sum()) / max(freedom, 1), 1.0)
    both = told & (seen > 0)
    gained = float((seen[both] * np.log(fitted[both] / without[both])).sum()) - float((fitted - without).sum())
    strength = max(2.0 * gained / 11.0 / spread, 0.0)
    chance = float(fdtrc(11, max(freedom, 1), strength)) if strength > 0 else 1.0
    speed = speed / speed.mean()
    shrunk = 1.0 + (speed - 1.0) * max(1.0 - 1.0 / strength, 0.0) if strength > 0 else np.ones(12)
    return np.asarray(np.maximum(shrunk, 0.05)), chance


def _months(first: dt.date, size: int) -> IntArray:
    """Month of each day, 0 for January."""
    day = np.datetime64(first, "D") + np.arange(size)
    return np.asarray(day.astype("datetime64[M]").astype(np.int64) % 12)


class _Clock:
    """Time as the store's own, in days of a mean year."""

    def __init__(self, factors: FloatArray, first: dt.date, cut: int, ahead: int) -> None:
        speed = factors[_months(first, cut + 1 + max(ahead, YEAR))]
        # A whole year counts for a year, whatever the lengths of its months.
        speed = speed / speed[cut + 1 : cut + 1 + YEAR].mean()
        self._at = np.r_[0.0, np.cumsum(speed)]
        self._cut = cut

    def __call__(self, day: FloatArray) -> FloatArray:
        return np.asarray(np.interp(day, np.arange(self._at.size), self._at))

    def ahead(self, length: float) -> float:
        """How long the next so many days count for."""
        found = self(np.array([self._cut + 1.0, self._cut + 1.0 + length]))
        return float(found[1] - found[0])

    def read(self, cells: Cells) -> Cells:
        """Histories by this clock."""
        unit, now = cells.unit.days, np.array([float(self._cut)])
        came = self._cut - cells.T * unit
        zero = self(came)
        return replace(cells, t_x=(self(came + cells.t_x * unit) - zero) / unit, T=(self(now) - zero) / unit)
