"""A customer base that is kept on disk, to which new orders are added at the cost of the new orders."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from keepers.data.engine import Engine, template
from keepers.data.orders import Orders
from keepers.data.staged_folder import staged
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY, Margin
from keepers.domain.time import ObservationWindow, TimeUnit
from keepers.summaries.base_files import (
    COLUMNS,
    MARK,
    BaseFacts,
    file_of,
    link_segments,
    live,
    with_segment,
    write_segment,
)
from keepers.summaries.base_subscriptions import ContractChanges, kept_contracts, merge_contracts, write_contracts
from keepers.summaries.base_update import (
    BaseChanges,
    Update,
    customers_as_kept,
    first_delivery,
    merge,
    span,
)
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.summary import Summary, summarise
from keepers.summaries.summary_facts import SummaryFacts

MOST_SEGMENTS = 12
"""With more segments than this all are written as one: reading looks through each."""


class CustomerBase:
    """The orders and summaries of a shop, kept in a folder of Parquet files.

    Use it where orders come in day by day and summarising all of them each time costs too much. An update counts anew
    the customers whom the new orders, refunds and cancellations concern, and nobody else; the result is the same as
    that of summarising all orders together. Orders may come late, for days long counted. They may come twice, as they
    are known by their number, or by their content where they have none; a newer export of an order replaces what an
    older one said of it. Files are never changed: an update adds a segment, and after some all are written as one.

    Attributes
    ----------
    folder : Path
        Where it is kept.
    facts : BaseFacts
        Currency, unit, margin, first and last day.
    changes : BaseChanges or None
        What the update did that made it; None for a base that was opened or has just begun.
    contract_changes : ContractChanges or None
        The same of its contracts; None where it holds none.

    Examples
    --------
    >>> import tempfile
    >>> import keepers as kp
    >>> def delivered(who, days):
    ...     return kp.Orders.from_frame({"customer_id": who, "date": days})
    >>> folder = Path(tempfile.mkdtemp()) / "base"
    >>> base = CustomerBase.create(delivered(["a", "a", "b"], ["2024-01-01", "2024-01-15", "2024-01-08"]), folder)
    >>> base = base.updated_with(delivered(["b", "c"], ["2024-01-22", "2024-01-23"]))
    >>> base.changes.new, base.changes.customers_touched, base.summary().customers
    (2, 2, 3)
    """

    def __init__(
        self,
        folder: Path,
        facts: BaseFacts,
        changes: BaseChanges | None = None,
        contract_changes: ContractChanges | None = None,
    ) -> None:
        self.folder = folder
        self.facts = facts
        self.changes = changes
        self.contract_changes = contract_changes

    @classmethod
    def create(
        cls,
        orders: Orders,
        folder: str | os.PathLike[str],
        *,
        unit: TimeUnit | str = TimeUnit.WEEK,
        margin: Margin | float | None = None,
        identities: Table | None = None,
        summary: Summary | None = None,
        subscriptions: Table | None = None,
    ) -> CustomerBase:
        """Begin a base with orders.

        Parameters
        ----------
        orders : Orders
            All orders so far.
        folder : path
            Where to keep them; an earlier base there is replaced, whole or not at all.
        unit : TimeUnit or str
            Unit of `recency` and `T` of its summaries.
        margin : Margin or float, optional
            As for `keepers.summarise`.
        identities : Table, optional
            The table of that name of a dataset, by which customers are known in later files.
        summary : Summary, optional
            The summary of these orders up to their last day, where it is there already.
        subscriptions : Table, optional
            The canonical table of contracts, where customers subscribe, too.

        Raises
        ------
        ConfigError
            If the folder holds something else.
        """
        given = margin if isinstance(margin, Margin) else Margin(margin)
        engine = orders.engine
        if summary is None:
            summary = summarise(orders, ObservationWindow(unit=unit), given)
        if summary.calibration_end != orders.last_day:
            raise ConfigError(
                f"The summary counts up to {summary.calibration_end}, the orders go to {orders.last_day}. A base is "
                "kept up to the last order's day: leave `summary` out."
            )
        facts = BaseFacts(
            (1,), orders.currency, orders.has_money, summary.unit, summary.margin, orders.first_day, orders.last_day
        )
        delivery = first_delivery(engine, orders, identities)
        target = Path(os.path.abspath(folder))
        with staged(target, MARK) as into:
            write_segment(
                engine,
                into,
                1,
                {
                    "orders": f"FROM {delivery.orders}",
                    "refunds": f"FROM {delivery.refunds}",
                    "identities": delivery.identities,
                    "customers": customers_as_kept(summary.name),
                },
            )
            if subscriptions is not None:
                write_contracts(subscriptions, into)
            facts.write(into)
        for name in (delivery.orders, delivery.refunds):
            engine.drop(name)
        return cls(target, facts)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> CustomerBase:
        """Open a base.

        Raises
        ------
        InputError
            If there is none, or its files are not complete.
        """
        place = Path(os.path.abspath(folder))
        facts = BaseFacts.read(place)
        for number in facts.segments:
            for kind in ("orders", "customers"):
                if not file_of(place, kind, number).exists():
                    raise InputError(
                        f"The kept customer base in {place} is not complete: {file_of(place, kind, number).name} is "
                        "missing. Make it anew with a run."
                    )
        return cls(place, facts)

    def orders(self, engine: Engine | None = None) -> Orders:
        """All orders as they are known now, to be asked like any others."""
        engine = engine or Engine()
        placed, given_back = (live(self.folder, kind, self.facts.segments) for kind in ("orders", "refunds"))
        return _handle(engine, self.facts, placed, given_back)

    def summary(self, engine: Engine | None = None) -> Summary:
        """One row a customer, as `keepers.summarise` gives them of all orders, without looking at orders."""
        engine = engine or Engine()
        customers = live(self.folder, "customers", self.facts.segments)
        sql = template(PACKAGE, "kept_summary").format(
            customers=customers, cut=day_literal(self.facts.last_day), unit_days=repr(self.facts.unit.days)
        )
        name = engine.create(engine.new_name("summary"), sql)
        window = ObservationWindow(self.facts.last_day, self.facts.last_day, self.facts.unit)
        money: str = "amount"
        remarks: tuple[str, ...] = ()
        source = self.orders(engine)
        if self.facts.margin.per_order:
            made = summarise(source, window, self.facts.margin)
            money, remarks = made.facts.money, made.facts.remarks
            engine.drop(made.name)
        facts = SummaryFacts(
            window, self.facts.has_money, self.facts.currency, self.facts.margin, source, money, remarks
        )
        return Summary(engine, name, facts)

    def subscriptions(self, engine: Engine | None = None) -> Table | None:
        """The canonical table of all contracts, of each what the newest delivery said; None where there are none."""
        return kept_contracts(self.folder, engine or Engine())

    def updated_with(
        self,
        orders: Orders,
        into: str | os.PathLike[str] | None = None,
        identities: Table | None = None,
        subscriptions: Table | None = None,
    ) -> CustomerBase:
        """The base with more orders, refunds and cancellations, and with newer contracts.

        Parameters
        ----------
        orders : Orders
            What is new. Orders that the base has already are known again and change nothing.
        into : path, optional
            Where to keep the result; in place of this base if left out, whole or not at all.
        identities : Table, optional
            The table of that name of the new dataset: customers whom the base knows by an address or an id of a system
            keep the key they have there.
        subscriptions : Table, optional
            Contracts, new or known: of each the newest delivery counts. A base that began without contracts takes
            none, as it could not tell which are missing.

        Raises
        ------
        ConfigError
            If the orders are in another currency.
        InputError
            If no order is left that counts.
        """
        facts, engine = self.facts, orders.engine
        currency = self._currency(orders)
        update = merge(engine, self.folder, facts, orders, identities)
        first, last = span(engine, update.orders)
        if first is None or last is None:
            raise InputError(
                "With this delivery every order of the base is taken back, so that no customer is left. Check the "
                "states of the orders in the new files; the base is unchanged."
            )
        now = replace(
            with_segment(facts, facts.segments[-1] + 1, first_day=first, last_day=last, updated=facts.updated + 1),
            currency=currency,
        )
        rows = _counted_anew(engine, now, update)
        changes = BaseChanges(**update.counts, **_customers(engine, self, update.touched, rows))
        target = self.folder if into is None else Path(os.path.abspath(into))
        with staged(target, MARK) as folder:
            link_segments(self.folder, folder, facts.segments)
            queries = {**update.written, "customers": f"FROM {rows}"}
            write_segment(engine, folder, now.segments[-1], queries)
            if len(now.segments) > MOST_SEGMENTS:
                now = _as_one(engine, folder, now)
            contracts = merge_contracts(engine, self.folder, folder, subscriptions, update.keys)
            now.write(folder)
        return CustomerBase(target, now, changes, contracts)

    def _currency(self, orders: Orders) -> str:
        if orders.has_money != self.facts.has_money and len(orders):
            raise ConfigError(
                f"The new orders {'carry' if orders.has_money else 'lack'} amounts, those of the base "
                f"{'do' if self.facts.has_money else 'do not'}. Name the column of amounts (--amount COLUMN), or make "
                "the base anew of all files together."
            )
        known, told = self.facts.currency, orders.currency
        if told in (known, UNSPECIFIED_CURRENCY) or not self.facts.has_money or known == UNSPECIFIED_CURRENCY:
            return known if known != UNSPECIFIED_CURRENCY else told
        raise ConfigError(
            f"The new orders are in {told}, those of the base in {known}. Say what one {told} is worth: "
            f"rates={{'{told}': ..., '{known}': 1}}; on the command line --rate {told}=... --rate {known}=1."
        )


def _handle(engine: Engine, facts: BaseFacts, placed: str, given_back: str) -> Orders:
    """Rows of a base as orders."""
    orders, refunds = engine.new_name("kept_orders"), engine.new_name("kept_refunds")
    engine.execute(f"CREATE VIEW {orders} AS SELECT ref AS order_id, * FROM ({placed}) AS placed")
    engine.execute(f"CREATE VIEW {refunds} AS SELECT order_ref AS order_id, day, amount FROM ({given_back}) AS back")
    voided, own = engine.row(f"SELECT count(voided_on), count(contribution) FROM {orders}")
    back = engine.row(f"SELECT count(*) FROM {refunds}")[0]
    return Orders(
        engine, orders, refunds=Table(engine, refunds) if back else None, currency=facts.currency,
        has_money=facts.has_money, has_contribution=bool(own), voids=bool(voided),
    )  # fmt: skip


def _counted_anew(engine: Engine, facts: BaseFacts, update: Update) -> str:
    """A table of the rows of all touched customers, counted as ever from all of their orders."""
    who = update.touched
    if facts.margin.per_order:
        # The margin of orders whose cost is unknown is that of all others, so that each customer depends on everybody.
        everybody = f"SELECT customer_key FROM ({update.orders}) AS placed WHERE customer_key IS NOT NULL"
        who = engine.create(engine.new_name("touched"), f"{everybody} UNION SELECT customer_key FROM {update.touched}")
    placed = engine.create(
        engine.new_name("orders_of_touched"),
        f"SELECT * FROM ({update.orders}) AS placed SEMI JOIN {who} USING (customer_key)",
    )
    back = engine.create(
        engine.new_name("refunds_of_touched"),
        f"SELECT * FROM ({update.refunds}) AS back SEMI JOIN (SELECT ref AS order_ref FROM {placed}) USING (order_ref)",
    )
    source = _handle(engine, facts, f"SELECT * FROM {placed}", f"SELECT * FROM {back}")
    window = ObservationWindow(facts.last_day, facts.last_day, facts.unit)
    try:
        rows = customers_as_kept(summarise(source, window, facts.margin).name, who)
    except InputError:
        # Of those who are touched nobody has an order left that counts.
        rows = f"SELECT customer_key FROM {who}"
    typed = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in COLUMNS["customers"].items())
    return engine.create(engine.new_name("customers_anew"), f"SELECT {typed} WHERE FALSE UNION ALL BY NAME ({rows})")


def _customers(engine: Engine, base: CustomerBase, touched: str, rows: str) -> dict[str, int]:
    """How many customers an update touched, found and lost."""
    kept = live(base.folder, "customers", base.facts.segments)
    before = f"SELECT customer_key FROM ({kept}) AS kept SEMI JOIN {touched} USING (customer_key) WHERE frequency >= 0"
    touched_now, new, gone = engine.row(
        f"""WITH was AS ({before}), is_now AS (
                SELECT customer_key FROM {rows} SEMI JOIN {touched} USING (customer_key) WHERE frequency >= 0
            )
            SELECT (SELECT count(*) FROM {touched}),
                (SELECT count(*) FROM is_now ANTI JOIN was USING (customer_key)),
                (SELECT count(*) FROM was ANTI JOIN is_now USING (customer_key))"""
    )
    return {"customers_touched": int(touched_now), "customers_new": int(new), "customers_gone": int(gone)}


def _as_one(engine: Engine, folder: Path, facts: BaseFacts) -> BaseFacts:
    """Write all segments as one, of the rows that count, and forget the others."""
    last = facts.segments[-1] + 1
    kinds = ("orders", "refunds", "identities", "customers")
    queries = {kind: live(folder, kind, facts.segments) for kind in kinds}
    queries["customers"] = f"SELECT * FROM ({queries['customers']}) AS kept WHERE frequency IS NOT NULL"
    write_segment(engine, folder, last, queries)
    for old in folder.glob("*-*.parquet"):
        if not old.name.endswith(f"-{last:04d}.parquet"):
            old.unlink()
    return replace(facts, segments=(last,))
