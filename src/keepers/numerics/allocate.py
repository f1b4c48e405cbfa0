"""One option for each row under a budget: the multiple-choice knapsack, solved by its multiplier.

Each row takes one of k options with a value and a cost. The linear relaxation is solved exactly: a row moves along the
concave frontier of its options, step by step of falling value per cost, and the steps of all rows are taken in that
order while the budget lasts (Sinha and Zoltners 1979, Operations Research 27). The ratio of the first step that does
not fit is the multiplier: what one more unit of budget would bring. The relaxation's value bounds every choice from
above, which certifies how far from the best possible one this is: less than the value of that single step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keepers.domain.errors import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Allocation:
    """Which option each row takes.

    Attributes
    ----------
    choice : array of int, shape (n,)
        Option of each row.
    value, spent : float
        What the choice is worth and costs.
    multiplier : float
        What one more unit of budget would bring; 0 where the budget does not bind.
    bound : float
        What no choice within the budget can exceed.
    tied : int
        Steps left out that bring as much per cost as the last one taken.
    """

    choice: IntArray
    value: float
    spent: float
    multiplier: float
    bound: float
    tied: int

    @property
    def gap(self) -> float:
        """How much more than this choice the best possible one could be worth, at most."""
        return max(self.bound - self.value, 0.0)


def allocate(value: ArrayLike, cost: ArrayLike, budget: float | None = None) -> Allocation:
    """Choose one option for each row, for the largest total value within a budget.

    Parameters
    ----------
    value : array, shape (n, k)
        What each option is worth.
    cost : array, shape (n, k)
        What it takes of the budget, zero or more.
    budget : float, optional
        What may be spent in all; without it each row takes its best option, of equal ones the cheapest.

    Returns
    -------
    Allocation
        Within the budget; of equal steps those of earlier rows are taken.

    Raises
    ------
    InputError
        Where shapes differ, a cost is negative, a number is missing, or not even the cheapest options fit.

    >>> allocate([[0, 5, 9], [0, 4, 5]], [[0, 1, 3], [0, 1, 2]], budget=2).choice.tolist()
    [1, 1]
    """
    worth, price = np.asarray(value, dtype=np.float64), np.asarray(cost, dtype=np.float64)
    if worth.ndim != 2 or worth.shape != price.shape or not worth.size:
        raise InputError(f"`value` {worth.shape} and `cost` {price.shape} must be tables of one shape, not empty.")
    if not (np.isfinite(worth).all() and np.isfinite(price).all()) or price.min() < 0:
        raise InputError("`value` and `cost` must be finite, and costs zero or more.")
    rows = np.arange(worth.shape[0])
    start = np.asarray(np.lexsort((-worth, price), axis=1)[:, 0], dtype=np.int64)
    least = float(price[rows, start].sum())
    limit = np.inf if budget is None else float(budget)
    if not limit >= least - 1e-9:
        raise InputError(f"The budget is {limit:,.2f} and the cheapest options cost {least:,.2f} already.")
    row, into, gain, price_of = _steps(worth, price, start)
    order = np.argsort(-gain / price_of, kind="stable")
    row, into, gain, price_of = row[order], into[order], gain[order], price_of[order]
    spent = least + np.cumsum(price_of)
    # Sums of many costs differ from the budget by rounding alone.
    fits = int(np.searchsorted(spent, limit * (1.0 + 1e-12) + 1e-9, side="right"))
    choice = start.copy()
    choice[row[:fits]] = into[:fits]
    total = float(worth[rows, choice].sum())
    used = float(price[rows, choice].sum())
    if fits == row.size:
        return Allocation(choice, total, used, 0.0, total, 0)
    multiplier = float(gain[fits] / price_of[fits])
    tied = 0
    if fits:
        last = gain[fits - 1] / price_of[fits - 1]
        tied = int(np.count_nonzero(gain[fits:] / price_of[fits:] >= last * (1.0 - 1e-12)))
    return Allocation(choice, total, used, multiplier, total + multiplier * max(limit - used, 0.0), tied)


def _steps(worth: FloatArray, price: FloatArray, start: IntArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """The steps along every row's frontier: row, option reached, value gained and cost; a row's steps in order.

    An option that is no dearer than the present one and better cannot exist after the start, which is the cheapest
    and best of those.
    """
    rows = np.arange(worth.shape[0])
    at = start.copy()
    found: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []
    for _ in range(worth.shape[1] - 1):
        more = worth - worth[rows, at][:, None]
        extra = price - price[rows, at][:, None]
        slope = np.divide(more, extra, out=np.full_like(more, -np.inf), where=(extra > 0) & (more > 0))
        best = slope.max(axis=1)
        # Of options on one line the farthest is taken, so that the frontier has no more steps than corners.
        far = np.where(slope >= best[:, None] * (1.0 - 1e-15), extra, -1.0)
        into = np.asarray(far.argmax(axis=1), dtype=np.int64)
        moves = np.flatnonzero(best > 0)
        if not moves.size:
            break
        to = into[moves]
        found.append((moves, to, more[moves, to], extra[moves, to]))
        at[moves] = to
    if not found:
        none = np.empty(0, dtype=np.int64)
        return none, none, np.empty(0), np.empty(0)
    row, into, gain, cost = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return row, into, gain, cost
