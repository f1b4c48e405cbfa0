"""How customers buy and leave: the four laws of the literature, drawn exactly and without a loop over customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.simulate.season import Tempo

FAMILIES: dict[str, tuple[str, ...]] = {
    "nbd": ("r", "alpha"),
    "bg_nbd": ("r", "alpha", "a", "b"),
    "mbg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
}
"""Names of the laws and of their parameters."""

_NEVER = 1e7  # purchases after which a customer whose dropout is practically zero is taken to stay


@dataclass(frozen=True, eq=False)
class Latents:
    """What drives each customer, and nobody observes; per day.

    One form holds all four laws: purchases at `rate` in busy time; dropout at `hazard` in calendar time
    (Pareto/NBD), or with `drop_probability` after a repeat purchase (BG/NBD), or also after the first (MBG/NBD,
    where `lost_at_once` holds that first coin).
    """

    rate: FloatArray
    hazard: FloatArray
    drop_probability: FloatArray
    lost_at_once: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of customers."""
        return int(self.rate.size)

    def take(self, rows: IntArray | NDArray[np.bool_] | slice) -> Latents:
        """Some of the customers."""
        return Latents(self.rate[rows], self.hazard[rows], self.drop_probability[rows], self.lost_at_once[rows])

    @property
    def leaving(self) -> FloatArray:
        """Rate of dropout a day while days are like each other."""
        return self.hazard + self.rate * self.drop_probability


