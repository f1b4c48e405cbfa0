"""Histories on paths, and sums by brute force, for tests of clocks."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from keepers.numerics.clocked_draws import PurchaseTimes
from keepers.numerics.clocked_likelihood import ClockedRows

LENGTH = 0.1


def paths(number=3, periods=30, k=2, seed=1):
    """Covariates of some paths."""
    return np.random.default_rng(seed).normal(0, 0.5, (number, periods, k))


def rows_of(family, theta, customers=200, seed=3):
    """Histories drawn without covariates, with purchases at random moments before the last."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(0.3, 2.0, customers)
    x, t_x = family.sample_new(theta, T, rng)
    d, counts = len(theta), x.astype(np.int64)
    design = np.zeros((customers, d, 1))
    design[:, 1, 0] = -rng.normal(size=customers)
    ages = [np.zeros(0), *(np.sort(np.append(rng.uniform(size=count - 1), 1.0)) for count in counts if count)]
    age = np.concatenate(ages) * np.repeat(t_x, counts)
    return ClockedRows(
        x, t_x, T, rng.integers(1, 4, customers).astype(float), rng.uniform(0, 1, customers),
        rng.integers(0, 3, customers),
        rng.normal(size=(customers, 2)) * x[:, None], design, np.zeros((customers, d)), PurchaseTimes(age, counts),
    )  # fmt: skip


def on_a_path(values, start, points=40):
    """Nodes and weights over the ages of a customer who came at `start`, period by period, and z at each."""
    node, weight = np.polynomial.legendre.leggauss(points)

    def between(low, high):
        edges = np.unique(np.clip(np.append(np.arange(values.shape[0] + 1) * LENGTH - start, [low, high]), low, high))
        width, middle = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        age = middle[:, None] + 0.5 * width[:, None] * node
        period = np.minimum(((start + middle) / LENGTH).astype(int), values.shape[0] - 1)
        z = np.repeat(values[period][:, None, :], points, axis=1)
        return age.ravel(), (0.5 * width[:, None] * weight).ravel(), z.reshape(-1, values.shape[1])

    return between


def integral(between, what, low, high):
    """The integral of what(age, z) over ages."""
    if high <= low:
        return 0.0
    age, weight, z = between(low, high)
    return float(weight @ what(age, z))


def gamma_nodes(shape, scale, points=4000):
    """Rates and weights of a gamma mixture: the trapezoidal rule in the logarithm of the rate."""
    log_rate = np.linspace(-60.0, 8.0, points) - np.log(scale)
    density = shape * (np.log(scale) + log_rate) - scale * np.exp(log_rate) - gammaln(shape)
    return np.exp(log_rate), np.exp(density) * (log_rate[1] - log_rate[0])
