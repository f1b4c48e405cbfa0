"""Orders and mean spend from cells, summaries and users' frames, and results back in the kind that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from keepers.data.engine import Engine, quoted
from keepers.domain.cells import FloatArray, IntArray, SpendCells
from keepers.domain.errors import InputError
from keepers.models.frames import Give, attributes_given, frame_of, giver, table_giver

if TYPE_CHECKING:
    from keepers.domain.attributes import Attributes


@runtime_checkable
class SpendSummary(Protocol):
    """A summary with money: a table of the engine, one row a customer."""

    engine: Engine
    name: str

    def spend_cells(
        self, include_first: bool = False, max_rows: int = ..., attributes: Sequence[str] = ()
    ) -> SpendCells:
        """Its distinct pairs of orders and mean spend, kept apart by attributes."""


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
    pattern, attributes : array of int, Attributes, optional
        What is known of the customers, where a model has covariates.
    """

    x: FloatArray
    m: FloatArray
    give: Give
    pattern: IntArray | None = None
    attributes: Attributes | None = None

    @property
    def cells(self) -> SpendCells:
        """The rows, each for itself."""
        return SpendCells(self.x, self.m, np.ones(self.x.shape), None, self.pattern, self.attributes)


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

    @property
    def left_out(self) -> tuple[str, ...]:
        """Who was left out, in sentences."""
        everybody = self.cells.customers + self.without_money + self.without_amount
        sentences = []
        for count, why in (
            (self.without_money, "whose orders bring zero or less"),
            (self.without_amount, "whose orders have no amount"),
        ):
            if count:
                who = "1 customer" if count == 1 else f"{count:,.0f} customers"
                was = "was" if count == 1 else "were"
                sentences.append(f"{who} {why} {was} left out of the fit ({count / everybody:.1%}).")
        return tuple(sentences)


def spend_to_fit(data: Any, include_first: bool, attributes: Sequence[str] = ()) -> SpendToFit:
    """The pairs that a fit may use, kept apart by attributes.

    Raises
    ------
    InputError
        If columns are missing, counts are impossible or nobody has an order with money above zero.
    """
    unknown = 0.0
    if isinstance(data, SpendCells):
        cells = data
    elif isinstance(data, SpendSummary):
        cells = data.spend_cells(include_first=include_first, attributes=attributes)
    else:
        x, m, weight = _columns(data, include_first)
        known = (x > 0) & np.isfinite(m)
        unknown = float(weight[(x > 0) & ~known].sum())
        kind, table = kinds_of_rows(data, x.size, attributes)
        columns = [x[known], m[known], *([] if kind is None else [kind[known]])]
        merged, index = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        customers = np.bincount(index.ravel(), weights=weight[known], minlength=len(merged)).astype(np.float64)
        pattern = None if kind is None else merged[:, 2].astype(np.int64)
        cells = SpendCells(merged[:, 0], merged[:, 1], customers, None, pattern, table)
    usable = (cells.mean_spend > 0) & (cells.x > 0) & (cells.weight > 0)
    without = float(cells.weight[cells.mean_spend <= 0].sum())
    if not usable.any():
        which = "an order" if include_first else "a repeat order"
        hint = "" if include_first else " GammaGamma(include_first=True) counts the first order too."
        raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.{hint}")
    if not usable.all():
        cells = cells.take(usable)
    if cells.pattern is not None and cells.attributes is not None:
        # Nothing is learned of customers whose orders are not known, and their levels shall not be asked for.
        there, place = np.unique(cells.pattern, return_inverse=True)
        cells = replace(cells, pattern=place.ravel(), attributes=cells.attributes.take(there))
    return SpendToFit(cells, without, unknown)


def spend_rows(data: Any, include_first: bool, attributes: Sequence[str] = ()) -> SpendRows:
    """The rows to predict for, in the order of the data."""
    if isinstance(data, SpendCells):
        return _known(data.x, data.mean_spend, lambda _, values: values, data.pattern, data.attributes)
    if isinstance(data, SpendSummary):
        orders, mean = summary_columns(include_first)
        rows = data.engine.columns(
            f'SELECT {data.engine.row_number(data.name)} AS "row", CAST({orders} AS DOUBLE) AS x, '
            f"coalesce(CAST({mean} AS DOUBLE), CAST('nan' AS DOUBLE)) AS m"
            f"{''.join(f', {quoted(name)}' for name in attributes)} FROM {quoted(data.name)}"
        )
        x, m = (np.asarray(rows[name], dtype=np.float64) for name in ("x", "m"))
        kind, table = kinds_of_rows(rows, x.size, attributes)
        return _known(x, m, table_giver(data.engine, data.name, rows["row"]), kind, table)
    x, m, _ = _columns(data, include_first)
    return _known(x, m, giver(data), *kinds_of_rows(data, x.size, attributes))


def summary_columns(include_first: bool) -> tuple[str, str]:
    """SQL of the orders and of their mean spend in a summary."""
    return ("frequency + 1", "monetary_value_all") if include_first else ("frequency", "monetary_value")


def _known(
    x: FloatArray, m: FloatArray, give: Give, pattern: IntArray | None = None, attributes: Attributes | None = None
) -> SpendRows:
    known = (x > 0) & np.isfinite(m)
    money = np.where(known, np.maximum(m, 0.0), 0.0)
    return SpendRows(np.where(known, x, 0.0), money, give, pattern, attributes)


def kinds_of_rows(data: Any, rows: int, names: Sequence[str]) -> tuple[IntArray | None, Attributes | None]:
    """The pattern of each row and the table of patterns; nothing where no columns are named."""
    if not names:
        return None, None
    table, pattern = attributes_given(data, names, rows)
    return pattern, table


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
