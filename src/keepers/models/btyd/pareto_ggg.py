"""The Pareto/GGG as an estimator: each customer buys with a regularity of their own and may leave at any moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from keepers.domain.cells import Cells, GapUse
from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.likelihoods.pareto_ggg import ParetoGGGFamily


class ParetoGGG(BuyingModel):
    """Repeat buying with dropout at any time, where each customer has a rhythm: some buy like clockwork, some in
    bursts.

    As `ParetoNBD`, customers have rates of buying and of leaving of their own; besides, each has a regularity k. With k
    = 1 purchases come at random, with larger k at even distances, with smaller k in clumps. Silence then says more of
    whoever bought regularly, and the next purchase of a regular customer can be told more exactly. Use it where shops
    have both kinds (groceries, subscriptions kept by hand, refills); on shops without any rhythm it is the Pareto/NBD,
    and says so. The times between purchases matter: a summary made of orders brings them, a frame needs a column
    `log_gaps`.

    The published model is fitted by Markov chains over all customers; here it is integrated by quadrature and
    maximised.

    Parameters
    ----------
    prior : "auto", None or Prior
        "auto" is the weak prior in full however many customers there are, as in the paper: many shops hold nothing that
        tells how much customers differ in k, and against thousands of customers the prior weighs nothing otherwise.
        None is maximum likelihood.
    covariates : Covariates, optional
        See `BuyingModel`.

    Notes
    -----
    k is Gamma(t, gamma) over customers, with mean t / gamma, but for a factor exp(-0.1 / k) that shuts out customers
    whose purchases all fall on one moment, and an upper limit of 270. Where nothing tells customers' regularity apart
    only the ratio of t and gamma is known, and how large they are is what the prior says; without it they run to their
    bound, and the outcome says so.
    `log_gaps` is the sum of the logarithms of each customer's times between purchases; where it is not known the
    likelihood and every answer are averaged over all ways to divide `recency` by `frequency` purchases. So they are in
    backtests, which group customers by `frequency`, `recency` and age; `lifetime_value` and the model's own methods use
    each customer's times. Beyond 12,000 distinct histories near ones share the integral over the gap that is open; each
    customer's own times between purchases are taken exactly all the same. As for the Pareto/NBD, lifetimes and
    purchases without end are infinite where s <= 1.

    References
    ----------
    Platzer, Reutterer (2016), "Ticking Away the Moments: Timing Regularity Helps to Better Predict Customer Activity",
    Marketing Science 35(5): section 3, with the gamma distributed times between purchases of equation 1.

    Examples
    --------
    Two customers with three repeat purchases, the last ten weeks ago: one bought every ten weeks, one in a burst.

    >>> import keepers as kp
    >>> data = {
    ...     "frequency": [0, 3, 3, 2], "recency": [0, 30, 30, 20], "T": [39, 45, 45, 30],
    ...     "log_gaps": [0.0, 6.9, 3.4, 4.5],
    ... }
    >>> model = ParetoGGG().fit(data, unit="week")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> alive = model.probability_alive(data)["probability_alive"]
    >>> bool(alive[1] < alive[2])
    True
    """

    name: ClassVar[str] = "ParetoGGG"
    title: ClassVar[str] = "Pareto/GGG"
    symbols: ClassVar[tuple[str, ...]] = ParetoGGGFamily().PARAMETERS
    family: ClassVar[BuyingFamily] = ParetoGGGFamily()
    gaps: ClassVar[GapUse | None] = "each"
    prior_fades: ClassVar[bool] = False
    effort: ClassVar[float] = 60.0
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"purchases_infinite": "where `s` <= 1", "expected_lifetime": "where `s` <= 1"}
    )
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}, "dropout": {"beta": -1.0}}
    weak_prior: ClassVar[Prior] = Prior(
        {
            "r": LogNormal(0.6, 1.0),
            "alpha": LogNormal(10.0, 1.25),
            "s": LogNormal(0.6, 1.0),
            "beta": LogNormal(12.0, 1.25),
            "t": LogNormal(4.0, 1.0),
            "gamma": LogNormal(3.0, 1.0),
        },
        TimeUnit.WEEK,
    )

    @property
    def mean_regularity_(self) -> float:
        """Mean of k over customers, t / gamma: 1 is buying at random, more is more regular."""
        self._theta()
        return self.parameters_["t"] / self.parameters_["gamma"]

    def _with_gaps(self, drawn: Cells, rng: np.random.Generator) -> Cells:
        return replace(drawn, log_gaps=self.answer("sample_log_gaps", self._theta(), drawn, rng))
