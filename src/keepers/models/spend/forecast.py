"""What valuation asks of any model of spend: the expected value of an order by customer, as SQL, and how sure that is.

A customer's expected order value is a scale of the customer times a factor of the customer's cell. The scale is SQL
over the rows `summary` (the customer's history), `cell` (columns of the cell) and, where the model needs more than the
summary knows, `spend`, a table that is joined. So customers stay in the engine, whatever the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.numerics.likelihoods.drifting_gamma_gamma import effective_orders

if TYPE_CHECKING:
    from keepers.domain.cells import Cells, FloatArray
    from keepers.domain.money import DiscountRate
    from keepers.domain.time import Horizon
    from keepers.models.spend.spend_course import SpendCourse
    from keepers.models.spend.spend_effects import CellEffects


@dataclass(frozen=True, eq=False)
class SpendQuestion:
    """For whom a forecast of spend is wanted.

    Parameters
    ----------
    cells : Cells
        Histories.
    summary : Summary
        Of the customers, with money.
    buying : fitted model
        Of buying.
    horizon : Horizon
        How far ahead values look.
    """

    cells: Cells
    summary: Any
    buying: Any
    horizon: Horizon


@dataclass(frozen=True, eq=False, kw_only=True)
class SpendForecast(ABC):
    """Spend of customers: the expected value of an order is ``scale * mean_factor``.

    Parameters
    ----------
    scale : str
        SQL of the customer's scale.
    join : str
        SQL of a join that brings `spend`, or nothing.
    columns : dict of arrays
        Columns of the cell that `scale` reads, each of shape (n,).
    mean_factor : array, shape (n,)
        By cell.
    population_mean : float
        Expected value of an order of a customer of whom nothing is known.
    new_customer_mean : float
        The same for the orders that new customers will make, those counting most who will buy most.
    remark : str or None
        A sentence where something stands in for what the model does not have.
    course : SpendCourse or None
        What the calendar does to orders ahead; those of the question's horizon are in `mean_factor`.
    """

    scale: str
    mean_factor: FloatArray
    population_mean: float
    new_customer_mean: float
    join: str = ""
    columns: dict[str, FloatArray] = field(default_factory=dict)
    remark: str | None = None
    course: SpendCourse | None = None

    def factor(self, horizon: Horizon, discount: DiscountRate) -> FloatArray:
        """`mean_factor` for the orders of another horizon, later ones counting less: a matter of the calendar."""
        if self.course is None:
            return self.mean_factor
        return np.asarray(self.mean_factor * self.calendar(horizon, discount) / self.course.factor(self.course.horizon))

    def calendar(self, horizon: Horizon, discount: DiscountRate | None = None) -> FloatArray | float:
        """By what the orders of a horizon are dearer than others by the calendar, shape (n,); 1 without one."""
        return 1.0 if self.course is None else self.course.factor(horizon, discount)

    @abstractmethod
    def drawn(self, draws: FloatArray, cells: Cells, customers: FloatArray, worth: FloatArray) -> FloatArray:
        """Sums of expected order values were the parameters others, shape (draws, rows).

        Parameters
        ----------
        draws : array, shape (draws, parameters)
            Parameters, the estimate first.
        cells : Cells
            Histories of the customers of each row, with what is known of them.
        customers, worth : arrays, shape (rows,)
            How many they are, and the sum of their expected order values by the estimate.
        """

    @abstractmethod
    def drawn_new(self, draws: FloatArray) -> FloatArray:
        """The expected value of an order of a new customer were the parameters others, shape (draws,)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GammaForecast(SpendForecast):
    """Spend of the Gamma-Gamma kind: a customer's own rate of spend is gamma distributed, with a scale times the
    customer's.

    Parameters
    ----------
    order_shape : float
        p: shape of the gamma distribution of one order of a customer.
    gamma : float
        Scale parameter, in money.
    shape : array, shape (n,)
        p times what the orders of each cell count for, + q.
    log_variance : array, shape (n,)
        Variance of the logarithm of the expected order value that comes from the parameters' uncertainty, and from what
        is not known of whatever else moves spend.
    include_first : bool
        Whether first orders count.
    forgetting : float
        By how much an order's weight falls with each later one, in logarithms.
    typical : bool
        Whether draws act on customers of average spend alone, the scale being no sum of orders.
    effects : CellEffects or None
        Of covariates on spend.
    traits : callable of cells, or None
        Where spend goes with rate and leaving, the mean logarithms of both in the money ahead, shape (n, 2); of new
        customers, shape (1, 2), where it is asked with None.
    """

    order_shape: float
    gamma: float
    shape: FloatArray
    log_variance: FloatArray
    include_first: bool
    forgetting: float = 0.0
    typical: bool = False
    effects: CellEffects | None = None
    traits: Callable[[Cells | None], FloatArray] | None = None

    @property
    def common_mean(self) -> float:
        """The population's mean order value; with covariates, of customers with the reference ones."""
        if self.effects is None:
            return self.population_mean
        return self.population_mean / float(self.effects.drawn_new(self.effects.theta[None])[0])

    def drawn(self, draws: FloatArray, cells: Cells, customers: FloatArray, worth: FloatArray) -> FloatArray:
        """As in `SpendForecast`."""
        orders = effective_orders(self.forgetting, cells.x + (1.0 if self.include_first else 0.0))
        p, q, gamma = (draws[:, [column]] for column in range(3))
        # Coarse cells share the calendar's mean; what it varies by is of no account for how draws differ.
        dearer = float(np.mean(self.calendar(self.course.horizon))) if self.course is not None else 1.0
        worth = worth / dearer
        level = np.ones((1, 1)) if self.effects is None else self.effects.drawn(draws, cells)
        level = level * self._in_step(draws, cells)
        common = self.common_mean
        of_estimate = p[0] * orders + q[0] - 1.0
        finite = of_estimate > 0
        known_factor = np.where(finite, p[0] / np.where(finite, of_estimate, 1.0), common / self.gamma)
        if self.typical:
            known = orders * common * level[0] * customers
        else:
            own = self.gamma * level[0] * customers
            known = np.maximum(worth / known_factor - own, 0.0) if orders.any() else 0.0 * worth
        rest = p * orders + q - 1.0
        found = np.where(
            rest > 0,
            p * (gamma * level * customers + known) / np.where(rest > 0, rest, 1.0),
            common * level * customers,
        )
        if self.course is not None:
            delta = draws[:, -self.course.past.size :]
            own = np.where(finite, p[0] * orders / np.where(finite, of_estimate, 1.0), 0.0)
            found = found * dearer * self.course.moved(delta - delta[0], own)
        if not self.typical:
            return np.asarray(found)
        return np.asarray(found / found[0] * worth)

    def drawn_new(self, draws: FloatArray) -> FloatArray:
        """As in `SpendForecast`."""
        p, q, gamma = (draws[:, column] for column in range(3))
        common = self.common_mean
        found = np.where(q > 1.0, p * gamma / np.where(q > 1.0, q - 1.0, 1.0), common)
        if self.effects is not None:
            found = found * self.effects.drawn_new(draws)
        found = found * self._in_step(draws, None)[:, 0]
        return np.asarray(found / found[0] * self.new_customer_mean)

    def _in_step(self, draws: FloatArray, cells: Cells | None) -> FloatArray:
        """What other elasticities make of the scale, against the estimate's, shape (draws, n)."""
        if self.traits is None:
            return np.ones((len(draws), 1))
        power = np.log(draws[:, 3:5] / draws[:1, 3:5])
        return np.asarray(np.exp(power @ self.traits(cells).T))


@dataclass(frozen=True, eq=False, kw_only=True)
class SignedForecast(SpendForecast):
    """Spend that may be negative; the joined table `spend` has the moments of an order, see `SignedMoments`.

    Parameters
    ----------
    means : callable of draws and cells
        The population's mean order value under each draw, shape (draws, rows): of customers like those of the cells, or
        of one row, of new customers, where there are none.
    prior_orders : float
        So many orders weigh as much as the population does.
    include_first : bool
        Whether first orders count.
    """

    means: Any
    prior_orders: float
    include_first: bool

    def drawn(self, draws: FloatArray, cells: Cells, customers: FloatArray, worth: FloatArray) -> FloatArray:
        """As in `SpendForecast`."""
        orders = cells.x + (1.0 if self.include_first else 0.0)
        share = self.prior_orders / (self.prior_orders + orders)
        by_draw = self.means(draws, cells)
        return np.asarray(worth + (by_draw - by_draw[0]) * share * customers)

    def drawn_new(self, draws: FloatArray) -> FloatArray:
        """As in `SpendForecast`."""
        return np.asarray(self.means(draws, None)[:, 0])
