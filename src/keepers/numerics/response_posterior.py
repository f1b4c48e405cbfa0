"""The posterior of a channel's response from weekly arrivals: overdispersed counts, season, growth and priors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from keepers.domain.errors import InputError
from keepers.numerics.response_curve import WEEK, CurveDraws, pressures
from keepers.numerics.tempered import tempered_draws

FloatArray = NDArray[np.float64]

_YEAR = 365.25
_HALF_LIVES = np.exp(np.linspace(math.log(0.1), math.log(120.0), 36))

COORDINATES = (
    "half_life", "half_saturation", "shape", "level", "organic", "season", "growth", "dispersion",
)  # fmt: skip
"""What is unknown: logarithms of the half-life in days, of the half saturation in units of usual spend, of arrivals a
week at usual spend and of the dispersion; logits of the shape and of the organic share; the power of demand that the
channel follows; the growth a year of its logarithm."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed before the data: a normal with this centre and standard deviation in a coordinate."""

    centre: float
    spread: float


@dataclass(frozen=True, slots=True)
class Lift:
    """What an experiment has shown: arrivals a day gained by going from one spend a day to another, with its error."""

    spend_from: float
    spend_to: float
    gain: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class WeeklyArrivals:
    """A channel's data.

    Parameters
    ----------
    arrivals : array, shape (weeks,)
        Arrivals of each week.
    daily_spend : array, shape (7 * weeks,)
        Money of each day of these weeks.
    demand : array, shape (weeks,)
        Demand of each week, one being an average one.
    lifts : sequence of Lift
        Experiments.
    """

    arrivals: FloatArray
    daily_spend: FloatArray
    demand: FloatArray
    lifts: Sequence[Lift] = ()

    def __post_init__(self) -> None:
        weeks = self.arrivals.size
        if self.daily_spend.size != WEEK * weeks or self.demand.size != weeks or not weeks:
            raise InputError(
                f"A response needs a spend for each of 7 days of every week and a demand a week; there are {weeks} "
                f"weeks of arrivals, {self.daily_spend.size} days of spend, {self.demand.size} weeks of demand."
            )
        if self.daily_spend.min() < 0 or self.arrivals.min() < 0 or not self.demand.min() > 0:
            raise InputError("Spend and arrivals must be zero or more, and demand positive.")

    @property
    def usual_spend(self) -> float:
        """Mean money a day over the days on which any was spent."""
        spent = self.daily_spend[self.daily_spend > 0]
        return float(spent.mean()) if spent.size else 0.0


@dataclass(frozen=True, eq=False)
class ResponsePosterior:
    """Draws of a response, and of where it stands now.

    Attributes
    ----------
    curve : CurveDraws
        The response as it is at the end of the data.
    pressure : array, shape (n,)
        Pressure at the end of the data.
    dispersion : array, shape (n,)
        Variance of a week's arrivals beyond Poisson's, over the squared mean.
    coordinates : array, shape (n, 8)
        The draws as `COORDINATES`.
    """

    curve: CurveDraws
    pressure: FloatArray
    dispersion: FloatArray
    coordinates: FloatArray
    usual_spend: float

    def elasticity(self, spend: float | None = None) -> FloatArray:
        """Percent more arrivals, organic ones included, for one percent more spend."""
        money = self.usual_spend if spend is None else spend
        more = self.curve.marginal(money)[:, 0] * money
        return np.asarray(more / (self.curve.steady(money)[:, 0] + self.curve.organic))