@dataclass(frozen=True)
class Behaviour:
    """One law of buying and leaving with its parameters.

    Parameters
    ----------
    family : str
        ``"pareto_nbd"``, ``"bg_nbd"``, ``"mbg_nbd"`` or ``"nbd"``.
    parameters : mapping
        By the papers' names: ``r, alpha`` of the gamma distribution of the purchase rate; ``s, beta`` of the gamma
        of the dropout rate (Pareto/NBD); ``a, b`` of the beta of the dropout probability (BG/NBD, MBG/NBD).
    unit : TimeUnit or str
        Unit of time of `alpha` and `beta`.
    """

    family: str
    parameters: Mapping[str, float]
    unit: TimeUnit | str = TimeUnit.WEEK

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ConfigError(f"`{self.family}` is not a law of buying. Use one of: {', '.join(FAMILIES)}.")
        names = FAMILIES[self.family]
        if set(self.parameters) != set(names):
            raise ConfigError(
                f"{self.family} has the parameters {', '.join(names)}; "
                f"given were {', '.join(self.parameters) or 'none'}."
            )
        for name, value in self.parameters.items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigError(f"The parameter `{name}` of {self.family} is {value!r}; it must be positive.")
        TimeUnit.parse(self.unit)

    def draw(self, customers: int, rng: np.random.Generator, uniforms: FloatArray | None = None) -> Latents:
        """Latent rates of so many new customers.

        Parameters
        ----------
        customers : int
            How many.
        rng : numpy.random.Generator
            Source of the draws.
        uniforms : array, shape (2, customers), optional
            Ranks in (0, 1) of the purchase rate and of the dropout, where they are to be correlated.
        """
        p = self.parameters
        day = TimeUnit.parse(self.unit).days
        if uniforms is None:
            rate = rng.standard_gamma(p["r"], customers) / (p["alpha"] * day)
        else:
            rate = special.gammaincinv(p["r"], uniforms[0]) / (p["alpha"] * day)
        hazard = np.zeros(customers)
        drop = np.zeros(customers)
        lost = np.zeros(customers, dtype=bool)
        if self.family == "pareto_nbd":
            shape = (
                rng.standard_gamma(p["s"], customers) if uniforms is None else special.gammaincinv(p["s"], uniforms[1])
            )
            hazard = shape / (p["beta"] * day)
        elif self.family != "nbd":
            a, b = p["a"], p["b"]
            drop = rng.beta(a, b, customers) if uniforms is None else special.betaincinv(a, b, uniforms[1])
            if self.family == "mbg_nbd":
                lost = rng.random(customers) < drop
        return Latents(rate, hazard, drop, lost)


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each customer buys again in a span of busy time, and how their time with the shop ends.

    `before` repeat purchases lie evenly in a span of length `span`; where `last_word` holds, one more stands at its
    end and the customer leaves with it. `leaves_after` is the busy time to that fatal purchase, the `nth`, whether
    it comes in time or not; infinite for who never leaves by a purchase.
    """

    before: IntArray
    span: FloatArray
    last_word: NDArray[np.bool_]
    leaves_after: FloatArray
    nth: IntArray

    @property
    def purchases(self) -> IntArray:
        """Repeat purchases in the span."""
        return self.before + self.last_word


def draw_counts(latents: Latents, span: FloatArray, rng: np.random.Generator) -> Counts:
    """Purchases of customers who are alive at the start of a span, unless a purchase makes them leave.

    The purchase that ends a life is the K-th with K geometric; it comes after Gamma(K) / rate. Given that moment,
    the K - 1 purchases before it lie evenly, so that those within the span are binomial. Nothing is drawn in vain
    and nothing is cut.
    """
    drop = np.clip(latents.drop_probability, 1e-300, 1.0 - 1e-16)
    geometric = np.ceil(rng.standard_exponential(latents.size) / -np.log1p(-drop))
    stays = (geometric >= _NEVER) | (latents.drop_probability <= 0)
    nth = np.where(stays, 1, np.maximum(geometric, 1.0)).astype(np.int64)
    with np.errstate(divide="ignore", over="ignore"):
        leaves_after = np.where(stays, np.inf, rng.standard_gamma(nth) / latents.rate)
    return _counts_between(latents.rate, np.zeros(latents.size), span, leaves_after, nth, rng)


def _counts_between(
    rate: FloatArray,
    begin: FloatArray,
    end: FloatArray,
    leaves_after: FloatArray,
    left: IntArray,
    rng: np.random.Generator,
) -> Counts:
    """Purchases in busy time (begin, end], where `left` are still to come up to the one that ends it all."""
    stays = np.isinf(leaves_after)
    last_word = ~stays & (leaves_after <= end)
    with np.errstate(invalid="ignore"):
        share = np.where(stays, 0.0, np.minimum((end - begin) / (leaves_after - begin), 1.0))
    steady = rng.poisson(np.where(stays, rate * (end - begin), 0.0))
    few = rng.binomial(np.where(stays, 0, left - 1), np.nan_to_num(share))
    before = np.where(stays, steady, np.where(last_word, left - 1, few)).astype(np.int64)
    return Counts(before, np.where(last_word, leaves_after, end) - begin, last_word, leaves_after, left)


@dataclass(frozen=True, eq=False)
class Purchases:
    """Repeat purchases of a population, customer by customer and in the order of time.

    `customer` and `moment` have one entry a purchase; `dropout` is the moment at which each customer leaves for
    good (infinite for who never does). `counts` and `gone` (the dropout by the clock alone) let the story go on.
    """

    customer: IntArray
    moment: FloatArray
    dropout: FloatArray
    counts: Counts
    gone: FloatArray


def draw_purchases(
    latents: Latents, start: FloatArray, end: float, tempo: Tempo, rng: np.random.Generator
) -> Purchases:
    """All repeat purchases between each customer's first purchase and the end of observation.

    Parameters
    ----------
    latents : Latents
        Rates of n customers.
    start : array, shape (n,)
        Moment of the first purchase, in days.
    end : float
        Moment at which observation ends.
    tempo : Tempo
        Seasons.
    rng : numpy.random.Generator
        Source of the draws.
    """
    with np.errstate(divide="ignore", over="ignore"):
        gone = start + rng.standard_exponential(latents.size) / latents.hazard
    gone[latents.hazard <= 0] = np.inf
    gone[latents.lost_at_once] = start[latents.lost_at_once]
    begin = tempo.busy_time(start)
    counts = draw_counts(latents, tempo.busy_time(np.minimum(gone, end)) - begin, rng)
    customer, offset = _even(counts, rng)
    moment = tempo.moment(begin[customer] + offset)
    dropout = np.minimum(gone, tempo.moment(begin + counts.leaves_after))
    return Purchases(customer, moment, dropout, counts, gone)


def draw_later_purchases(
    made: Purchases,
    latents: Latents,
    start: FloatArray,
    end: float,
    until: float,
    tempo: Tempo,
    rng: np.random.Generator,
) -> Purchases:
    """What the same customers buy in (end, until], in line with how their time with the shop was to end."""
    origin = tempo.busy_time(start)
    begin = np.maximum(float(tempo.busy_time(end)) - origin, 0.0)
    alive = made.dropout > end
    limit = np.where(alive, tempo.busy_time(np.minimum(made.gone, until)) - origin, begin)
    left = np.where(alive, made.counts.nth - made.counts.purchases, 1)
    ends = np.where(alive, made.counts.leaves_after, np.inf)
    counts = _counts_between(np.where(alive, latents.rate, 0.0), begin, limit, ends, left, rng)
    customer, offset = _even(counts, rng)
    moment = tempo.moment((origin + begin)[customer] + offset)
    return Purchases(customer, moment, made.dropout, counts, made.gone)


def _even(counts: Counts, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Ordered even draws within each customer's span: cumulative exponentials over their sum, so without a sort."""
    steps = counts.before + 1
    ends = np.cumsum(steps)
    total = np.cumsum(rng.standard_exponential(int(ends[-1]) if ends.size else 0))
    offset = np.concatenate([[0.0], total[ends[:-1] - 1]]) if ends.size else np.zeros(0)
    owner = np.repeat(np.arange(steps.size), steps)
    position = (total - offset[owner]) / (total[ends - 1] - offset)[owner] * counts.span[owner]
    # The last step of each customer stands at the end of the span: a purchase only if it is the one they leave with.
    keep = np.ones(position.size, dtype=bool)
    keep[ends - 1] = counts.last_word
    position[ends - 1] = counts.span
    return owner[keep], position[keep]
