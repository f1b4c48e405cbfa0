"""The naive rule that any model must beat: every customer goes on buying at the same rate as before."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import gammaln, xlogy

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import ConfigError, NotFittedError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit
from keepers.models.buying import CellPredictions
from keepers.models.frames import cells_to_fit, histories


class NaiveRate:
    """Purchases go on at each customer's own past rate, ``frequency / T``, for ever.

    Use it to see what a model is worth: a model that does not beat it in a backtest adds nothing. It never lets a
    customer go, and expects nothing of those who bought once. Purchases are taken to be Poisson around the rate.

    Attributes
    ----------
    unit_ : TimeUnit
        Unit of the data it was fitted on.
    rate_ : float
        Repeat purchases of all customers together by their time, the rate of a customer not yet seen.
    n_customers_ : float
        Customers behind the fit.

    Examples
    --------
    >>> from keepers.domain.time import weeks
    >>> history = Cells([2.0], [30.0], [40.0], [1.0], TimeUnit.WEEK)
    >>> NaiveRate().fit(history).expected_purchases(history, weeks(20)).tolist()
    [1.0]
    """

    name: ClassVar[str] = "NaiveRate"
    title: ClassVar[str] = "same rate as before"
    rule: ClassVar[str] = "each customer goes on buying at the same rate as before"

    unit_: TimeUnit
    rate_: float
    n_customers_: float

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Note the unit of the histories and their mean rate; nothing else is learned."""
        cells = cells_to_fit(data, unit)
        time = float(cells.weight @ cells.T)
        self.unit_ = cells.unit
        self.rate_ = cells.repeat_purchases / time if time > 0 else 0.0
        self.n_customers_ = cells.customers
        return self

    def __repr__(self) -> str:
        return "NaiveRate()"

    def probability_alive(self, data: Any, at: Horizon | None = None, unit: TimeUnit | str | None = None) -> Any:
        """One for everybody: the rule knows no leaving."""
        del at
        rows = histories(data, self._unit(), unit)
        return rows.give("probability_alive", np.ones(rows.cells.size))

    def expected_purchases(self, data: Any, horizon: Horizon, unit: TimeUnit | str | None = None) -> Any:
        """``frequency / T`` times the horizon; none for whoever was acquired on the last day."""
        rows = histories(data, self._unit(), unit)
        return rows.give("expected_purchases", _rate(rows.cells) * horizon.in_unit(self._unit()))

    def purchase_distribution(
        self, data: Any, horizon: Horizon, max_purchases: int, unit: TimeUnit | str | None = None
    ) -> Any:
        """Poisson probabilities of 0 to `max_purchases` purchases, shape (n, max_purchases + 1)."""
        if max_purchases < 0:
            raise ConfigError(f"`max_purchases` is {max_purchases}; it must be zero or more.")
        rows = histories(data, self._unit(), unit)
        return rows.give("probability", poisson(_rate(rows.cells) * horizon.in_unit(self._unit()), max_purchases))

    def expected_purchases_new_customer(self, horizon: Horizon) -> float:
        """The mean rate of all customers times the horizon."""
        return self.rate_ * horizon.in_unit(self._unit())

    def discounted_expected_purchases(
        self,
        data: Any,
        horizon: Horizon | None = None,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        unit: TimeUnit | str | None = None,
    ) -> Any:
        """Purchases at the constant rate, each discounted from its own time; None is without end."""
        rows = histories(data, self._unit(), unit)
        rate = _rate(rows.cells)
        # Without discount and end the sum is infinite, but nothing for whoever never came back.
        values = np.multiply(rate, self._annuity(horizon, discount), out=np.zeros(rate.shape), where=rate > 0)
        return rows.give("discounted_expected_purchases", values)

    def predict_cells(
        self,
        cells: Cells,
        horizon: Horizon = DEFAULT_HORIZON,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        lifetime_cap: Horizon = LIFETIME_CAP,
    ) -> CellPredictions:
        """What `keepers.lifetime_value` asks of a model, by the rule."""
        expected = self.expected_purchases(cells, horizon)
        rate, certain = _rate(cells.in_unit(self._unit())), np.ones(cells.size)
        with np.errstate(divide="ignore"):
            waiting = np.log(2.0) / rate
        return CellPredictions(
            p_alive=certain,
            p_alive_end=certain,
            expected_purchases=expected,
            expected_purchases_se=np.zeros(cells.size),
            p_zero=np.exp(-expected),
            variance=expected,
            discounted_purchases=self.discounted_expected_purchases(cells, horizon, discount),
            discounted_purchases_lifetime=self.discounted_expected_purchases(cells, lifetime_cap, discount),
            discounted_purchases_infinite=self.discounted_expected_purchases(cells, None, discount),
            next_purchase_age=waiting,
        )

    def _annuity(self, horizon: Horizon | None, discount: DiscountRate) -> float:
        delta = discount.continuous(self._unit())
        if horizon is None:
            return 1.0 / delta if delta > 0 else np.inf
        length = horizon.in_unit(self._unit())
        return float(-np.expm1(-delta * length) / delta) if delta > 0 else length

    def _unit(self) -> TimeUnit:
        if not hasattr(self, "unit_"):
            raise NotFittedError(self.name)
        return self.unit_


def poisson(mean: FloatArray, max_purchases: int) -> FloatArray:
    """Poisson probabilities of 0 to `max_purchases` for each mean, shape (n, max_purchases + 1)."""
    counts = np.arange(max_purchases + 1, dtype=np.float64)
    return np.asarray(np.exp(xlogy(counts, mean[:, None]) - mean[:, None] - gammaln(counts + 1.0)))


def _rate(cells: Cells) -> FloatArray:
    return np.divide(cells.x, cells.T, out=np.zeros(cells.size), where=cells.T > 0)
