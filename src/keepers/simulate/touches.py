"""What the shop's pixel saw: paths of contacts that end in a first order or in nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.acquisition import Arrivals, Channel
from keepers.simulate.streams import stream

LANDING_PAGES = ("/", "/collections/new", "/collections/gifts", "/pages/our-story", "/collections/sale")


@dataclass(frozen=True, slots=True)
class Paths:
    """How contacts are recorded.

    The truth is simple: each customer was brought by one channel (the one that stands with the customer). Its
    contact is on the path; other contacts come along by chance, at the same rate for who buys and who does not, and
    some channels harvest: a person who is about to buy comes through them, although they changed nothing.

    Parameters
    ----------
    extra : float
        Mean number of chance contacts on a path.
    empty_paths : float
        Visitors who never buy, for each customer.
    harvest : tuple of (channel, share)
        Channels that close the paths of others, and of which share of them.
    window : float
        Days that a path takes, on average.
    """

    extra: float = 1.2
    empty_paths: float = 3.0
    harvest: tuple[tuple[str, float], ...] = ()
    window: float = 9.0


@dataclass(frozen=True, eq=False)
class TouchEvents:
    """One entry a contact.

    Attributes
    ----------
    visitor : array of int
        Number of the visitor; says nothing of what became of them.
    customer : array of int
        Row of the customer the visitor became; -1 for nobody.
    moment : array
        When, in days.
    channel, page : arrays of int
        Where, and the page it led to.
    caused : array of bool
        Whether it is the contact that brought the customer.
    """

    visitor: IntArray
    customer: IntArray
    moment: FloatArray
    channel: IntArray
    page: IntArray
    caused: NDArray[np.bool_]


def draw_touches(plan: Paths, channels: tuple[Channel, ...], arrivals: Arrivals, seed: int) -> TouchEvents:
    """Contacts of everybody who became a customer and of visitors who did not."""
    rng = stream(seed, "touches")
    names = [channel.name for channel in channels]
    for name, _ in plan.harvest:
        if name not in names:
            raise ConfigError(f"`{name}` is to harvest but is not a channel of the plan: {', '.join(names)}.")
    customers = arrivals.start.size
    empty = int(rng.poisson(plan.empty_paths * customers))
    lost_to, last = _empty_paths(arrivals, empty, rng)
    source = np.concatenate([arrivals.channel, lost_to])
    # A path ends with the first order, or where who never orders gives up. Its own contact lies somewhere inside.
    ends = np.concatenate([arrivals.start, last])
    contact = _earlier(ends, plan.window / 2, rng)
    begin = _earlier(contact, plan.window / 2, rng)
    more = rng.poisson(plan.extra, ends.size)
    mix = np.bincount(arrivals.channel, minlength=len(channels)).astype(float)
    chance = np.repeat(np.arange(ends.size), more)
    when_chance = begin[chance] + rng.random(chance.size) * (ends - begin)[chance]
    where_chance = rng.choice(len(channels), size=chance.size, p=mix / mix.sum())
    who, when, where = [np.arange(ends.size), chance], [contact, when_chance], [source, where_chance]
    for name, share in plan.harvest:
        reaps = np.flatnonzero((rng.random(customers) < share) & (arrivals.channel != names.index(name)))
        who.append(reaps)
        when.append(_earlier(ends[reaps], 0.01, rng))
        where.append(np.full(reaps.size, names.index(name)))
    owner = np.concatenate(who)
    return TouchEvents(
        rng.permutation(ends.size)[owner],
        np.where(owner < customers, owner, -1),
        np.concatenate(when),
        np.concatenate(where),
        rng.choice(len(LANDING_PAGES), size=owner.size, p=[0.4, 0.22, 0.18, 0.08, 0.12]),
        np.arange(owner.size) < customers,
    )


def _earlier(moment: FloatArray, mean: float, rng: np.random.Generator) -> FloatArray:
    """Some time before a moment; where that would be before the store began, some moment since it did."""
    gap = rng.gamma(1.0, mean, moment.size)
    return np.asarray(np.where(moment > gap, moment - gap, rng.random(moment.size) * moment))


def _empty_paths(arrivals: Arrivals, count: int, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Channel and moment of visitors who never buy, where and when channels were at work."""
    weight = arrivals.intensity.ravel()
    cell = rng.choice(weight.size, size=count, p=weight / weight.sum())
    days = arrivals.intensity.shape[1]
    return cell // days, cell % days + rng.random(count)
