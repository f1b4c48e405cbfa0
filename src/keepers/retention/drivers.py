"""What drives value, in three grades that are always told apart: what goes with it, what may cause it, what was proven.

- **Predictive**: how much money each thing known of customers moves the forecast. It may cause nothing.
- **Adjusted**: customers with and without something, made comparable in all else that was known at the time, doubly
  robust; right only if nothing unseen decided both. The robustness value says how strong that would have to be
  (Cinelli and Hazlett 2020, JRSS B 82): the share of what is left of both that it would need to explain.
- **Experimental**: what customers drawn by lot did. `keepers.offer_effects` has these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from keepers.domain.amounts import money
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.evaluation.policy.gate import doubly_robust_scores
from keepers.evaluation.policy.logged import logged_decisions
from keepers.numerics.spline_ridge import fit_spline_ridge, spline_basis
from keepers.retention.effects import MeanEffect
from keepers.retention.experiment_plan import ExperimentPlan, plan_experiment
from keepers.retention.learners import Constant, Fitted
from keepers.retention.overlap import LEAST, estimated_chances

FOLDS = 4
FEWEST = 40
"""Fewer customers than this with, or without, something say nothing of it."""
_NOTABLE = 0.05
_ALIKE = 0.8
_STEADY = 0.1
"""Least penalty of the fits whose contributions are shown, so that columns share what they have in common."""
_FRAGILE = 0.05
"""Below this robustness value a weak unseen cause would be enough."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One thing that drives value, or goes with it.

    Attributes
    ----------
    key : str
        Stable name.
    label : str
        In words: “first category: Tea”.
    grade : EvidenceGrade
        How it is known.
    gain, low, high : float
        Money a customer, with the interval of 90%; of a predictive driver the mean size of what it moves.
    customers, without : int
        Customers with it and without it.
    naive : float or None
        The plain difference between the two, before anything was made comparable.
    stability : float or None
        Of a predictive driver: share of fits to halves of the customers in which it is among the first.
    robustness : float or None
        Of an adjusted driver: its robustness value.
    problems : tuple of str
        Why it may be wrong.
    test : str
        How lots could be drawn for it.
    """

    key: str
    label: str
    grade: EvidenceGrade
    gain: float
    low: float
    high: float
    customers: int
    without: int
    naive: float | None = None
    stability: float | None = None
    robustness: float | None = None
    problems: tuple[str, ...] = ()
    test: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether the interval lies on one side of nothing and nothing is known against it."""
        return (self.low > 0 or self.high < 0) and not self.problems

    def sentence(self, unit: str = "") -> str:
        """The driver in words, with its grade; `unit` is the currency."""
        size = f"{money(abs(self.gain), unit)} a customer"
        if self.grade is EvidenceGrade.PREDICTIVE:
            return (
                f"{self.label}: moves the forecast by {size} on average. It goes with value; that it causes any is not "
                "said."
            )
        more = "more" if self.gain >= 0 else "less"
        span = f"between {money(self.low, unit)} and {money(self.high, unit)}"
        if self.grade is EvidenceGrade.EXPERIMENTAL:
            return f"{self.label}: {size} {more} ({span}), shown by customers drawn by lot."
        text = (
            f"{self.label}: {size} {more} ({span}) than customers who were alike in all else that is known; the plain "
            f"difference is {money(self.naive or 0.0, unit)}."
        )
        if self.problems:
            return f"{text} {' '.join(self.problems)}"
        return (
            f"{text} An unseen cause would have to explain {self.robustness or 0.0:.0%} of what is left of both to "
            "explain it away."
        )


@dataclass(frozen=True, slots=True)
class Contrast:
    """Customers with something and without it.

    Attributes
    ----------
    key, label : str
    has : array of bool, shape (n,)
    known_before : tuple of int
        Columns of what was known that did not come of it: customers are made comparable in these.
    test : str
        How lots could be drawn for it.
    """

    key: str
    label: str
    has: np.ndarray
    known_before: tuple[int, ...]
    test: str = "give it to half of the customers without it, drawn by lot"


