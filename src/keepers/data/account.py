"""The account of a reading's sales: charged money by destination, from charged to net revenue, by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.reconciliation import DESTINATIONS, MoneyLine, MonthLine, Reconciliation
from keepers.domain.amounts import money
from keepers.domain.money import UNSPECIFIED_CURRENCY

if TYPE_CHECKING:
    from keepers.data.canonical import Sales
    from keepers.data.sales import LinesAside, SalesSource


def account_for_sales(engine: Engine, sales: Sales, sources: Sequence[SalesSource], into: Reconciliation) -> str:
    """Fill the reconciliation from the facts; gives the currency of what is counted."""
    facts = quoted(sales.facts)
    clean = _by_month(engine, facts) if sales.plain else None
    _charged(_charges(engine, facts) if clean is None else clean.charges, into)
    for source in sources:
        _aside(source.twins, "identical", "identical lines of one order, left out", into)
        _aside(source.unreadable, "quarantined", DESTINATIONS["quarantined"], into)
    if not sales.plain:
        _given_back(engine, sales, into)
    _revenue(engine, sales, engine.rows(_sql("account_revenue", facts=facts)) if clean is None else clean.revenue, into)
    months = _sql("account_months", orders=quoted(sales.orders), refunds=quoted(sales.refunds))
    into.months = [
        MonthLine(month, str(currency), int(orders), Decimal(revenue), Decimal(refunds), Decimal(revenue - refunds))
        for month, currency, orders, revenue, refunds in (engine.rows(months) if clean is None else clean.months)
    ]
    grouped = sales.by_customer
    found = engine.row(_sql("account_totals", facts=facts)) if grouped is None else grouped.totals
    into.customers, into.orders, into.first_day, into.last_day = int(found[0]), int(found[1]), found[2], found[3]
    into.repeat_customers = int(found[4])
    into.largest_customer = (str(found[6]), int(found[5])) if found[5] else None
    into.unknown_share = _unknown_share(into)
    named = [line.currency for line in into.revenue if line.key == "revenue"] or [
        line.currency for line in into.charged if line.key == "unknown customer"
    ]
    return named[0] if len(named) == 1 else UNSPECIFIED_CURRENCY


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


def _unknown_share(account: Reconciliation) -> float:
    """Share of what was sold that nobody's name stands on; of orders where there is no money."""
    unknown, counted = account.amount("unknown customer"), account.amount("counted")
    if unknown + counted > 0:
        return float(unknown / (unknown + counted))
    orders = account.count("unknown customer") + account.count("counted")
    return account.count("unknown customer") / orders if orders else 0.0


@dataclass(frozen=True)
class _Clean:
    """A clean table's account: what was charged by destination, what of it is revenue, and by month."""

    charges: list[tuple[Any, ...]]
    revenue: list[tuple[Any, ...]]
    months: list[tuple[Any, ...]]


def _by_month(engine: Engine, facts: str) -> _Clean:
    """The account of a table that has neither tax nor refunds: one pass over it says everything."""
    rows = engine.rows(_sql("account_plain", facts=facts))
    charges = [
        (*key, sum(row[3] for row in group), sum(row[4] for row in group))
        for key, group in ((key, list(group)) for key, group in groupby(rows, key=lambda row: (row[0], row[1])))
    ]
    counted = [row for row in charges if row[1] == "counted"]
    return _Clean(
        charges,
        [(currency, orders, amount, *_UNTAXED[:2], amount, *_UNTAXED) for currency, _, orders, amount in counted],
        [(row[2], row[0], *row[3:], Decimal(0)) for row in sorted(rows, key=lambda row: (row[2], row[0]))
         if row[1] == "counted"],
    )  # fmt: skip


