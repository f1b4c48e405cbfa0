"""A pool of families as one: every answer is the mean of the families' answers with fixed weights.

The parameters are the weights, which sum to one, and then those of each family in turn. A pool mixes forecasts rather
than customers: what each family expects of a history is weighted alike for every history (Yao, Vehtari, Simpson, Gelman
2018, "Using Stacking to Average Bayesian Predictive Distributions", Bayesian Analysis 13, equation 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import BuyingFamily, FloatArray, Forecast, Theta, columns

_STEP = 0.14
_LONGEST = 1e6


class Stacked:
    """The pool.

    Parameters
    ----------
    families : dict of str to BuyingFamily
        By the name of the model.
    """

    def __init__(self, families: dict[str, BuyingFamily]) -> None:
        self.families = families
        self.PARAMETERS = (
            *(f"weight[{name}]" for name in families),
            *(f"{name}.{symbol}" for name, family in families.items() for symbol in family.PARAMETERS),
        )
        self.TIME_POWERS = MappingProxyType(
            {
                f"{name}.{symbol}": power
                for name, family in families.items()
                for symbol, power in family.TIME_POWERS.items()
            }
        )

    def members(self, theta: Theta) -> list[tuple[float, BuyingFamily, FloatArray]]:
        """Weight, family and parameters of each member that has a weight."""
        values = np.asarray(theta, dtype=float)
        found, place = [], len(self.families)
        for weight, family in zip(values, self.families.values(), strict=False):
            size = len(family.PARAMETERS)
            if weight > 0:
                found.append((float(weight), family, values[place : place + size]))
            place += size
        return found

    def _mean(self, theta: Theta, answer: Callable[[BuyingFamily, FloatArray], FloatArray]) -> FloatArray:
        found = [weight * answer(family, own) for weight, family, own in self.members(theta)]
        return np.asarray(np.sum(found, axis=0))

    def starts(self, tables: CellTables) -> list[FloatArray]:
        """The first start of each family, equally weighted."""
        share = np.full(len(self.families), -np.log(len(self.families)))
        return [np.concatenate([share, *(family.starts(tables)[0] for family in self.families.values())])]

    def log_likelihood(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Logarithm of the weighted mean of the families' likelihoods."""
        logs = [np.log(weight) + family.log_likelihood(own, x, t_x, T) for weight, family, own in self.members(theta)]
        return np.asarray(np.logaddexp.reduce(logs, axis=0))

    def log_likelihood_sum(self, theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
        """The weighted sum of it over histories; members are fitted by themselves, so derivatives are none.

        Raises
        ------
        ValueError
            If derivatives are asked for.
        """
        if order:
            raise ValueError("The members of a stack are fitted one by one; its likelihood has no derivatives.")
        value = float(cells.weight @ self.log_likelihood(theta, cells.x, cells.t_x, cells.T))
        return Evaluation.of_value(value, len(self.PARAMETERS))

    def probability_alive(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0
    ) -> FloatArray:
        """Probability of being alive at T + at."""
        return self._mean(theta, lambda family, own: family.probability_alive(own, x, t_x, T, at))

    def expected_purchases(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
        """Expected purchases in (T, T + t]."""
        return self._mean(theta, lambda family, own: family.expected_purchases(own, x, t_x, T, t))

    def expected_purchases_gradient(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> FloatArray:
        """Derivatives of the expected purchases in the logarithms of the parameters, the weights being known."""
        return self._spread(
            theta, [family.expected_purchases_gradient(own, x, t_x, T, t) for _, family, own in self.members(theta)]
        )

    def _spread(self, theta: Theta, gradients: Sequence[FloatArray]) -> FloatArray:
        rows = len(gradients[0])
        parts = [np.zeros((rows, len(self.families)))]
        given = iter(zip(self.members(theta), gradients, strict=True))
        weights = np.asarray(theta, dtype=float)[: len(self.families)]
        for weight, family in zip(weights, self.families.values(), strict=True):
            size = len(family.PARAMETERS)
            parts.append(weight * next(given)[1] if weight > 0 else np.zeros((rows, size)))
        return np.concatenate(parts, axis=1)

    def purchase_distribution(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
    ) -> FloatArray:
        """P(X(T, T + t) = k), shape (n, max_purchases + 1)."""
        return self._mean(theta, lambda family, own: family.purchase_distribution(own, x, t_x, T, t, max_purchases))

    def purchase_moments(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Probability of none, mean and variance of the purchases in (T, T + t]."""
        members = self.members(theta)
        found = [family.purchase_moments(own, x, t_x, T, t) for _, family, own in members]
        none, mean = (sum(w * one[k] for (w, _, _), one in zip(members, found, strict=True)) for k in (0, 1))
        square = sum(w * (one[2] + one[1] ** 2) for (w, _, _), one in zip(members, found, strict=True))
        return np.asarray(none), np.asarray(mean), np.maximum(np.asarray(square) - np.asarray(mean) ** 2, 0.0)

    def discounted_expected_purchases(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
    ) -> FloatArray:
        """Expected purchases after T, each discounted to T."""
        return self._mean(theta, lambda family, own: family.discounted_expected_purchases(own, x, t_x, T, delta, t))

    def expected_purchases_new(self, theta: Theta, t: FloatArray | float) -> FloatArray:
        """Expected repeat purchases of a customer acquired now in (0, t]."""
        return self._mean(theta, lambda family, own: family.expected_purchases_new(own, t))

    def purchase_distribution_new(self, theta: Theta, t: float, max_purchases: int) -> FloatArray:
        """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""
        return self._mean(theta, lambda family, own: family.purchase_distribution_new(own, t, max_purchases))

    def discounted_expected_purchases_new(self, theta: Theta, delta: float, t: float | None = None) -> float:
        """Discounted expected repeat purchases of a customer acquired now."""
        return float(
            sum(
                weight * family.discounted_expected_purchases_new(own, delta, t)
                for weight, family, own in self.members(theta)
            )
        )

    def expected_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Expected remaining lifetime; infinite where it is so by any member."""
        return self._mean(theta, lambda family, own: family.expected_lifetime(own, x, t_x, T))

    def truncated_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
        """Expected part of the remaining lifetime that falls into (T, T + cap]."""
        return self._mean(theta, lambda family, own: family.truncated_lifetime(own, x, t_x, T, cap))

    def median_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """When the pooled P(alive) falls to one half; infinite beyond a million units of time.

        P(alive) is known for one moment and all rows at a time, so it is followed over moments that grow by a seventh,
        and each row's crossing is found between four of them.
        """
        x, t_x, T = columns(x, t_x, T)
        now = self.probability_alive(theta, x, t_x, T)
        result = np.where(now > 0.5, np.inf, 0.0)
        open_rows = np.flatnonzero(now > 0.5)
        logs = np.arange(np.log(1e-3), np.log(_LONGEST) + _STEP, _STEP)
        curve = np.empty((logs.size, open_rows.size))
        known = 0
        for place, at in enumerate(np.exp(logs)):
            curve[place] = self.probability_alive(theta, x[open_rows], t_x[open_rows], T[open_rows], float(at))
            known = place + 1
            if np.all(curve[max(place - 2, 0)] < 0.5):
                break
        crosses = curve[known - 1] <= 0.5
        curve = curve[:known, crosses]
        crossing = np.argmax(curve <= 0.5, axis=0)
        first = np.clip(crossing - 2, 0, max(known - 4, 0))
        points = first[None, :] + np.arange(min(4, known))[:, None]
        heights = np.take_along_axis(curve, points, axis=0)
        result[open_rows[crosses]] = np.exp(_inverse(heights, logs[points], 0.5))
        return result

    def median_waiting_time(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """The weighted geometric mean of the members' median waiting times, between which the pool's own lies."""
        return np.exp(self._mean(theta, lambda family, own: np.log(family.median_waiting_time(own, x, t_x, T))))

    def sample_new(self, theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw (x, t_x) of new customers, each by a member that is drawn first."""
        (ages,) = columns(T)
        x, t_x = np.zeros(ages.shape), np.zeros(ages.shape)
        for rows, family, own in self._drawn(theta, ages.size, rng):
            x[rows], t_x[rows] = family.sample_new(own, ages[rows], rng)
        return x, t_x

    def sample_future(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
    ) -> FloatArray:
        """Draw the purchases in (T, T + t], each row's by a member that is drawn first."""
        x, t_x, T = columns(x, t_x, T)
        found = np.zeros(x.shape)
        for rows, family, own in self._drawn(theta, x.size, rng):
            found[rows] = family.sample_future(own, x[rows], t_x[rows], T[rows], t, rng)
        return found

    def _drawn(
        self, theta: Theta, size: int, rng: np.random.Generator
    ) -> list[tuple[NDArray[np.intp], BuyingFamily, FloatArray]]:
        members = self.members(theta)
        shares = np.array([weight for weight, _, _ in members])
        chosen = rng.choice(len(members), size, p=shares / shares.sum())
        return [(np.flatnonzero(chosen == k), family, own) for k, (_, family, own) in enumerate(members)]

    def forecast(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
    ) -> Forecast:
        """Everything that valuation needs of each row."""
        members = self.members(theta)
        found = [family.forecast(own, x, t_x, T, t, delta, cap) for _, family, own in members]

        def mean(name: str) -> FloatArray:
            return np.asarray(sum(w * getattr(one, name) for (w, _, _), one in zip(members, found, strict=True)))

        expected = mean("expected_purchases")
        square = sum(w * (o.variance + o.expected_purchases**2) for (w, _, _), o in zip(members, found, strict=True))
        waits = sum(w * np.log(one.next_purchase) for (w, _, _), one in zip(members, found, strict=True))
        return Forecast(
            probability_alive=mean("probability_alive"),
            probability_alive_end=mean("probability_alive_end"),
            expected_purchases=expected,
            expected_gradient=self._spread(theta, [one.expected_gradient for one in found]),
            p_zero=mean("p_zero"),
            variance=np.maximum(np.asarray(square) - expected**2, 0.0),
            discounted=mean("discounted"),
            discounted_lifetime=mean("discounted_lifetime"),
            discounted_infinite=mean("discounted_infinite"),
            next_purchase=np.exp(np.asarray(waits)),
        )


def _inverse(heights: FloatArray, places: FloatArray, level: float) -> FloatArray:
    """Where curves take a level, by the polynomial through their points with heights and places exchanged."""
    found = np.zeros(heights.shape[1])
    for i in range(len(heights)):
        term = places[i].copy()
        for j in range(len(heights)):
            if j != i:
                gap = heights[i] - heights[j]
                term *= (level - heights[j]) / np.where(gap == 0, np.inf, gap)
        found += term
    return found
