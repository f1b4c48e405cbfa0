"""Purchase histories from cells, summaries and users' frames, and results back in the kind that came."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted
from keepers.data.table import Table
from keepers.domain.attributes import Attributes, check_known, plain_column
from keepers.domain.cells import Cells, GapUse, IntArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.histories import check_histories
from keepers.domain.time import TimeUnit

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

    from keepers.domain.store_clock import Calendar

FloatArray = NDArray[np.float64]
Give = Callable[[str | tuple[str, ...], FloatArray], Any]
"""Hands a result, shape (n,) or (n, k), back in the kind of data that came, under a name or one for each column."""


@runtime_checkable
class SummaryLike(Protocol):
    """A summary: a table of the engine, one row a customer, that can be grouped to cells."""

    engine: Engine
    name: str

    @property
    def unit(self) -> TimeUnit:
        """Unit of its recency and T."""

    @property
    def knows_gaps(self) -> bool:
        """Whether the times between purchases are known."""

    def cells(self, gaps: GapUse | None = None) -> Cells:
        """Its distinct histories, with the times between purchases where they are asked for."""

    def gaps_table(self) -> str:
        """A table of `customer_key` and `log_gaps`, in days."""

    @property
    def calendar(self) -> Calendar | None:
        """The day that ages count up to, and the clock by which models are to read them."""

    def keyed_cells(self) -> Any:
        """Its distinct histories, with the columns by which results are joined back."""

    @property
    def same_cell(self) -> str:
        """SQL that joins rows `cell` of results to rows `summary`."""


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Histories of customers or cells in one unit, and how results are given back.

    Parameters
    ----------
    cells : Cells
        The rows, in the order of the data.
    give : callable
        Called with a name and the results of the rows.
    """

    cells: Cells
    give: Give


def cells_to_fit(
    data: Any, unit: TimeUnit | str | None, gaps: GapUse | None = None, attributes: Sequence[str] = ()
) -> Cells:
    """The cells of a summary, of cells or of a frame with `frequency, recency, T` and perhaps `weight`, `log_gaps`.

    Parameters
    ----------
    data : Cells, summary or frame
        The histories.
    unit : TimeUnit or str, optional
        Unit of a frame's times.
    gaps : "sum" or "each", optional
        Whether `log_gaps` is wanted, and whether customers with different ones must stay apart. Cells come without
        it where it is not known.
    attributes : sequence of str
        Attributes of customers that tell one cell from another.

    Raises
    ------
    InputError
        If columns are missing, values are impossible or there is no customer.
    """
    if isinstance(data, Cells):
        cells = data if unit is None else data.in_unit(TimeUnit.parse(unit))
    elif isinstance(data, SummaryLike):
        cells = data.cells(gaps if data.knows_gaps else None)
    else:
        rows = _rows_of_frame(data, _named_unit(unit), attributes)
        check_histories(rows)
        cells = rows if gaps == "each" and rows.log_gaps is not None else rows.merged()
    cells = cells.knowing(attributes)
    check_histories(cells)
    if not cells.customers > 0:
        raise InputError("There is no customer in the data. Check the window: did anybody buy before its cut?")
    return cells


def histories(
    data: Any,
    unit: TimeUnit,
    given: TimeUnit | str | None = None,
    gaps: GapUse | None = None,
    attributes: Sequence[str] = (),
    calendar: Calendar | None = None,
) -> Histories:
    """The rows to predict for, in the model's unit.

    Parameters
    ----------
    data : Cells, summary or frame
        Frames are pandas, Polars, Arrow or a dict of columns, with `frequency, recency, T`, perhaps `log_gaps`, and
        for a model with a clock `as_of`, the day that T counts up to, or `first_day`, from which it counts.
    unit : TimeUnit
        The model's unit.
    given : TimeUnit or str, optional
        Unit of a frame's times; the model's own if left out.
    gaps : "sum" or "each", optional
        Whether a summary's `log_gaps` are wanted, where it knows them; cells and frames keep theirs.
    attributes : sequence of str
        Further columns that the model needs.
    calendar : Calendar, optional
        The model's, with the day of its fit, and with its clock where it has one.

    Warns
    -----
    UserWarning
        If the model has a clock and nothing tells the day that a frame is seen from: it is read as of the fit's.
    """
    if isinstance(data, Cells):
        cells = data.in_unit(unit)
        check_histories(cells)
        return Histories(cells, lambda _, values: values)
    if isinstance(data, SummaryLike):
        return _of_summary(data, unit, gaps, attributes)
    cells = _rows_of_frame(data, unit if given is None else TimeUnit.parse(given), attributes).in_unit(unit)
    check_histories(cells)
    if calendar is not None and calendar.clock is not None:
        seen = _seen_from(data, cells, calendar.seen)
        cells = replace(cells, calendar=replace(calendar, seen=seen, clock=None, read=False))
    return Histories(cells, giver(data))


