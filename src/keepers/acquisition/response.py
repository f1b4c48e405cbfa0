"""Response curves: how many new customers money brings in each channel, how sure that is, and what they are worth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.newcomer_worth import newcomer_worth
from keepers.acquisition.origins import origins
from keepers.acquisition.priors import response_beliefs
from keepers.acquisition.results import ChannelEconomics
from keepers.acquisition.weekly import ALL, ChannelWeeks, channel_weeks
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit
from keepers.numerics.response_curve import CurveDraws
from keepers.numerics.response_posterior import Lift, ResponseModel, WeeklyArrivals
from keepers.summaries.channels import channel_names
from keepers.summaries.summary import summarise
from keepers.valuation.values import Values

DRAWS = 1000
_SEED = 20261130
_FEWEST = 10
"""New customers of a channel below which nothing is said of its response."""
_RECENT = 4
"""Weeks whose mean is today's spend."""
_PRIOR_DRAWS = 2000
_STALE = 14
"""Days without known spend at the end of the orders from which a plan says so."""


@dataclass(frozen=True, slots=True)
class SpendExperiment:
    """What an experiment with a channel's money has shown: a pause, a raise, regions drawn by lot.

    Parameters
    ----------
    channel : str
        Which.
    spend_from, spend_to : float
        Money a week without and with it, all regions together.
    gain : float
        New customers a week that the difference brought.
    standard_error : float
        Of the gain.
    """

    channel: str
    spend_from: float
    spend_to: float
    gain: float
    standard_error: float

    def __post_init__(self) -> None:
        if not self.standard_error > 0 or self.spend_from == self.spend_to:
            raise ConfigError(
                f"The experiment with `{self.channel}` needs two different spends and a positive standard error of the "
                "gain."
            )


@dataclass(frozen=True, eq=False)
class ChannelResponse:
    """How one channel answers to money.

    Attributes
    ----------
    channel : str
        Which.
    curve : CurveDraws
        Draws of the response as it is now, a day.
    pressure : array, shape (n,)
        Carried-over spend a day at the end of the data.
    worth : array, shape (n,)
        Value of a new customer by draw; empty without money.
    course : pair of arrays
        Days since the first order, and expected money of a new customer within them.
    today : float
        Money a week, the mean of the last weeks.
    seen : (float, float)
        Least and most money a week that was spent on average over a month.
    weeks : int
        Weeks with spend.
    customers : int
        New customers in them.
    prior_share : float
        Share of what is believed of the response's steepness that is prior: 1 where the data say nothing.
    evidence : EvidenceGrade
        How the claim that money brings these customers is known.
    demand : float
        How busy the coming weeks are expected to be, one being usual.
    dispersion : array, shape (n,)
        Variance of a week's new customers beyond chance, over the squared mean.
    """

    channel: str
    curve: CurveDraws
    pressure: FloatArray
    worth: FloatArray
    course: tuple[FloatArray, FloatArray]
    today: float
    seen: tuple[float, float]
    weeks: int
    customers: int
    prior_share: float
    evidence: EvidenceGrade
    demand: float
    dispersion: FloatArray

    def customers_a_week(self, spend_a_week: Sequence[float] | FloatArray) -> FloatArray:
        """New customers a week that an even spend brings beyond those who come anyway, by draw: shape (n, spends)."""
        return 7.0 * self.curve.steady(np.asarray(spend_a_week, dtype=np.float64) / 7.0)

    def marginal_customers(self, spend_a_week: Sequence[float] | FloatArray) -> FloatArray:
        """New customers that one more unit of money brings at a spend, by draw: shape (n, spends)."""
        return self.curve.marginal(np.asarray(spend_a_week, dtype=np.float64) / 7.0)

    def band(self, spend_a_week: Sequence[float] | FloatArray, level: float = 0.80) -> FloatArray:
        """Median, low and high of `customers_a_week`, shape (3, spends)."""
        edge = (1.0 - level) / 2.0
        return np.quantile(self.customers_a_week(spend_a_week), [0.5, edge, 1.0 - edge], axis=0)

    def worth_within(self, horizon: Horizon) -> float:
        """Expected money of a new customer within a time from the first order, undiscounted."""
        return float(np.interp(horizon.days, *self.course))


