"""Orders that may bring a gain, nothing or a loss: the chance of a gain, and a law of sizes on each side.

An order is a gain with the customer's own probability, which is Beta(a, b) over customers; the size of a gain is
Gamma-Gamma with (p, q, gamma), that of a loss Gamma-Gamma with (p_loss, q_loss, gamma_loss); of the orders that are no
gain a fixed share brings exactly zero. The three parts have no parameter in common, so that likelihood and posterior
are products, on the counts and the sums of each side. Without zeros and losses it is Gamma-Gamma.

The total of several orders is matched by a shifted lognormal with its mean, variance and third cumulant; a total of
gains alone is a plain lognormal then, a total of losses alone a mirrored one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.family import Theta, columns

PARAMETERS = ("p", "q", "gamma", "a", "b", "p_loss", "q_loss", "gamma_loss")
"""Sizes of gains, the chance of one, sizes of losses."""

SAFE_MEAN, SAFE_VARIANCE = 1.1, 2.2
"""Where what is known of a mean size has a shape below these, mean or variance are infinite; these stand in then."""


class SignedHistory(NamedTuple):
    """What a customer's orders brought, each of shape (n,)."""

    gains: FloatArray
    gained: FloatArray
    losses: FloatArray
    lost: FloatArray
    zeros: FloatArray


class SignedMoments(NamedTuple):
    """What is known of the next order of customers, each of shape (n,).

    Of both sides (an order's gain, zero if it is none, and an order's loss as a positive number): the mean, the
    variance of an order about the customer's own mean, and that of the own mean about what is expected. `both` is the
    expected product of the two own means.
    """

    gain: FloatArray
    gain_within: FloatArray
    gain_between: FloatArray
    gain_third: FloatArray
    loss: FloatArray
    loss_within: FloatArray
    loss_between: FloatArray
    loss_third: FloatArray
    both: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Expected value of an order."""
        return self.gain - self.loss

    @property
    def within(self) -> FloatArray:
        """Variance of an order about the customer's own mean."""
        return self.gain_within + self.loss_within + 2.0 * self.both

    @property
    def between(self) -> FloatArray:
        """Variance of the customer's own mean about what is expected."""
        return self.gain_between + self.loss_between - 2.0 * (self.both - self.gain * self.loss)


class Total(NamedTuple):
    """A total by its mean, its standard deviation and the asymmetry y of the shifted lognormal, each of shape (n,)."""

    mean: FloatArray
    deviation: FloatArray
    asymmetry: FloatArray


def moments(theta: Theta, zero_share: float, history: SignedHistory, only_gains: bool = False) -> SignedMoments:
    """What is known of an order of each customer.

    Parameters
    ----------
    theta : parameters in the order of `PARAMETERS`
        Numbers, or arrays of shape (n,) where they differ between customers.
    zero_share : float
        Of orders that are no gain, the part that brings exactly zero.
    history : SignedHistory
        Of customers; all zero where nothing is known.
    only_gains : bool
        Whether every order is a gain; the chance of one is not looked at then.
    """
    p, q, gamma, a, b, p_loss, q_loss, gamma_loss = (np.asarray(value, dtype=np.float64) for value in theta)
    gains, gained, losses, lost, zeros = columns(*history)
    size, square = _size(p, q, gamma, gains, gained)
    loss_size, loss_square = _size(p_loss, q_loss, gamma_loss, losses, lost)
    real = 1.0 - zero_share
    won, missed = a + gains, b + losses + zeros
    n = won + missed
    if only_gains:
        e1 = e2 = np.ones(gains.shape)
        f1 = f2 = ef = np.zeros(gains.shape)
    else:
        e1, f1 = won / n, missed / n
        e2, f2, ef = (one / (n * (n + 1.0)) for one in (won * (won + 1.0), missed * (missed + 1.0), won * missed))
    gain, loss = e1 * size, f1 * real * loss_size
    gain_mean2, loss_mean2 = e2 * square, f2 * real**2 * loss_square
    return SignedMoments(
        gain=gain,
        gain_within=e1 * square * (1.0 + 1.0 / p) - gain_mean2,
        gain_between=gain_mean2 - gain**2,
        gain_third=_third(e1, size, square * (1.0 + 1.0 / p)),
        loss=loss,
        loss_within=f1 * real * loss_square * (1.0 + 1.0 / p_loss) - loss_mean2,
        loss_between=loss_mean2 - loss**2,
        loss_third=_third(f1 * real, loss_size, loss_square * (1.0 + 1.0 / p_loss)),
        both=ef * size * real * loss_size,
    )