def _seen_from(data: Any, cells: Cells, fitted: dt.date) -> dt.date:
    """The day that the T of a frame counts up to, as its columns tell; that of the fit, and a warning, if none does."""
    frame = data if isinstance(data, dict) else frame_of(data)
    told = next((name for name in ("as_of", "first_day") if name in _names(frame)), None)
    if told is None:
        warnings.warn(
            "The model counts time by the store's clock, on which days of busy months are longer, and no column says "
            f"which day `T` counts up to: {fitted} is taken, the day of the fit. Add that day as `as_of`, or the first "
            "purchases as `first_day`; a summary knows its day.",
            stacklevel=5,
        )
        return fitted
    values = frame[told]
    try:
        read = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
        if read.dtype.kind in "biuf":
            raise TypeError  # NumPy would count numbers such as 20240105 from 1970 on.
        day = read.astype("datetime64[D]")
    except (TypeError, ValueError):
        raise InputError(f"`{told}` of the frame is not a column of days. Convert it first.") from None
    if told == "first_day":
        day = day + np.round(cells.T * cells.unit.days).astype("timedelta64[D]")
    days = np.unique(day)
    if days.size > 1 or np.isnat(days).any():
        known = "a day is missing" if np.isnat(days).any() else f"{days[0]} and {days[-1]} among them"
        raise InputError(
            f"The rows of the frame are not seen from one day ({known}, by `{told}`), and a model with a store's clock "
            "reads them as of a day. Ask for each day by itself."
        )
    found: dt.date = days[0].item() if days.size else fitted
    return found


def _named_unit(unit: TimeUnit | str | None) -> TimeUnit:
    if unit is None:
        raise ConfigError('A frame does not say its unit of time. Add it, for example fit(frame, unit="week").')
    return TimeUnit.parse(unit)


def frame_of(data: Any) -> nw.DataFrame[Any]:
    """A user's frame behind one face, whatever library it is of."""
    import narwhals.stable.v2 as nw

    try:
        wrapped = nw.from_native(data)
    except TypeError:
        raise InputError(
            f"A {type(data).__name__} holds no purchase histories. Give a summary, cells, a pandas, Polars or Arrow "
            "frame, or a dict of columns."
        ) from None
    return wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped


def attributes_given(data: Any, names: Sequence[str], rows: int | None = None) -> tuple[Attributes, IntArray]:
    """Attributes of customers from a frame, a dict of columns, or a dict of one customer's values.

    Raises
    ------
    InputError
        If a column or a value is missing, or there are not so many rows.
    """
    if data is None:
        raise InputError(f"The model has covariates. Give `attributes` with {', '.join(names)} of each customer.")
    frame = data if isinstance(data, dict) else frame_of(data)
    there = list(frame) if isinstance(frame, dict) else frame.columns
    missing = [name for name in names if name not in there]
    if missing:
        raise InputError(
            f"The attributes lack {', '.join(missing)} (there is: {', '.join(map(str, there)) or 'nothing'}), which "
            "the model has as a covariate. Add the column."
        )
    columns = {name: np.atleast_1d(plain_column(frame[name])) for name in names}
    for name, column in columns.items():
        if rows is not None and len(column) != rows:
            raise InputError(f"`{name}` has {len(column)} rows for {rows} customers. Give one row a customer.")
    check_known(columns)
    return Attributes.of_rows(columns)


def _rows_of_frame(data: Any, unit: TimeUnit, attributes: Sequence[str] = ()) -> Cells:
    frame = data if isinstance(data, dict) else frame_of(data)
    names = _names(frame)
    missing = [name for name in ("frequency", "recency", "T") if name not in names]
    if missing:
        raise InputError(
            f"The frame lacks {', '.join(missing)} (it has: {', '.join(map(str, names))}). Rename its columns, or make "
            "a summary of orders with `keepers.summarise`."
        )

    def column(name: str) -> FloatArray:
        values = frame[name]
        try:
            return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"`{name}` of the frame is not a column of numbers. Convert it first.") from None

    x = column("frequency")
    weight = column("weight") if "weight" in names else np.ones(x.shape)
    gaps = column("log_gaps") if "log_gaps" in names else None
    table, pattern = attributes_given(frame, attributes, x.size) if attributes else (None, None)
    return Cells(x, column("recency"), column("T"), weight, unit, gaps, pattern, table)


def _names(frame: Any) -> list[str]:
    return list(frame) if isinstance(frame, dict) else list(frame.columns)


