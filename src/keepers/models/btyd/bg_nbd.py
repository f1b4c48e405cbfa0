"""The BG/NBD model as an estimator: customers may leave at each repeat purchase."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import bg_nbd
from keepers.numerics.likelihoods.family import BuyingFamily


class BGNBD(BuyingModel):
    """Beta-geometric / NBD repeat buying.

    Purchase rates are Gamma(r, alpha) over customers; after each repeat purchase a customer leaves with a probability
    that is Beta(a, b) over customers. It is the fastest model with dropout and a good first one. It cannot lose a
    one-time buyer: without a repeat purchase P(alive) is 1. Where that matters use `MBGNBD` or `ParetoNBD`.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`.
    covariates : Covariates, optional
        See `BuyingModel`.

    References
    ----------
    Fader, Hardie, Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2): likelihood equation 6,
    expected purchases equation 10.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = BGNBD().fit(data, unit="week")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> expected = model.expected_purchases(data, kp.weeks(39))["expected_purchases"]
    >>> bool(expected[2] > expected[0] > 0)
    True
    """

    name: ClassVar[str] = "BGNBD"
    title: ClassVar[str] = "BG/NBD"
    symbols: ClassVar[tuple[str, ...]] = bg_nbd.PARAMETERS
    family: ClassVar[BuyingFamily] = bg_nbd
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "purchases_infinite": "where `a` <= 1",
            "expected_lifetime": "where `a` <= 1, or where `r` plus repeat purchases <= 1",
        }
    )
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}, "dropout": {"a": 1.0, "b": 1.0}}
    varying_processes: ClassVar[tuple[str, ...]] = ("purchase",)
    weak_prior: ClassVar[Prior] = Prior(
        {"r": LogNormal(0.5, 1.0), "alpha": LogNormal(8.0, 1.25), "a": LogNormal(0.8, 1.0), "b": LogNormal(3.0, 1.0)},
        TimeUnit.WEEK,
    )
