"""The BG/BB model: customers buy or not at each opportunity, and may leave before the next.

At each opportunity a customer who is still one buys with probability p, which is Beta(alpha, beta) over customers, and
before each opportunity leaves with probability theta, which is Beta(gamma, delta) over customers. Time counts
opportunities: `x` is opportunities with a purchase after the first one, `t_x` the last of them, `T` all of them. Ages
are rounded to whole opportunities. A horizon that ends between two opportunities holds the later one with the
probability that its fraction says.

Fader, Hardie, Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science 29.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.gamma_ratios import log_binomial_share, survival_quantile
from keepers.numerics.likelihoods import bg_bb_future as future
from keepers.numerics.likelihoods.bg_bb_terms import evaluate_rows, whole
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta

PARAMETERS = ("alpha", "beta", "gamma", "delta")
"""Beta distribution of the chance to buy, and of the chance to leave."""

TIME_POWERS: MappingProxyType[str, int] = MappingProxyType({})
"""No parameter has a unit of time: an opportunity is the unit."""

DISCRETE = True
"""Time passes in whole opportunities."""


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins: the mean chance to buy of the data, at several spreads."""
    purchases = float(tables.weight @ tables.x) + 0.5
    share = min(purchases / (0.5 * float(tables.weight @ (tables.t_x + tables.T)) + 1.0), 0.95)
    points = [(size * share, size * (1 - share), *leave) for size in (1.0, 6.0) for leave in ((0.7, 3.0), (1.0, 20.0))]
    return [np.log(point) for point in points]


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row (equation 5).

    Parameters
    ----------
    theta : (alpha, beta, gamma, delta)
        Positive parameters.
    x, t_x, T : arrays, shape (n,)
        Repeat purchases, last opportunity with one, opportunities.

    Returns
    -------
    array, shape (n,)
    """
    return evaluate_rows(theta, *whole(x, t_x, T)).value


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in log parameters.

    Parameters
    ----------
    theta : (alpha, beta, gamma, delta)
        Positive parameters.
    cells : Cells or CellTables
        Histories with weights.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    rows = evaluate_rows(theta, *whole(cells.x, cells.t_x, cells.T), order, cells.weight)
    value = float(cells.weight @ rows.value)
    if order == 0:
        return Evaluation.of_value(value, 4)
    found = in_logarithms(np.asarray(theta, dtype=float), value, cells.weight @ rows.gradient, rows.hessian)
    return found if order == 2 else Evaluation(found.value, found.gradient, np.zeros((4, 4)))


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """Probability of being a customer at the next opportunity, or at the one after `at` more (equation 11)."""
    state = future.posterior(theta, x, t_x, T)
    return state.alive * state.stays(at)


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases at the next t opportunities (equation 12)."""
    state = future.posterior(theta, x, t_x, T)
    return state.alive * state.buys * state.opportunities(t)


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, 4)."""
    return future.expected_gradient(theta, x, t_x, T, t)


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(k purchases at the next t opportunities), shape (n, max_purchases + 1) (equation 9 with updated parameters)."""
    return future.distribution(future.posterior(theta, x, t_x, T), t, max_purchases)


def purchase_moments(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases at the next t opportunities."""
    return future.moments(future.posterior(theta, x, t_x, T), t)


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Expected purchases at the opportunities ahead, discounted to now; without end where t is None (equation 14)."""
    state = future.posterior(theta, x, t_x, T)
    return state.alive * state.buys * state.discounted(delta, t)


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a customer acquired now at the next t opportunities, shape of t (equation 8)."""
    zero = np.zeros(1)
    lengths = np.asarray(t, dtype=float)
    found = [expected_purchases(theta, zero, zero, zero, float(one))[0] for one in lengths.ravel()]
    return np.array(found, dtype=float).reshape(lengths.shape)


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(k repeat purchases) of a customer acquired now, shape (max_purchases + 1,) (equation 7)."""
    zero = np.zeros(1)
    return np.asarray(purchase_distribution(theta, zero, zero, zero, t, max_purchases)[0])


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a customer acquired now."""
    zero = np.zeros(1)
    return float(discounted_expected_purchases(theta, zero, zero, zero, delta, t)[0])


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Expected opportunities ahead at which the customer is one; infinite where gamma <= 1."""
    state = future.posterior(theta, x, t_x, T)
    return state.alive * state.discounted(0.0, None)


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """Expected opportunities among the next `cap` at which the customer is one."""
    state = future.posterior(theta, x, t_x, T)
    return state.alive * state.opportunities(cap)


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """When P(alive) falls to one half; zero where it is no higher now."""
    state = future.posterior(theta, x, t_x, T)
    likely = state.alive * state.stays(0.0) > 0.5
    level = np.where(likely, 0.5 / np.maximum(state.alive, 0.5), 0.5)
    return np.where(likely, np.maximum(survival_quantile(state.delta, state.gamma, level) - 1.0, 0.0), 0.0)


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median opportunities until the next purchase of a customer who stays; may be infinite."""
    state = future.posterior(theta, x, t_x, T)
    return survival_quantile(state.beta, state.alpha, np.full(state.alpha.shape, 0.5))


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed for T opportunities."""
    alpha, beta, gamma, delta = (float(value) for value in theta)
    ages = np.rint(np.atleast_1d(np.asarray(T, dtype=float)))
    stays = future.stays_drawn(rng.beta(gamma, delta, ages.shape), ages, rng)
    x = rng.binomial(stays.astype(np.int64), rng.beta(alpha, beta, ages.shape)).astype(np.float64)
    return x, _last(x, stays, rng)


def _last(x: FloatArray, stays: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The last of x opportunities that fall evenly among so many: P(last <= k) = C(k, x) / C(stays, x)."""
    chance = np.log(rng.random(x.shape))
    low, high = np.maximum(x, 1.0) - 1.0, np.maximum(stays, 1.0)
    for _ in range(64):
        middle = np.floor(0.5 * (low + high))
        reached = log_binomial_share(np.maximum(middle, x), stays, x) >= chance
        reached &= middle >= x
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
        if np.all(high - low <= 1):
            break
    return np.where(x > 0, high, 0.0)


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases at the next t opportunities of customers with these histories."""
    state = future.posterior(theta, x, t_x, T)
    size = state.alive.shape
    ahead, fraction = future.split(t)
    opportunities = ahead + (rng.random(size) < fraction).astype(float)
    stays = future.stays_drawn(rng.beta(state.gamma, state.delta), opportunities, rng)
    stays = np.where(rng.random(size) < state.alive, stays, 0.0)
    return rng.binomial(stays.astype(np.int64), rng.beta(state.alpha, state.beta)).astype(np.float64)


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs of each row."""
    state = future.posterior(theta, x, t_x, T)
    p_zero, mean, variance = future.moments(state, t)
    rate = state.alive * state.buys
    return Forecast(
        probability_alive=state.alive * state.stays(0.0),
        probability_alive_end=state.alive * state.stays(t),
        expected_purchases=mean,
        expected_gradient=future.expected_gradient(theta, x, t_x, T, t),
        p_zero=p_zero,
        variance=variance,
        discounted=rate * state.discounted(delta, t),
        discounted_lifetime=rate * state.discounted(delta, cap),
        discounted_infinite=rate * state.discounted(delta, None),
        next_purchase=survival_quantile(state.beta, state.alpha, np.full(state.alpha.shape, 0.5)),
    )
