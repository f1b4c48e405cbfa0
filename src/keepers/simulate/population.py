"""The customers: their latent rates, and what the shop can know of them, which is a noisy sign of the rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.domain.cells import FloatArray, IntArray
from keepers.simulate.acquisition import Arrivals, Channel
from keepers.simulate.behaviour import Behaviour, Latents
from keepers.simulate.spend import Correlation, Spend, normal_scores
from keepers.simulate.streams import stream

AGE_BANDS = ("18-29", "30-44", "45-59", "60+")
OCCASIONS = ("for myself", "as a gift")


@dataclass(frozen=True, eq=False)
class Population:
    """One entry a customer, in the order of their first purchase.

    Attributes
    ----------
    channel, lead : arrays of int
        Position of the channel; row of the lead, or -1.
    start : array
        Moment of the first purchase, in days.
    latents : Latents
        True rates.
    mean_spend : array
        True mean order value.
    spend_shape : array
        Gamma shape `p` of a single order.
    """

    channel: IntArray
    lead: IntArray
    start: FloatArray
    latents: Latents
    mean_spend: FloatArray
    spend_shape: FloatArray

    @property
    def size(self) -> int:
        """Number of customers."""
        return int(self.start.size)


@dataclass(frozen=True, eq=False)
class Traits:
    """What can be known or felt of each customer; drawn after the rates, so that the rates keep their law.

    Attributes
    ----------
    favourite : array of int
        Favourite category.
    age_band, occasion : arrays of int
        Answers given when the account was made.
    accepts_marketing : array of bool
        Whether e-mail may be sent.
    open_rate : array
        Probability of opening a newsletter while the customer is content.
    discount_use : array
        Probability of using a coupon with an order.
    satisfaction : array
        Answer to "would you recommend us" (0 to 10) while content, before noise.
    referral_pull : array
        How readily the customer brings others, relative to the average.
    """

    favourite: IntArray
    age_band: IntArray
    occasion: IntArray
    accepts_marketing: NDArray[np.bool_]
    open_rate: FloatArray
    discount_use: FloatArray
    satisfaction: FloatArray
    referral_pull: FloatArray


def draw_population(
    arrivals: Arrivals,
    channels: tuple[Channel, ...],
    behaviour: Behaviour,
    spend: Spend,
    correlation: Correlation | None,
    seed: int,
) -> Population:
    """Give everybody who came their rates and their mean spend, by the law of their channel."""
    size = arrivals.start.size
    latents = Latents(np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size, dtype=bool))
    means, shapes = np.zeros(size), np.zeros(size)
    for row, channel in enumerate(channels):
        rng = stream(seed, f"rates of {channel.name}")
        mine = np.flatnonzero(arrivals.channel == row)
        ranks = None if correlation is None else correlation.draw_ranks(mine.size, rng)
        drawn = (channel.behaviour or behaviour).draw(mine.size, rng, ranks)
        latents.rate[mine], latents.hazard[mine] = drawn.rate, drawn.hazard
        latents.drop_probability[mine], latents.lost_at_once[mine] = drawn.drop_probability, drawn.lost_at_once
        law = channel.spend or spend
        means[mine] = law.draw_means(mine.size, rng, None if ranks is None else ranks[2])
        shapes[mine] = law.p
    if arrivals.leads is not None:
        from_lead = arrivals.lead >= 0
        means[from_lead] *= arrivals.leads.value_factor[arrivals.lead[from_lead]]
    return Population(arrivals.channel, arrivals.lead, arrivals.start, latents, means, shapes)


def draw_traits(
    population: Population, popularity: FloatArray, mean_discount_use: float, signal: float, seed: int
) -> Traits:
    """Draw what is known of customers.

    Parameters
    ----------
    population : Population
        Customers with their rates.
    popularity : array
        Share of each category of the catalogue.
    mean_discount_use : float
        Mean probability of using a coupon.
    signal : float
        Between 0 (traits say nothing of the rates) and 1.
    seed : int
        Seed of the simulation.
    """
    rng = stream(seed, "traits")
    noise = np.sqrt(1.0 - signal**2)
    size = population.size
    buys = normal_scores(population.latents.rate)
    leaves = normal_scores(population.latents.leaving)
    spends = normal_scores(population.mean_spend)

    def sign(score: FloatArray) -> FloatArray:
        return np.asarray(signal * score + noise * rng.standard_normal(size))

    pull = np.linspace(-0.9, 0.9, popularity.size)
    lot = np.log(popularity) + pull * (signal * (0.7 * buys + 0.7 * spends))[:, None]
    favourite = np.argmax(lot + rng.gumbel(size=lot.shape), axis=1)
    age_band = np.searchsorted([-0.8, 0.25, 1.0], sign(0.8 * spends - 0.6 * leaves))
    occasion = (sign(-buys) > 0.45).astype(np.int64)
    accepts = sign(0.8 * buys - 0.6 * leaves) > -0.15
    open_rate = special.expit(-0.75 + 0.8 * sign(0.7 * buys - 0.7 * leaves))
    # A beta with the mean asked for, its rank tied to low spend.
    rank = special.ndtr(sign(-spends))
    discount_use = special.betaincinv(1.1, 1.1 * (1 / max(mean_discount_use, 1e-6) - 1), np.clip(rank, 1e-9, 1 - 1e-9))
    satisfaction = np.clip(8.3 + 1.0 * sign(-leaves), 3.0, 10.0)
    referral_pull = np.exp(0.8 * sign(0.6 * buys - 0.8 * leaves) - 0.32)
    return Traits(
        favourite, age_band, occasion, accepts, open_rate, np.asarray(discount_use), satisfaction, referral_pull
    )
