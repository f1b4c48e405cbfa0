"""Summaries that users bring: frames with frequency, recency and T of each customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.histories import check_histories, check_spend
from keepers.domain.money import UNSPECIFIED_CURRENCY, Margin
from keepers.domain.time import ObservationWindow, TimeUnit, parse_day
from keepers.summaries.attributes import join_attributes
from keepers.summaries.summary import Summary
from keepers.summaries.summary_facts import SummaryFacts

_NEEDED = ("frequency", "recency", "T")
_NAMES_OF_CUSTOMERS = ("customer_key", "customer_id", "customer", "id")


def summary_from_frame(
    frame: Any,
    unit: TimeUnit | str | None = None,
    *,
    calibration_end: Any = None,
    currency: str = UNSPECIFIED_CURRENCY,
    margin: Margin | float | None = None,
    engine: Engine | None = None,
    attributes: Sequence[str] = (),
) -> Summary:
    """A summary from a frame that has one row a customer already.

    Parameters
    ----------
    frame : pandas, Polars or Arrow frame, DuckDB relation, or dict of columns
        Columns `frequency` (repeat purchases), `recency` (age at the last one) and `T` (age now), all in `unit`;
        optionally `monetary_value` (mean money of the repeat purchases), `log_gaps` (sum of the logarithms of the
        times between purchases, for models of regular timing) and one of `customer_key`, `customer_id`, `customer`,
        `id`. These are the columns that `lifetimes` and the literature use.
    unit : TimeUnit or str
        Unit of `recency` and `T`. It is required, because a frame cannot say it.
    calibration_end : date or str, optional
        The day that `T` counts up to; needed for dates of next orders only.
    currency : str
        Currency of `monetary_value`.
    margin : Margin or float, optional
        As for `keepers.summarise`.
    engine : Engine, optional
        Where to put the table; an engine of its own without it.
    attributes : sequence of str
        Further columns that models have as covariates.

    Returns
    -------
    Summary
        With the rows numbered by `row_number` in the frame's order.

    Raises
    ------
    ConfigError
        If the unit is missing.
    InputError
        If columns are missing or histories cannot be, naming the first such row.

    Examples
    --------
    >>> frame = {"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]}
    >>> summary_from_frame(frame, unit="week").cells().size
    2
    >>> summary_from_frame({"frequency": [2], "recency": [40.0], "T": [39.0]}, unit="week")
    Traceback (most recent call last):
    ...
    keepers.domain.errors.InputError: `recency` is larger than `T` in 1 row (first: row 1, 40 > 39 weeks). Check that \
both were cut at the same day; see `keepers check`.
    """
    if unit is None:
        raise ConfigError(
            'A frame does not say its unit of time. Add it, for example summary_from_frame(frame, unit="week").'
        )
    unit = TimeUnit.parse(unit)
    columns = _columns_of(frame)
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise InputError(
            f"The frame lacks {', '.join(missing)} (it has: {', '.join(columns)}). Rename its columns, or make a "
            "summary of orders with `keepers.summarise`."
        )
    x, t_x, T = (_numbers(columns, name) for name in _NEEDED)
    if not x.size:
        raise InputError("The frame has no rows. Give one row a customer.")
    key_name = next((name for name in _NAMES_OF_CUSTOMERS if name in columns), None)
    keys = None if key_name is None else columns[key_name]
    gaps = _numbers(columns, "log_gaps") if "log_gaps" in columns else None
    cells = Cells(x, t_x, T, np.ones(x.size), unit, gaps)
    check_histories(cells, keys)
    has_money = "monetary_value" in columns
    spend = _numbers(columns, "monetary_value") if has_money else np.full(x.size, np.nan)
    if has_money:
        check_spend(x, spend, keys)
        spend = np.where(x > 0, spend, np.nan)
    engine = engine or Engine()
    rows = np.arange(1, x.size + 1)
    named = (rows if keys is None else keys).astype(str)
    name = _table_of(engine, cells, rows, named, spend)
    gaps_table = None
    if gaps is not None:
        in_days = np.round(gaps + x * np.log(unit.days), 12)
        gaps_table = engine.from_columns(engine.new_name("gaps"), {"customer_key": named, "log_gaps": in_days})
    if margin is None or isinstance(margin, (int, float)):
        margin = Margin(margin)
    cut = None if calibration_end is None else parse_day(calibration_end, "calibration_end")
    summary = Summary(
        engine,
        name,
        SummaryFacts(ObservationWindow(cut, cut, unit), has_money, currency, margin, numbered=True, gaps=gaps_table),
    )
    return _with_attributes(summary, columns, rows, attributes) if attributes else summary


def _table_of(engine: Engine, cells: Cells, rows: NDArray[Any], keys: NDArray[Any], spend: NDArray[Any]) -> str:
    """A table with the columns of a summary; what a frame cannot tell is empty there."""
    given = engine.from_columns(
        engine.new_name("given"),
        {
            "row_number": rows,
            "customer_key": keys,
            "frequency": cells.x.astype(np.int64),
            "recency": cells.t_x,
            "T": cells.T,
            "monetary_value": spend,
            # Ages to a millionth of a day, so that histories that differ by a rounding share a cell.
            "recency_days": np.round(cells.t_x * cells.unit.days, 6),
            "T_days": np.round(cells.T * cells.unit.days, 6),
        },
    )
    name = engine.create(
        engine.new_name("summary"),
        "SELECT row_number, customer_key, frequency, recency, T, "
        "CASE WHEN isnan(monetary_value) THEN NULL ELSE monetary_value END AS monetary_value, "
        "CAST(NULL AS DOUBLE) AS monetary_value_all, CAST(NULL AS DATE) AS first_day, CAST(NULL AS DATE) AS last_day, "
        "recency_days, T_days, frequency + 1 AS orders, CAST(NULL AS DECIMAL(18, 4)) AS revenue "
        f"FROM {given}",
    )
    engine.drop(given)
    return name


def _with_attributes(
    summary: Summary, columns: dict[str, NDArray[Any]], rows: NDArray[Any], attributes: Sequence[str]
) -> Summary:
    """The summary with further columns of the frame, in the place of the one without."""
    lacking = [column for column in attributes if column not in columns]
    if lacking:
        raise InputError(
            f"The frame lacks {', '.join(lacking)} (it has: {', '.join(columns)}), which the model has as a covariate."
        )
    table = {"row_number": rows, **{column: columns[column] for column in attributes}}
    made, joined = join_attributes(summary.engine, summary, table, "row_number", attributes, by_row=True)
    summary.engine.drop(summary.name)
    return Summary(summary.engine, made, replace(summary.facts, attributes=joined))


def _columns_of(frame: Any) -> dict[str, NDArray[Any]]:
    if isinstance(frame, dict):
        return {str(name): np.asarray(values) for name, values in frame.items()}
    import narwhals.stable.v2 as nw

    try:
        wrapped = nw.from_native(frame)
    except TypeError:
        raise InputError(
            f"A {type(frame).__name__} is not a table. Give a pandas, Polars or Arrow frame, a DuckDB relation, or a "
            "dict of columns."
        ) from None
    eager = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
    return {name: eager[name].to_numpy() for name in eager.columns}


def _numbers(columns: dict[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(columns[name], dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"`{name}` of the frame is not a column of numbers. Convert it first.") from None
