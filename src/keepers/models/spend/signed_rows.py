"""Gains and losses of customers from summaries and users' frames, and results back in the kind that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray, SpendCells
from keepers.domain.errors import InputError
from keepers.models.covariates.answers import CustomerMix, pattern_of
from keepers.models.frames import Give, frame_of, giver, table_giver
from keepers.models.spend.spend_rows import kinds_of_rows
from keepers.numerics.likelihoods.signed_spend import SignedHistory
from keepers.summaries.spend_history import SpendSides, sides_table, spend_sides
from keepers.summaries.summary import Summary

COLUMNS = ("gains", "gained", "losses", "lost", "zeros")


@dataclass(frozen=True, slots=True, eq=False)
class SignedRows:
    """What customers' orders brought, how results are given back, and what is known of the customers."""

    history: SignedHistory
    give: Give
    pattern: IntArray | None = None
    attributes: Attributes | None = None

    @property
    def cells(self) -> SpendCells:
        """The rows, each for itself, with the number of their gains."""
        gains = self.history.gains
        return SpendCells(gains, np.zeros(gains.shape), np.ones(gains.shape), None, self.pattern, self.attributes)


def sides_to_fit(data: Any, include_first: bool, attributes: Sequence[str] = ()) -> SpendSides:
    """The sufficient statistics that a fit may use, kept apart by attributes.

    Raises
    ------
    InputError
        If columns are missing, numbers are impossible, or nobody has an order with an amount.
    """
    if isinstance(data, SpendSides):
        found = data
    elif isinstance(data, Summary):
        found = spend_sides(data, include_first, attributes=attributes)
    else:
        history, weight = _columns(data)
        kind, table = kinds_of_rows(data, history.gains.size, attributes)
        told = np.zeros(history.gains.size) if kind is None else kind
        rows = np.column_stack([history.gains, history.losses + history.zeros, told])
        known = rows[:, :2].sum(axis=1) > 0
        distinct, place = np.unique(rows[known], axis=0, return_inverse=True)
        found = SpendSides(
            _sizes(history.gains, history.gained, weight, kind, table),
            _sizes(history.losses, history.lost, weight, kind, table),
            distinct[:, 0],
            distinct[:, 1],
            np.bincount(place.ravel(), weight[known], len(distinct)).astype(np.float64),
            float(weight @ history.zeros),
            None if kind is None else distinct[:, 2].astype(np.int64),
            table,
        )
    if not (found.weight.size and found.weight @ (found.won + found.missed) > 0):
        which = "an order" if include_first else "a repeat order"
        hint = "" if include_first else " SignedSpend(include_first=True) counts the first order too."
        raise InputError(f"No customer has {which} with an amount, so there is no spend to model.{hint}")
    return found if found.pattern is None else _of_those_known(found)


def signed_rows(data: Any, include_first: bool, attributes: Sequence[str] = ()) -> SignedRows:
    """The rows to predict for, in the order of the data."""
    if isinstance(data, Summary):
        sides = quoted(sides_table(data, include_first))
        listed = ", ".join(f"CAST(coalesce(side.{name}, 0) AS DOUBLE) AS {name}" for name in COLUMNS)
        listed += "".join(f", summary.{quoted(name)}" for name in attributes)
        number = data.engine.row_number(data.name)
        rows = data.engine.columns(
            f'SELECT summary.{number} AS "row", {listed} FROM {quoted(data.name)} AS summary '
            f"LEFT JOIN {sides} AS side ON side.customer_key = summary.customer_key ORDER BY summary.rowid"
        )
        history = SignedHistory(*(np.asarray(rows[name], dtype=np.float64) for name in COLUMNS))
        give = table_giver(data.engine, data.name, rows["row"])
        return SignedRows(history, give, *kinds_of_rows(rows, history.gains.size, attributes))
    history = _columns(data)[0]
    return SignedRows(history, giver(data), *kinds_of_rows(data, history.gains.size, attributes))


def _of_those_known(found: SpendSides) -> SpendSides:
    """The same with the attributes of customers who have orders alone: levels of others shall not be asked for."""
    assert found.attributes is not None
    assert found.pattern is not None
    there, place = np.unique(found.pattern, return_inverse=True)
    table = found.attributes.take(there)

    def told(cells: SpendCells) -> SpendCells:
        return replace(cells, pattern=np.searchsorted(there, pattern_of(cells)), attributes=table)

    return replace(found, gains=told(found.gains), losses=told(found.losses), pattern=place.ravel(), attributes=table)


def _sizes(
    count: FloatArray, total: FloatArray, weight: FloatArray, kind: IntArray | None, table: Attributes | None
) -> SpendCells:
    some = count > 0
    told = np.zeros(count.size) if kind is None else kind.astype(np.float64)
    rows = np.column_stack([count[some], total[some] / count[some], told[some]]).astype(np.float64)
    found, place = np.unique(rows, axis=0, return_inverse=True)
    customers = np.bincount(place.ravel(), weight[some], len(found)).astype(np.float64)
    pattern = None if kind is None else found[:, 2].astype(np.int64)
    return SpendCells(found[:, 0], found[:, 1], customers, None, pattern, table)


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


def nobody(customers: int) -> SignedHistory:
    """Customers without an order."""
    return SignedHistory(*(np.zeros(customers) for _ in range(5)))


def a_row_each(mix: CustomerMix | None) -> SpendCells:
    """A row for each kind of customers."""
    if mix is None:
        return SpendCells(np.zeros(1), np.zeros(1), np.ones(1))
    nothing = np.zeros(mix.share.size)
    return SpendCells(nothing, nothing, mix.share, None, np.arange(mix.share.size), mix.attributes)
