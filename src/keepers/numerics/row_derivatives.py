"""Log-likelihoods row by row, each row with parameters of its own, and how they turn into sums over shared ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.evaluation import Evaluation

FloatArray = NDArray[np.float64]

_CHUNK = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class RowDerivatives:
    """Log-likelihood of each row with derivatives in the logarithms of the row's own parameters.

    Parameters
    ----------
    value : array, shape (n,)
    first : array, shape (n, d)
    second : array, shape (n, d, d)
    """

    value: FloatArray
    first: FloatArray
    second: FloatArray

    @classmethod
    def of_values(cls, value: FloatArray, size: int) -> RowDerivatives:
        """Values of rows with `size` parameters, without derivatives."""
        return cls(value, np.zeros((value.size, size)), np.zeros((value.size, size, size)))

    def shared(self, weight: FloatArray, design: FloatArray) -> Evaluation:
        """The weighted sum in (u, c), where each row's log parameters are u + design c.

        Parameters
        ----------
        weight : array, shape (n,)
            Customers of each row.
        design : array, shape (n, d, k)
            How the coefficients move the row's log parameters.
        """
        first = weight[:, None] * self.first
        second = weight[:, None, None] * self.second
        crossed = np.matmul(second, design)
        return assembled(
            float(weight @ self.value),
            first.sum(axis=0),
            np.einsum("nd,ndk->k", first, design),
            second.sum(axis=0),
            crossed.sum(axis=0),
            np.einsum("ndk,ndl->kl", design, crossed),
        )


def assembled(
    value: float,
    by_shared: FloatArray,
    by_coefficient: FloatArray,
    shared_twice: FloatArray,
    crossed: FloatArray,
    coefficient_twice: FloatArray,
) -> Evaluation:
    """An evaluation in (u, c) from its blocks; `crossed` has shape (d, k)."""
    hessian = np.block([[shared_twice, crossed], [crossed.T, coefficient_twice]])
    return Evaluation(value, np.concatenate([by_shared, by_coefficient]), 0.5 * (hessian + hessian.T))


def rising_rows(base: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """log Gamma(base + n) / Gamma(base) with two derivatives in `base`, where each row has its own base.

    Sums of logarithms over the n steps: exact where the difference of two log-gammas would lose digits.
    """
    steps = np.rint(counts).astype(np.int64)
    results = (np.zeros(steps.shape), np.zeros(steps.shape), np.zeros(steps.shape))
    ends = np.cumsum(steps)
    start = 0
    while start < steps.size:
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _CHUNK, side="right")))
        part = slice(start, stop)
        some = np.flatnonzero(steps[part] > 0)
        if some.size:
            length = steps[part][some]
            first = np.cumsum(length) - length
            place = np.arange(int(length.sum())) - np.repeat(first, length)
            at = np.repeat(base[part][some], length) + place
            for result, terms in zip(results, (np.log(at), 1.0 / at, -1.0 / at**2), strict=True):
                result[start + some] = np.add.reduceat(terms, first)
        start = stop
    return results