@dataclass(frozen=True, eq=False)
class ResponseModel:
    """The model of a channel's arrivals under a prior.

    Parameters
    ----------
    data : WeeklyArrivals
        What was seen.
    beliefs : mapping of str to Belief
        By coordinate.
    """

    data: WeeklyArrivals
    beliefs: Mapping[str, Belief]
    _known: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        missing = [name for name in COORDINATES if name not in self.beliefs]
        if missing:
            raise InputError(f"There is no belief about {', '.join(missing)}.")
        if not self.data.usual_spend > 0:
            raise InputError("No money was spent, so that there is no response to it.")
        daily = self.data.daily_spend
        by_day = pressures(daily, _HALF_LIVES, float(daily[: 2 * WEEK].mean()))
        weeks = self.data.arrivals.size
        self._known["weekly"] = by_day.reshape(_HALF_LIVES.size, weeks, WEEK).mean(axis=2)
        self._known["last"] = by_day[:, -1]
        self._known["log_demand"] = np.asarray(np.log(self.data.demand), dtype=np.float64)
        counts, weeks_of = np.unique(self.data.arrivals, return_counts=True)
        self._known["counts"] = counts
        self._known["count_weeks"] = weeks_of.astype(np.float64)
        # Growth is counted back from the end, so that the level is that of now.
        self._known["years"] = np.asarray((np.arange(weeks) + 0.5 - weeks) * WEEK / _YEAR, dtype=np.float64)

    def draw(self, count: int, rng: np.random.Generator) -> ResponsePosterior:
        """Draw from the posterior."""
        points = tempered_draws(self._log_likelihood, len(COORDINATES), count, rng)
        return self.at(self._unscaled(points))

    def draw_prior(self, count: int, rng: np.random.Generator) -> ResponsePosterior:
        """Draw from what was believed before."""
        return self.at(self._unscaled(rng.standard_normal((count, len(COORDINATES)))))

    def at(self, coordinates: FloatArray) -> ResponsePosterior:
        """The response at given coordinates, shape (n, 8)."""
        half_life, log_half, shape, ceiling, organic = self._curve(coordinates)
        usual = self.data.usual_spend
        curve = CurveDraws(
            half_life, usual * np.exp(log_half), shape, ceiling / WEEK, organic / WEEK, coordinates[:, 5].copy()
        )
        low, part = _place(half_life)
        last = self._known["last"]
        pressure = (1.0 - part) * last[low] + part * last[low + 1]
        return ResponsePosterior(curve, pressure, np.exp(coordinates[:, 7]), coordinates, usual)

    def expected(self, coordinates: FloatArray) -> FloatArray:
        """Expected arrivals of each week, shape (n, weeks)."""
        half_life, log_half, shape, ceiling, organic = self._curve(coordinates)
        low, part = _place(half_life)
        weekly = self._known["weekly"]
        pressure = weekly[low] + part[:, None] * (weekly[low + 1] - weekly[low])
        with np.errstate(divide="ignore"):
            log_pressure = np.log(pressure / self.data.usual_spend)
        share = expit(shape[:, None] * (log_pressure - log_half[:, None]))
        level = coordinates[:, 5, None] * self._known["log_demand"] + coordinates[:, 6, None] * self._known["years"]
        return np.asarray(np.exp(level) * (organic[:, None] + ceiling[:, None] * share))

    def _unscaled(self, points: FloatArray) -> FloatArray:
        centre = np.array([self.beliefs[name].centre for name in COORDINATES])
        spread = np.array([self.beliefs[name].spread for name in COORDINATES])
        return np.asarray(centre + spread * points)

    @staticmethod
    def _curve(coordinates: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Half-life, logarithm of the half saturation, shape, and a week's ceiling and organic arrivals."""
        half_life = np.exp(np.clip(coordinates[:, 0], math.log(_HALF_LIVES[0]), math.log(_HALF_LIVES[-1])))
        log_half, shape = coordinates[:, 1], expit(coordinates[:, 2])
        level, organic_share = np.exp(coordinates[:, 3]), expit(coordinates[:, 4])
        at_usual = expit(-shape * log_half)
        return half_life, log_half, shape, level * (1.0 - organic_share) / at_usual, level * organic_share

    def _log_likelihood(self, points: FloatArray) -> FloatArray:
        coordinates = self._unscaled(points)
        mean = np.maximum(self.expected(coordinates), 1e-12)
        size = np.exp(-coordinates[:, 7])[:, None]
        seen = self.data.arrivals
        # Of the negative binomial; what does not depend on the parameters is left out. Few counts are different.
        counts, weeks = self._known["counts"], self._known["count_weeks"]
        found = (gammaln(counts + size) - gammaln(size)) @ weeks
        ratio = mean / size
        found = found + (seen * np.log(ratio) - (seen + size) * np.log1p(ratio)).sum(axis=1)
        if self.data.lifts:
            curve = self.at(coordinates).curve
            for lift in self.data.lifts:
                gained = np.diff(curve.steady([lift.spend_from, lift.spend_to]), axis=1)[:, 0]
                found = found - 0.5 * ((gained - lift.gain) / lift.standard_error) ** 2
        return np.asarray(np.where(np.isfinite(found), found, -1e300))


def _place(half_life: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Where half-lives lie on the grid: the node below, and the part of the way to the next."""
    at = np.log(half_life / _HALF_LIVES[0]) / math.log(_HALF_LIVES[1] / _HALF_LIVES[0])
    low = np.clip(np.floor(at).astype(np.int64), 0, _HALF_LIVES.size - 2)
    return low, np.asarray(np.clip(at - low, 0.0, 1.0))