def _columns(name: str | tuple[str, ...], values: FloatArray) -> dict[str, FloatArray]:
    """Results of shape (n,) under a name, or of shape (n, k) under k names or numbered ones."""
    if values.ndim == 1:
        return {str(name): values}
    names = tuple(f"{name}_{k}" for k in range(values.shape[1])) if isinstance(name, str) else name
    return {one: np.ascontiguousarray(values[:, k]) for k, one in enumerate(names)}


def giver(data: Any) -> Give:
    """How results are handed back as further columns of a frame, or of a dict of columns."""
    import narwhals.stable.v2 as nw

    if isinstance(data, dict):
        return lambda name, values: {**data, **_columns(name, values)}
    frame = frame_of(data)

    def give(name: str | tuple[str, ...], values: FloatArray) -> Any:
        added = _columns(name, values)
        series = [
            nw.new_series(name=key, values=column, dtype=nw.Float64, backend=frame.implementation)
            for key, column in added.items()
        ]
        if frame.implementation.is_pandas_like():
            index = nw.maybe_get_index(frame)
            series = [nw.maybe_set_index(one, index=index) for one in series]
        return frame.with_columns(*series).to_native()

    return give


def _of_summary(summary: SummaryLike, unit: TimeUnit, gaps: GapUse | None, attributes: Sequence[str]) -> Histories:
    wanted = gaps is not None and summary.knows_gaps
    if not summary.engine.is_embedded and not wanted:
        return _by_cell(summary, unit, attributes)
    number = summary.engine.row_number(summary.name)
    columns, source = f's.{number} AS "row", s.frequency, s.recency, s.T', f"{quoted(summary.name)} s"
    columns += "".join(f", s.{quoted(name)}" for name in attributes)
    if wanted:
        columns += ", coalesce(CAST(g.log_gaps AS DOUBLE), 0) AS log_gaps"
        source += f" LEFT JOIN {quoted(summary.gaps_table())} g ON g.customer_key = s.customer_key"
    rows = summary.engine.columns(f"SELECT {columns} FROM {source}")
    times = {name: np.asarray(rows[name], dtype=np.float64) for name in ("frequency", "recency", "T")}
    ones = np.ones(times["T"].shape)
    x = times["frequency"]
    in_units = np.asarray(rows["log_gaps"], dtype=np.float64) - x * np.log(summary.unit.days) if wanted else None
    table, pattern = attributes_given(rows, attributes) if attributes else (None, None)
    t_x, T = times["recency"], times["T"]
    cells = Cells(x, t_x, T, ones, summary.unit, in_units, pattern, table, summary.calendar).in_unit(unit)
    check_histories(cells)
    return Histories(cells, table_giver(summary.engine, summary.name, rows["row"]))


def _by_cell(summary: SummaryLike, unit: TimeUnit, attributes: Sequence[str]) -> Histories:
    """The distinct histories of a summary in a warehouse, whose results are joined back to its customers there."""
    keyed = summary.keyed_cells()
    cells = keyed.cells.in_unit(unit)
    if not attributes:
        cells = replace(cells, pattern=None, attributes=None)
    elif cells.attributes is None or cells.pattern is None:
        raise InputError(f"The summary lacks {', '.join(attributes)}. Join them: summary.with_columns(table).")
    else:
        known = {name: cells.attributes.columns[name][cells.pattern] for name in attributes}
        table, pattern = attributes_given(known, attributes)
        cells = replace(cells, pattern=pattern, attributes=table)
    engine = summary.engine

    def give(title: str | tuple[str, ...], values: FloatArray) -> Table:
        columns = _columns(title, values)
        results = engine.from_columns(engine.new_name("results"), {**keyed.key, **columns})
        listed = ", ".join(f"cell.{quoted(key)}" for key in columns)
        joined = (
            f"SELECT summary.*, {listed} FROM {quoted(summary.name)} AS summary "
            f"INNER JOIN {quoted(results)} AS cell ON {summary.same_cell}"
        )
        table = Table(engine, engine.create(engine.new_name(title if isinstance(title, str) else title[0]), joined))
        engine.drop(results)
        return table

    return Histories(cells, give)


def table_giver(engine: Engine, name: str, row: NDArray[Any]) -> Give:
    """How results are handed back as a further table of the engine, the rows being told by their numbers."""

    def give(title: str | tuple[str, ...], values: FloatArray) -> Table:
        columns = _columns(title, values)
        results = engine.from_columns(engine.new_name("results"), {"row": row, **columns})
        listed = ", ".join(f"r.{quoted(key)}" for key in columns)
        joined = (
            f'SELECT s.*, {listed} FROM {quoted(name)} s JOIN {quoted(results)} r ON s.rowid = r."row" ORDER BY s.rowid'
        )
        table = Table(engine, engine.create(engine.new_name(title if isinstance(title, str) else title[0]), joined))
        engine.drop(results)
        return table

    return give
