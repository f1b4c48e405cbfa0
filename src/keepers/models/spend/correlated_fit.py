"""How spend that goes with rate and leaving is fitted, and what correlation that makes of the traits and spend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.covariates.encoding import Coding
from keepers.models.fitting import Fit, Problem, fit
from keepers.models.posterior import Posterior
from keepers.models.spend.buying_rates import BuyingRates
from keepers.models.spend.rated_rows import JointRows, RatedRows, joint_rows, rated_rows
from keepers.models.spend.spend_effects import moves
from keepers.models.spend.trait_tests import SURE, TraitTests, tests_of_rows
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import correlated_gamma_gamma as correlated
from keepers.numerics.likelihoods.correlated_gamma_gamma import RatedSpend
from keepers.numerics.likelihoods.correlated_traits import TraitNodes, nodes_at
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift

SIGNIFICANT = 6.63
"""Twice the gain in log-likelihood that chance exceeds once in a hundred with one more parameter."""

FEW_NODES = (4, 6)
"""Of rate and leaving, where a search begins."""

_ELASTICITIES = ("kappa", "eta")
_FIRST = 5
_DRAWS = 400


@dataclass(frozen=True, slots=True)
class SpendCorrelation:
    """Correlation of the logarithms of a trait and of mean spend over customers, with its interval.

    The interval comes from the parameters of spend; those of buying are taken as known.
    """

    value: float
    low: float
    high: float
    trait: str = "rate"
    level: float = 0.80

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        if self.value == 0:
            what = "How often a customer buys" if self.trait == "rate" else "How soon a customer leaves"
            return f"{what} says nothing about the size of the orders, beyond what chance would."
        who = "buy more often" if self.trait == "rate" else "leave sooner"
        more = "more" if self.value > 0 else "less"
        return (
            f"Customers who {who} spend {more} an order: correlation {self.value:+.2f} "
            f"({self.low:+.2f} to {self.high:+.2f} with {self.level:.0%} probability)."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What was found of the elasticities.

    Attributes
    ----------
    fit : Fit or None
        None where spend is taken to go with neither trait.
    rows : RatedRows or JointRows
        That it was made from.
    gain, leaving_gain : float or None
        As `CorrelatedSpend` tells them.
    tests : TraitTests or None
    """

    fit: Fit | None
    rows: RatedRows | JointRows
    gain: float | None
    leaving_gain: float | None
    tests: TraitTests | None


