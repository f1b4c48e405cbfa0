"""The season of a store, and what it does to the expected orders of customers, held against what followed.

Models of buying count every day alike. Who came in the quiet months was seen buying slowly, and in a year buys as
others do; who came before a peak was seen at their best. With a season time is counted by the store's own clock: a day
of November counts for more than a day of July. Histories are read by that clock, and so is the horizon.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import fdtrc

from keepers.data.engine import quoted
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.coarsening import coarsened
from keepers.domain.errors import FitError, InputError, KeepersError
from keepers.domain.store_clock import Calendar, StoreClock, day_number, months_of
from keepers.domain.time import DEFAULT_HORIZON, Horizon, ObservationWindow, days, months
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.summaries.clocked import by_clock
from keepers.summaries.purchases import day_literal
from keepers.summaries.summary import Summary, summarise

CERTAIN = 0.01
"""A season that chance makes as strong in more cases than this is none."""
AGAINST = 3.0
"""Log of the odds by which the past must speak against a certain season before it is left out: 20 to 1."""
_TOGETHER, _OFF = 4.0, 0.02
"""What a total is off by for other reasons: customers differ, so that purchases come as in heaps of four; and what the
model of buying misses."""
YEAR = 365
QUARTER = months(3)
BEHIND = dt.timedelta(days=700)
"""What must lie behind, nearly two years: one alone cannot tell a season from anything else that happened."""
_LEAST = 300
"""Repeat purchases below which twelve months cannot be told apart."""
_MOST_CELLS = 6_000
_CHECKS = 3
_STEP = 61
"""Days between two days of the past that the season is tried at."""
_ROUNDS = 60
_AGES = 60
_SLOWEST = 0.05


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
    day : date
        The day up to which orders were looked at, and from which the horizon begins.
    checks : tuple of SeasonCheck
        The same on the past, where three years or more are there.
    """

    factors: tuple[float, ...]
    chance: float
    ratio: float
    horizon: Horizon
    day: dt.date
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

    @property
    def is_used(self) -> bool:
        """Whether values are to follow it: it is certain, and nothing but chance speaks against it in the past."""
        return self.is_certain and self.doubt < AGAINST

    @property
    def doubt(self) -> float:
        """Log of the odds by which totals of the past speak against the season; 0 where it was not tried.

        Days of the past share most of their purchases, so that they count as one.
        """
        odds = [
            ((one.seasonal / one.actual - 1.0) ** 2 - (one.plain / one.actual - 1.0) ** 2)
            / (2.0 * (_TOGETHER / one.actual + _OFF**2))
            for one in self.checks if one.actual > 0
        ]  # fmt: skip
        return float(np.mean(odds)) if odds else 0.0

    @property
    def clock(self) -> StoreClock:
        """The store's clock, by which `keepers.by_clock` lets models count time."""
        return StoreClock(self.factors)

    def speed(self, horizon: Horizon = QUARTER) -> float:
        """How fast customers buy over the time ahead, against the mean of a year."""
        return self.clock.ahead(float(day_number(self.day)), horizon.days) / horizon.days


def season_of(summary: Summary, horizon: Horizon) -> Season | None:
    """Estimate the season from repeat purchases, and what it does to the total expected within a horizon.

    Each month's repeat purchases are held against those that a model of buying expects of the customers there were,
    year by year, so that growth is no season; a test against the spread between years says whether it is more than
    chance.

    Parameters
    ----------
    summary : Summary
        Of orders, up to now.
    horizon : Horizon
        How far ahead.

    Returns
    -------
    Season or None
        None where nearly two years or 300 repeat purchases are not there, or where opportunities are counted.

    Examples
    --------
    >>> import keepers as kp
    >>> summary = kp.summarise(kp.read_orders("orders.csv"))  # doctest: +SKIP
    >>> season = kp.season_of(summary, kp.months(12))  # doctest: +SKIP
    >>> model = kp.ParetoNBD().fit(kp.by_clock(summary, season.clock))  # doctest: +SKIP
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
                earlier.engine.drop(earlier.name)
            except KeepersError:
                break
            if past is None:
                break
            checks.append(SeasonCheck(day, _came(summary, day, ahead), past[2], past[3]))
    return Season(
        tuple(float(one) for one in factors), chance, seasonal / plain, horizon, summary.calibration_end, tuple(checks)
    )


def in_season(summary: Summary, horizon: Horizon | None = None) -> Summary:
    """The same customers, to be read by the store's clock where a season is found and the past speaks for it."""
    return by_season(summary, found_season(summary, horizon or DEFAULT_HORIZON))


def by_season(summary: Summary, found: Season | None) -> Summary:
    """The same customers, to be read by the clock of a season that is fit for use."""
    return summary if found is None or not found.is_used else by_clock(summary, found.clock)


def found_season(summary: Summary, horizon: Horizon) -> Season | None:
    """The season; None too where there is too little to fit a model to."""
    try:
        return season_of(summary, horizon)
    except (InputError, FitError):
        return None


def clock_of(summary: Summary) -> StoreClock | None:
    """The store's clock as it can be known on the day of a summary; None where no season is certain."""
    found = _factors_at(summary)
    return StoreClock(tuple(float(one) for one in found[0])) if found is not None and found[1] < CERTAIN else None


def _at(summary: Summary, horizon: Horizon) -> tuple[FloatArray, float, float, float] | None:
    """Factors, their chance, and expected purchases with every day alike and by the clock, as known at the cut."""
    found = _factors_at(summary)
    if found is None:
        return None
    factors, chance, cells, model = found
    clock = StoreClock(tuple(float(one) for one in factors))
    seasonal = _fitted(cells, clock)
    return (
        factors,
        chance,
        float(cells.weight @ model.expected_purchases(cells, horizon)),
        float(cells.weight @ seasonal.expected_purchases(cells, horizon)),
    )


