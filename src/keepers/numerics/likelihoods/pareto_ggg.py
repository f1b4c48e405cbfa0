"""The Pareto/GGG model: customers who each buy with a regularity of their own, and may leave at any moment.

Times between purchases of a living customer are Gamma(k, k lambda), of mean 1 / lambda; k is Gamma(t, gamma), lambda
Gamma(r, alpha) and lifetimes are exponential with a rate that is Gamma(s, beta) over customers, all independent
(Platzer and Reutterer 2016). Where k is 1 for everybody this is the Pareto/NBD. The likelihood is in `ggg_likelihood`
and, over many customers, in `ggg_sum`; what the living do next in `ggg_future` and `ggg_counts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells, FloatArray
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import ggg_counts, ggg_draws, ggg_future, ggg_likelihood, ggg_sum
from keepers.numerics.likelihoods import pareto_nbd_lifetime as lifetime
from keepers.numerics.likelihoods.family import Forecast, Theta, columns
from keepers.numerics.likelihoods.ggg_likelihood import Standing
from keepers.numerics.likelihoods.ggg_pairs import Six

_ZERO = np.zeros(1)


@dataclass(frozen=True, eq=False)
class ParetoGGGFamily:
    """The answers of the model; times are in one unit, arrays have shape (n,).

    Parameters
    ----------
    log_gaps : array, shape (n,), optional
        Sum of the logarithms of each customer's times between purchases, for the rows that are asked about. Where it is
        not known answers are averaged over all ways to divide t_x by x purchases.
    """

    log_gaps: FloatArray | None = None

    @property
    def PARAMETERS(self) -> tuple[str, ...]:
        """Rates of buying, rates of leaving, and regularity over customers: gamma shape and rate of each."""
        return ("r", "alpha", "s", "beta", "t", "gamma")

    @property
    def TIME_POWERS(self) -> Mapping[str, int]:
        """alpha and beta are times."""
        return MappingProxyType({"r": 0, "alpha": 1, "s": 0, "beta": 1, "t": 0, "gamma": 0})

    def knowing(self, log_gaps: FloatArray) -> ParetoGGGFamily:
        """The answers for customers whose times between purchases are known."""
        return ParetoGGGFamily(log_gaps)

    def starts(self, tables: CellTables) -> list[FloatArray]:
        """Logarithms of points from which a search begins; times are scaled to a mean age of about one."""
        rate = 1.5 * (float(tables.weight @ tables.x) + 0.5) / (float(tables.weight @ tables.T) + 0.5)
        return [np.log([0.8, 0.8 / rate, 0.6, 0.4, 3.0, 2.0])]

    def log_likelihood(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Log-likelihood of each row, as a density of the purchase times, relative error of the likelihood below 1e-6.

        Parameters
        ----------
        theta : (r, alpha, s, beta, t, gamma)
            Positive parameters.
        x, t_x, T : arrays, shape (n,)
            Repeat purchases, age at the last one and age now, in one unit of time.

        Returns
        -------
        array, shape (n,)
        """
        return self._standing(_six(theta), *columns(x, t_x, T)).log_likelihood

    def log_likelihood_sum(self, theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
        """Weighted sum of the log-likelihood with exact derivatives in log parameters.

        Parameters
        ----------
        theta : (r, alpha, s, beta, t, gamma)
            Positive parameters.
        cells : Cells or CellTables
            Histories with weights, and with `log_gaps` where they are known: customers of a row have equal ones.
        order : int
            0 for the value alone; otherwise gradient and Hessian come with it.
        """
        tables = CellTables.of(cells)
        return ggg_sum.log_likelihood_sum(_six(theta), tables, order)

    def probability_alive(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0
    ) -> FloatArray:
        """Probability of being alive at T + at, whatever happens between."""
        x, t_x, T = columns(x, t_x, T)
        alive = self._standing(_six(theta), x, t_x, T).alive
        return alive if at <= 0 else alive * lifetime.survival(float(theta[2]), float(theta[3]) + T, at)

    def expected_purchases(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
        """Expected purchases in (T, T + t]."""
        return self.discounted_expected_purchases(theta, x, t_x, T, 0.0, t)

    def expected_purchases_gradient(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> FloatArray:
        """Derivatives of the expected purchases in log parameters, shape (n, 6)."""
        x, t_x, T = columns(x, t_x, T)
        six = _six(theta)
        slopes = ggg_likelihood.log_likelihood_rows(six, x, t_x, T, self.log_gaps).first
        return ggg_future.within(six, self._standing(six, x, t_x, T), slopes, t_x, T, t).gradient

    def purchase_distribution(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
    ) -> FloatArray:
        """P(X(T, T + t) = m) for m = 0 .. max_purchases, shape (n, max_purchases + 1)."""
        x, t_x, T = columns(x, t_x, T)
        now = self._standing(_six(theta), x, t_x, T)
        return ggg_counts.distribution(_six(theta), now, t_x, T, t, max_purchases)

    def purchase_moments(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Probability of none, mean and variance of the purchases in (T, T + t]."""
        x, t_x, T = columns(x, t_x, T)
        return _moments(_six(theta), self._standing(_six(theta), x, t_x, T), t_x, T, t)

    def discounted_expected_purchases(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
    ) -> FloatArray:
        """Expected purchases after T, each discounted to T; infinite where t is None, delta = 0 and s <= 1."""
        x, t_x, T = columns(x, t_x, T)
        now = self._standing(_six(theta), x, t_x, T)
        return ggg_future.purchases(_six(theta), now, t_x, T, t, delta).expected

    def expected_purchases_new(self, theta: Theta, t: FloatArray | float) -> FloatArray:
        """Expected repeat purchases of a customer acquired now in (0, t], in the shape of t."""
        times = np.asarray(t, dtype=np.float64)
        new = ParetoGGGFamily()
        found = [new.expected_purchases(theta, _ZERO, _ZERO, _ZERO, float(time))[0] for time in times.ravel()]
        return np.array(found).reshape(times.shape)

    def purchase_distribution_new(self, theta: Theta, t: float, max_purchases: int) -> FloatArray:
        """P(X(t) = m) of a customer acquired now, shape (max_purchases + 1,)."""
        found = ParetoGGGFamily().purchase_distribution(theta, _ZERO, _ZERO, _ZERO, t, max_purchases)
        return np.asarray(found[0])

    def discounted_expected_purchases_new(self, theta: Theta, delta: float, t: float | None = None) -> float:
        """Discounted expected repeat purchases of a customer acquired now."""
        return float(ParetoGGGFamily().discounted_expected_purchases(theta, _ZERO, _ZERO, _ZERO, delta, t)[0])

    def expected_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Expected remaining lifetime from T; infinite where s <= 1."""
        x, t_x, T = columns(x, t_x, T)
        s, beta = float(theta[2]), float(theta[3])
        if s <= 1.0:
            return np.full(T.shape, np.inf)
        return self._standing(_six(theta), x, t_x, T).alive * (beta + T) / (s - 1.0)

    def median_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median remaining lifetime from T; zero where the customer is more likely gone than not."""
        x, t_x, T = columns(x, t_x, T)
        s, beta = float(theta[2]), float(theta[3])
        alive = self._standing(_six(theta), x, t_x, T).alive
        with np.errstate(over="ignore"):
            return np.asarray((beta + T) * np.expm1(np.log(np.maximum(2.0 * alive, 1.0)) / s))

    def truncated_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
        """Expected part of the remaining lifetime that falls into (T, T + cap]."""
        x, t_x, T = columns(x, t_x, T)
        stays = lifetime.mean_within(float(theta[2]), float(theta[3]) + T, cap)
        return self._standing(_six(theta), x, t_x, T).alive * stays

    def median_waiting_time(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median time from T to the next purchase of a customer alive at T who stays; may be infinite."""
        x, t_x, T = columns(x, t_x, T)
        return ggg_counts.median_wait(self._standing(_six(theta), x, t_x, T), t_x, T)

    def sample_new(self, theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw (x, t_x) of new customers observed to the ages T."""
        (age,) = columns(T)
        x, t_x, _ = ggg_draws.histories(_six(theta), age, rng)
        return x, t_x

    def sample_log_gaps(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Draw the sum of the logarithms of the times between purchases of customers with these histories."""
        x, t_x, T = columns(x, t_x, T)
        return ggg_draws.log_gaps(ParetoGGGFamily()._standing(_six(theta), x, t_x, T), x, t_x, rng)

    def sample_future(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
    ) -> FloatArray:
        """Draw the purchases in (T, T + t] of customers with these histories."""
        x, t_x, T = columns(x, t_x, T)
        return ggg_draws.future(_six(theta), self._standing(_six(theta), x, t_x, T), t_x, T, t, rng)

    def forecast(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
    ) -> Forecast:
        """Everything that valuation needs, sharing what the answers have in common."""
        x, t_x, T = columns(x, t_x, T)
        six = _six(theta)
        now = self._standing(six, x, t_x, T)
        slopes = ggg_likelihood.log_likelihood_rows(six, x, t_x, T, self.log_gaps).first
        found = ggg_future.within(six, now, slopes, t_x, T, t, delta)
        plain = found.plain
        return Forecast(
            probability_alive=now.alive,
            probability_alive_end=now.alive * lifetime.survival(six[2], six[3] + T, t),
            expected_purchases=plain.expected,
            expected_gradient=found.gradient,
            p_zero=1.0 - plain.some,
            variance=_variance(plain),
            discounted=found.discounted,
            discounted_lifetime=ggg_future.purchases(six, now, t_x, T, cap, delta).expected,
            discounted_infinite=ggg_future.purchases(six, now, t_x, T, None, delta).expected,
            next_purchase=ggg_counts.median_wait(now, t_x, T),
        )

    def _standing(self, theta: Six, x: FloatArray, t_x: FloatArray, T: FloatArray) -> Standing:
        return ggg_likelihood.standing(theta, x, t_x, T, self.log_gaps)


def _moments(
    theta: Six, now: Standing, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    found = ggg_future.purchases(theta, now, t_x, T, t, second=True)
    return 1.0 - found.some, found.expected, _variance(found)


def _variance(found: ggg_future.Purchases) -> FloatArray:
    return np.asarray(np.maximum(found.pairs + found.expected - found.expected**2, 0.0))


def _six(theta: Theta) -> Six:
    r, alpha, s, beta, t, gamma = (float(value) for value in theta)
    return r, alpha, s, beta, t, gamma
