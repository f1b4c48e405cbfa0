"""Whether spend goes with how often customers buy and with how soon they leave: score tests without a further fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import psi

from keepers.domain.cells import FloatArray, SpendCells
from keepers.models.covariates.answers import attributes_of, pattern_of
from keepers.models.spend.buying_rates import LEAVING, BuyingRates
from keepers.models.spend.rated_rows import MOST_CUSTOMERS, JointRows, joint_rows
from keepers.models.spend.spend_effects import factors_of, moves
from keepers.numerics.likelihoods.correlated_gamma_gamma import correlation

WEAK, STRONG = 0.1, 0.2
"""Absolute correlation up to which spend and a trait count as unrelated, and from which as related."""

SURE = 0.01
_TRUSTED = 30.0
"""Customers below which nothing is said."""


@dataclass(frozen=True, slots=True)
class TraitTest:
    """One of the tests: of the hypothesis that spend does not go with a trait, whatever it has to do with the other.

    Attributes
    ----------
    trait : str
        "rate" or "leaving".
    statistic, p_value : float
        The score statistic, chi-squared with one degree of freedom where the hypothesis holds.
    correlation : float
        Of the logarithms of trait and mean spend, as far as one step of a search from independence sees it.
    """

    trait: str
    statistic: float
    p_value: float
    correlation: float

    @property
    def holds(self) -> bool:
        """Whether values may be computed as if spend and the trait had nothing to do with each other."""
        return self.p_value > SURE or abs(self.correlation) < STRONG

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        found = f"correlation about {self.correlation:+.2f}, p {self.p_value:.2g}"
        who = "buy more often" if self.trait == "rate" else "leave sooner"
        if self.p_value > SURE or abs(self.correlation) < WEAK:
            return f"Customers who {who} spend neither more nor less an order, as far as the orders tell ({found})."
        more = "more" if self.correlation > 0 else "less"
        little = "a little " if self.holds else ""
        return f"Customers who {who} spend {little}{more} an order ({found})."


@dataclass(frozen=True, slots=True)
class TraitTests:
    """Both tests.

    Attributes
    ----------
    rate : TraitTest
        Of the buying rate.
    leaving : TraitTest or None
        Of the risk or the chance to leave; None where nobody leaves in the model of buying.
    """

    rate: TraitTest
    leaving: TraitTest | None

    @property
    def holds(self) -> bool:
        """Whether spend goes with neither."""
        return all(one.holds for one in (self.rate, self.leaving) if one is not None)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in words."""
        return tuple(one.sentence for one in (self.rate, self.leaving) if one is not None)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, for a saved model."""
        return {"rate": asdict(self.rate), "leaving": None if self.leaving is None else asdict(self.leaving)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TraitTests:
        """What `to_dict` wrote."""
        leaving = data["leaving"]
        return cls(TraitTest(**data["rate"]), None if leaving is None else TraitTest(**leaving))


def trait_tests(spending: Any, summary: Any, buying: Any) -> TraitTests | None:
    """Test whether spend goes with rate and leaving, from fits that take it not to.

    Parameters
    ----------
    spending : GammaGamma
        Fitted to the summary, perhaps with covariates: spend is then compared among customers alike in them.
    summary : Summary
        With money.
    buying : fitted model
        NBD, BGNBD, MBGNBD or ParetoNBD.

    Returns
    -------
    TraitTests or None
        None where the model of buying is another one, or too few customers have orders of known value.

    Notes
    -----
    The score of the elasticity k of spend in a trait, at k = 0, is the sum over customers of the score of log gamma
    times the expected logarithm of the trait given the purchases (Cox and Hinkley 1974, "Theoretical Statistics",
    section 9.3). Its variance is that of its part which the scores of p, q, gamma, of coefficients and of the other
    trait do not explain.
    """
    if getattr(buying, "name", "") not in LEAVING or buying.varying_coefficients or spending.varying_coefficients:
        return None
    rates = BuyingRates.of(buying)
    attributes = spending.needed_attributes
    rows = joint_rows(summary, buying, rates, spending.include_first, attributes, MOST_CUSTOMERS)
    return tests_of_rows(spending, rows, rates)


def tests_of_rows(spending: Any, rows: JointRows, rates: BuyingRates) -> TraitTests | None:
    """The tests from rows that are there already."""
    theta, spend = spending._theta(), rows.spend
    if spend.customers < _TRUSTED or not spending.outcome_.usable:
        return None
    kinds = SpendCells(spend.x, spend.mean_spend, spend.weight, None, rows.pattern, rows.attributes)
    factor = factors_of(spending.coding_, theta, kinds)
    scores, level = _scores(theta, spend.x, spend.mean_spend / factor)
    traits = [_expected(rows, "rate")] + ([] if rates.leaves == "never" else [_expected(rows, "leaving")])
    nuisance = [scores, level[:, None]]
    if spending.coding_ is not None:
        design, _ = moves(spending.coding_, attributes_of(kinds))
        nuisance.append(level[:, None] * design[pattern_of(kinds)])
    # A trait is counted from its mean, so that its score is not that of gamma itself.
    own = np.column_stack([level * (one - np.average(one, weights=spend.weight)) for one in traits])
    found, variance = _explained(own, np.hstack(nuisance), spend.weight)
    step = np.linalg.lstsq(variance, found, rcond=None)[0]
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(variance)), 1e-300))
    of_trait = rates.log_variances
    tests = []
    for place, name in enumerate(("rate", "leaving")[: len(traits)]):
        statistic = float((step[place] / spread[place]) ** 2)
        other = float(step[1 - place]) if len(traits) > 1 else 0.0
        size = correlation(float(theta[1]), float(step[place]), of_trait[place], other, of_trait[1 - place])
        tests.append(TraitTest(name, statistic, math.erfc(math.sqrt(statistic / 2.0)), float(size)))
    return TraitTests(tests[0], tests[1] if len(tests) > 1 else None)


def _scores(theta: FloatArray, x: FloatArray, m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores of log p and log q, shape (n, 2), and of log gamma, (n,), row by row."""
    p, q, gamma = (float(value) for value in theta[:3])
    log_share, log_rest = -np.log1p(gamma / (x * m)), -np.log1p(x * m / gamma)
    whole = psi(p * x + q)
    of_p = p * x * (log_share + whole - psi(p * x))
    of_q = q * (log_rest + whole - psi(q))
    return np.column_stack([of_p, of_q]), q - (p * x + q) * np.exp(log_rest)


def _expected(rows: JointRows, trait: str) -> FloatArray:
    """The expected logarithm of a trait given the purchases, shape (n,)."""
    found = np.zeros(rows.spend.x.size)
    for part in rows.parts:
        known = part.rate if trait == "rate" else part.leaving
        assert known is not None
        found += part.share * known.mean
    return found


def _explained(own: FloatArray, nuisance: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sums of what nuisance scores do not explain of scores, and their covariance."""
    by = nuisance * weight[:, None]
    slope = np.linalg.lstsq(by.T @ nuisance, by.T @ own, rcond=None)[0]
    rest = own - nuisance @ slope
    return weight @ rest, (rest * weight[:, None]).T @ rest