def total(known: SignedMoments, number: FloatArray, spread: FloatArray) -> Total:
    """The total of a random number of orders of mean `number` and variance `spread`, arrays of shape (n,)."""
    number, spread = columns(number, spread)

    def variance(mean: FloatArray, within: FloatArray, between: FloatArray) -> FloatArray:
        return np.asarray(number * within + spread * (mean**2 + between) + number**2 * between)

    whole = variance(known.mean, known.within, known.between)
    deviation = np.sqrt(np.maximum(whole, 0.0))
    third = np.zeros(whole.shape)
    for sign, mean, within, between, of_order in (
        (1.0, known.gain, known.gain_within, known.gain_between, known.gain_third),
        (-1.0, known.loss, known.loss_within, known.loss_between, known.loss_third),
    ):
        apart = number * (within + between)
        # What orders have in common beyond that: their number, and the customer's own mean.
        common = spread * (mean**2 + between) + (number**2 - number) * between
        middle = number * mean
        share = np.divide(common, middle, out=np.zeros_like(common), where=middle > 0)
        ratio = np.minimum(np.divide(share, middle, out=np.zeros_like(share), where=middle > 0), 1.0)
        third += sign * (number * of_order + 3.0 * apart * share + common * share * (3.0 + ratio))
    skewness = np.divide(third, deviation**3, out=np.zeros_like(third), where=deviation > 0)
    return Total(number * known.mean, deviation, 2.0 * np.sinh(np.arcsinh(skewness / 2.0) / 3.0))


def quantile(of: Total, level: FloatArray | float) -> FloatArray:
    """The amount that a total stays below with the probability `level`, shape (n,)."""
    z = ndtri(level)
    y = np.where(np.abs(of.asymmetry) < 1e-6, 1e-6, of.asymmetry)
    sigma = np.sign(y) * np.sqrt(np.log1p(y**2))
    return np.asarray(of.mean + of.deviation / y * np.expm1(sigma * z - sigma**2 / 2.0))


def probability(of: Total, amount: FloatArray | float) -> FloatArray:
    """The probability that a total is at most an amount, shape (n,)."""
    y = np.where(np.abs(of.asymmetry) < 1e-6, 1e-6, of.asymmetry)
    sigma = np.sign(y) * np.sqrt(np.log1p(y**2))
    deviation = np.maximum(of.deviation, 1e-300)
    inside = 1.0 + y * (np.asarray(amount, dtype=np.float64) - of.mean) / deviation
    with np.errstate(divide="ignore"):
        z = (np.log(np.maximum(inside, 0.0)) + sigma**2 / 2.0) / sigma
    sure = np.where(np.asarray(amount) >= of.mean, 1.0, 0.0)
    return np.where(of.deviation > 0, ndtr(z), sure)


def sample(
    theta: Theta,
    zero_share: float,
    history: SignedHistory,
    orders: FloatArray,
    rng: np.random.Generator,
    only_gains: bool = False,
) -> FloatArray:
    """Draw the total of so many future orders of each customer, shape (n,)."""
    p, q, gamma, a, b, p_loss, q_loss, gamma_loss = (np.asarray(value, dtype=np.float64) for value in theta)
    gains, gained, losses, lost, zeros = columns(*history)
    number, _ = columns(np.rint(orders), gains)
    chance = np.ones(gains.shape) if only_gains else rng.beta(a + gains, b + losses + zeros)
    won = np.asarray(rng.binomial(number.astype(np.int64), chance), dtype=np.float64)
    bad = np.asarray(rng.binomial((number - won).astype(np.int64), 1.0 - zero_share), dtype=np.float64)

    def amount(count: FloatArray, p: FloatArray, shape: FloatArray, scale: FloatArray) -> FloatArray:
        drawn = rng.standard_gamma(p * np.maximum(count, 1.0)) / rng.standard_gamma(shape) * scale
        return np.where(count > 0, drawn, 0.0)

    of_gains = amount(won, p, p * gains + q, gamma + gained)
    return np.asarray(of_gains - amount(bad, p_loss, p_loss * losses + q_loss, gamma_loss + lost))


def _third(chance: FloatArray, size: FloatArray, square: FloatArray) -> FloatArray:
    """Third cumulant of what is zero but by chance, and then lognormal with this mean and mean square."""
    first, second = chance * size, chance * square
    third = chance * np.divide(square, size, out=np.zeros_like(size), where=size > 0) ** 3
    return np.asarray(third - 3.0 * first * second + 2.0 * first**3)


def _size(
    p: FloatArray, q: FloatArray, gamma: FloatArray, x: FloatArray, money: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean of the customer's own mean size and of its square."""
    shape = p * x + q
    scale = p * (gamma + money)
    mean = scale / (np.maximum(shape, SAFE_MEAN) - 1.0)
    safe = np.maximum(shape, SAFE_VARIANCE)
    return mean, mean**2 * (safe - 1.0) / (safe - 2.0)
