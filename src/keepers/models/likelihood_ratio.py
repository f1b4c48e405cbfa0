"""Whether a larger model says more than a smaller one that it contains: the likelihood-ratio test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from keepers.domain.errors import ConfigError, FitError
from keepers.models.base import Model


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """The result of a likelihood-ratio test.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log-likelihoods.
    degrees_of_freedom : int
        Parameters that the larger model has more.
    p_value : float
        Probability of so large a statistic if the smaller model is true.
    sentence : str
        What follows.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def likelihood_ratio_test(small: Model, large: Model) -> LikelihoodRatio:
    """Compare two fits of one model to the same customers, of which the larger has covariates that the smaller lacks.

    Parameters
    ----------
    small, large : fitted models
        Of one class, fitted to the same histories by maximum likelihood; the coefficients of `small` are among those of
        `large`, or are equal or known in it.

    Returns
    -------
    LikelihoodRatio

    Raises
    ------
    ConfigError
        If the models are not nested or not of the same customers.
    FitError
        If a fit failed.

    Notes
    -----
    Twice the difference of the log-likelihoods is chi-squared distributed if the smaller model is true (Wilks 1938).
    Coefficients may be zero without lying at a bound, so this holds for covariates; it does not for NBD within
    Pareto/NBD, whose difference lies at a bound, and such pairs are refused.

    Examples
    --------
    >>> import keepers as kp
    >>> import numpy as np
    >>> rng = np.random.default_rng(2)
    >>> T = np.full(1500, 52.0)
    >>> x = rng.poisson(rng.gamma(0.8, 1 / 12.0, 1500) * T).astype(float)
    >>> data = {"frequency": x, "recency": np.where(x > 0, 50.0, 0.0), "T": T, "noise": rng.normal(size=1500)}
    >>> small = kp.NBD(prior=None).fit(data, unit="week")
    >>> large = kp.NBD(prior=None, covariates=kp.Covariates(purchase=["noise"])).fit(data, unit="week")
    >>> likelihood_ratio_test(small, large).degrees_of_freedom
    1
    """
    from scipy.stats import chi2

    for model in (small, large):
        model._theta()
    if type(small) is not type(large):
        raise ConfigError(
            f"{small.name} and {large.name} are different models; the test compares fits of one. Use "
            "`keepers.backtest` to choose between models."
        )
    if small.n_customers_ != large.n_customers_:
        raise ConfigError(
            f"The fits are of {small.n_customers_:,.0f} and {large.n_customers_:,.0f} customers. Fit both to the same."
        )
    forms = [getattr(model, "form_", "") for model in (small, large)]
    if forms[0] != forms[1]:
        raise ConfigError(
            f"The fits found different things, {forms[0]} and {forms[1]}, and count different data. Fit both with the "
            'same, in place of "auto".'
        )
    clocks = [getattr(model, "clock_", None) for model in (small, large)]
    if clocks[0] != clocks[1]:
        raise ConfigError(
            "One of the fits counts time by a store's clock that the other does not, so that their likelihoods are of "
            "different times. Fit both to the same summary."
        )
    more = len(large.parameter_names) - len(small.parameter_names)
    columns = [set(getattr(getattr(model, "covariates", None), "columns", ())) for model in (small, large)]
    if more <= 0 or not columns[0] <= columns[1]:
        raise ConfigError(
            f"The second model must contain the first: it has {len(large.parameter_names)} parameters "
            f"({', '.join(large.parameter_names)}), the first {len(small.parameter_names)} "
            f"({', '.join(small.parameter_names)})."
        )
    shrunk = [model for model in (small, large) if model.posterior_.prior_share > 0]
    difference = 2.0 * (large.log_likelihood_ - small.log_likelihood_)
    if not math.isfinite(difference) or (difference < -1e-6 * (1 + abs(small.log_likelihood_)) and not shrunk):
        raise FitError(
            f"The larger model's log-likelihood ({large.log_likelihood_:.4f}) is below the smaller one's "
            f"({small.log_likelihood_:.4f}), so that one of the fits is no maximum, or the data differ."
        )
    statistic = max(difference, 0.0)
    p = float(chi2.sf(statistic, more))
    verdict = (
        "The larger model is better than chance explains" if p < 0.05 else "The data do not ask for the larger model"
    )
    aside = " A prior shrank the estimates, so the test is approximate; fit with prior=None." if shrunk else ""
    freedom = f"{more} degree{'s'[: more > 1]} of freedom"
    sentence = f"{verdict} (likelihood ratio {statistic:.2f} with {freedom}, p {p:.3g}).{aside}"
    return LikelihoodRatio(statistic, more, p, sentence)
