"""How contacts move the moment of conversion: an additive hazard by the day, with effects that fade.

On day t of a path a visitor who has not converted does so with probability ``1 - exp(-lambda_t)``,

    lambda_t = mu + sum over channels ( beta_c x_c(t) + gamma_c z_c(t) ),

x being contacts of earlier days (and the one that opened the path), each faded by ``2^(-days / half_life)``, and z
those of the very day that came after another contact. As causes add up, a conversion has each of them with the
probability of its part of lambda, and the baseline mu with the rest: parts that add up to one without any further rule.

Nothing in the data tells a contact of the last day that brings an order from one on the way to an order that was coming
anyway. The hazard is therefore fitted twice: without gamma, as if none of them brought any, and with it, as if they
might have brought all. The truth lies between, and only an experiment says where.

The likelihood of days without conversion is linear in the coefficients, so that it needs sums over contacts alone: only
days of conversion are rows.

Effects of channels are pulled towards their common size by a gamma prior, the more the less is known of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keepers.numerics.evaluation import Evaluation
from keepers.numerics.optimise import maximise
from keepers.numerics.path_rules import FloatArray, IntArray

HALF_LIVES = (0.5, 1.0, 2.0, 3.5, 7.0, 14.0, 28.0)
"""Days in which an effect may fade by half."""

_SHAPE = 2.0
"""Shape of the gamma prior of an effect about the common one: a coefficient of variation of 0.7."""
_BASE_SHAPE = 0.5
_MOST_ROWS = 20_000
"""Conversions from which the half-life is judged; a part of them is drawn where there are more."""
_TRIFLE = 0.01
_SMALLEST = 1e-9
_PLAIN = 2_000_000


@dataclass(frozen=True, eq=False)
class Exposure:
    """What visitors met on which day.

    Parameters
    ----------
    rows : int
        Visitors who converted.
    channels : int
        Number of channels.
    row, channel, lag : arrays of int, shape (n,)
        Contacts of those who converted: whose, where, and days from then to the conversion.
    opening : array of bool, shape (n,)
        Whether it was the first contact of its path.
    waited_channel, waited_days : arrays of int, shape (m,)
        Kinds of contacts of all paths: where, and days from the contact's on without a conversion (its own counts).
    waited_opening : array of bool, shape (m,)
        Whether they opened paths.
    waited : array, shape (m,)
        How many there are.
    quiet_days : float
        Days without a conversion on all paths.
    """

    rows: int
    channels: int
    row: IntArray
    channel: IntArray
    lag: IntArray
    opening: NDArray[np.bool_]
    waited_channel: IntArray
    waited_days: IntArray
    waited_opening: NDArray[np.bool_]
    waited: FloatArray
    quiet_days: float

    def design(self, half_life: float, closing: bool) -> sparse.csr_array:
        """What stood beside each coefficient on the days of conversion: baseline, faded contacts, those of the day.

        Shape (rows, 1 + 2 channels); (rows, 1 + channels) without those of the day (`closing` false).
        """
        keep = self.opening | (self.lag > 0)
        faded = np.where(keep, np.exp2(-self.lag / half_life), 0.0)
        today = (~keep).astype(np.float64)
        rows = np.concatenate([np.arange(self.rows), self.row, self.row])
        columns = np.concatenate(
            [np.zeros(self.rows, dtype=np.int64), 1 + self.channel, 1 + self.channels + self.channel]
        )
        data = np.concatenate([np.ones(self.rows), faded, today])
        there = data > 0 if closing else (data > 0) & (columns <= self.channels)
        shape = (self.rows, 1 + self.channels * (2 if closing else 1))
        return sparse.csr_array((data[there], (rows[there], columns[there])), shape=shape)

    def waiting(self, half_life: float, closing: bool) -> FloatArray:
        """Sums of the same over all days without a conversion."""
        fade = 2.0 ** (-1.0 / half_life)
        begins = np.where(self.waited_opening, 1.0, fade)
        faded = np.maximum(begins - fade**self.waited_days, 0.0) / (1.0 - fade) * self.waited
        sums = [np.array([self.quiet_days]), np.bincount(self.waited_channel, faded, self.channels)]
        if closing:
            today = np.where(self.waited_opening | (self.waited_days < 1), 0.0, self.waited)
            sums.append(np.bincount(self.waited_channel, today, self.channels))
        return np.concatenate(sums)


@dataclass(frozen=True, eq=False)
class Fading:
    """The coefficients under one half-life: logarithms at the mode, their covariance, and its probability."""

    half_life: float
    weight: float
    mode: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class ContactHazard:
    """What is known of the coefficients, over half-lives.

    Attributes
    ----------
    fadings : tuple of Fading
        Half-lives that are not ruled out, weights adding up to one.
    closing : bool
        Whether contacts of the day of conversion have coefficients.
    converged : bool
        Whether all searches ended at a mode.
    """

    fadings: tuple[Fading, ...]
    closing: bool
    converged: bool

    @property
    def half_life(self) -> float:
        """The likeliest half-life, in days."""
        return max(self.fadings, key=lambda one: one.weight).half_life

    def draws(self, n: int, rng: np.random.Generator) -> list[tuple[float, FloatArray]]:
        """Half-lives with coefficients, in the order of half-lives: every one gets its share of `n`."""
        edges = np.cumsum([one.weight for one in self.fadings])
        which = np.searchsorted(edges / edges[-1], (np.arange(n) + 0.5) / n)
        found: list[tuple[float, FloatArray]] = []
        for place, count in zip(*np.unique(which, return_counts=True), strict=True):
            one = self.fadings[place]
            root = np.linalg.cholesky(one.covariance)
            noise = rng.standard_normal((count, one.mode.size))
            found.extend((one.half_life, np.exp(row)) for row in one.mode + noise @ root.T)
        return found


def fit_hazard(exposure: Exposure, closing: bool, rng: np.random.Generator) -> ContactHazard:
    """Fit the coefficients under each half-life, and weigh half-lives by what the data say of them.

    Parameters
    ----------
    exposure : Exposure
        Contacts with their days.
    closing : bool
        Whether contacts of the day of conversion may have brought it.
    rng : Generator
        Draws a part of very many conversions, by which half-lives are weighed.
    """
    part, share = _part(exposure, rng)
    tried = []
    for half_life in HALF_LIVES:
        mode, covariance, evidence, fine = _mode(part, half_life, closing)
        tried.append((evidence, half_life, mode, covariance, fine))
    best = max(one[0] for one in tried)
    weight = np.exp([(one[0] - best) / share for one in tried])
    weight = np.where(weight < _TRIFLE * weight.sum(), 0.0, weight)
    weight /= weight.sum()
    fadings, converged = [], True
    for chance, (_, half_life, mode, covariance, good) in zip(weight, tried, strict=True):
        if chance == 0.0:
            continue
        found, spread, fine = mode, covariance, good
        if share < 1.0:
            found, spread, _, fine = _mode(exposure, half_life, closing)
        fadings.append(Fading(half_life, float(chance), found, spread))
        converged = converged and fine
    return ContactHazard(tuple(fadings), closing, converged)


def _part(exposure: Exposure, rng: np.random.Generator) -> tuple[Exposure, float]:
    """A share of the conversions, and days without a conversion in proportion."""
    if exposure.rows <= _MOST_ROWS:
        return exposure, 1.0
    chosen = np.sort(rng.choice(exposure.rows, _MOST_ROWS, replace=False))
    share = _MOST_ROWS / exposure.rows
    number = np.full(exposure.rows, -1, dtype=np.int64)
    number[chosen] = np.arange(_MOST_ROWS)
    keep = number[exposure.row] >= 0
    found = Exposure(
        _MOST_ROWS, exposure.channels, number[exposure.row[keep]], exposure.channel[keep], exposure.lag[keep],
        exposure.opening[keep], exposure.waited_channel, exposure.waited_days, exposure.waited_opening,
        exposure.waited * share, exposure.quiet_days * share,
    )  # fmt: skip
    return found, share


def _mode(exposure: Exposure, half_life: float, closing: bool) -> tuple[FloatArray, FloatArray, float, bool]:
    """Logarithms of the coefficients at the mode, covariance, logarithm of the evidence, and whether it converged."""
    design, waiting = exposure.design(half_life, closing), exposure.waiting(half_life, closing)
    kinds = [1, exposure.channels, exposure.channels] if closing else [1, exposure.channels]
    count = sum(kinds)
    # First one effect for all channels: what the single ones are pulled towards.
    together = sparse.csr_array(
        (np.ones(count), (np.arange(count), np.repeat(np.arange(len(kinds)), kinds))), shape=(count, len(kinds))
    )
    free = np.full(len(kinds), _BASE_SHAPE), np.full(len(kinds), _SMALLEST)
    mean = np.exp(np.repeat(_climb(design @ together, np.asarray(waiting @ together), *free)[0], kinds))
    shape = np.repeat([_BASE_SHAPE, _SHAPE, _SHAPE][: len(kinds)], kinds)
    rate = shape / np.maximum(mean, _SMALLEST)
    rate[0] = _SMALLEST
    mode, value, hessian, converged = _climb(design, waiting, shape, rate)
    curvature = -hessian
    covariance = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
    evidence = value - 0.5 * float(np.linalg.slogdet(curvature)[1])
    # The prior's own constant differs between half-lives, as the common effect does.
    evidence += float(np.sum(shape[1:] * np.log(rate[1:])))
    return mode, covariance, evidence, converged


def _climb(
    design: sparse.csr_array, waiting: FloatArray, shape: FloatArray, rate: FloatArray
) -> tuple[FloatArray, float, FloatArray, bool]:
    """The mode over logarithms of coefficients: with b = exp(theta), sum log(1 - exp(-X b)) - w b + a theta - r b."""
    # Few rows are quicker as a plain array than as a sparse one.
    rows = design.toarray() if design.shape[0] * design.shape[1] <= _PLAIN else sparse.csr_array(design)
    transposed = rows.T if isinstance(rows, np.ndarray) else sparse.csr_array(design.T)
    scale = np.log(max(design.shape[0], 1) / max(float(waiting.sum()), 1.0))

    def objective(theta: FloatArray) -> Evaluation:
        b = np.exp(np.clip(theta + scale, -600.0, 50.0))
        hazard = np.maximum(np.asarray(rows @ b), 1e-300)
        value = float(np.sum(np.log(-np.expm1(-hazard)))) - float((waiting + rate) @ b)
        value += float(shape @ (theta + scale))
        slope = 1.0 / np.expm1(np.minimum(hazard, 700.0))
        gradient = b * (np.asarray(transposed @ slope) - waiting - rate)
        bend = slope * (1.0 + slope)
        if isinstance(rows, np.ndarray):
            inner = (transposed * bend) @ rows
        else:
            inner = (transposed @ sparse.diags_array(bend) @ rows).toarray()
        hessian = -inner * np.outer(b, b)
        hessian[np.diag_indices(b.size)] += gradient
        return Evaluation(value, gradient + shape, hessian)

    found = maximise(objective, np.zeros(design.shape[1]), bound=18.0)
    return found.point + scale, found.evaluation.value, found.evaluation.hessian, found.converged


@dataclass(frozen=True, eq=False)
class Causes:
    """Of each conversion: with which probability each channel, or none, was its cause.

    Attributes
    ----------
    base : array, shape (rows,)
        Baseline.
    share : sparse array, shape (rows, channels)
        Channels; rows add up to one with `base`.
    lost : sparse array, shape (rows, channels)
        Probability that the conversion would not have come at all without the channel: it was the cause, and none of
        the others would have brought it on a later day.
    """

    base: FloatArray
    share: sparse.csr_array
    lost: sparse.csr_array


def causes(exposure: Exposure, half_life: float, coefficients: FloatArray, look_back: int) -> Causes:
    """The causes of each conversion under given coefficients; contacts count `look_back` days."""
    channels = exposure.channels
    closing = coefficients.size > 1 + channels
    part = sparse.csr_array(exposure.design(half_life, closing) @ sparse.diags_array(coefficients))
    whole = np.maximum(np.asarray(part.sum(axis=1)).ravel(), 1e-300)
    all_shares = sparse.csr_array(sparse.diags_array(1.0 / whole) @ part)
    share = sparse.csr_array(all_shares[:, 1 : 1 + channels])
    if closing:
        share = sparse.csr_array(share + all_shares[:, 1 + channels :])
    fade = 2.0 ** (-1.0 / half_life)
    # What would have gone on after the day of conversion, contacts of the day included.
    met = sparse.csr_array(
        (np.exp2(-exposure.lag / half_life) * (exposure.lag < look_back), (exposure.row, exposure.channel)),
        shape=(exposure.rows, channels),
    )
    later = sparse.csr_array(met @ sparse.diags_array(coefficients[1 : 1 + channels] * fade / (1.0 - fade)))
    ahead = coefficients[0] * np.maximum(look_back - _youngest(exposure), 0) + np.asarray(later.sum(axis=1)).ravel()
    # exp(-(ahead - own)) with `own` where the channel was met at all; elsewhere its share is nil.
    held = sparse.csr_array(share.copy())
    rows = np.repeat(np.arange(exposure.rows), np.diff(held.indptr))
    own = np.asarray(later[rows, held.indices]).ravel()
    held.data = held.data * np.exp(-np.maximum(ahead[rows] - own, 0.0))
    return Causes(np.asarray(all_shares[:, [0]].todense()).ravel(), share, held)


def _youngest(exposure: Exposure) -> IntArray:
    """Days from the last contact of each converted path to its conversion."""
    youngest = np.full(exposure.rows, np.iinfo(np.int64).max // 2)
    np.minimum.at(youngest, exposure.row, exposure.lag)
    return youngest
