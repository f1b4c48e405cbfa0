"""Estimates of many groups that lean on their common centre as far as they are uncertain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_NODES = 160


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """What is believed of every group once all were seen.

    Parameters
    ----------
    mean, deviation : arrays, shape (g,)
        Of the posterior of each group.
    weight : array, shape (g,)
        Part of each estimate that comes from the others, from 0 (the group speaks for itself) to 1.
    centre, spread : float
        Posterior means of the common centre and of the standard deviation of groups about it.
    """

    mean: FloatArray
    deviation: FloatArray
    weight: FloatArray
    centre: float
    spread: float


def shrink(estimates: FloatArray, variances: FloatArray, typical: float) -> Shrunk:
    """The posterior of group means theta_g ~ Normal(mu, tau^2) of which y_g ~ Normal(theta_g, v_g) is seen.

    mu has a flat prior, tau a half-Cauchy one; given tau everything is in closed form, and tau is integrated out on a
    grid. Few groups so keep the uncertainty of how much groups differ, which a point estimate of tau would hide, and
    one group that is unlike the others is let go.

    Parameters
    ----------
    estimates, variances : arrays, shape (g,)
        y and v. An infinite variance is a group of which nothing is known; at least one must be finite.
    typical : float
        Scale of the prior of tau: how much groups usually differ, in the unit of the estimates.

    Raises
    ------
    ValueError
        No group has a finite estimate and a positive variance.

    References
    ----------
    Gelman (2006), "Prior distributions for variance parameters in hierarchical models", Bayesian Analysis 1.
    Gelman, Carlin, Stern, Dunson, Vehtari, Rubin (2013), "Bayesian Data Analysis", section 5.4, equations 5.17 to 5.21.

    Examples
    --------
    >>> found = shrink(np.array([10.0, 14.0, 30.0]), np.array([1.0, 1.0, 400.0]), 2.0)
    >>> bool(found.weight[2] > 0.9), bool(12 < found.mean[2] < 14)
    (True, True)
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    seen = np.isfinite(y) & np.isfinite(v) & (v > 0)
    if not seen.any():
        raise ValueError("There is no group with an estimate and its variance.")
    # Equal steps of the prior's probability: few nodes are wasted where the prior has nothing.
    tau = typical * np.tan(0.5 * np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    total = tau[:, None] ** 2 + v[seen]
    precision = 1.0 / total
    of_centre = 1.0 / precision.sum(axis=1)
    centre = of_centre * (precision @ y[seen])
    log_weight = 0.5 * np.log(of_centre) - 0.5 * np.sum(np.log(total) + (y[seen] - centre[:, None]) ** 2 * precision, 1)
    node = np.exp(log_weight - log_weight.max())
    node /= node.sum()
    own = np.where(seen, 1.0 / np.where(seen, v, 1.0), 0.0)
    lean = tau[:, None] ** -2 / (tau[:, None] ** -2 + own)
    means = (1 - lean) * np.where(seen, y, 0.0) + lean * centre[:, None]
    within = lean * tau[:, None] ** 2 + lean**2 * of_centre[:, None]
    mean = node @ means
    variance = node @ (within + (means - mean) ** 2)
    return Shrunk(mean, np.sqrt(variance), node @ lean, float(node @ centre), float(node @ tau))
