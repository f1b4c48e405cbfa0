"""Gamma-Gamma spend whose level moves with time, as an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray, SpendCells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.outcome import FitOutcome
from keepers.models.base import PriorChoice
from keepers.models.covariates.answers import CustomerMix
from keepers.models.covariates.encoding import Shifts
from keepers.models.covariates.specification import Covariates
from keepers.models.fitting import Fit, Problem, fit
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.forecast import GammaForecast, SpendQuestion
from keepers.models.spend.gamma_forecast import gamma_forecast
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.independence import Independence
from keepers.models.spend.known_fits import known_fit
from keepers.models.spend.level_rows import LevelRows, level_rows
from keepers.models.spend.partwise import PartwiseModel
from keepers.models.spend.single_orders import orders_of, pairs_of
from keepers.models.spend.spend_effects import CellEffects, factors_of, mean_factor, moves
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import drifting_gamma_gamma as drifting
from keepers.numerics.likelihoods import gamma_gamma
from keepers.numerics.likelihoods.drifting_gamma_gamma import OrderPanel, effective_orders
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift
from keepers.summaries.spend_history import OrderRows
from keepers.summaries.summary import Summary

Drift = Literal["auto", "none", "growth", "forgetting", "both"]

SIGNIFICANT_GROWTH, SIGNIFICANT_FORGETTING = 6.63, 5.41
"""Twice the gain in log-likelihood that chance exceeds once in a hundred: with one more parameter, and with one that is
at the edge of what it may be where there is none."""

_FREE = {"none": (0, 1, 2), "growth": (0, 1, 2, 3), "forgetting": (0, 1, 2, 4), "both": (0, 1, 2, 3, 4)}
_MONEY = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
_ALIKE = 100.0
_HELD = {"growth": 1.0, "forgetting": 0.0}


class DriftingGammaGamma(PartwiseModel):
    """Spend an order that moves: all orders grow by a common factor a year, and each customer's own level drifts.

    Old orders are brought to the level of now by the growth, and count less the more orders came after them, because
    the customer's level has moved since: with `forgetting` 0.1 an order that nine others followed has 40% of the weight
    of the last one. Both are estimated from single orders, by an exact likelihood. Without growth and without
    forgetting this is Gamma-Gamma, and `drift="auto"` makes it that where the orders show neither.

    The growth of the past is not carried on into the future: values are in money of the day of the forecast, and a
    discount rate says what later money is worth. `expected_spend(data, years_ahead=1)` carries it on where that is
    wanted.

    `data` is a summary made of orders; for a fit also a frame with a row an order and the columns `customer`,
    `years_ago` and `amount`. Customers with an order of zero or less are left out of the fit.

    Parameters
    ----------
    drift : "auto", "none", "growth", "forgetting" or "both"
        What may move; "auto" keeps what is significant at one per cent.
    include_first : bool
        Count first orders too, rather than repeat orders alone.
    prior : "auto", None or Prior
        As for `GammaGamma`.
    covariates : Covariates, optional
        As for `GammaGamma`: columns (`spend`) that multiply the money of a customer's orders. What old orders lose in
        weight, customers alike in the columns gain.

    Attributes
    ----------
    drift_ : str
        What was found to move: "none", "growth", "forgetting" or "both".
    gains_ : dict of str to float
        Twice the gain in log-likelihood over no drift, by what may move.
    mean_spend_ : float
        Expected value of an order, now, of a customer not yet known.
    coefficients_ : tuple of Coefficient
        What covariates do.
    remarks_ : tuple of str
        What to know of the fit, in sentences.

    References
    ----------
    Smith (1979), "A Generalization of the Bayesian Steady Forecasting Model", JRSS B 41; Smith, Miller (1986), JRSS B
    48, for a gamma rate; Fader, Hardie, Lee (2005), JMR 42, for Gamma-Gamma.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> customer = np.repeat(np.arange(300), 8)
    >>> years_ago = np.tile(np.linspace(3.5, 0.0, 8), 300)
    >>> level = 30 / rng.gamma(4.0, 1.0, 300)[customer] * 1.10 ** (3.5 - years_ago)
    >>> orders = {"customer": customer, "years_ago": years_ago, "amount": rng.gamma(4.0, level)}
    >>> model = DriftingGammaGamma().fit(orders)
    >>> model.drift_, round(model.parameters_["growth"], 2)
    ('growth', 1.11)
    """

    name: ClassVar[str] = "DriftingGammaGamma"
    title: ClassVar[str] = "Drifting Gamma-Gamma"
    symbols: ClassVar[tuple[str, ...]] = drifting.PARAMETERS
    weak_prior: ClassVar[Prior] = Prior(
        {**GammaGamma.weak_prior.beliefs, "growth": LogNormal(1.0, 0.15), "forgetting": LogNormal(0.05, 1.5)},
        money=True,
    )

    drift_: str
    gains_: dict[str, float]
    independence_: Independence
    remarks_: tuple[str, ...]

    covariate_shifts: ClassVar[Shifts] = {"spend": {"gamma": 1.0}}

    def __init__(
        self,
        drift: Drift = "auto",
        include_first: bool = False,
        prior: PriorChoice = "auto",
        *,
        covariates: Covariates | None = None,
    ) -> None:
        super().__init__(prior, covariates=covariates)
        if drift not in get_args(Drift):
            raise ConfigError(f"`drift` is {drift!r}; use one of: {', '.join(get_args(Drift))}.")
        if isinstance(prior, Prior) and not prior.money:
            raise ConfigError("A prior of spend counts money in mean order values. Write Prior({...}, money=True).")
        self.drift: Drift = drift
        self.include_first = bool(include_first)

    def fit(self, data: Any) -> Self:
        """Fit the model to single orders.

        Parameters
        ----------
        data : summary made of orders, OrderRows or frame
            With at least one (repeat) order that brought something.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If nobody has such an order, or columns are missing.
        """
        rows = data if isinstance(data, OrderRows) else orders_of(data, self.include_first, self.needed_attributes)
        if not rows.value.size:
            which = "an order" if self.include_first else "a repeat order"
            raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.")
        panel = OrderPanel.of_orders(rows.customer, rows.years_ago, rows.value, rows.pattern)
        scale = float(panel.value.mean())
        scaled = replace(panel, value=panel.value / scale)
        plain = self._gamma_gamma(data, pairs_of(panel, rows.attributes))
        self._coded_as(plain)
        found = self._compared(scaled, plain, scale, self._shift(panel, rows))
        self.gains_ = {name: 2.0 * (one.log_likelihood - found["none"].log_likelihood) for name, one in found.items()}
        self.drift_ = self._chosen(found)
        self.independence_ = plain.independence_
        if self.drift_ == "none":
            known = self._whole(plain.posterior_, _HELD)
            self._compose(known, plain.log_likelihood_, plain.outcome_, plain.n_customers_, plain.prior_)
            self._hold(_HELD)
        else:
            one = found[self.drift_]
            prior = None if one.prior is None else self.prior if isinstance(self.prior, Prior) else self.weak_prior
            value = one.log_likelihood - panel.orders * float(np.log(scale))
            known = self._whole(self._unscaled(one.posterior, _MONEY * np.log(scale)), _HELD)
            self._compose(known, value, one.outcome, float(panel.customers), prior)
            self._hold({symbol: value for symbol, value in _HELD.items() if symbol not in one.posterior.parameters})
        if self.parameters_["q"] <= 1 and self.outcome_.trustworthy_parameters:
            self.outcome_ = FitOutcome.INFINITE_MEAN
        self.remarks_ = self._remarks(rows)
        return self

    @property
    def form_(self) -> str:
        """What was found, by which fits may be compared."""
        return f"drift of {self.drift_}"

    def expected_spend(self, data: Any, years_ahead: float = 0.0) -> Any:
        """Expected value of the next order of each customer, in money of the day of the forecast.

        Parameters
        ----------
        data : summary made of orders, or frame with `frequency` and `level`
            `level` is the mean of the orders, brought to the level of now and weighted as `level_weights` says.
        years_ahead : float
            Carry the common growth on so far.
        """
        theta, rows, n, factor = self._asked(data)
        spend = gamma_gamma.expected_mean_spend(theta[:3], n, rows.m) * theta[3] ** float(years_ahead)
        return rows.give("expected_spend", factor * spend)

    def spend_predictive(self, data: Any) -> gamma_gamma.SpendPredictive:
        """What is known of each customer's mean spend and next order: means and variances, arrays of shape (n,)."""
        theta, rows, n, factor = self._asked(data)
        return gamma_gamma.spend_predictive(theta[:3], n, rows.m).times(factor)

    def spend_quantile(self, data: Any, level: float, orders: float = 1.0) -> Any:
        """The amount that each customer's next `orders` orders together stay below with probability `level`."""
        if not 0 < level < 1:
            raise ConfigError(f"`level` is {level!r}; it must lie between 0 and 1 (0.9 for nine times out of ten).")
        theta, rows, n, factor = self._asked(data)
        return rows.give("spend_quantile", factor * gamma_gamma.total_quantile(theta[:3], n, rows.m, level, orders))

    def probability_spend_above(self, data: Any, threshold: float, orders: float = 1.0) -> Any:
        """Probability that each customer's next `orders` orders together bring more than the threshold."""
        theta, rows, n, factor = self._asked(data)
        values = gamma_gamma.probability_total_above(theta[:3], n, rows.m, float(threshold) / factor, orders)
        return rows.give("probability_spend_above", values)

    def sample_spend(self, data: Any, orders: FloatArray | float, rng: np.random.Generator) -> Any:
        """Draw the money of each customer's next `orders` orders, parameters being as estimated."""
        theta, rows, n, factor = self._asked(data)
        return rows.give("spend", factor * gamma_gamma.sample_future(theta[:3], n, rows.m, orders, rng))

    def level_weights(self, years_ago: FloatArray) -> FloatArray:
        """By what each of a customer's orders, oldest first, is multiplied before they are summed, shape (n,)."""
        theta = self._theta()
        later = np.arange(years_ago.size)[::-1]
        return np.asarray(theta[3] ** np.asarray(years_ago, dtype=np.float64) * np.exp(-theta[4] * later))

    def forecast(self, question: SpendQuestion) -> GammaForecast:
        """What valuation needs of the customers of a summary made of orders."""
        theta = self._theta()
        log_growth, forgetting = float(np.log(theta[3])), float(theta[4])
        rows = level_rows(question.summary, self.include_first, log_growth, forgetting)
        effects = None
        if self.coding_ is not None:
            effects = CellEffects.of(self.coding_, theta, question.cells, question.buying, question.horizon)

        def observed() -> SpendCells:
            cells: SpendCells = question.summary.spend_cells(self.include_first, attributes=self.needed_attributes)
            return replace(cells, mean_spend=cells.mean_spend / factors_of(self.coding_, theta, cells))

        return gamma_forecast(
            (float(theta[0]), float(theta[1]), float(theta[2])),
            self.posterior_.covariance,
            question.cells.x,
            self.include_first,
            observed,
            mean=rows.mean,
            join=""
            if rows.table is None
            else f"LEFT JOIN {quoted(rows.table)} AS spend ON spend.customer_key = summary.customer_key",
            forgetting=forgetting,
            effects=effects,
        )

    def _asked(self, data: Any) -> tuple[FloatArray, LevelRows, FloatArray, FloatArray]:
        """Parameters, rows as of customers with the reference covariates, what their orders count for, their factor."""
        theta = self._theta()
        rows = level_rows(data, self.include_first, float(np.log(theta[3])), float(theta[4]), self.needed_attributes)
        factor = factors_of(self.coding_, theta, rows.cells)
        return theta, replace(rows, m=rows.m / factor), effective_orders(theta[4], rows.x), factor

    def _mean_of(self, mix: CustomerMix | None) -> float:
        theta, zero = self._theta(), np.zeros(1)
        mean = float(gamma_gamma.expected_mean_spend(theta[:3], zero, zero)[0])
        return (
            mean
            if self.coding_ is None or mix is None
            else mean * float(mean_factor(self.coding_, theta[None], mix)[0])
        )

    def _shift(self, panel: OrderPanel, rows: OrderRows) -> ScaleShift | None:
        """How coefficients per standard deviation move each order's gamma."""
        if self.coding_ is None or panel.pattern is None or rows.attributes is None:
            return None
        there, place = np.unique(panel.pattern, return_inverse=True)
        design, offset = moves(self.coding_, rows.attributes.take(there))
        return ScaleShift(place.ravel(), design * self._stretch, offset)

    def _compared(self, panel: OrderPanel, plain: GammaGamma, scale: float, shift: ScaleShift | None) -> dict[str, Fit]:
        """Fits with no drift and with every kind that is wanted and could be seen."""
        known = plain.posterior_.mean
        start = np.concatenate(
            [known[:3] - np.array([0.0, 0.0, np.log(scale)]), [0.0, np.log(0.05)], known[3:] / self._stretch]
        )
        found = {"none": self._fitted(panel, "none", start, shift)}
        well = plain.outcome_ in (FitOutcome.CONVERGED, FitOutcome.CONVERGED_WITH_PRIOR)
        # Drift is told from the differences between orders, growth from orders at different times as well.
        if self.drift == "none" or np.ptp(panel.value) <= 1e-9 or (self.drift == "auto" and not well):
            return found
        timed, several = bool(np.ptp(panel.years_ago) > 0), panel.starts.size > 2
        # Where customers hardly differ, their own levels have nothing to move between.
        several = several and (self.drift != "auto" or plain.parameters_["q"] < _ALIKE)
        start[:3], start[5:] = np.split(found["none"].log_parameters, [3])
        for name, seen in (("growth", timed), ("forgetting", several)):
            if seen and self.drift in ("auto", name):
                found[name] = self._fitted(panel, name, start, shift)
        base = found["none"].log_likelihood
        gain = {name: 2.0 * (one.log_likelihood - base) for name, one in found.items()}
        likely = gain.get("growth", 0.0) > SIGNIFICANT_GROWTH and gain.get("forgetting", 0.0) > SIGNIFICANT_FORGETTING
        if timed and several and (self.drift == "both" or likely):
            found["both"] = self._fitted(panel, "both", start, shift)
        return found

    def _fitted(self, panel: OrderPanel, drift: str, start: FloatArray, shift: ScaleShift | None) -> Fit:
        free = list(_FREE[drift])
        places = [*free, *range(5, start.size)]
        whole = np.concatenate([[0.0, 0.0, 0.0, 0.0, -np.inf], np.zeros(start.size - 5)])

        def likelihood(point: FloatArray, order: int) -> Evaluation:
            at = whole.copy()
            at[places] = point
            at[:5] = np.exp(at[:5])
            found = drifting.log_likelihood_sum(at, panel, order, shift)
            return Evaluation(found.value, found.gradient[places], found.hessian[np.ix_(places, places)])

        symbols = tuple(self.symbols[place] for place in free)
        names = self.parameter_names[len(self.symbols) :]
        chosen, rescue = self._priors(panel.customers)
        return fit(
            Problem(
                parameters=(*symbols, *names),
                likelihood=likelihood,
                starts=[start[places]],
                rows=panel.orders,
                prior=self._belief(chosen, symbols, rescuing=False),
                rescue=None if rescue is None else self._belief(rescue, symbols, rescuing=True),
                coefficients=names,
            )
        )

    def _chosen(self, found: Mapping[str, Fit]) -> str:
        usable = {name: gain for name, gain in self.gains_.items() if found[name].outcome.usable and np.isfinite(gain)}
        if self.drift != "auto":
            return self.drift if self.drift in usable else "none"
        growth, forgetting = usable.get("growth", 0.0), usable.get("forgetting", 0.0)
        both = usable.get("both", 0.0)
        if both - forgetting > SIGNIFICANT_GROWTH and both - growth > SIGNIFICANT_FORGETTING:
            return "both"
        if growth > SIGNIFICANT_GROWTH and growth >= forgetting:
            return "growth"
        return "forgetting" if forgetting > SIGNIFICANT_FORGETTING else "none"

    def _gamma_gamma(self, data: Any, cells: SpendCells) -> GammaGamma:
        """Gamma-Gamma as it would be fitted itself: on means rather than on single orders."""
        prior = self.prior
        if isinstance(prior, Prior):
            beliefs = {name: belief for name, belief in prior.beliefs.items() if name in GammaGamma.symbols}
            prior = Prior(beliefs, prior.unit, prior.strength, True)
        plain = GammaGamma(self.include_first, prior, covariates=self.covariates)
        fitted: GammaGamma = known_fit(plain, data if isinstance(data, Summary) else cells)
        return fitted

    def _remarks(self, rows: OrderRows) -> tuple[str, ...]:
        if self.drift_ == "none":
            return ("Orders show no drift of spend, so this is Gamma-Gamma.",)
        remarks = []
        if self.drift_ in ("growth", "both"):
            change = self.parameters_["growth"] - 1.0
            remarks.append(f"Order values {'grew' if change > 0 else 'fell'} by {abs(change):.1%} a year.")
        if self.drift_ in ("forgetting", "both"):
            kept = float(np.exp(-self.parameters_["forgetting"]))
            remarks.append(
                f"A customer's level moves: with each further order the earlier ones count {1 - kept:.0%} less."
            )
        if rows.share < 1:
            remarks.append(f"Orders are many; those of {rows.share:.0%} of the customers were taken for the fit.")
        return tuple(remarks)

    def _settings(self) -> dict[str, Any]:
        return {
            "drift": self.drift,
            "include_first": self.include_first,
            "prior": self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior,
            "found": self.drift_,
            "gains": self.gains_,
            "independence": self.independence_.to_dict(),
            "remarks": list(self.remarks_),
            **self._covariate_settings(),
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(settings["drift"], bool(settings["include_first"]), prior)
        model.drift_, model.gains_ = str(settings["found"]), dict(settings["gains"])
        model.independence_ = Independence.from_dict(settings["independence"])
        model.remarks_ = tuple(settings["remarks"])
        model._restore_covariates(settings)
        return model
