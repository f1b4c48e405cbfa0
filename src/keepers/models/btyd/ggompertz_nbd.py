"""The GGompertz/NBD model as an estimator: a risk of leaving that grows the longer a customer has stayed."""

from __future__ import annotations

from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import ggompertz_nbd
from keepers.numerics.likelihoods.family import BuyingFamily


class GGompertzNBD(BuyingModel):
    """Repeat buying with sudden death: the risk of leaving grows as time passes.

    Use it where customers outgrow what they buy (nappies, courses, a condition that heals), so that many leave around
    the same age: the Pareto/NBD, whose risk only ever falls, cannot follow that. Purchase rates are Gamma(r, alpha)
    over customers; the risk of leaving at age v is eta b exp(b v) with eta ~ Gamma(s, beta). As b goes to zero it is
    the Pareto/NBD, and data that say so, as the CDNOW sample does, do not identify it: the outcome tells.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`.

    Notes
    -----
    Every lifetime has a finite mean, so that nothing is infinite here: neither expected lifetimes nor purchases
    without end and without discount.

    References
    ----------
    Bemmaor, Glady (2012), "Modeling Purchasing Behavior with Sudden 'Death': A Flexible Customer Lifetime Model",
    Management Science 58(5): lifetimes equation 4, likelihood equation 9.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = GGompertzNBD().fit(data, unit="week")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> [round(float(value), 1) for value in model.expected_purchases(data, kp.weeks(52))["expected_purchases"]]
    [0.3, 0.5, 2.9, 2.0]
    """

    name: ClassVar[str] = "GGompertzNBD"
    title: ClassVar[str] = "GGompertz/NBD"
    symbols: ClassVar[tuple[str, ...]] = ggompertz_nbd.PARAMETERS
    family: ClassVar[BuyingFamily] = ggompertz_nbd
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}, "dropout": {"beta": -1.0}}
    varying_processes: ClassVar[tuple[str, ...]] = ("purchase", "dropout")
    vanishing: ClassVar[tuple[str, ...]] = ("b", "beta")
    effort: ClassVar[float] = 14.0
    weak_prior: ClassVar[Prior] = Prior(
        {
            "r": LogNormal(0.5, 1.0),
            "alpha": LogNormal(10.0, 1.25),
            "b": LogNormal(0.03, 1.25),
            "s": LogNormal(0.6, 1.0),
            "beta": LogNormal(1.0, 1.5),
        },
        TimeUnit.WEEK,
    )
