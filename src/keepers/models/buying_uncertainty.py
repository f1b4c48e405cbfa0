"""What a model of buying says of its own uncertainty: intervals of answers, its prior in words, how others fit."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.time import DEFAULT_HORIZON, Horizon, TimeUnit
from keepers.models.buying_intervals import DRAWS, at, interval_new_customer, interval_of_rows, posterior_draws
from keepers.models.frames import Histories
from keepers.models.posterior import Posterior
from keepers.models.prior_predictive import PriorPredictive, draw_parameters, purchases_before_data
from keepers.models.priors import Prior
from keepers.numerics.likelihoods.family import BuyingFamily


class Buying(Protocol):
    """What these answers need of a model."""

    symbols: Any
    weak_prior: Any
    gaps: Any
    prior: Any
    unit_: TimeUnit
    posterior_: Posterior

    @property
    def family(self) -> BuyingFamily:
        """The likelihood and the answers."""

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides the histories."""

    def _theta(self) -> FloatArray:
        """Natural parameters in order, coefficients of covariates last."""

    def _rows(self, data: Any, unit: TimeUnit | str | None) -> Histories:
        """Rows to predict for."""

    def _prior_before_data(self) -> Prior:
        """The prior that speaks before any data are seen."""


class BuyingUncertainty:
    """The part of every model of buying that speaks of uncertainty."""

    def _at(self, theta: FloatArray) -> Any:
        """The same model with other values of its parameters."""
        return at(self, theta)

    def interval(
        self: Buying,
        data: Any,
        question: str,
        level: float = 80.0,
        draws: int = DRAWS,
        unit: TimeUnit | str | None = None,
        **arguments: Any,
    ) -> Any:
        """An answer with what the parameters' uncertainty makes of it: columns `..._low` and `..._high` beside it.

        This is how sure the model is of an expectation, not how far a customer's purchases will scatter around it:
        for that see `purchase_distribution` and the intervals of `lifetime_value`.

        Parameters
        ----------
        data : as for all questions, or None
            None for the questions about a new customer.
        question : str
            Name of a method, such as ``"expected_purchases"``, whose arguments follow by name.
        level : float
            In per cent.
        draws : int
            Draws of `posterior_`, whichever method it is of.
        unit : TimeUnit or str, optional
            Unit of a frame's times.

        Returns
        -------
        frame or table with three further columns; a dict of arrays for cells, of numbers for a new customer

        Raises
        ------
        ConfigError
            If there is no such question.

        Examples
        --------
        >>> import keepers as kp
        >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
        >>> model = kp.BGNBD().fit(data, unit="week")
        >>> found = model.interval(data, "expected_purchases", horizon=kp.weeks(52))
        >>> all(found["expected_purchases_low"] < found["expected_purchases_high"])
        True
        """
        estimate, many = self._theta(), posterior_draws(self.posterior_, draws)
        if data is None:
            return interval_new_customer(self, question, level, estimate, many, arguments)
        return interval_of_rows(self, self._rows(data, unit), question, level, estimate, many, arguments)

    def prior_predictive(
        self: Buying, horizon: Horizon = DEFAULT_HORIZON, draws: int = 1000, seed: int = 0
    ) -> PriorPredictive:
        """What the model's prior says of new customers before any order is seen, in sentences; no fit is needed.

        Parameters
        ----------
        horizon : Horizon
            How far to look.
        draws : int
            Draws from the prior: the one given to the model, or its weak one.
        seed : int
            Where chance starts.

        Examples
        --------
        >>> import keepers as kp
        >>> print(kp.BGNBD().prior_predictive(kp.years(1)).sentences[0])
        With 80% probability a new customer buys again between 0 and 8 times within 1 year.
        """
        prior, rng = self._prior_before_data(), np.random.default_rng(seed)
        t = horizon.in_unit(prior.unit)
        return purchases_before_data(
            draw_parameters(prior, self.symbols, draws, rng),
            str(horizon),
            lambda theta: float(np.ravel(self.family.expected_purchases_new(theta, t))[0]),
            lambda theta, customers: self.family.sample_new(theta, np.full(customers, t), rng)[0],
        )
