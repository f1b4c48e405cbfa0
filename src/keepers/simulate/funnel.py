"""Visits of the shop's pages with variants at random, logged propensities and a conversion that is known."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.streams import stream

PAGES = ("landing", "product", "cart", "checkout")
DEVICES = ("phone", "computer", "tablet")
TYPES: tuple[tuple[bool, int], ...] = tuple(itertools.product((False, True), range(len(DEVICES))))
"""Kinds of visitors: whether they have ordered before, and their device."""
POLICY = "random-by-type-1"

_ON = np.array([0.46, 0.30, 0.52, 0.58])  # passing each page, for a newcomer on a computer
_RETURNS = np.array([1.15, 1.35, 1.25, 1.25])
_DEVICE = np.array([[0.88, 0.85, 0.86, 0.78], [1.0, 1.0, 1.0, 1.0], [0.95, 0.95, 0.96, 0.94]])
_DEVICE_MIX = np.array([0.58, 0.34, 0.08])


@dataclass(frozen=True, slots=True)
class Variant:
    """One look of a page: by what it multiplies the chance of going on, for newcomers and returning visitors."""

    name: str
    newcomers: float = 1.0
    returning: float = 1.0
    on_phone: float = 1.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a variant is chosen: the page and its variants, the first being what was there before.

    `lean` makes the logged policy prefer the first variant: 0 is even, and 1 would never show another.
    """

    page: str
    variants: tuple[Variant, ...]
    lean: float = 0.3

    def __post_init__(self) -> None:
        if self.page not in PAGES:
            raise ConfigError(f"`{self.page}` is not a page of the funnel: {', '.join(PAGES)}.")
        if len(self.variants) < 2 or not 0 <= self.lean < 1:
            raise ConfigError(f"A decision needs two variants and a lean in [0, 1), not {self!r}.")


@dataclass(frozen=True, slots=True)
class Funnel:
    """The funnel that led to orders of the last days.

    Parameters
    ----------
    decisions : tuple of Decision
        At most one a page.
    days : int
        How long before the end logging began.
    coverage : float
        Share of orders whose visit was seen.
    """

    decisions: tuple[Decision, ...]
    days: int = 120
    coverage: float = 0.8

    def __post_init__(self) -> None:
        pages = [decision.page for decision in self.decisions]
        if len(set(pages)) != len(pages):
            raise ConfigError(f"Two decisions stand on one page: {', '.join(pages)}. Give each page at most one.")

    @property
    def variants(self) -> tuple[tuple[Variant, ...], ...]:
        """The variants of each page; a page without a decision has one that changes nothing."""
        by_page = {decision.page: decision.variants for decision in self.decisions}
        return tuple(by_page.get(page, (Variant(""),)) for page in PAGES)


@dataclass(frozen=True, eq=False)
class FunnelTruth:
    """What each variant truly does; the first axis counts the kinds of visitors in `TYPES`.

    Attributes
    ----------
    pages : tuple of str
        Pages in their order.
    variants : tuple of tuple of str
        Names of the variants of each page.
    passing : tuple of arrays, each shape (types, variants of the page)
        Probability of going on from the page under each variant.
    propensity : tuple of arrays, each shape (types, variants of the page)
        Probability with which the logged policy showed it.
    share : array, shape (types,)
        Share of visits of each kind.
    """

    pages: tuple[str, ...]
    variants: tuple[tuple[str, ...], ...]
    passing: tuple[FloatArray, ...]
    propensity: tuple[FloatArray, ...]
    share: FloatArray = field(default_factory=lambda: np.zeros(len(TYPES)))

    def conversion(self, choice: tuple[int, ...] | None = None) -> FloatArray:
        """Probability that a visit of each kind ends in an order, under one variant a page or the logged policy."""
        result = np.ones(len(TYPES))
        for page, (passing, chance) in enumerate(zip(self.passing, self.propensity, strict=True)):
            result *= (passing * chance).sum(axis=1) if choice is None else passing[:, choice[page]]
        return result

    def best(self) -> tuple[IntArray, ...]:
        """The best variant of each page for each kind of visitor."""
        return tuple(np.argmax(passing, axis=1) for passing in self.passing)


@dataclass(frozen=True, eq=False)
class VisitEvents:
    """Visits, and one entry a page that was seen.

    `order` is the row of the order that a visit ended in, or -1; `reached` the number of pages seen; `variant` the
    variant of each page, shape (visits, pages), -1 where the page was not seen.
    """

    kind: IntArray
    order: IntArray
    moment: FloatArray
    reached: IntArray
    variant: NDArray[np.int64]


