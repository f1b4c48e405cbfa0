"""Read files, folders and database tables of any known or recognisable layout into the canonical tables."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.data.options import ReadOptions
from keepers.data.orders import Orders, orders_of_sales
from keepers.data.raw_table import RawTable
from keepers.data.reading import Reading
from keepers.data.reconciliation import Reconciliation
from keepers.data.source import Source
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.place import named_place
from keepers.domain.ports import Progress, silent

Location = str | os.PathLike[str]


class Account(Protocol):
    """The account of a reading."""

    @property
    def currency(self) -> str:
        """Currency of what is counted, or "unspecified"."""

    def reconciliation(self) -> Reconciliation:
        """Where every row and every amount went."""

    def accounting(self) -> contextlib.AbstractContextManager[None]:
        """Draw it up meanwhile, where that can be."""


@dataclass
class Dataset:
    """Everything that was read, in one engine.

    Attributes
    ----------
    engine : Engine
    tables : dict of str to Table
        Canonical tables by name (`keepers.domain.columns.CANONICAL`), those with rows, and "quarantine".
    sources : list of Source
    """

    engine: Engine
    tables: dict[str, Table]
    sources: list[Source]
    _made: Account = field(repr=False)

    @property
    def reconciliation(self) -> Reconciliation:
        """Where every row and every amount went."""
        return self._made.reconciliation()

    def accounting(self) -> contextlib.AbstractContextManager[None]:
        """Draw up the account of rows and amounts in a thread of its own meanwhile, where that can be."""
        return self._made.accounting()

    @property
    def currency(self) -> str:
        """Currency of all amounts, or "unspecified"."""
        return self._made.currency

    @property
    def has_orders(self) -> bool:
        """Whether any purchase was among what was read."""
        return "orders" in self.tables

    @property
    def orders(self) -> Orders:
        """The orders; an `InputError` that says what was read instead where there are none."""
        found = self.tables.get("orders")
        if isinstance(found, Orders):
            if not len(found):
                raise InputError(_no_row_is_an_order(self.reconciliation))
            return found
        listed = "; ".join(f"{source.name}: {source.recognition.format.label}" for source in self.sources)
        names = " ".join(source.name.split(",")[0] for source in self.sources)
        if self.reconciliation.count("quarantined"):
            raise InputError(_no_row_is_an_order(self.reconciliation))
        raise InputError(
            f"There are no orders in what was read ({listed}). It was understood, but customers are valued from what "
            "they bought or subscribed to: add the export of your orders, payments or subscriptions, for example "
            f"`keepers run orders.csv {names}`; "
            f"`keepers check {names}` shows what was read."
        )


def _no_row_is_an_order(account: Reconciliation) -> str:
    """Why files of orders gave none: where their rows went."""
    reasons = "; ".join(f"{line.reason} ({line.rows:,} row{'s' * (line.rows != 1)})" for line in account.quarantine[:3])
    return (
        f"{'The only row is no' if account.rows_read == 1 else f'None of the {account.rows_read:,} rows is an'} order "
        "that can be used"
        + (f": {reasons}" if reasons else "")
        + ". Is each column the right one? Name them: --customer, --date, --amount."
    )


def read(
    *locations: Location,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    engine: Engine | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Dataset:
    """Read everything at the locations: orders, customers, products, leads, spend, whatever is recognised.

    Parameters
    ----------
    locations : str or path
        Files (CSV, TSV, Excel, Parquet, JSON, archives), folders, or URLs of database tables. With an engine of
        `keepers.connect`: names of tables of its own that hold orders, which are used where they stand.
    columns : mapping of role to column, optional
        Columns named by hand, ``{"customer": "Client", "date": "Day", "amount": "Total"}``.
    format : str, optional
        Name of the format, where recognition shall not decide.
    engine : Engine, optional
        Where to hold the data; a new one without it.
    progress : Progress
        Called with the step and the share done.
    options
        See `keepers.data.options.ReadOptions`: time_zone, date_order, rates, currency, won_stages, duplicate_lines,
        delimiter, encoding, now.

    Raises
    ------
    InputError
        Nothing that can be used was found; the text says why and what to do.
    AmbiguousColumnsError
        Only a person can say which column is the customer, the date or the amount.
    """
    if not locations:
        raise InputError("No file was named. Give the export of your orders: a file, a folder or a database URL.")
    for location in locations:
        if not isinstance(location, str | os.PathLike):
            raise InputError(
                f"A {type(location).__name__} is no place to read from: give a path or a URL as text. Of a frame make "
                "orders with keepers.Orders.from_frame(frame, customer=..., date=..., amount=...)."
            )
    known = {field.name for field in fields(ReadOptions)} - {"columns", "format"}
    for name in options:
        if name not in known:
            raise ConfigError(f"There is no option `{name}` of reading. There is: {', '.join(sorted(known))}.")
    chosen = ReadOptions(columns=dict(columns or {}), format=format, **options)
    engine = engine or Engine()
    if not engine.is_embedded:
        return _in_place(engine, [os.fspath(location) for location in locations], chosen, progress)
    raws: list[RawTable] = []
    for location in locations:
        progress(f"Opening {named_place(os.fspath(location))}", None)
        raws += open_location(engine, location, chosen.delimiter, chosen.encoding)
    made = Reading(engine, chosen, progress).run(raws)
    tables: dict[str, Table] = {}
    if made.sales is not None and (made.sales.plain or made.has_sales):
        orders = orders_of_sales(engine, made.sales, made.currency)
        tables["orders"] = orders
        if orders.refunds is not None:
            tables["refunds"] = orders.refunds
    if made.sales is not None and made.sales.order_lines is not None:
        tables["order_lines"] = Table(engine, made.sales.order_lines)
    for canonical, name in made.others.items():
        table = Table(engine, name)
        if len(table):
            tables[canonical] = table
    tables["quarantine"] = Table(engine, made.quarantine)
    return Dataset(engine, tables, made.sources, made)


def _in_place(engine: Engine, names: list[str], options: ReadOptions, progress: Progress) -> Dataset:
    """Tables of a warehouse, seen as orders where they stand."""
    from keepers.data.in_place import orders_in_place

    progress(f"Looking at {', '.join(names)}", None)
    try:
        found = orders_in_place(engine, names, options)
    except InputError as error:
        if any(Path(name).is_file() for name in names):
            raise InputError(
                f"{error} There is a file of that name: to read it on this machine, say --engine duckdb://"
            ) from error
        raise
    return Dataset(engine, {"orders": found.orders}, [found.source], found.account)


def read_orders(*locations: Location, columns: Mapping[str, str] | None = None, **options: Any) -> Orders:
    """Read orders; like `read`, for those who need nothing else.

    Raises
    ------
    InputError
        There are no orders at the locations.
    """
    return read(*locations, columns=columns, **options).orders
