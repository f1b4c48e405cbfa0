"""Logistic regression with a normal prior on each coefficient and bounds that keep some of them from turning sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]

_MOST_STEPS = 100
_TOLERANCE = 1e-10
_HALVINGS = 40


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """A maximum of the penalised likelihood.

    Parameters
    ----------
    coefficients : array, shape (k,)
        In the order of the columns.
    covariance : array, shape (k, k)
        Inverse of the penalised information, zero for coefficients that lean on their bound.
    log_posterior : float
        Penalised log-likelihood at the maximum.
    converged : bool
        Whether no step would gain anything.
    """

    coefficients: FloatArray
    covariance: FloatArray
    log_posterior: float
    converged: bool

    def log_odds(self, design: FloatArray) -> FloatArray:
        """Log-odds of rows, shape (n,), of a design of shape (n, k)."""
        return np.asarray(design @ self.coefficients)


def fit_logistic(
    design: FloatArray,
    outcome: FloatArray,
    prior_mean: FloatArray,
    prior_sd: FloatArray,
    lowest: FloatArray | None = None,
    weight: FloatArray | None = None,
) -> LogisticFit:
    """Maximise sum w (y eta - log(1 + exp(eta))) - sum ((b - m) / s)^2 / 2 over b >= lowest, with eta = design b.

    Newton's method on the coefficients that are free, by an active set: a coefficient that the step would carry over
    its bound stays there, and is let go when the gradient points inside. The objective is strictly concave, so there is
    one maximum.

    Parameters
    ----------
    design : array, shape (n, k)
        Columns, a constant among them where an intercept is wanted.
    outcome : array, shape (n,)
        0 or 1, or a share between.
    prior_mean, prior_sd : arrays, shape (k,)
        Of the normal prior of each coefficient; without rows the fit is the prior's mean.
    lowest : array, shape (k,), optional
        Lower bounds; minus infinity for none.
    weight : array, shape (n,), optional
        How often each row counts.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> fit = fit_logistic(x, np.array([0.0, 1.0, 0.0, 1.0]), np.zeros(2), np.full(2, 1e3))
    >>> [round(float(value), 3) for value in fit.coefficients]
    [-1.362, 0.908]
    """
    n, k = design.shape
    w = np.ones(n) if weight is None else weight
    floor = np.full(k, -np.inf) if lowest is None else lowest
    precision = 1.0 / np.square(prior_sd)

    def value(b: FloatArray) -> float:
        eta = design @ b
        return float(w @ (outcome * eta - np.logaddexp(0.0, eta)) - 0.5 * precision @ np.square(b - prior_mean))

    b = np.maximum(np.asarray(prior_mean, dtype=np.float64), floor)
    here, converged, free = value(b), False, np.ones(k, dtype=bool)
    information = np.diag(precision)
    for _ in range(_MOST_STEPS):
        p = special.expit(design @ b)
        gradient = design.T @ (w * (outcome - p)) - precision * (b - prior_mean)
        information = (design * (w * p * (1.0 - p))[:, None]).T @ design + np.diag(precision)
        free = (b > floor) | (gradient > 0.0)
        step = _free_step(information, gradient, b, floor, free)
        if float(gradient @ step) <= _TOLERANCE * (1.0 + abs(here)):
            converged = True
            break
        size = 1.0
        for _ in range(_HALVINGS):
            trial = np.maximum(b + size * step, floor)
            there = value(trial)
            if there > here:
                break
            size *= 0.5
        else:
            converged = True
            break
        b, here = trial, there
    covariance = np.zeros((k, k))
    inside = np.flatnonzero(free)
    covariance[np.ix_(inside, inside)] = np.linalg.inv(information[np.ix_(inside, inside)])
    return LogisticFit(b, covariance, here, converged)


def _free_step(
    information: FloatArray, gradient: FloatArray, b: FloatArray, floor: FloatArray, free: NDArray[np.bool_]
) -> FloatArray:
    """Newton's step among coefficients that may move; one that would leave its bound at once is held there."""
    moving = free.copy()
    step = np.zeros(b.size)
    for _ in range(b.size + 1):
        inside = np.flatnonzero(moving)
        step[:] = 0.0
        if not inside.size:
            break
        step[inside] = np.linalg.solve(information[np.ix_(inside, inside)], gradient[inside])
        stuck = moving & (b <= floor) & (step < 0.0)
        if not stuck.any():
            break
        moving &= ~stuck
    return step
