"""Histories drawn in a clock that covariates drive: how many purchases, and the moment of each.

In the time of the clock buying is even. So whoever made n repeat purchases, the last of them at t, made the others at
moments spread evenly over the time before it; of regular buying, whose purchases are k stages each, the gaps are
Gamma(k), scaled to add up to t. That holds whatever the customer's rate and however customers leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.leaving_risk import Risk
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.patterns import answers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseTimes:
    """The ages at the repeat purchases of rows, those of a row in order and next to each other.

    Parameters
    ----------
    age : array, shape (sum of counts,)
    counts : array of int, shape (n,)
        How many each row has.
    """

    age: FloatArray
    counts: IntArray

    @property
    def owner(self) -> IntArray:
        """The row of each purchase."""
        return np.repeat(np.arange(self.counts.size), self.counts)

    def take(self, rows: IntArray | slice) -> PurchaseTimes:
        """Those of some rows."""
        first = np.cumsum(self.counts) - self.counts
        counts, first = self.counts[rows], first[rows]
        place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return PurchaseTimes(self.age[np.repeat(first, counts) + place], counts)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnHistories:
    """Customers drawn one by one.

    Parameters
    ----------
    x, t_x : arrays, shape (n,)
        Repeat purchases and the age at the last one.
    bought : PurchaseTimes
        The ages at all of them.
    seen : array, shape (n, k)
        Sum of each covariate over them.
    """

    x: FloatArray
    t_x: FloatArray
    bought: PurchaseTimes
    seen: FloatArray


@dataclass(frozen=True)
class LeavingParameters:
    """Where the parameters of leaving stand among those of the family.

    Parameters
    ----------
    s, beta : int
        Shape and scale of the levels of the risk.
    b : int or None
        Its growth.
    """

    s: int
    beta: int
    b: int | None

    @classmethod
    def of(cls, family: BuyingFamily) -> LeavingParameters:
        """Those of Pareto/NBD (r, alpha, s, beta) or of GGompertz/NBD (r, alpha, b, s, beta)."""
        names = family.PARAMETERS
        return cls(names.index("s"), names.index("beta"), names.index("b") if "b" in names else None)

    def growth(self, theta: FloatArray) -> float | None:
        """b among natural parameters, which all customers share."""
        return None if self.b is None else float(theta[self.b])


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """Customers who come at a moment of a path and are observed to an age, in one unit of time.

    Parameters
    ----------
    path, start, T : arrays, shape (n,)
        The path of each, the time of the first purchase on it, and the age at the end.
    own : array, shape (n, d)
        Their parameters.
    """

    path: IntArray
    start: FloatArray
    T: FloatArray
    own: FloatArray


def draw_histories(
    family: BuyingFamily, new: Newcomers, clock: Clock, risk: Risk | None, rng: np.random.Generator
) -> DrawnHistories:
    """Draw what new customers buy up to their ages.

    Parameters
    ----------
    family : BuyingFamily
        The law of buying.
    new : Newcomers
        Who comes, and when.
    clock : Clock
        Of buying.
    risk : Risk or None
        Of leaving, for families that have one; others leave at purchases or never.
    rng : Generator
        Source of chance.
    """
    born = clock.at(new.path, new.start)
    if risk is None:
        table, pattern = np.unique(new.own, axis=0, return_inverse=True)
        length = clock.at(new.path, new.start + new.T) - born
        x, shown = answers(family.sample_new, table, pattern.ravel(), (length,), rng, exact=True)
    else:
        x, shown = _leaving(family, new, clock, risk, born, rng)
    counts = np.asarray(x, dtype=np.int64)
    owner = np.repeat(np.arange(counts.size), counts)
    gaps = rng.standard_gamma(float(getattr(family, "k", 1)), owner.size)
    reached = np.cumsum(gaps)
    before = np.concatenate([[0.0], reached])[np.cumsum(counts) - counts]
    whole = np.bincount(owner, gaps, minlength=counts.size)
    at = np.minimum((reached - before[owner]) / whole[owner], 1.0) * np.asarray(shown)[owner]
    path, start = new.path[owner], new.start[owner]
    age = np.clip(clock.time_of(path, born[owner] + at) - start, 0.0, new.T[owner])
    last = np.zeros(counts.size)
    np.maximum.at(last, owner, age)
    values = clock.pace(path, start + age)[1]
    seen = np.zeros((counts.size, values.shape[1]))
    np.add.at(seen, owner, values)
    return DrawnHistories(counts.astype(np.float64), last, PurchaseTimes(age, counts), seen)


def _leaving(
    family: BuyingFamily, new: Newcomers, clock: Clock, risk: Risk, born: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Repeat purchases, and what the clock shows at the last of them, of customers who may leave at any moment."""
    places, own = LeavingParameters.of(family), new.own
    rate = rng.standard_gamma(own[:, 0]) / own[:, 1]
    level = rng.standard_gamma(own[:, places.s]) / own[:, places.beta]
    with np.errstate(divide="ignore", over="ignore"):
        borne = rng.standard_exponential(new.T.size) / level
    stays = new.T.copy()
    gone = np.flatnonzero(borne < risk.at(new.path, new.start, new.T))
    leaves = risk.age_of(new.path[gone], new.start[gone], borne[gone])
    stays[gone] = np.clip(leaves, 0.0, new.T[gone])
    gained = clock.at(new.path, new.start + stays) - born
    x = rng.poisson(rate * gained).astype(np.float64)
    # The last of x even moments.
    return x, gained * rng.random(x.size) ** (1.0 / np.maximum(x, 1.0))
