"""Which law of leaving is taken, of two that forecast purchases alike: the one that makes orders and money likelier.

Who spends much may buy more often and stay longer. How much that comes to depends on how customers leave, after an
order or at any time, which the numbers of orders hardly tell apart: the two laws differ by a few per cent in the value
of a whole store, and by less than chance in how well they forecast purchases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepers.domain.errors import FitError, InputError
from keepers.evaluation.grading import CountGrade
from keepers.evaluation.origin import Origin
from keepers.evaluation.ranking import Ranking, difference
from keepers.models.spend.fitting import fit_spend, goes_in_step
from keepers.models.spend.in_step import likelihood_with_money, spend_in_step

LAWS = {"MBGNBD": "MBG/NBD", "ParetoNBD": "Pareto/NBD"}
"""The laws that can lose every kind of customer, with their titles."""

CLEARLY = 2.0
"""Standard errors by which a law must forecast purchases worse for money not to be asked."""


def by_money(origin: Origin, ranking: Ranking, grades: Mapping[str, list[CountGrade]]) -> Ranking:
    """The ranking, won by the law that makes orders and money together likelier.

    Parameters
    ----------
    origin : Origin
        The newest, with money.
    ranking : Ranking
        Won by one of the laws; otherwise it stays as it is.
    grades : mapping of str to list of CountGrade
        Of all models at the same origins.
    """
    if ranking.winner not in LAWS:
        return ranking
    found = {}
    for name in LAWS:
        if name not in grades or not _as_good(grades[name], grades[ranking.winner]):
            return ranking
        likelihood = _likelihood(origin, origin.fitted[name])
        if likelihood is None:
            return ranking
        found[name] = likelihood
    likelier, other = sorted(LAWS, key=found.__getitem__, reverse=True)
    return ranking.won_by(likelier, other, LAWS[other], grades)


def _as_good(some: list[CountGrade], winner: list[CountGrade]) -> bool:
    behind, error = difference(some, winner)
    return behind <= CLEARLY * error


def _likelihood(origin: Origin, buying: Any) -> float | None:
    """Of orders and money of all customers; None where spend cannot be fitted."""
    if not goes_in_step(origin.summary, buying):
        return None
    try:
        spend = fit_spend(spend_in_step(), origin.summary, buying)
    except (InputError, FitError):
        return None
    return likelihood_with_money(buying, spend, origin.summary) if spend.outcome_.usable else None
