"""The beta-binomial law of how many of a customer's orders are of one kind, the chance differing between customers.

Each order is of the kind with the customer's own probability, which is Beta(a, b) over customers (Skellam 1948, "A
Probability Distribution Derived from the Binomial Distribution"). Given k orders of the kind and m others, it is
Beta(a + k, b + m). The likelihood is that of the orders one after the other, so no binomial coefficient is in it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, polygamma, psi

from keepers.domain.cells import FloatArray
from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.likelihoods.family import Theta, columns

PARAMETERS = ("a", "b")


def log_likelihood(theta: Theta, some: FloatArray, other: FloatArray) -> FloatArray:
    """Logarithm of the probability of some orders of the kind and other of the other, in a given order, of each row."""
    a, b = (float(value) for value in theta)
    some, other = columns(some, other)
    return np.asarray(betaln(a + some, b + other) - betaln(a, b))


def log_likelihood_sum(
    theta: Theta, some: FloatArray, other: FloatArray, weight: FloatArray, order: int = 2
) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters."""
    a, b = (float(value) for value in theta)
    value = float(weight @ log_likelihood(theta, some, other))
    if order == 0:
        return Evaluation.of_value(value, 2)
    n = some + other
    first = [
        weight @ (psi(own + seen) - psi(own) - psi(a + b + n) + psi(a + b)) for own, seen in ((a, some), (b, other))
    ]
    joint = float(weight @ (polygamma(1, a + b) - polygamma(1, a + b + n)))
    second = [float(weight @ (polygamma(1, own + seen) - polygamma(1, own))) for own, seen in ((a, some), (b, other))]
    hessian = np.array([[second[0] + joint, joint], [joint, second[1] + joint]])
    return in_logarithms(np.array([a, b]), value, np.array(first), hessian)
