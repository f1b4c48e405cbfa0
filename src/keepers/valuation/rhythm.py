"""Each customer's own rhythm: whether somebody is silent for longer than their own gaps, whatever a model says.

A customer with x gaps that took t days together, whose rate is uncertain as if one more gap g of the population had
been seen, would be silent for s days or more with probability ((t + g) / (t + g + s))^(x + 1): purchases at random with
a gamma prior of one pseudo-observation. Customers who bought once have no gap of their own; for them it is the share of
the customers who came back whose mean gap is at least as long as the silence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import Cells, FloatArray

LATE = 0.25
"""Late: at most one in four with such a rhythm would be silent for so long."""

OVERDUE = 0.10
"""Overdue: at most one in ten."""

LONG_GONE = 0.01
"""Somebody who bought once is given up when at most one in a hundred would be silent for so long."""

RULE = (
    "silent for so long that at most 1 in 10 customers with the same number of orders and the same usual gap would be"
)
"""Who is overdue, to follow "customers"."""


@dataclass(frozen=True, eq=False)
class Rhythm:
    """The rhythm of cells, each array of shape (n,), in days.

    Parameters
    ----------
    usual_gap : array
        Usual time between orders: own gaps with the population's median gap as one more; NaN where nobody returned.
    silence : array
        Days since the last purchase.
    probability : array
        Chance of a silence at least as long for a customer with this rhythm.
    """

    usual_gap: FloatArray
    silence: FloatArray
    probability: FloatArray


def rhythm(cells: Cells) -> Rhythm:
    """The rhythm of each cell, gauged by the customers in all of them."""
    days = cells.unit.days
    gaps_total, silence = cells.t_x * days, (cells.T - cells.t_x) * days
    returned = cells.x > 0
    if not returned.any():
        return Rhythm(np.full(cells.size, np.nan), silence, np.ones(cells.size))
    mean_gap = gaps_total[returned] / cells.x[returned]
    order = np.argsort(mean_gap, kind="stable")
    ordered, weight = mean_gap[order], cells.weight[returned][order]
    # Halves of the weight, so that the share of longer gaps is neither all nor none at the ends.
    share = (np.cumsum(weight) - 0.5 * weight) / weight.sum()
    typical = float(np.interp(0.5, share, ordered))
    own = ((gaps_total + typical) / (gaps_total + typical + silence)) ** (cells.x + 1.0)
    longer = np.concatenate([[0.0], np.cumsum(weight[::-1])])[::-1] / weight.sum()
    of_population = longer[np.searchsorted(ordered, silence, side="left")]
    return Rhythm(
        usual_gap=(gaps_total + typical) / (cells.x + 1.0),
        silence=silence,
        probability=np.where(returned, own, of_population),
    )