@dataclass(frozen=True, eq=False)
class ResponseCurves:
    """How channels answer to money.

    Attributes
    ----------
    channels : tuple of ChannelResponse
        The dearest first; all with the same number of draws.
    horizon : Horizon or None
        How far the value of a new customer looks; None without money.
    currency : str
        Of the money.
    basis : MoneyBasis
        What the value is; the cost of acquisition is not deducted.
    discount : float
        Effective discount a year in the value.
    first_day, last_day : date
        The weeks that were looked at.
    notes : tuple of str
        What a reader should know.
    """

    channels: tuple[ChannelResponse, ...]
    horizon: Horizon | None
    currency: str
    basis: MoneyBasis
    discount: float
    first_day: dt.date
    last_day: dt.date
    notes: tuple[str, ...] = ()

    def __getitem__(self, channel: str) -> ChannelResponse:
        for one in self.channels:
            if one.channel == channel:
                return one
        raise ConfigError(f"There is no response of `{channel}`. There is: {', '.join(self.names)}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels."""
        return tuple(one.channel for one in self.channels)

    @property
    def has_money(self) -> bool:
        """Whether new customers have a value."""
        return self.horizon is not None


def response_curves(
    source: Any,
    values: Values | None = None,
    *,
    economics: ChannelEconomics | None = None,
    business: str = "shop",
    experiments: Sequence[SpendExperiment] = (),
    channels: Mapping[str, str] | None = None,
    rates: Mapping[str, float] | None = None,
    horizon: Horizon | None = None,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> ResponseCurves:
    """Learn how many new customers money brings in each channel, and what they are worth.

    Weekly counts of new customers are overdispersed around ``demand^g * exp(growth) * (organic + ceiling * s)``, where
    s is a saturating function of carried-over spend that is concave from the first cent. How busy the shop was is
    taken from orders that no advertising explains. What is believed beforehand, by business type, decides where the
    data say little, and the bands are as wide as that leaves them.

    Parameters
    ----------
    source : Dataset or Store
        With orders and spend.
    values : Values, optional
        Of the same orders; without them (or without money) the curves count customers alone.
    economics : ChannelEconomics, optional
        What `keepers.channel_economics` says of the same customers; its values of new customers are used then.
    business : str
        "shop", "subscription", "services" or "local".
    experiments : sequence of SpendExperiment
        What was proven; their channels' grade is then experimental.
    channels : mapping of str to str, optional
        Names of your own for channels.
    rates : mapping of str to float, optional
        Currency to its price in that of the orders, for spend in another one.
    horizon : Horizon, optional
        How far the value of a new customer looks; that of `values` otherwise.
    draws, seed : int
        Draws of everything that is unknown.

    Returns
    -------
    ResponseCurves

    Raises
    ------
    InputError
        There is no spend, too little of it, or nobody who came by it.

    References
    ----------
    Jin, Wang, Sun, Chan, Koehler (2017), "Bayesian methods for media mix modeling with carryover and shape effects",
    Google.
    """
    named = channel_names(source, channels).renamed(source)
    summary = summarise(source.orders) if values is None else values.facts.summary
    came = origins(named, summary).table.name
    try:
        weeks = channel_weeks(named, summary, came, rates)
        unknown = {one.channel for one in experiments} - set(weeks.channels)
        if unknown:
            raise ConfigError(
                f"There was an experiment with {', '.join(sorted(unknown))}, which is no channel with spend and "
                f"customers: {', '.join(weeks.channels)}."
            )
        worth = None
        if values is not None and values.has_money:
            worth = newcomer_worth(named, values, came, weeks.channels, horizon)
            worth = worth if economics is None else worth.as_valued(economics)
    finally:
        summary.engine.drop(came)
    rng = np.random.default_rng(seed)
    drawn = np.full((len(weeks.channels), draws), np.nan) if worth is None else worth.draws(draws, rng)
    found, few = [], []
    for row, name in enumerate(weeks.channels):
        if weeks.arrivals[row].sum() < _FEWEST:
            few.append((name, int(weeks.arrivals[row].sum())))
            continue
        course = (np.zeros(1), np.zeros(1)) if worth is None else (worth.course_days, worth.course[row])
        mine = [one for one in experiments if one.channel == name]
        found.append(_response(weeks, row, drawn[row], course, business, mine, rng))
    if not found:
        raise InputError(
            f"No channel with spend has brought {_FEWEST} new customers yet: "
            + ", ".join(f"{name} {count}" for name, count in few)
            + ". Wait until one has."
        )
    facts = None if values is None else values.facts
    return ResponseCurves(
        tuple(found),
        None if worth is None else worth.horizon,
        "" if worth is None else worth.currency,
        MoneyBasis.NET_REVENUE if worth is None else worth.basis,
        0.0 if facts is None else facts.discount.annual,
        weeks.first_day,
        weeks.last_day,
        _notes(weeks, few),
    )


def _response(
    weeks: ChannelWeeks,
    row: int,
    worth: FloatArray,
    course: tuple[FloatArray, FloatArray],
    business: str,
    experiments: Sequence[SpendExperiment],
    rng: np.random.Generator,
) -> ChannelResponse:
    name, arrivals, spend = weeks.channels[row], weeks.arrivals[row], weeks.daily_spend[row]
    lifts = [Lift(one.spend_from / 7, one.spend_to / 7, one.gain / 7, one.standard_error / 7) for one in experiments]
    running = spend.reshape(-1, 7).sum(axis=1) > 0
    # The level is believed around what came in weeks with spend, within a factor of e either way.
    beliefs = response_beliefs(business, name, float(arrivals[running].mean()))
    model = ResponseModel(WeeklyArrivals(arrivals, spend, weeks.demand, lifts), beliefs)
    found = model.draw(worth.size, rng)
    before = model.draw_prior(_PRIOR_DRAWS, rng)
    share = np.var(np.log(found.elasticity())) / np.var(np.log(before.elasticity()))
    monthly = np.convolve(spend.reshape(-1, 7).sum(axis=1), np.full(4, 0.25), mode="valid")
    used = monthly[monthly > 0]
    return ChannelResponse(
        name, found.curve, found.pressure, worth, course, float(spend[-7 * _RECENT :].sum() / _RECENT),
        (float(used.min()), float(used.max())), int(running.sum()), int(arrivals.sum()), float(np.clip(share, 0, 1)),
        EvidenceGrade.EXPERIMENTAL if experiments else EvidenceGrade.ADJUSTED, _coming(weeks.demand),
        found.dispersion,
    )  # fmt: skip


def _coming(demand: FloatArray) -> float:
    """How busy the coming weeks were a year ago; one where that is not known."""
    year = round(TimeUnit.YEAR.days / 7)
    if demand.size < year:
        return 1.0
    start = demand.size - year
    return float(demand[start : start + _RECENT].mean())


def _notes(weeks: ChannelWeeks, few: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    notes = [
        f"{name} cost {amount:,.0f}, but no new customer names it; it is left out. If orders write it differently, say "
        "so in keepers.toml under [channels]."
        for name, amount in weeks.unmatched.items()
    ]
    notes += [
        f"{name} has brought {count} new customers, too few to tell how it answers to money: "
        f"{_FEWEST - count} more are needed."
        for name, count in few
    ]
    if weeks.behind > _STALE:
        notes.append(
            f"Spend is known up to {weeks.last_day} only, {weeks.behind} days before the last order. Today’s spends "
            "are those of then: add what was spent since."
        )
    if len(weeks.channels) == 1 and weeks.channels[0] == ALL:
        notes.append(
            "Customers do not say which channel brought them, so that all advertising is taken as one. Orders with a "
            "channel, or a file of touches, would tell channels apart."
        )
    elif weeks.unnamed >= 0.1:
        notes.append(
            f"Of {weeks.unnamed:.0%} of the new customers nothing says which channel brought them; they count for none."
        )
    return tuple(notes)
