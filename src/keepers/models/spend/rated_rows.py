"""Orders, mean spend and what purchases say of the rate and of leaving, from summaries and users' frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted, template
from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit
from keepers.models.spend.buying_rates import BuyingRates
from keepers.models.spend.spend_rows import kinds_of_rows, summary_columns
from keepers.numerics.likelihoods.correlated_gamma_gamma import RatedSpend
from keepers.numerics.likelihoods.correlated_traits import GammaTrait, TraitPart
from keepers.summaries.frames import summary_from_frame
from keepers.summaries.summary import Summary

MOST_CUSTOMERS = 30_000
"""Customers with known spend who are taken one by one or nearly so; of more, a part."""

MOST_JOINTLY = 6_000
"""The same where leaving matters too, for which each customer costs ten times as much."""

_EXACT = 20_000
_BIN = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class RatedRows:
    """What a fit may use.

    Parameters
    ----------
    spend : RatedSpend
        Orders, their mean, and customers.
    rate : GammaTrait
        Of each row.
    share : float
        The part of the customers that the rows stand for.
    pattern, attributes : array of int, Attributes, optional
        Of the covariates of spend.
    """

    spend: RatedSpend
    rate: GammaTrait
    share: float
    pattern: IntArray | None
    attributes: Attributes | None


@dataclass(frozen=True, slots=True, eq=False)
class JointRows:
    """What a fit may use where leaving matters too: customers one by one, with their whole history.

    Parameters
    ----------
    spend : RatedSpend
    parts : tuple of TraitPart
        Of each row.
    share : float
        The part of the customers that the rows stand for.
    pattern, attributes : array of int, Attributes, optional
        Of the covariates of spend.
    """

    spend: RatedSpend
    parts: tuple[TraitPart, ...]
    share: float
    pattern: IntArray | None
    attributes: Attributes | None


def summary_of(data: Any, unit: TimeUnit, attributes: Sequence[str] = ()) -> Summary:
    """The summary that data are, or are made to."""
    return data if isinstance(data, Summary) else summary_from_frame(data, unit, attributes=tuple(attributes))


def rated_rows(
    summary: Summary, buying: Any, rates: BuyingRates, include_first: bool, attributes: Sequence[str] = ()
) -> RatedRows:
    """Orders, mean spend and the rate, in bins where they are many.

    Raises
    ------
    InputError
        If the summary has no money, or nobody has an order that brought some.
    """
    known = _customers_with_money(summary, include_first)
    keyed = summary.keyed_cells()
    cells = keyed.cells
    rate = rates.rate(cells, np.asarray(buying.probability_alive(cells)))
    exact = known <= _EXACT
    # A step of 0.02 in the logarithm of the exposure moves nothing that could be measured.
    place = np.rint(rate.log_exposure / _BIN).astype(np.int64) if not exact else np.arange(cells.size)
    rows, share = _grouped(summary, place, include_first, None if exact else _BIN, MOST_CUSTOMERS, known, attributes)
    number = rows["place"].astype(np.int64)
    value = rate.log_exposure[number] if exact else number * _BIN
    shape = rates.theta[rates.symbols.index("r")] + rows["x"] - (1.0 if include_first else 0.0)
    kinds = kinds_of_rows(rows, rows["x"].size, attributes)
    return RatedRows(_spend(rows), GammaTrait(shape, value), share, *kinds)


def joint_rows(
    summary: Summary,
    buying: Any,
    rates: BuyingRates,
    include_first: bool,
    attributes: Sequence[str] = (),
    most: int = MOST_JOINTLY,
) -> JointRows:
    """Orders, mean spend, rate and leaving of so many customers.

    Raises
    ------
    InputError
        If the summary has no money, or nobody has an order that brought some.
    """
    known = _customers_with_money(summary, include_first)
    cells = summary.keyed_cells().cells
    rows, share = _grouped(summary, np.arange(cells.size), include_first, None, most, known, attributes)
    number = rows["place"].astype(np.int64)
    some = cells.take(number)
    parts = rates.parts(some, np.asarray(buying.probability_alive(some)))
    return JointRows(_spend(rows), parts, share, *kinds_of_rows(rows, number.size, attributes))


def customer_rows(
    summary: Summary, include_first: bool
) -> tuple[Cells, IntArray, FloatArray, FloatArray, NDArray[Any]]:
    """Distinct histories, and of each customer the history, orders, mean spend and row; no orders without a mean."""
    orders, mean = summary_columns(include_first)
    keyed = summary.keyed_cells()
    table = summary.engine.from_columns(
        summary.engine.new_name("places"), {**keyed.key, "place": np.arange(keyed.cells.size)}
    )
    counted = "(summary.frequency + 1)" if include_first else f"summary.{orders}"
    number = summary.engine.row_number(summary.name)
    rows = summary.engine.columns(
        f'SELECT summary.{number} AS "row", cell.place, CAST({counted} AS DOUBLE) AS x, '
        f"coalesce(CAST(summary.{mean} AS DOUBLE), CAST('nan' AS DOUBLE)) AS m FROM {quoted(summary.name)} AS summary "
        f"INNER JOIN {quoted(table)} AS cell ON {summary.same_cell} ORDER BY summary.rowid"
    )
    summary.engine.drop(table)
    x, m = (np.asarray(rows[name], dtype=np.float64) for name in ("x", "m"))
    known = (x > 0) & (m > 0)
    place = rows["place"].astype(np.int64)
    return keyed.cells, place, np.where(known, x, 0.0), np.where(known, m, 0.0), rows["row"]


def _customers_with_money(summary: Summary, include_first: bool) -> int:
    if not summary.has_money:
        raise InputError("The orders carry no amounts, so there is no spend to model. Name the column of amounts.")
    mean = summary_columns(include_first)[1]
    known = int(summary.engine.row(f"SELECT count(*) FROM {quoted(summary.name)} WHERE {mean} > 0")[0])
    if not known:
        which = "an order" if include_first else "a repeat order"
        raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.")
    return known


def _grouped(
    summary: Summary,
    place: IntArray,
    include_first: bool,
    width: float | None,
    most: int,
    known: int,
    attributes: Sequence[str],
) -> tuple[dict[str, Any], float]:
    """Distinct combinations of place, orders, mean spend and attributes, and the part of the customers behind them."""
    orders, mean = summary_columns(include_first)
    share = min(1.0, most / known)
    keyed = summary.keyed_cells()
    table = summary.engine.from_columns(summary.engine.new_name("places"), {**keyed.key, "place": place})
    told = [f"summary.{quoted(name)}" for name in attributes]
    rows = summary.engine.columns(
        template("keepers.models.spend.sql", "rated_spend").format(
            summary=quoted(summary.name),
            cells=quoted(table),
            same_cell=summary.same_cell,
            orders="(summary.frequency + 1)" if include_first else f"summary.{orders}",
            known=f"summary.{mean}",
            mean=f"summary.{mean}" if width is None else f"exp(avg(ln(summary.{mean})))",
            group=", ".join([f"summary.{mean}" if width is None else f"floor(ln(summary.{mean}) / {width!r})", *told]),
            attributes="".join(f", {one}" for one in told),
            sample="" if share >= 1 else f" AND md5(summary.customer_key) < '{int(share * 16**8):08x}'",
        )
    )
    summary.engine.drop(table)
    return rows, share


def _spend(rows: dict[str, Any]) -> RatedSpend:
    return RatedSpend(*(rows[name].astype(np.float64) for name in ("x", "mean_spend", "weight")))
