"""What single orders brought, for models of spend that need more of a customer than the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray, SpendCells
from keepers.domain.errors import InputError
from keepers.summaries.cells import MAX_SPEND_ROWS, Kinds, kinds_of_customers, spend_pairs
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.summary import Summary

MOST_ORDERS = 60_000
"""Orders that are handed over one by one; where there are more, those of a part of the customers are."""

AFTER_FIRST = " AND purchased_on > first_on"


@dataclass(frozen=True, eq=False)
class SpendSides:
    """Sufficient statistics of orders that bring a gain, nothing or a loss.

    Parameters
    ----------
    gains, losses : SpendCells
        Number and mean size of the gains, and of the losses as positive numbers; customers with none are left out.
    won, missed, weight : arrays, shape (n,)
        Numbers of gains and of other orders, and how many customers share them.
    zeros : float
        Orders of all customers that brought exactly nothing.
    pattern : array of int, shape (n,), optional
        Row of the customers' attributes, where a model has covariates.
    attributes : Attributes, optional
        The distinct patterns of attributes; those of `gains` and `losses` too.
    """

    gains: SpendCells
    losses: SpendCells
    won: FloatArray
    missed: FloatArray
    weight: FloatArray
    zeros: float
    pattern: IntArray | None = None
    attributes: Attributes | None = None


@dataclass(frozen=True, eq=False)
class OrderRows:
    """Orders one by one, those of a customer next to each other and the oldest first.

    Parameters
    ----------
    customer : array of int, shape (n,)
        Numbers of customers.
    years_ago, value : arrays, shape (n,)
        How long before the end of the calibration, and what they brought, above zero.
    share : float
        Part of the customers whose orders these are.
    pattern : array of int, shape (n,), optional
        Row of each customer's attributes, where a model has covariates.
    attributes : Attributes, optional
        The distinct patterns of attributes.
    """

    customer: IntArray
    years_ago: FloatArray
    value: FloatArray
    share: float
    pattern: IntArray | None = None
    attributes: Attributes | None = None


def sides_table(summary: Summary, include_first: bool) -> str:
    """A table of `customer_key`, `gains`, `gained`, `losses`, `lost`, `zeros`, made once.

    Raises
    ------
    InputError
        If the summary was not made of orders, or these carry no amounts.
    """
    check_orders(summary)
    key = "spend_sides_all" if include_first else "spend_sides"
    return summary.kept(
        key,
        lambda: template(PACKAGE, "spend_sides").format(
            purchase_days=summary.purchase_days_sql(), after_first="" if include_first else AFTER_FIRST
        ),
    )


def spend_sides(
    summary: Summary, include_first: bool, max_rows: int = MAX_SPEND_ROWS, attributes: Sequence[str] = ()
) -> SpendSides:
    """The sufficient statistics of a summary's orders, sizes in bins where there are many, see `SpendCells.spread`.

    Customers who differ in one of `attributes` stay apart.
    """
    sides = quoted(sides_table(summary, include_first))
    with kinds_of_customers(summary, attributes) as kinds:
        if kinds is not None:
            sides = (
                f"(SELECT side.*, kinds.kind FROM {sides} AS side INNER JOIN {quoted(summary.name)} AS summary ON "
                f"summary.customer_key = side.customer_key INNER JOIN {quoted(kinds.table)} AS kinds ON "
                "kinds.pattern = summary.pattern) AS side"
            )
        further, said = ("", "") if kinds is None else (", kind", ", by kind of customer")
        counts = summary.engine.columns(
            template(PACKAGE, "spend_counts").format(sides=sides, pattern=further, and_pattern=said)
        )
        won, missed, weight, zeros = (
            counts[name].astype(np.float64) for name in ("gains", "others", "weight", "zeros")
        )
        return SpendSides(
            _sizes(summary, sides, "gains", "gained", max_rows, kinds),
            _sizes(summary, sides, "losses", "lost", max_rows, kinds),
            won,
            missed,
            weight,
            float(zeros.sum()),
            None if kinds is None else counts["kind"].astype(np.int64),
            None if kinds is None else kinds.attributes,
        )


def order_rows(
    summary: Summary, include_first: bool, most: int = MOST_ORDERS, attributes: Sequence[str] = ()
) -> OrderRows:
    """Orders one by one of customers whose orders all brought something; of a part of them where orders are many."""
    check_orders(summary)
    total = summary.engine.row(f"SELECT sum(frequency + {int(include_first)}) FROM {quoted(summary.name)}")[0]
    share = min(1.0, most / max(float(total or 0), 1.0))
    with kinds_of_customers(summary, attributes) as kinds:
        joined = (
            ""
            if kinds is None
            else f"\nINNER JOIN {quoted(summary.name)} AS summary ON summary.customer_key = dated.customer_key\n"
            f"INNER JOIN {quoted(kinds.table)} AS kinds ON kinds.pattern = summary.pattern"
        )
        rows = summary.engine.columns(
            template(PACKAGE, "spend_orders").format(
                purchase_days=summary.purchase_days_sql(),
                until=day_literal(summary.calibration_end),
                after_first="" if include_first else AFTER_FIRST,
                sample="" if share >= 1 else f" AND md5(dated.customer_key) < '{int(share * 16**8):08x}'",
                kind="" if kinds is None else ",\n    kinds.kind AS kind",
                kinds=joined,
            )
        )
    return OrderRows(
        rows["customer"].astype(np.int64),
        rows["years_ago"].astype(np.float64),
        rows["value"].astype(np.float64),
        share,
        None if kinds is None else rows["kind"].astype(np.int64),
        None if kinds is None else kinds.attributes,
    )


def levels_table(summary: Summary, include_first: bool, log_growth: float, forgetting: float) -> str:
    """A table of `customer_key` and `level`: mean spend, orders at the level of now, the newest counting most."""
    check_orders(summary)
    return summary.kept(
        f"spend_levels:{include_first:d}:{log_growth!r}:{forgetting!r}",
        lambda: template(PACKAGE, "spend_levels").format(
            purchase_days=summary.purchase_days_sql(),
            until=day_literal(summary.calibration_end),
            after_first="" if include_first else AFTER_FIRST,
            log_growth=repr(log_growth),
            forgetting=repr(forgetting),
        ),
    )


def _sizes(summary: Summary, sides: str, count: str, total: str, max_rows: int, kinds: Kinds | None) -> SpendCells:
    some = f"(SELECT * FROM {sides} WHERE {count} > 0) AS one_side"
    customers = {"summary": some, "orders": count, "mean": f"({total} / {count})"}
    if kinds is None:
        return spend_pairs(summary.engine, customers, max_rows)
    return spend_pairs(summary.engine, customers, max_rows, "kind", kinds.attributes)


def check_orders(summary: Summary) -> None:
    """Refuse what was not made of orders with amounts.

    Raises
    ------
    InputError
    """
    if not isinstance(summary, Summary):
        raise InputError(
            f"A {type(summary).__name__} does not hold single orders. Make a summary of orders with "
            "`keepers.summarise(orders)`."
        )
    if not summary.has_money:
        raise InputError("The orders carry no amounts, so there is no spend to model. Name the column of amounts.")
