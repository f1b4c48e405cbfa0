"""Whether customers still behave as they did when a model was fitted: Rao's score test of newer data at the old fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.models.base import Model
from keepers.models.other_customers import OtherCustomers

FloatArray = NDArray[np.float64]

_SIMULATIONS, _SEED = 300, 20050514
_TELLING = 1e-9
"""Directions about which the newer data say less than this share of what they say of the best known are left out."""

_MOST_SIMULATED = 50_000
"""Customers beyond whom the normal approximations are as good as simulation."""


@dataclass(frozen=True, slots=True, eq=False)
class ParameterDrift:
    """The answer of `parameter_drift`.

    Parameters
    ----------
    alarm : bool
        Whether newer customers behave differently, at the rate of false alarms that was asked for.
    p_value : float
        Probability of so large a difference, or a larger one, while nothing has changed.
    threshold : float
        The p-value below which the alarm is raised.
    statistic, degrees : float, int
        Rao's statistic, and the number of directions in which it is measured: what it is on average by chance alone.
    deviations : dict of str to float
        How many standard deviations the score of each parameter's logarithm is from zero; the sign is the direction
        into which the newer data pull it while the others are held.
    customers : float
        Customers in the newer data.
    sentence : str
        All of this in words.
    """

    alarm: bool
    p_value: float
    threshold: float
    statistic: float
    degrees: int
    deviations: dict[str, float]
    customers: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def parameter_drift(
    model: Model, newer: Any, *, false_alarms: float = 0.05, checks: int = 1, unit: TimeUnit | str | None = None
) -> ParameterDrift:
    """Say whether newer customers still behave as a fitted model says, without fitting it again.

    At parameters that still hold, the gradient of the newer data's log-likelihood is zero but for chance: that of the
    newer customers, and that the old fit was not exact either. Both are simulated: parameters are drawn from the
    posterior, as many customers of the same ages from the model, and their gradients at the old fit show how large and
    in which direction it may be. Beyond 50,000 newer customers, J + J S J takes the place of the simulation, J being
    the information in the newer data and S the covariance of the parameters. A holdout says whether predictions were
    right; this says earlier, and of which parameter, that behaviour has changed.

    Parameters
    ----------
    model : fitted model
        Of buying or of spend; one that was read from a file will do.
    newer : summary, cells or frame
        Customers who came after those of the fit, none of whom the fit has seen.
    false_alarms : float
        How likely a false alarm may be over all `checks`.
    checks : int
        How often the question will be asked, say 12 for every month of a year; each check is then stricter.
    unit : TimeUnit or str, optional
        Unit of a frame's times.

    Returns
    -------
    ParameterDrift

    Raises
    ------
    ConfigError
        If a rate or a count is impossible, or the model cannot judge other customers.
    FitError
        If the model has no usable fit.

    References
    ----------
    Rao (1948), "Large Sample Tests of Statistical Hypotheses Concerning Several Parameters", Mathematical Proceedings
    of the Cambridge Philosophical Society 44.

    Examples
    --------
    >>> import numpy as np
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2] * 100, "recency": [0, 5, 30, 20] * 100, "T": [39, 39, 38, 30] * 100}
    >>> model = kp.NBD().fit(data, unit="week")
    >>> as_before = model.sample(kp.weeks(30), np.random.default_rng(1), customers=300)
    >>> parameter_drift(model, as_before).alarm
    False
    >>> slower = {"frequency": [0, 0, 1, 0] * 100, "recency": [0, 0, 20, 0] * 100, "T": [39, 39, 38, 30] * 100}
    >>> parameter_drift(model, slower, unit="week").alarm
    True
    """
    if not 0 < false_alarms < 1:
        raise ConfigError(f"`false_alarms` is {false_alarms!r}; it is a probability, 0.05 for one in twenty.")
    if checks < 1:
        raise ConfigError(f"`checks` is {checks!r}; the question is asked at least once.")
    judge = getattr(model, "other_customers", None)
    if judge is None:
        raise ConfigError(
            f"{model.name} cannot say how well other customers fit. Use a model of buying, or Gamma-Gamma for spend."
        )
    others: OtherCustomers = judge(newer) if unit is None else judge(newer, unit)
    score = others.evaluation.gradient
    by_chance = None
    if others.customers <= _MOST_SIMULATED:
        by_chance = _simulated(model, others)
        variance = np.atleast_2d(np.cov(by_chance, rowvar=False))
    else:
        # Of the curvature at the mode, not of `posterior_`, which a user may have replaced by draws.
        information = _definite(-others.evaluation.hessian)
        variance = information + information @ model.laplace_.covariance @ information
    ruler = _Ruler.of(variance)
    statistic = float(ruler.squares(score[None])[0])
    p_value = _probability_above(statistic, ruler.degrees, None if by_chance is None else ruler.squares(by_chance))
    threshold = 1.0 - (1.0 - false_alarms) ** (1.0 / checks)
    spread = np.sqrt(np.maximum(np.diag(variance), np.finfo(float).tiny))
    deviations = dict(zip(model.laplace_.parameters, (score / spread).tolist(), strict=True))
    alarm = p_value < threshold
    return ParameterDrift(
        alarm, p_value, threshold, statistic, ruler.degrees, deviations, others.customers,
        _sentence(others.customers, alarm, p_value, threshold, deviations),
    )  # fmt: skip


def _simulated(model: Model, others: OtherCustomers) -> FloatArray:
    """Gradients at the old fit of customers like the newer ones, drawn while nothing has changed, shape (n, d)."""
    rng = np.random.default_rng(_SEED)
    return np.array([others.simulated(theta, rng) for theta in model.laplace_.draws(_SIMULATIONS, rng)])


@dataclass(frozen=True, slots=True, eq=False)
class _Ruler:
    """Measures gradients by how they vary by chance."""

    whitening: FloatArray
    degrees: int

    @classmethod
    def of(cls, variance: FloatArray) -> _Ruler:
        scale = np.sqrt(np.maximum(np.diag(variance), np.finfo(float).tiny))
        sizes, axes = np.linalg.eigh(variance / np.outer(scale, scale))
        known = sizes > _TELLING * sizes[-1]
        return cls(axes[:, known] / np.sqrt(sizes[known]) / scale[:, None], int(known.sum()))

    def squares(self, gradients: FloatArray) -> FloatArray:
        """Squared lengths, one a row."""
        return np.asarray(np.sum((gradients @ self.whitening) ** 2, axis=1))


def _probability_above(statistic: float, degrees: int, by_chance: FloatArray | None) -> float:
    """Upper tail of a chi-square, stretched to the mean and variance that the statistic has by chance."""
    from scipy.special import gammaincc

    if by_chance is None:
        return float(gammaincc(0.5 * degrees, 0.5 * statistic))
    mean, variance = float(by_chance.mean()), float(by_chance.var())
    return float(gammaincc(mean**2 / variance, statistic * mean / variance))


def _definite(information: FloatArray) -> FloatArray:
    """The information with every direction's sign made plus: far from the old fit the curvature may be a saddle."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(information)), np.finfo(float).tiny))
    sizes, axes = np.linalg.eigh(0.5 * (information + information.T) / np.outer(scale, scale))
    return np.asarray((axes * np.abs(sizes)) @ axes.T * np.outer(scale, scale))


def _sentence(customers: float, alarm: bool, p_value: float, threshold: float, deviations: dict[str, float]) -> str:
    who, chance = f"{customers:,.0f} newer customers", f"p = {p_value:.2g}" if p_value >= 1e-4 else "p < 0.0001"
    if not alarm:
        return f"{who} behave as the fitted model says ({chance}; an alarm is raised below {threshold:.2g})."
    name, away = max(deviations.items(), key=lambda item: abs(item[1]))
    direction = "higher" if away > 0 else "lower"
    return (
        f"{who} no longer behave as the fitted model says ({chance}, below {threshold:.2g}): most of all they ask for "
        f"a {direction} `{name}` ({abs(away):.1f} standard deviations). Fit the model again to newer orders."
    )
