"""The Gamma-Gamma model as an estimator: what an order of each customer is worth, and how sure that is."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from keepers.domain.errors import ConfigError
from keepers.domain.outcome import FitOutcome
from keepers.models.covariates.answers import CustomerMix, attributes_of, pattern_of
from keepers.models.fitting import Problem, fit
from keepers.models.intervals import (
    DRAWS,
    answer_interval,
    check_arguments,
    check_level,
    check_question,
    given_together,
    posterior_draws,
)
from keepers.models.prior_predictive import PriorPredictive, draw_parameters, prior_of, spend_before_data
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.bins import grid_error
from keepers.models.spend.gamma_gamma_in_engine import GammaGammaInEngine
from keepers.models.spend.independence import Independence
from keepers.models.spend.spend_effects import factors_of, mean_factor, mix_given, moves
from keepers.models.spend.spend_likelihood import SpendLikelihood
from keepers.models.spend.spend_rows import SpendRows, SpendToFit, spend_to_fit
from keepers.numerics.likelihoods import gamma_gamma

if TYPE_CHECKING:
    from keepers.domain.cells import FloatArray, SpendCells
    from keepers.models.base import PriorChoice
    from keepers.models.covariates.encoding import Shifts
    from keepers.models.covariates.specification import Covariates
    from keepers.models.spend.gamma_gamma_in_time import TimedLikelihood, TimedSpend

_MONEY = np.array([float(gamma_gamma.MONEY_POWERS[name]) for name in gamma_gamma.PARAMETERS])
_NOTABLE_GRID_ERROR = 0.05


class GammaGamma(GammaGammaInEngine):
    """Spend an order: orders vary around each customer's own mean, and means differ between customers.

    The expected value of a customer's next order lies between the customer's own mean and that of all, nearer to the
    own mean the more orders are known. How often a customer buys is taken to say nothing about the size of the orders;
    `independence_` says whether the data agree.

    `data` is a summary with money, `SpendCells`, or a frame with columns `frequency` (repeat purchases) and
    `monetary_value` (mean value of the repeat purchases, the first excluded). Customers whose orders bring zero or less
    are left out of the fit and counted in `remarks_`; customers without a known mean are answered for the population.

    Parameters
    ----------
    include_first : bool
        Take the mean over all orders, the first included (`monetary_value_all`, with `frequency` + 1 orders), rather
        than over repeat orders as the literature does. Then a one-time buyer of 500 is not a one-time buyer of 5.
    prior : "auto", None or Prior
        "auto" uses the model's weak prior (`print(model.weak_prior)`) in full up to 200 customers with known spend,
        fades it until 400, and is exactly maximum likelihood from there on, unless the likelihood has no maximum of its
        own (all spend equal, say). None is maximum likelihood always.
    covariates : Covariates, optional
        Columns (`spend`) that multiply the money of a customer's orders by exp(gamma z), and so the scale gamma: among
        customers whose columns are alike spend is Gamma-Gamma. The data must then have them. With `varying`, `spend`
        may name covariates that vary in time, which multiply the orders of their weeks; a summary made of orders is
        needed then, and the expected value of an order is that of the first week after it.

    Attributes
    ----------
    mean_spend_ : float
        Expected value of an order of a customer not yet known, p gamma / (q - 1); infinite where q <= 1. With
        covariates, of one like those of the fit; with such that vary in time, in a week with their mean values.
    coefficients_ : tuple of Coefficient
        What covariates do, each with its uncertainty and a sentence.
    independence_ : Independence
        Whether frequency and spend go together, with a sentence; with covariates, among customers alike in them.
    remarks_ : tuple of str
        Who was left out and what else to know of the fit, in sentences.
    grid_error_ : float
        How far bins of nearly equal spend moved the estimates, in standard errors; 0 where pairs were exact.

    References
    ----------
    Fader, Hardie, Lee (2005), "RFM and CLV", Journal of Marketing Research 42. Fader, Hardie (2013), "The Gamma-Gamma
    Model of Monetary Value".

    Examples
    --------
    >>> data = {"frequency": [0, 1, 4, 2, 3], "monetary_value": [float("nan"), 22.0, 41.0, 30.0, 35.0]}
    >>> model = GammaGamma().fit(data)
    >>> [round(float(value), 1) for value in model.expected_spend(data)["expected_spend"]]
    [37.8, 28.5, 40.5, 32.0, 35.5]

    >>> from keepers import Covariates
    >>> data["shop"] = ["web", "web", "city", "web", "city"]
    >>> model = GammaGamma(covariates=Covariates(spend=["shop"])).fit(data)
    >>> [coefficient.name for coefficient in model.coefficients_]
    ['spend:shop[web]']
    """

    name: ClassVar[str] = "GammaGamma"
    title: ClassVar[str] = "Gamma-Gamma"
    symbols: ClassVar[tuple[str, ...]] = gamma_gamma.PARAMETERS
    weak_prior: ClassVar[Prior] = Prior(
        {"p": LogNormal(4.0, 1.0), "q": LogNormal(3.5, 0.75), "gamma": LogNormal(0.6, 1.25)}, money=True
    )

    covariate_shifts: ClassVar[Shifts] = {"spend": {"gamma": 1.0}}
    covariate_example: ClassVar[str] = 'Covariates(spend=["channel"])'

    independence_: Independence
    remarks_: tuple[str, ...]
    grid_error_: float

    def __init__(
        self, include_first: bool = False, prior: PriorChoice = "auto", *, covariates: Covariates | None = None
    ) -> None:
        super().__init__(prior, covariates=covariates)
        if isinstance(prior, Prior) and not prior.money:
            raise ConfigError(
                "A prior of spend counts money in mean order values. Write Prior({...}, money=True), for example with "
                "gamma=LogNormal(0.6, 1.25)."
            )
        self.include_first = bool(include_first)

    def fit(self, data: Any) -> Self:
        """Fit the model to orders and their mean spend.

        Parameters
        ----------
        data : summary, SpendCells or frame
            Customers with at least one (repeat) order; a frame may carry a `weight` column. With covariates, a frame
            with their columns or a summary to which they were joined (`summary.with_columns(table)`).

        Returns
        -------
        self

        Raises
        ------
        InputError
            If nobody has an order with money above zero, or counts are impossible.
        """
        timed = self._timed(data) if self.varying_coefficients else None
        found = spend_to_fit(data, self.include_first, self.needed_attributes) if timed is None else timed.found
        cells = found.cells
        scale = float(cells.weight @ cells.mean_spend) / cells.customers
        likelihood: SpendLikelihood | TimedLikelihood
        if timed is None:
            stretch, likelihood = self._likelihood(cells.in_money(scale))
        else:
            stretch, likelihood = self._timed_likelihood(timed, scale)
        chosen, rescue = self._priors(cells.customers)
        ones = np.ones(len(self.symbols))
        result = fit(
            Problem(
                parameters=self.parameter_names,
                likelihood=likelihood,
                starts=[np.concatenate([start, np.zeros(stretch.size)]) for start in gamma_gamma.starts()],
                rows=cells.size,
                rough=likelihood.rough,
                prior=self._prior_with_coefficients(chosen, ones, rescuing=False),
                rescue=None if rescue is None else self._prior_with_coefficients(rescue, ones, rescuing=True),
                coefficients=self.parameter_names[len(self.symbols) :],
                resampling=likelihood.resampling,
                likelihoods=likelihood.values if isinstance(likelihood, SpendLikelihood) else None,
            )
        )
        used = chosen if chosen is not None or result.prior is None else rescue
        # A density of money: counting it in units `scale` times as large multiplies it by the scale.
        constant = -cells.customers * float(np.log(scale))
        self._adopt(result, _MONEY * np.log(scale), constant, cells.customers, used, stretch)
        if self.parameters_["q"] <= 1 and self.outcome_.trustworthy_parameters:
            self.outcome_ = FitOutcome.INFINITE_MEAN
        level = cells.mean_spend if timed is None else self._level_means(timed)
        alike = level / factors_of(self.coding_, np.array(list(self.parameters_.values())), cells)
        self.independence_ = Independence.of(replace(cells, mean_spend=alike))
        self.grid_error_ = 0.0
        if isinstance(likelihood, SpendLikelihood):
            self.grid_error_ = grid_error(result.log_parameters, likelihood, result.posterior.covariance)
        self.remarks_ = (*self._remarks(found), *_of_part(timed))
        return self

    @property
    def mean_spend_(self) -> float:
        """Expected value of an order of a customer not yet known."""
        return self._new_customer(self.mix_)

    def expected_spend_new_customer(self, attributes: Any = None) -> float:
        """Expected value of an order of a customer of whom no order is known.

        Parameters
        ----------
        attributes : dict or frame, optional
            With covariates, who it is, such as ``{"channel": "ads"}``, or several customers whose mean is wanted; one
            like those of the fit if left out.

        Examples
        --------
        >>> from keepers import Covariates
        >>> data = {"frequency": [2, 1, 4, 2], "monetary_value": [30.0, 22.0, 41.0, 30.0], "vip": [0, 0, 1, 1]}
        >>> model = GammaGamma(covariates=Covariates(spend=["vip"])).fit(data)
        >>> model.expected_spend_new_customer({"vip": 1}) > model.expected_spend_new_customer({"vip": 0})
        True
        """
        if attributes is None or self.coding_ is None:
            return self._new_customer(self.mix_)
        return self._new_customer(mix_given(self.coding_, attributes))

    def expected_spend(self, data: Any, on: dt.date | str | None = None) -> Any:
        """Expected value of the next order of each customer, in the money of the data.

        Customers without a known mean get that of the population: of all, or with covariates of those like them. With
        covariates that vary in time it is an order of the day `on`, the first after the data if left out.
        """
        theta, rows, factor = self._asked(data, on)
        return rows.give("expected_spend", factor * gamma_gamma.expected_mean_spend(theta, rows.x, rows.m))

    def spend_predictive(self, data: Any) -> gamma_gamma.SpendPredictive:
        """What is known of each customer's mean spend and next order: means and variances, arrays of shape (n,)."""
        theta, rows, factor = self._asked(data)
        return gamma_gamma.spend_predictive(theta, rows.x, rows.m).times(factor)

    def spend_quantile(self, data: Any, level: float, orders: float = 1.0) -> Any:
        """The amount that each customer's next `orders` orders together stay below with probability `level`."""
        if not 0 < level < 1:
            raise ConfigError(f"`level` is {level!r}; it must lie between 0 and 1 (0.9 for nine times out of ten).")
        _check_orders(orders)
        theta, rows, factor = self._asked(data)
        return rows.give("spend_quantile", factor * gamma_gamma.total_quantile(theta, rows.x, rows.m, level, orders))

    def probability_spend_above(self, data: Any, threshold: float, orders: float = 1.0) -> Any:
        """Probability that each customer's next `orders` orders together bring more than the threshold."""
        _check_orders(orders)
        theta, rows, factor = self._asked(data)
        values = gamma_gamma.probability_total_above(theta, rows.x, rows.m, float(threshold) / factor, orders)
        return rows.give("probability_spend_above", values)

    def sample_spend(self, data: Any, orders: FloatArray | float, rng: np.random.Generator) -> Any:
        """Draw the money of each customer's next `orders` orders, parameters being as estimated."""
        theta, rows, factor = self._asked(data)
        return rows.give("spend", factor * gamma_gamma.sample_future(theta, rows.x, rows.m, orders, rng))

    def interval(
        self, data: Any, question: str = "expected_spend", level: float = 80.0, draws: int = DRAWS, **arguments: Any
    ) -> Any:
        """An answer with what the parameters' uncertainty makes of it: columns `..._low` and `..._high` beside it.

        Parameters
        ----------
        data : as for all questions
        question : str
            ``"expected_spend"``, ``"spend_quantile"`` or ``"probability_spend_above"``, whose arguments follow by name;
            the level of a quantile is then called `quantile`.
        level : float
            Of the interval, in per cent.
        draws : int
            Draws of `posterior_`, whichever method it is of.

        Raises
        ------
        ConfigError
            If there is no such question.
        """
        check_level(level)
        check_question(question, ("expected_spend", "spend_quantile", "probability_spend_above"))
        estimate, rows = self._theta(), self._known_rows(data)
        if "quantile" in arguments:
            arguments["level"] = arguments.pop("quantile")
        elif question == "spend_quantile":
            raise ConfigError("`spend_quantile` needs `quantile`, the level to find: for example quantile=0.9.")
        check_arguments(getattr(self, question), arguments)

        def ask(theta: FloatArray, part: slice) -> FloatArray:
            moved = copy.copy(self)
            moved.parameters_ = dict(zip(self.parameter_names, theta.tolist(), strict=True))
            some = rows.cells.take(np.arange(rows.x.size)[part])
            return np.asarray(getattr(moved, question)(some, **arguments), dtype=np.float64)

        drawn = posterior_draws(self.posterior_, draws)
        value, low, high = answer_interval(ask, estimate, drawn, rows.x.size, level)
        return given_together({question: value, f"{question}_low": low, f"{question}_high": high}, rows.give)

    def prior_predictive(self, draws: int = 1000, seed: int = 0) -> PriorPredictive:
        """What the model's prior says of orders before any is seen, in sentences; no fit is needed.

        Parameters
        ----------
        draws : int
            Draws from the prior: the one given to the model, or its weak one.
        seed : int
            Where chance starts.

        Examples
        --------
        >>> print(GammaGamma().prior_predictive().sentences[0])
        With 80% probability an order is worth between 0.043 and 8.5 times what orders are worth on average.
        """
        prior, rng = prior_of(self.prior, self.weak_prior), np.random.default_rng(seed)
        zero = np.zeros(1)
        return spend_before_data(
            draw_parameters(prior, self.symbols, draws, rng),
            lambda theta: float(gamma_gamma.expected_mean_spend(theta, zero, zero)[0]),
            lambda theta, customers: gamma_gamma.sample_new(theta, np.ones(customers), rng),
        )

    def _likelihood(self, cells: SpendCells) -> tuple[FloatArray, SpendLikelihood]:
        """Scale of each coefficient, and the log-likelihood of cells in log parameters and scaled coefficients."""
        self.coding_ = self.mix_ = None
        if self.covariates is None:
            return np.empty(0), SpendLikelihood(cells)
        attributes = attributes_of(cells)
        coding = self._learn_patterns(attributes, pattern_of(cells), cells.weight)
        stretch = coding.coefficient_scale
        design, offset = moves(coding, attributes)
        return stretch, SpendLikelihood(cells, design * stretch, offset)

    def _asked(self, data: Any, on: dt.date | str | None = None) -> tuple[FloatArray, SpendRows, FloatArray]:
        """Parameters of customers with the reference covariates, rows as of such, and what multiplies their money."""
        theta, rows = self._theta(), self._known_rows(data)
        factor = factors_of(self.coding_, theta, rows.cells)
        found = replace(rows, m=rows.m / factor)
        return theta[: len(self.symbols)], found, factor * self._time_factor(rows.cells, data, on)

    def _new_customer(self, mix: CustomerMix | None) -> float:
        theta, zero = self._theta(), np.zeros(1)
        mean = float(gamma_gamma.expected_mean_spend(theta[: len(self.symbols)], zero, zero)[0])
        if self.coding_ is None or mix is None:
            return mean
        return mean * float(mean_factor(self.coding_, theta[None], mix)[0])

    def _remarks(self, found: SpendToFit) -> tuple[str, ...]:
        remarks = list(found.left_out)
        if self.parameters_["q"] <= 1:
            remarks.append(
                f"q is {self.parameters_['q']:.2f}, so the mean spend over all customers is infinite: so is that of a "
                "customer without an order of known value. Look for amounts that are not orders of one person, or use "
                "GammaGamma(include_first=True)."
            )
        if self.grid_error_ > _NOTABLE_GRID_ERROR:
            remarks.append(
                f"Bins of nearly equal spend moved the estimates by {self.grid_error_:.2f} standard errors; hand over "
                "more rows for an exact fit."
            )
        return tuple(remarks)

    def _settings(self) -> dict[str, Any]:
        return {
            "include_first": self.include_first,
            "prior": self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior,
            "independence": self.independence_.to_dict(),
            "remarks": list(self.remarks_),
            "grid_error": self.grid_error_,
            **self._covariate_settings(),
            **self._timed_settings(),
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        model = cls(bool(settings["include_first"]), Prior.from_dict(given) if isinstance(given, Mapping) else given)
        model.independence_ = Independence.from_dict(settings["independence"])
        model.remarks_ = tuple(settings["remarks"])
        model.grid_error_ = float(settings["grid_error"])
        model._restore_covariates(settings)
        model._restore_timed(settings)
        return model


def _of_part(timed: TimedSpend | None) -> tuple[str, ...]:
    if timed is None or timed.share == 1:
        return ()
    return (f"Orders are many; those of {timed.share:.0%} of the customers were taken for the fit.",)


def _check_orders(orders: float) -> None:
    if not orders > 0:
        raise ConfigError(f"`orders` is {orders!r}; it must be above zero.")
