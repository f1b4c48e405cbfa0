"""Regular buying with a chance to leave at each purchase: the families of BG/CNBD-k and MBG/CNBD-k.

A purchase is every k-th stage of a Poisson process whose rates are Gamma(r, alpha) over customers, so that times
between purchases are Erlang-k: the larger k, the more regular. A customer leaves at each purchase with a probability
that is Beta(a, b) over customers. The likelihood is in `erlang_likelihood`, what the living do next in
`erlang_future`. How many stages a customer has done since the last purchase is not seen; every answer is averaged over
it exactly (Platzer and Reutterer 2016 give approximations).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import nbd
from keepers.numerics.likelihoods.beta_geometric_likelihood import logistic
from keepers.numerics.likelihoods.beta_geometric_rows import beta_geometric_rows
from keepers.numerics.likelihoods.erlang_future import ErlangFuture, longest_without_end
from keepers.numerics.likelihoods.erlang_likelihood import (
    Phases,
    idle_log_share,
    log_likelihood,
    log_likelihood_sum,
    log_odds_gone,
    phases,
)
from keepers.numerics.likelihoods.erlang_table import Wanted
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta, columns
from keepers.numerics.row_derivatives import RowDerivatives

_FARTHEST = 600.0
"""Waiting times beyond exp(600) times alpha + T are infinite."""


@dataclass(frozen=True)
class ErlangBetaGeometric:
    """The answers of one of the models at one k; times are in one unit, arrays have shape (n,).

    Parameters
    ----------
    chances : int
        Chances to leave before the first repeat purchase: 0 for BG/CNBD-k, 1 for MBG/CNBD-k.
    k : int
        Stages a purchase.
    """

    chances: int
    k: int

    @property
    def PARAMETERS(self) -> tuple[str, ...]:
        """Gamma shape and rate of the rates of stages, beta shapes of the chance to leave at a purchase."""
        return ("r", "alpha", "a", "b")

    @property
    def TIME_POWERS(self) -> Mapping[str, int]:
        """Only alpha is a time."""
        return MappingProxyType({"r": 0, "alpha": 1, "a": 0, "b": 0})

    def starts(self, tables: CellTables) -> list[FloatArray]:
        """Logarithms of points from which a search begins: two mixtures of rates, two of leaving."""
        rate = 1.5 * self.k * (float(tables.weight @ tables.x) + 0.5) / (float(tables.weight @ tables.T) + 0.5)
        return [np.log([r, r / rate, a, b]) for r in (0.3, 1.2) for a, b in ((0.8, 2.5), (0.5, 6.0))]

    def log_likelihood(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Log-likelihood of each row, as a density of the purchase times averaged over those that are not known."""
        x, t_x, T = columns(x, t_x, T)
        return log_likelihood(self.chances, self.k, theta, x, t_x, T, None)

    def log_likelihood_sum(self, theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
        """Weighted sum of the log-likelihood with exact derivatives in log parameters.

        Parameters
        ----------
        theta : (r, alpha, a, b)
            Positive parameters.
        cells : Cells or CellTables
            Histories with weights, and with `log_gaps` where they are known.
        order : int
            0 for the value alone, 1 with gradient, 2 with Hessian.
        """
        return log_likelihood_sum(self.chances, self.k, theta, CellTables.of(cells), order)

    def log_likelihood_clocked(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> RowDerivatives:
        """Of rows with alpha, a and b of their own, without the timing constant, with derivatives in t_x and T too."""
        return beta_geometric_rows(self.chances, theta, x, t_x, T, self.k)

    def probability_alive(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0
    ) -> FloatArray:
        """Probability of being alive at T + at: what happens between T and then is averaged over."""
        now = self._standing(theta, x, t_x, T)
        return now.alive if at <= 0 else now.alive * self._future(theta, now, at, Wanted.SURVIVAL).survival(at)

    def expected_purchases(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
        """Expected purchases in (T, T + t]."""
        now = self._standing(theta, x, t_x, T)
        return now.alive * self._future(theta, now, t).purchases(t)

    def expected_purchases_gradient(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> FloatArray:
        """Derivatives of the expected purchases in log parameters, shape (n, 4)."""
        now = self._standing(theta, x, t_x, T)
        future = self._future(theta, now, t, Wanted.GRADIENT)
        return self._gradient(theta, now, future, t, future.purchases(t))

    def purchase_distribution(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
    ) -> FloatArray:
        """P(X(T, T + t) = m) for m = 0 .. max_purchases, shape (n, max_purchases + 1)."""
        now = self._standing(theta, x, t_x, T)
        return self._counts(theta, now, t, max_purchases)

    def purchase_moments(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Probability of none, mean and variance of the purchases in (T, T + t]."""
        now = self._standing(theta, x, t_x, T)
        future = self._future(theta, now, t, Wanted.PAIRS)
        return self._moments(theta, now, future, t, future.purchases(t))

    def discounted_expected_purchases(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
    ) -> FloatArray:
        """Expected purchases after T, each discounted to T at the continuous rate delta.

        Without end (t is None) and without discount it is the expected number of all future purchases, infinite where
        a <= 1.
        """
        now = self._standing(theta, x, t_x, T)
        if t is None:
            return now.alive * self._future(theta, now, longest_without_end(delta)).purchases_without_end(delta)
        return now.alive * self._future(theta, now, t).purchases(t, delta)

    def expected_purchases_new(self, theta: Theta, t: FloatArray | float) -> FloatArray:
        """Expected repeat purchases of a new customer in (0, t], in the shape of t."""
        times = np.asarray(t, dtype=np.float64)
        future = self._new(theta, float(times.max(initial=0.0)))
        values = [float(future.purchases(float(time))[0]) for time in times.ravel()]
        return self._stays(theta) * np.array(values).reshape(times.shape)

    def purchase_distribution_new(self, theta: Theta, t: float, max_purchases: int) -> FloatArray:
        """P(X(t) = m) of a new customer, shape (max_purchases + 1,)."""
        zero = np.zeros(1)
        return np.asarray(self.purchase_distribution(theta, zero, zero, zero, t, max_purchases)[0])

    def discounted_expected_purchases_new(self, theta: Theta, delta: float, t: float | None = None) -> float:
        """Discounted expected repeat purchases of a new customer."""
        if t is None:
            future = self._new(theta, longest_without_end(delta))
            return self._stays(theta) * float(future.purchases_without_end(delta)[0])
        return self._stays(theta) * float(self._new(theta, t).purchases(t, delta)[0])

    def expected_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Expected remaining lifetime from T; infinite where a <= 1 or r + k x <= 1 (E 1/p and E 1/rate are).

        Alive after j stages, a customer leaves at stage k G - j from now, G being the purchases until then.
        """
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        x, T = now.tables.x, now.tables.T
        if a <= 1:
            return np.full(x.shape, np.inf)
        s, j = (r + self.k * x)[:, None], np.arange(self.k)
        purchases = (a + b + x + self.chances - 1)[:, None] / (a - 1)
        lasting = r + self.k * x > 1
        wait = (alpha + T)[:, None] / np.where(lasting[:, None], s + j - 1, 1.0)
        stays = np.sum(now.phases.chance * wait * (self.k * purchases - j), axis=1)
        return np.where(lasting, now.alive * stays, np.inf)

    def median_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median remaining lifetime from T; zero where P(alive) <= 1/2, infinite beyond 1e30 times alpha + T."""
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        result = np.zeros(now.alive.shape)
        likely = np.flatnonzero(now.alive > 0.5)
        result[likely] = np.inf
        for far in (1e2, 1e5, 1e10, 1e30):
            rows = likely[np.isinf(result[likely])]
            if not rows.size:
                break
            # In time scaled by alpha + T ages do not matter.
            one = np.ones(rows.size)
            some, chance = CellTables(now.tables.x[rows], one, one, one), now.phases.chance[rows]
            future = ErlangFuture(self.k, r, 0.0, a, b + self.chances, some, chance, far, Wanted.SURVIVAL)
            result[rows] = future.time_of_survival(0.5 / now.alive[rows])
        return result * (alpha + now.tables.T)

    def truncated_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
        """Expected part of the remaining lifetime that falls into (T, T + cap]."""
        now = self._standing(theta, x, t_x, T)
        return now.alive * self._future(theta, now, cap, Wanted.SURVIVAL).lifetime(cap)

    def median_waiting_time(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median time from T to the next purchase of a customer alive at T, who cannot leave before it."""
        r, alpha = float(theta[0]), float(theta[1])
        x, t_x, T = columns(x, t_x, T)
        s, since, scale = r + self.k * x, T - t_x, alpha + T
        low, high = np.zeros(x.shape), np.full(x.shape, _FARTHEST)
        for _ in range(64):
            middle = 0.5 * (low + high)
            above = idle_log_share(self.k, s, since, scale, scale * np.expm1(middle)) > -np.log(2.0)
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(low > _FARTHEST - 1, np.inf, scale * np.expm1(np.minimum(low, _FARTHEST - 1)))

    def sample_new(self, theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw (x, t_x) of new customers observed to the ages T."""
        r, alpha, a, b = (float(value) for value in theta)
        (T,) = columns(T)
        stages = rng.poisson(rng.gamma(r, 1 / alpha, T.shape) * T).astype(float)
        x = np.minimum(np.floor(stages / self.k), _geometric(rng.beta(a, b, T.shape), rng) - self.chances)
        bought = x > 0
        # The (k x)-th of so many moments that fall evenly into (0, T).
        place = rng.beta(np.where(bought, self.k * x, 1.0), np.where(bought, stages - self.k * x + 1, 1.0))
        return x, np.where(bought, np.maximum(T * place, np.finfo(float).tiny), 0.0)

    def sample_log_gaps(self, x: FloatArray, t_x: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw the sums of the logarithms of the times between purchases of customers with given x and t_x.

        Given t_x they divide it like Dirichlet(k, ..., k), whatever the rate.
        """
        gaps = rng.standard_gamma(self.k, int(x.sum()))
        owner = np.repeat(np.arange(x.size), x.astype(np.intp))
        total = np.bincount(owner, gaps, x.size)
        logs = np.bincount(owner, np.log(gaps), x.size)
        bought = x > 0
        return np.where(bought, logs + x * np.log(np.where(bought, t_x, 1.0) / np.where(bought, total, 1.0)), 0.0)

    def sample_future(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
    ) -> FloatArray:
        """Draw the purchases in (T, T + t] of customers with these histories."""
        r, alpha, a, b = (float(value) for value in theta)
        now = self._standing(theta, x, t_x, T)
        x, T = now.tables.x, now.tables.T
        alive = rng.random(x.shape) < now.alive
        done = np.sum(rng.random(x.shape)[:, None] > np.cumsum(now.phases.chance, axis=1)[:, :-1], axis=1)
        stages = rng.poisson(rng.gamma(r + self.k * x + done, 1 / (alpha + T)) * t)
        last = _geometric(rng.beta(a, b + x + self.chances), rng)
        return np.where(alive, np.minimum(np.floor((stages + done) / self.k), last), 0.0)

    def forecast(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
    ) -> Forecast:
        """Everything that valuation needs of each row, from one table of the future."""
        now = self._standing(theta, x, t_x, T)
        alive = now.alive
        everything = Wanted.SURVIVAL | Wanted.PAIRS | Wanted.GRADIENT
        future = self._future(theta, now, max(t, cap, longest_without_end(delta)), everything)
        purchases = future.purchases(t)
        p_zero, mean, variance = self._moments(theta, now, future, t, purchases)
        return Forecast(
            probability_alive=alive,
            probability_alive_end=alive * future.survival(t),
            expected_purchases=mean,
            expected_gradient=self._gradient(theta, now, future, t, purchases),
            p_zero=p_zero,
            variance=variance,
            discounted=alive * future.purchases(t, delta),
            discounted_lifetime=alive * future.purchases(cap, delta),
            discounted_infinite=alive * future.purchases_without_end(delta),
            next_purchase=self.median_waiting_time(theta, x, t_x, T),
        )

    def _standing(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> _Standing:
        tables = CellTables.of_rows(*columns(x, t_x, T))
        r, alpha = float(theta[0]), float(theta[1])
        gap = np.log((alpha + tables.T) / (alpha + tables.t_x))
        found = phases(self.k, r + self.k * tables.x, (tables.T - tables.t_x) / (alpha + tables.T))
        odds = log_odds_gone(self.chances, self.k, theta, tables.x, gap) - found.log_sum
        return _Standing(tables, gap, found, logistic(-odds), logistic(odds))

    def _future(self, theta: Theta, now: _Standing, longest: float, wanted: Wanted = Wanted.NOTHING) -> ErlangFuture:
        r, alpha, a, b = (float(value) for value in theta)
        chance = now.phases.chance
        return ErlangFuture(self.k, r, alpha, a, b + self.chances, now.tables, chance, longest, wanted)

    def _new(self, theta: Theta, longest: float) -> ErlangFuture:
        zero = np.zeros(1)
        return self._future(theta, self._standing(theta, zero, zero, zero), longest)

    def _stays(self, theta: Theta) -> float:
        """Probability that a new customer does not leave at once."""
        return float(theta[3] / (theta[2] + theta[3])) if self.chances else 1.0

    def _moments(
        self, theta: Theta, now: _Standing, future: ErlangFuture, t: float, purchases: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        mean = now.alive * purchases
        tables = now.tables
        idle = idle_log_share(
            self.k, theta[0] + self.k * tables.x, tables.T - tables.t_x, theta[1] + tables.T, float(t)
        )
        variance = now.alive * future.pairs(t) + mean * (1 - mean)
        return now.gone + now.alive * np.exp(np.minimum(idle, 0.0)), mean, np.maximum(variance, 0.0)

    def _counts(self, theta: Theta, now: _Standing, t: float, max_purchases: int) -> FloatArray:
        """Either m purchases were survived and no further one came, or the customer left at the m-th."""
        from scipy.special import betainc

        r, alpha, a, b = (float(value) for value in theta)
        k, x, T = self.k, now.tables.x, now.tables.T
        chance = t / (alpha + T + t)
        would, tail = np.zeros((x.size, max_purchases + 1)), np.zeros(x.size)
        for j in range(k):
            shape = r + k * x + j
            stages = nbd.negative_binomial(shape, chance, k * (max_purchases + 1) - 1 - j)
            whole = np.concatenate([np.zeros((x.size, j)), stages], axis=1).reshape(x.size, max_purchases + 1, k)
            would += now.phases.chance[:, [j]] * whole.sum(axis=2)
            tail += now.phases.chance[:, j] * betainc(float(k * (max_purchases + 1) - j), shape, chance)
        kept = b + x + self.chances
        steps = kept[:, None] + np.arange(max_purchases)
        survived = np.cumprod(steps / (a + steps), axis=1)
        result = np.empty(would.shape)
        result[:, 0] = would[:, 0]
        for m in range(max_purchases, 0, -1):
            tail = tail + would[:, m]
            left = survived[:, m - 1] * a / (kept + (m - 1))
            result[:, m] = survived[:, m - 1] * would[:, m] + left * tail
        result *= now.alive[:, None]
        result[:, 0] += now.gone
        return result

    def _gradient(
        self, theta: Theta, now: _Standing, future: ErlangFuture, t: float, purchases: FloatArray
    ) -> FloatArray:
        r, alpha, _, b = (float(value) for value in theta)
        x, found = now.tables.x, now.phases
        old, young = alpha / (alpha + now.tables.T), alpha / (alpha + now.tables.t_x)
        j = np.arange(self.k, dtype=np.float64)
        mean_j, mean_d = found.chance @ j, np.sum(found.chance * found.slope, axis=1)
        gradient = future.purchases_gradient(
            t, r * (found.slope - mean_d[:, None]), -old[:, None] * (j - mean_j[:, None])
        )
        gradient[3] *= b
        coins = x + self.chances
        share = np.where(coins > 0, b / np.where(coins > 0, b + (coins - 1), 1.0), 0.0)
        # The odds of being gone move by these; alive moves by -alive gone times as much.
        lost = now.gone * purchases
        gradient[0] -= lost * (r * now.gap - r * mean_d)
        gradient[1] -= lost * ((r + self.k * x) * (old - young) + old * mean_j)
        gradient[2] -= lost
        gradient[3] += lost * share
        gradient *= now.alive
        return gradient.T


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """Rows with log((alpha + T) / (alpha + t_x)), phases given alive, and probabilities of being alive and gone."""

    tables: CellTables
    gap: FloatArray
    phases: Phases
    alive: FloatArray
    gone: FloatArray


def _geometric(chance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw how many purchases it takes until a customer leaves, at least one; infinite where the chance is nil."""
    with np.errstate(divide="ignore", over="ignore"):
        needed = rng.standard_exponential(chance.shape) / -np.log1p(-chance)
    return np.asarray(np.maximum(np.ceil(needed), 1.0))
