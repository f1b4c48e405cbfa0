"""What customers do between orders: mailings opened and clicked, visits; less and less before they leave."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.simulate.population import Population, Traits
from keepers.simulate.season import Tempo
from keepers.simulate.streams import stream

KINDS = ("sent", "open", "click", "unsubscribe", "session")


@dataclass(frozen=True, slots=True)
class Fading:
    """How interest fades before a customer leaves.

    Parameters
    ----------
    days : float
        How long before the dropout interest begins to fall, in a straight line.
    floor : float
        What is left of it at the dropout and after, as a share.
    """

    days: float = 75.0
    floor: float = 0.12

    def interest(self, moment: FloatArray, dropout: FloatArray) -> FloatArray:
        """Share of the usual interest that is left at a moment, for who leaves at `dropout`."""
        ahead = np.clip((dropout - moment) / self.days, 0.0, 1.0)
        return np.asarray(self.floor + (1.0 - self.floor) * ahead)


@dataclass(frozen=True, slots=True)
class Newsletters:
    """Mailings and visits.

    Parameters
    ----------
    every : int
        Days from one mailing to the next.
    click_share : float
        Clicks an opened mailing.
    unsubscribe : float
        Probability of unsubscribing with a mailing, for who has lost all interest; next to nothing for others.
    sessions : float
        Visits of the shop beside those that end in an order, for each order the customer's rate stands for.
    fading : Fading
        How interest fades.
    """

    every: int = 21
    click_share: float = 0.25
    unsubscribe: float = 0.03
    sessions: float = 2.0
    fading: Fading = field(default_factory=Fading)


@dataclass(frozen=True, eq=False)
class EngagementEvents:
    """One entry an event: who, when, which of `KINDS`, and the number of the mailing (-1 for visits)."""

    customer: IntArray
    moment: FloatArray
    kind: IntArray
    mailing: IntArray


def draw_engagement(
    plan: Newsletters,
    population: Population,
    traits: Traits,
    dropout: FloatArray,
    orders: tuple[IntArray, FloatArray],
    tempo: Tempo,
    end: int,
    seed: int,
) -> EngagementEvents:
    """All engagement of customers between their first order and the end; `orders` are customers and moments."""
    mailings = _mailings(plan, population, traits, dropout, tempo, end, stream(seed, "mailings"))
    sessions = _sessions(plan, population, dropout, orders, tempo, end, stream(seed, "sessions"))
    parts = (*mailings, sessions)
    return EngagementEvents(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.moment for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.mailing for part in parts]),
    )


def _mailings(
    plan: Newsletters,
    population: Population,
    traits: Traits,
    dropout: FloatArray,
    tempo: Tempo,
    end: int,
    rng: np.random.Generator,
) -> tuple[EngagementEvents, ...]:
    # Mailing k goes out at ten in the morning of day `every * k`.
    ten = float(tempo.even_day(np.array([10 / 24]))[0])
    total = int(np.ceil((end - ten) / plan.every))
    first = np.ceil((population.start - ten) / plan.every).astype(np.int64)
    count = np.where(traits.accepts_marketing, np.maximum(total - first, 0), 0)
    customer = np.repeat(np.arange(population.size), count)
    place = np.arange(customer.size) - np.repeat(np.cumsum(count) - count, count)
    mailing = first[customer] + place
    moment = mailing * plan.every + ten + rng.uniform(0.0, 0.01, customer.size)
    interest = plan.fading.interest(moment, dropout[customer])
    lost = (1.0 - interest) / (1.0 - plan.fading.floor)
    leaves = rng.random(customer.size) < plan.unsubscribe * (0.02 + 0.98 * lost)
    last = np.full(population.size, np.iinfo(np.int64).max)
    np.minimum.at(last, customer[leaves], mailing[leaves])
    sent = mailing <= last[customer]
    leaves &= mailing == last[customer]
    opened = sent & (rng.random(customer.size) < traits.open_rate[customer] * interest)
    clicked = opened & (rng.random(customer.size) < plan.click_share * (0.4 + 0.6 * interest))
    after = moment + rng.gamma(1.2, 0.25, customer.size)
    at_click = after + rng.uniform(0.0003, 0.01, customer.size)

    def events(rows: np.ndarray, when: FloatArray, kind: int) -> EngagementEvents:
        kept = rows & (when < end)
        size = int(kept.sum())
        return EngagementEvents(customer[kept], when[kept], np.full(size, kind), mailing[kept])

    return events(sent, moment, 0), events(opened, after, 1), events(clicked, at_click, 2), events(leaves, after, 3)


def _sessions(
    plan: Newsletters,
    population: Population,
    dropout: FloatArray,
    orders: tuple[IntArray, FloatArray],
    tempo: Tempo,
    end: int,
    rng: np.random.Generator,
) -> EngagementEvents:
    """A visit minutes before each order, and others at the customer's own rate, thinned as interest fades."""
    begin = tempo.busy_time(population.start)
    span = np.maximum(tempo.busy_time(np.minimum(dropout + 120.0, float(end))) - begin, 0.0)
    count = rng.poisson(plan.sessions * population.latents.rate * span)
    customer = np.repeat(np.arange(population.size), count)
    moment = tempo.moment(begin[customer] + rng.random(customer.size) * span[customer])
    keep = rng.random(customer.size) < plan.fading.interest(moment, dropout[customer])
    who, when = orders
    named = who >= 0
    before = np.maximum(when[named] - rng.uniform(0.002, 0.02, int(named.sum())), 0.0)
    customer = np.concatenate([customer[keep], who[named]])
    return EngagementEvents(
        customer, np.concatenate([moment[keep], before]), np.full(customer.size, 4), np.full(customer.size, -1)
    )
