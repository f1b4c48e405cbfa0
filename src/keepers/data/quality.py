"""What a person should know of the data: named, never dropped in silence."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.domain.amounts import money
from keepers.domain.errors import InputError

if TYPE_CHECKING:
    from keepers.data.canonical import Sales
    from keepers.data.options import ReadOptions
    from keepers.data.reconciliation import Reconciliation
    from keepers.data.sales import SalesSource

_ENOUGH = 200_000
"""Orders that are enough to say what is usual."""

_MANY_UNKNOWN = 0.2
"""Share of what was sold without a name from which a person is warned."""

_COLLECTIVE_SHARE, _COLLECTIVE_ORDERS = 0.25, 100
"""A customer with more than this share of at least so many orders may be many people."""


def check_sales(
    engine: Engine,
    sales: Sales,
    sources: Sequence[SalesSource],
    currency: str,
    options: ReadOptions,
    into: Reconciliation,
) -> None:
    """Add what was noticed in the sales to the reconciliation.

    Raises
    ------
    InputError
        Every amount is below zero.
    """
    _only_negative(into)
    if into.orders:
        _exceptions(engine, sales, currency, into)
        _customers(into)
    _identity(sales, into)
    if not sales.plain:
        _words(sources, into)
        _twins(sources, currency, options, into)
        _refunds(engine, sales, currency, into)
        _merged(engine, sales, into)


def _only_negative(into: Reconciliation) -> None:
    sold = sum(into.count(key) for key in ("counted", "unknown customer", "pending", "void"))
    refunds = into.count("refund")
    if not sold and refunds and refunds >= into.count("file") - into.count("quarantined"):
        raise InputError(
            f"Every amount is below zero ({refunds:,} rows, {into.amount('refund'):,.2f} in all), so nothing was "
            "sold in "
            "this file, only given back. If these are sales written with a minus, take the minus away; if they are "
            "refunds or expenses, add the file with the orders."
        )


def _exceptions(engine: Engine, sales: Sales, currency: str, into: Reconciliation) -> None:
    facts = quoted(sales.facts)
    every = max(1, into.orders // _ENOUGH)
    middle, high, usual = engine.row(
        f"""SELECT quantile_cont(amount, 0.5), quantile_cont(amount, 0.95), quantile_disc(day, 0.05)
            FROM {facts} WHERE destination = 'counted' AND row_number % {every} = 0"""
    )
    if usual is None:
        return
    large_from = max(100 * middle, 10 * high) if middle and into.orders >= 50 else None
    large, large_sum, largest, free, early, first_day = engine.row(
        fill(
            template("keepers.data.sql", "exceptions"),
            facts=facts,
            large="NULL" if large_from is None else repr(float(large_from)),
            early=f"DATE '{usual - dt.timedelta(days=5 * 365)}'",
        )
    )
    if large:
        into.note(
            "large orders",
            f"{_n(large, 'order')} far larger than the rest (over 100 times the middle one; the largest "
            f"{largest:,.2f}): "
            f"together {_money(large_sum, currency)}. They are counted; look at them if they are mistakes.",
            warn=True,
        )
    if free:
        into.note("free orders", f"{_n(free, 'purchase')} without a price: counted as purchases with no revenue.")
    if early:
        into.note(
            "early days",
            f"{_n(early, 'order')} dated far before all others (the first {first_day}, the rest from about {usual}). "
            "They "
            "are counted; dates such as 1970-01-01 are often a program's word for unknown.",
            warn=True,
        )


def _customers(into: Reconciliation) -> None:
    key, orders = into.largest_customer or ("", 0)
    if into.customers == 1:
        into.note(
            "one customer",
            ("The only order is" if into.orders == 1 else f"All {into.orders:,} orders are")
            + f" of one customer ({key}); nothing can be learned about customers from that. "
            "Is the customer's column the right one?",
            warn=True,
        )
    elif not into.repeat_customers:
        into.note(
            "no repeats",
            f"None of the {_n(into.customers, 'customer')} bought on a second day, so the rhythm of buying cannot be "
            "learned "
            "from these orders alone. Is the column really the customer's, and not the order's?",
            warn=True,
        )
    elif into.orders >= _COLLECTIVE_ORDERS and orders > _COLLECTIVE_SHARE * into.orders:
        into.note(
            "collective account",
            f"Customer {key} has {orders:,} of {into.orders:,} orders. Is this a till's or a marketplace's account for "
            "many people? It is counted as one customer.",
            warn=True,
        )


def _identity(sales: Sales, into: Reconciliation) -> None:
    unknown = into.count("unknown customer")
    if unknown:
        into.note(
            "unknown customers",
            f"{_n(unknown, 'order')} ({into.unknown_share:.1%} of what was sold) without a customer's name. They are "
            "in "
            "the totals, and in no customer's value.",
            warn=into.unknown_share >= _MANY_UNKNOWN,
        )
    if sales.identity.merged:
        into.note(
            "identity",
            f"{_n(sales.identity.merged, 'address or id', 'addresses and ids')} of customers who were seen under "
            "another "
            "one too: joined.",
        )
    if sales.identity.shared_phones:
        into.note(
            "shared phones",
            f"{_n(sales.identity.shared_phones, 'phone number')} of several customers: not used to join them.",
        )
    if sales.identity.by == ("name",):
        into.note(
            "names only",
            "The orders name customers by their names only, so two people of one name are one customer. Add the "
            "customers' export, which has their e-mail addresses.",
            warn=True,
        )


def _words(sources: Sequence[SalesSource], into: Reconciliation) -> None:
    for key, unknown, done in (
        ("status", [source.unknown_states for source in sources], "these orders were counted as paid"),
        ("type", [source.unknown_kinds for source in sources], "amounts above zero were taken as sales"),
    ):
        rows: Counter[str] = Counter()
        for words in unknown:
            rows.update(words)
        if rows:
            shown = ", ".join(f"{word!r} ({_n(count, 'row')})" for word, count in rows.most_common(5))
            more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
            into.note(f"unknown {key}", f"Not known as a {key}: {shown}{more}; {done}.", warn=key == "status")


def _twins(sources: Sequence[SalesSource], currency: str, options: ReadOptions, into: Reconciliation) -> None:
    lines = sum(source.twins.lines for source in sources)
    if lines:
        amount = _money(sum((source.twins.amount for source in sources), Decimal(0)), currency)
        kept = options.duplicate_lines == "keep"
        done = (
            "kept, since a till writes one line a scan; --drop-duplicate-lines leaves them out" if kept else "left out"
        )
        into.note("identical lines", f"{_n(lines, 'line')} ({amount}) identical to another of the same order: {done}.")


def _refunds(engine: Engine, sales: Sales, currency: str, into: Reconciliation) -> None:
    undated, undated_sum, lost, lost_sum, matched, matched_sum = engine.row(
        fill(template("keepers.data.sql", "refund_findings"), parts=quoted(str(sales.parts)))
    )
    if undated:
        into.note(
            "undated refunds",
            f"{_n(undated, 'refund')} ({_money(undated_sum, currency)}) without a day in the files. They count from "
            "the "
            "last day of their file, since nobody could have known them earlier than that.",
        )
    if matched:
        into.note(
            "matched refunds",
            f"{_n(matched, 'refund')} ({_money(matched_sum, currency)}) without their order's number: each set against "
            "the customer's latest earlier order of the same article, or of at least that amount.",
        )
    if lost:
        into.note(
            "unmatched refunds",
            f"{_n(lost, 'refund')} ({_money(lost_sum, currency)}) of no earlier order in the data (bought before the "
            "file "
            "begins, or by someone without a name). They are reported, and lower no customer's value.",
            warn=True,
        )


def _merged(engine: Engine, sales: Sales, into: Reconciliation) -> None:
    found = engine.rows(f"SELECT why, count(*) FROM {quoted(str(sales.superseded))} GROUP BY 1 ORDER BY 1")
    for why, rows in found:
        into.note("merged", f"{_n(rows, 'record')}: {why}. Each counts once.")


def _n(count: int, one: str, several: str | None = None) -> str:
    """A number with its noun.

    >>> _n(1, "refund"), _n(1200, "refund")
    ('1 refund', '1,200 refunds')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _money(amount: Decimal | None, currency: str) -> str:
    return money(float(amount or 0), currency, exact=True)
