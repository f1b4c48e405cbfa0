"""How customers come: channels of different quality and cost, and on which day each brings whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.advertising import Advertising
from keepers.simulate.behaviour import Behaviour
from keepers.simulate.leads import LeadBatch, LeadLaw, draw_leads
from keepers.simulate.season import Tempo
from keepers.simulate.spend import Spend
from keepers.simulate.streams import stream


@dataclass(frozen=True, slots=True)
class Channel:
    """Where customers come from.

    Parameters
    ----------
    name : str
        As it stands in the data.
    share : float
        Share of all customers that it brings under the plan; shares are scaled to sum to one.
    behaviour, spend : optional
        How its customers buy, leave and spend; those of the whole store if left out.
    advertising : Advertising, optional
        What it costs and how it answers; a channel without it is free and grows by `growth` a year.
    growth : float
        Factor a year of a free channel.
    medium : str
        ``cpc``, ``organic``, ``email`` and the like, for touches.
    leads : LeadLaw, optional
        Its customers were leads first.
    by_referral : bool
        Its customers are brought by customers.
    """

    name: str
    share: float = 1.0
    behaviour: Behaviour | None = None
    spend: Spend | None = None
    advertising: Advertising | None = None
    growth: float = 1.0
    medium: str = "organic"
    leads: LeadLaw | None = None
    by_referral: bool = False

    def __post_init__(self) -> None:
        if not self.share > 0:
            raise ConfigError(f"The share of channel `{self.name}` is {self.share!r}; it must be positive.")


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Who came when, in the order of time, and what it took.

    Attributes
    ----------
    channel : array of int, shape (n,)
        Position of the channel in the plan.
    start : array, shape (n,)
        Moment of the first purchase, in days.
    lead : array of int, shape (n,)
        Row of the lead the customer was, or -1.
    daily_spend : array, shape (channels, days)
        Money.
    intensity : array, shape (channels, days)
        Expected customers of each day (expected leads, where the channel brings leads).
    ceiling : array, shape (channels,)
        Customers (or leads) an average day would bring at full saturation; of a free channel, at the start.
    leads : LeadBatch or None
        All leads, won or not.
    """

    channel: IntArray
    start: FloatArray
    lead: IntArray
    daily_spend: FloatArray
    intensity: FloatArray
    ceiling: FloatArray
    leads: LeadBatch | None


def draw_arrivals(
    channels: tuple[Channel, ...], customers: int, days: int, span: int, tempo: Tempo, seed: int
) -> Arrivals:
    """Let exactly `customers` customers come in the first `days` of `span` days.

    Every channel is a Poisson process whose intensity is its response to spend times the season's demand; given
    the total number, customers are independent draws from the intensities.
    """
    rng = stream(seed, "arrivals")
    demand = tempo.demand[:days]
    spend = np.zeros((len(channels), span))
    shape = np.zeros((len(channels), days))
    for row, channel in enumerate(channels):
        if channel.advertising is None:
            shape[row] = channel.growth ** (np.arange(days) / 365.25)
        else:
            advertising = channel.advertising
            budget = advertising.budget.draw(span, tempo.demand[:span], stream(seed, f"budget of {channel.name}"))
            spend[row] = budget
            shape[row] = advertising.response.saturation(advertising.response.pressure(budget))[:days]
    shape *= demand
    if np.any(shape.sum(axis=1) <= 0):
        empty = channels[int(np.argmin(shape.sum(axis=1)))].name
        raise ConfigError(f"Channel `{empty}` has no budget in the time in which customers come; raise it.")
    share = np.array([channel.share for channel in channels])
    share = share / share.sum()
    ceiling = customers * share / shape.sum(axis=1)

    leads: LeadBatch | None = None
    for row, channel in enumerate(channels):
        if channel.leads is not None:
            batch = draw_leads(channel.leads, row, shape[row], customers * share[row], span, seed, channel.name)
            ceiling[row] = batch.expected_leads / shape[row].sum()
            leads = batch if leads is None else leads.joined(batch)
    intensity = shape * ceiling[:, None]
    won = np.flatnonzero(leads.won_by(float(span))) if leads is not None else np.zeros(0, dtype=np.int64)
    if leads is not None and won.size > customers:
        won = won[:customers]
    direct = np.array([channel.leads is None for channel in channels])
    rest = customers - won.size
    if rest and not direct.any():
        # All channels bring leads: there are as many customers as leads were won.
        rest = 0
    chance = np.where(direct[:, None], intensity, 0.0).ravel()
    if rest:
        counts = rng.multinomial(rest, chance / chance.sum())
        cell = np.repeat(np.arange(counts.size), counts)
        channel_of, start = cell // days, cell % days + rng.random(rest)
    else:
        channel_of, start = np.zeros(0, dtype=np.int64), np.zeros(0)
    lead = np.full(rest, -1, dtype=np.int64)
    if leads is not None:
        channel_of = np.concatenate([channel_of, leads.channel[won]])
        start = np.concatenate([start, leads.closes[won]])
        lead = np.concatenate([lead, won])
    order = np.argsort(start, kind="stable")
    return Arrivals(channel_of[order], start[order], lead[order], spend, intensity, ceiling, leads)