def draw_visits(
    plan: Funnel, orders: IntArray, moment: FloatArray, returning: NDArray[np.bool_], end: int, seed: int
) -> tuple[VisitEvents, FunnelTruth]:
    """Visits that ended in these orders (rows, moments, whether the customer came back), and those that did not.

    Visits are independent: a kind, a variant a page by the logged policy, and a coin on each page. Given the orders,
    the failures before each success are negative binomial, and variants follow by Bayes' rule, so that the log is
    just what forward simulation would have written.
    """
    rng = stream(seed, "funnel")
    truth = _truth(plan)
    recent = (moment >= end - plan.days) & (rng.random(moment.size) < plan.coverage)
    rows, back = orders[recent], returning[recent]
    by_kind = truth.conversion()
    # Devices of those who bought: the mix of visitors, weighted by how well each converts.
    kind = np.zeros(rows.size, dtype=np.int64)
    failures = np.zeros(len(TYPES), dtype=np.int64)
    for group in (False, True):
        kinds = np.array([index for index, (returns, _) in enumerate(TYPES) if returns is group])
        weight = _DEVICE_MIX * by_kind[kinds]
        mine = np.flatnonzero(back == group)
        kind[mine] = rng.choice(kinds, size=mine.size, p=weight / weight.sum())
    for index in range(len(TYPES)):
        bought = int(np.sum(kind == index))
        failures[index] = rng.negative_binomial(bought, by_kind[index]) if bought else 0
    variant = np.stack([_pick(p * q, kind, rng) for p, q in zip(truth.passing, truth.propensity, strict=True)], axis=1)
    before = np.maximum(moment[recent] - rng.uniform(0.002, 0.03, rows.size), 0.0)
    lost_kind = np.repeat(np.arange(len(TYPES)), failures)
    lost_reached, lost_variant = _lost(truth, lost_kind, rng)
    lost_when = rng.choice(before, lost_kind.size) + rng.normal(0, 0.4, lost_kind.size) if rows.size else np.zeros(0)
    # Who would have come before or after the log wraps around into it.
    first = float(max(end - plan.days, 0))
    lost_when = first + np.mod(lost_when - first, end - 0.01 - first)
    events = VisitEvents(
        np.concatenate([kind, lost_kind]),
        np.concatenate([rows, np.full(lost_kind.size, -1)]),
        np.concatenate([before, lost_when]),
        np.concatenate([np.full(rows.size, len(PAGES)), lost_reached]),
        np.concatenate([variant, lost_variant]),
    )
    total = np.bincount(events.kind, minlength=len(TYPES)).astype(float)
    share = total / max(total.sum(), 1.0)
    return events, FunnelTruth(truth.pages, truth.variants, truth.passing, truth.propensity, share)


def _truth(plan: Funnel) -> FunnelTruth:
    lean = {decision.page: decision.lean for decision in plan.decisions}
    passing, propensity = [], []
    for number, (page, variants) in enumerate(zip(PAGES, plan.variants, strict=True)):
        chance = np.empty((len(TYPES), len(variants)))
        shown = np.empty_like(chance)
        for row, (returns, device) in enumerate(TYPES):
            base = _ON[number] * _DEVICE[device, number] * (_RETURNS[number] if returns else 1.0)
            for column, variant in enumerate(variants):
                factor = (variant.returning if returns else variant.newcomers) * (
                    variant.on_phone if device == 0 else 1
                )
                chance[row, column] = min(base * factor, 0.97)
            # The policy leans on the first variant, more so for those who come back.
            tilt = lean.get(page, 0.0) * (1.0 if returns else 0.5)
            shown[row] = (1.0 - tilt) / len(variants)
            shown[row, 0] += tilt
        passing.append(chance)
        propensity.append(shown)
    names = tuple(tuple(variant.name for variant in variants) for variants in plan.variants)
    return FunnelTruth(PAGES, names, tuple(passing), tuple(propensity))


def _pick(weight: FloatArray, kind: IntArray, rng: np.random.Generator) -> IntArray:
    """A column for each entry of `kind`, by the weights in that kind's row."""
    edges = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return np.asarray((rng.random(kind.size)[:, None] > edges[kind]).sum(axis=1), dtype=np.int64)


def _lost(truth: FunnelTruth, kind: IntArray, rng: np.random.Generator) -> tuple[IntArray, NDArray[np.int64]]:
    """Pages seen and variants of visits that end in no order."""
    onward = [(p * q).sum(axis=1) for p, q in zip(truth.passing, truth.propensity, strict=True)]
    stop = np.stack([np.prod(onward[:page], axis=0) * (1.0 - onward[page]) for page in range(len(PAGES))], axis=1)
    reached = 1 + _pick(stop, kind, rng)
    variant = np.full((kind.size, len(PAGES)), -1, dtype=np.int64)
    for page, (passing, shown) in enumerate(zip(truth.passing, truth.propensity, strict=True)):
        went_on = _pick(passing * shown, kind, rng)
        left = _pick((1.0 - passing) * shown, kind, rng)
        variant[:, page] = np.select([reached > page + 1, reached == page + 1], [went_on, left], -1)
    return reached, variant
