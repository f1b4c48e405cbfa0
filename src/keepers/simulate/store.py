"""A store whose truth is known: the entry of the room, from a plan and a seed to tables and truth."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon, parse_day
from keepers.simulate.builder import Builder
from keepers.simulate.export_files import write_files
from keepers.simulate.plan import StorePlan
from keepers.simulate.truth import Truth

DEFAULT_END = dt.date(2026, 9, 30)
"""Last day of a store whose end is not given."""
_DEFAULT_DAYS = 1095


@dataclass(frozen=True, eq=False)
class Store:
    """A simulated store.

    Attributes
    ----------
    tables : dict of Table
        By canonical name, all in one engine.
    truth : Truth
        What is true, beside the data.
    plan : StorePlan
        The laws it was made by.
    seed : int
        The seed it was made with.
    first_day, last_day : date
        The days it covers.
    """

    tables: dict[str, Table]
    truth: Truth
    plan: StorePlan
    seed: int
    first_day: dt.date
    last_day: dt.date
    engine: Engine

    @cached_property
    def orders(self) -> Orders:
        """The orders with their refunds, as reading the store's files would give them."""
        return Orders(
            self.engine,
            self.tables["orders"].name,
            refunds=self.tables.get("refunds"),
            currency=self.currency,
            has_contribution=self.plan.catalogue is not None,
            voids=self.plan.refunds is not None,
            uncounted=self.plan.blemishes is not None,
        )

    @property
    def currency(self) -> str:
        """ISO code of all money."""
        return self.plan.currency

    def write(
        self,
        folder: str | os.PathLike[str],
        layout: str = "shopify",
        *,
        truth: bool = False,
        only: Collection[str] | None = None,
    ) -> list[Path]:
        """Write the store's files into a folder, all or none.

        Parameters
        ----------
        folder : path
            Made if it is not there; files of the same names are replaced.
        layout : str
            ``"shopify"``: orders, customers and products as Shopify exports them, everything else as plain CSV;
            ``"csv"``: everything as plain CSV; ``"parquet"``: the canonical tables as they are.
        truth : bool
            Also write ``truth.parquet``, one row a customer.
        only : collection of str, optional
            Canonical names of the tables whose files are wanted, such as ``("orders", "refunds")``; all if left out.

        Returns
        -------
        list of Path
            What was written.
        """
        columns = self.truth.customers.columns() if truth else None
        return write_files(self.tables, folder, layout, self.plan.time_zone, columns, only)


def simulate_store(
    customers: int = 10_000,
    seed: int = 0,
    plan: StorePlan | None = None,
    *,
    end: dt.date | str = DEFAULT_END,
    start: dt.date | str | None = None,
    acquisition_days: int | None = None,
    follow_up: Horizon | None = None,
    engine: Engine | None = None,
) -> Store:
    """Simulate a store whose truth is known.

    Parameters
    ----------
    customers : int
        How many customers came before the end.
    seed : int
        The same plan, seed and days give the same store.
    plan : StorePlan, optional
        What the store is like; orders alone by Pareto/NBD and Gamma-Gamma if left out.
    end : date or str
        Last day of the data.
    start : date or str, optional
        First day; three years before the end if left out.
    acquisition_days : int, optional
        Customers come in the first so many days; all the time if left out.
    follow_up : Horizon, optional
        Time after the end whose orders are not in the data but in the truth, to grade predictions with.
    engine : Engine, optional
        Where the tables go.

    Returns
    -------
    Store

    Raises
    ------
    ConfigError
        Where days, numbers or the plan contradict each other.

    >>> store = simulate_store(customers=50, seed=1)
    >>> len(store.truth.customers.keys)
    50
    """
    plan = plan or StorePlan()
    last_day = parse_day(end, "end")
    first_day = last_day - dt.timedelta(days=_DEFAULT_DAYS - 1) if start is None else parse_day(start, "start")
    span = (last_day - first_day).days + 1
    if span < 1:
        raise ConfigError(f"`start` ({first_day}) is after `end` ({last_day}). Swap them.")
    if customers < 1:
        raise ConfigError(f"`customers` is {customers}; simulate at least one.")
    days = span if acquisition_days is None else acquisition_days
    if not 1 <= days <= span:
        raise ConfigError(f"`acquisition_days` is {days}; it must lie between 1 and the store's {span} days.")
    builder = Builder(plan, customers, seed, first_day, span, days, engine or Engine())
    truth = builder.build(0.0 if follow_up is None else follow_up.days)
    return Store(builder.writer.tables, truth, plan, seed, first_day, last_day, builder.writer.engine)
