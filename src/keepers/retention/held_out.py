"""What those who were chosen brought more than those held out by lot, made alike in what was known of them before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from keepers.domain.cells import FloatArray

LEVEL = 0.8
"""Of the interval."""


def advantage(
    earned: FloatArray, before: FloatArray, out: NDArray[np.bool_], pooled: tuple[bool, bool] = (False, False)
) -> tuple[float, float, float] | None:
    """The mean difference of a customer with its interval, by Welch; None where nothing varies.

    Parameters
    ----------
    earned, before : arrays, shape (n,)
        Money of the time that is judged, and what was known before it.
    out : array of bool, shape (n,)
        Who was held out; at least two are needed on either side.
    pooled : (bool, bool)
        Of those chosen and those held out, whether too few brought anything for their own scatter to be known: it is
        then that of both together.
    """
    sides = (~out, out)
    spread = sum(float(np.square(before[side] - before[side].mean()).sum()) for side in sides)
    together = sum(
        float(((before[side] - before[side].mean()) * (earned[side] - earned[side].mean())).sum()) for side in sides
    )
    rest = earned - (together / spread if spread > 0 else 0.0) * before
    sizes = [int(side.sum()) for side in sides]
    scatter = [
        float(rest.var(ddof=1) if few else rest[side].var(ddof=1)) for side, few in zip(sides, pooled, strict=True)
    ]
    variances = [one / size for one, size in zip(scatter, sizes, strict=True)]
    if sum(variances) <= 0.0:
        return None
    freedom = sum(variances) ** 2 / sum(part**2 / (size - 1) for part, size in zip(variances, sizes, strict=True))
    reach = float(np.sqrt(sum(variances))) * float(stdtrit(freedom, 0.5 + LEVEL / 2.0))
    mean = float(rest[sides[0]].mean() - rest[sides[1]].mean())
    return mean, mean - reach, mean + reach
