"""The BG/BB model as an estimator: buying or not at each of discrete opportunities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np

from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.frames import cells_to_fit
from keepers.models.priors import LogNormal, Prior
from keepers.models.realtime import CustomerState
from keepers.numerics.likelihoods import bg_bb
from keepers.numerics.likelihoods.family import BuyingFamily

_WHOLE = 0.02


class BGBB(BuyingModel):
    """Repeat buying at discrete opportunities: an event, a season, a donation drive, a month.

    At each opportunity a customer who is still one buys with a probability that is Beta(alpha, beta) over customers;
    before each opportunity a customer leaves for good with one that is Beta(gamma, delta). Use it where buying has a
    calendar of its own (yearly donations, monthly boxes) or where only the fact of a purchase in each period is known;
    make the data with `keepers.summarise_opportunities`, or give a frame that counts in opportunities.

    The unit of time is the length of an opportunity: with ``unit="year"`` a horizon of ``years(10)`` is ten
    opportunities. A horizon that ends between two opportunities holds the later one with the probability that its
    fraction says. P(alive) is that of being a customer at the next opportunity, as in the paper.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`.

    References
    ----------
    Fader, Hardie, Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science
    29(6): likelihood equation 5, expected purchases equation 12, discounted ones equation 14.

    Examples
    --------
    >>> import keepers as kp
    >>> donors = {"frequency": [0, 1, 1, 4, 6], "recency": [0, 1, 4, 5, 6], "T": [6] * 5,
    ...           "weight": [400, 150, 60, 30, 90]}
    >>> model = kp.BGBB().fit(donors, unit="year")
    >>> alive = model.probability_alive(donors)["probability_alive"]
    >>> [round(float(value), 2) for value in alive]
    [0.1, 0.04, 0.68, 0.65, 0.92]
    >>> round(float(model.expected_purchases(donors, kp.years(10))["expected_purchases"][4]), 1)
    7.0
    """

    name: ClassVar[str] = "BGBB"
    title: ClassVar[str] = "BG/BB"
    symbols: ClassVar[tuple[str, ...]] = bg_bb.PARAMETERS
    family: ClassVar[BuyingFamily] = bg_bb
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"purchases_infinite": "where `gamma` <= 1", "expected_lifetime": "where `gamma` <= 1"}
    )
    discrete: ClassVar[bool] = True
    covariate_shifts: ClassVar[Shifts] = {
        "purchase": {"alpha": 1.0, "beta": 1.0},
        "dropout": {"gamma": 1.0, "delta": 1.0},
    }
    weak_prior: ClassVar[Prior] = Prior(
        {
            "alpha": LogNormal(1.0, 1.0),
            "beta": LogNormal(3.0, 1.25),
            "gamma": LogNormal(0.8, 1.0),
            "delta": LogNormal(4.0, 1.25),
        },
        TimeUnit.WEEK,
    )

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Fit the model to histories that count opportunities.

        Parameters
        ----------
        data : summary of opportunities, Cells or frame
            Histories; `recency` and `T` are whole numbers of opportunities.
        unit : TimeUnit or str, optional
            Length of an opportunity, required for a frame.

        Raises
        ------
        InputError
            If times are not whole opportunities, or there are more purchases than opportunities.
        """
        cells = cells_to_fit(data, unit, attributes=self.needed_attributes)
        for name, column in (("recency", cells.t_x), ("T", cells.T)):
            parts = np.abs(column - np.rint(column)) > _WHOLE
            if parts.any():
                first = float(column[int(np.argmax(parts))])
                raise InputError(
                    f"`{name}` is not a whole number of opportunities in {int(parts.sum()):,} histories (first: "
                    f"{first:g} {cells.unit.value}s). BG/BB counts opportunities to buy: make them of orders with "
                    '`keepers.summarise_opportunities(orders, window, period="month")`, or use a model of continuous '
                    "time."
                )
        return super().fit(replace(cells, t_x=np.rint(cells.t_x), T=np.rint(cells.T)))

    def state(self, first_purchase: dt.date) -> CustomerState:
        """The state of a customer who made the first purchase on a day; its opportunities follow one length apart."""
        self._theta()
        return CustomerState.starting(first_purchase, opportunity_days=self.unit_.days)
