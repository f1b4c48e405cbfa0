"""The chance of each of several classes as a function of what is known: softmax regression with a ridge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from keepers.domain.cells import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class SoftmaxRidge:
    """A fitted regression: coefficients, shape (classes, q + 1), the last being the constant."""

    coefficients: FloatArray

    def predict(self, design: FloatArray) -> FloatArray:
        """The chance of every class at rows of the design, shape (n, classes)."""
        score = design @ self.coefficients[:, :-1].T + self.coefficients[:, -1]
        return np.asarray(np.exp(score - logsumexp(score, axis=1)[:, None]), dtype=np.float64)


def fit_softmax_ridge(design: FloatArray, label: IntArray, classes: int, penalty: float = 5.0) -> SoftmaxRidge:
    """Fit by maximum likelihood with the exact gradient.

    Parameters
    ----------
    design : array, shape (n, q)
        Columns of one scale.
    label : array of int, shape (n,)
        Class of each row, 0 to ``classes - 1``.
    penalty : float
        Half of it times the sum of squared coefficients (but the constants) is added to the negative log-likelihood.

    >>> x = np.linspace(-3.0, 3.0, 301)[:, None]
    >>> fitted = fit_softmax_ridge(x, (x[:, 0] > 0).astype(np.int64), 2, penalty=0.1)
    >>> [bool(chance > 0.9) for chance in fitted.predict(np.array([[2.0], [-2.0]]))[:, 1]]
    [True, False]
    """
    truth = np.zeros((label.size, classes))
    truth[np.arange(label.size), label] = 1.0
    width = design.shape[1]

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        w = flat.reshape(classes, width + 1)
        score = design @ w[:, :-1].T + w[:, -1]
        score -= logsumexp(score, axis=1)[:, None]
        off = np.exp(score) - truth
        gradient = np.column_stack([off.T @ design + penalty * w[:, :-1], off.sum(axis=0)])
        return float(-(truth * score).sum() + 0.5 * penalty * (w[:, :-1] ** 2).sum()), gradient.ravel()

    start = np.zeros((classes, width + 1))
    start[:, -1] = np.log(np.maximum(truth.mean(axis=0), 1e-6))
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return SoftmaxRidge(np.asarray(found.x).reshape(classes, width + 1))
