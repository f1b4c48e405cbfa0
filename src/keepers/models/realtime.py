"""A customer's state that one more order updates, and its score at any moment, with NumPy alone."""

from __future__ import annotations

import datetime as dt
import importlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.domain.errors import FitError, InputError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.outcome import FitOutcome
from keepers.domain.store_clock import Calendar
from keepers.domain.time import DEFAULT_HORIZON, Horizon, TimeUnit
from keepers.models import persistence
from keepers.models.by_clock import asked_by_clock, calendar_of
from keepers.models.customer_states import CustomerStates
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.likelihoods.stacked import Stacked

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_FAMILIES = {
    "NBD": "nbd",
    "BGNBD": "bg_nbd",
    "MBGNBD": "mbg_nbd",
    "ParetoNBD": "pareto_nbd",
    "BGBB": "bg_bb",
    "GGompertzNBD": "ggompertz_nbd",
    "HierarchicalParetoNBD": "pareto_nbd_posterior",
    "ParetoNBDAbe": "pareto_nbd_abe",
}
_ERLANG = {"BGCNBD": 0, "MBGCNBD": 1}
"""Models with a k among their parameters, and the chances to leave before the first repeat purchase."""


@dataclass(frozen=True, slots=True)
class CustomerState:
    """All that a model of buying remembers of a customer.

    Parameters
    ----------
    first, last : date
        Days of the first and of the last purchase.
    repeat_purchases : int
        Further days, or opportunities, with a purchase.
    opportunity_days : float
        For models of opportunities the length of one, counted from the first purchase: purchases of one opportunity
        are one. Zero counts days.
    log_gaps : float or None
        Sum of the logarithms of the days between purchases, for models that know regular timing. None where it is not
        known, as after an order that arrived late: the state does not remember which gap that divides.

    Examples
    --------
    >>> state = CustomerState.starting(dt.date(2025, 1, 1)).update(dt.date(2025, 2, 1)).update(dt.date(2025, 2, 1))
    >>> state.repeat_purchases, state.last.isoformat()
    (1, '2025-02-01')
    """

    first: dt.date
    last: dt.date
    repeat_purchases: int
    opportunity_days: float = 0.0
    log_gaps: float | None = None

    def __post_init__(self) -> None:
        if (
            self.repeat_purchases < 0
            or self.last < self.first
            or (self.repeat_purchases == 0) != (self.opportunity(self.last) == 0)
        ):
            raise InputError(
                f"A customer with {self.repeat_purchases} repeat purchases cannot have bought first on {self.first} "
                f"and last on {self.last}. Each repeat purchase is a later day than the first."
            )
        if self.repeat_purchases == 0:
            object.__setattr__(self, "log_gaps", 0.0)

    @classmethod
    def starting(cls, day: dt.date, opportunity_days: float = 0.0) -> CustomerState:
        """The state after the first purchase."""
        return cls(_day(day), _day(day), 0, opportunity_days)

    def opportunity(self, day: dt.date) -> int:
        """Whole opportunities, or days, from the first purchase to a day."""
        since = (day - self.first).days
        return int(since / self.opportunity_days + 1e-9) if self.opportunity_days > 0 else since

    def update(self, order: dt.date) -> CustomerState:
        """The state after one more order.

        A second order of the first or of the last day changes nothing, as purchases of one day count once. An order
        that arrives late, from a day between, counts as one more purchase: the state does not remember every day, and
        from then on not how regularly the customer bought.
        """
        day = _day(order)
        if day >= self.first and self.opportunity(day) in (0, self.opportunity(self.last)):
            return self
        first, last = min(self.first, day), max(self.last, day)
        gaps = self.log_gaps
        if gaps is not None:
            apart = max((day - self.last).days, (self.first - day).days)
            gaps = gaps + math.log(apart) if apart > 0 else None
        return CustomerState(first, last, self.repeat_purchases + 1, self.opportunity_days, gaps)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What is expected of customers at a moment; arrays of shape (n,).

    Parameters
    ----------
    probability_alive : array
        At the moment.
    expected_purchases, discounted_purchases : array
        Within the horizon, plain and each discounted to the moment.
    days_to_next_purchase : array
        Median waiting time of a customer who is alive; may be infinite.
    """

    probability_alive: FloatArray
    expected_purchases: FloatArray
    discounted_purchases: FloatArray
    days_to_next_purchase: FloatArray


class Scorer:
    """A fitted model of buying, reduced to what a score needs; it loads neither an engine nor a frame library.

    Parameters
    ----------
    model : str
        Name of the model.
    parameters : mapping of str to float
        Its parameters.
    unit : TimeUnit
        Unit of time of the parameters.
    members : tuple of str
        Names of the models of a stack.
    stages : mapping of str to int, optional
        The k of the models of a stack that have one.
    theta : array, optional
        What the family is asked with, where that is more than the parameters: draws of them.
    calendar : Calendar, optional
        With the clock by which the parameters count time.
    """

    def __init__(
        self,
        model: str,
        parameters: dict[str, float],
        unit: TimeUnit,
        members: tuple[str, ...] = (),
        stages: Mapping[str, int] | None = None,
        theta: FloatArray | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self.model = model
        self.unit = unit
        self.clock = None if calendar is None else calendar.clock
        k = {} if stages is None else dict(stages)
        if "k" in parameters:
            k[model] = int(parameters["k"])
        self.family = Stacked({one: _family(one, k) for one in members}) if members else _family(model, k)
        own = [parameters[name] for name in self.family.PARAMETERS]
        self.theta = np.array(own) if theta is None else theta

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scorer:
        """Read the scorer of a saved model.

        Raises
        ------
        InputError, FitError
            If the file is no saved model of buying, or its fit failed.
        """
        data = persistence.read(path)
        try:
            outcome = FitOutcome[data["outcome"]]
            settings = data["settings"]
            if "covariates" in settings or "labels" in settings:
                raise InputError(
                    f"The model in {os.fspath(path)} has covariates or groups, so a score needs attributes. Use "
                    "`keepers.load_model(path).score(states, now, attributes=...)`."
                )
            members, stages = tuple(settings.get("members", ())), settings.get("stages")
            unit = TimeUnit.parse(settings["unit"])
            theta = np.array(settings["thetas"], dtype=float) if "thetas" in settings else None
            scorer = cls(str(data["model"]), data["parameters"], unit, members, stages, theta, calendar_of(settings))
        except (KeyError, TypeError) as error:
            raise InputError(f"{os.fspath(path)} is not a saved model of buying ({error!r}).") from error
        if not outcome.usable:
            raise FitError(f"The model in {os.fspath(path)} cannot score: {outcome.value}")
        return scorer

    def score(
        self,
        states: CustomerState | Sequence[CustomerState] | CustomerStates,
        now: dt.date,
        horizon: Horizon = DEFAULT_HORIZON,
        discount: DiscountRate = DEFAULT_DISCOUNT,
    ) -> Scores:
        """Score one customer or many at a moment.

        Parameters
        ----------
        states : CustomerState, sequence or CustomerStates
            One, or n of them.
        now : date
            The moment; not before the last purchase.
        horizon : Horizon
            How far to look.
        discount : DiscountRate
            What later purchases are worth now.
        """

        knowing = getattr(self.family, "knowing", None)

        def answer(cells: Cells, question: str, further: tuple[Any, ...]) -> FloatArray:
            family = self.family if cells.log_gaps is None or knowing is None else knowing(cells.log_gaps)
            return np.asarray(getattr(family, question)(self.theta, cells.x, cells.t_x, cells.T, *further))

        def ask(_: BoolArray, gaps: FloatArray | None, question: str, *arguments: Any) -> FloatArray:
            x, t_x, T, *further = arguments
            cells = Cells(x, t_x, T, np.ones(x.shape), self.unit, gaps, calendar=Calendar(_day(now)))
            if self.clock is None:
                return answer(cells, question, tuple(further))
            found = asked_by_clock(
                self.clock, _day(now), question, cells, tuple(further), lambda read, on: answer(read, question, on)
            )
            return np.asarray(found)

        discrete = bool(getattr(self.family, "DISCRETE", False))
        return score_states(ask, self.unit, states, now, horizon, discount, discrete)


def score_states(
    ask: Callable[..., FloatArray],
    unit: TimeUnit,
    states: CustomerState | Sequence[CustomerState] | CustomerStates,
    now: dt.date,
    horizon: Horizon,
    discount: DiscountRate,
    discrete: bool = False,
) -> Scores:
    """Score states by whatever answers a family's questions: `ask(rows, log_gaps, question, x, t_x, T, ...)`.

    `rows` tells which of the states are asked about: those whose `log_gaps` are known, or the others without them.
    """
    states = together(states)
    today = np.datetime64(_day(now), "D")
    late = np.flatnonzero(states.last > today)
    if late.size:
        purchase = states.last[late[0]]
        raise InputError(f"A score at {today} cannot know of a purchase on {purchase}. Score at a later day.")
    days = unit.days
    x = states.repeat_purchases.astype(np.float64)
    t_x, T = ((end - states.first).astype(np.float64) / days for end in (states.last, today))
    if discrete:
        t_x, T = np.floor(t_x + 1e-9), np.floor(T + 1e-9)
    t, delta = horizon.in_unit(unit), discount.continuous(unit)
    gaps = states.log_gaps - x * math.log(days)
    lost = np.isnan(gaps)

    def score(question: str, *further: float) -> FloatArray:
        found = np.empty(x.shape)
        for rows, known in ((~lost, True), (lost, False)):
            if rows.any():
                asked = gaps[rows] if known else None
                found[rows] = ask(rows, asked, question, x[rows], t_x[rows], T[rows], *further)
        return found

    return Scores(
        probability_alive=score("probability_alive"),
        expected_purchases=score("expected_purchases", t),
        discounted_purchases=score("discounted_expected_purchases", delta, t),
        days_to_next_purchase=score("median_waiting_time") * days,
    )


def together(states: CustomerState | Sequence[CustomerState] | CustomerStates) -> CustomerStates:
    """One state or several as columns."""
    if isinstance(states, CustomerStates):
        return states
    return CustomerStates.of([states] if isinstance(states, CustomerState) else states)


def _family(model: str, stages: Mapping[str, int]) -> BuyingFamily:
    """The family of a model: straight from its module where the house knows it, so that nothing else is loaded."""
    if model in _ERLANG:
        from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric

        return ErlangBetaGeometric(_ERLANG[model], stages[model])
    if model == "ParetoGGG":
        from keepers.numerics.likelihoods.pareto_ggg import ParetoGGGFamily

        return ParetoGGGFamily()
    if model in _FAMILIES:
        return cast(BuyingFamily, importlib.import_module(f"keepers.numerics.likelihoods.{_FAMILIES[model]}"))
    from keepers.models.catalogue import model_class

    family = getattr(model_class(model), "family", None)
    if family is None:
        raise InputError(f"{model} is not a model of buying that can score; use for example {', '.join(_FAMILIES)}.")
    return cast(BuyingFamily, family)


def _day(moment: dt.date) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment
