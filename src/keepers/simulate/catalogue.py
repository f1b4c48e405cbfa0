"""What the shop sells: articles with price and cost, and baskets of them that are worth what an order is worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Article:
    """One article with its list price."""

    sku: str
    name: str
    price: float


@dataclass(frozen=True, slots=True)
class Category:
    """Articles of one kind, bought in proportion to `popularity`; a share `margin` of the price is left after cost."""

    name: str
    margin: float
    articles: tuple[Article, ...]
    popularity: float = 1.0


@dataclass(frozen=True)
class Catalogue:
    """All that is sold, and how baskets are filled.

    Parameters
    ----------
    categories : tuple of Category
        What is sold.
    lines : float
        Mean number of lines of a basket, where the order is large enough for them.
    loyalty : float
        Share of lines from the customer's own favourite category.
    list_prices : bool
        True: baskets are filled at list prices, and the order is worth what they cost; its expectation is the
        order value drawn for it. False: prices are scaled so that the order is worth exactly what was drawn, and
        spend is Gamma-Gamma to the cent.
    """

    categories: tuple[Category, ...]
    lines: float = 1.8
    loyalty: float = 0.5
    list_prices: bool = True

    def __post_init__(self) -> None:
        if not self.categories or not all(category.articles for category in self.categories):
            raise ConfigError("A catalogue needs at least one category, and every category at least one article.")

    @cached_property
    def articles(self) -> tuple[tuple[Category, Article], ...]:
        """Every article with its category, cheapest first within a category."""
        return tuple(
            (category, article)
            for category in self.categories
            for article in sorted(category.articles, key=lambda article: article.price)
        )

    @cached_property
    def prices(self) -> IntArray:
        """Price of each article, in cents."""
        return np.array([round(article.price * 100) for _, article in self.articles], dtype=np.int64)

    @cached_property
    def costs(self) -> IntArray:
        """Cost of each article, in cents."""
        return np.array([round(a.price * 100 * (1 - c.margin)) for c, a in self.articles], dtype=np.int64)

    @cached_property
    def category_of(self) -> IntArray:
        """Position of each article's category."""
        return np.repeat(np.arange(len(self.categories)), [len(category.articles) for category in self.categories])

    @cached_property
    def popularity(self) -> FloatArray:
        """Share of lines of each category among customers without a favourite."""
        weight = np.array([category.popularity for category in self.categories])
        return np.asarray(weight / weight.sum())

    def margin_rates(self, favourite: IntArray) -> FloatArray:
        """Expected share of undiscounted revenue that is left after cost, for customers with such a favourite."""
        margin = np.array([category.margin for category in self.categories])
        return self.loyalty * margin[favourite] + (1 - self.loyalty) * float(self.popularity @ margin)


@dataclass(frozen=True, eq=False)
class Baskets:
    """Order lines, order by order; money in cents before any discount.

    Attributes
    ----------
    order : array of int, shape (lines,)
        Row of the order.
    article : array of int
        Position in the catalogue.
    quantity : array of int
        Pieces.
    amount : array of int
        Quantity times price.
    cost : array of int
        Quantity times cost.
    """

    order: IntArray
    article: IntArray
    quantity: IntArray
    amount: IntArray
    cost: IntArray


def fill_baskets(catalogue: Catalogue, targets: FloatArray, favourite: IntArray, rng: np.random.Generator) -> Baskets:
    """Fill a basket for every order so that its expected worth is the target.

    A target is divided among lines; a line's share is met by some pieces of one of two articles, a cheaper and a
    dearer one, at random with just the chances that make the expectation right.

    Parameters
    ----------
    catalogue : Catalogue
        What is sold.
    targets : array, shape (orders,)
        What each order is to be worth before discounts, in cents.
    favourite : array of int, shape (orders,)
        Favourite category of the order's customer.
    rng : numpy.random.Generator
        Source of the draws.
    """
    typical = float(np.median(catalogue.prices))
    room = np.maximum(targets / (0.7 * typical), 1.0).astype(np.int64)
    lines = 1 + np.minimum(rng.poisson(max(catalogue.lines - 1.0, 0.0), targets.size), room - 1)
    order = np.repeat(np.arange(targets.size), lines)
    first = np.zeros(order.size, dtype=bool)
    first[np.concatenate([[0], np.cumsum(lines)[:-1]])] = True
    weight = 0.4 + rng.standard_exponential(order.size)
    weight[first] += 0.6
    share = targets[order] * weight / np.bincount(order, weight, targets.size)[order]
    own = rng.random(order.size) < catalogue.loyalty
    any_category = rng.choice(len(catalogue.categories), size=order.size, p=catalogue.popularity)
    category = np.where(own, favourite[order], any_category)
    article, quantity, dropped = _choose(catalogue, category, share, first, rng)
    keep = ~dropped
    order, article, quantity = _merge(order[keep], article[keep], quantity[keep], catalogue)
    amount = quantity * catalogue.prices[article]
    cost = quantity * catalogue.costs[article]
    if catalogue.list_prices:
        return Baskets(order, article, quantity, amount, cost)
    scaled = spread(order, amount, np.maximum(np.round(targets), 1.0))
    return Baskets(order, article, quantity, scaled, np.round(cost * (scaled / amount)).astype(np.int64))


def _choose(
    catalogue: Catalogue, category: IntArray, share: FloatArray, first: np.ndarray, rng: np.random.Generator
) -> tuple[IntArray, IntArray, np.ndarray]:
    """Article, pieces, and which lines fall away because nothing is that cheap."""
    begin = np.concatenate([[0], np.cumsum(np.bincount(catalogue.category_of, minlength=len(catalogue.categories)))])
    lowest, highest = begin[category], begin[category + 1] - 1
    prices = catalogue.prices.astype(np.float64)
    # Several pieces where one cannot be worth that much, and sometimes of a cheaper article anyway.
    pieces = np.ceil(share / prices[highest])
    more = pieces + rng.integers(1, 3, share.size)
    wants_more = (rng.random(share.size) < 0.22) & (share / more > prices[lowest])
    pieces = np.maximum(np.where(wants_more, more, pieces), 1.0)
    each = share / pieces
    # Articles lie cheapest first within a category: one search over all categories finds the next dearer one.
    ceiling = float(catalogue.prices.max()) + 1.0
    keys = catalogue.category_of * ceiling + prices
    dearer = np.clip(np.searchsorted(keys, category * ceiling + each), lowest, highest)
    cheaper = np.maximum(dearer - 1, lowest)
    dearer = np.minimum(dearer + rng.integers(0, 3, share.size), highest)
    cheaper = np.maximum(cheaper - rng.integers(0, 3, share.size), lowest)
    gap = prices[dearer] - prices[cheaper]
    up = np.where(gap > 0, (each - prices[cheaper]) / np.maximum(gap, 1.0), 0.0)
    article = np.where(rng.random(share.size) < up, dearer, cheaper)
    below = each < prices[lowest]
    article = np.where(below, lowest, article)
    dropped = below & ~first & (rng.random(share.size) >= each / prices[lowest])
    return article, pieces.astype(np.int64), dropped


def _merge(
    order: IntArray, article: IntArray, quantity: IntArray, catalogue: Catalogue
) -> tuple[IntArray, IntArray, IntArray]:
    """Lines of one article in one order as one line."""
    key, position = np.unique(order * catalogue.prices.size + article, return_inverse=True)
    total = np.bincount(position, quantity, key.size).astype(np.int64)
    return key // catalogue.prices.size, key % catalogue.prices.size, total


def spread(order: IntArray, weight: IntArray, total: FloatArray | IntArray) -> IntArray:
    """Divide whole cents among the lines of each order in proportion, so that they sum to the total exactly.

    Parameters
    ----------
    order : array of int, shape (lines,)
        Row of each line's order, ascending, none left out.
    weight : array of int, shape (lines,)
        Positive weights.
    total : array, shape (orders,)
        What is divided.
    """
    if not order.size:
        return np.zeros(0, dtype=np.int64)
    cumulated = np.cumsum(weight)
    last = np.flatnonzero(np.diff(order, append=order[-1] + 1))
    before = np.concatenate([[0], cumulated[last][:-1]])
    worth = np.diff(np.concatenate([[0], cumulated[last]]))
    # Rounding the running sum within an order makes its lines add up.
    running = np.round((cumulated - before[order]) / worth[order] * np.asarray(total)[order])
    first = np.diff(order, prepend=-1) != 0
    return np.asarray(running - np.where(first, 0.0, np.concatenate([[0.0], running[:-1]])), dtype=np.int64)
