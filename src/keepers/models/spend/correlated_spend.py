"""Spend in step with how often customers buy and how soon they leave, as an estimator: the joint model where
independence fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from scipy.special import psi

from keepers.domain.cells import Cells, FloatArray, SpendCells
from keepers.domain.errors import ConfigError
from keepers.domain.outcome import FitOutcome
from keepers.models.base import PriorChoice
from keepers.models.covariates.answers import CustomerMix
from keepers.models.covariates.encoding import Shifts
from keepers.models.covariates.specification import Covariates
from keepers.models.fitting import Fit
from keepers.models.frames import giver, table_giver
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.buying_rates import BuyingRates
from keepers.models.spend.correlated_fit import FEW_NODES, SpendCorrelation, TraitFits, correlation_of, edge_sentences
from keepers.models.spend.forecast import GammaForecast, SpendQuestion
from keepers.models.spend.gamma_forecast import NO_MEAN, gamma_forecast
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.independence import Independence
from keepers.models.spend.known_fits import known_fit
from keepers.models.spend.partwise import PartwiseModel
from keepers.models.spend.rated_rows import customer_rows, summary_of
from keepers.models.spend.spend_effects import CellEffects, factors_of, mean_factor
from keepers.models.spend.spend_rows import summary_columns
from keepers.models.spend.tilt import joint_tilt_columns, tilt_columns, tilted_scale, traits_in_money
from keepers.models.spend.trait_tests import TraitTests
from keepers.numerics.likelihoods import correlated_gamma_gamma as correlated
from keepers.numerics.likelihoods.correlated_traits import TraitNodes

Correlated = Literal["auto", "free", "none"]

_MONEY = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
_HELD = {"kappa": 1.0, "eta": 1.0}


class CorrelatedSpend(PartwiseModel):
    """Spend an order that goes with how often a customer buys (twice the rate, 2^k times the spend) and with how soon
    the customer leaves (twice the risk, 2^h times the spend).

    Use it where `GammaGamma`'s `independence_` does not hold, or `trait_tests` finds that spend goes with leaving. The
    scale of a customer's spend is a power of the purchase rate and of the risk to leave (of the chance to, where
    customers leave after orders), which are known from the purchases up to a mixture of who is still there and who has
    left; the likelihood averages over it. Values take all of it together: who spends much is a more frequent buyer, or
    sooner gone, than the purchases alone say, and what is not known of the traits moves purchases and spend alike, so
    that the value is not the product of the means. With k = h = 0 it is Gamma-Gamma.

    The parameters of buying are taken from the fitted model of buying as they are, so that standard errors and
    intervals are those of spend given buying. Where buying has covariates (columns of customers), traits are compared
    among customers alike in them.

    `data` is a summary, or a frame with `frequency`, `recency`, `T` and `monetary_value` in the unit of the model of
    buying.

    Parameters
    ----------
    correlation : "auto", "free" or "none"
        With the rate. "auto" is Gamma-Gamma unless the correlation is significant at one per cent; "free" takes it as
        estimated.
    include_first : bool
        Count first orders too, rather than repeat orders alone.
    prior : "auto", None or Prior
        As for `GammaGamma`.
    leaving : "auto", "free" or "none"
        The same of the correlation with leaving. In models in which nobody leaves there is none.
    covariates : Covariates, optional
        As for `GammaGamma`: columns (`spend`) that multiply the money of a customer's orders.

    Attributes
    ----------
    correlation_, leaving_correlation_ : SpendCorrelation
        Of log rate, and of log risk to leave, with log mean spend, with interval and a sentence.
    elasticity_, leaving_elasticity_ : float
        k: log kappa; h: log eta.
    gain_, leaving_gain_ : float or None
        Twice the gain in log-likelihood: of a correlation with the rate over independence, and of one with leaving over
        none with it. None where both are "free", as nothing is tested then.
    tests_ : TraitTests or None
        Score tests of both from independence.
    mean_spend_ : float
        Expected value of an order of a customer not yet known.
    coefficients_ : tuple of Coefficient
        What covariates do.
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
    title: ClassVar[str] = "Gamma-Gamma with rate and leaving"
    symbols: ClassVar[tuple[str, ...]] = correlated.PARAMETERS
    weak_prior: ClassVar[Prior] = Prior(
        {**GammaGamma.weak_prior.beliefs, "kappa": LogNormal(1.0, 0.4), "eta": LogNormal(1.0, 0.4)}, money=True
    )
    needs_buying: ClassVar[bool] = True
    covariate_shifts: ClassVar[Shifts] = {"spend": {"gamma": 1.0}}

    rates_: BuyingRates
    correlation_: SpendCorrelation
    leaving_correlation_: SpendCorrelation
    gain_: float | None
    leaving_gain_: float | None
    tests_: TraitTests | None
    independence_: Independence
    remarks_: tuple[str, ...]

    def __init__(
        self,
        correlation: Correlated = "auto",
        include_first: bool = False,
        prior: PriorChoice = "auto",
        *,
        leaving: Correlated = "auto",
        covariates: Covariates | None = None,
    ) -> None:
        super().__init__(prior, covariates=covariates)
        for name, given in (("correlation", correlation), ("leaving", leaving)):
            if given not in get_args(Correlated):
                raise ConfigError(f"`{name}` is {given!r}; use one of: {', '.join(get_args(Correlated))}.")
        if isinstance(prior, Prior) and not prior.money:
            raise ConfigError("A prior of spend counts money in mean order values. Write Prior({...}, money=True).")
        self.correlation: Correlated = correlation
        self.leaving: Correlated = leaving
        self.include_first = bool(include_first)

    def fit(self, data: Any, buying: Any) -> Self:
        """Fit the model to orders, their mean spend, and what purchases say of rate and leaving.

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
        summary = summary_of(data, self.rates_.unit, self._all_attributes)
        plain: GammaGamma = known_fit(
            GammaGamma(self.include_first, self._plain_prior(), covariates=self.covariates), summary
        )
        self._coded_as(plain)
        self.independence_ = plain.independence_
        fits = TraitFits(self, plain, self.coding_, self._stretch)
        asked = (summary, buying, self.rates_, self.include_first, self.needed_attributes)
        search = fits.search(asked)
        found, part = search.fit, search.rows
        self.gain_, self.leaving_gain_, self.tests_ = search.gain, search.leaving_gain, search.tests
        if found is None:
            self._compose(
                self._whole(plain.posterior_, _HELD), plain.log_likelihood_, plain.outcome_, plain.n_customers_,
                plain.prior_,
            )  # fmt: skip
        else:
            prior = None if found.prior is None else self.prior if isinstance(self.prior, Prior) else self.weak_prior
            known = self._whole(self._unscaled(fits.of_all(found, part), _MONEY * np.log(fits.scale)), _HELD)
            customers = fits.customers_of(found)
            constant = -customers * float(np.log(fits.scale))
            self._compose(known, found.log_likelihood + constant, found.outcome, customers, prior)
        free = () if found is None else found.posterior.parameters
        self._hold({symbol: value for symbol, value in _HELD.items() if symbol not in free})
        if (self.parameters_["q"] <= 1 or self._boundless) and self.outcome_.trustworthy_parameters:
            self.outcome_ = FitOutcome.INFINITE_MEAN
        self.correlation_ = correlation_of("rate", self.posterior_, self._theta(), self.rates_)
        self.leaving_correlation_ = correlation_of("leaving", self.posterior_, self._theta(), self.rates_)
        self.remarks_ = self._remarks(plain, part.share, found)
        return self

    @property
    def form_(self) -> str:
        """What was found, by which fits may be compared."""
        found = [name for name in _HELD if self.parameters_[name] != 1.0]
        return f"elasticities {' and '.join(found)}" if found else "no elasticity"

    @property
    def elasticity_(self) -> float:
        """k: by what power of the purchase rate mean spend rises."""
        return float(np.log(self._theta()[3]))

    @property
    def leaving_elasticity_(self) -> float:
        """h: by what power of the risk (or chance) to leave mean spend rises."""
        return float(np.log(self._theta()[4]))

    def expected_spend(self, data: Any) -> Any:
        """Expected value of the next order of each customer who is still one, in the money of the data."""
        theta = self._theta()
        summary = summary_of(data, self.rates_.unit, self._all_attributes)
        cells, place, x, m, row = customer_rows(summary, self.include_first)
        factor = factors_of(self.coding_, theta, cells)[place]
        parts = self.rates_.parts(cells, np.ones(cells.size))[:1]
        nodes = TraitNodes.of_rate(parts[0].rate) if theta[4] == 1.0 else TraitNodes.of(parts)
        spend = correlated.expected_by_row(theta, x, m / factor, nodes, place)
        give = table_giver(summary.engine, summary.name, row) if summary is data else giver(data)
        return give("expected_spend", factor * spend)

    def forecast(self, question: SpendQuestion) -> GammaForecast:
        """What valuation needs of the customers of a summary.

        Raises
        ------
        ConfigError
            If the model of buying is another than the one that spend was fitted with.
        """
        rates, cells = self.rates_, question.cells
        if question.buying.name != rates.model:
            raise ConfigError(
                f"CorrelatedSpend was fitted with {rates.model} and is asked with {question.buying.name}. Fit it "
                "again: CorrelatedSpend().fit(summary, buying)."
            )
        theta, effects = self._theta(), None
        orders, mean = summary_columns(self.include_first)
        if self.coding_ is not None:
            effects = CellEffects.of(self.coding_, theta, cells, question.buying, question.horizon)

        def observed() -> SpendCells:
            known: SpendCells = question.summary.spend_cells(self.include_first, attributes=self.needed_attributes)
            return replace(known, mean_spend=known.mean_spend / factors_of(self.coding_, theta, known))

        plain = gamma_forecast(
            (float(theta[0]), float(theta[1]), float(theta[2])),
            self.posterior_.covariance,
            cells.x,
            self.include_first,
            observed,
            mean=f"summary.{mean}",
            effects=effects,
        )
        joint = theta[4] != 1.0
        if (theta[3] == 1.0 and not joint) or theta[1] <= 1.0:
            return plain
        if joint:
            alive = np.asarray(question.buying.probability_alive(cells))
            columns, added = joint_tilt_columns(theta, cells, rates, alive, question.horizon, self.include_first)
            arrivals = self._new_customer(question)
        else:
            pull = rates.pull(question.buying, cells, question.horizon)
            columns, added = tilt_columns(theta, cells, rates, pull, self.include_first)
            arrivals = self._pulled(rates.pull_new(question.buying, question.horizon))
        population, factor, of_new = self._new_customer(None), "", 1.0
        if effects is not None:
            columns = {
                **columns,
                "spend_gamma": columns["spend_gamma"] * effects.factor,
                "spend_factor": effects.factor,
            }
            factor, of_new = " * cell.spend_factor", float(effects.drawn_new(theta[None])[0])
            arrivals = arrivals * of_new
        return replace(
            plain,
            scale=tilted_scale(orders, mean, columns, population, factor),
            columns=columns,
            population_mean=population * of_new,
            new_customer_mean=arrivals,
            log_variance=np.maximum(plain.log_variance + added, 0.0),
            remark=NO_MEAN if self._boundless else plain.remark,
            typical=True,
            traits=partial(self._traits_in_money, question),
        )

    def _traits_in_money(self, question: SpendQuestion, cells: Cells | None) -> FloatArray:
        """As in `GammaForecast.traits`."""
        rates = self.rates_
        if cells is None:
            arrivals, nodes = rates.arrivals()
            found = traits_in_money(self._theta(), nodes, rates.purchases(arrivals, nodes, question.horizon, new=True))
            return np.asarray(np.average(found, axis=0, weights=arrivals.weight))[None]
        nodes = TraitNodes.of(rates.parts(cells, np.asarray(question.buying.probability_alive(cells))), FEW_NODES)
        return traits_in_money(self._theta(), nodes, rates.purchases(cells, nodes, question.horizon))

    @property
    def _all_attributes(self) -> tuple[str, ...]:
        """Columns of spend, and of buying."""
        return tuple(dict.fromkeys((*self.needed_attributes, *self.rates_.attributes)))

    @property
    def _boundless(self) -> bool:
        """Whether spend rises so fast as a trait goes to zero that its mean over new customers is infinite."""
        shapes = self.rates_.lower_shapes
        return any(-np.log(power) >= shape for power, shape in zip(self._theta()[3:5], shapes, strict=True))

    def _mean_of(self, mix: CustomerMix | None) -> float:
        if self._boundless:
            return float("inf")
        mean = self._new_customer(None)
        if self.coding_ is None or mix is None:
            return mean
        return mean * float(mean_factor(self.coding_, self._theta()[None], mix)[0])

    def _new_customer(self, question: SpendQuestion | None) -> float:
        """Expected value of an order of a new customer; where asked, those counting most who will order most."""
        theta = self._theta()
        if theta[4] == 1.0:
            return self._pulled(0.0)
        cells, nodes = self.rates_.arrivals()
        ahead = np.ones(nodes.log_rate.shape)
        if question is not None:
            ahead = self.rates_.purchases(cells, nodes, question.horizon, new=True)
        nothing = np.zeros(cells.size)
        found = correlated.expected_money(theta, nothing, nothing, nodes, ahead)
        weight = cells.weight * np.sum(np.exp(nodes.log_weight) * ahead, axis=1)
        return float(np.average(found, weights=weight))

    def _pulled(self, pull: float) -> float:
        """The same where only the rate matters, customers counting by a power of it."""
        one, nobody = np.ones(1), np.zeros(1)
        cells, _ = self.rates_.arrivals()
        shape = self.rates_.parameters(cells)["r"][:1]
        exposure = psi(shape)
        return float(correlated.expected_spend(self._theta(), nobody, nobody, shape, exposure, pull * one)[0])

    def _plain_prior(self) -> PriorChoice:
        if not isinstance(self.prior, Prior):
            return self.prior
        beliefs = {name: belief for name, belief in self.prior.beliefs.items() if name in GammaGamma.symbols}
        return Prior(beliefs, self.prior.unit, self.prior.strength, True)

    def _remarks(self, plain: GammaGamma, share: float, found: Fit | None) -> tuple[str, ...]:
        remarks = [*plain.remarks_, self.correlation_.sentence]
        if self.rates_.leaves != "never":
            remarks.append(self.leaving_correlation_.sentence)
        if found is None:
            return (*remarks, "So this is Gamma-Gamma.")
        part = (f"Customers are many; {share:.0%} were taken for the fit, all for the level.",) if share < 1 else ()
        return (*remarks, *edge_sentences(found), *part)

    def _settings(self) -> dict[str, Any]:
        return {
            "correlation": self.correlation,
            "leaving": self.leaving,
            "include_first": self.include_first,
            "prior": self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior,
            "rates": self.rates_.to_dict(),
            "found": [asdict(self.correlation_), asdict(self.leaving_correlation_)],
            "gains": [self.gain_, self.leaving_gain_],
            "tests": None if self.tests_ is None else self.tests_.to_dict(),
            "independence": self.independence_.to_dict(),
            "remarks": list(self.remarks_),
            **self._covariate_settings(),
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(settings["correlation"], bool(settings["include_first"]), prior, leaving=settings["leaving"])
        model.rates_ = BuyingRates.from_dict(settings["rates"])
        model.gain_, model.leaving_gain_ = settings["gains"]
        model.correlation_, model.leaving_correlation_ = (SpendCorrelation(**one) for one in settings["found"])
        model.tests_ = None if settings["tests"] is None else TraitTests.from_dict(settings["tests"])
        model.independence_ = Independence.from_dict(settings["independence"])
        model.remarks_ = tuple(settings["remarks"])
        model._restore_covariates(settings)
        return model
