"""Gamma-Gamma spend whose level moves with time, as an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray, SpendCells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.outcome import FitOutcome
from keepers.models.base import PriorChoice
from keepers.models.covariates.specification import Covariates
from keepers.models.fitting import Fit, Problem, fit
from keepers.models.frames import frame_of
from keepers.models.posterior import Posterior
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.forecast import GammaForecast, SpendQuestion
from keepers.models.spend.gamma_forecast import gamma_forecast
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.independence import Independence
from keepers.models.spend.level_rows import level_rows
from keepers.models.spend.partwise import PartwiseModel, padded
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import drifting_gamma_gamma as drifting
from keepers.numerics.likelihoods import gamma_gamma
from keepers.numerics.likelihoods.drifting_gamma_gamma import OrderPanel, effective_orders
from keepers.summaries.spend_history import OrderRows, order_rows
from keepers.summaries.summary import Summary

Drift = Literal["auto", "none", "growth", "forgetting", "both"]

SIGNIFICANT_GROWTH, SIGNIFICANT_FORGETTING = 6.63, 5.41
"""Twice the gain in log-likelihood that chance exceeds once in a hundred: with one more parameter, and with one that is
at the edge of what it may be where there is none."""

_FREE = {"none": (0, 1, 2), "growth": (0, 1, 2, 3), "forgetting": (0, 1, 2, 4), "both": (0, 1, 2, 3, 4)}
_MONEY = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
_NIL = 1e-13
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
    covariates : None
        Refused with the reason.

    Attributes
    ----------
    drift_ : str
        What was found to move: "none", "growth", "forgetting" or "both".
    gains_ : dict of str to float
        Twice the gain in log-likelihood over no drift, by what may move.
    mean_spend_ : float
        Expected value of an order, now, of a customer not yet known.
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

    without_covariates: ClassVar[str] = (
        "A customer's own level moves from order to order here, so that what was known at the start wears off, and a "
        "factor of all orders would say the contrary."
    )

    def __init__(
        self,
        drift: Drift = "auto",
        include_first: bool = False,
        prior: PriorChoice = "auto",
        *,
        covariates: Covariates | None = None,
    ) -> None:
        super().__init__(prior, covariates)
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
        rows = data if isinstance(data, OrderRows) else self._orders(data)
        if not rows.value.size:
            which = "an order" if self.include_first else "a repeat order"
            raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.")
        panel = OrderPanel.of_orders(rows.customer, rows.years_ago, rows.value)
        scale = float(panel.value.mean())
        scaled = OrderPanel(panel.value / scale, panel.years_ago, panel.starts)
        cells = _pairs(panel)
        plain = self._gamma_gamma(data, cells)
        found = self._compared(scaled, plain, scale)
        self.gains_ = {name: 2.0 * (one.log_likelihood - found["none"].log_likelihood) for name, one in found.items()}
        self.drift_ = self._chosen(found)
        self.independence_ = plain.independence_
        if self.drift_ == "none":
            known = padded(plain.posterior_, self.symbols, np.log([1.0, _NIL]))
            self._compose(known, plain.log_likelihood_, plain.outcome_, plain.n_customers_, plain.prior_)
            self._hold(_HELD)
        else:
            one = found[self.drift_]
            prior = None if one.prior is None else self.prior if isinstance(self.prior, Prior) else self.weak_prior
            value = one.log_likelihood - panel.orders * float(np.log(scale))
            known = self._placed(one.posterior, _FREE[self.drift_]).shifted(_MONEY * np.log(scale))
            self._compose(known, value, one.outcome, float(panel.customers), prior)
            self._hold({symbol: value for symbol, value in _HELD.items() if symbol not in one.posterior.parameters})
        if self.parameters_["q"] <= 1 and self.outcome_.trustworthy_parameters:
            self.outcome_ = FitOutcome.INFINITE_MEAN
        self.remarks_ = self._remarks(rows)
        return self

    @property
    def mean_spend_(self) -> float:
        """Expected value of an order, now, of a customer not yet known."""
        zero = np.zeros(1)
        return float(gamma_gamma.expected_mean_spend(self._theta()[:3], zero, zero)[0])

    def expected_spend(self, data: Any, years_ahead: float = 0.0) -> Any:
        """Expected value of the next order of each customer, in money of the day of the forecast.

        Parameters
        ----------
        data : summary made of orders, or frame with `frequency` and `level`
            `level` is the mean of the orders, brought to the level of now and weighted as `level_weights` says.
        years_ahead : float
            Carry the common growth on so far.
        """
        rows, theta = self._rows(data), self._theta()
        n = effective_orders(theta[4], rows.x)
        spend = gamma_gamma.expected_mean_spend(theta[:3], n, rows.m) * theta[3] ** float(years_ahead)
        return rows.give("expected_spend", spend)

    def spend_predictive(self, data: Any) -> gamma_gamma.SpendPredictive:
        """What is known of each customer's mean spend and next order: means and variances, arrays of shape (n,)."""
        rows, theta = self._rows(data), self._theta()
        return gamma_gamma.spend_predictive(theta[:3], effective_orders(theta[4], rows.x), rows.m)

    def spend_quantile(self, data: Any, level: float, orders: float = 1.0) -> Any:
        """The amount that each customer's next `orders` orders together stay below with probability `level`."""
        if not 0 < level < 1:
            raise ConfigError(f"`level` is {level!r}; it must lie between 0 and 1 (0.9 for nine times out of ten).")
        rows, theta = self._rows(data), self._theta()
        n = effective_orders(theta[4], rows.x)
        return rows.give("spend_quantile", gamma_gamma.total_quantile(theta[:3], n, rows.m, level, orders))

    def probability_spend_above(self, data: Any, threshold: float, orders: float = 1.0) -> Any:
        """Probability that each customer's next `orders` orders together bring more than the threshold."""
        rows, theta = self._rows(data), self._theta()
        n = effective_orders(theta[4], rows.x)
        values = gamma_gamma.probability_total_above(theta[:3], n, rows.m, float(threshold), orders)
        return rows.give("probability_spend_above", values)

    def sample_spend(self, data: Any, orders: FloatArray | float, rng: np.random.Generator) -> Any:
        """Draw the money of each customer's next `orders` orders, parameters being as estimated."""
        rows, theta = self._rows(data), self._theta()
        n = effective_orders(theta[4], rows.x)
        return rows.give("spend", gamma_gamma.sample_future(theta[:3], n, rows.m, orders, rng))

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
        return gamma_forecast(
            (float(theta[0]), float(theta[1]), float(theta[2])),
            self.posterior_.covariance[:3, :3],
            question.cells.x,
            self.include_first,
            lambda: question.summary.spend_cells(self.include_first),
            mean=rows.mean,
            join=""
            if rows.table is None
            else f"LEFT JOIN {quoted(rows.table)} AS spend ON spend.customer_key = summary.customer_key",
            forgetting=forgetting,
        )

    def _orders(self, data: Any) -> OrderRows:
        if isinstance(data, Summary):
            return order_rows(data, self.include_first)
        frame = data if isinstance(data, dict) else frame_of(data)
        names = list(frame) if isinstance(frame, dict) else frame.columns
        missing = [name for name in ("customer", "years_ago", "amount") if name not in names]
        if missing:
            raise InputError(
                f"The frame lacks {', '.join(missing)} (it has: {', '.join(map(str, names))}). Drift is seen in single "
                "orders: give a row each, with `customer`, `years_ago` and `amount`, or make a summary of orders with "
                "`keepers.summarise`."
            )
        columns = {name: frame[name] for name in ("customer", "years_ago", "amount")}
        listed = {name: np.asarray(c.to_numpy() if hasattr(c, "to_numpy") else c) for name, c in columns.items()}
        customer = np.unique(listed["customer"], return_inverse=True)[1].ravel()
        years_ago, value = (listed[name].astype(np.float64) for name in ("years_ago", "amount"))
        if not (np.isfinite(years_ago).all() and (years_ago >= 0).all()):
            raise InputError("`years_ago` of the frame has empty, infinite or negative values; 0 is now.")
        bad = np.bincount(customer, ~(np.isfinite(value) & (value > 0))) > 0
        kept = ~bad[customer]
        return OrderRows(customer[kept], years_ago[kept], value[kept], 1.0)

    def _rows(self, data: Any) -> Any:
        theta = self._theta()
        return level_rows(data, self.include_first, float(np.log(theta[3])), float(theta[4]))

    def _compared(self, panel: OrderPanel, plain: GammaGamma, scale: float) -> dict[str, Fit]:
        """Fits with no drift and with every kind that is wanted and could be seen."""
        start = np.append(plain.posterior_.mean - np.array([0.0, 0.0, np.log(scale)]), [0.0, np.log(0.05)])
        found = {"none": self._fitted(panel, "none", start)}
        well = plain.outcome_ in (FitOutcome.CONVERGED, FitOutcome.CONVERGED_WITH_PRIOR)
        # Drift is told from the differences between orders, growth from orders at different times as well.
        if self.drift == "none" or np.ptp(panel.value) <= 1e-9 or (self.drift == "auto" and not well):
            return found
        timed, several = bool(np.ptp(panel.years_ago) > 0), panel.starts.size > 2
        # Where customers hardly differ, their own levels have nothing to move between.
        several = several and (self.drift != "auto" or plain.parameters_["q"] < _ALIKE)
        start[:3] = found["none"].log_parameters[:3]
        for name, seen in (("growth", timed), ("forgetting", several)):
            if seen and self.drift in ("auto", name):
                found[name] = self._fitted(panel, name, start)
        base = found["none"].log_likelihood
        gain = {name: 2.0 * (one.log_likelihood - base) for name, one in found.items()}
        likely = gain.get("growth", 0.0) > SIGNIFICANT_GROWTH and gain.get("forgetting", 0.0) > SIGNIFICANT_FORGETTING
        if timed and several and (self.drift == "both" or likely):
            found["both"] = self._fitted(panel, "both", start)
        return found

    def _fitted(self, panel: OrderPanel, drift: str, start: FloatArray) -> Fit:
        free = list(_FREE[drift])
        whole = np.array([0.0, 0.0, 0.0, 0.0, -np.inf])

        def likelihood(point: FloatArray, order: int) -> Evaluation:
            at = whole.copy()
            at[free] = point
            found = drifting.log_likelihood_sum(np.exp(at), panel, order)
            return Evaluation(found.value, found.gradient[free], found.hessian[np.ix_(free, free)])

        symbols = tuple(self.symbols[place] for place in free)
        ones = np.ones(len(free))
        chosen, rescue = self._priors(panel.customers)
        return fit(
            Problem(
                parameters=symbols,
                likelihood=likelihood,
                starts=[start[free]],
                rows=panel.orders,
                prior=None if chosen is None else chosen.on(symbols, ones),
                rescue=None if rescue is None else rescue.on(symbols, ones),
            )
        )

    def _placed(self, known: Posterior, free: tuple[int, ...]) -> Posterior:
        """A posterior of the free parameters among all of them, the others held."""
        places = np.ix_(free, free)
        mean, covariance = np.log([1.0, 1.0, 1.0, 1.0, _NIL]), np.diag(np.full(len(self.symbols), _NIL))
        mean[list(free)], covariance[places] = known.mean, known.covariance
        return Posterior(self.symbols, mean, covariance, known.prior_share)

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
        return GammaGamma(self.include_first, prior).fit(data if isinstance(data, Summary) else cells)

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
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(settings["drift"], bool(settings["include_first"]), prior)
        model.drift_, model.gains_ = str(settings["found"]), dict(settings["gains"])
        model.independence_ = Independence.from_dict(settings["independence"])
        model.remarks_ = tuple(settings["remarks"])
        return model


def _pairs(panel: OrderPanel) -> SpendCells:
    """Orders and mean spend of the customers of a panel."""
    total, count = np.zeros(panel.customers), np.zeros(panel.customers)
    for start, end in zip(panel.starts[:-1], panel.starts[1:], strict=True):
        total[: end - start] += panel.value[start:end]
        count[: end - start] += 1.0
    return SpendCells.of_customers(count, total / count)
