"""The Weibull-gamma model as an estimator: contracts that may end at any moment, at a rate that changes with age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.questions import without_end
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import weibull_gamma
from keepers.numerics.likelihoods.contract_family import ContractFamily


class WeibullGamma(ContractModel):
    """Contracts that can be ended at any moment, at a rate that differs between contracts and changes with age.

    The exponential-gamma with one parameter more: with c above 1 each contract's rate of ending rises with its age,
    below 1 it falls. `alpha` is a time; the papers' is ours to the power of c.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `ContractModel`.

    References
    ----------
    Hardie, Fader, Wisniewski (1998), "An Empirical Comparison of New Product Trial Forecasting Models", Journal of
    Forecasting 17.

    Examples
    --------
    >>> data = {"tenure": [0.4, 2.5, 7.1, 12.0, 12.0, 3.3], "ended": [1, 1, 1, 0, 0, 1]}
    >>> model = WeibullGamma().fit(data, unit="month")
    >>> [round(float(value), 1) for value in model.survival_new_customer([1, 6, 12])]
    [0.9, 0.5, 0.3]
    """

    name: ClassVar[str] = "WeibullGamma"
    title: ClassVar[str] = "Weibull-gamma"
    symbols: ClassVar[tuple[str, ...]] = weibull_gamma.PARAMETERS
    family: ClassVar[ContractFamily] = weibull_gamma
    infinite: ClassVar[Mapping[str, str]] = without_end("`r c`")
    weak_prior: ClassVar[Prior] = Prior(
        {"r": LogNormal(0.8, 1.0), "alpha": LogNormal(10.0, 1.25), "c": LogNormal(1.0, 0.4)}, TimeUnit.MONTH
    )
