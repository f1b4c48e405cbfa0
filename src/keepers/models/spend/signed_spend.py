"""Spend with refunds and negative contribution: orders that bring a gain, nothing or a loss, as an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.cells import Cells, FloatArray, SpendCells
from keepers.domain.errors import ConfigError
from keepers.domain.outcome import FitOutcome
from keepers.models.base import PriorChoice
from keepers.models.covariates.answers import CustomerMix
from keepers.models.covariates.encoding import Shifts
from keepers.models.covariates.specification import Covariates
from keepers.models.fitting import Fit, Problem, fit
from keepers.models.posterior import Posterior
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.forecast import SignedForecast, SpendQuestion
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.partwise import PartwiseModel
from keepers.models.spend.signed_likelihood import fit_jointly, mean_size, signed_parts
from keepers.models.spend.signed_rows import SignedRows, a_row_each, nobody, sides_to_fit, signed_rows
from keepers.models.spend.spend_effects import CellEffects, factors_of
from keepers.models.spend.spend_sql import effects_sql
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import beta_binomial, signed_spend
from keepers.numerics.likelihoods.signed_spend import SAFE_MEAN, SAFE_VARIANCE, SignedHistory, SignedMoments
from keepers.summaries.spend_history import SpendSides, sides_table

_MONEY = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0])
_BLOCKS = (slice(0, 3), slice(3, 5), slice(5, 8))
_GAINS = {"p": "p", "q": "q", "gamma": "gamma"}
_LOSSES = {"p_loss": "p", "q_loss": "q", "gamma_loss": "gamma"}
_SEVERITY = (
    FitOutcome.CONVERGED,
    FitOutcome.CONVERGED_WITH_PRIOR,
    FitOutcome.NO_REPEAT_PURCHASES,
    FitOutcome.INFINITE_MEAN,
    FitOutcome.NOT_IDENTIFIED,
    FitOutcome.FLAT_RIDGE,
    FitOutcome.AT_BOUND,
    FitOutcome.FAILED,
)


class SignedSpend(PartwiseModel):
    """Spend an order that may be zero or negative: contribution after returns, credits, orders sold at a loss.

    Each order of a customer is a gain with the customer's own probability, which differs between customers (beta);
    sizes of gains, and sizes of losses, follow a Gamma-Gamma each; some of the other orders bring exactly nothing. Use
    it where the margin is each order's own and some orders lose money: Gamma-Gamma leaves customers with a mean of zero
    or less out, and so is too optimistic. Where no order brings zero or less it is Gamma-Gamma.

    `data` is a summary made of orders, or a frame with a row a customer and the columns `gains`, `gained` (number and
    sum of the orders that bring a gain), `losses`, `lost` (the same of losses, as positive numbers) and `zeros`.

    Parameters
    ----------
    include_first : bool
        Count first orders too, rather than repeat orders alone.
    prior : "auto", None or Prior
        "auto" uses the weak prior of each part in full up to 200 customers that inform it, and fades it until 400; None
        is maximum likelihood always, where it exists.
    covariates : Covariates, optional
        Columns (`spend`), each of which moves three things with a coefficient for each: the size of gains
        (``spend_gamma:...``), the odds that an order is one (``spend_a:...``) and the size of losses
        (``spend_gamma_loss:...``). `fixed` takes some of them out, `equal` ties some.

    Attributes
    ----------
    mean_spend_ : float
        Expected value of an order of a customer not yet known.
    zero_share_ : float
        Of the orders that are no gain, the part that brings exactly nothing.
    loss_share_ : float
        Part of all orders that bring a loss.
    coefficients_ : tuple of Coefficient
        What covariates do.
    only_gains_ : bool
        Whether every order is a gain, so that this is Gamma-Gamma.
    remarks_ : tuple of str
        What to know of the fit, in sentences.

    References
    ----------
    Fader, Hardie, Lee (2005), "RFM and CLV", Journal of Marketing Research 42, for the sizes; Skellam (1948), JRSS B
    10, for the chance of a gain.

    Examples
    --------
    >>> data = {"gains": [4, 1, 0, 6], "gained": [120.0, 45.0, 0.0, 150.0], "losses": [0, 1, 0, 1],
    ...         "lost": [0.0, 20.0, 0.0, 5.0], "zeros": [0, 0, 0, 1]}
    >>> model = SignedSpend().fit(data)
    >>> [round(float(value), 1) for value in model.expected_spend(data)["expected_spend"]]
    [27.3, 26.4, 28.5, 19.0]
    """

    name: ClassVar[str] = "SignedSpend"
    title: ClassVar[str] = "Gains and losses"
    symbols: ClassVar[tuple[str, ...]] = signed_spend.PARAMETERS
    weak_prior: ClassVar[Prior] = Prior(
        {
            "p": LogNormal(4.0, 1.0), "q": LogNormal(3.5, 0.75), "gamma": LogNormal(0.6, 1.25),
            "a": LogNormal(4.0, 1.0), "b": LogNormal(0.4, 1.0),
            "p_loss": LogNormal(4.0, 1.0), "q_loss": LogNormal(3.5, 0.75), "gamma_loss": LogNormal(0.6, 1.25),
        },
        money=True,
    )  # fmt: skip

    zero_share_: float
    loss_share_: float
    only_gains_: bool
    remarks_: tuple[str, ...]

    covariate_shifts: ClassVar[Shifts] = {"spend": {"gamma": 1.0, "a": 1.0, "gamma_loss": 1.0}}

    def __init__(
        self, include_first: bool = False, prior: PriorChoice = "auto", *, covariates: Covariates | None = None
    ) -> None:
        super().__init__(prior, covariates=covariates)
        if isinstance(prior, Prior) and not prior.money:
            raise ConfigError("A prior of spend counts money in mean order values. Write Prior({...}, money=True).")
        self.include_first = bool(include_first)

    def fit(self, data: Any) -> Self:
        """Fit the model to what orders brought.

        Parameters
        ----------
        data : summary or frame
            Customers with at least one (repeat) order.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If nobody has an order with an amount, or numbers are impossible.
        """
        found = sides_to_fit(data, self.include_first, self.needed_attributes)
        orders = float(found.weight @ (found.won + found.missed))
        lost = float(found.losses.weight @ found.losses.x)
        missed = float(found.weight @ found.missed)
        self.only_gains_ = missed == 0
        self.zero_share_ = found.zeros / missed if missed else 0.0
        self.loss_share_ = lost / orders
        informed = (found.gains.customers > 0, not self.only_gains_, found.losses.customers > 0)
        self.coding_ = self.mix_ = None
        parts = (self._sizes(found.gains, _GAINS), self._chance(found), self._sizes(found.losses, _LOSSES))
        self._combine(*parts, informed)
        if self.covariates is not None:
            self._fit_jointly(found, *parts)
        self.n_customers_ = float(found.weight.sum())
        self.remarks_ = self._remarks(found)
        return self

    def expected_spend(self, data: Any) -> Any:
        """Expected value of the next order of each customer, in the money of the data; negative for who loses money."""
        rows, theta = self._asked(data)
        return rows.give("expected_spend", self._moments(theta, rows.history).mean)

    def probability_of_loss(self, data: Any) -> Any:
        """Probability that each customer's next order brings less than zero."""
        rows, theta = self._asked(data)
        history = rows.history
        missed = theta[4] + history.losses + history.zeros
        chance = (1.0 - self.zero_share_) * missed / (theta[3] + history.gains + missed)
        return rows.give("probability_of_loss", np.zeros(chance.shape) if self.only_gains_ else chance)

    def spend_moments(self, data: Any) -> SignedMoments:
        """What is known of each customer's next order on either side, arrays of shape (n,)."""
        rows, theta = self._asked(data)
        return self._moments(theta, rows.history)

    def spend_quantile(self, data: Any, level: float, orders: float = 1.0) -> Any:
        """The amount that each customer's next `orders` orders together stay below with probability `level`.

        By a shifted lognormal with the exact mean and variance of the total; an 80% interval holds 77% to 88% of what
        is drawn from the model.
        """
        if not 0 < level < 1:
            raise ConfigError(f"`level` is {level!r}; it must lie between 0 and 1 (0.9 for nine times out of ten).")
        rows, theta = self._asked(data)
        return rows.give("spend_quantile", signed_spend.quantile(self._total(theta, rows.history, orders), level))

    def probability_spend_above(self, data: Any, threshold: float, orders: float = 1.0) -> Any:
        """Probability that each customer's next `orders` orders together bring more than the threshold."""
        rows, theta = self._asked(data)
        below = signed_spend.probability(self._total(theta, rows.history, orders), float(threshold))
        return rows.give("probability_spend_above", 1.0 - below)

    def sample_spend(self, data: Any, orders: FloatArray | float, rng: np.random.Generator) -> Any:
        """Draw the money of each customer's next `orders` orders, parameters being as estimated."""
        rows, theta = self._asked(data)
        number = np.broadcast_to(np.asarray(orders, dtype=np.float64), rows.history.gains.shape)
        drawn = signed_spend.sample(theta, self.zero_share_, rows.history, number, rng, self.only_gains_)
        return rows.give("spend", drawn)

    def forecast(self, question: SpendQuestion) -> SignedForecast:
        """What valuation needs of the customers of a summary made of orders."""
        summary, theta = question.summary, self._theta()
        table = summary.kept(f"signed_orders:{theta.tolist()!r}", lambda: self._orders_sql(summary))
        arrivals = self.mix_
        if self.coding_ is not None:
            arrivals = CellEffects.of(self.coding_, theta, question.cells, question.buying, question.horizon).arrivals

        def means(draws: FloatArray, cells: Cells | None) -> FloatArray:
            if cells is None or self.coding_ is None:
                return np.array([[self._mean_under(one, arrivals)] for one in draws])
            known = cells
            return np.array([self._moments(self._of_rows(one, known), nobody(known.size)).mean for one in draws])

        mean = self._mean_under(theta, arrivals)
        return SignedForecast(
            scale="(spend.gain - spend.loss)",
            join=f"INNER JOIN {quoted(table)} AS spend ON spend.customer_key = summary.customer_key",
            mean_factor=np.ones(question.cells.size),
            population_mean=self.mean_spend_,
            new_customer_mean=mean,
            means=means,
            prior_orders=max(float(theta[1]) - 1.0, 0.1) / float(theta[0]),
            include_first=self.include_first,
        )

    def _orders_sql(self, summary: Any) -> str:
        theta = self._theta()
        named = {name: repr(self.parameters_[name]) for name in self.symbols}
        if self.coding_ is not None:
            for symbol in self.covariate_shifts["spend"]:
                named[symbol] += f" * exp({effects_sql(self.coding_, theta, symbol, 'summary.')})"
        only = self.only_gains_
        return template("keepers.models.spend.sql", "signed_orders").format(
            summary=quoted(summary.name),
            sides=quoted(sides_table(summary, self.include_first)),
            safe_mean=SAFE_MEAN,
            safe_variance=SAFE_VARIANCE,
            real=repr(1.0 - self.zero_share_),
            won_share="1.0" if only else "won / (won + missed)",
            missed_share="0.0" if only else "missed / (won + missed)",
            won_twice="1.0" if only else "won * (won + 1) / ((won + missed) * (won + missed + 1))",
            missed_twice="0.0" if only else "missed * (missed + 1) / ((won + missed) * (won + missed + 1))",
            one_of_each="0.0" if only else "won * missed / ((won + missed) * (won + missed + 1))",
            **named,
        )

    def _asked(self, data: Any) -> tuple[SignedRows, Any]:
        """Rows, and the parameters of each."""
        theta = self._theta()
        rows = signed_rows(data, self.include_first, self.needed_attributes)
        return rows, self._of_rows(theta, rows.cells)

    def _of_rows(self, theta: FloatArray, rows: SpendCells | Cells) -> Any:
        """The parameters in the order of `symbols`; arrays of shape (n,) where covariates move them."""
        moved = self.covariate_shifts["spend"] if self.coding_ is not None else ()
        return [
            value * factors_of(self.coding_, theta, rows, symbol) if symbol in moved else value
            for symbol, value in zip(self.symbols, theta.tolist(), strict=False)
        ]

    def _mean_of(self, mix: CustomerMix | None) -> float:
        return self._mean_under(self._theta(), mix)

    def _mean_under(self, theta: FloatArray, mix: CustomerMix | None) -> float:
        if self.coding_ is None or mix is None:
            return float(self._moments(self._of_rows(theta, a_row_each(None)), nobody(1)).mean[0])
        found = self._moments(self._of_rows(theta, a_row_each(mix)), nobody(mix.share.size))
        return float(mix.share @ found.mean)

    def _moments(self, theta: Any, history: SignedHistory) -> SignedMoments:
        return signed_spend.moments(theta, self.zero_share_, history, self.only_gains_)

    def _total(self, theta: Any, history: SignedHistory, orders: float) -> signed_spend.Total:
        if not orders >= 1:
            raise ConfigError(f"`orders` is {orders!r}; it is a number of orders, one or more.")
        return signed_spend.total(self._moments(theta, history), np.asarray(float(orders)), np.zeros(1))

    def _sizes(self, cells: SpendCells, names: Mapping[str, str]) -> GammaGamma | None:
        """Gamma-Gamma of the sizes of one side; None where no order is on it."""
        if not cells.size:
            return None
        prior = self.prior
        if isinstance(prior, Prior):
            beliefs = {plain: prior.beliefs[own] for own, plain in names.items()}
            prior = Prior(beliefs, prior.unit, prior.strength, True)
        return GammaGamma(self.include_first, prior).fit(cells)

    def _chance(self, found: SpendSides) -> Fit | None:
        """The chance of a gain; None where every order is one."""
        if self.only_gains_:
            return None

        def likelihood(point: FloatArray, order: int) -> Evaluation:
            return beta_binomial.log_likelihood_sum(np.exp(point), found.won, found.missed, found.weight, order)

        chosen, rescue = self._priors(float(found.weight.sum()))
        symbols, ones = ("a", "b"), np.ones(2)
        share = float(found.weight @ found.won) / float(found.weight @ (found.won + found.missed))
        middle = float(np.clip(share, 0.01, 0.99))
        return fit(
            Problem(
                parameters=symbols,
                likelihood=likelihood,
                starts=[np.log([size * middle, size * (1.0 - middle)]) for size in (4.0, 40.0)],
                rows=found.weight.size,
                prior=None if chosen is None else chosen.on(symbols, ones),
                rescue=None if rescue is None else rescue.on(symbols, ones),
            )
        )

    def _combine(
        self, gains: GammaGamma | None, chance: Fit | None, losses: GammaGamma | None, informed: tuple[bool, ...]
    ) -> None:
        """The three parts as one; a part that no order informs is what the weak prior says, and nothing hangs on it."""
        known = [None if one is None else one.posterior_ for one in (gains, losses)]
        parts = (known[0], None if chance is None else chance.posterior, known[1])
        outcomes = [None if gains is None else gains.outcome_, None if chance is None else chance.outcome]
        outcomes.append(None if losses is None else losses.outcome_)
        sized = gains or losses
        unit = np.log(sized.parameters_["p"] * sized.parameters_["gamma"]) if sized else 0.0
        whole = self.weak_prior.on(self.symbols, np.ones(len(self.symbols)))
        mean, covariance = whole.centre + unit * _MONEY, np.diag(1.0 / whole.precision)
        for block, part in zip(_BLOCKS, parts, strict=True):
            if part is not None:
                mean[block], covariance[block, block] = part.mean, part.covariance
        shares = [part.prior_share for part in parts if part is not None]
        found = [one for one in outcomes if one is not None]
        outcome = max(found, key=_SEVERITY.index) if found else FitOutcome.CONVERGED_WITH_PRIOR
        value = sum(one.log_likelihood_ for one in (gains, losses) if one is not None)
        value += 0.0 if chance is None else chance.log_likelihood
        posterior = Posterior(self.symbols, mean, covariance, float(np.mean(shares)) if shares else 1.0)
        ends = (gains, losses)
        helped = any(one is not None and one.prior_ is not None for one in ends) or not all(informed[:1])
        helped = helped or (chance is not None and chance.prior is not None)
        used = None if not helped else self.prior if isinstance(self.prior, Prior) else self.weak_prior
        self._compose(posterior, float(value), outcome, 0.0, used)

    def _fit_jointly(
        self, found: SpendSides, gains: GammaGamma | None, chance: Fit | None, losses: GammaGamma | None
    ) -> None:
        """Fit all parts together with coefficients, from where the parts are without; what no order informs stays."""
        assert found.attributes is not None
        assert found.pattern is not None
        alone = self.posterior_
        coding = self._learn_patterns(found.attributes, found.pattern, found.weight)
        needed = [
            name for name, one in (("gains", gains), ("losses", losses)) if one is not None and one.prior_ is not None
        ]
        needed += ["chance"] if chance is not None and chance.prior is not None else []
        units = {name: mean_size(cells) for name, cells in (("gains", found.gains), ("losses", found.losses))}
        money = _MONEY * np.repeat(np.log([units["gains"], units["losses"]]), [5, 3])
        parts = signed_parts(found, coding, units["gains"], units["losses"])
        priors = {name: self._priors(part.customers) for name, part in parts.items()}
        result = fit_jointly(parts, alone.shifted(-money), coding, priors, needed, rescued=self.prior == "auto")
        counted = found.gains.customers * np.log(units["gains"]) + found.losses.customers * np.log(units["losses"])
        believed = None if result.prior is None else self.prior if isinstance(self.prior, Prior) else self.weak_prior
        known = self._whole(self._unscaled(result.posterior, money), dict.fromkeys(self.symbols, 1.0))
        for place in (at for at, name in enumerate(self.symbols) if name not in result.posterior.parameters):
            known.mean[place], known.covariance[place, place] = alone.mean[place], alone.covariance[place, place]
        self._compose(known, result.log_likelihood - float(counted), result.outcome, 0.0, believed)

    def _remarks(self, found: SpendSides) -> tuple[str, ...]:
        zeros = found.zeros / float(found.weight @ (found.won + found.missed))
        remarks = [f"{self.loss_share_:.1%} of the orders brought a loss and {zeros:.1%} nothing; all are counted."]
        if self.only_gains_:
            remarks = ["No order brought zero or less, so this is Gamma-Gamma."]
        if found.gains.customers == 0:
            remarks.append("No order brought a gain; sizes of gains rest on the prior alone.")
        if self.parameters_["q"] <= SAFE_MEAN:
            remarks.append(
                f"q is {self.parameters_['q']:.2f}, so the mean gain over all customers is infinite or nearly so; a "
                f"shape of {SAFE_MEAN} stands in. Look for amounts that are not orders of one person."
            )
        return tuple(remarks)

    def _settings(self) -> dict[str, Any]:
        return {
            "include_first": self.include_first,
            "prior": self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior,
            "zero_share": self.zero_share_,
            "loss_share": self.loss_share_,
            "only_gains": self.only_gains_,
            "remarks": list(self.remarks_),
            **self._covariate_settings(),
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        model = cls(bool(settings["include_first"]), Prior.from_dict(given) if isinstance(given, Mapping) else given)
        model.zero_share_, model.loss_share_ = float(settings["zero_share"]), float(settings["loss_share"])
        model.only_gains_, model.remarks_ = bool(settings["only_gains"]), tuple(settings["remarks"])
        model._restore_covariates(settings)
        return model
