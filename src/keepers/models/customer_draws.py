"""What a model believes of single customers: draws of their own rates, of being alive, and of how long they stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError

FloatArray = NDArray[np.float64]
DrawCustomers = Callable[[FloatArray, Cells], tuple[FloatArray, FloatArray, FloatArray, FloatArray]]
"""Draws rate of buying, rate of leaving, alive and lifetime of some rows at parameters theta."""

MOST = 200_000_000
"""Draws times customers that are held at a time."""

_CHUNK = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class CustomerDraws:
    """Independent draws from the joint posterior of all customers, each of shape (draws, n).

    Parameters
    ----------
    rate, leaving : arrays
        Rates of buying and of leaving, per unit of the model's time.
    alive : array of bool
        Whether the customer is still one now.
    lifetime : array
        From the first purchase until leaving, in the model's unit; below T for whoever has left.
    """

    rate: FloatArray
    leaving: FloatArray
    alive: NDArray[np.bool_]
    lifetime: FloatArray


def draw_customers(draw: DrawCustomers, thetas: FloatArray, cells: Cells) -> CustomerDraws:
    """One draw of every row for each set of parameters, in parts of rows so that only the result itself is held.

    Parameters
    ----------
    draw : callable
        Of the model.
    thetas : array, shape (draws, d)
        Draws from the posterior of the parameters.
    cells : Cells
        Histories in the model's unit.
    """
    shape = (len(thetas), cells.size)
    if shape[0] * shape[1] > MOST:
        raise ConfigError(
            f"{shape[0]:,} draws of {shape[1]:,} rows are more than {MOST:,} numbers. Ask for fewer draws, or for some "
            "of the customers at a time."
        )
    rate, leaving, lifetime = np.empty(shape), np.empty(shape), np.empty(shape)
    alive = np.empty(shape, dtype=bool)
    for place, theta in enumerate(thetas):
        for start in range(0, cells.size, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, cells.size))
            found = draw(theta, cells.take(rows))
            rate[place, rows], leaving[place, rows], living, lifetime[place, rows] = found
            alive[place, rows] = living > 0
    return CustomerDraws(rate, leaving, alive, lifetime)
