"""Which forecast is best: by mean score over origins, ties going to the simpler and safer model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keepers.evaluation.grading import CountGrade

PREFERENCE = ("MBGNBD", "ParetoNBD", "BGNBD", "MBGCNBD", "BGCNBD", "NBD")
"""Which of several models that forecast equally well is taken: the simplest that can lose every kind of customer.
BG/NBD counts whoever bought once as a customer for ever; NBD counts everybody so, and a holdout can be too short to
contradict it while values over years rest on it."""

CONTRACT_PREFERENCE = ("ShiftedBetaGeometric", "ExponentialGamma", "BetaDiscreteWeibull", "WeibullGamma")
"""The same of models of contracts: the fewer parameters first, and of as many the one that pays at renewals."""

NEGLIGIBLE = 0.001
"""A score this much larger, relative to the best, is no worse, however many customers make the difference certain."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of all forecasts, and what follows from it.

    Attributes
    ----------
    order : tuple of str
        Names of models and naive rules, best score first.
    winner : str or None
        The model to use; None where no model could be graded.
    tied : tuple of str
        Models that forecast as well as the winner, within what chance explains.
    best_rule : str or None
        The naive rule with the best score.
    improvement : float or None
        How much smaller the winner's score is than the best rule's: 0.3 for 30%; negative where it is larger.
    why : str
        Why the winner is taken rather than those that tie with it, a clause.
    """

    order: tuple[str, ...]
    winner: str | None
    tied: tuple[str, ...]
    best_rule: str | None
    improvement: float | None
    why: str = "ties go to it"

    @property
    def beats_rules(self) -> bool:
        """Whether the winner forecast better than every naive rule."""
        return self.improvement is not None and self.improvement > 0

    def won_by(self, name: str, over: str, title: str, grades: Mapping[str, Sequence[CountGrade]]) -> Ranking:
        """The same, won by a model for which the money of the orders speaks rather than for another of this title."""
        before = () if self.winner is None else (self.winner,)
        equal = [one for one in self.order if one in {name, *before, *self.tied}]
        gained = self.improvement
        if gained is not None and self.best_rule is not None:
            gained = 1.0 - _score(grades[name]) / _score(grades[self.best_rule])
        tied = tuple(one for one in equal if one != name)
        why = "with it the orders and their money together are likelier"
        if {*tied} - {over}:
            why += f" than with {title}"
        return replace(self, winner=name, tied=tied, improvement=gained, why=why)


def rank(grades: Mapping[str, Sequence[CountGrade]], rules: frozenset[str]) -> Ranking:
    """Rank forecasts of the same holdouts.

    The score is the mean over origins of the mean ranked probability score, in purchases a customer: it is proper for
    whole distributions and equals the absolute error of a forecast without spread. A model ties with the best one if
    its score is larger by less than one standard error of the difference between them, customer by customer, or by
    less than a thousandth; of models that tie the first of `PREFERENCE` is taken, so that the choice does not turn
    with every new order.

    Parameters
    ----------
    grades : mapping of str to sequence of CountGrade
        Grades of each forecast at the same origins, in the same order.
    rules : frozenset of str
        Which of them are naive rules.
    """
    scores = {name: _score(some) for name, some in grades.items()}
    order = tuple(sorted(scores, key=lambda name: (scores[name], _preference(name))))
    models = [name for name in order if name not in rules]
    best_rule = next((name for name in order if name in rules), None)
    if not models:
        return Ranking(order, None, (), best_rule, None)
    best = models[0]
    equal = [name for name in models if tied(grades[name], grades[best])]
    winner = min(equal, key=_preference)
    improvement = None
    if best_rule is not None and scores[best_rule] > 0:
        improvement = 1.0 - scores[winner] / scores[best_rule]
    return Ranking(order, winner, tuple(name for name in equal if name != winner), best_rule, improvement)


def _score(grades: Sequence[CountGrade]) -> float:
    return float(np.mean([grade.score for grade in grades]))


def difference(some: Sequence[CountGrade], other: Sequence[CountGrade]) -> tuple[float, float]:
    """How much larger the first forecast's score is, and the standard error of that, customer by customer.

    Holdouts overlap, so errors of the origins are taken as wholly dependent: their mean, not their root of squares.
    """
    pairs = list(zip(some, other, strict=True))
    gaps = [a.score - b.score for a, b in pairs]
    return float(np.mean(gaps)), float(np.mean([_standard_error(a, b) for a, b in pairs]))


def tied(some: Sequence[CountGrade], best: Sequence[CountGrade]) -> bool:
    """Whether chance, or next to nothing, explains how much larger the first forecast's score is."""
    behind, error = difference(some, best)
    return behind <= max(error, NEGLIGIBLE * float(np.mean([grade.score for grade in best])))


def _standard_error(a: CountGrade, b: CountGrade) -> float:
    gap = a.scores - b.scores
    mean = np.average(gap, weights=a.weight)
    return float(np.sqrt(np.average((gap - mean) ** 2, weights=a.weight) / a.weight.sum()))


def _preference(name: str) -> int:
    order = (*PREFERENCE, *CONTRACT_PREFERENCE)
    return order.index(name) if name in order else len(order)
