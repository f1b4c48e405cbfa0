"""The exponential-gamma model as an estimator: contracts that may end at any moment, each at its own constant rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.questions import without_end
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import exponential_gamma
from keepers.numerics.likelihoods.contract_family import ContractFamily


class ExponentialGamma(ContractModel):
    """Contracts that can be ended at any moment, each at a constant rate of its own.

    The continuous sibling of the shifted-beta-geometric, for contracts without a fixed period: accounts, policies that
    can be cancelled daily, pay-as-you-go. Rates are Gamma(r, alpha) over contracts. Ends may be known to the moment, or
    to lie between two counts of survivors. Where rates change with age, see `WeibullGamma`.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `ContractModel`.

    References
    ----------
    Morrison, Schmittlein (1980), "Jobs, Strikes, and Wars: Probability Models for Duration", Organizational Behavior
    and Human Performance 25. Hardie, Fader, Wisniewski (1998), "An Empirical Comparison of New Product Trial
    Forecasting Models", Journal of Forecasting 17.

    Examples
    --------
    >>> data = {"tenure": [0.4, 2.5, 7.1, 12.0, 12.0, 3.3], "ended": [1, 1, 1, 0, 0, 1]}
    >>> model = ExponentialGamma().fit(data, unit="month")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> [round(float(value), 1) for value in model.median_residual_tenure(data)["median_residual_tenure"]]
    [0.0, 0.0, 0.0, 17.4, 17.4, 0.0]
    """

    name: ClassVar[str] = "ExponentialGamma"
    title: ClassVar[str] = "Exponential-gamma"
    symbols: ClassVar[tuple[str, ...]] = exponential_gamma.PARAMETERS
    family: ClassVar[ContractFamily] = exponential_gamma
    infinite: ClassVar[Mapping[str, str]] = without_end("`r`")
    weak_prior: ClassVar[Prior] = Prior({"r": LogNormal(0.8, 1.0), "alpha": LogNormal(10.0, 1.25)}, TimeUnit.MONTH)
