"""The likelihood of the BG/BB model as a sum over the opportunities after which a customer may have left.

A history (x, t_x, n) is bought by whoever stayed for m opportunities, m from t_x to n (Fader, Hardie, Shang 2010,
equation 5):

    L = sum over m < n of  (alpha)_x (beta)_{m-x} / (alpha+beta)_m   gamma (delta)_m / (gamma+delta)_{m+1}
        + (alpha)_x (beta)_{n-x} / (alpha+beta)_n   (delta)_n / (gamma+delta)_n,

with (a)_k = a (a + 1) ... (a + k - 1). Every factor is a running sum of logarithms, exact for any counts, and so are
its derivatives; all terms are positive, so that nothing cancels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keepers.domain.errors import InputError
from keepers.numerics.likelihoods.family import FloatArray, Theta, columns
from keepers.numerics.special import Rising, log_rising

_MOST_TERMS = 400_000


class Rows(NamedTuple):
    """Log-likelihoods of rows, shape (n,), their gradients (n, 4), and the weighted sum of their Hessians (4, 4).

    `last` is the logarithm of the term of whoever stayed to the end, with its gradient.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    last: FloatArray
    last_gradient: FloatArray


def whole(x: FloatArray, t_x: FloatArray, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Histories in whole opportunities.

    Raises
    ------
    InputError
        If there are more purchases than opportunities.
    """
    x, t_x, T = columns(x, t_x, T)
    last, opportunities = np.rint(t_x), np.rint(T)
    wrong = (x > last) | (last > opportunities)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"A model of opportunities cannot see {x[row]:g} repeat purchases up to opportunity {last[row]:g} of "
            f"{opportunities[row]:g} (row {row + 1}; {int(wrong.sum())} rows in all): at most one purchase counts at "
            "each. Count them with `keepers.summarise_opportunities`."
        )
    return x, last, opportunities


class _Tables:
    """Logarithms of rising factorials with derivatives, for all numbers up to the largest n + 1."""

    def __init__(self, theta: Theta, largest: int, order: int) -> None:
        alpha, beta, gamma, delta = (float(value) for value in theta)
        counts = np.arange(largest + 2, dtype=float)
        self.gamma = gamma
        self.alpha, self.beta, self.both, self.delta, self.all = (
            log_rising(base, counts, order) for base in (alpha, beta, alpha + beta, delta, gamma + delta)
        )


def evaluate_rows(
    theta: Theta, x: FloatArray, t_x: FloatArray, n: FloatArray, order: int = 0, weight: FloatArray | None = None
) -> Rows:
    """Log-likelihood of rows in whole opportunities with derivatives in the parameters themselves.

    Parameters
    ----------
    theta : (alpha, beta, gamma, delta)
        Positive parameters.
    x, t_x, n : arrays, shape (k,)
        As `whole` gives them.
    order : int
        0, 1 (with gradients) or 2 (with the sum of Hessians).
    weight : array, shape (k,), optional
        Of the rows in the sum of Hessians.
    """
    size = x.size
    weight = np.ones(size) if weight is None else weight
    tables = _Tables(theta, int(n.max(initial=0.0)), max(order, 0))
    found = Rows(np.empty(size), np.zeros((size, 4)), np.zeros((4, 4)), np.empty(size), np.zeros((size, 4)))
    ends = np.cumsum(n - t_x + 1)
    first = 0
    while first < size:
        start = ends[first - 1] if first else 0.0
        stop = max(first + 1, int(np.searchsorted(ends, start + _MOST_TERMS, side="right")))
        part = slice(first, stop)
        _evaluate(tables, x[part], t_x[part], n[part], order, weight[part], found, part)
        first = stop
    return found


def _evaluate(
    tables: _Tables,
    x: FloatArray,
    t_x: FloatArray,
    n: FloatArray,
    order: int,
    weight: FloatArray,
    out: Rows,
    part: slice,
) -> None:
    terms = (n - t_x + 1).astype(np.intp)
    starts = np.concatenate([[0], np.cumsum(terms)[:-1]])
    row = np.repeat(np.arange(x.size), terms)
    stayed = (np.arange(row.size) - starts[row]) + t_x[row]
    m, bought = stayed.astype(np.intp), x[row].astype(np.intp)
    left = (stayed < n[row]).astype(np.intp)
    logs = (
        tables.alpha.value[bought] + tables.beta.value[m - bought] - tables.both.value[m]
        + tables.delta.value[m] - tables.all.value[m + left] + left * np.log(tables.gamma)
    )  # fmt: skip
    highest = np.maximum.reduceat(logs, starts)
    share = np.exp(logs - highest[row])
    total = np.add.reduceat(share, starts)
    out.value[part] = highest + np.log(total)
    end = starts + terms - 1
    out.last[part] = logs[end]
    if order == 0:
        return
    share /= total[row]
    slope = _slopes(tables, bought, m, left)
    gradient = np.add.reduceat(share[:, None] * slope, starts, axis=0)
    out.gradient[part] = gradient
    out.last_gradient[part] = slope[end]
    if order == 1:
        return
    weighted = weight[row] * share
    out.hessian[...] += (slope * weighted[:, None]).T @ slope - (gradient * weight[:, None]).T @ gradient
    out.hessian[...] += _curvature(tables, bought, m, left, weighted)


def _slopes(tables: _Tables, x: np.ndarray, m: np.ndarray, left: np.ndarray) -> FloatArray:
    both, everything = tables.both.first[m], tables.all.first[m + left]
    return np.column_stack(
        [
            tables.alpha.first[x] - both,
            tables.beta.first[m - x] - both,
            left / tables.gamma - everything,
            tables.delta.first[m] - everything,
        ]
    )


def _curvature(tables: _Tables, x: np.ndarray, m: np.ndarray, left: np.ndarray, weight: FloatArray) -> FloatArray:
    def summed(table: Rising, index: np.ndarray) -> float:
        return float(weight @ table.second[index])

    both, everything = summed(tables.both, m), summed(tables.all, m + left)
    found = np.zeros((4, 4))
    found[:2, :2] -= both
    found[2:, 2:] -= everything
    found[0, 0] += summed(tables.alpha, x)
    found[1, 1] += summed(tables.beta, m - x)
    found[2, 2] -= float(weight @ left) / tables.gamma**2
    found[3, 3] += summed(tables.delta, m)
    return found
