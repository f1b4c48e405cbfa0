"""Cells: the engine groups customers by what a likelihood can tell apart, and Python sees only the groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted, template
from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray, GapUse, SpendCells
from keepers.domain.errors import InputError

if TYPE_CHECKING:
    from keepers.domain.store_clock import Calendar
    from keepers.domain.time import TimeUnit
from keepers.summaries.celled import Celled

MAX_SPEND_ROWS = 20_000
"""Customers with a mean spend up to which their pairs are handed over exactly."""

SPEND_BIN = 0.02
"""Width of a bin of the logarithm of mean spend. With the spread within bins, estimates move by 1e-8 of themselves."""

KEY = ("frequency", "recency_days", "T_days")
"""The columns of a summary that tell one cell from another; with attributes their pattern does so too."""

PACKED = "{0}frequency * 1099511627776 + {0}recency_days * 1048576 + {0}T_days"
"""The columns of `KEY`, of the rows whose name and point are put in, as one whole number that sorts as they do."""

_DAYS, _COUNT = 20, 40
"""Bits of each of the two ages in it, and where the count begins."""

_MOST_SORTED = 20_000_000
"""Customers up to which their histories are sorted as whole numbers, of eight bytes each."""

GAP_LEVEL = "gap_level"
"""The column that tells customers of one history apart by their `log_gaps`, where a model looks at these."""

GAP_FINENESS = 100.0
"""Levels to one of `log_gaps` in days, whose spread over customers alike is 1 / sqrt(k) a repeat purchase."""

_PACKAGE = "keepers.summaries.sql"


class Grouped(Protocol):
    """What is needed of a summary."""

    engine: Engine
    name: str

    def __len__(self) -> int:
        """Customers."""

    def gaps_table(self) -> str:
        """A table of `customer_key` and `log_gaps`, the sum of the logarithms of the days between purchases."""

    @property
    def unit(self) -> TimeUnit:
        """Unit of the cells."""

    @property
    def has_money(self) -> bool:
        """Whether spend is known."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one cell from another."""

    @property
    def celled(self) -> Celled | None:
        """The rows with the number of their cell, where it is known already."""

    @property
    def packed_key(self) -> str | None:
        """SQL of the columns of `KEY` as one whole number, as `PACKED` has them; None where they are no whole days."""

    def attributes(self) -> Attributes | None:
        """The distinct patterns of attributes, where any were joined."""

    @property
    def calendar(self) -> Calendar | None:
        """The day that ages count up to, and the clock by which models are to read them."""


@dataclass(frozen=True, eq=False)
class KeyedCells:
    """Cells with the columns by which their results find back to the customers.

    Parameters
    ----------
    cells : Cells
        Distinct histories.
    key : dict of arrays
        `frequency`, `recency_days`, `T_days` of each, exactly as in the summary, and `pattern` where it has one.
    """

    cells: Cells
    key: dict[str, NDArray[np.generic]]


def group(summary: Grouped) -> KeyedCells:
    """The distinct histories of a summary."""
    packed = summary.packed_key
    if summary.celled is not None:
        rows: dict[str, NDArray[Any]] = summary.celled.rows
    elif packed is not None and summary.key == KEY and len(summary) <= _MOST_SORTED:
        rows = _sorted(summary, packed)
    else:
        sql = template(_PACKAGE, "cells").format(summary=quoted(summary.name), key=", ".join(summary.key))
        rows = summary.engine.columns(sql)
    days = summary.unit.days
    gaps = _middles(rows, days) if GAP_LEVEL in summary.key else None
    cells = Cells(
        rows["frequency"], rows["recency_days"] / days, rows["T_days"] / days, rows["weight"], summary.unit, gaps,
        rows.get("pattern"), summary.attributes(), summary.calendar,
    )  # fmt: skip
    return KeyedCells(cells, {name: rows[name] for name in summary.key})


def _sorted(summary: Grouped, packed: str) -> dict[str, NDArray[Any]]:
    """The same rows by sorting: two and a half times as quick as the engine groups them by three columns."""
    number = summary.engine.whole_numbers(f"SELECT {packed} AS history FROM {quoted(summary.name)}")["history"]
    history, weight = np.unique(number.astype(np.int64, copy=False), return_counts=True)
    age = (1 << _DAYS) - 1
    return {
        "frequency": history >> _COUNT,
        "recency_days": (history >> _DAYS) & age,
        "T_days": history & age,
        "weight": weight.astype(np.int64, copy=False),
    }


