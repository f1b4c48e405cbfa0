"""Summaries: one row a customer with frequency, recency, T and money, made of orders inside the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from keepers.data.engine import Engine, quoted, template
from keepers.data.table import Table
from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, GapUse, SpendCells
from keepers.domain.coarsening import coarsened
from keepers.domain.errors import InputError
from keepers.domain.money import Margin, MoneyBasis
from keepers.domain.store_clock import Calendar
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.summaries import cells as grouping
from keepers.summaries.acquisition import with_covariates
from keepers.summaries.attributes import attributes_of, join_attributes
from keepers.summaries.celled import Celled
from keepers.summaries.opportunity_periods import opportunity_days_sql
from keepers.summaries.purchases import (
    BEGINNING,
    PACKAGE,
    PurchaseSource,
    day_literal,
    engine_of,
    money_of,
    purchase_days_sql,
    why_nobody,
)
from keepers.summaries.split import holdout_columns, holdout_sums, split_days_sql
from keepers.summaries.summary_facts import SummaryFacts


class Summary(Table):
    """A table of the engine, one row a customer who bought up to the end of the calibration.

    Columns, ages being counted from the customer's first purchase:

    - `customer_key`
    - `frequency`: days with a purchase after the first one; all purchases of a day are one
    - `recency`, `T`: age at the last purchase and at the end of the calibration, in `unit`
    - `monetary_value`: mean money of the repeat days, the first excluded; empty without a repeat purchase
    - `monetary_value_all`: mean money of all days with a purchase
    - `first_day`, `last_day`: days of the first and last purchase
    - `recency_days`, `T_days`: as `recency` and `T`, in days
    - `orders`, `revenue`: counted orders and their net revenue
    - with a holdout: `holdout_frequency` (days with a purchase in it), `holdout_days` (its length),
      `holdout_revenue`, `holdout_money` (in the basis of `monetary_value`)

    Everything up to the cut is as it was known on the day of the cut: a refund or cancellation after it is not seen.
    The holdout is as known at its end.
    """

    def __init__(self, engine: Engine, name: str, facts: SummaryFacts) -> None:
        super().__init__(engine, name)
        self.facts = facts
        self._gaps = facts.gaps
        self._attributes: Attributes | None = None
        self._coarse: str | None = None
        self.celled: Celled | None = None
        self.tables_kept: dict[str, str] = {}
        self._spend_kept: dict[tuple[bool, int, tuple[str, ...]], SpendCells] = {}

    def __len__(self) -> int:
        return self._rows

    @cached_property
    def _rows(self) -> int:
        return super().__len__()

    @property
    def window(self) -> ObservationWindow:
        """Cut, end and unit, all days filled."""
        return self.facts.window

    @property
    def unit(self) -> TimeUnit:
        """Unit of `recency` and `T`."""
        return self.facts.window.unit

    @property
    def calibration_end(self) -> dt.date:
        """Last day that the calibration includes."""
        cut = self.facts.window.calibration_end
        assert cut is not None
        return cut

    @property
    def calendar(self) -> Calendar | None:
        """The day that ages count up to, and the clock by which models are to read them; None where it is not known."""
        cut = self.facts.window.calibration_end
        return None if cut is None or self.facts.opportunities else Calendar(cut, self.facts.clock)

    @property
    def currency(self) -> str:
        """Currency of the money, or "unspecified"."""
        return self.facts.currency

    @property
    def has_money(self) -> bool:
        """Whether amounts are known."""
        return self.facts.has_money

    @property
    def margin(self) -> Margin:
        """The margin that values will be computed with."""
        return self.facts.margin

    @property
    def basis(self) -> MoneyBasis:
        """What the money in the rows is: net revenue, or contribution where orders carry their own."""
        return MoneyBasis.CONTRIBUTION if self.margin.per_order else MoneyBasis.NET_REVENUE

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of how the rows were made, and of how they were gathered for a fit."""
        return self.facts.remarks if self._coarse is None else (*self.facts.remarks, self._coarse)

    @property
    def numbered(self) -> bool:
        """Whether rows carry `row_number`, their place in a user's frame."""
        return self.facts.numbered

    @property
    def has_holdout(self) -> bool:
        """Whether columns `holdout_...` are there."""
        return self.facts.window.holdout is not None

    @property
    def holdout(self) -> Horizon | None:
        """Length of the holdout, in whole opportunities where time counts these; None without one."""
        return self.facts.holdout

    @property
    def customers(self) -> int:
        """Customers, one a row."""
        return len(self)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one cell from another."""
        patterned = ("pattern",) if self.facts.attributes else ()
        return (*grouping.KEY, *patterned, *((grouping.GAP_LEVEL,) if self.facts.gap_levels else ()))

    @property
    def same_cell(self) -> str:
        """SQL that joins rows `cell` with `key` to rows `summary`."""
        if self.packed_key is None:
            return " AND ".join(f"cell.{name} = summary.{name}" for name in self.key)
        # Whole days and counts are one whole number, by which the engine joins twice as fast as by three.
        further = [f"cell.{name} = summary.{name}" for name in self.key if name not in grouping.KEY]
        return " AND ".join([f"{grouping.PACKED.format('cell.')} = {grouping.PACKED.format('summary.')}", *further])

    @property
    def packed_key(self) -> str | None:
        """SQL of count, recency and age as one whole number, in the embedded engine where they are counts and days."""
        return None if self.facts.numbered or not self.engine.is_embedded else grouping.PACKED.format("")

    def attributes(self) -> Attributes | None:
        """The distinct patterns of attributes in the order of `pattern`; None where none were joined."""
        if self._attributes is None and self.facts.attributes:
            self._attributes = attributes_of(self.engine, self.name, self.facts.attributes)
        return self._attributes

    def with_columns(self, table: Any, key: str | None = None, columns: Sequence[str] | None = None) -> Summary:
        """The same customers with attributes, which models can take for covariates.

        Parameters
        ----------
        table : frame or Table
            One row a customer; customers of the table who are not in the summary are left out, and those of the
            summary who are not in the table have empty attributes.
        key : str, optional
            Its column with the customer's key; `customer_key`, `customer_id`, `customer` or `id` if left out.
        columns : sequence of str, optional
            Which columns to join; all others if left out.

        Returns
        -------
        Summary

        Raises
        ------
        InputError
            If columns are missing or a customer occurs twice.

        Examples
        --------
        >>> import keepers as kp
        >>> frame = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-01-15", "2024-01-08"]}
        >>> orders = kp.Orders.from_frame(frame, customer="who", date="on")
        >>> summary = kp.summarise(orders).with_columns({"id": ["a", "b"], "channel": ["ads", "shop"]})
        >>> summary.cells().attributes.names
        ('channel',)
        """
        name, joined = join_attributes(self.engine, self, table, key, columns)
        kept = tuple(column for column in self.facts.attributes if column not in joined)
        facts = replace(self.facts, attributes=joined, gaps=self._gaps)
        if not kept:
            return Summary(self.engine, name, facts)
        both = (*kept, *joined)
        listed = ", ".join(quoted(column) for column in both)
        others = ", ".join(quoted(column) for column in Table(self.engine, name).columns if column != "pattern")
        whole = self.engine.create(
            self.engine.new_name("summary"),
            f"SELECT {others}, dense_rank() OVER (ORDER BY {listed}) - 1 AS pattern "
            f"FROM {quoted(name)}" + (f" ORDER BY {quoted(name)}.rowid" if self.engine.is_embedded else ""),
        )
        self.engine.drop(name)
        return Summary(self.engine, whole, replace(facts, attributes=both))

    def cells(self, gaps: GapUse | None = None) -> Cells:
        """The distinct histories with their numbers of customers, in a fixed order, for fitting.

        Where there are more than two million, neighbours are put together, see `keepers.domain.coarsening`, which
        `remarks` then say. Values are computed from each exact history all the same.

        Parameters
        ----------
        gaps : "sum" or "each", optional
            For models of regular timing: add `log_gaps`, summed over the customers of a history, or tell customers
            apart by it. The times between purchases are looked up in the orders when this is first asked for.

        Raises
        ------
        InputError
            If gaps are asked for and neither orders nor a column `log_gaps` are behind the rows.
        """
        if gaps == "each":
            return grouping.group_with_gaps(self, gaps)
        found = coarsened(self.keyed_cells().cells if gaps is None else grouping.group_with_gaps(self, gaps))
        self._coarse = found.remark
        return found.cells

    @property
    def gaps_made(self) -> str | None:
        """The table of `gaps_table`, if there is one already."""
        return self._gaps

    @property
    def knows_gaps(self) -> bool:
        """Whether the times between purchases are known."""
        return self._gaps is not None or (self.facts.source is not None and not self.facts.opportunities)

    def gaps_table(self) -> str:
        """A table of `customer_key` and `log_gaps`, the sum of the logarithms of the days between purchases.

        Raises
        ------
        InputError
            If neither orders nor a column `log_gaps` are behind the rows.
        """
        if self._gaps is None:
            self.facts.check_gaps()
            made = template(PACKAGE, "gaps").format(purchase_days=self.purchase_days_sql())
            self._gaps = self.engine.create(self.engine.new_name("gaps"), made)
        return self._gaps

    def kept(self, key: str, sql: Callable[[], str]) -> str:
        """A table made for this summary once, by a query that is written when first asked for; gives its name."""
        if key not in self.tables_kept:
            self.tables_kept[key] = self.engine.create(self.engine.new_name(key.partition(":")[0]), sql())
        return self.tables_kept[key]

    def keyed_cells(self) -> grouping.KeyedCells:
        """The same, with the columns by which results are joined back to the customers; grouped once and kept."""
        return self._keyed_cells

    @cached_property
    def _keyed_cells(self) -> grouping.KeyedCells:
        return grouping.group(self)

    def spend_cells(
        self, include_first: bool = False, max_rows: int = grouping.MAX_SPEND_ROWS, attributes: Sequence[str] = ()
    ) -> SpendCells:
        """The distinct pairs of orders and mean spend with their numbers of customers, in a fixed order; kept.

        Parameters
        ----------
        include_first : bool
            Take the mean over all days with a purchase, the first included, rather than over repeat days.
        max_rows : int
            Where more customers have a mean spend than this, pairs are gathered in bins of equal `x` and nearly
            equal spend, see `SpendCells.spread`.

        Raises
        ------
        InputError
            If the orders carry no amounts.
        """
        key = (include_first, max_rows, tuple(attributes))
        if key not in self._spend_kept:
            self._spend_kept[key] = grouping.group_spend(self, include_first, max_rows, attributes)
        return self._spend_kept[key]

    def purchase_days_sql(self, until: dt.date | None = None, after: dt.date = BEGINNING) -> str:
        """A query of the days with a purchase behind the rows, see `keepers.summaries.purchases.purchase_days_sql`.

        Where time counts opportunities all days of one are put together.

        Raises
        ------
        InputError
            If the summary was not made of orders.
        """
        if self.facts.source is None:
            raise InputError(
                "This summary was not made of orders, so there is nothing behind its rows. Make it with "
                "`keepers.summarise(orders)` to see cohorts and purchases over time."
            )
        days = purchase_days_sql(self.facts.source, until or self.calibration_end, after=after, money=self.facts.money)
        return opportunity_days_sql(days, self.unit, self.calibration_end) if self.facts.opportunities else days


def summarise(
    orders: PurchaseSource,
    window: ObservationWindow | None = None,
    margin: Margin | float | None = None,
    covariates: Any = None,
) -> Summary:
    """Make one row a customer of orders, in the engine.

    All purchases of a customer on one day are one purchase, whatever the unit. Customers without a key (guests whom
    nobody can name) and customers who first bought after the cut are left out.

    Parameters
    ----------
    orders : Orders
        As `keepers.read_orders` gives them.
    window : ObservationWindow, optional
        Days left open are filled: the end by the day of the last purchase of anybody, the end of the calibration by the
        end, so that there is no holdout.
    margin : Margin or float, optional
        A rate (0.35, or ``Margin(rate=0.35)``) is remembered for the valuation; ``Margin(per_order=True)`` makes
        the money of each order its own contribution.

    covariates : frame, "first order", paths or a list of these, optional
        Attributes of the customers, see `Summary.with_columns`; "first order" takes the channel, campaign, product,
        category and country of each customer's first order, as far as orders carry them.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If nobody bought up to the cut, or costs are missing for a margin per order.

    Examples
    --------
    >>> import keepers as kp
    >>> frame = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-01-15", "2024-01-08"], "paid": [10.0, 20.0, 5.0]}
    >>> orders = kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")
    >>> summary = kp.summarise(orders, kp.ObservationWindow(end="2024-01-29"))
    >>> summary.engine.rows(f"SELECT customer_key, frequency, recency, T FROM {summary.name} ORDER BY 1")
    [('a', 1, 2.0, 4.0), ('b', 0, 0.0, 3.0)]
    """
    engine = engine_of(orders)
    resolved = (window or ObservationWindow()).resolved(orders.last_day)
    cut, end = resolved.calibration_end, resolved.end
    assert cut is not None
    assert end is not None
    if margin is None or isinstance(margin, (int, float)):
        margin = Margin(margin)
    has_money = orders.has_money
    money, remarks = money_of(orders, margin, end) if has_money else ("amount", ())
    held = end > cut
    history = None if held or margin.per_order else orders.histories_sql(cut)
    known = history is not None
    if history is None:
        days = split_days_sql(orders, cut, end, money) if held else purchase_days_sql(orders, cut, money=money)
        history = template(PACKAGE, "history").format(purchase_days=days, holdout_sums=holdout_sums() if held else "")
    filled = partial(
        template(PACKAGE, "summary").format, history=history, cut=day_literal(cut), unit_days=repr(resolved.unit.days)
    )
    query = filled(further=holdout_columns((end - cut).days, has_money) if held else "")
    name = engine.new_name("summary")
    if known:
        # What is grouped by customer already is not stored once more.
        engine.create_view(name, query)
    else:
        engine.create(name, query)
    facts = SummaryFacts(resolved, has_money, orders.currency, margin, orders, money, remarks)
    summary = Summary(engine, name, facts)
    if not len(summary):
        engine.drop(name)
        raise InputError(why_nobody(orders, cut))
    if known and (distinct := orders.distinct_histories) is not None:
        summary.celled = Celled.of(
            distinct, filled(further=", cell, number"), orders.key_of_number, orders.last_day, cut
        )
    found: Summary = summary if covariates is None else with_covariates(summary, orders, covariates)
    return found
