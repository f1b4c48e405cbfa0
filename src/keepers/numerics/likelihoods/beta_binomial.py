"""The beta-binomial law of how many of a customer's orders are of one kind, the chance differing between customers.

Each order is of the kind with the customer's own probability, which is Beta(a, b) over customers (Skellam 1948, "A
Probability Distribution Derived from the Binomial Distribution"). Given k orders of the kind and m others, it is
Beta(a + k, b + m). The likelihood is that of the orders one after the other, so no binomial coefficient is in it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, polygamma, psi

from keepers.domain.cells import FloatArray
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import Theta, columns
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift
from keepers.numerics.row_derivatives import assembled

PARAMETERS = ("a", "b")


def log_likelihood(theta: Theta, some: FloatArray, other: FloatArray) -> FloatArray:
    """Logarithm of the probability of some orders of the kind and other of the other, in a given order, of each row."""
    a, b = (float(value) for value in theta)
    some, other = columns(some, other)
    return np.asarray(betaln(a + some, b + other) - betaln(a, b))


def log_likelihood_sum(
    theta: Theta,
    some: FloatArray,
    other: FloatArray,
    weight: FloatArray,
    order: int = 2,
    shift: ScaleShift | None = None,
) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters.

    Parameters
    ----------
    theta : (a, b), followed by coefficients where there is a shift
        Positive parameters; derivatives in coefficients are those in themselves.
    some, other, weight : arrays, shape (n,)
        Orders of the kind and others, and customers.
    order : int
        0 for the value alone; otherwise gradient and Hessian come with it.
    shift : ScaleShift, optional
        Of the rows' a, and so of the odds of the kind, by covariates.
    """
    a, b = np.full(some.shape, float(theta[0])), float(theta[1])
    if shift is not None:
        a = a * shift.factors(np.asarray(theta[2:], dtype=np.float64))
    value = float(weight @ (betaln(a + some, b + other) - betaln(a, b)))
    if order == 0:
        return Evaluation.of_value(value, len(theta))
    n = some + other
    both = psi(a + b) - psi(a + b + n)
    joint = polygamma(1, a + b) - polygamma(1, a + b + n)
    by_a, by_b = (own * (psi(own + seen) - psi(own) + both) for own, seen in ((a, some), (b, other)))
    aa, bb = (
        own**2 * (polygamma(1, own + seen) - polygamma(1, own) + joint) + one
        for own, seen, one in ((a, some, by_a), (b, other, by_b))
    )
    rows = [weight * one for one in (by_a, by_b, aa, a * b * joint, bb)]
    of_a, of_b, a_twice, crossed, b_twice = (float(row.sum()) for row in rows)
    gradient, hessian = np.array([of_a, of_b]), np.array([[a_twice, crossed], [crossed, b_twice]])
    if shift is None:
        return Evaluation(value, gradient, hessian)
    by_row, along, across = (shift.by_pattern(rows[place]) for place in (0, 2, 3))
    design = shift.design
    return assembled(
        value, gradient, by_row @ design, hessian, np.vstack([along, across]) @ design,
        design.T @ (along[:, None] * design),
    )  # fmt: skip
