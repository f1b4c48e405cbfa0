"""The MBG/CNBD-k model as an estimator: regular buying, leaving at any purchase, the first included."""

from __future__ import annotations

from typing import ClassVar

from keepers.models.btyd.erlang import ErlangModel
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.priors import Prior


class MBGCNBD(ErlangModel):
    """Modified beta-geometric / condensed NBD: as MBG/NBD, for customers who buy at regular times.

    As `BGCNBD`, but a customer may leave after the very first purchase too, so that one-time buyers fade with time.
    With k = 1 it is `MBGNBD`.

    Parameters
    ----------
    k : int, optional
        Stages a purchase, 1 to 12, chosen by the likelihood if left out; see `ErlangModel`.
    prior : "auto", None or Prior
        See `BuyingModel`; the weak prior's `alpha` is stated for k = 1 and divided by k.
    covariates : Covariates, optional
        See `BuyingModel`.

    References
    ----------
    Platzer, Reutterer (2016), "Ticking Away the Moments: Timing Regularity Helps to Better Predict Customer Activity",
    Marketing Science 35(5). Reutterer, Platzer, Schroeder (2021), "Leveraging purchase regularity for predicting
    customer behavior the easy way", International Journal of Research in Marketing 38.

    Examples
    --------
    >>> data = {"frequency": [0, 3, 4, 2], "recency": [0, 24, 32, 16], "T": [9, 27, 38, 30],
    ...         "log_gaps": [0.0, 6.2, 8.3, 4.1]}
    >>> model = MBGCNBD(k=3).fit(data, unit="week")
    >>> model.parameters_["k"]
    3.0
    >>> bool(model.probability_alive(data)["probability_alive"][0] < 1)
    True
    """

    name: ClassVar[str] = "MBGCNBD"
    title: ClassVar[str] = "MBG/CNBD-k"
    chances: ClassVar[int] = 1
    weak_prior: ClassVar[Prior] = MBGNBD.weak_prior
