"""What a person should know of the data: named, never dropped in silence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from collections.abc import Sequence

from keepers.data.canonical import Sales
from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.reconciliation import Reconciliation
from keepers.data.sales import SalesSource
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY

_ENOUGH = 200_000
"""Orders that are enough to say what is usual."""


def check_sales(
    engine: Engine, sales: Sales, sources: Sequence[SalesSource], currency: str, into: Reconciliation
) -> None:
    """Add what was noticed in the sales to the reconciliation.

    Raises
    ------
    InputError
        Every amount is below zero.
    """
    _only_negative(into)
    _exceptions(engine, sales, currency, into)
    _people(sales, into)
    if sales.plain:
        return
    _words(sources, into)
    _refunds(engine, sales, currency, into)
    _merged(engine, sales, into)


def _only_negative(into: Reconciliation) -> None:
    sold = into.count("counted") + into.count("unknown customer") + into.count("pending") + into.count("void")
    if not sold and into.count("refund") and into.count("refund") >= into.count("file") - into.count("quarantined"):
        raise InputError(
            f"Every amount is below zero ({into.count('refund'):,} rows, {into.amount('refund'):,.2f} in all), so nothing "
            "was sold in this file, only given back. If these are sales written with a minus, take the minus away; if "
            "they are refunds or expenses, add the file with the orders."
        )


def _exceptions(engine: Engine, sales: Sales, currency: str, into: Reconciliation) -> None:
    if not into.orders:
        return
    facts = quoted(sales.facts)
    every = max(1, into.orders // _ENOUGH)
    middle, high, usual = engine.row(
        f"""SELECT quantile_cont(amount, 0.5), quantile_cont(amount, 0.99), quantile_disc(day, 0.01)
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
            f"{large:,} orders are far larger than the rest (over 100 times the middle one; the largest {largest:,.2f}); "
            f"together they are {_money(large_sum, currency)}. They are counted; look at them if they are mistakes.",
            warn=True,
        )
    if free:
        into.note("free orders", f"{free:,} purchases cost nothing; they count as purchases with no revenue.")
    if early:
        into.note(
            "early days",
            f"{early:,} orders are dated far before all others (first {first_day}, the rest from about {usual}). They are "
            "counted; dates such as 1970-01-01 are often a program's word for unknown.",
            warn=True,
        )


def _people(sales: Sales, into: Reconciliation) -> None:
    unknown = into.count("unknown customer")
    if unknown:
        into.note(
            "unknown customers",
            f"{unknown:,} orders ({into.unknown_share:.1%} of what was sold) name no customer. They are in the totals, "
            "and in no customer's value.",
            warn=into.unknown_share >= 0.2,
        )
    if into.orders and into.customers == 1:
        into.note(
            "one customer",
            f"All {into.orders:,} orders are of one customer ({into.largest_customer[0] if into.largest_customer else ''}); nothing can be learned about customers from them. Is the customer's column the right one?",
            warn=True,
        )
    elif into.orders and not into.repeat_customers:
        into.note(
            "no repeats",
            f"None of the {into.customers:,} customers bought on a second day, so the rhythm of buying cannot be learned from these orders alone. Is the column really the customer's, and not the order's?",
            warn=True,
        )
    elif into.largest_customer and into.orders >= 100 and into.largest_customer[1] > 0.25 * into.orders:
        key, orders = into.largest_customer
        into.note(
            "collective account",
            f"Customer {key} has {orders:,} of {into.orders:,} orders. Is this a till's or a marketplace's account for many people? It is counted as one customer.",
            warn=True,
        )
    if sales.identity.merged:
        into.note(
            "identity",
            f"{sales.identity.merged:,} addresses and ids belong to customers seen under another one, and were joined.",
        )
    if sales.identity.shared_phones:
        into.note(
            "shared phones",
            f"{sales.identity.shared_phones:,} phone numbers are shared by several customers and were not used to join them.",
        )
    if sales.identity.by == ("name",):
        into.note(
            "names only",
            "The orders name customers by their names only, so two people of one name are one customer. Add the customers' export, which has their e-mail addresses.",
            warn=True,
        )


def _words(sources: Sequence[SalesSource], into: Reconciliation) -> None:
    for source in sources:
        for word, rows in source.unknown_states.items():
            into.note(
                "unknown status",
                f"Status {word!r} ({rows:,} rows) is not known; these orders were counted as paid.",
                warn=True,
            )
        for word, rows in source.unknown_kinds.items():
            into.note(
                "unknown type", f"Type {word!r} ({rows:,} rows) is not known; amounts above zero were taken as sales."
            )


def _refunds(engine: Engine, sales: Sales, currency: str, into: Reconciliation) -> None:
    undated, undated_sum, lost, lost_sum, by_guess, guess_sum = engine.row(
        f"""SELECT count(*) FILTER (NOT dated AND amount > 0), sum(amount) FILTER (NOT dated),
                   count(*) FILTER (order_fact IS NULL AND amount > 0), sum(amount) FILTER (order_fact IS NULL),
                   count(DISTINCT refund_fact) FILTER (how IN ('line', 'customer')), sum(amount) FILTER (how IN ('line', 'customer'))
            FROM {quoted(str(sales.parts))}"""
    )
    if undated:
        into.note(
            "undated refunds",
            f"The files do not say when {undated:,} refunds ({_money(undated_sum, currency)}) were made. They count from the last day of their file, since nobody could have known them earlier than that.",
        )
    if by_guess:
        into.note(
            "matched refunds",
            f"{by_guess:,} refunds ({_money(guess_sum, currency)}) do not name their order; each was set against the customer's latest earlier order of the same article, or of at least that amount.",
        )
    if lost:
        into.note(
            "unmatched refunds",
            f"{lost:,} refunds ({_money(lost_sum, currency)}) belong to no earlier order in the data (bought before the file begins, or by someone without a name). They are reported, and lower no customer's value.",
            warn=True,
        )


def _money(amount: Decimal | None, currency: str) -> str:
    return f"{amount or 0:,.2f}" + ("" if currency == UNSPECIFIED_CURRENCY else f" {currency}")


def _merged(engine: Engine, sales: Sales, into: Reconciliation) -> None:
    for why, rows in engine.rows(f"SELECT why, count(*) FROM {quoted(str(sales.superseded))} GROUP BY 1 ORDER BY 1"):
        into.note("merged", f"{rows:,} records were {why}; each counts once.")
