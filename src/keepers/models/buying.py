"""Models of buying: one estimator's face over every family of purchase histories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells, GapUse
from keepers.domain.errors import ConfigError
from keepers.domain.histories import check_histories
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.store_clock import Calendar
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit, length_of_time, parse_day
from keepers.models.base import PriorChoice
from keepers.models.buying_uncertainty import BuyingUncertainty
from keepers.models.covariates.model import CovariateModel
from keepers.models.customer_states import CustomerStates
from keepers.models.evidence import Resampling
from keepers.models.fitting import Problem, fit
from keepers.models.frames import Histories, cells_to_fit, histories
from keepers.models.prior_predictive import prior_of
from keepers.models.priors import ParameterPrior, Prior
from keepers.models.realtime import BoolArray, CustomerState, Scores, score_states, together
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods.family import Forecast, ForecastOverDraws
from keepers.numerics.sums import dot, quadratic_forms

FloatArray = NDArray[np.float64]

_SAMPLES, _MOST_WORK = (800, 4_000, 40_000), 2e6
"""Customers on whom the starts compete and the best is polished, where cells are many more; the first if rows cost."""

_LEAST_ROWS = 800
"""What an evaluation of a laborious likelihood costs at least, in rows, however few there are."""


@dataclass(frozen=True, slots=True, eq=False)
class CellPredictions:
    """What is expected of each cell; arrays of shape (n,), times in the model's unit.

    Parameters
    ----------
    p_alive, p_alive_end : arrays
        Probability of being alive now, and at the end of the horizon whatever happens between.
    expected_purchases, expected_purchases_se : arrays
        Expected purchases in the horizon, and how far the parameters' uncertainty moves them.
    p_zero, variance : arrays
        Probability of no purchase in the horizon, and variance of their number, the parameters' uncertainty included.
    discounted_purchases, discounted_purchases_lifetime, discounted_purchases_infinite : arrays
        Expected purchases, each discounted to now, in the horizon, until the lifetime's cap, and without end.
    next_purchase_age : array
        Median waiting time until the next purchase of a customer who is alive; may be infinite.
    """

    p_alive: FloatArray
    p_alive_end: FloatArray
    expected_purchases: FloatArray
    expected_purchases_se: FloatArray
    p_zero: FloatArray
    variance: FloatArray
    discounted_purchases: FloatArray
    discounted_purchases_lifetime: FloatArray
    discounted_purchases_infinite: FloatArray
    next_purchase_age: FloatArray


class BuyingModel(BuyingUncertainty, CovariateModel):
    """A model of repeat buying, which a family of likelihoods fills in.

    `data` is a summary, `Cells`, or a frame with columns `frequency` (repeat purchases), `recency` (age at the last
    one) and `T` (age now). Cells give NumPy arrays back, a frame comes back as the same library's frame with the
    result as a further column, and a summary as a table of its engine.

    Parameters
    ----------
    prior : "auto", None or Prior
        "auto" uses the model's weak prior (`print(model.weak_prior)`) in full up to 200 customers with a repeat
        purchase, fades it until 400, and is exactly maximum likelihood from there on, unless the likelihood has no
        maximum of its own (the outcome says so). None is maximum likelihood always.
    covariates : Covariates, optional
        Columns that change how often customers buy or how soon they leave; `data` must have them wherever it is asked.

    Attributes
    ----------
    infinite : mapping of str to str
        Answers that may be infinite, by the keys of `keepers.testing.questions`, each with the condition in words.
    discrete : bool
        Whether time passes in whole opportunities to buy rather than continuously.
    vanishing : tuple of str
        Parameters that leave a simpler model as they go to zero; data that drive one there do not identify this one.
    pooled : bool
        Whether answers are a mean over models, which is no model of its own histories.
    effort : float
        How many times the work of a plain row one row of the likelihood is; the posterior's correction spends the less.
    predictive : bool
        Whether distributions of purchases carry the uncertainty of the parameters already.
    unit_ : TimeUnit
        Unit in which the parameters count time.
    gaps : "sum", "each" or None
        What the family uses of the times between purchases; see `keepers.domain.cells.Cells`.
    coefficients_ : tuple of Coefficient
        What covariates do, each with a sentence; empty without covariates.
    clock_ : StoreClock or None
        By which rates and `log_likelihood_` count time; None is the calendar. New customers come all the year round.
    mix_ : CustomerMix
        Who the customers of the fit were, where there are covariates.
    """

    gaps: ClassVar[GapUse | None] = None
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType({})
    discrete: ClassVar[bool] = False
    vanishing: ClassVar[tuple[str, ...]] = ()
    pooled: ClassVar[bool] = False
    effort: ClassVar[float] = 1.0
    predictive: ClassVar[bool] = False
    unit_: TimeUnit

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Fit the model to histories.

        Parameters
        ----------
        data : summary, Cells or frame
            Histories; a frame may carry a `weight` column.
        unit : TimeUnit or str, optional
            Unit of a frame's times, required there; for cells, the unit to fit in.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If the histories are impossible or there are none.
        """
        cells = self._to_fit(cells_to_fit(data, unit, self.gaps, self.needed_attributes))
        scale = 1.0 if self.discrete else dot(cells.weight, cells.T) / cells.customers or 1.0
        powers = np.array([self.family.TIME_POWERS.get(name, 0) for name in self.symbols], dtype=float)
        tables = CellTables.of(cells, scale)
        repeaters = dot(cells.weight, (cells.x > 0).astype(np.float64))
        chosen, rescue = self._priors(repeaters)
        self._learn(cells)
        stretch, likelihood = self._likelihood(cells, tables, scale)

        def on_scaled(prior: Prior | None, rescuing: bool = False) -> ParameterPrior | None:
            divisors = (cells.unit.days * scale / (prior or self.weak_prior).unit.days) ** powers
            return self._prior_with_coefficients(prior, divisors, rescuing)

        sizes = _SAMPLES[likelihood.effort == 1.0 :]
        samples = [size for size in sizes if 3 * size < min(cells.size, cells.customers, _MOST_WORK / self.effort)]
        result = fit(
            Problem(
                parameters=self.parameter_names,
                likelihood=likelihood,
                starts=[np.concatenate([start, np.zeros(stretch.size)]) for start in self.family.starts(tables)],
                rows=round(max(cells.size, _LEAST_ROWS if self.effort > 1 else 1) * self.effort * likelihood.effort),
                rough=[likelihood.sample(size) for size in samples],
                prior=on_scaled(chosen),
                rescue=None if rescue is None else on_scaled(rescue, rescuing=True),
                without_events=repeaters == 0,
                coefficients=self.parameter_names[len(self.symbols) :],
                resampling=Resampling(tables.weight, likelihood.reweighted, likelihood.simulated),
                likelihoods=likelihood.values,
                vanishing=self.vanishing,
                near=self._take_near(cells.unit, powers * np.log(scale), stretch),
            )
        )
        used = chosen if chosen is not None or result.prior is None else rescue
        # A density of purchase times: counting time in units `scale` times as long multiplies it by scale^x.
        constant = -cells.repeat_purchases * float(np.log(scale))
        self._adopt(result, powers * np.log(scale), constant, cells.customers, used, stretch)
        self.unit_ = cells.unit
        return self

    def _rows(self, data: Any, unit: TimeUnit | str | None) -> Histories:
        self._check_fitted()
        gaps = self.gaps if self.gaps == "each" else None
        return histories(data, self.unit_, unit, gaps, self.needed_attributes, self.calendar_)

    def probability_alive(self, data: Any, at: Horizon | None = None, unit: TimeUnit | str | None = None) -> Any:
        """Probability that each customer is still a customer, now or `at` a time from now, whatever happens between."""
        theta, rows = self._theta(), self._rows(data, unit)
        later = 0.0 if at is None else self._length(at)
        return rows.give("probability_alive", self.answer("probability_alive", theta, rows.cells, later))

    def expected_purchases(self, data: Any, horizon: Horizon, unit: TimeUnit | str | None = None) -> Any:
        """Expected purchases of each customer within the horizon."""
        theta, rows, t = self._theta(), self._rows(data, unit), self._length(horizon)
        return rows.give("expected_purchases", self.answer("expected_purchases", theta, rows.cells, t))

    def purchase_distribution(
        self, data: Any, horizon: Horizon, max_purchases: int, unit: TimeUnit | str | None = None
    ) -> Any:
        """Probability of 0, 1, ..., `max_purchases` purchases of each customer within the horizon, exactly.

        Arrays have shape (n, max_purchases + 1); frames get columns `probability_0`, `probability_1`, ...
        """
        theta, rows, t, most = self._theta(), self._rows(data, unit), self._length(horizon), _most(max_purchases)
        values = self.answer("purchase_distribution", theta, rows.cells, t, most)
        return rows.give("probability", values)

    def discounted_expected_purchases(
        self,
        data: Any,
        horizon: Horizon | None = None,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        unit: TimeUnit | str | None = None,
    ) -> Any:
        """Expected purchases of each customer, each discounted from its own time to now; None is without end.

        Without end and without discount this may be infinite.
        """
        theta, rows = self._theta(), self._rows(data, unit)
        t, delta = None if horizon is None else self._length(horizon), discount.continuous(self.unit_)
        values = self.answer("discounted_expected_purchases", theta, rows.cells, delta, t)
        return rows.give("discounted_expected_purchases", values)

    def expected_purchases_new_customer(self, horizon: Horizon, attributes: Any = None) -> float:
        """Expected repeat purchases of a customer who makes the first one now, within the horizon.

        With covariates `attributes` says who it is, such as ``{"channel": "ads"}``; else one like those of the fit.
        Where they vary in time, `first_day` among them says when it comes; else at the end of the fit's data.
        """
        theta, t = self._theta(), self._length(horizon)
        return float(np.ravel(self.answer_new("expected_purchases_new", theta, t, attributes=attributes))[0])

    def discounted_expected_purchases_new_customer(
        self, horizon: Horizon | None = None, discount: DiscountRate = DEFAULT_DISCOUNT, attributes: Any = None
    ) -> float:
        """Discounted expected repeat purchases of a customer who makes the first one now; None is without end."""
        theta, delta = self._theta(), discount.continuous(self.unit_)
        t = None if horizon is None else self._length(horizon)
        return float(self.answer_new("discounted_expected_purchases_new", theta, delta, t, attributes=attributes))

    def purchase_distribution_new_customer(
        self, horizon: Horizon, max_purchases: int, attributes: Any = None
    ) -> FloatArray:
        """Probability that a new customer makes 0, 1, ..., `max_purchases` repeat purchases within the horizon."""
        theta, t, most = self._theta(), self._length(horizon), _most(max_purchases)
        found = self.answer_new("purchase_distribution_new", theta, t, most, attributes=attributes)
        return np.asarray(found, dtype=np.float64)

    def expected_lifetime(self, data: Any, cap: Horizon | None = None, unit: TimeUnit | str | None = None) -> Any:
        """Expected remaining lifetime of each customer in the model's unit.

        Without a cap it is infinite where few customers ever leave (for Pareto/NBD, s <= 1); the part of it within
        a cap, and `median_lifetime`, are always finite or plainly infinite for models without dropout.
        """
        theta, rows = self._theta(), self._rows(data, unit)
        if cap is None:
            values = self.answer("expected_lifetime", theta, rows.cells)
        else:
            values = self.answer("truncated_lifetime", theta, rows.cells, self._length(cap))
        return rows.give("expected_lifetime", values)

    def median_lifetime(self, data: Any, unit: TimeUnit | str | None = None) -> Any:
        """Median remaining lifetime in the model's unit; zero for whoever is more likely gone than not."""
        theta, rows = self._theta(), self._rows(data, unit)
        return rows.give("median_lifetime", self.answer("median_lifetime", theta, rows.cells))

    def expected_next_purchase(self, data: Any, unit: TimeUnit | str | None = None) -> Any:
        """Median time from now until the next purchase, for a customer who is still one, in the model's unit."""
        theta, rows = self._theta(), self._rows(data, unit)
        return rows.give("expected_next_purchase", self.answer("median_waiting_time", theta, rows.cells))

    def sample(
        self,
        ages: FloatArray | Horizon,
        rng: np.random.Generator,
        customers: int | None = None,
        attributes: Any = None,
    ) -> Cells:
        """Draw new customers and their histories, one row a customer.

        Parameters
        ----------
        ages : array, shape (n,), or Horizon
            How long each is observed, in the model's unit; or one length for all `customers`.
        rng : Generator
            Source of chance.
        customers : int, optional
            How many, where `ages` is one length.
        attributes : frame or dict of columns, optional
            With covariates, the attributes of each customer; left out, they are drawn from those of the fit. Where
            covariates vary in time, `first_day` among them says when each comes, else at the end of the fit's data,
            and `customer_key` on whose path it is, where paths are customers' own.
        """
        if isinstance(ages, Horizon):
            if customers is None:
                raise ConfigError("Say how many customers to draw: sample(weeks(52), rng, customers=1000).")
            T = np.full(customers, self._length(ages))
        else:
            T = np.asarray(ages, dtype=np.float64)
        x, t_x, pattern, table = self._draw_new(T, attributes, rng)
        return self._with_gaps(Cells(x, t_x, T, np.ones(T.shape), self.unit_, pattern=pattern, attributes=table), rng)

    def sample_future(
        self, data: Any, horizon: Horizon, rng: np.random.Generator, unit: TimeUnit | str | None = None
    ) -> Any:
        """Draw the purchases of each customer within the horizon, parameters being as estimated."""
        theta, rows, t = self._theta(), self._rows(data, unit), self._length(horizon)
        return rows.give("purchases", self.answer("sample_future", theta, rows.cells, t, rng))

    def predict_cells(
        self,
        cells: Cells,
        horizon: Horizon = DEFAULT_HORIZON,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        lifetime_cap: Horizon = LIFETIME_CAP,
    ) -> CellPredictions:
        """Everything that valuation needs of each cell, computed together."""
        theta = self._theta()
        cells = cells.in_unit(self.unit_)
        check_histories(cells)
        t, cap = self._length(horizon), self._length(lifetime_cap)
        found = self.answer("forecast", theta, cells, t, discount.continuous(self.unit_), cap)
        parameter_variance = self._parameter_variance(found, cells)
        return CellPredictions(
            p_alive=found.probability_alive,
            p_alive_end=found.probability_alive_end,
            expected_purchases=found.expected_purchases,
            expected_purchases_se=np.sqrt(parameter_variance),
            p_zero=found.p_zero,
            variance=found.variance + parameter_variance,
            discounted_purchases=found.discounted,
            discounted_purchases_lifetime=found.discounted_lifetime,
            discounted_purchases_infinite=found.discounted_infinite,
            next_purchase_age=found.next_purchase,
        )

    def _parameter_variance(self, found: Forecast, cells: Cells) -> FloatArray:  # noqa: ARG002
        """Variance of the expected purchases of each row that comes from the parameters (delta method unless told)."""
        if isinstance(found, ForecastOverDraws):
            return found.parameter_variance
        return np.maximum(quadratic_forms(self.posterior_.covariance, found.expected_gradient), 0.0)

    def state(self, first_purchase: dt.date) -> CustomerState:
        """The state of a customer who made the first purchase on a day, to be updated order by order."""
        return CustomerState.starting(first_purchase)

    def score(
        self,
        states: CustomerState | Sequence[CustomerState] | CustomerStates,
        now: dt.date,
        horizon: Horizon = DEFAULT_HORIZON,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        attributes: Any = None,
    ) -> Scores:
        """Score customers by their states at a moment; `Scorer.load` does the same from a saved model, with less.

        With covariates `attributes` has a row for each state, with `customer_key` where each has a path of its own.
        """
        theta, asked, seen = self._theta(), together(states), Calendar(parse_day(now, "now"))
        pattern, table = self._patterns_of(attributes, asked.first)

        def ask(rows: BoolArray, gaps: FloatArray | None, question: str, *columns: Any) -> FloatArray:
            x, t_x, T, *further = columns
            own = None if pattern is None else pattern[rows]
            cells = Cells(x, t_x, T, np.ones(x.shape), self.unit_, gaps, own, table, seen)
            return np.asarray(self.answer(question, theta, cells, *further))

        return score_states(ask, self.unit_, asked, now, horizon, discount, self.discrete)

    def _with_gaps(self, drawn: Cells, rng: np.random.Generator) -> Cells:  # noqa: ARG002
        """Drawn histories with the times between purchases, where the model uses them."""
        return drawn

    def _prior_before_data(self) -> Prior:
        return prior_of(self.prior, self.weak_prior)

    def _length(self, horizon: Horizon) -> float:
        return length_of_time(horizon).in_unit(self.unit_)

    def _settings(self) -> dict[str, Any]:
        prior: Any = self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior
        return {"prior": prior, "unit": self.unit_.value, **self._covariate_settings()}

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior: PriorChoice = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(prior=prior)
        model.unit_ = TimeUnit.parse(settings["unit"])
        model._restore_covariates(settings)
        return model


def _most(given: int) -> int:
    if given < 0:
        raise ConfigError(f"`max_purchases` is {given}; it must be zero or more.")
    return int(given)
