"""Randomised offers and what each truly does to each customer: some buy more, some would have anyway, some less."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.behaviour import Purchases
from keepers.simulate.expectation import purchases_ahead
from keepers.simulate.margins import OrderWorth
from keepers.simulate.population import Population, Traits
from keepers.simulate.season import Tempo
from keepers.simulate.spend import normal_scores
from keepers.simulate.streams import stream

LARGEST_FALL = -0.9


@dataclass(frozen=True, slots=True)
class Offer:
    """One arm of an experiment.

    The purchase rate of a customer who gets it is multiplied by ``1 + effect`` while the experiment runs, with
    ``effect = lift + by_coupon_use * coupon score + by_loyalty * rate score + spread * noise``; the scores are
    standard normal over the eligible customers, so that a negative `by_loyalty` makes good customers lose by it.

    Parameters
    ----------
    name : str
        As it stands in the data; also the code where it gives a discount.
    lift : float
        Mean effect on the purchase rate.
    by_coupon_use, by_loyalty, spread : float
        What makes effects differ; the first two can be learned from what is known of customers.
    discount : float
        Share taken off every order while the experiment runs.
    cost_per_contact, cost_per_order : float
        Money that each contact, and each order under the offer, costs beside the discount.
    """

    name: str
    lift: float = 0.2
    by_coupon_use: float = 0.0
    by_loyalty: float = 0.0
    spread: float = 0.0
    discount: float = 0.0
    cost_per_contact: float = 0.0
    cost_per_order: float = 0.0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A randomised experiment with offers and a control.

    Parameters
    ----------
    name : str
        Which experiment.
    offers : tuple of Offer
        The arms beside the control.
    day : int
        Day of assignment, counted from the end of the data backwards.
    days : int
        How long the offer works.
    shares : tuple of float, optional
        Probability of each offer; the control gets the rest. Even shares if left out.
    quiet_days : int, optional
        Only customers whose last purchase is at least so long ago; everybody who bought before, if left out.
    """

    name: str
    offers: tuple[Offer, ...]
    day: int
    days: int = 60
    shares: tuple[float, ...] = ()
    quiet_days: int = 0

    def __post_init__(self) -> None:
        if not self.offers:
            raise ConfigError(f"The experiment `{self.name}` has no offers; give it at least one.")
        if self.shares and (len(self.shares) != len(self.offers) or min(self.shares) <= 0 or sum(self.shares) >= 1):
            raise ConfigError(
                f"The shares of the experiment `{self.name}` are {self.shares!r}; give one for each offer, all "
                "positive, with a sum below 1 that leaves a control."
            )

    @property
    def probabilities(self) -> FloatArray:
        """Probability of the control and of each offer."""
        shares = self.shares or (1.0 / (len(self.offers) + 1),) * len(self.offers)
        return np.array([1.0 - sum(shares), *shares])


