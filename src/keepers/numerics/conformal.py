"""Outcomes as ranges of forecast probability, and the nominal level whose intervals held the wanted share of them.

The probability integral transform of an outcome y with mass at points is the range ``[F(y-), F(y)]``; a draw from it
is uniform under a true forecast (Czado, Gneiting, Held 2009, Biometrics 65, eq. 1). Where a forecast is too narrow
or too wide, its own quantiles at another level repair it: distributional conformal prediction (Chernozhukov, Wuthrich,
Zhu 2021, PNAS 118, with the distance of the transform from one half as score).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keepers.domain.errors import InputError

FloatArray = NDArray[np.float64]

WIDEST = 0.9995
"""No nominal level above this is used, since the tails beyond rest on no observation."""


def checked_range(below: ArrayLike, at: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The ends of the ranges as flat columns inside [0, 1], or an error that names the first wrong row."""
    low, high = np.asarray(below, dtype=np.float64), np.asarray(at, dtype=np.float64)
    if low.shape != high.shape or low.ndim != 1 or not low.size:
        raise InputError(f"`below` {low.shape} and `at` {high.shape} must be flat columns of one length, not empty.")
    wrong = ~((low >= -1e-9) & (low <= high + 1e-9) & (high <= 1.0 + 1e-9))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"Probabilities must satisfy 0 <= F(y-) <= F(y) <= 1; {int(wrong.sum())} rows do not "
            f"(first: row {row}, {low[row]:g} and {high[row]:g})."
        )
    low = np.clip(low, 0.0, 1.0)
    return low, np.clip(high, low, 1.0)


def share_below(low: FloatArray, high: FloatArray, edge: float, weight: FloatArray | None = None) -> float:
    """Mean over outcomes and draws of ``1{u <= edge}``, u uniform in each outcome's range."""
    width = high - low
    inside = np.divide(edge - low, width, out=np.where(edge >= high, 1.0, 0.0), where=width > 0)
    return float(np.average(np.clip(inside, 0.0, 1.0), weights=weight))


def central_share(low: FloatArray, high: FloatArray, level: float, weight: FloatArray | None = None) -> float:
    """Share of outcomes, mean over draws, inside the central interval of a nominal level."""
    tail = (1.0 - level) / 2.0
    return share_below(low, high, 1.0 - tail, weight) - share_below(low, high, tail, weight)


def conformal_level(below: ArrayLike, at: ArrayLike, level: float, weight: ArrayLike | None = None) -> float:
    """The nominal level whose central intervals held `level` of the outcomes.

    Parameters
    ----------
    below, at : array, shape (n,)
        Forecast probability of less than each outcome, and of at most it.
    level : float
        Share of outcomes that intervals are meant to hold, in (0, 1).
    weight : array, shape (n,), optional
        Customers that each row stands for.

    Returns
    -------
    float
        Above `level` where the forecast is too narrow, below where it is too wide; raised by one part in n + 1 for
        the outcome still to come, and never above `WIDEST`.
    """
    low, high = checked_range(below, at)
    customers = None if weight is None else np.asarray(weight, dtype=np.float64)
    size = float(low.size if customers is None else customers.sum())
    wanted = min(level * (size + 1.0) / size, 1.0)
    narrow, wide = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (narrow + wide)
        if central_share(low, high, middle, customers) < wanted:
            narrow = middle
        else:
            wide = middle
    return min(wide, WIDEST)
