"""Whether customers still behave as a fitted model says: an alarm whose false alarms are as rare as it says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import Horizon, TimeUnit
from keepers.evaluation.drift_period import period_of_frame, period_of_summary
from keepers.evaluation.drift_sentences import finding_sentence, moved_parts, whole_sentence
from keepers.evaluation.drift_statistics import Counted, counted
from keepers.models.base import Model
from keepers.models.buying import BuyingModel
from keepers.models.contractual.contract import ContractModel
from keepers.models.pooled import PooledModel
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.summary import Summary

SMALL = 0.05
"""Changes of less than this move values by less than their intervals are wide: an alarm over them can wait."""

_REPLICATES, _TAIL, _SEED = 199, 3, 20050514
_STRICTEST = 1e-3
_SEEN_MOSTLY = 0.8416
"""Standard normal quantile of 80%, the power at which the smallest change that would be seen is stated."""


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """One statistic of the new period against what the fitted model expects.

    Attributes
    ----------
    name : str
        What was counted, such as ``"purchases"``.
    observed, expected : float
        As it was, and the mean of what the model expects.
    low, high : float
        Between which it lies in 80% of the drawn periods.
    change : float
        Observed over expected, less one: -0.2 is a fifth less.
    p_value : float
        Chance that any of the statistics is as far off as this one while nothing has changed.
    detectable : float
        The smallest change of this statistic that an alarm would see in four of five cases.
    sentence : str
        In words.
    """

    name: str
    observed: float
    expected: float
    low: float
    high: float
    change: float
    p_value: float
    detectable: float
    sentence: str


@dataclass(frozen=True, slots=True)
class ParameterDrift:
    """The answer of `parameter_drift`.

    Attributes
    ----------
    alarm : bool
        Whether customers behave differently, at the rate of false alarms that was asked for.
    p_value, threshold : float
        Chance of so large a difference while nothing has changed, and the value up to which the alarm is raised.
    findings : tuple of DriftFinding
        One for each statistic, the most telling first.
    moved : tuple of str
        Which parts of behaviour moved, if there is an alarm: "purchase rate", "dropout", "heterogeneity" (how unlike
        customers are), "new customers", "spend".
    refit : bool
        Whether fitting again pays: there is an alarm, and what raised it is off by 5% or more.
    remarks : tuple of str
        What could not be judged.
    sentence : str
        All of this in words.
    """

    alarm: bool
    p_value: float
    threshold: float
    findings: tuple[DriftFinding, ...]
    moved: tuple[str, ...]
    refit: bool
    remarks: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return asdict(self)


def parameter_drift(
    model: Model,
    since: Any,
    *,
    spending: GammaGamma | None = None,
    newcomers: Any = None,
    horizon: Horizon | None = None,
    unit: TimeUnit | str | None = None,
    false_alarms: float = 0.05,
    checks: int = 1,
) -> ParameterDrift:
    """Say whether customers still behave as a fitted model says, which moved and by how much, without a fit.

    Use it whenever new orders have come in and the model is still that of an earlier day: it costs less than a fit and
    tells when a fit pays. `goodness_of_fit` asks whether the model described the store in the first place; ask that
    before, since a model that never fitted raises this alarm as well.

    From the posterior of the parameters, given what was known on the day of the fit, whole periods are drawn: what each
    known customer does given the history, what new customers of the same ages do, what orders bring. If nothing has
    changed, the period as it was is one more of them. Each statistic is measured in standard deviations, and the
    largest of them is ranked among the drawn ones. This is an exact test whatever the size of the store, but for how
    right the posterior is; many statistics and many checks share one rate of false alarms.

    Parameters
    ----------
    model : fitted model
        Of buying; or Gamma-Gamma alone, to judge spend by itself. One that was read from a file will do.
    since : summary with a holdout, or frame
        A summary whose calibration ends on the day of the fit and whose window ends today. New customers are found in
        the orders behind it. Or a frame of known customers, `frequency, recency, T` at the day of the fit and
        `holdout_frequency` since, with `monetary_value` and `holdout_money` (its sum) where spend is judged.
    spending : GammaGamma, optional
        The fitted model of spend, to judge spend too.
    newcomers : summary, cells or frame, optional
        Customers who first bought after the fit, where `since` does not know them or the model has covariates.
    horizon : Horizon, optional
        Time since the fit, for a frame.
    unit : TimeUnit or str, optional
        Unit of a frame's times; the model's if left out.
    false_alarms : float
        How likely a false alarm may be over all `checks`.
    checks : int
        How often the question will be asked, say 12 for every month of a year; each check is then stricter.

    Returns
    -------
    ParameterDrift

    Raises
    ------
    ConfigError
        If a rate or a count is impossible, or the model cannot be judged.
    InputError
        If there is nothing to judge it by.
    FitError
        If the model has no usable fit.

    References
    ----------
    Box (1980), "Sampling and Bayes' Inference in Scientific Modelling and Robustness", Journal of the Royal Statistical
    Society A 143 (predictive checks). Barnard (1963), discussion in Journal of the Royal Statistical Society B 25
    (exact tests by simulation). Westfall, Young (1993), "Resampling-Based Multiple Testing", section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2] * 100, "recency": [0, 5, 30, 20] * 100, "T": [39, 39, 38, 30] * 100}
    >>> model = kp.NBD().fit(data, unit="week")
    >>> bought = model.sample_future(data, kp.weeks(13), np.random.default_rng(1))["purchases"]
    >>> kp.parameter_drift(model, {**data, "holdout_frequency": bought}, horizon=kp.weeks(13)).alarm
    False
    >>> found = kp.parameter_drift(model, {**data, "holdout_frequency": bought // 2}, horizon=kp.weeks(13))
    >>> found.alarm, found.refit
    (True, True)
    """
    threshold = threshold_of(false_alarms, checks)
    buying, spend = _models(model, spending)
    given = None if unit is None else TimeUnit.parse(unit)
    period = (
        period_of_summary(since, buying, spend, newcomers, given)
        if isinstance(since, Summary)
        else period_of_frame(since, buying, spend, newcomers, horizon, given)
    )
    replicates = replicates_for(threshold)
    table = counted(period, buying, spend, replicates, np.random.default_rng(_SEED))
    if not table.names:
        raise InputError(
            "There is nothing to judge the model by: whatever its parameters, nobody would have bought. Wait for more "
            "orders, or check the window."
        )
    return judged(model, table, threshold, period.remarks)


def threshold_of(false_alarms: float, checks: int) -> float:
    """The p-value up to which one of several checks raises the alarm."""
    if not 0 < false_alarms < 1:
        raise ConfigError(f"`false_alarms` is {false_alarms!r}; it is a probability, 0.05 for one in twenty.")
    if checks < 1:
        raise ConfigError(f"`checks` is {checks!r}; the question is asked at least once.")
    threshold = float(-np.expm1(np.log1p(-false_alarms) / checks))
    if threshold < _STRICTEST:
        raise ConfigError(
            f"{checks:,} checks with {false_alarms:g} false alarms leave {threshold:.1g} for each, fewer than one in a "
            "thousand, which drawn periods do not tell. Check less often, or allow more false alarms."
        )
    return threshold


def replicates_for(threshold: float) -> int:
    """Periods to draw so that a threshold can be told."""
    return max(_REPLICATES, round(_TAIL / threshold))


def _models(model: Model, spending: GammaGamma | None) -> tuple[BuyingModel | None, GammaGamma | None]:
    """The model of buying and that of spend, either of which may be missing."""
    if spending is not None and not isinstance(spending, GammaGamma):
        raise ConfigError(
            f"Drift of spend is judged by a fitted GammaGamma, not by {type(spending).__name__}. Fit one, or leave "
            "`spending` out."
        )
    if isinstance(model, GammaGamma):
        if spending is not None:
            raise ConfigError("Both models are of spend. Give a model of buying first, or Gamma-Gamma alone.")
        model._theta()
        return None, model
    if isinstance(model, ContractModel):
        raise ConfigError(
            f"{model.title} is a model of contracts. Ask `keepers.contract_drift(model, subscriptions, fitted_on)`, "
            "which knows who ended since."
        )
    if not isinstance(model, BuyingModel) or model.pooled or isinstance(model, PooledModel):
        raise ConfigError(
            f"Drift is judged by a single fitted model of buying, or by Gamma-Gamma for spend, not by "
            f"{type(model).__name__}. Judge its parts one by one."
        )
    model._theta()
    if model.varying_coefficients:
        raise ConfigError(
            f"{model.title} has covariates that vary in time, whose values since the fit it does not know. Fit a model "
            "without them to be watched."
        )
    if spending is not None:
        spending._theta()
    return model, spending


def judged(
    model: Model, table: Counted, threshold: float, remarks: tuple[str, ...] = (), what: str = "orders"
) -> ParameterDrift:
    """The answer from what was counted of a period and of drawn ones; `what` the model is fitted to, in a word."""
    away = table.away
    size = np.abs(away)
    farthest = size.max(axis=1)
    p_value = float(np.mean(farthest >= farthest[0]))
    least = float(np.quantile(farthest[1:], 1 - threshold))
    findings = tuple(
        _finding(name, table.rows[:, place], float(np.mean(farthest >= size[0, place])), least)
        for place, name in sorted(enumerate(table.names), key=lambda item: -size[0, item[0]])
    )
    told = tuple(one for one in findings if one.p_value <= threshold)
    moved = moved_parts(told, findings)
    refit = any(abs(one.change) >= SMALL for one in told)
    sentence = whole_sentence(model.title, p_value, threshold, told, findings, moved, refit, what)
    return ParameterDrift(bool(told), p_value, threshold, findings, moved, refit, remarks, sentence)


def _finding(name: str, column: FloatArray, p_value: float, least: float) -> DriftFinding:
    # The mean over all rows is above zero even where none of the drawn ones is.
    observed, expected = float(column[0]), float(column.mean())
    low, high = (float(value) for value in np.quantile(column[1:], (0.1, 0.9)))
    change = observed / expected - 1.0
    detectable = float((least + _SEEN_MOSTLY) * column.std() / expected)
    sentence = finding_sentence(name, observed, low, high, change)
    return DriftFinding(name, observed, expected, low, high, change, p_value, detectable, sentence)