def adjusted_driver(contrast: Contrast, rows: FloatArray, outcome: FloatArray, seed: int = 0) -> Driver:
    """What something is worth a customer, all else that was known before being equal.

    Customers whose chance to have it, or to lack it, is below 2% (a quarter of the common chance where that is smaller)
    have nobody to be compared with: where they are many this is said, and the effect is that of the others.

    Parameters
    ----------
    contrast : Contrast
    rows : array, shape (n, p)
        What is known of customers, NaN where nothing.
    outcome : array, shape (n,)
        Their value.
    seed : int
        Of the portions for cross-fitting.

    Raises
    ------
    InputError
        Where too few customers have it, or lack it.
    """
    has = np.asarray(contrast.has, dtype=np.int64)
    count = int(has.sum())
    if min(count, has.size - count) < FEWEST:
        raise InputError(
            f"“{contrast.label}”: {count} customers have it and {has.size - count} do not; at least {FEWEST} of each "
            "are needed."
        )
    known = rows[:, list(contrast.known_before)] if contrast.known_before else np.zeros((has.size, 1))
    fold = _portions(has, seed)
    # What few have is unlikely for everybody; only those with much less chance than others stand alone.
    least = min(LEAST, 0.25 * min(count, has.size - count) / has.size)
    chances = estimated_chances(known, has, 2, fold, least)
    alone = (chances <= least).any(axis=1)
    kept = ~alone
    naive = float(outcome[has == 1].mean() - outcome[has == 0].mean())
    problems: tuple[str, ...] = ()
    if alone.mean() > _NOTABLE:
        problems = (
            f"{alone.mean():.0%} of the customers have nobody like them on the other side, so that nothing can be said "
            "of them; the figure is that of the others.",
        )
    both = min(int(has[kept].sum()), int(kept.sum() - has[kept].sum()))
    if both < FEWEST:
        nothing = ("Nobody can be compared: those with it and without it have nothing in common.",)
        return Driver(
            contrast.key, contrast.label, EvidenceGrade.ADJUSTED, naive, -math.inf, math.inf, count, has.size - count,
            naive, None, 0.0, nothing, contrast.test,
        )  # fmt: skip
    expected = np.empty((has.size, 2))
    for held in range(FOLDS):
        learn, ask = (fold != held) & kept, fold == held
        basis = spline_basis(known[learn])
        for side in (0, 1):
            those = learn & (has == side)
            fitted: Fitted = Constant(float(outcome[those].mean() if those.any() else outcome[learn].mean()))
            if int(those.sum()) >= FEWEST:
                fitted = fit_spline_ridge(known[those], outcome[those], basis)
            expected[ask, side] = fitted.predict(known[ask])
    chance = chances[np.arange(has.size), has]
    log = logged_decisions(has[kept], outcome[kept], chance[kept], 2)
    scores = doubly_robust_scores(log, expected[kept])
    gain = scores[:, 1] - scores[:, 0]
    mean, error = float(gain.mean()), float(gain.std(ddof=1) / math.sqrt(gain.size))
    reach = float(ndtri(0.95)) * error
    strength = robustness_value(mean / error if error > 0 else math.inf, gain.size - 2)
    certain = mean - reach > 0 or mean + reach < 0
    if certain and strength < _FRAGILE:
        problems += (f"An unseen cause that explains {strength:.1%} of what is left of both would explain it away.",)
    return Driver(
        contrast.key, contrast.label, EvidenceGrade.ADJUSTED, mean, mean - reach, mean + reach, count,
        has.size - count, naive, None, strength, problems, contrast.test,
    )  # fmt: skip


def robustness_value(t: float, freedom: float) -> float:
    """Share of what is left of cause and outcome that an unseen cause must explain to bring an estimate to nothing.

    ``RV = (sqrt(f^4 + 4 f^2) - f^2) / 2`` with ``f = |t| / sqrt(freedom)`` (Cinelli and Hazlett 2020, eq. 19).

    >>> round(robustness_value(4.18445, 783), 4)
    0.1388
    """
    f = abs(t) / math.sqrt(freedom)
    if math.isinf(f):
        return 1.0
    return 0.5 * (math.sqrt(f**4 + 4.0 * f**2) - f**2)


