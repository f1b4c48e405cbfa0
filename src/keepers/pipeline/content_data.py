"""The report's account of the data: what was read, what was set aside, and where every amount went."""

from __future__ import annotations

from keepers.data.reconciliation import MoneyLine, Reconciliation
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.reports import evidence
from keepers.reports.figures import MoneyMeaning


def data_content(
    account: Reconciliation, main_currency: str, has_money: bool, meaning: MoneyMeaning | None
) -> evidence.Reconciliation:
    """Fill the report's part about the data.

    Parameters
    ----------
    account : Reconciliation
        As the reading left it.
    main_currency : str
        Currency of the sums by month.
    has_money : bool
        Whether orders have amounts.
    meaning : MoneyMeaning or None
        The five things for the amounts.
    """
    unknown = [line for line in account.charged if line.key == "unknown customer"]
    counted = account.count("counted") + account.count("unknown customer")
    months = tuple(
        evidence.MonthTotal(
            month=line.month,
            orders=line.orders,
            revenue=float(line.revenue) if has_money else None,
            refunds=float(line.refunds) if has_money else None,
        )
        for line in account.months
        if line.currency == main_currency
    )
    return evidence.Reconciliation(
        files=tuple(
            evidence.SourceFile(
                name=file.source,
                format=file.label,
                rows_read=file.rows_read,
                rows_loaded=file.rows_loaded,
                rows_set_aside=file.rows_quarantined,
                confidence=file.confidence,
            )
            for file in account.files
        ),
        set_aside=tuple(
            evidence.SetAside(reason=line.reason, rows=line.rows)
            for line in sorted(account.quarantine, key=lambda line: -line.rows)
        ),
        account=tuple(_line(line, has_money, len(_currencies(account)) > 1) for line in _lines(account)),
        months=months,
        orders_without_customer_share=sum(line.rows for line in unknown) / counted if counted else None,
        revenue_without_customer_share=account.unknown_share if has_money else None,
        remarks=tuple(finding.text for finding in account.findings if finding.level != "warning"),
        meaning=meaning if has_money else None,
    )


def _currencies(account: Reconciliation) -> set[str]:
    return {line.currency for line in account.charged if line.amount and line.currency != UNSPECIFIED_CURRENCY}


def _lines(account: Reconciliation) -> list[MoneyLine]:
    return [line for line in (*account.charged, *account.revenue) if line.rows or line.amount]


def _line(line: MoneyLine, has_money: bool, several: bool) -> evidence.AmountLine:
    label = line.label[:1].upper() + line.label[1:]
    return evidence.AmountLine(
        label=f"{label} ({line.currency})" if several else label,
        rows=line.rows,
        amount=float(line.amount) if has_money else None,
        total=line.key in ("file", "net"),
    )
