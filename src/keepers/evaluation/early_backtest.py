"""Whether early value can be trusted: said of customers who came later than all that was learned from."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.domain.time import Horizon, days
from keepers.evaluation.metrics import Metrics, measure
from keepers.models.learned.early_value import EarlyValue, early_customers
from keepers.numerics.conformal import central_share

FEWEST = 30
"""Customers below which nothing is graded."""


@dataclass(frozen=True, slots=True)
class EarlyGrade:
    """How early value did at one age, beside the plain rule.

    Attributes
    ----------
    age : int
        Days after the first purchase.
    learned, multiple : Metrics
        Of early value, and of early spend times the multiple of earlier customers.
    coverage, coverage_randomised : float
        Share that intervals held of what was still ahead, counted with the ends, and by the part of a mass inside.
    """

    age: int
    learned: Metrics
    multiple: Metrics
    coverage: float
    coverage_randomised: float

    @property
    def wins(self) -> bool:
        """Whether early value ranks better and comes no worse in root mean square than the plain rule."""
        ranks = (self.learned.gini or 0.0) > (self.multiple.gini or 0.0)
        return ranks and self.learned.rmse <= self.multiple.rmse

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {
            "age_days": self.age,
            "learned": self.learned.to_dict(),
            "multiple": self.multiple.to_dict(),
            "coverage": self.coverage,
            "coverage_randomised": self.coverage_randomised,
        }


@dataclass(frozen=True, slots=True)
class EarlyBacktest:
    """The answer of `backtest_early_value`.

    Attributes
    ----------
    grades : tuple of EarlyGrade
        One for each age.
    cut : date
        Learned from what was known on this day, graded on who first bought after it.
    horizon : Horizon
        What values covered; shorter than asked for where the history is.
    customers : int
        Graded.
    level : float
        Of the intervals.
    sentence : str
        In words.
    """

    grades: tuple[EarlyGrade, ...]
    cut: dt.date
    horizon: Horizon
    customers: int
    level: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {**asdict(self), "grades": [one.to_dict() for one in self.grades]}


def backtest_early_value(
    source: Any, model: EarlyValue | None = None, *, margin: Margin | float | None = None, level: float = 0.8
) -> EarlyBacktest:
    """Learn early value on a day in the past and grade it on the customers who came after.

    Half of the history is for those it learns from, who had the whole horizon behind them on that day, and half for
    those it is graded on, who have it behind them now. Where the history is shorter than three horizons, both have a
    third of it as the horizon.

    Parameters
    ----------
    source : Dataset, Store or Orders
        What `keepers.read` gives.
    model : EarlyValue, optional
        Not fitted; its settings are used.
    margin : Margin or float, optional
        As for `keepers.lifetime_value`.
    level : float
        Of the intervals.

    Raises
    ------
    InputError
        If the history is too short, or too few came after.
    """
    wanted = model or EarlyValue()
    orders = getattr(source, "orders", source)
    first, last = orders.first_day, orders.last_day
    span = (last - first).days
    length = min(round(wanted.horizon.days), span // 3)
    if length <= 2 * wanted.ages[-1] or length < 21:
        raise InputError(
            f"The orders span {span} days: to test early value at {wanted.ages[-1]} days, more than "
            f"{3 * max(2 * wanted.ages[-1], 21)} are needed. Look at younger ages (`ages`), or wait."
        )
    horizon = wanted.horizon if length == round(wanted.horizon.days) else days(length)
    cut = first + dt.timedelta(days=span // 2)
    kept = margin if isinstance(margin, Margin) else Margin(margin)
    fitted = EarlyValue(wanted.ages, horizon, head=wanted.head, seed=wanted.seed, rounds=wanted.rounds)
    fitted.fit(source, cut, kept)
    grades, customers = [], 0
    for age in wanted.ages:
        grade, customers = _grade(fitted, source, age, length, cut, last, level)
        grades.append(grade)
    sentence = _sentence(grades, cut, horizon, customers)
    return EarlyBacktest(tuple(grades), cut, horizon, customers, level, sentence)


def _grade(
    fitted: EarlyValue, source: Any, age: int, length: int, cut: dt.date, last: dt.date, level: float
) -> tuple[EarlyGrade, int]:
    early = early_customers(
        source, age, length, last, fitted.margin,
        earliest=cut + dt.timedelta(days=1), latest=last - dt.timedelta(days=length),
    )  # fmt: skip
    actual: FloatArray = early.so_far + early.ahead
    if actual.size < FEWEST or not actual.sum() > 0:
        raise InputError(
            f"Only {actual.size} customers came after {cut} and have {days(length)} behind them; {FEWEST} are needed."
        )
    model = fitted.models_[age]
    told = model.score(early.features, level)
    below, at = model.transform(early.features, early.ahead)
    early.features.engine.drop(early.features.name)
    ahead = np.maximum(early.ahead, 0.0)
    held = np.mean((ahead >= told["value_low"]) & (ahead <= told["value_high"]))
    learned = measure(early.so_far + told["value"], actual)
    rule = measure(fitted.multiples_[age] * early.so_far, actual)
    return EarlyGrade(age, learned, rule, float(held), central_share(below, at, level)), int(actual.size)


def _sentence(grades: list[EarlyGrade], cut: dt.date, horizon: Horizon, customers: int) -> str:
    told = "; ".join(
        f"on day {one.age} it ranks {_gini(one.learned)} of the way to hindsight against {_gini(one.multiple)} of "
        f"early spend times a multiple, and its total is {_error(one.learned)} against {_error(one.multiple)}"
        for one in grades
    )
    losing = [str(one.age) for one in grades if not one.wins]
    verdict = (
        "It does better than the plain rule at every age."
        if not losing
        else f"On day {' and '.join(losing)} it does not do better by every measure: the plain rule serves as well."
    )
    return (
        f"Learned on {cut} and graded on {customers:,} customers who came after it, over {horizon}: {told}. {verdict}"
    )


def _gini(metrics: Metrics) -> str:
    return "no part" if metrics.gini is None else f"{metrics.gini:.0%}"


def _error(metrics: Metrics) -> str:
    error = metrics.total_error or 0.0
    return f"{abs(error):.0%} too {'high' if error > 0 else 'low'}"