def predictive_drivers(
    rows: FloatArray,
    labels: Sequence[tuple[str, str]],
    outcome: FloatArray,
    *,
    first: int = 8,
    refits: int = 10,
    seed: int = 0,
) -> tuple[Driver, ...]:
    """What moves the forecast of value most, in money, and how stably so.

    Parameters
    ----------
    rows : array, shape (n, p)
    labels : sequence of (key, label)
        Of the columns.
    outcome : array, shape (n,)
    first : int
        How many to give.
    refits : int
        Fits to halves of the customers, for stability and intervals.
    seed : int

    Returns
    -------
    tuple of Driver
        The largest first; `gain` is the mean absolute contribution to the forecast, a customer, and the ends are its
        least and largest over the refits.
    """
    if not rows.shape[1]:
        return ()
    rng = np.random.default_rng(seed)
    rows, labels = _told_apart(rows, labels)
    whole = _contributions(rows, outcome)
    leading = np.argsort(-whole)[:first]
    drawn = np.empty((refits, rows.shape[1]))
    for draw in range(refits):
        half = rng.permutation(outcome.size)[: max(outcome.size // 2, 2)]
        drawn[draw] = _contributions(rows[half], outcome[half])
    ranked = np.argsort(np.argsort(-drawn, axis=1), axis=1) < first
    found = []
    for column in leading:
        if whole[column] <= 0:
            continue
        known = int(np.isfinite(rows[:, column]).sum())
        found.append(
            Driver(
                labels[column][0], labels[column][1], EvidenceGrade.PREDICTIVE, float(whole[column]),
                float(drawn[:, column].min()), float(drawn[:, column].max()), known, outcome.size - known,
                stability=float(ranked[:, column].mean()),
            )
        )  # fmt: skip
    return tuple(found)


def experimental_drivers(effects: Sequence[MeanEffect], customers: int) -> tuple[Driver, ...]:
    """The offers of an experiment as drivers."""
    return tuple(
        Driver(
            f"offer:{effect.offer}", f"the offer “{effect.offer}”", EvidenceGrade.EXPERIMENTAL, effect.gain, effect.low,
            effect.high, effect.customers, customers - effect.customers,
        )
        for effect in effects
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """An experiment that would show whether an adjusted driver is a cause.

    Attributes
    ----------
    driver : Driver
    plan : ExperimentPlan
        How many, and how long.
    customers : int
        New customers of a year who would be without it: all drivers are of the first weeks, which others have behind
        them.
    could_earn : float
        What these would bring more in that time, if it is a cause and can be given to them.
    """

    driver: Driver
    plan: ExperimentPlan
    customers: int
    could_earn: float

    def sentence(self, unit: str = "") -> str:
        """Who, how many, how long, what for; `unit` is the currency."""
        return (
            f"Test “{self.driver.label}”: {self.driver.test}. {self.plan.sentence(unit)} If it is a cause, it could "
            f"bring {money(self.could_earn, unit)} with a year's {self.customers:,} new customers who are without it."
        )


def proposals(
    drivers: Sequence[Driver], spread: float, days: int, new_a_year: float, *, most: int = 3
) -> tuple[Proposal, ...]:
    """The adjusted drivers that are worth an experiment, those first that could earn most.

    Parameters
    ----------
    drivers : sequence of Driver
        Only adjusted ones with a certain gain are taken for which lots can be drawn; an experiment is planned to find
        half of it.
    spread : float
        Standard deviation of value among customers.
    days : int
        How long value was counted.
    new_a_year : float
        Customers who come in a year.
    most : int
    """
    adjusted = [driver for driver in drivers if driver.grade is EvidenceGrade.ADJUSTED and driver.is_certain]
    found = []
    for driver in (one for one in adjusted if one.gain > 0 and one.test):
        without = round(new_a_year * driver.without / (driver.customers + driver.without))
        plan = plan_experiment(spread, 0.5 * driver.gain, days=days, available=without)
        found.append(Proposal(driver, plan, without, driver.gain * without))
    return tuple(sorted(found, key=lambda one: -one.could_earn)[:most])


def _told_apart(rows: FloatArray, labels: Sequence[tuple[str, str]]) -> tuple[FloatArray, list[tuple[str, str]]]:
    """Columns without those that say almost the same as an earlier one, whose contributions would cancel."""
    basis = spline_basis(rows)
    filled = np.clip(np.where(np.isfinite(rows), rows, basis.median), basis.low, basis.high)
    spread = filled.std(axis=0)
    scaled = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    alike = np.abs(scaled.T @ scaled) / rows.shape[0]
    kept: list[int] = []
    for place in range(rows.shape[1]):
        if not (alike[place, kept] > _ALIKE).any():
            kept.append(place)
    return rows[:, kept], [labels[place] for place in kept]


def _contributions(rows: FloatArray, outcome: FloatArray) -> FloatArray:
    """Mean absolute contribution of every column to the forecast, shape (p,)."""
    basis = spline_basis(rows)
    fitted = fit_spline_ridge(rows, outcome, basis, least=_STEADY)
    parts = basis(rows) * fitted.coefficients
    owner = basis.columns()
    summed = np.zeros((rows.shape[0], rows.shape[1]))
    for place, column in enumerate(owner):
        summed[:, column] += parts[:, place]
    return np.asarray(np.abs(summed - summed.mean(axis=0)).mean(axis=0), dtype=np.float64)


def _portions(has: IntArray, seed: int) -> IntArray:
    rng = np.random.default_rng(seed)
    order = rng.permutation(has.size)
    order = order[np.argsort(has[order], kind="stable")]
    fold = np.empty(has.size, dtype=np.int64)
    fold[order] = np.arange(has.size) % FOLDS
    return fold
