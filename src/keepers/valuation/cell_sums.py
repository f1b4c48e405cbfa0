"""Sums over customers by cell and group, coarse enough to be valued again and again under drawn parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.summaries.cells import KEY
from keepers.valuation.signed_intervals import APART, WITHIN
from keepers.valuation.spend_forecast import SignedForecast
from keepers.valuation.values import Values

MOST_CELLS = 8_000
"""Cells that are valued under each draw; where there are more, neighbours are put together."""

_PACKAGE = "keepers.valuation.sql"
_WIDTHS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)


@dataclass(frozen=True, eq=False)
class CellSums:
    """Customers by group and coarse cell.

    Parameters
    ----------
    cells : Cells
        Coarse cells, shape (c,): middles of bins of neighbouring histories, on a grid, so that what a model tabulates
        by age is tabulated for few ages.
    groups : list
        What the groups are called.
    group, cell : arrays of int, shape (n,)
        Group and coarse cell of each row of sums.
    customers, spend, spend_squared : arrays, shape (n,)
        Customers, sum of their scale of spend, and of its square.
    within, apart : arrays, shape (n,)
        Where spend may be negative, sums of the variance of an order about the customer's own mean, and of that of the
        mean; zero otherwise.
    fine : array of int, shape (n,)
        Row of the exact cell in `values.facts.cells`.
    """

    cells: Cells
    groups: list[Any]
    group: IntArray
    cell: IntArray
    customers: FloatArray
    spend: FloatArray
    spend_squared: FloatArray
    within: FloatArray
    apart: FloatArray
    fine: IntArray

    def coarse(self, factor: FloatArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Group, coarse cell, customers and sum of expected order values of each pair of group and coarse cell.

        `factor` is the forecast's `mean_factor`, by exact cell.
        """
        pairs, place = np.unique(self.group * self.cells.size + self.cell, return_inverse=True)
        group, cell = np.divmod(pairs, self.cells.size)
        return group, cell, _sums(place, self.customers), _sums(place, self.spend * factor[self.fine])

    def by_group(self, rows: FloatArray) -> FloatArray:
        """Sums of rows by group, shape (groups,)."""
        return np.asarray(np.bincount(self.group, rows, minlength=len(self.groups)), dtype=np.float64)


def cell_sums(values: Values, group: str | None = None, join: str = "") -> CellSums:
    """Sums by cell, and by a group if one is named.

    Parameters
    ----------
    values : Values
        What was predicted.
    group : str, optional
        SQL of the group, from columns of `summary` or of what `join` brings.
    join : str
        SQL of a join behind `FROM summary`.
    """
    facts = values.facts
    known = within = apart = "CAST(0 AS DOUBLE)"
    spend, table = facts.cells.spend, None
    if spend is not None:
        known = spend.scale
        if isinstance(spend, SignedForecast):
            within, apart = WITHIN, APART
        if spend.columns:
            key = facts.summary.keyed_cells().key
            table = values.engine.from_columns(values.engine.new_name("cell_spend"), {**key, **spend.columns})
            join += f" INNER JOIN {quoted(table)} AS cell ON {facts.summary.same_cell}"
        join += f" {spend.join}" if spend.join else ""
    sql = template(_PACKAGE, "cell_sums").format(
        and_group=" and group" if group else "",
        group="label, " if group else "",
        summary_group=f"{group} AS label, " if group else "",
        known=known,
        key=", ".join(facts.summary.key),
        summary_key=", ".join(f"summary.{name}" for name in facts.summary.key),
        within=within,
        apart=apart,
        summary=quoted(facts.summary.name),
        join=f"\n    {join}" if join else "",
    )
    rows = values.engine.columns(sql)
    if table is not None:
        values.engine.drop(table)
    labels, group_of = _labels(rows["label"]) if group else ([None], np.zeros(rows["frequency"].size, dtype=np.int64))
    days = facts.summary.unit.days
    x, t_x, T = (rows[name].astype(np.float64) for name in ("frequency", "recency_days", "T_days"))
    weight = rows["customers"].astype(np.float64)
    pattern = rows["pattern"].astype(np.int64) if "pattern" in rows else None
    coarse_of, (x_of, recency_of, age_of, pattern_of) = _coarse(x, t_x, T, pattern)
    cells = Cells(
        x_of, recency_of / days, age_of / days, _sums(coarse_of, weight), facts.summary.unit,
        pattern=None if pattern is None else pattern_of.astype(np.int64), attributes=facts.summary.attributes(),
        calendar=facts.summary.calendar,
    )  # fmt: skip
    return CellSums(
        cells, labels, group_of, coarse_of, weight, rows["spend"].astype(np.float64),
        rows["spend_squared"].astype(np.float64), rows["within"].astype(np.float64),
        rows["apart"].astype(np.float64), _fine(values, rows, group is not None),
    )  # fmt: skip


def _sums(place: IntArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(place, values), dtype=np.float64)


def _labels(column: Any) -> tuple[list[Any], IntArray]:
    """Distinct labels, empty ones as None, and the place of each row's among them."""
    listed = [None if value is None or value != value else value for value in column.tolist()]  # noqa: PLR0124
    distinct: dict[Any, int] = {}
    places = [distinct.setdefault(value, len(distinct)) for value in listed]
    return list(distinct), np.asarray(places, dtype=np.int64)


def _coarse(x: FloatArray, t_x: FloatArray, T: FloatArray, pattern: IntArray | None) -> tuple[IntArray, FloatArray]:
    """The coarse cell of each row, and their x, t_x, T and pattern: ages in bins just wide enough for few cells."""
    kind = np.zeros(x.shape) if pattern is None else pattern.astype(np.float64)
    for width in _WIDTHS:
        middle = (width - 1) / 2
        age = np.floor(T / width) * width + middle if width > 1 else T
        recency = np.minimum(np.floor(t_x / width) * width + middle, age) if width > 1 else t_x
        rows = np.vstack([x, np.where(x > 0, np.maximum(recency, 0.5), 0.0), age, kind])
        if pattern is None:
            _, one, place = np.unique((rows[0] * 1e6 + rows[1]) * 1e6 + rows[2], return_index=True, return_inverse=True)
        else:
            _, one, place = np.unique(rows, axis=1, return_index=True, return_inverse=True)
        if one.size <= MOST_CELLS:
            break
    return np.asarray(place.ravel(), dtype=np.int64), rows[:, one]


def _fine(values: Values, rows: Mapping[str, Any], grouped: bool) -> IntArray:
    """Rows of the exact cells, which come in the order of their key: the same rows where there are no groups."""
    summary = values.facts.summary
    sums, known = (
        [np.asarray(columns[name], dtype=np.float64) for name in summary.key]
        for columns in (rows, summary.keyed_cells().key)
    )
    if not grouped:
        return np.arange(sums[0].size)
    if summary.key == KEY:
        return np.searchsorted(_key(*known), _key(*sums))
    _, place = np.unique(np.hstack([np.vstack(known), np.vstack(sums)]), axis=1, return_inverse=True)
    row = np.empty(int(place.max()) + 1, dtype=np.int64)
    row[place.ravel()[: known[0].size]] = np.arange(known[0].size)
    return row[place.ravel()[known[0].size :]]


def _key(x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """One number a cell that rises as the columns do; exact for days below a million and counts below 8,000."""
    return np.asarray((x * 1e6 + t_x) * 1e6 + T)
