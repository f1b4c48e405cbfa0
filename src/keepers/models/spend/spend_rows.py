"""Orders and mean spend from cells, summaries and users' frames, and results back in the kind that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from keepers.data.engine import Engine, quoted
from keepers.domain.cells import FloatArray, SpendCells
from keepers.domain.errors import InputError
from keepers.models.frames import Give, frame_of, giver, table_giver


@runtime_checkable
class SpendSummary(Protocol):
    """A summary with money: a table of the engine, one row a customer."""

    engine: Engine
    name: str

    def spend_cells(self, include_first: bool = False) -> SpendCells:
        """Its distinct pairs of orders and mean spend."""


@dataclass(frozen=True, slots=True, eq=False)
class SpendRows:
    """Orders and mean spend of customers, and how results are given back.

    Parameters
    ----------
    x, m : arrays, shape (n,)
        Orders that the mean is over, and the mean. A customer whose mean is not known has no orders here; money below
        zero (more returned than bought) counts as none.
    give : callable
        Called with a name and the results of the rows.
    """

    x: FloatArray
    m: FloatArray
    give: Give


@dataclass(frozen=True, slots=True, eq=False)
class SpendToFit:
    """What a fit may use, and how many customers it had to leave out.

    Parameters
    ----------
    cells : SpendCells
        Pairs with money above zero.
    without_money : float
        Customers whose orders bring zero or less.
    without_amount : float
        Customers with orders of unknown amount.
    """

    cells: SpendCells
    without_money: float
    without_amount: float


def spend_to_fit(data: Any, include_first: bool) -> SpendToFit:
    """The pairs that a fit may use.

    Raises
    ------
    InputError
        If columns are missing, counts are impossible or nobody has an order with money above zero.
    """
    unknown = 0.0
    if isinstance(data, SpendCells):
        cells = data
    elif isinstance(data, SpendSummary):
        cells = data.spend_cells(include_first=include_first)
    else:
        x, m, weight = _columns(data, include_first)
        known = (x > 0) & np.isfinite(m)
        unknown = float(weight[(x > 0) & ~known].sum())
        merged, index = np.unique(np.column_stack([x[known], m[known]]), axis=0, return_inverse=True)
        customers = np.bincount(index.ravel(), weights=weight[known], minlength=len(merged)).astype(np.float64)
        cells = SpendCells(merged[:, 0], merged[:, 1], customers)
    usable = (cells.mean_spend > 0) & (cells.x > 0) & (cells.weight > 0)
    without = float(cells.weight[cells.mean_spend <= 0].sum())
    if not usable.any():
        which = "an order" if include_first else "a repeat order"
        hint = "" if include_first else " GammaGamma(include_first=True) counts the first order too."
        raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.{hint}")
    if not usable.all():
        spread = None if cells.spread is None else cells.spread[usable]
        cells = SpendCells(cells.x[usable], cells.mean_spend[usable], cells.weight[usable], spread)
    return SpendToFit(cells, without, unknown)


def spend_rows(data: Any, include_first: bool) -> SpendRows:
    """The rows to predict for, in the order of the data."""
    if isinstance(data, SpendCells):
        return _known(data.x, data.mean_spend, lambda _, values: values)
    if isinstance(data, SpendSummary):
        orders, mean = summary_columns(include_first)
        rows = data.engine.columns(
            f'SELECT rowid AS "row", CAST({orders} AS DOUBLE) AS x, '
            f"coalesce(CAST({mean} AS DOUBLE), CAST('nan' AS DOUBLE)) AS m FROM {quoted(data.name)}"
        )
        x, m = (np.asarray(rows[name], dtype=np.float64) for name in ("x", "m"))
        return _known(x, m, table_giver(data.engine, data.name, rows["row"]))
    x, m, _ = _columns(data, include_first)
    return _known(x, m, giver(data))


def summary_columns(include_first: bool) -> tuple[str, str]:
    """SQL of the orders and of their mean spend in a summary."""
    return ("frequency + 1", "monetary_value_all") if include_first else ("frequency", "monetary_value")


def _known(x: FloatArray, m: FloatArray, give: Give) -> SpendRows:
    known = (x > 0) & np.isfinite(m)
    return SpendRows(np.where(known, x, 0.0), np.where(known, np.maximum(m, 0.0), 0.0), give)


def _columns(data: Any, include_first: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    frame = data if isinstance(data, dict) else frame_of(data)
    names = list(frame) if isinstance(frame, dict) else frame.columns
    mean = "monetary_value_all" if include_first else "monetary_value"
    missing = [name for name in ("frequency", mean) if name not in names]
    if missing:
        meaning = "all orders, the first included" if include_first else "repeat orders, the first excluded"
        raise InputError(
            f"The frame lacks {', '.join(missing)} (it has: {', '.join(map(str, names))}). `{mean}` is the mean value "
            f"of a customer's {meaning}. Rename its columns, or make a summary of orders with `keepers.summarise`."
        )

    def column(name: str) -> FloatArray:
        values = frame[name]
        try:
            return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"`{name}` of the frame is not a column of numbers. Convert it first.") from None

    frequency, m = column("frequency"), column(mean)
    weight = column("weight") if "weight" in names else np.ones(frequency.shape)
    for name, wrong, hint in (
        ("frequency", ~(frequency >= 0) | (frequency != np.floor(frequency)), "It counts repeat purchases."),
        ("weight", ~(weight >= 0), "It counts customers."),
    ):
        if wrong.any():
            row, count = int(np.argmax(wrong)), int(wrong.sum())
            value = (frequency if name == "frequency" else weight)[row]
            raise InputError(
                f"`{name}` is impossible in {count:,} row{'s'[: count > 1]} (first: row {row + 1}, {value:g}). {hint}"
            )
    return frequency + (1.0 if include_first else 0.0), m, weight
