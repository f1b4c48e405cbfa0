"""The MBG/NBD model as an estimator: customers may leave at each purchase, the first included."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import mbg_nbd
from keepers.numerics.likelihoods.family import BuyingFamily


class MBGNBD(BuyingModel):
    """Modified beta-geometric / NBD repeat buying.

    As `BGNBD`, but a customer may leave after the very first purchase too, so that one-time buyers fade with time.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`.
    covariates : Covariates, optional
        See `BuyingModel`.

    References
    ----------
    Batislam, Denizel, Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
    International Journal of Research in Marketing 24; Hoppe, Wagner (2007), Marketing JRM 3.

    Examples
    --------
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = MBGNBD().fit(data, unit="week")
    >>> alive = model.probability_alive(data)["probability_alive"]
    >>> bool(alive[0] < 1)
    True
    """

    name: ClassVar[str] = "MBGNBD"
    title: ClassVar[str] = "MBG/NBD"
    symbols: ClassVar[tuple[str, ...]] = mbg_nbd.PARAMETERS
    family: ClassVar[BuyingFamily] = mbg_nbd
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "purchases_infinite": "where `a` <= 1",
            "expected_lifetime": "where `a` <= 1, or where `r` plus repeat purchases <= 1",
        }
    )
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}, "dropout": {"a": 1.0, "b": 1.0}}
    varying_processes: ClassVar[tuple[str, ...]] = ("purchase",)
    weak_prior: ClassVar[Prior] = Prior(
        {"r": LogNormal(0.7, 1.0), "alpha": LogNormal(8.0, 1.25), "a": LogNormal(0.8, 1.0), "b": LogNormal(2.0, 1.0)},
        TimeUnit.WEEK,
    )