def _factors_at(summary: Summary) -> tuple[FloatArray, float, Cells, MBGNBD] | None:
    """Factors, their chance, histories and the model that counts every day alike."""
    counted = _counts(summary)
    if counted is None:
        return None
    first, repeats, new = counted
    found = summary.keyed_cells().cells
    bare = Cells(found.x, found.t_x, found.T, found.weight, found.unit, calendar=Calendar(summary.calibration_end))
    cells = coarsened(bare, _MOST_CELLS).cells
    plain = MBGNBD().fit(cells)
    bins = _Bins.of(first, repeats.size)
    seen = bins.sums(repeats)
    factors, chance = _factors(seen, bins.expected(plain, new, None))
    if chance < CERTAIN:
        # What is usual at an age was learnt with every day alike; it is learnt again by the clock that this gave.
        clock = StoreClock(tuple(float(one) for one in factors))
        expected = bins.expected(_fitted(cells, clock), new, clock) / (factors / factors.mean())
        factors, _ = _factors(seen, expected)
    return factors, chance, cells, plain


def _fitted(cells: Cells, clock: StoreClock) -> MBGNBD:
    """The model by a clock."""
    calendar = cells.calendar
    assert calendar is not None
    return MBGNBD().fit(replace(cells, calendar=replace(calendar, clock=clock)))


def _counts(summary: Summary) -> tuple[dt.date, FloatArray, FloatArray] | None:
    """First day, and by day from it to the cut: repeat purchases, and customers who came."""
    if summary.facts.opportunities or summary.facts.source is None:
        return None
    arrived = summary.engine.columns(
        f"SELECT first_day AS day, count(*) AS customers FROM {quoted(summary.name)} GROUP BY first_day ORDER BY day"
    )
    came = np.asarray(arrived["day"], dtype="datetime64[D]")
    cut = np.datetime64(summary.calibration_end, "D")
    if not came.size or int((cut - came[0]).astype(np.int64)) < BEHIND.days:
        return None
    bought = summary.engine.columns(
        f"SELECT purchased_on AS day, count(*) AS purchases FROM ({summary.purchase_days_sql()}) AS bought "
        "WHERE purchased_on IS NOT NULL GROUP BY purchased_on ORDER BY purchased_on"
    )
    size = int((cut - came[0]).astype(np.int64)) + 1
    by_day, new = np.zeros(size), np.zeros(size)
    new[(came - came[0]).astype(np.int64)] = arrived["customers"]
    by_day[(np.asarray(bought["day"], dtype="datetime64[D]") - came[0]).astype(np.int64)] = bought["purchases"]
    repeats = np.maximum(by_day - new, 0.0)
    return (came[0].astype(object), repeats, new) if repeats.sum() >= _LEAST else None


def _came(summary: Summary, day: dt.date, ahead: int) -> float:
    """Purchase days after a day of those who were customers by then."""
    first, last = day_literal(day), day_literal(day + dt.timedelta(days=ahead))
    found = summary.engine.row(
        f"SELECT count(*) FROM ({summary.purchase_days_sql()}) AS bought "
        f"INNER JOIN {quoted(summary.name)} AS summary ON summary.customer_key = bought.customer_key "
        f"WHERE first_day <= {first} AND purchased_on > {first} AND purchased_on <= {last}"
    )
    return float(found[0])


@dataclass(frozen=True, eq=False)
class _Bins:
    """Days by year, counted back from the last one, and month.

    Parameters
    ----------
    first : int
        The first day.
    place : array, shape (days,)
        Year times twelve plus month, of each day.
    """

    first: int
    place: IntArray

    @classmethod
    def of(cls, first: dt.date, size: int) -> _Bins:
        years = (size - 1 - np.arange(size)) // YEAR
        return cls(day_number(first), years * 12 + months_of(day_number(first), size))

    def sums(self, of_days: FloatArray) -> FloatArray:
        """Sums over the days of each year and month, shape (years, 12)."""
        many = (int(self.place.max()) // 12 + 1) * 12
        return np.asarray(np.bincount(self.place, of_days, many), dtype=np.float64).reshape(-1, 12)

    def expected(self, model: MBGNBD, new: FloatArray, clock: StoreClock | None) -> FloatArray:
        """Repeat purchases that a model expects of those who came, by the day, in each year and month."""
        size = self.place.size
        ends = np.append(np.flatnonzero(np.diff(self.place)), size - 1)
        came = np.flatnonzero(new)
        until, since = ends.astype(np.float64), came.astype(np.float64)
        if clock is not None:
            until, since = clock.at(until + self.first), clock.at(since + self.first)
        age = np.maximum(until[:, None] - since[None, :], 0.0)
        ages = np.unique(np.geomspace(1.0, max(float(age.max()), 2.0), _AGES).round(1))
        total = np.array([model.expected_purchases_new_customer(days(one)) for one in ages])
        reached = np.interp(age, np.r_[0.0, ages], np.r_[0.0, total]) @ new[came]
        by_day = np.zeros(size)
        by_day[ends] = np.diff(reached, prepend=0.0)
        return self.sums(by_day)


def _factors(seen: FloatArray, fore: FloatArray) -> tuple[FloatArray, float]:
    """Factors of the twelve months, mean one, and the probability of such ones by chance."""
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
    return np.asarray(np.maximum(shrunk, _SLOWEST)), chance
