"""The NBD model as an estimator: rates differ, nobody leaves; the yardstick for models with dropout."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import nbd
from keepers.numerics.likelihoods.family import BuyingFamily


class NBD(BuyingModel):
    """Negative binomial repeat buying without dropout.

    Use it as a yardstick, or where customers practically never leave. Purchase rates are Gamma(r, alpha) over
    customers; a customer with x repeat purchases to age T expects (r + x) t / (alpha + T) more in a time t.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`.
    covariates : Covariates, optional
        See `BuyingModel`.

    References
    ----------
    Ehrenberg (1959), "The Pattern of Consumer Purchases", Applied Statistics 8.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = NBD().fit(data, unit="week")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> [round(float(value), 2) for value in model.probability_alive(data)["probability_alive"]]
    [1.0, 1.0, 1.0, 1.0]
    """

    name: ClassVar[str] = "NBD"
    title: ClassVar[str] = "NBD"
    symbols: ClassVar[tuple[str, ...]] = nbd.PARAMETERS
    family: ClassVar[BuyingFamily] = nbd
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}}
    varying_processes: ClassVar[tuple[str, ...]] = ("purchase",)
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"purchases_infinite": "always", "expected_lifetime": "always", "median_lifetime": "always"}
    )
    weak_prior: ClassVar[Prior] = Prior({"r": LogNormal(0.5, 1.0), "alpha": LogNormal(10.0, 1.25)}, TimeUnit.WEEK)
