"""Promises about the likelihood of a family: derivatives are exact, and it is the likelihood of what is predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.testing.proof import Promise, differs
from keepers.testing.subject import Subject

_STEP = 1e-3


def _derivatives(subject: Subject) -> Iterable[str]:
    family, data = subject.fitted.family, subject.data
    here = _log_parameters(subject) + 0.15 * (-1.0) ** np.arange(len(family.PARAMETERS))

    def value(point: FloatArray) -> FloatArray:
        return np.array([family.log_likelihood_sum(np.exp(point), data, 0).value])

    def gradient(point: FloatArray) -> FloatArray:
        return np.asarray(family.log_likelihood_sum(np.exp(point), data, 1).gradient)

    found = family.log_likelihood_sum(np.exp(here), data, 2)
    size = float(np.abs(found.gradient).max())
    yield from differs("the gradient", found.gradient, difference(value, here)[0], 1e-5, 1e-5 * size)
    size = float(np.abs(found.hessian).max())
    yield from differs("the Hessian", found.hessian, difference(gradient, here), 1e-5, 1e-6 * size)
    yield from differs("the Hessian's transpose", found.hessian.T, found.hessian, 1e-9, 1e-9 * size)
    for order in (0, 1):
        lower = family.log_likelihood_sum(np.exp(here), data, order)
        yield from differs(f"the value at order {order}", lower.value, found.value, 1e-11)
    size = float(np.abs(found.gradient).max())
    yield from differs("the gradient at order 1", gradient(here), found.gradient, 1e-9, 1e-11 * size)
    # A row's likelihood is that of (x, t_x, T), whatever is known of the times between purchases.
    rows = family.log_likelihood(np.exp(here), data.x, data.t_x, data.T)
    plain = family.log_likelihood_sum(np.exp(here), replace(data, log_gaps=None), 0)
    yield from differs("the weighted sum of the rows", data.weight @ rows, plain.value, 1e-9)


def _expectation_gradient(subject: Subject) -> Iterable[str]:
    family, rows = subject.fitted.family, subject.rows
    here = _log_parameters(subject)

    def expected(point: FloatArray) -> FloatArray:
        return np.asarray(family.expected_purchases(np.exp(point), rows.x, rows.t_x, rows.T, 26.0))

    found = family.expected_purchases_gradient(np.exp(here), rows.x, rows.t_x, rows.T, 26.0)
    wanted = difference(expected, here)
    yield from differs("the gradient of expected purchases", found, wanted, 1e-5, 1e-7 * float(np.abs(wanted).max()))


def _of_nothing(subject: Subject) -> Iterable[str]:
    family, theta = subject.fitted.family, np.exp(_log_parameters(subject))
    for t in (1.0, 20.0, 400.0):
        none = family.purchase_distribution_new(theta, t, 3)[0]
        zero, age = np.zeros(1), np.array([t])
        found = np.exp(family.log_likelihood(theta, zero, zero, age))
        yield from differs(f"the likelihood of no purchase to {t:g}", found, none, subject.tolerance)


def _of_everything(subject: Subject) -> Iterable[str]:
    """P(X(t) = k) is the likelihood summed over all histories with k purchases, of which only the last time matters."""
    from scipy.special import gammaln

    family, theta, t = subject.fitted.family, np.exp(_log_parameters(subject)), 26
    told = family.purchase_distribution_new(theta, float(t), 4)
    for k in (1, 2, 4):
        if subject.discrete:
            last, weights = np.arange(float(k), t + 1), np.ones(t + 1 - k)
            others = gammaln(last) - gammaln(k) - gammaln(last - k + 1)
        else:
            # Densities may be powers of the times to either end: a change of variable makes them smooth there.
            places, weights = np.polynomial.legendre.leggauss(80)
            v = (places + 1) / 2
            last = t * v**4 * (35 - 84 * v + 70 * v**2 - 20 * v**3)
            weights = 70 * t * weights * (v * (1 - v)) ** 3
            others = (k - 1) * np.log(last) - gammaln(k)
        row = np.full(last.shape, float(k))
        likelihood = np.exp(family.log_likelihood(theta, row, last, np.full(last.shape, float(t))) + others)
        yield from differs(f"the likelihood of all histories with {k}", weights @ likelihood, told[k], 1e-6)


def _log_parameters(subject: Subject) -> FloatArray:
    parameters = subject.fitted.parameters_
    return np.log([parameters[name] for name in subject.fitted.family.PARAMETERS])


def difference(function: Callable[[FloatArray], FloatArray], point: FloatArray) -> FloatArray:
    """Derivatives by differences of the fourth order, shape of the function's value by (d,)."""
    columns = []
    for axis in np.eye(point.size):
        far, near = 2 * _STEP * axis, _STEP * axis
        ends: Any = function(point - far) - function(point + far)
        columns.append((ends + 8 * (function(point + near) - function(point - near))) / (12 * _STEP))
    return np.stack(columns, axis=-1)


def _parametric(subject: Subject) -> bool:
    return subject.parametric


PROMISES = (
    Promise("gradient and Hessian of the likelihood are exact", _derivatives, _parametric),
    Promise("the gradient of expected purchases is exact", _expectation_gradient, _parametric),
    Promise("the likelihood of no purchase is the probability of none", _of_nothing, _parametric),
    Promise("likelihoods of all histories sum to the distribution", _of_everything, _parametric),
)
