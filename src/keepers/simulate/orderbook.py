"""The shop's order book: every order in the order of time with its value, basket, coupon, tax and shipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.catalogue import Baskets, Catalogue, fill_baskets
from keepers.simulate.coupons import Coupons
from keepers.simulate.people import Country
from keepers.simulate.population import Population, Traits
from keepers.simulate.spend import draw_amounts
from keepers.simulate.streams import stream

STATUSES = ("paid", "pending", "void")


@dataclass(frozen=True, slots=True)
class Blemishes:
    """Rows that every real export holds and that are no purchases, or nobody's; shares of the number of orders.

    Parameters
    ----------
    guests : float
        Sales at the counter that name no customer.
    voided : float
        Orders whose payment was voided, minutes before one that went through.
    pending : float
        Unpaid orders among those of the last three days.
    """

    guests: float = 0.01
    voided: float = 0.006
    pending: float = 0.25

    def __post_init__(self) -> None:
        if min(self.guests, self.voided, self.pending) < 0 or max(self.guests, self.voided, self.pending) > 1:
            raise ConfigError(f"Shares of blemishes must lie between 0 and 1: {self!r}.")


@dataclass(frozen=True, eq=False)
class OrderBook:
    """Orders in the order of time, one entry each; money in cents.

    Attributes
    ----------
    customer : array of int
        Row of the customer; -1 where nobody knows.
    moment : array
        When, in even days.
    first : array of bool
        Whether it is the customer's first.
    status : array of int
        Position in `STATUSES`.
    amount : array of int
        Value after discounts, before tax and shipping.
    discount : array of int
        What was taken off the list price.
    cost : array of int, or None
        Cost of what was sold.
    code : array of int
        Coupon: 0 welcome, 1 standing, 2 and on the offers; -1 for none.
    tax, shipping : arrays of int
        On top of the amount.
    country : array of int
        Where it was sent.
    baskets : Baskets or None
        Lines, by row of this book.
    """

    customer: IntArray
    moment: FloatArray
    first: NDArray[np.bool_]
    status: IntArray
    amount: IntArray
    discount: IntArray
    cost: IntArray | None
    code: IntArray
    tax: IntArray
    shipping: IntArray
    country: IntArray
    baskets: Baskets | None

    @property
    def size(self) -> int:
        """Number of orders."""
        return int(self.moment.size)

    @property
    def main_article(self) -> IntArray | None:
        """The article with the largest share of each order."""
        if self.baskets is None:
            return None
        lines = self.baskets
        # The first of equals: lines of an order lie together, and the sort is stable.
        order = np.lexsort((-lines.amount, lines.order))
        top = np.diff(lines.order[order], prepend=-1) != 0
        result = np.full(self.size, -1, dtype=np.int64)
        result[lines.order[order][top]] = lines.article[order][top]
        return result


def write_book(
    customer: IntArray,
    moment: FloatArray,
    first: NDArray[np.bool_],
    offer: IntArray,
    status: IntArray,
    *,
    population: Population,
    traits: Traits | None,
    home: IntArray,
    countries: tuple[Country, ...],
    catalogue: Catalogue | None,
    coupons: Coupons | None,
    offer_discount: FloatArray,
    seed: int,
) -> OrderBook:
    """Give every order its value and all that follows from it. Orders must stand in the order of time.

    Parameters
    ----------
    customer, moment, first, offer, status : arrays, shape (orders,)
        Who (-1 for guests), when, whether it is their first, under which offer (-1 for none), and how it stands.
    population, traits : Population, Traits or None
        Who the customers are.
    home : array of int
        Country of each customer.
    countries, catalogue, coupons
        The plan's.
    offer_discount : array
        Discount of each offer.
    seed : int
        Seed of the simulation.
    """
    guest = customer < 0
    row = np.where(guest, 0, customer)
    rng = stream(seed, "amounts")
    typical = float(np.median(population.mean_spend))
    means = np.where(guest, typical, population.mean_spend[row])
    target = draw_amounts(means, population.spend_shape[row], rng)
    code, rate = np.full(customer.size, -1), np.zeros(customer.size)
    if coupons is not None and traits is not None:
        code, rate = coupons.draw(first, np.where(guest, 0.0, traits.discount_use[row]), stream(seed, "coupons"))
    list_value = np.maximum(np.round(target / (1.0 - rate) * 100.0), 1.0)
    if offer_discount.size:
        discounted = (offer >= 0) & (offer_discount[offer] > 0)
        # Under a discount the basket is what it would have been without coupon: the discount comes off its value.
        list_value = np.where(discounted, np.maximum(np.round(target * 100.0), 1.0), list_value)
        code = np.where(discounted, 2 + offer, code)
        rate = np.where(discounted, offer_discount[offer], rate)
    baskets: Baskets | None = None
    cost: IntArray | None = None
    if catalogue is not None and traits is not None:
        basket_rng = stream(seed, "baskets")
        anything = basket_rng.integers(0, len(catalogue.categories), customer.size)
        baskets = fill_baskets(catalogue, list_value, np.where(guest, anything, traits.favourite[row]), basket_rng)
        list_value = np.bincount(baskets.order, baskets.amount, customer.size)
        cost = np.bincount(baskets.order, baskets.cost, customer.size).astype(np.int64)
    discount = np.minimum(np.round(list_value * rate), list_value - 1).astype(np.int64)
    amount = list_value.astype(np.int64) - discount
    country = np.where(guest, 0, home[row])
    tax_rate = np.array([place.tax for place in countries])
    fee = np.array([round(place.shipping * 100) for place in countries])
    free_from = np.array([round(place.free_from * 100) for place in countries])
    shipping = np.where(amount >= free_from[country], 0, fee[country]) * ~guest
    tax = np.round(amount * tax_rate[country]).astype(np.int64)
    return OrderBook(
        customer, moment, first, status, amount, discount, cost, code, tax, shipping, country, baskets
    )  # fmt: skip


def add_blemishes(
    plan: Blemishes, customer: IntArray, moment: FloatArray, end: float, seed: int
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Rows to be added to the book (customer, moment, status), and the status of those already in it."""
    rng = stream(seed, "blemishes")
    guests = int(rng.binomial(customer.size, plan.guests))
    voided = rng.choice(customer.size, size=round(customer.size * plan.voided), replace=False)
    before = np.maximum(moment[voided] - rng.uniform(0.0005, 0.01, voided.size), 0.0)
    when = np.concatenate([rng.choice(moment, guests), before])
    who = np.concatenate([np.full(guests, -1), customer[voided]])
    status = np.repeat([STATUSES.index("paid"), STATUSES.index("void")], [guests, voided.size])
    own = np.where((moment > end - 3.0) & (rng.random(moment.size) < plan.pending), 1, 0)
    return who, when, status, own
