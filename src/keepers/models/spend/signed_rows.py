"""Gains and losses of customers from summaries and users' frames, and results back in the kind that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray, SpendCells
from keepers.domain.errors import InputError
from keepers.models.frames import Give, frame_of, giver, table_giver
from keepers.numerics.likelihoods.signed_spend import SignedHistory
from keepers.summaries.spend_history import SpendSides, sides_table, spend_sides
from keepers.summaries.summary import Summary

COLUMNS = ("gains", "gained", "losses", "lost", "zeros")


@dataclass(frozen=True, slots=True, eq=False)
class SignedRows:
    """What customers' orders brought, and how results are given back."""

    history: SignedHistory
    give: Give


def sides_to_fit(data: Any, include_first: bool) -> SpendSides:
    """The sufficient statistics that a fit may use.

    Raises
    ------
    InputError
        If columns are missing, numbers are impossible, or nobody has an order with an amount.
    """
    if isinstance(data, SpendSides):
        found = data
    elif isinstance(data, Summary):
        found = spend_sides(data, include_first)
    else:
        history, weight = _columns(data)
        pairs = np.column_stack([history.gains, history.losses + history.zeros])
        known = pairs.sum(axis=1) > 0
        distinct, place = np.unique(pairs[known], axis=0, return_inverse=True)
        found = SpendSides(
            _sizes(history.gains, history.gained, weight),
            _sizes(history.losses, history.lost, weight),
            distinct[:, 0],
            distinct[:, 1],
            np.bincount(place.ravel(), weight[known], len(distinct)).astype(np.float64),
            float(weight @ history.zeros),
        )
    if not (found.weight.size and found.weight @ (found.won + found.missed) > 0):
        which = "an order" if include_first else "a repeat order"
        hint = "" if include_first else " SignedSpend(include_first=True) counts the first order too."
        raise InputError(f"No customer has {which} with an amount, so there is no spend to model.{hint}")
    return found


def signed_rows(data: Any, include_first: bool) -> SignedRows:
    """The rows to predict for, in the order of the data."""
    if isinstance(data, Summary):
        sides = quoted(sides_table(data, include_first))
        listed = ", ".join(f"CAST(coalesce(side.{name}, 0) AS DOUBLE) AS {name}" for name in COLUMNS)
        rows = data.engine.columns(
            f'SELECT summary.{data.engine.row_number} AS "row", {listed} FROM {quoted(data.name)} AS summary '
            f"LEFT JOIN {sides} AS side ON side.customer_key = summary.customer_key ORDER BY summary.rowid"
        )
        history = SignedHistory(*(np.asarray(rows[name], dtype=np.float64) for name in COLUMNS))
        return SignedRows(history, table_giver(data.engine, data.name, rows["row"]))
    return SignedRows(_columns(data)[0], giver(data))


def _sizes(count: FloatArray, total: FloatArray, weight: FloatArray) -> SpendCells:
    some = count > 0
    pairs, place = np.unique(np.column_stack([count[some], total[some] / count[some]]), axis=0, return_inverse=True)
    return SpendCells(pairs[:, 0], pairs[:, 1], np.bincount(place.ravel(), weight[some], len(pairs)).astype(np.float64))


def _columns(data: Any) -> tuple[SignedHistory, FloatArray]:
    frame = data if isinstance(data, dict) else frame_of(data)
    names = list(frame) if isinstance(frame, dict) else frame.columns
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError(
            f"The frame lacks {', '.join(missing)} (it has: {', '.join(map(str, names))}). Of each customer "
            "SignedSpend needs the number of orders that brought a gain and their sum (`gains`, `gained`), of those "
            "that brought a loss and their sum as a positive number (`losses`, `lost`), and of those that brought "
            "nothing (`zeros`). A summary of orders (`keepers.summarise`) has them."
        )

    def column(name: str) -> FloatArray:
        values = frame[name]
        try:
            found = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"`{name}` of the frame is not a column of numbers. Convert it first.") from None
        wrong = ~(np.isfinite(found) & (found >= 0))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(f"`{name}` is {found[row]:g} in row {row + 1}; it is zero or more.")
        return found

    history = SignedHistory(*(column(name) for name in COLUMNS))
    for count, total in (("gains", "gained"), ("losses", "lost")):
        wrong = (getattr(history, count) > 0) != (getattr(history, total) > 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                f"Row {row + 1} has {getattr(history, count)[row]:g} `{count}` that sum to "
                f"{getattr(history, total)[row]:g} (`{total}`). An order that brings exactly nothing counts in `zeros`."
            )
    weight = column("weight") if "weight" in names else np.ones(history.gains.shape)
    return history, weight
