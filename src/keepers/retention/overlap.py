"""Chances that were not recorded: estimated from what is known, and where they are too close to nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.softmax_ridge import fit_softmax_ridge
from keepers.numerics.spline_ridge import spline_basis

LEAST = 0.02
"""A customer whose chance of something is below this has nobody to be compared with."""
_NOTABLE = 0.05
_ENOUGH = 50_000
"""Customers from whom chances are learned; more would say the same."""


def estimated_chances(rows: FloatArray, arm: IntArray, arms: int, fold: IntArray, least: float = LEAST) -> FloatArray:
    """The chance of every arm for every customer by models that have not seen the customer, shape (n, arms).

    Chances below `least` are raised to it, which bounds weights; `overlap_problems` says how many would be.
    """
    chances = np.empty((arm.size, arms))
    for held in range(int(fold.max()) + 1):
        ask = fold == held
        learn = np.flatnonzero(~ask)[-(-int((~ask).sum()) // _ENOUGH) - 1 :: -(-int((~ask).sum()) // _ENOUGH)]
        basis = spline_basis(rows[learn])
        fitted = fit_softmax_ridge(basis(rows[learn]), arm[learn], arms)
        chances[ask] = fitted.predict(basis(rows[ask]))
    return np.maximum(chances, least)


def overlap_problems(chances: FloatArray, names: Sequence[str]) -> tuple[str, ...]:
    """Where customers of one kind practically always, or never, got something, in words."""
    found = []
    for place, name in enumerate(names):
        share = float((chances[:, place] <= LEAST).mean())
        if share > _NOTABLE:
            found.append(
                f"{share:.0%} of the customers practically never get “{name}” (chance below {LEAST:.0%}): for them "
                "nobody shows what it would do, and what is said of them is a guess."
            )
    return tuple(found)
