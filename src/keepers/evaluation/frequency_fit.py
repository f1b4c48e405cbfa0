"""The histogram of repeat purchases against a model: chi-square, with a p-value that knows what was estimated.

Grouping customers whose model was fitted to the ungrouped histories makes the statistic neither of the two textbook
chi-squares (Chernoff, Lehmann 1954, "The Use of Maximum Likelihood Estimates in chi-square Tests for Goodness of Fit",
Annals of Mathematical Statistics 25). Its distribution is that of a sum of weighted squares: with E the expected and
O the observed customers of the bins, (O - E) / sqrt(E) has the covariance

    E^(-1/2) (V - D C D') E^(-1/2),

V being that of the counts with known parameters, D the derivatives of E in the log parameters and C the parameters'
covariance; the squares' weights are its eigenvalues.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.models.buying import BuyingModel
from keepers.numerics.distinct import distinct

FEWEST = 5.0
"""A bin expects at least so many customers."""

MANY_MOVED = 0.10
"""A model that puts more than this share of the customers in a wrong bin fits badly, if chance does not explain it."""

UNLIKELY = 0.001

_MOST_BINS = 40
_NODES = 24
_STEP = 1e-3
_DRAWS = 40_000
_SEED = 19_540_901


@dataclass(frozen=True, slots=True)
class FrequencyFit:
    """Customers by number of repeat purchases.

    Attributes
    ----------
    bins : tuple of (int, int or None)
        First and last number of each bin; None is without end.
    observed, expected : tuple of float
        Customers in each.
    statistic, p_value : float
        Chi-square, and the chance of one as large under the model.
    moved : float
        Share of the customers that the model puts in a wrong bin.
    sentence : str
        In words.
    """

    bins: tuple[tuple[int, int | None], ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float
    p_value: float
    moved: float
    sentence: str

    @property
    def poor(self) -> bool:
        """Whether the misfit is large and no chance."""
        return self.moved > MANY_MOVED and self.p_value < UNLIKELY

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {**asdict(self), "poor": self.poor}


def frequency_fit(model: BuyingModel, cells: Cells) -> FrequencyFit:
    """Compare numbers of repeat purchases with what the model expects of customers of the same ages.

    Parameters
    ----------
    model : BuyingModel
        Fitted.
    cells : Cells
        In the model's unit.
    """
    cells = model.by_clock(cells)
    ages = distinct(cells.T)
    customers = ages.sums(cells.weight)
    most = int(min(cells.x.max(), _MOST_BINS))
    theta = model._theta()
    table = _by_age(model, theta, ages.values, most)
    expected = customers @ table
    starts = _starts(expected)
    observed = np.bincount(np.minimum(cells.x, most + 1).astype(np.intp), weights=cells.weight, minlength=most + 2)
    grouped, counts = np.add.reduceat(table, starts, axis=1), np.add.reduceat(observed, starts)
    sums = customers @ grouped
    if starts.size == 1:
        return FrequencyFit(
            ((0, None),), (float(counts[0]),), (float(sums[0]),), 0.0, 1.0, 0.0,
            "Too few customers came back for a histogram of repeat purchases to tell anything.",
        )  # fmt: skip
    statistic = float(np.sum((counts - sums) ** 2 / sums))
    slopes = _slopes(model, theta, ages.values, customers, most, starts)
    root = np.sqrt(sums)
    known = np.diag(sums) - (grouped * customers[:, None]).T @ grouped
    spread = (known - slopes @ model.posterior_.covariance @ slopes.T) / np.outer(root, root)
    weights = np.maximum(np.linalg.eigvalsh(spread), 0.0)
    drawn = np.random.default_rng(_SEED).standard_normal((_DRAWS, weights.size)) ** 2 @ weights
    p_value = float((np.sum(drawn >= statistic) + 1) / (_DRAWS + 1))
    moved = float(0.5 * np.abs(counts - sums).sum() / sums.sum())
    bins = _bins(starts)
    sentence = _sentence(bins, counts, sums, p_value, moved, model.title)
    return FrequencyFit(bins, tuple(counts.tolist()), tuple(sums.tolist()), statistic, p_value, moved, sentence)


def _by_age(model: BuyingModel, theta: FloatArray, ages: FloatArray, most: int) -> FloatArray:
    """P(X = 0), ..., P(X = most), P(X > most) of a customer of each age, shape (ages, most + 2).

    With many ages the model is asked at Chebyshev's nodes and its answer, smooth in the age, is interpolated.
    """

    def asked(at: FloatArray) -> FloatArray:
        return np.array([model.answer_new("purchase_distribution_new", theta, float(age), most) for age in at])

    found = np.zeros((ages.size, most + 1))
    found[:, 0] = 1.0
    there = ages > 0
    if model.discrete or there.sum() <= _NODES:
        if there.any():
            found[there] = asked(ages[there])
    else:
        low, high = ages[there].min(), ages[there].max()
        nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
        table = asked(low + (high - low) * (nodes + 1) / 2)
        curve = np.polynomial.chebyshev.chebfit(nodes, table, _NODES - 1)
        found[there] = np.polynomial.chebyshev.chebval(2 * (ages[there] - low) / (high - low) - 1, curve).T
    found = np.clip(found, 0.0, 1.0)
    return np.column_stack([found, np.maximum(1.0 - found.sum(axis=1), 0.0)])


def _slopes(
    model: BuyingModel, theta: FloatArray, ages: FloatArray, customers: FloatArray, most: int, starts: IntArray
) -> FloatArray:
    """Derivatives of the expected customers of the bins in the log parameters, shape (bins, d)."""
    columns = []
    for place in range(theta.size):
        sides = []
        for sign in (1, -1):
            moved = theta.copy()
            # Parameters by their logarithms, coefficients of covariates as they are.
            if place < len(model.symbols):
                moved[place] *= np.exp(sign * _STEP)
            else:
                moved[place] += sign * _STEP
            sides.append(np.add.reduceat(customers @ _by_age(model, moved, ages, most), starts))
        columns.append((sides[0] - sides[1]) / (2 * _STEP))
    return np.column_stack(columns)


def _starts(expected: FloatArray) -> IntArray:
    """First numbers of bins that each expect enough customers."""
    starts, filled = [0], 0.0
    for number, customers in enumerate(expected):
        if filled >= FEWEST:
            starts.append(number)
            filled = 0.0
        filled += customers
    if filled < FEWEST and len(starts) > 1:
        starts.pop()
    return np.array(starts, dtype=np.int64)


def _bins(starts: IntArray) -> tuple[tuple[int, int | None], ...]:
    firsts = [int(start) for start in starts]
    lasts: list[int | None] = [*(first - 1 for first in firsts[1:]), None]
    return tuple(zip(firsts, lasts, strict=True))


def _sentence(
    bins: tuple[tuple[int, int | None], ...],
    counts: FloatArray,
    sums: FloatArray,
    p_value: float,
    moved: float,
    title: str,
) -> str:
    if p_value >= 0.05:
        return (
            f"Customers by number of repeat purchases are as {title} expects: {moved:.1%} of them would have to be "
            f"moved, which chance explains (p = {p_value:.2f})."
        )
    worst = int(np.argmax((counts - sums) ** 2 / sums))
    first, last = bins[worst]
    number = f"{first} or more" if last is None else f"{first}" if first == last else f"{first} to {last}"
    told = f"p = {p_value:.3f}" if p_value >= UNLIKELY else f"p < {UNLIKELY}"
    many = "far from what" if moved > MANY_MOVED else "not quite what"
    return (
        f"Customers by number of repeat purchases are {many} {title} expects: {moved:.1%} of them would have to be "
        f"moved ({told}), most of all those with {number}: {counts[worst]:,.0f}, expected {sums[worst]:,.0f}."
    )
