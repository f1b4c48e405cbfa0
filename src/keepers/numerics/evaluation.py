"""What a log-likelihood says at one point: its value and, when asked, its exact first and second derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A sum of log-likelihoods at one point, with derivatives in the logarithms of the parameters.

    Parameters
    ----------
    value : float
        The sum.
    gradient : array, shape (d,)
        First derivatives; zeros where only the value was asked for (order 0).
    hessian : array, shape (d, d)
        Second derivatives; zeros where they were not asked for (order 0 and 1).
    """

    value: float
    gradient: FloatArray
    hessian: FloatArray

    @classmethod
    def of_value(cls, value: float, size: int) -> Evaluation:
        """An evaluation without derivatives for `size` parameters."""
        return cls(float(value), np.zeros(size), np.zeros((size, size)))

    def __add__(self, other: Evaluation) -> Evaluation:
        return Evaluation(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)

    def __sub__(self, other: Evaluation) -> Evaluation:
        return Evaluation(self.value - other.value, self.gradient - other.gradient, self.hessian - other.hessian)

    @property
    def finite(self) -> bool:
        """Whether every number in it is finite."""
        return bool(
            np.isfinite(self.value) and np.all(np.isfinite(self.gradient)) and np.all(np.isfinite(self.hessian))
        )


def in_logarithms(theta: FloatArray, value: float, gradient: FloatArray, hessian: FloatArray) -> Evaluation:
    """Turn derivatives in the parameters themselves into derivatives in their logarithms.

    With u = log(theta): dQ/du_i = theta_i Q_i and d2Q/du_i du_j = theta_i theta_j Q_ij + [i = j] theta_i Q_i.
    """
    first = theta * gradient
    return Evaluation(float(value), first, np.outer(theta, theta) * hessian + np.diag(first))
