"""Spend in step with how often customers buy, as an estimator: the joint model where independence fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.domain.outcome import FitOutcome
from keepers.models.base import PriorChoice
from keepers.models.covariates.specification import Covariates
from keepers.models.fitting import Fit, Problem, fit
from keepers.models.frames import giver, table_giver
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.buying_rates import BuyingRates
from keepers.models.spend.forecast import GammaForecast, SpendQuestion
from keepers.models.spend.gamma_forecast import gamma_forecast
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.independence import Independence
from keepers.models.spend.partwise import PartwiseModel, padded
from keepers.models.spend.rated_rows import customer_rows, rated_spend, summary_of
from keepers.models.spend.spend_rows import summary_columns
from keepers.models.spend.tilt import tilt_columns, tilted_scale
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import correlated_gamma_gamma as correlated
from keepers.numerics.likelihoods.correlated_gamma_gamma import RatedSpend, RateNodes

Correlated = Literal["auto", "free", "none"]

SIGNIFICANT = 6.63
"""Twice the gain in log-likelihood that chance exceeds once in a hundred with one more parameter."""

_MONEY = np.array([0.0, 0.0, 1.0, 0.0])
_DRAWS = 400


@dataclass(frozen=True, slots=True)
class SpendCorrelation:
    """Correlation of the logarithms of purchase rate and mean spend over customers, with its interval.

    The interval comes from the parameters of spend; those of buying are taken as known.
    """

    value: float
    low: float
    high: float
    level: float = 0.80

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        if self.value == 0:
            return "How often a customer buys says nothing about the size of the orders, beyond what chance would."
        more = "more" if self.value > 0 else "less"
        return (
            f"Customers who buy more often spend {more} an order: correlation {self.value:+.2f} "
            f"({self.low:+.2f} to {self.high:+.2f} with {self.level:.0%} probability)."
        )


class CorrelatedSpend(PartwiseModel):
    """Spend an order that goes with how often a customer buys: twice the rate, 2^k times the spend.

    Use it where `GammaGamma`'s `independence_` does not hold. The scale of a customer's spend is a power of the
    purchase rate, which is known from the purchases up to a gamma distribution; the likelihood averages over it. Values
    take the two together: who spends much is a more frequent buyer than the purchases alone say, and what is not known
    of the rate moves purchases and spend alike, so that the value is not the product of the means. With k = 0 it is
    Gamma-Gamma.

    The parameters of buying are taken from the fitted model of buying as they are, so that standard errors and
    intervals are those of spend given buying.

    `data` is a summary, or a frame with `frequency`, `recency`, `T` and `monetary_value` in the unit of the model of
    buying.

    Parameters
    ----------
    correlation : "auto", "free" or "none"
        "auto" is Gamma-Gamma unless the correlation is significant at one per cent; "free" takes it as estimated.
    include_first : bool
        Count first orders too, rather than repeat orders alone.
    prior : "auto", None or Prior
        As for `GammaGamma`.
    covariates : None
        Refused with the reason.

    Attributes
    ----------
    correlation_ : SpendCorrelation
        Of log rate and log mean spend, with its interval and a sentence.
    elasticity_ : float
        k: log kappa.
    gain_ : float
        Twice the gain in log-likelihood over independence.
    mean_spend_ : float
        Expected value of an order of a customer not yet known.
    independence_ : Independence
        How frequency and mean spend go together in the data.
    remarks_ : tuple of str
        What to know of the fit, in sentences.

    References
    ----------
    Fader, Hardie, Lee (2005), "RFM and CLV", JMR 42, for the margins; Abe (2009), "Counting Your Customers One by One",
    Marketing Science 28, for a correlation of log rate and other traits of a customer.

    Examples
    --------
    >>> import keepers as kp
    >>> rng = np.random.default_rng(1)
    >>> rate = rng.gamma(2.0, 0.05, 800)
    >>> orders = rng.poisson(rate * 100)
    >>> some = np.maximum(orders, 1)
    >>> spend = 300 * rate * rng.gamma(4.0 * some) / some / rng.gamma(4.0, 1.0, 800)
    >>> data = {"frequency": orders, "recency": np.where(orders > 0, 95.0, 0.0), "T": np.full(800, 100.0),
    ...         "monetary_value": np.where(orders > 0, spend, np.nan)}
    >>> model = CorrelatedSpend().fit(data, kp.NBD().fit(data, unit="week"))
    >>> round(model.elasticity_, 1), model.correlation_.value > 0.5
    (0.9, True)
    """

    name: ClassVar[str] = "CorrelatedSpend"
    title: ClassVar[str] = "Gamma-Gamma with the buying rate"
    symbols: ClassVar[tuple[str, ...]] = correlated.PARAMETERS
    weak_prior: ClassVar[Prior] = Prior({**GammaGamma.weak_prior.beliefs, "kappa": LogNormal(1.0, 0.4)}, money=True)
    needs_buying: ClassVar[bool] = True

    rates_: BuyingRates
    correlation_: SpendCorrelation
    gain_: float
    independence_: Independence
    remarks_: tuple[str, ...]

    without_covariates: ClassVar[str] = (
        "It takes all customers for alike before any order, and a covariate of spend that goes with the buying rate "
        "too would be counted twice."
    )

    def __init__(
        self,
        correlation: Correlated = "auto",
        include_first: bool = False,
        prior: PriorChoice = "auto",
        *,
        covariates: Covariates | None = None,
    ) -> None:
        super().__init__(prior, covariates)
        if correlation not in get_args(Correlated):
            raise ConfigError(f"`correlation` is {correlation!r}; use one of: {', '.join(get_args(Correlated))}.")
        if isinstance(prior, Prior) and not prior.money:
            raise ConfigError("A prior of spend counts money in mean order values. Write Prior({...}, money=True).")
        self.correlation: Correlated = correlation
        self.include_first = bool(include_first)

    def fit(self, data: Any, buying: Any) -> Self:
        """Fit the model to orders, their mean spend, and what purchases say of the rate.

        Parameters
        ----------
        data : summary or frame
            Customers with at least one (repeat) order.
        buying : fitted model
            NBD, BGNBD, MBGNBD or ParetoNBD.

        Returns
        -------
        self

        Raises
        ------
        ConfigError
            If the rates of the model of buying are not gamma distributed.
        InputError
            If nobody has an order with money above zero.
        """
        self.rates_ = BuyingRates.of(buying)
        summary = summary_of(data, self.rates_.unit)
        rows, share = rated_spend(summary, buying, self.rates_, self.include_first)
        plain = GammaGamma(self.include_first, self._plain_prior()).fit(summary)
        self.independence_ = plain.independence_
        scale = float(rows.weight @ rows.mean_spend) / rows.customers
        scaled = RatedSpend(rows.x, rows.mean_spend / scale, rows.shape, rows.log_exposure, rows.weight)
        free = None if self.correlation == "none" else self._fitted(scaled, plain, scale)
        at_plain = np.append(plain.posterior_.mean - np.array([0.0, 0.0, np.log(scale)]), 0.0)
        nodes = RateNodes.of(scaled.shape, scaled.log_exposure)
        without = correlated.log_likelihood_sum(np.exp(at_plain), scaled, nodes, 0).value
        self.gain_ = 0.0 if free is None else max(2.0 * (free.log_likelihood - without), 0.0)
        taken = free is not None and free.outcome.usable and (self.correlation == "free" or self.gain_ > SIGNIFICANT)
        if taken:
            assert free is not None
            self._adopt(free, _MONEY * np.log(scale), -rows.customers * float(np.log(scale)), rows.customers, None)
            self.prior_ = (
                None if free.prior is None else self.prior if isinstance(self.prior, Prior) else self.weak_prior
            )
        else:
            known = padded(plain.posterior_, self.symbols, np.zeros(1))
            self._compose(known, plain.log_likelihood_, plain.outcome_, plain.n_customers_, plain.prior_)
            self._hold({"kappa": 1.0})
        if self.parameters_["q"] <= 1 and self.outcome_.trustworthy_parameters:
            self.outcome_ = FitOutcome.INFINITE_MEAN
        self.correlation_ = self._correlation()
        self.remarks_ = self._remarks(plain, share, taken)
        return self

    @property
    def elasticity_(self) -> float:
        """k: by what power of the purchase rate mean spend rises."""
        return float(np.log(self._theta()[3]))

    @property
    def mean_spend_(self) -> float:
        """Expected value of an order of a customer not yet known."""
        return self._new_customer(0.0)

    def expected_spend(self, data: Any) -> Any:
        """Expected value of the next order of each customer who is still one, in the money of the data."""
        summary = summary_of(data, self.rates_.unit)
        cells, x, m, row = customer_rows(summary, self.include_first)
        spend = correlated.expected_spend(
            self._theta(), x, m, self.rates_.shape(cells), self.rates_.log_exposure_alive(cells), np.zeros(x.shape)
        )
        give = table_giver(summary.engine, summary.name, row) if summary is data else giver(data)
        return give("expected_spend", spend)

    def forecast(self, question: SpendQuestion) -> GammaForecast:
        """What valuation needs of the customers of a summary.

        Raises
        ------
        ConfigError
            If the model of buying is another than the one that spend was fitted with.
        """
        if question.buying.name != self.rates_.model:
            raise ConfigError(
                f"CorrelatedSpend was fitted with {self.rates_.model} and is asked with {question.buying.name}. Fit it "
                "again: CorrelatedSpend().fit(summary, buying)."
            )
        theta = self._theta()
        orders, mean = summary_columns(self.include_first)
        plain = gamma_forecast(
            (float(theta[0]), float(theta[1]), float(theta[2])),
            self.posterior_.covariance[:3, :3],
            question.cells.x,
            self.include_first,
            lambda: question.summary.spend_cells(self.include_first),
            mean=f"summary.{mean}",
        )
        if theta[3] == 1.0 or theta[1] <= 1.0:
            return plain
        pull = self.rates_.pull(question.buying, question.cells, question.horizon)
        columns, log_variance = tilt_columns(theta, question.cells, self.rates_, pull, self.include_first)
        population = self.mean_spend_
        return replace(
            plain,
            scale=tilted_scale(orders, mean, population),
            columns=columns,
            population_mean=population,
            new_customer_mean=self._new_customer(self.rates_.pull_new(question.buying, question.horizon)),
            log_variance=np.maximum(plain.log_variance + log_variance, 0.0),
            typical=True,
        )

    def _new_customer(self, pull: float) -> float:
        one, nobody = np.ones(1), np.zeros(1)
        form, exposure = self.rates_.r * one, self.rates_.log_exposure_new * one
        return float(correlated.expected_spend(self._theta(), nobody, nobody, form, exposure, pull * one)[0])

    def _fitted(self, rows: RatedSpend, plain: GammaGamma, scale: float) -> Fit:
        nodes = RateNodes.of(rows.shape, rows.log_exposure)

        def likelihood(point: FloatArray, order: int) -> Evaluation:
            return correlated.log_likelihood_sum(np.exp(point), rows, nodes, order)

        ones = np.ones(len(self.symbols))
        chosen, rescue = self._priors(rows.customers)
        start = np.append(plain.posterior_.mean - np.array([0.0, 0.0, np.log(scale)]), 0.0)
        return fit(
            Problem(
                parameters=self.symbols,
                likelihood=likelihood,
                starts=[start],
                rows=rows.x.size * correlated.NODES,
                prior=None if chosen is None else chosen.on(self.symbols, ones),
                rescue=None if rescue is None else rescue.on(self.symbols, ones),
            )
        )

    def _plain_prior(self) -> PriorChoice:
        if not isinstance(self.prior, Prior):
            return self.prior
        beliefs = {name: belief for name, belief in self.prior.beliefs.items() if name in GammaGamma.symbols}
        return Prior(beliefs, self.prior.unit, self.prior.strength, True)

    def _correlation(self) -> SpendCorrelation:
        theta = self._theta()
        if theta[3] == 1.0:
            return SpendCorrelation(0.0, 0.0, 0.0)
        drawn = np.random.default_rng(20090401).multivariate_normal(
            self.posterior_.mean[[1, 3]], self.posterior_.covariance[np.ix_([1, 3], [1, 3])], _DRAWS
        )
        of_draws = correlated.correlation(np.exp(drawn[:, 0]), np.exp(drawn[:, 1]), self.rates_.r)
        low, high = np.quantile(of_draws, [0.1, 0.9])
        return SpendCorrelation(
            float(correlated.correlation(theta[1], theta[3], self.rates_.r)), float(low), float(high)
        )

    def _remarks(self, plain: GammaGamma, share: float, taken: bool) -> tuple[str, ...]:
        remarks = [*plain.remarks_, self.correlation_.sentence]
        if not taken:
            return (*remarks, "So this is Gamma-Gamma.")
        if share < 1:
            remarks.append(f"Customers are many; {share:.0%} of them were taken for the fit.")
        return tuple(remarks)

    def _settings(self) -> dict[str, Any]:
        return {
            "correlation": self.correlation,
            "include_first": self.include_first,
            "prior": self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior,
            "rates": self.rates_.to_dict(),
            "found": asdict(self.correlation_),
            "gain": self.gain_,
            "independence": self.independence_.to_dict(),
            "remarks": list(self.remarks_),
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(settings["correlation"], bool(settings["include_first"]), prior)
        model.rates_, model.gain_ = BuyingRates.from_dict(settings["rates"]), float(settings["gain"])
        model.correlation_ = SpendCorrelation(**settings["found"])
        model.independence_ = Independence.from_dict(settings["independence"])
        model.remarks_ = tuple(settings["remarks"])
        return model
