"""The likelihood of gains, losses and the chance of each together, where covariates move all three."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, SpendCells
from keepers.models.covariates.encoding import Coding
from keepers.models.covariates.priors import WEAK_SPREAD
from keepers.models.fitting import Fit, Problem, fit
from keepers.models.posterior import Posterior
from keepers.models.priors import ParameterPrior, Prior
from keepers.models.spend.spend_effects import moves
from keepers.models.spend.spend_likelihood import SpendLikelihood
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import beta_binomial
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift
from keepers.summaries.spend_history import SpendSides


@dataclass(frozen=True, slots=True, eq=False)
class SignedPart:
    """One part of the likelihood.

    Parameters
    ----------
    symbols : tuple of str
        Its parameters.
    customers : float
        Who inform it.
    rows : int
        Rows of data.
    likelihood : callable
        At the logarithms of its parameters followed by all coefficients, per standard deviation.
    acting : array of bool, shape (k,)
        Which coefficients act in it.
    """

    symbols: tuple[str, ...]
    customers: float
    rows: int
    likelihood: Callable[[FloatArray, int], Evaluation]
    acting: NDArray[np.bool_]


def signed_parts(found: SpendSides, coding: Coding, gained: float, lost: float) -> dict[str, SignedPart]:
    """The parts that orders inform: sizes of gains and of losses, counted in `gained` and `lost`, and the chance."""
    attributes = found.attributes
    assert attributes is not None
    assert found.pattern is not None
    stretch, parts = coding.coefficient_scale, {}
    for name, cells, symbols, moved, scale in (
        ("gains", found.gains, ("p", "q", "gamma"), "gamma", gained),
        ("losses", found.losses, ("p_loss", "q_loss", "gamma_loss"), "gamma_loss", lost),
    ):
        if cells.size:
            design, offset = moves(coding, attributes, moved)
            scaled = SpendLikelihood(cells.in_money(scale), design * stretch, offset)
            parts[name] = SignedPart(symbols, cells.customers, cells.size, scaled, np.any(design != 0, axis=0))
    if float(found.weight @ found.missed) > 0:
        design, offset = moves(coding, attributes, "a")
        shift = ScaleShift(found.pattern, design * stretch, offset)

        def chance(point: FloatArray, order: int) -> Evaluation:
            theta = np.concatenate([np.exp(point[:2]), point[2:]])
            return beta_binomial.log_likelihood_sum(theta, found.won, found.missed, found.weight, order, shift)

        parts["chance"] = SignedPart(
            ("a", "b"), float(found.weight.sum()), found.weight.size, chance, np.any(design != 0, axis=0)
        )
    return parts


def joint(parts: dict[str, SignedPart], coefficients: int) -> Callable[[FloatArray, int], Evaluation]:
    """The sum of the parts at the logarithms of all their parameters, part by part, followed by coefficients."""
    size = sum(len(part.symbols) for part in parts.values())
    places, first = [], 0
    for part in parts.values():
        own = range(first, first + len(part.symbols))
        places.append(np.array([*own, *range(size, size + coefficients)], dtype=np.intp))
        first += len(part.symbols)

    def likelihood(point: FloatArray, order: int) -> Evaluation:
        value, gradient, hessian = 0.0, np.zeros(point.size), np.zeros((point.size, point.size))
        for part, place in zip(parts.values(), places, strict=True):
            one = part.likelihood(point[place], order)
            value += one.value
            gradient[place] += one.gradient
            hessian[np.ix_(place, place)] += one.hessian
        return Evaluation(value, gradient, hessian)

    return likelihood


def joint_belief(
    parts: dict[str, SignedPart], priors: dict[str, Prior | None], own: float | Literal["auto"] | None, rescuing: bool
) -> ParameterPrior | None:
    """The prior of all parts' parameters and of the coefficients; None where nothing is believed.

    A coefficient that acts in no part is believed to be near zero, as no order speaks of it.

    Parameters
    ----------
    parts : dict of SignedPart
    priors : dict
        Of each part's parameters, by name.
    own : "auto", None or float
        Of coefficients, as in `Covariates`.
    rescuing : bool
        Whether the prior rescues a likelihood without a maximum.
    """
    centre: list[FloatArray] = []
    precision: list[FloatArray] = []
    others: list[tuple[int, Any]] = []
    acting = np.array([part.acting for part in parts.values()], dtype=bool)
    strengths = np.array([0.0 if (one := priors[name]) is None else one.strength for name in parts])
    for name, part in parts.items():
        first, prior, size = sum(map(len, centre)), priors[name], len(part.symbols)
        of_part = ParameterPrior(np.zeros(size), np.zeros(size))
        if prior is not None:
            of_part = prior.on(part.symbols, np.ones(size))
        centre.append(of_part.centre)
        precision.append(of_part.precision)
        others += [(first + place, belief) for place, belief in of_part.others]
    strength = np.where(acting, strengths[:, None], np.inf).min(axis=0)
    if isinstance(own, (int, float)):
        believed = np.full(strength.size, 1.0 / own**2)
    elif own == "auto" or rescuing:
        believed = np.where(np.isfinite(strength), strength, 1.0) / WEAK_SPREAD**2
    else:
        believed = np.zeros(strength.size)
    believed = np.where(acting.any(axis=0), believed, np.maximum(believed, 1.0 / WEAK_SPREAD**2))
    centre.append(np.zeros(believed.size))
    precision.append(believed)
    if not any(part.any() for part in precision) and not others:
        return None
    return ParameterPrior(np.concatenate(centre), np.concatenate(precision), tuple(others), float(strengths.max()))


def fit_jointly(
    parts: dict[str, SignedPart],
    alone: Posterior,
    coding: Coding,
    priors: dict[str, tuple[Prior | None, Prior | None]],
    needed: Sequence[str],
    rescued: bool,
) -> Fit:
    """Fit all parts together with coefficients, from where the parts are without.

    Parameters
    ----------
    parts : dict of SignedPart
    alone : Posterior
        Of the parameters without covariates, money counted as in the parts.
    coding : Coding
        Of the covariates.
    priors : dict
        Of each part: the prior to begin with, and the one to fall back to.
    needed : sequence of str
        Parts that have no maximum without a prior.
    rescued : bool
        Whether priors may come to the rescue.
    """
    symbols = tuple(name for part in parts.values() for name in part.symbols)
    own, many = coding.covariates.prior, len(coding.names)
    first = {
        name: fallback if chosen is None and name in needed else chosen for name, (chosen, fallback) in priors.items()
    }
    fallback = {name: one[1] for name, one in priors.items()}
    places = [alone.parameters.index(name) for name in symbols]
    return fit(
        Problem(
            parameters=(*symbols, *coding.names),
            likelihood=joint(parts, many),
            starts=[np.concatenate([alone.mean[places], np.zeros(many)])],
            rows=sum(part.rows for part in parts.values()),
            prior=joint_belief(parts, first, own, rescuing=False),
            rescue=joint_belief(parts, fallback, own, rescuing=True) if rescued else None,
            coefficients=coding.names,
        )
    )


def mean_size(cells: SpendCells) -> float:
    """The mean size of the orders of one side, by customer; 1 where there is none."""
    return float(cells.weight @ cells.mean_spend) / cells.customers if cells.size else 1.0