@dataclass(frozen=True, eq=False)
class OfferTruth:
    """What an experiment did and would have done; rows are eligible customers, columns the control and the offers.

    Attributes
    ----------
    experiment : Experiment
        As planned.
    customer : array of int, shape (n,)
        Row of the customer.
    arm : array of int, shape (n,)
        0 for the control, else the offer's position plus one.
    effect : array, shape (n, arms)
        Relative change of the purchase rate; 0 for the control.
    expected_purchases : array, shape (n, arms)
        Purchases while the experiment runs, for what was true on the day of assignment.
    expected_contribution : array, shape (n, arms)
        Contribution of those purchases after discount and cost of the offer.
    purchases : array of int, shape (n,)
        What the customer did under the arm that was drawn.
    """

    experiment: Experiment
    customer: IntArray
    arm: IntArray
    effect: FloatArray
    expected_purchases: FloatArray
    expected_contribution: FloatArray
    purchases: IntArray

    @property
    def gain(self) -> FloatArray:
        """Expected contribution of each arm less that of the control: the true individual effect in money."""
        return self.expected_contribution - self.expected_contribution[:, :1]

    @property
    def best_arm(self) -> IntArray:
        """What an oracle would give each customer."""
        return np.asarray(np.argmax(self.expected_contribution, axis=1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class OfferedPurchases:
    """Purchases after the experiments had their way: with the offer (-1 for none) that each was made under."""

    customer: IntArray
    moment: FloatArray
    offer: IntArray
    truths: tuple[OfferTruth, ...] = ()


@dataclass(frozen=True, eq=False)
class Scene:
    """Where experiments happen: customers, what they are worth and when they leave, and the end of the data."""

    population: Population
    traits: Traits
    worth: OrderWorth
    dropout: FloatArray
    tempo: Tempo
    end: int


def in_order(experiments: tuple[Experiment, ...]) -> tuple[Experiment, ...]:
    """Experiments as time brings them; their offers are numbered through in this order."""
    return tuple(sorted(experiments, key=lambda experiment: -experiment.day))


def all_offers(experiments: tuple[Experiment, ...]) -> tuple[Offer, ...]:
    """Every offer at its number."""
    return tuple(offer for experiment in in_order(experiments) for offer in experiment.offers)


def run_experiments(
    experiments: tuple[Experiment, ...], purchases: Purchases, scene: Scene, seed: int
) -> OfferedPurchases:
    """Assign offers at random and let them work: purchases are added, or fall away, as the effects say.

    An added purchase never ends a customer's life, and one that falls away may have: offers move purchases, not
    the time a customer stays.
    """
    made = OfferedPurchases(purchases.customer, purchases.moment, np.full(purchases.customer.size, -1))
    number = 0
    for experiment in in_order(experiments):
        begin = scene.end - experiment.day
        if not 0 < begin < scene.end:
            raise ConfigError(
                f"The experiment `{experiment.name}` begins {experiment.day} days before the end, "
                f"which is not inside the {scene.end} days of the store."
            )
        until = min(begin + experiment.days, scene.end)
        rng = stream(seed, f"experiment {experiment.name}")
        truth = _assign(experiment, made, scene, float(begin), float(until), rng)
        made = _apply(truth, number, made, scene, float(begin), float(until), rng)
        number += len(experiment.offers)
    return made


def _assign(
    experiment: Experiment, made: OfferedPurchases, scene: Scene, begin: float, until: float, rng: np.random.Generator
) -> OfferTruth:
    last = scene.population.start.copy()
    before = made.moment < begin
    np.maximum.at(last, made.customer[before], made.moment[before])
    eligible = np.flatnonzero(last < begin - experiment.quiet_days)
    arm = np.searchsorted(np.cumsum(experiment.probabilities)[:-1], rng.random(eligible.size), side="right")
    latents = scene.population.latents.take(eligible)
    effect = _effects(experiment, latents.rate, scene.traits.discount_use[eligible], rng)
    alive = scene.dropout[eligible] > begin
    usual = alive * purchases_ahead(latents, scene.tempo, begin, until - begin)
    expected = usual[:, None] * (1.0 + effect)
    contribution = np.empty_like(expected)
    contribution[:, 0] = usual * scene.worth.contribution(eligible)
    for column, offer in enumerate(experiment.offers, start=1):
        each = scene.worth.contribution(eligible, offer.discount or None) - offer.cost_per_order
        contribution[:, column] = expected[:, column] * each - offer.cost_per_contact
    return OfferTruth(experiment, eligible, arm, effect, expected, contribution, np.zeros(eligible.size, np.int64))


def _effects(
    experiment: Experiment, rate: FloatArray, discount_use: FloatArray, rng: np.random.Generator
) -> FloatArray:
    coupon, loyal = normal_scores(discount_use), normal_scores(rate)
    effect = np.zeros((rate.size, len(experiment.offers) + 1))
    for column, offer in enumerate(experiment.offers, start=1):
        noise = rng.standard_normal(rate.size)
        raw = offer.lift + offer.by_coupon_use * coupon + offer.by_loyalty * loyal + offer.spread * noise
        effect[:, column] = np.maximum(raw, LARGEST_FALL)
    return effect


def _apply(
    truth: OfferTruth,
    number: int,
    made: OfferedPurchases,
    scene: Scene,
    begin: float,
    until: float,
    rng: np.random.Generator,
) -> OfferedPurchases:
    """Purchases of the experiment's time, thinned or joined by new ones, marked with the offer they fall under."""
    size = scene.population.size
    effect, arm = np.zeros(size), np.zeros(size, dtype=np.int64)
    effect[truth.customer] = truth.effect[np.arange(truth.arm.size), truth.arm]
    arm[truth.customer] = truth.arm
    inside = (made.moment >= begin) & (made.moment < until)
    stays = ~(inside & (rng.random(inside.size) < -effect[made.customer]))
    offer = np.where(inside & (arm[made.customer] > 0), number + arm[made.customer] - 1, made.offer)
    first = float(scene.tempo.busy_time(begin))
    span = np.maximum(scene.tempo.busy_time(np.minimum(scene.dropout, until)) - first, 0.0)
    more = rng.poisson(scene.population.latents.rate * np.maximum(effect, 0.0) * span)
    who = np.repeat(np.arange(size), more)
    when = scene.tempo.moment(first + rng.random(who.size) * span[who])
    customer = np.concatenate([made.customer[stays], who])
    moment = np.concatenate([made.moment[stays], when])
    offer = np.concatenate([offer[stays], number + arm[who] - 1])
    counted = np.bincount(customer[(moment >= begin) & (moment < until)], minlength=size)
    done = replace(truth, purchases=counted[truth.customer])
    order = np.argsort(customer, kind="stable")
    return OfferedPurchases(customer[order], moment[order], offer[order], (*made.truths, done))
