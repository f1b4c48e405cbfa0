"""Buying at random with a chance to leave at each purchase: what BG/NBD and MBG/NBD have in common.

Rates of buying are Gamma(r, alpha) over customers; a customer leaves at each purchase with a probability that is
Beta(a, b) over customers. In BG/NBD the first chance to leave is the first repeat purchase, in MBG/NBD it is the very
first purchase. The likelihood of a history is in `beta_geometric_likelihood`, what the living do next in
`beta_geometric_future`; the two are put together here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import nbd
from keepers.numerics.likelihoods.beta_geometric_future import Future, longest_without_end, median_survival
from keepers.numerics.likelihoods.beta_geometric_likelihood import (
    log_likelihood,
    log_likelihood_sum,
    log_likelihood_sums,
    log_odds_gone,
    log_ratio,
    logistic,
)
from keepers.numerics.likelihoods.beta_geometric_rows import beta_geometric_rows
from keepers.numerics.likelihoods.family import Essentials, FloatArray, Forecast, Theta, columns
from keepers.numerics.row_derivatives import RowDerivatives
from keepers.numerics.sums import dot


@dataclass(frozen=True)
class BetaGeometric:
    """The answers of one of the two models; times are in one unit, arrays have shape (n,).

    Parameters
    ----------
    chances : int
        Chances to leave before the first repeat purchase: 0 for BG/NBD, 1 for MBG/NBD.
    """

    chances: int

    @property
    def PARAMETERS(self) -> tuple[str, ...]:
        """Gamma shape and rate of purchase rates, beta shapes of the chance to leave at a purchase."""
        return ("r", "alpha", "a", "b")

    @property
    def TIME_POWERS(self) -> Mapping[str, int]:
        """Only alpha is a time."""
        return MappingProxyType({"r": 0, "alpha": 1, "a": 0, "b": 0})

    def starts(self, tables: CellTables) -> list[FloatArray]:
        """Logarithms of points from which a search begins: two mixtures of rates, two of leaving."""
        rate = 1.5 * (dot(tables.weight, tables.x) + 0.5) / (dot(tables.weight, tables.T) + 0.5)
        return [np.log([r, r / rate, a, b]) for r in (0.3, 1.2) for a, b in ((0.8, 2.5), (0.5, 6.0))]

    def log_likelihood(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Log-likelihood of each row, as a density of the purchase times.

        Parameters
        ----------
        theta : (r, alpha, a, b)
            Positive parameters; alpha in the unit of the times.
        x, t_x, T : arrays, shape (n,)
            Repeat purchases, age at the last one, age now.
        """
        return log_likelihood(self.chances, theta, *columns(x, t_x, T))

    def log_likelihood_sum(self, theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
        """Weighted sum of the log-likelihood with exact derivatives in log parameters.

        Parameters
        ----------
        theta : (r, alpha, a, b)
            Positive parameters.
        cells : Cells or CellTables
            Histories with weights.
        order : int
            0 for the value alone, 1 with gradient, 2 with Hessian.
        """
        return log_likelihood_sum(self.chances, theta, CellTables.of(cells), order)

    def log_likelihood_sums(self, thetas: FloatArray, cells: Cells | CellTables) -> FloatArray:
        """The value of `log_likelihood_sum` at many parameters, shape (m, 4) to (m,), quicker than one by one."""
        return log_likelihood_sums(self.chances, thetas, CellTables.of(cells))

    def log_likelihood_rows(
        self,
        theta: Theta,
        x: FloatArray,
        t_x: FloatArray,
        T: FloatArray,
        order: int = 2,  # noqa: ARG002
    ) -> RowDerivatives:
        """Log-likelihood of rows with alpha, a and b of their own, with derivatives in log parameters."""
        rows = beta_geometric_rows(self.chances, theta, x, t_x, T)
        return RowDerivatives(rows.value, rows.first[:, :4], rows.second[:, :4, :4])

    def log_likelihood_clocked(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> RowDerivatives:
        """The same with derivatives in t_x and T too, for customers whose time covariates speed up."""
        return beta_geometric_rows(self.chances, theta, x, t_x, T)

    def probability_alive(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0
    ) -> FloatArray:
        """Probability of being alive at T + at: what happens between T and then is averaged over."""
        now = self._standing(theta, x, t_x, T)
        return now.alive if at <= 0 else now.alive * self._future(theta, now.tables, at).survival(at)

    def expected_purchases(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
        """Expected purchases in (T, T + t]; equal to the closed form with 2F1, and defined at a = 1 too."""
        now = self._standing(theta, x, t_x, T)
        return now.alive * self._future(theta, now.tables, t).purchases(t)

    def expected_purchases_gradient(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> FloatArray:
        """Derivatives of the expected purchases in log parameters, shape (n, 4)."""
        now = self._standing(theta, x, t_x, T)
        future = self._future(theta, now.tables, t, with_gradient=True)
        return self._gradient(theta, now, future, t, future.purchases(t))

    def purchase_distribution(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
    ) -> FloatArray:
        """P(X(T, T + t) = k) for k = 0 .. max_purchases, shape (n, max_purchases + 1)."""
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        x, T = now.tables.x, now.tables.T
        result = purchases_while_leaving(r + x, alpha + T, a, b + x + self.chances, t, max_purchases)
        result *= now.alive[:, None]
        result[:, 0] += now.gone
        return result

    def purchase_moments(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Probability of none, mean and variance of the purchases in (T, T + t]."""
        now = self._standing(theta, x, t_x, T)
        future = self._future(theta, now.tables, t)
        return self._moments(theta, now, future, t, future.purchases(t))

    def discounted_expected_purchases(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
    ) -> FloatArray:
        """Expected purchases after T, each discounted to T at the continuous rate delta.

        The intensity of purchases, integrated with exp(-delta u). Without end (t is None) and without discount it is
        the expected number of all future purchases, infinite where a <= 1.
        """
        now = self._standing(theta, x, t_x, T)
        if t is None:
            endless = self._future(theta, now.tables, longest_without_end(delta))
            return now.alive * endless.purchases_without_end(delta)
        return now.alive * self._future(theta, now.tables, t).purchases(t, delta)

    def expected_purchases_new(self, theta: Theta, t: FloatArray | float) -> FloatArray:
        """Expected repeat purchases of a new customer in (0, t], in the shape of t."""
        times = np.asarray(t, dtype=np.float64)
        future, stays = self._new(theta, float(times.max(initial=0.0)))
        values = [float(future.purchases(float(time))[0]) for time in times.ravel()]
        return stays * np.array(values).reshape(times.shape)

    def purchase_distribution_new(self, theta: Theta, t: float, max_purchases: int) -> FloatArray:
        """P(X(t) = k) of a new customer, shape (max_purchases + 1,)."""
        r, alpha, a, b = (float(value) for value in theta)
        stays = self._stays(theta)
        single = np.ones(1)
        result = purchases_while_leaving(r * single, alpha * single, a, (b + self.chances) * single, t, max_purchases)
        result *= stays
        result[:, 0] += 1 - stays
        return np.asarray(result[0])

    def discounted_expected_purchases_new(self, theta: Theta, delta: float, t: float | None = None) -> float:
        """Discounted expected repeat purchases of a new customer."""
        if t is None:
            future, stays = self._new(theta, longest_without_end(delta))
            return stays * float(future.purchases_without_end(delta)[0])
        future, stays = self._new(theta, t)
        return stays * float(future.purchases(t, delta)[0])

    def expected_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Expected remaining lifetime from T; infinite where a <= 1 or r + x <= 1 (E 1/p and E 1/rate are)."""
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        x, T = now.tables.x, now.tables.T
        if a <= 1:
            return np.full(x.shape, np.inf)
        purchases = (a + b + x + self.chances - 1) / (a - 1)
        lasting = r + x > 1
        wait = (alpha + T) / np.where(lasting, r + x - 1, 1.0)
        return np.where(lasting, now.alive * purchases * wait, np.inf)

    def median_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median remaining lifetime from T; zero where P(alive) <= 1/2, infinite beyond 1e30 times alpha + T."""
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        result = np.zeros(now.alive.shape)
        likely = np.flatnonzero(now.alive > 0.5)
        if likely.size:
            scaled = median_survival(r, a, b + self.chances, now.tables.x[likely], 0.5 / now.alive[likely])
            result[likely] = scaled * (alpha + now.tables.T[likely])
        return result

    def truncated_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
        """Expected part of the remaining lifetime that falls into (T, T + cap]."""
        now = self._standing(theta, x, t_x, T)
        return now.alive * self._future(theta, now.tables, cap).lifetime(cap)

    def median_waiting_time(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median time from T to the next purchase of a customer alive at T, who cannot leave before it."""
        r, alpha = float(theta[0]), float(theta[1])
        x, _, T = columns(x, t_x, T)
        return nbd.median_pareto(r + x, alpha + T)

    def sample_new(self, theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw (x, t_x) of new customers observed to the ages T."""
        r, alpha, a, b = (float(value) for value in theta)
        (T,) = columns(T)
        would = rng.poisson(rng.gamma(r, 1 / alpha, T.shape) * T).astype(float)
        last = _geometric(rng.beta(a, b, T.shape), rng) - self.chances
        x = np.minimum(would, last)
        # Of `would` purchases at even times the `last` one is a beta-distributed part of T away.
        left = (last <= would) & (last > 0)
        place = rng.beta(np.where(left, x, 1.0), np.where(left, would - x + 1, 1.0))
        t_x = np.where(left, np.maximum(T * place, np.finfo(float).tiny), nbd.last_of(would, T, rng))
        return x, np.where(x > 0, t_x, 0.0)

    def sample_future(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
    ) -> FloatArray:
        """Draw the purchases in (T, T + t] of customers with these histories."""
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        x, T = now.tables.x, now.tables.T
        alive = rng.random(x.shape) < now.alive
        would = rng.poisson(rng.gamma(r + x, 1 / (alpha + T)) * t)
        last = _geometric(rng.beta(a, b + x + self.chances), rng)
        return np.where(alive, np.minimum(would, last), 0.0)

    def essentials(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float
    ) -> Essentials:
        """Three of the answers of `forecast`, which share where the rows stand and one table of what the living do."""
        from concurrent.futures import ThreadPoolExecutor  # for which other questions need not wait

        tables = CellTables.of_rows(*columns(x, t_x, T))
        future = self._future(theta, tables, t)
        with ThreadPoolExecutor(1) as beside:
            standing = beside.submit(self._standing_of, theta, tables)
            purchases, discounted = future.purchases(t), future.purchases(t, delta)
            alive = standing.result().alive
        return Essentials(alive, alive * purchases, alive * discounted)

    def forecast(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
    ) -> Forecast:
        """Everything that valuation needs of each row, each number the one that its own question gives."""
        r, alpha = float(theta[0]), float(theta[1])
        now = self._standing(theta, x, t_x, T)
        alive = now.alive
        future = self._future(theta, now.tables, t, with_gradient=True)
        later, endless = (self._future(theta, now.tables, longest) for longest in (cap, longest_without_end(delta)))
        purchases = future.purchases(t)
        p_zero, mean, variance = self._moments(theta, now, future, t, purchases)
        counts = now.tables.counts
        waits = counts.rows(nbd.median_pareto(r + counts.values, np.ones(counts.size)))
        return Forecast(
            probability_alive=alive,
            probability_alive_end=alive * future.survival(t),
            expected_purchases=mean,
            expected_gradient=self._gradient(theta, now, future, t, purchases),
            p_zero=p_zero,
            variance=variance,
            discounted=alive * future.purchases(t, delta),
            discounted_lifetime=alive * later.purchases(cap, delta),
            discounted_infinite=alive * endless.purchases_without_end(delta),
            next_purchase=waits * (alpha + now.tables.T),
        )

    def _standing(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> _Standing:
        return self._standing_of(theta, CellTables.of_rows(*columns(x, t_x, T)))

    def _standing_of(self, theta: Theta, tables: CellTables) -> _Standing:
        gap = log_ratio(float(theta[1]), tables.t_x, tables.T)
        odds = log_odds_gone(self.chances, theta, tables.counts, gap)
        return _Standing(tables, gap, odds, logistic(-odds))

    def _future(self, theta: Theta, tables: CellTables, longest: float, with_gradient: bool = False) -> Future:
        r, alpha, a, b = (float(value) for value in theta)
        return Future(r, alpha, a, b + self.chances, tables.counts, tables.ages, longest, with_gradient)

    def _new(self, theta: Theta, longest: float) -> tuple[Future, float]:
        zero = np.zeros(1)
        return self._future(theta, CellTables.of_rows(zero, zero, zero), longest), self._stays(theta)

    def _stays(self, theta: Theta) -> float:
        """Probability that a new customer does not leave at once."""
        return float(theta[3] / (theta[2] + theta[3])) if self.chances else 1.0

    def _moments(
        self, theta: Theta, now: _Standing, future: Future, t: float, purchases: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        mean = now.alive * purchases
        ages = now.tables.ages
        idle = np.exp((theta[0] + now.tables.x) * ages.rows(-np.log1p(t / (theta[1] + ages.values))))
        variance = now.alive * future.pairs(t) + mean * (1 - mean)
        return now.gone + now.alive * idle, mean, np.maximum(variance, 0.0)

    def _gradient(self, theta: Theta, now: _Standing, future: Future, t: float, purchases: FloatArray) -> FloatArray:
        r, alpha, _, b = (float(value) for value in theta)
        counts, ages = now.tables.counts, now.tables.ages
        gradient = future.purchases_gradient(t)
        gradient[3] *= b
        coins = counts.values + self.chances
        share = np.where(coins > 0, b / np.where(coins > 0, b + (coins - 1), 1.0), 0.0)
        # The odds of being gone move by these; alive moves by -alive gone times as much.
        bend = alpha / (alpha + now.tables.t_x) - ages.rows(alpha / (alpha + ages.values))
        lost = now.gone * purchases
        gradient[0] -= lost * (r * now.gap)
        gradient[1] += lost * (counts.rows(r + counts.values) * bend)
        gradient[2] -= lost
        gradient[3] += lost * counts.rows(share)
        gradient *= now.alive
        return gradient.T


@dataclass(frozen=True, eq=False)
class _Standing:
    """Rows with their tables, log((alpha + T) / (alpha + t_x)), log odds of having left, P(alive) and P(gone)."""

    tables: CellTables
    gap: FloatArray
    odds: FloatArray
    alive: FloatArray

    @cached_property
    def gone(self) -> FloatArray:
        return logistic(self.odds)


def purchases_while_leaving(
    shape: FloatArray, rate: FloatArray, a: float, b: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X(t) = k) of living customers who leave at each purchase with p ~ Beta(a, b), shape (n, max_purchases + 1).

    Either k purchases were survived and no further one came, or the customer left at the k-th (Fader, Hardie and Lee
    2005, equation 8). The second needs the upper tail of a negative binomial: one incomplete beta function at the
    largest k, and upward sums of positive terms from there, so that no digits are lost.
    """
    from scipy.special import betainc

    chance = t / (rate + t)
    counts = nbd.negative_binomial(shape, chance, max_purchases)
    result = np.empty(counts.shape)
    result[:, 0] = counts[:, 0]
    if max_purchases == 0:
        return result
    tail = betainc(float(max_purchases), shape, chance)
    survived = np.cumprod((b[:, None] + np.arange(max_purchases)) / (a + b[:, None] + np.arange(max_purchases)), axis=1)
    for k in range(max_purchases, 0, -1):
        kept = survived[:, k - 1]
        result[:, k] = kept * counts[:, k] + kept * a / (b + (k - 1)) * tail
        tail = tail + counts[:, k - 1]
    return result


def _geometric(chance: NDArray[np.float64], rng: np.random.Generator) -> FloatArray:
    """Draw how many purchases it takes until a customer leaves, at least one; infinite where the chance is nil."""
    with np.errstate(divide="ignore", over="ignore"):
        needed = rng.standard_exponential(chance.shape) / -np.log1p(-chance)
    return np.asarray(np.maximum(np.ceil(needed), 1.0))
