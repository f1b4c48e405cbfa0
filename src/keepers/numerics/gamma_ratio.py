"""The gamma function at two points, as the logarithm of a ratio that keeps its digits when the points are close."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from keepers.domain.cells import FloatArray

_LARGE = 12.0


def log_gamma_ratio(x: FloatArray | float, d: FloatArray | float) -> FloatArray:
    """log Gamma(x + d) / Gamma(x) for x > 0 and d >= 0; its error is some 1e-15 of d log(x + d), or of one.

    Where x is large, log-gammas are large beside their difference: Stirling's series of both is then taken together.

    Parameters
    ----------
    x, d : arrays that broadcast

    Examples
    --------
    >>> float(np.exp(log_gamma_ratio(3.0, 2.0)).round(12))
    12.0
    """
    x, d = np.asarray(x, dtype=np.float64), np.asarray(d, dtype=np.float64)
    small = x < _LARGE
    if np.all(small):
        return np.asarray(gammaln(x + d) - gammaln(x))
    y = np.where(small, _LARGE, x)
    ratio = (y - 0.5) * np.log1p(d / y) + d * np.log(y + d) - d + _series(y + d) - _series(y)
    return np.where(small, gammaln(x + d) - gammaln(x), ratio) if np.any(small) else np.asarray(ratio)


def _series(z: FloatArray) -> FloatArray:
    square = 1.0 / z**2
    return np.asarray((1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / z)
