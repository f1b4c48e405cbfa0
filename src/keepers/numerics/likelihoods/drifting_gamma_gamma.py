"""Gamma-Gamma spend whose level moves: a common growth of all orders, and customers whose own level drifts.

Let u = z g^s be an order's value z brought to the level of now, s years ago, with g the growth factor a year. Before
each order the rate nu of the customer is taken as Gamma(a, b) with

    a = q + p n,  b = gamma + S,  n = sum w^lag,  S = sum w^lag u

over the earlier orders, the newest with lag 0 and weight 1, and w = exp(-phi): older orders count less, because the
level has moved since. The order is Gamma(p, nu), so that its density given the earlier ones is

    z^-1 (u / (b + u))^p (b / (b + u))^a / B(p, a).

This is the power steady model of Smith (1979, "A Generalization of the Bayesian Steady Forecasting Model", JRSS B 41)
with the population as what the discounted past is pulled back to, for a gamma rate as in Smith and Miller (1986, "A
Non-Gaussian State Space Model and Application to Prediction of Records", JRSS B 48). The product of these densities is
the likelihood, exactly. With g = 1 and phi = 0 it is Gamma-Gamma's likelihood of every single order. Covariates
multiply gamma, and with it all orders of a customer: what the discounted past is pulled back to are customers alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import betaln, polygamma, psi

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import Theta
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift
from keepers.numerics.row_derivatives import assembled

PARAMETERS = ("p", "q", "gamma", "growth", "forgetting")
"""Those of Gamma-Gamma; the growth factor a year; phi, by which an order's weight falls with each later one."""


@dataclass(frozen=True, eq=False)
class OrderPanel:
    """Orders by their place in the customer's sequence: all first orders, then all second ones, and so on.

    Customers stand in the same order in every block, those with most orders first, so that a block is a beginning of
    the one before it.

    Parameters
    ----------
    value, years_ago : arrays, shape (n,)
        Money above zero, and how long ago.
    starts : array of int, shape (places + 1,)
        Where each block begins, and the end of the last.
    pattern : array of int, shape (n,), optional
        Pattern of the customer's attributes.
    """

    value: FloatArray
    years_ago: FloatArray
    starts: IntArray
    pattern: IntArray | None = None

    @classmethod
    def of_orders(
        cls, customer: IntArray, years_ago: FloatArray, value: FloatArray, pattern: IntArray | None = None
    ) -> Self:
        """A panel of plain rows; customers are numbers, in any order."""
        row = np.lexsort((-years_ago, customer))
        who = customer[row]
        begins = np.concatenate(([True], who[1:] != who[:-1])) if who.size else np.zeros(0, dtype=bool)
        first = np.maximum.accumulate(np.where(begins, np.arange(who.size), 0))
        place = np.arange(who.size) - first
        count = np.bincount(np.cumsum(begins) - 1) if who.size else np.zeros(0, dtype=np.int64)
        size = np.repeat(count, count)
        into = np.lexsort((np.repeat(np.arange(count.size), count), -size, place))
        blocks = np.bincount(place) if who.size else np.zeros(0, dtype=np.int64)
        starts = np.concatenate(([0], np.cumsum(blocks))).astype(np.int64)
        return cls(
            np.ascontiguousarray(value[row][into], dtype=np.float64),
            np.ascontiguousarray(years_ago[row][into], dtype=np.float64),
            starts,
            None if pattern is None else pattern[row][into],
        )

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return int(self.starts[1]) if self.starts.size > 1 else 0

    @property
    def orders(self) -> int:
        """How many orders there are."""
        return int(self.value.size)

    @property
    def place(self) -> IntArray:
        """How many orders of the same customer came before each, shape (n,)."""
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))


def effective_orders(forgetting: float, x: FloatArray) -> FloatArray:
    """n: what x orders count for in all, (1 - w^x) / (1 - w); x itself where nothing is forgotten."""
    x = np.asarray(x, dtype=np.float64)
    if forgetting < 1e-12:
        return x
    return np.asarray(np.expm1(-forgetting * x) / np.expm1(-forgetting))


