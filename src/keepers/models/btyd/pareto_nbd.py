"""The Pareto/NBD model as an estimator: buying at random while a customer stays, leaving at any moment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import pareto_nbd
from keepers.numerics.likelihoods.family import BuyingFamily


class ParetoNBD(BuyingModel):
    """Repeat buying with dropout that may come at any time, not only after a purchase.

    The reference model of non-contractual buying. Prefer it to BG/NBD where many customers bought once: it can lose
    them, while BG/NBD calls every one-time buyer alive. Purchase rates are Gamma(r, alpha) over customers, rates of
    leaving Gamma(s, beta), independent of each other. The likelihood is computed for any counts and scales.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`.
    covariates : Covariates, optional
        See `BuyingModel`.

    Notes
    -----
    Where s <= 1, as on the CDNOW data, expected lifetimes are infinite and so are expected purchases without end and
    without discount; `median_lifetime`, a cap, or a discount rate give finite answers.

    References
    ----------
    Schmittlein, Morrison, Colombo (1987), "Counting Your Customers", Management Science 33. Fader, Hardie, Lee (2005),
    "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing Research 42.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = ParetoNBD().fit(data, unit="week")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> [round(float(value), 2) for value in model.expected_purchases(data, kp.weeks(52))["expected_purchases"]]
    [0.29, 0.54, 3.73, 2.43]
    """

    name: ClassVar[str] = "ParetoNBD"
    title: ClassVar[str] = "Pareto/NBD"
    symbols: ClassVar[tuple[str, ...]] = pareto_nbd.PARAMETERS
    family: ClassVar[BuyingFamily] = pareto_nbd
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"purchases_infinite": "where `s` <= 1", "expected_lifetime": "where `s` <= 1"}
    )
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}, "dropout": {"beta": -1.0}}
    varying_processes: ClassVar[tuple[str, ...]] = ("purchase", "dropout")
    weak_prior: ClassVar[Prior] = Prior(
        {
            "r": LogNormal(0.5, 1.0),
            "alpha": LogNormal(10.0, 1.25),
            "s": LogNormal(0.6, 1.0),
            "beta": LogNormal(12.0, 1.25),
        },
        TimeUnit.WEEK,
    )
