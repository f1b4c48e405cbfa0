"""The BG/CNBD-k model as an estimator: regular buying, leaving at a repeat purchase."""

from __future__ import annotations

from typing import ClassVar

from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.erlang import ErlangModel
from keepers.models.priors import Prior


class BGCNBD(ErlangModel):
    """Beta-geometric / condensed NBD: as BG/NBD, for customers who buy at regular times.

    Times between purchases are Erlang-k: rates of stages are Gamma(r, alpha) over customers and every k-th stage is a
    purchase; after each repeat purchase a customer leaves with a probability that is Beta(a, b) over customers. Where
    buying has a rhythm, silence tells more and sooner. With k = 1 it is `BGNBD`. Like that it cannot lose a one-time
    buyer; where that matters use `MBGCNBD`.

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
    >>> model = BGCNBD().fit(data, unit="week")
    >>> model.k_
    12
    >>> silent = {"frequency": [3, 3], "recency": [24, 24], "T": [30, 60]}
    >>> [round(float(alive), 2) for alive in model.probability_alive(silent)["probability_alive"]]
    [0.87, 0.0]
    """

    name: ClassVar[str] = "BGCNBD"
    title: ClassVar[str] = "BG/CNBD-k"
    chances: ClassVar[int] = 0
    weak_prior: ClassVar[Prior] = BGNBD.weak_prior
