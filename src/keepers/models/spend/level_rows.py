"""Orders and their mean at the level of now from summaries and users' frames, for spend that drifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray, SpendCells
from keepers.models.frames import Give, table_giver
from keepers.models.spend.spend_rows import kinds_of_rows, spend_rows, summary_columns
from keepers.summaries.spend_history import levels_table
from keepers.summaries.summary import Summary


@dataclass(frozen=True, slots=True, eq=False)
class LevelRows:
    """Orders and their mean, and how results are given back.

    Parameters
    ----------
    x, m : arrays, shape (n,)
        Orders, and the mean with old orders discounted; no orders where no mean is known.
    give : callable
        Called with a name and the results of the rows.
    mean : str
        SQL of the mean over the rows `summary` and `spend`.
    table : str or None
        The table that is joined as `spend`; None where the summary has the mean.
    pattern, attributes : array of int, Attributes, optional
        What is known of the customers, where a model has covariates.
    """

    x: FloatArray
    m: FloatArray
    give: Give
    mean: str
    table: str | None
    pattern: IntArray | None = None
    attributes: Attributes | None = None

    @property
    def cells(self) -> SpendCells:
        """The rows, each for itself."""
        return SpendCells(self.x, self.m, np.ones(self.x.shape), None, self.pattern, self.attributes)


def level_rows(
    data: Any, include_first: bool, log_growth: float, forgetting: float, attributes: Sequence[str] = ()
) -> LevelRows:
    """The rows to predict for, in the order of the data; a frame's `level` is taken as it is."""
    orders, mean = summary_columns(include_first)
    still = log_growth == 0 and forgetting == 0
    if still or not isinstance(data, Summary):
        plain = spend_rows(_renamed(data, mean), include_first, attributes)
        sql = f"summary.{mean}" if still else "level"
        return LevelRows(plain.x, plain.m, plain.give, sql, None, plain.pattern, plain.attributes)
    table = levels_table(data, include_first, log_growth, forgetting)
    rows = data.engine.columns(
        f'SELECT summary.{data.engine.row_number(data.name)} AS "row", CAST({orders} AS DOUBLE) AS x, '
        f"coalesce(spend.level, CAST('nan' AS DOUBLE)) AS m{''.join(f', summary.{quoted(n)}' for n in attributes)} "
        f"FROM {quoted(data.name)} AS summary "
        f"LEFT JOIN {quoted(table)} AS spend ON spend.customer_key = summary.customer_key ORDER BY summary.rowid"
    )
    x, m = (np.asarray(rows[name], dtype=np.float64) for name in ("x", "m"))
    known = (x > 0) & np.isfinite(m)
    give = table_giver(data.engine, data.name, rows["row"])
    money = np.where(known, np.maximum(m, 0.0), 0.0)
    kinds = kinds_of_rows(rows, x.size, attributes)
    return LevelRows(np.where(known, x, 0.0), money, give, "spend.level", table, *kinds)


def _renamed(data: Any, mean: str) -> Any:
    """A frame's `level` under the name that Gamma-Gamma's rows have."""
    if isinstance(data, dict) and "level" in data:
        return {**data, mean: data["level"]}
    return data
