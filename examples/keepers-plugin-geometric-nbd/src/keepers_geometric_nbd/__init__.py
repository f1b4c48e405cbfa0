"""A model of buying for Keepers: Poisson purchases, gamma rates, and one chance to leave for all customers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers_geometric_nbd import family


class GeometricNBD(BuyingModel):
    """NBD repeat buying after which everybody leaves with the same probability.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `keepers.models.buying.BuyingModel`.

    Examples
    --------
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = GeometricNBD().fit(data, unit="week")
    >>> list(model.parameters_)
    ['r', 'alpha', 'odds']
    """

    name: ClassVar[str] = "GeometricNBD"
    title: ClassVar[str] = "Geometric/NBD"
    symbols: ClassVar[tuple[str, ...]] = family.PARAMETERS
    family: ClassVar[BuyingFamily] = family
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"expected_lifetime": "where `r` plus repeat purchases <= 1"}
    )
    weak_prior: ClassVar[Prior] = Prior(
        {"r": LogNormal(0.5, 1.0), "alpha": LogNormal(8.0, 1.25), "odds": LogNormal(0.2, 1.0)}, TimeUnit.WEEK
    )


__all__ = ["GeometricNBD"]
