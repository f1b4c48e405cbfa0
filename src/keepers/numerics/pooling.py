"""Groups with parameters of their own that lie around a common centre: empirical Bayes with Laplace's approximation.

Each group's log parameters are u_g ~ Normal(m, diag(tau^2)). Given m and tau, each group is a fit with a normal prior;
given the groups' fits, with their exact curvature, m and tau follow by expectation and maximisation in closed form. The
two are alternated until nothing moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.evaluation import Evaluation
from keepers.numerics.optimise import maximise

FloatArray = NDArray[np.float64]
Likelihood = Callable[[FloatArray, int], Evaluation]

_ROUNDS, _INNER = 60, 400
_SETTLED = 1e-4
_TYPICAL, _DEGREES = 0.3, 1.0
"""A weak belief about each tau, worth one group: few groups say little about how much groups differ."""
_LEAST = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """Groups and what they have in common; all in log parameters.

    Parameters
    ----------
    centre, spread : arrays, shape (d,)
        m and tau.
    centre_covariance : array, shape (d, d)
        Of m.
    points : array, shape (g, d)
        Mode of each group.
    covariances : array, shape (g, d, d)
        Of each group, the uncertainty of m included.
    shrinkage : array, shape (g, d)
        Weight of the centre in each group's estimate, from 0 (the group speaks for itself) to 1.
    value : float
        Log-likelihood of all groups at their modes, without the prior.
    converged : bool
        Whether the rounds settled.
    """

    centre: FloatArray
    spread: FloatArray
    centre_covariance: FloatArray
    points: FloatArray
    covariances: FloatArray
    shrinkage: FloatArray
    value: float
    converged: bool


def pool(likelihoods: Sequence[Likelihood], start: FloatArray, belief: tuple[FloatArray, FloatArray]) -> Pooled:
    """Fit groups together.

    Parameters
    ----------
    likelihoods : sequence of callables
        Log-likelihood of each group at log parameters, with exact derivatives.
    start : array, shape (d,)
        Where groups and centre begin: the fit of all groups as one.
    belief : pair of arrays, shape (d,)
        Centre and precision of a prior of m; a precision of zero believes nothing.
    """
    size = start.size
    centre, variance = start.copy(), np.full(size, _TYPICAL**2)
    points = np.tile(start, (len(likelihoods), 1))
    converged = False
    value = 0.0
    information, pull = np.empty((len(points), size, size)), np.empty((len(points), size))
    for _ in range(_ROUNDS):
        value = 0.0
        for group, likelihood in enumerate(likelihoods):
            here, found = _mode(likelihood, points[group], centre, variance)
            points[group] = here
            value += found.value
            sizes, axes = np.linalg.eigh(-found.hessian)
            information[group] = (axes * np.maximum(sizes, 0.0)) @ axes.T
            pull[group] = information[group] @ here + found.gradient
        before = np.concatenate([centre, np.log(variance)])
        centre, variance = _common(information, pull, centre, variance, belief)
        if np.max(np.abs(np.concatenate([centre, np.log(variance)]) - before)) < _SETTLED:
            converged = True
            break
    precision = np.diag(1.0 / variance)
    own = np.linalg.inv(information + precision)
    toward = own @ precision
    of_centre = np.sum(precision - precision @ toward, axis=0) + np.diag(belief[1])
    centre_covariance = np.linalg.inv(0.5 * (of_centre + of_centre.T) + 1e-10 * np.eye(size))
    covariances = own + toward @ centre_covariance @ np.swapaxes(toward, 1, 2)
    shrinkage = np.clip(np.diagonal(own, axis1=1, axis2=2) / variance, 0.0, 1.0)
    return Pooled(
        centre, np.sqrt(variance), centre_covariance, points, covariances, np.asarray(shrinkage), value, converged
    )


def _mode(
    likelihood: Likelihood, start: FloatArray, centre: FloatArray, variance: FloatArray
) -> tuple[FloatArray, Evaluation]:
    """Where a group's likelihood times the prior is highest, and the likelihood there."""
    hessian = np.diag(-1.0 / variance)

    def objective(point: FloatArray) -> Evaluation:
        away = point - centre
        with np.errstate(all="ignore"):
            found = likelihood(point, 2)
        return found + Evaluation(float(-0.5 * np.sum(away**2 / variance)), -away / variance, hessian)

    best = maximise(objective, start, tolerance=1e-8)
    away = best.point - centre
    prior = Evaluation(float(-0.5 * np.sum(away**2 / variance)), -away / variance, hessian)
    return best.point, best.evaluation - prior


def _common(
    information: FloatArray,
    pull: FloatArray,
    centre: FloatArray,
    variance: FloatArray,
    belief: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """m and tau squared for groups whose log-likelihoods are quadratic: pull' u - u' information u / 2."""
    groups = len(information)
    for _ in range(_INNER):
        precision = 1.0 / variance
        own = np.linalg.inv(information + np.diag(precision))
        toward = own * precision[None, None, :]
        # The centre is integrated out of the groups, then estimated from what all of them say about it.
        of_centre = np.diag(precision * groups + belief[1]) - np.einsum("i,gij->ij", precision, toward)
        said = np.einsum("i,gij,gj->i", precision, own, pull) + belief[1] * belief[0]
        new_centre = np.linalg.solve(of_centre + 1e-12 * np.eye(centre.size), said)
        points = np.einsum("gij,gj->gi", own, pull + precision * new_centre)
        spread = np.sum((points - new_centre) ** 2 + np.diagonal(own, axis1=1, axis2=2), axis=0)
        new_variance = np.maximum((spread + _DEGREES * _TYPICAL**2) / (groups + _DEGREES), _LEAST**2)
        moved = max(float(np.max(np.abs(new_centre - centre))), float(np.max(np.abs(np.log(new_variance / variance)))))
        centre, variance = new_centre, new_variance
        if moved < _SETTLED / 10:
            break
    return centre, variance