class TraitFits:
    """Fits of one model of spend with some of the elasticities free.

    Parameters
    ----------
    model : CorrelatedSpend
        Its priors.
    plain : GammaGamma
        Fitted, without elasticities; searches begin there.
    coding, stretch : Coding or None, array
        Of the covariates.
    """

    def __init__(self, model: Any, plain: Any, coding: Coding | None, stretch: FloatArray) -> None:
        self.model, self.plain, self.coding, self.stretch = model, plain, coding, stretch
        known = plain.posterior_.mean
        self.scale = float(np.exp(known[0] + known[2]))
        unit = np.array([0.0, 0.0, np.log(self.scale)])
        self._start = np.concatenate([known[:3] - unit, [0.0, 0.0], known[3:] / stretch])
        self._customers: dict[int, float] = {}
        self._places: dict[int, list[int]] = {}

    def search(self, asked: tuple[Any, ...]) -> Search:
        """Fit what the model asks for: both elasticities at once where both are free, else one after the other.

        Where both at once have no maximum, they are looked for one after the other, too.
        `asked` is what rows are made of, see `rated_rows`.
        """
        model, rates = self.model, self.model.rates_
        if model.correlation == model.leaving == "free" and rates.leaves != "never":
            joint = joint_rows(*asked)
            near = self.fitted(joint, TraitNodes.of(joint.parts, FEW_NODES), _ELASTICITIES)
            counts = nodes_at(*near.log_parameters[3:_FIRST].tolist())
            found = self.fitted(joint, TraitNodes.of(joint.parts, counts), _ELASTICITIES, near)
            if found.outcome.usable:
                return Search(found, joint, None, None, tests_of_rows(self.plain, joint, rates))
        rows = rated_rows(*asked)
        of_rate = None
        if model.correlation != "none":
            of_rate = self.fitted(rows, TraitNodes.of_rate(rows.rate), ("kappa",))
        gain = self.gain(of_rate, rows, TraitNodes.of_rate(rows.rate))
        search = Search(of_rate if is_taken(model.correlation, of_rate, gain) else None, rows, gain, 0.0, None)
        return search if rates.leaves == "never" else self._with_leaving(search, of_rate, asked)

    def _with_leaving(self, search: Search, of_rate: Fit | None, asked: tuple[Any, ...]) -> Search:
        model, joint = self.model, joint_rows(*asked)
        tests = tests_of_rows(self.plain, joint, model.rates_)
        seen = tests is not None and tests.leaving is not None and tests.leaving.p_value < SURE
        search = replace(search, tests=tests)
        if not (model.leaving == "free" or (model.leaving == "auto" and seen)):
            return search
        with_rate = () if model.correlation == "none" else ("kappa",)
        nodes = TraitNodes.of(joint.parts)
        without = self.fitted(joint, nodes, with_rate, of_rate)
        both = self.fitted(joint, nodes, (*with_rate, "eta"), without)
        gain = max(2.0 * (both.log_likelihood - without.log_likelihood), 0.0)
        if is_taken(model.leaving, both, gain):
            return replace(search, fit=both, rows=joint, leaving_gain=gain)
        return replace(search, leaving_gain=gain)

    def fitted(
        self,
        rows: RatedRows | JointRows,
        nodes: TraitNodes,
        elasticities: tuple[str, ...],
        near: Fit | None = None,
    ) -> Fit:
        """Fit with these of kappa and eta free, the other being one; the search begins where another fit ended."""
        symbols = tuple(name for name in correlated.PARAMETERS if name in {"p", "q", "gamma", *elasticities})
        places = [correlated.PARAMETERS.index(name) for name in symbols]
        places += list(range(_FIRST, self._start.size))
        spend, shift = self._scaled(rows), self._shift(rows)
        start = self._start.copy()
        if near is not None:
            start[self._places[id(near)]] = near.log_parameters

        def likelihood(point: FloatArray, order: int) -> Evaluation:
            at = np.zeros(self._start.size)
            at[places] = point
            at[:_FIRST] = np.exp(at[:_FIRST])
            found = correlated.log_likelihood_sum(at, spend, nodes, order, shift)
            return Evaluation(found.value, found.gradient[places], found.hessian[np.ix_(places, places)])

        names = self.model.parameter_names[_FIRST:]
        chosen, rescue = self.model._priors(spend.customers)
        found = fit(
            Problem(
                parameters=(*symbols, *names),
                likelihood=likelihood,
                starts=[start[places]],
                rows=nodes.log_weight.size,
                prior=self.model._belief(chosen, symbols, rescuing=False),
                rescue=None if rescue is None else self.model._belief(rescue, symbols, rescuing=True),
                coefficients=names,
            )
        )
        self._customers[id(found)], self._places[id(found)] = spend.customers, places
        return found

    def gain(self, found: Fit | None, rows: RatedRows | JointRows, nodes: TraitNodes) -> float:
        """Twice the gain in log-likelihood over no elasticity, or zero."""
        if found is None:
            return 0.0
        at = np.concatenate([np.exp(self._start[:_FIRST]), self._start[_FIRST:]])
        plain = correlated.log_likelihood_sum(at, self._scaled(rows), nodes, 0, self._shift(rows)).value
        return max(2.0 * (found.log_likelihood - plain), 0.0)

    def of_all(self, found: Fit, part: RatedRows | JointRows) -> Posterior:
        """What is known by a fit, moved by as much as Gamma-Gamma of all customers differs from that of the part taken.

        Elasticities are told well by a part; the level of spend is that of all.
        """
        if part.share == 1.0:
            return found.posterior
        none = np.zeros((part.spend.x.size, 1))
        alike = self.fitted(part, TraitNodes(none, None, none, np.ones(1, dtype=bool)), ())
        if not alike.outcome.usable or alike.at_bound:
            return found.posterior
        moved, places = np.zeros(self._start.size), self._places[id(alike)]
        moved[places] = self._start[places] - alike.log_parameters
        return found.posterior.shifted(moved[self._places[id(found)]])

    def customers_of(self, found: Fit) -> float:
        """Customers behind a fit."""
        return self._customers[id(found)]

    def _scaled(self, rows: RatedRows | JointRows) -> RatedSpend:
        return RatedSpend(rows.spend.x, rows.spend.mean_spend / self.scale, rows.spend.weight)

    def _shift(self, rows: RatedRows | JointRows) -> ScaleShift | None:
        if self.coding is None or rows.pattern is None or rows.attributes is None:
            return None
        design, offset = moves(self.coding, rows.attributes)
        return ScaleShift(rows.pattern, design * self.stretch, offset)


def correlation_of(trait: str, posterior: Posterior, theta: FloatArray, rates: BuyingRates) -> SpendCorrelation:
    """The correlation that the elasticities make, with its interval from draws of the posterior."""
    own, other = (3, 4) if trait == "rate" else (4, 3)
    if theta[own] == 1.0:
        return SpendCorrelation(0.0, 0.0, 0.0, trait)
    variances = rates.log_variances
    of_own, of_other = variances if trait == "rate" else variances[::-1]
    places = [1, own, other]
    drawn = np.random.default_rng(20090401).multivariate_normal(
        posterior.mean[places], posterior.covariance[np.ix_(places, places)], _DRAWS
    )
    of_draws = correlated.correlation(np.exp(drawn[:, 0]), drawn[:, 1], of_own, drawn[:, 2], of_other)
    low, high = np.quantile(of_draws, [0.1, 0.9])
    k, h = float(np.log(theta[own])), float(np.log(theta[other]))
    value = float(correlated.correlation(float(theta[1]), k, of_own, h, of_other))
    return SpendCorrelation(value, float(low), float(high), trait)


def edge_sentences(found: Fit) -> tuple[str, ...]:
    """What it means that parameters of spend ran to the edge of what is allowed, and what holds them."""
    alike = {
        "p": "how unlike the orders of one customer are: the likelihood would have them all but equal, as it also will "
        "where most customers are known by one order and order values begin at an edge, a shop's usual small order",
        "q": "how unlike customers are: the likelihood would have them all but equal",
    }
    what = [alike[name] for name in ("p", "q") if name in found.at_bound]
    if not what:
        return ()
    held = "the weak prior holds it" if found.prior is not None else "only the edge of what is allowed holds it"
    return (
        f"The data do not tell {', nor '.join(what)}; {held}. Mean spend and its correlations are known all the same.",
    )


def is_taken(wanted: str, found: Fit | None, gain: float) -> bool:
    """Whether a correlation is used: where it is asked for, or significant."""
    return found is not None and found.outcome.usable and (wanted == "free" or gain > SIGNIFICANT)
