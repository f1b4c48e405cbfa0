"""Orders, mean spend and what purchases say of the rate, from summaries and users' frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted, template
from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit
from keepers.models.spend.buying_rates import BuyingRates
from keepers.models.spend.spend_rows import summary_columns
from keepers.numerics.likelihoods.correlated_gamma_gamma import RatedSpend
from keepers.summaries.frames import summary_from_frame
from keepers.summaries.summary import Summary

MOST_CUSTOMERS = 30_000
"""Customers with known spend who are taken one by one or nearly so; of more, a part."""

_EXACT = 20_000
_BIN = 0.02


def summary_of(data: Any, unit: TimeUnit) -> Summary:
    """The summary that data are, or are made to."""
    return data if isinstance(data, Summary) else summary_from_frame(data, unit)


def rated_spend(summary: Summary, buying: Any, rates: BuyingRates, include_first: bool) -> tuple[RatedSpend, float]:
    """What a fit may use, and the part of the customers that it stands for.

    Raises
    ------
    InputError
        If the summary has no money, or nobody has an order that brought some.
    """
    if not summary.has_money:
        raise InputError("The orders carry no amounts, so there is no spend to model. Name the column of amounts.")
    keyed = summary.keyed_cells()
    cells = keyed.cells.in_unit(rates.unit)
    exposure = rates.log_exposure(cells, np.asarray(buying.probability_alive(cells)))
    orders, mean = summary_columns(include_first)
    known = summary.engine.row(f"SELECT count(*) FROM {quoted(summary.name)} WHERE {mean} > 0")[0]
    if not known:
        which = "an order" if include_first else "a repeat order"
        raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.")
    share = min(1.0, MOST_CUSTOMERS / known)
    exact = known <= _EXACT
    # A step of 0.02 in the logarithm of the exposure moves nothing that could be measured.
    place = np.rint(exposure / _BIN).astype(np.int64) if not exact else np.arange(exposure.size)
    value = place * _BIN if not exact else exposure
    table = summary.engine.from_columns(summary.engine.new_name("rates"), {**keyed.key, "rate": value})
    rows = summary.engine.columns(
        template("keepers.models.spend.sql", "rated_spend").format(
            summary=quoted(summary.name),
            cells=quoted(table),
            same_cell=summary.same_cell,
            orders=f"summary.{orders}" if not include_first else "(summary.frequency + 1)",
            known=f"summary.{mean}",
            mean=f"summary.{mean}" if exact else f"exp(avg(ln(summary.{mean})))",
            group=f"summary.{mean}" if exact else f"floor(ln(summary.{mean}) / {_BIN!r})",
            sample="" if share >= 1 else f" AND md5(summary.customer_key) < '{int(share * 16**8):08x}'",
        )
    )
    summary.engine.drop(table)
    x = rows["x"].astype(np.float64)
    shape = rates.r + x - (1.0 if include_first else 0.0)
    found = RatedSpend(
        x,
        rows["mean_spend"].astype(np.float64),
        shape,
        rows["rate"].astype(np.float64),
        rows["weight"].astype(np.float64),
    )
    return found, share


def customer_rows(summary: Summary, include_first: bool) -> tuple[Cells, FloatArray, FloatArray, NDArray[Any]]:
    """History, orders, mean spend and row of each customer of a summary; no orders where no mean is known."""
    orders, mean = summary_columns(include_first)
    rows = summary.engine.columns(
        f'SELECT {summary.engine.row_number} AS "row", frequency, recency, T, CAST({orders} AS DOUBLE) AS x, '
        f"coalesce(CAST({mean} AS DOUBLE), CAST('nan' AS DOUBLE)) AS m FROM {quoted(summary.name)} ORDER BY rowid"
    )
    frequency, recency, age = (np.asarray(rows[name], dtype=np.float64) for name in ("frequency", "recency", "T"))
    cells = Cells(frequency, recency, age, np.ones(age.shape), summary.unit)
    x, m = (np.asarray(rows[name], dtype=np.float64) for name in ("x", "m"))
    known = (x > 0) & (m > 0)
    return cells, np.where(known, x, 0.0), np.where(known, m, 0.0), rows["row"]
