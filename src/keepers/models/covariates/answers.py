"""Any question of a family, asked for customers whose parameters go by their covariates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.domain.errors import InputError
from keepers.numerics.patterns import answers, parameters_of_patterns

if TYPE_CHECKING:
    from keepers.domain.attributes import Attributes
    from keepers.domain.cells import Cells, FloatArray, IntArray, SpendCells
    from keepers.models.covariates.encoding import Coding
    from keepers.numerics.likelihoods.family import BuyingFamily

MOST_KEPT = 256
"""Patterns that a fitted model remembers, to speak of a new customer and to draw customers."""


@dataclass(frozen=True, eq=False)
class CustomerMix:
    """Who the customers of a fit were: patterns of attributes with their shares.

    Parameters
    ----------
    attributes : Attributes
        Distinct patterns; a systematic sample of the customers' where there were very many.
    share : array, shape (p,)
        Their shares, which sum to one.
    """

    attributes: Attributes
    share: FloatArray

    @classmethod
    def of(cls, attributes: Attributes, weight: FloatArray) -> CustomerMix:
        """The mix of patterns with so many customers each."""
        share = weight / weight.sum()
        if share.size <= MOST_KEPT:
            kept = np.flatnonzero(share > 0)
            return cls(attributes.take(kept), share[kept])
        reached = np.cumsum(share)
        drawn = np.minimum(np.searchsorted(reached, (np.arange(MOST_KEPT) + 0.5) / MOST_KEPT), share.size - 1)
        kept, times = np.unique(drawn, return_counts=True)
        return cls(attributes.take(kept), times / MOST_KEPT)


def answer(family: BuyingFamily, coding: Coding, question: str, theta: FloatArray, cells: Cells, *further: Any) -> Any:
    """The family's answer for every row of cells.

    Parameters
    ----------
    family : BuyingFamily
        The law of buying.
    coding : Coding
        Of the covariates.
    question : str
        A function of the family that takes theta, x, t_x, T and further arguments.
    theta : array, shape (d + k,)
        Parameters, then coefficients.
    cells : Cells
        Histories with attributes, in the model's unit.
    further : objects
        Further arguments.
    """
    design, offset = coding.design(attributes_of(cells))
    pattern = pattern_of(cells)
    thetas = parameters_of_patterns(theta, design, offset)
    random = question.startswith("sample")
    columns: tuple[FloatArray, ...] = (cells.x, cells.t_x, cells.T)
    asked = getattr(family, question)
    if (gaps := gaps_of(family, cells)) is not None:
        columns, asked = (*columns, gaps), partial(_with_gaps, family, question)
    found = answers(asked, thetas, pattern, columns, *further, exact=random)
    if question == "forecast":
        return replace(found, expected_gradient=_with_coefficients(found.expected_gradient, design, pattern))
    if question == "expected_purchases_gradient":
        return _with_coefficients(found, design, pattern)
    return found


def answer_plain(family: BuyingFamily, question: str, theta: FloatArray, cells: Cells, *further: Any) -> Any:
    """The family's answer for every row of cells where all customers share their parameters."""
    gaps = gaps_of(family, cells)
    if gaps is not None:
        return _with_gaps(family, question, theta, cells.x, cells.t_x, cells.T, gaps, *further)
    return getattr(family, question)(theta, cells.x, cells.t_x, cells.T, *further)


def gaps_of(family: BuyingFamily, cells: Cells) -> FloatArray | None:
    """The sum of the logarithms of the times between purchases of one customer of each row, where the family asks."""
    if cells.log_gaps is None or getattr(family, "knowing", None) is None:
        return None
    return cells.log_gaps / np.where(cells.weight > 0, cells.weight, 1.0)


def _with_gaps(
    family: Any,
    question: str,
    theta: FloatArray,
    x: FloatArray,
    t_x: FloatArray,
    T: FloatArray,
    gaps: FloatArray,
    *further: Any,
) -> Any:
    return getattr(family.knowing(gaps), question)(theta, x, t_x, T, *further)


def answer_new(
    family: BuyingFamily, coding: Coding, question: str, theta: FloatArray, mix: CustomerMix, *further: Any
) -> Any:
    """The family's answer for a new customer, averaged over who the customer may be."""
    design, offset = coding.design(mix.attributes)
    asked = getattr(family, question)
    thetas = parameters_of_patterns(theta, design, offset)
    return sum(share * asked(one, *further) for share, one in zip(mix.share, thetas, strict=True) if share > 0)


def draw_new(
    family: BuyingFamily,
    coding: Coding,
    theta: FloatArray,
    attributes: Attributes,
    pattern: IntArray,
    T: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Draw x and t_x of new customers with these attributes, observed to the ages T."""
    thetas = parameters_of_patterns(theta, *coding.design(attributes))
    x, t_x = answers(family.sample_new, thetas, pattern, (T,), rng, exact=True)
    return x, t_x


def attributes_of(cells: Cells | SpendCells) -> Attributes:
    """The attributes of cells, or an error that says how to give them."""
    if cells.attributes is None:
        raise InputError(
            "The model has covariates, but the customers carry no attributes. Fit and predict with a frame that "
            "has the columns, or with a summary to which they were joined, as `summarise(orders, window, "
            "covariates=table)` does."
        )
    return cells.attributes


def pattern_of(cells: Cells | SpendCells) -> IntArray:
    """The pattern of each row."""
    return np.zeros(cells.size, dtype=np.int64) if cells.pattern is None else cells.pattern


def _with_coefficients(gradient: FloatArray, design: FloatArray, pattern: IntArray) -> FloatArray:
    """Derivatives in log parameters, then in coefficients: the chain rule by pattern."""
    added = np.einsum("nd,ndk->nk", gradient, design[pattern])
    return np.concatenate([gradient, added], axis=1)
