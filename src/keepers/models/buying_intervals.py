"""Intervals of what a model of buying answers: each distinct history is asked about at each draw of the parameters."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import ConfigError
from keepers.models.frames import Histories
from keepers.models.intervals import (
    DRAWS,
    answer_interval,
    check_arguments,
    check_level,
    check_question,
    given_together,
    posterior_draws,
)

__all__ = ["DRAWS", "interval_new_customer", "interval_of_rows", "posterior_draws"]

OF_ROWS = (
    "probability_alive", "expected_purchases", "purchase_distribution", "discounted_expected_purchases",
    "expected_lifetime", "median_lifetime", "expected_next_purchase",
)  # fmt: skip
"""The questions about customers that have an interval."""

OF_NEW = (
    "expected_purchases_new_customer", "discounted_expected_purchases_new_customer",
    "purchase_distribution_new_customer",
)  # fmt: skip
"""The questions about a new customer that have one."""


def interval_of_rows(
    model: Any,
    rows: Histories,
    question: str,
    level: float,
    estimate: FloatArray,
    draws: FloatArray,
    arguments: Mapping[str, Any],
) -> Any:
    """An answer for customers, with its ends, given back in the kind of data that came."""
    check_level(level)
    check_question(question, OF_ROWS)
    check_arguments(getattr(model, question), arguments)
    cells, index = _distinct(rows.cells)

    def ask(theta: FloatArray, part: slice) -> FloatArray:
        some = cells.take(np.arange(part.start, part.stop))
        return np.asarray(getattr(model._at(theta), question)(some, **arguments), dtype=np.float64)

    value, low, high = (column[index] for column in answer_interval(ask, estimate, draws, cells.size, level))
    name = "probability" if question == "purchase_distribution" else question
    return given_together({name: value, f"{name}_low": low, f"{name}_high": high}, rows.give)


def interval_new_customer(
    model: Any, question: str, level: float, estimate: FloatArray, draws: FloatArray, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """An answer for a new customer, with its ends: numbers, or arrays where the answer is one."""
    check_level(level)
    if question in OF_ROWS:
        raise ConfigError(
            f"{question!r} is about customers: give them as `data`, which is None. About a new customer ask for one "
            f"of: {', '.join(OF_NEW)}."
        )
    check_question(question, OF_NEW)
    check_arguments(getattr(model, question), arguments, of_customers=False)

    def ask(theta: FloatArray, _: slice) -> FloatArray:
        return np.asarray(getattr(model._at(theta), question)(**arguments), dtype=np.float64)[None]

    value, low, high = (found[0] for found in answer_interval(ask, estimate, draws, 1, level))
    return {question: value, f"{question}_low": low, f"{question}_high": high}


def at(model: Any, theta: FloatArray) -> Any:
    """The same model with other values of its parameters."""
    moved = copy.copy(model)
    # What is no parameter of the posterior, such as a chosen k, stays.
    moved.parameters_ = {**model.parameters_, **dict(zip(model.laplace_.parameters, theta.tolist(), strict=True))}
    return moved


def _distinct(cells: Cells) -> tuple[Cells, Any]:
    """Each plain history once, and which of them every row has; histories that carry more stay as they are."""
    if getattr(cells, "log_gaps", None) is not None or getattr(cells, "pattern", None) is not None:
        return cells, slice(None)
    table, first, index = np.unique(
        np.column_stack([cells.x, cells.t_x, cells.T]), axis=0, return_index=True, return_inverse=True
    )
    return replace(cells.take(first), weight=np.ones(len(table))), index.ravel()