def log_likelihood_sum(theta: Theta, panel: OrderPanel, order: int = 2, shift: ScaleShift | None = None) -> Evaluation:
    """Sum of the log-likelihood over all orders with exact derivatives in the logarithms of the parameters.

    Parameters
    ----------
    theta : (p, q, gamma, growth, forgetting), followed by coefficients where there is a shift
        Positive; `forgetting` may be zero, whose derivatives are then nil. Derivatives in coefficients are those in
        themselves.
    panel : OrderPanel
        Orders of at least one customer.
    order : int
        0 for the value alone; otherwise gradient and Hessian come with it.
    shift : ScaleShift, optional
        Of each order's gamma by covariates, in the order of the panel.
    """
    p, q, common, growth, phi = (float(value) for value in theta[:5])
    gamma = np.full(panel.orders, common)
    if shift is not None:
        gamma = gamma * shift.factors(np.asarray(theta[5:], dtype=np.float64))
    ago, place = panel.years_ago, panel.place
    u = panel.value * np.exp(np.log(growth) * ago)
    sums = _past(panel, u, phi, order)
    lags = np.exp(-phi * np.arange(panel.starts.size - 1))
    n_at = np.concatenate(([0.0], np.cumsum(lags)[:-1]))
    a_at = q + p * n_at
    each = np.diff(panel.starts).astype(np.float64)
    b = gamma + sums[0]
    c = b + u
    a = a_at[place]
    log_own, log_past = -np.log1p(b / u), -np.log1p(u / b)
    value = float(p * log_own.sum() + a @ log_past - np.log(panel.value).sum() - each @ betaln(p, a_at))
    if order == 0:
        return Evaluation.of_value(value, len(theta))
    step = np.arange(panel.starts.size - 1)
    n_phi = np.concatenate(([0.0], np.cumsum(-step * lags)[:-1]))
    n_phi2 = np.concatenate(([0.0], np.cumsum(step**2 * lags)[:-1]))
    # First derivatives in (p, a, u, b), then the chain to the logarithms.
    psi_p, psi_a, psi_j = psi(p), psi(a_at), psi(a_at + p)
    tri_p, tri_a, tri_j = polygamma(1, p), polygamma(1, a_at), polygamma(1, a_at + p)
    d_p = log_own + (psi_j - psi_p)[place]
    d_a = log_past + (psi_j - psi_a)[place]
    d_u = p / u - (a + p) / c
    d_b = a / b - (a + p) / c
    h = {
        "pp": (tri_j - tri_p)[place], "pa": tri_j[place], "aa": (tri_j - tri_a)[place],
        "pu": 1 / u - 1 / c, "pb": -1 / c, "au": -1 / c, "ab": 1 / b - 1 / c,
        "uu": -p / u**2 + (a + p) / c**2, "ub": (a + p) / c**2, "bb": -a / b**2 + (a + p) / c**2,
    }  # fmt: skip
    n, np1, np2 = n_at[place], n_phi[place] * phi, n_phi2[place] * phi**2
    zero = np.zeros_like(u)
    s_growth, s_growth2, s_phi, s_phi2, s_mixed = sums[1], sums[2], sums[3] * phi, sums[4] * phi**2, sums[5] * phi
    # Rows: p, a, u, b; columns: log p, log q, log gamma, log growth, log forgetting.
    jac = [
        [np.full_like(u, p), zero, zero, zero, zero],
        [p * n, np.full_like(u, q), zero, zero, p * np1],
        [zero, zero, zero, ago * u, zero],
        [zero, zero, gamma, s_growth, s_phi],
    ]
    first = np.array([d_p, d_a, d_u, d_b])
    gradient = np.array([sum(float(first[k] @ jac[k][i]) for k in range(4)) for i in range(5)])
    second = _curvature(h)
    hessian = np.zeros((5, 5))
    for i in range(5):
        mixed = [sum(second[k][m] * jac[m][i] for m in range(4)) for k in range(4)]
        for j in range(i, 5):
            hessian[i, j] = hessian[j, i] = sum(float(mixed[k] @ jac[k][j]) for k in range(4))
    hessian[0, 0] += float(d_p.sum() * p + d_a @ (p * n))
    hessian[1, 1] += q * float(d_a.sum())
    hessian[2, 2] += float(d_b @ gamma)
    hessian[3, 3] += float(d_u @ (ago**2 * u) + d_b @ s_growth2)
    hessian[4, 4] += float(d_a @ (p * (np1 + np2)) + d_b @ (s_phi + s_phi2))
    for i, j, more in ((0, 4, float(d_a @ (p * np1))), (3, 4, float(d_b @ s_mixed))):
        hessian[i, j] += more
        hessian[j, i] += more
    if shift is None:
        return Evaluation(value, gradient, hessian)
    # A coefficient moves log gamma by its number: first and second derivatives are those in log gamma, row by row.
    along = [gamma * sum(second[k][3] * jac[k][i] for k in range(4)) for i in range(5)]
    along[2] = along[2] + d_b * gamma
    crossed, twice = np.array([shift.by_pattern(row) for row in along]), shift.by_pattern(along[2])
    by_row, design = shift.by_pattern(d_b * gamma), shift.design
    return assembled(value, gradient, by_row @ design, hessian, crossed @ design, design.T @ (twice[:, None] * design))


def _curvature(h: dict[str, FloatArray]) -> list[list[FloatArray]]:
    names = "paub"
    return [[h[one + two] if one + two in h else h[two + one] for two in names] for one in names]


def _past(panel: OrderPanel, u: FloatArray, phi: float, order: int) -> FloatArray:
    """S before each order, and its derivatives in log growth (first, second), phi (first, second) and both.

    Shape (6, n); (1, n) where the value alone is asked for.
    """
    w = np.exp(-phi)
    width = 6 if order else 1
    found = np.zeros((width, u.size))
    # By row: sums of w^lag u, times lag, times lag^2; times years ago, times both; times years ago squared.
    s = np.zeros((width, panel.customers))
    t = panel.years_ago
    for k in range(panel.starts.size - 2):
        here = slice(panel.starts[k], panel.starts[k + 1])
        count, after = panel.starts[k + 1] - panel.starts[k], panel.starts[k + 2] - panel.starts[k + 1]
        part = s[:, :count]
        if order:
            part[2] += 2 * part[1] + part[0]
            part[1] += part[0]
            part[4] += part[3]
        if phi > 0:
            part *= w
        part[0] += u[here]
        if order:
            part[3] += t[here] * u[here]
            part[5] += t[here] ** 2 * u[here]
        found[:, panel.starts[k + 1] : panel.starts[k + 2]] = part[:, :after]
    if order:
        # In the order that the chain needs: S, d growth, d2 growth, d phi, d2 phi, d growth d phi.
        found = np.array([found[0], found[3], found[5], -found[1], found[2], -found[4]])
    return found
