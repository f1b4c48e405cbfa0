"""What brought each customer: one channel and campaign, by the list of customers, leads, the first order or touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.data.table import Table
from keepers.domain.columns import CUSTOMERS, LEADS, ORDERS, TOUCHES
from keepers.summaries.feature_sources import Known, tables_of
from keepers.summaries.summary import Summary

PACKAGE = "keepers.acquisition.sql"
DIMENSIONS = ("channel", "campaign", "landing_page", "first_product", "discount_code", "cohort")
"""By what customers are told apart; `cohort` is the month of the first order."""


@dataclass(frozen=True, eq=False)
class Origins:
    """One row a customer: `customer_key`, `first_day`, `told_by` and the columns of `DIMENSIONS`.

    Parameters
    ----------
    table : Table
        The rows.
    customers : int
        How many.
    told_by : dict of str to int
        Customers whose channel is known, by the table that tells it: customers, leads, orders, touches.
    """

    table: Table
    customers: int
    told_by: dict[str, int]

    @property
    def known(self) -> int:
        """Customers whose channel is known."""
        return sum(self.told_by.values())

    def has(self, dimension: str) -> bool:
        """Whether anything is known of a dimension."""
        sql = f"SELECT count({quoted(dimension)}) FROM {quoted(self.table.name)} AS origin"
        return bool(self.table.engine.row(sql)[0])


def origins(dataset: Any, summary: Summary) -> Origins:
    """Find what brought each customer.

    A channel is taken from the list of customers, else from the customer's first lead, else from the first order, else
    from the last contact before it that was not a direct visit: the first of these that names one. It says through
    which channel a customer came, not what would have happened without it; for that see attribution.

    Parameters
    ----------
    dataset : Dataset
        With canonical names of channels, see `keepers.summaries.channels`.
    summary : Summary
        The customers.
    """
    engine, tables = tables_of(dataset)
    known = Known(engine, tables, None)
    sql = fill(
        template(PACKAGE, "origins"),
        summary=quoted(summary.name),
        touches=known.relation(TOUCHES),
        orders=known.relation(ORDERS),
        customers=known.relation(CUSTOMERS),
        leads=known.relation(LEADS),
    )
    table = Table(engine, engine.create(engine.new_name("origins"), sql))
    rows = engine.rows(
        f"SELECT told_by, count(*) FROM {quoted(table.name)} AS origin GROUP BY told_by ORDER BY told_by"
    )
    told = {str(by): int(count) for by, count in rows if by is not None}
    return Origins(table, sum(int(count) for _, count in rows), told)
