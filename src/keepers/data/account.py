"""The account of a reading's sales: charged money by destination, from charged to net revenue, by month."""

from __future__ import annotations

from decimal import Decimal

from keepers.data.canonical import Sales
from keepers.data.engine import Engine, quoted
from keepers.data.reconciliation import DESTINATIONS, MoneyLine, MonthLine, Reconciliation
from keepers.domain.money import UNSPECIFIED_CURRENCY


def account_for_sales(engine: Engine, sales: Sales, into: Reconciliation) -> str:
    """Fill the reconciliation from the facts; gives the currency of what is counted."""
    facts = quoted(sales.facts)
    _charged(engine, facts, into)
    _revenue(engine, sales, into)
    _months(engine, sales, into)
    row = engine.row(
        f"""SELECT count(DISTINCT customer_key) FILTER (destination = 'counted'), count(*) FILTER (destination = 'counted'),
                   min(day) FILTER (destination = 'counted'), max(day) FILTER (destination = 'counted'),
                   coalesce(sum(amount) FILTER (destination = 'unknown customer'), 0),
                   coalesce(sum(amount) FILTER (destination IN ('counted', 'unknown customer')), 0),
                   count(*) FILTER (destination = 'unknown customer'), count(*) FILTER (destination IN ('counted', 'unknown customer'))
            FROM {facts}"""
    )
    into.customers, into.orders, into.first_day, into.last_day = row[:4]
    into.unknown_share = float(row[4] / row[5]) if row[5] else (row[6] / row[7] if row[7] else 0.0)
    currencies = [
        str(found[0])
        for found in engine.rows(
            f"""SELECT currency FROM {facts} WHERE currency IS NOT NULL AND destination NOT IN ('other', 'quarantined')
                GROUP BY currency HAVING count(*) FILTER (destination = 'counted') > 0
                    OR NOT EXISTS (SELECT 1 FROM {facts} WHERE destination = 'counted')"""
        )
    ]
    return currencies[0] if len(currencies) == 1 else UNSPECIFIED_CURRENCY


def _charged(engine: Engine, facts: str, into: Reconciliation) -> None:
    found = engine.rows(
        f"""SELECT coalesce(currency, '{UNSPECIFIED_CURRENCY}'), destination, count(*), coalesce(sum(coalesce(gross, amount)), 0)
            FROM {facts} GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    for currency in dict.fromkeys(row[0] for row in found):
        own = {row[1]: row for row in found if row[0] == currency}
        rows = sum(int(row[2]) for row in own.values())
        amount = sum((Decimal(row[3]) for row in own.values()), Decimal(0))
        into.charged.append(MoneyLine(currency, "file", "in the files", rows, amount))
        for key, label in DESTINATIONS.items():
            if key in own:
                into.charged.append(MoneyLine(currency, key, label, int(own[key][2]), Decimal(own[key][3])))


def _revenue(engine: Engine, sales: Sales, into: Reconciliation) -> None:
    found = engine.rows(
        f"""SELECT coalesce(currency, '{UNSPECIFIED_CURRENCY}'), count(*), coalesce(sum(coalesce(gross, amount)), 0), coalesce(sum(tax), 0), coalesce(sum(shipping), 0),
                   coalesce(sum(amount), 0), count(*) FILTER (tax <> 0), count(*) FILTER (shipping <> 0)
            FROM {quoted(sales.facts)} WHERE destination = 'counted' GROUP BY 1 ORDER BY 1"""
    )
    refunds = {
        row[0]: row
        for row in engine.rows(
            f"""SELECT currency, count(*) FILTER (order_id IS NOT NULL), coalesce(sum(amount) FILTER (order_id IS NOT NULL), 0)
                FROM {quoted(sales.refunds)} WHERE customer_key IS NOT NULL GROUP BY 1"""
        )
    }
    for currency, rows, charged, tax, shipping, amount, taxed, shipped in found:
        other = charged - tax - shipping - amount
        lines = [
            ("charged", "charged for counted purchases", rows, charged),
            ("tax", "less tax", taxed, -tax),
            ("shipping", "less shipping", shipped, -shipping),
            ("other charges", "less tips, fees and tax inside prices", 0, -other),
            ("revenue", "revenue of counted purchases", rows, amount),
        ]
        back = refunds.get(currency)
        if back and back[1]:
            lines.append(("refunded", "less refunds of these purchases", back[1], -back[2]))
        lines.append(("net", "net revenue", rows, amount - (back[2] if back else 0)))
        into.revenue += [
            MoneyLine(currency, key, label, int(n), Decimal(value))
            for key, label, n, value in lines
            if value or key in ("revenue", "net")
        ]


def _months(engine: Engine, sales: Sales, into: Reconciliation) -> None:
    into.months = [
        MonthLine(month, str(currency), int(orders), Decimal(revenue), Decimal(refunds), Decimal(revenue - refunds))
        for month, currency, orders, revenue, refunds in engine.rows(
            f"""SELECT month, currency, coalesce(sum(orders), 0), coalesce(sum(revenue), 0), coalesce(sum(refunds), 0) FROM (
                    SELECT date_trunc('month', day)::DATE AS month, currency, count(*) AS orders, sum(amount) AS revenue, 0::DECIMAL(18, 4) AS refunds
                    FROM {quoted(sales.orders)} WHERE counted AND customer_key IS NOT NULL GROUP BY 1, 2
                    UNION ALL
                    SELECT date_trunc('month', day)::DATE, currency, 0, 0, sum(amount) FROM {quoted(sales.refunds)}
                    WHERE order_id IS NOT NULL AND customer_key IS NOT NULL GROUP BY 1, 2)
                GROUP BY 1, 2 ORDER BY 1, 2"""
        )
    ]