def _middles(rows: Mapping[str, NDArray[np.generic]], days: float) -> FloatArray:
    """The sum of `log_gaps` over the customers of each row: of everybody the middle of the level, where it may be."""
    x, t_x, weight, level = (
        np.asarray(rows[name], dtype=np.float64) for name in ("frequency", "recency_days", "weight", GAP_LEVEL)
    )
    most = x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1.0))
    gaps = np.where(x > 1, np.minimum((level + 0.5) / GAP_FINENESS, most), most)
    return np.asarray(weight * (gaps - x * np.log(days)))


def group_with_gaps(summary: Grouped, use: GapUse) -> Cells:
    """The distinct histories with their `log_gaps`: summed over a history's customers, or told apart by them."""
    patterned = "pattern" in summary.key
    rows = summary.engine.columns(
        template(_PACKAGE, "cells_gaps").format(
            summary=quoted(summary.name),
            gaps=quoted(summary.gaps_table()),
            further=(", gaps.log_gaps" if use == "each" else "") + (", summary.pattern" if patterned else ""),
            pattern=",\n    summary.pattern" if patterned else "",
        )
    )
    days = summary.unit.days
    x, weight = (np.asarray(rows[name], dtype=np.float64) for name in ("frequency", "weight"))
    gaps = cast(FloatArray, np.asarray(rows["log_gaps"], dtype=np.float64)) - weight * x * float(np.log(days))
    return Cells(
        x, rows["recency_days"] / days, rows["T_days"] / days, weight, summary.unit, gaps,
        rows.get("pattern"), summary.attributes(), summary.calendar,
    )  # fmt: skip


def group_spend(summary: Grouped, include_first: bool, max_rows: int, attributes: Sequence[str] = ()) -> SpendCells:
    """The distinct pairs of orders and mean spend of a summary, or bins of them where they are many.

    Customers who differ in one of `attributes` stay apart.
    """
    if not summary.has_money:
        raise InputError(
            "The orders carry no amounts, so there is no spend to model. Everything but money can still be asked; "
            "name the column of amounts if there is one."
        )
    customers = {
        "summary": quoted(summary.name),
        "orders": "frequency + 1" if include_first else "frequency",
        "mean": "monetary_value_all" if include_first else "monetary_value",
    }
    with kinds_of_customers(summary, attributes) as kinds:
        if kinds is None:
            return spend_pairs(summary.engine, customers, max_rows)
        customers["summary"] += f" INNER JOIN {quoted(kinds.table)} USING (pattern)"
        return spend_pairs(summary.engine, customers, max_rows, "kind", kinds.attributes)


@dataclass(frozen=True, eq=False)
class Kinds:
    """Customers told apart by some of their attributes.

    Parameters
    ----------
    table : str
        A table of a summary's `pattern` and the `kind` of its customers.
    attributes : Attributes
        Those of each kind.
    """

    table: str
    attributes: Attributes


@contextmanager
def kinds_of_customers(summary: Grouped, attributes: Sequence[str]) -> Iterator[Kinds | None]:
    """The kinds of a summary's customers while something is asked of them; None where it has none of the attributes."""
    joined = summary.attributes() if attributes else None
    wanted = {} if joined is None else {name: joined.columns[name] for name in attributes if name in joined.columns}
    if not wanted:
        yield None
        return
    found, kind = Attributes.of_rows(wanted)
    table = summary.engine.from_columns(
        summary.engine.new_name("kinds"), {"pattern": np.arange(kind.size), "kind": kind}
    )
    try:
        yield Kinds(table, found)
    finally:
        summary.engine.drop(table)


def spend_pairs(
    engine: Engine,
    customers: Mapping[str, str],
    max_rows: int,
    pattern: str | None = None,
    attributes: Attributes | None = None,
) -> SpendCells:
    """Pairs of orders and mean spend, exact up to so many customers and in bins beyond.

    Parameters
    ----------
    engine : Engine
        Where the customers are.
    customers : mapping
        SQL of the relation `summary`, and of the `orders` and the `mean` of its rows.
    max_rows : int
        Customers with a mean up to which pairs are exact.
    pattern, attributes : str, Attributes, optional
        A column of `summary` with the row of the customer's attributes, and these.
    """
    further, said = ("", "") if pattern is None else (f", {pattern}", ", by kind of customer")
    count = engine.row(f"SELECT count({customers['mean']}) FROM {customers['summary']}")[0]
    name = "spend_pairs" if count <= max_rows else "spend_bins"
    rows = engine.columns(
        template(_PACKAGE, name).format(**customers, pattern=further, and_pattern=said, width=repr(SPEND_BIN))
    )
    kind = None if pattern is None else np.asarray(rows[pattern], dtype=np.int64)
    return SpendCells(rows["x"], rows["mean_spend"], rows["weight"], rows.get("spread"), kind, attributes)