_UNTAXED = (Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def _charges(engine: Engine, facts: str) -> list[tuple[Any, ...]]:
    return engine.rows(
        f"""SELECT coalesce(currency, '{UNSPECIFIED_CURRENCY}'), destination, count(*),
                   coalesce(sum(coalesce(gross, amount)), 0)
            FROM {facts} GROUP BY 1, 2 ORDER BY 1, 2"""
    )


def _charged(found: list[tuple[Any, ...]], into: Reconciliation) -> None:
    for currency in dict.fromkeys(row[0] for row in found):
        own = {row[1]: row for row in found if row[0] == currency}
        rows = sum(int(row[2]) for row in own.values())
        amount = sum((Decimal(row[3]) for row in own.values()), Decimal(0))
        into.charged.append(MoneyLine(currency, "file", "in the files", rows, amount))
        for key, label in DESTINATIONS.items():
            if key in own:
                into.charged.append(MoneyLine(currency, key, label, int(own[key][2]), Decimal(own[key][3])))


_GIVEN_BACK = {
    "set against orders": "set against orders of known customers",
    "set against unknown": "set against orders of customers nobody can name",
    "no order": "of known customers, whose order is not in the data",
    "no order, unknown": "of nobody known, without an order in the data",
}


def _given_back(engine: Engine, sales: Sales, into: Reconciliation) -> None:
    found = {
        (row[0], row[1]): (int(row[2]), Decimal(row[3]))
        for row in engine.rows(_sql("account_refunds", parts=quoted(str(sales.parts)), facts=quoted(sales.facts)))
    }
    for line in [line for line in into.charged if line.key == "refund"]:
        parts = [
            MoneyLine(line.currency, key, label, *found[line.currency, key])
            for key, label in _GIVEN_BACK.items()
            if (line.currency, key) in found
        ]
        rest = line.amount - sum((part.amount for part in parts), Decimal(0))
        into.given_back += [line, *parts]
        if rest:
            label = "tax, postage and fees given back, what is told twice, and more than was paid"
            into.given_back.append(MoneyLine(line.currency, "rest", label, 0, rest))


def _cancelled(engine: Engine, sales: Sales) -> dict[str, tuple[int, Decimal]]:
    found = engine.rows(_sql("account_cancelled", orders=quoted(sales.orders), refunds=quoted(sales.refunds)))
    return {str(currency): (int(rows), Decimal(amount or 0)) for currency, rows, amount in found}


def _no_purchase_any_more(engine: Engine, sales: Sales) -> dict[str, int]:
    """Purchases that were cancelled later or wholly given back, by currency: they bring nothing and do not count."""
    found = engine.rows(_sql("account_gone", orders=quoted(sales.orders), refunds=quoted(sales.refunds)))
    return {str(currency): int(rows) for currency, rows in found}


def _aside(lines: LinesAside, key: str, label: str, into: Reconciliation) -> None:
    """Add lines that are in no fact to what the files hold, and to where they went."""
    if lines.counted or not lines.lines or not into.charged:
        return
    whole = max((line for line in into.charged if line.key == "file"), key=lambda line: line.rows)
    into.charged[into.charged.index(whole)] = replace(
        whole, rows=whole.rows + lines.lines, amount=whole.amount + lines.amount
    )
    same = next((line for line in into.charged if line.key == key and line.currency == whole.currency), None)
    if same is None:
        into.charged.append(MoneyLine(whole.currency, key, label, lines.lines, lines.amount))
    else:
        into.charged[into.charged.index(same)] = replace(
            same, rows=same.rows + lines.lines, amount=same.amount + lines.amount
        )


def _revenue(engine: Engine, sales: Sales, charged_rows: list[tuple[Any, ...]], into: Reconciliation) -> None:
    back = {
        row[0]: (int(row[1]), row[2])
        for row in engine.rows(
            f"""SELECT currency, count(*), sum(amount) FROM {quoted(sales.refunds)}
                WHERE order_id IS NOT NULL AND customer_key IS NOT NULL GROUP BY 1"""
        )
    }
    cancelled = {} if sales.plain else _cancelled(engine, sales)
    gone = {} if sales.plain else _no_purchase_any_more(engine, sales)
    for row in charged_rows:
        currency, rows, charged, tax, shipping, amount, taxed, shipped, included, included_tax = row
        outside = tax - included_tax
        refunds, refunded = back.get(currency, (0, Decimal(0)))
        voided, lost = cancelled.get(currency, (0, Decimal(0)))
        lines = [
            ("charged", "charged for counted purchases", rows, charged),
            ("tax", "less tax", taxed - included, -outside),
            ("shipping", "less shipping", shipped, -shipping),
            ("other charges", "less tips, fees and other charges", 0, amount + outside + shipping - charged),
            ("revenue", "revenue of counted purchases", rows, amount),
            ("refunded", "less refunds of these purchases", refunds, -refunded),
            ("cancelled", "less orders cancelled later", voided, -lost),
            ("net", "net revenue", rows - gone.get(currency, 0), amount - refunded - lost),
        ]
        into.revenue += [
            MoneyLine(currency, key, label, int(n), Decimal(value))
            for key, label, n, value in lines
            if value or key in ("revenue", "net")
        ]
        if included:
            tax = money(float(included_tax), currency, exact=True)
            into.note(
                "tax inside prices",
                f"The prices of {included:,} order{'s' * (included != 1)} have tax in them ({tax}); it stays in "
                "revenue, as in the shop's own subtotal.",
            )
