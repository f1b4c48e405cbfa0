"""Columns by month: value by month of acquisition, and revenue as it was read."""

from __future__ import annotations

from keepers.reports.breakdowns import CoarseMonths
from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, bar, frame
from keepers.reports.evidence import MonthTotal
from keepers.reports.formatting import count, money, month, prefix_of


def acquisition_chart(months: CoarseMonths, currency: str | None) -> Chart:
    """Mean predicted value (or expected orders) of a customer by the period of the first order."""
    with_money = any(row.value is not None for row in months.rows)
    labels = list(months.labels)
    means = [None if not row.customers else (row.value if with_money else row.expected_orders) for row in months.rows]
    means = [None if m is None else m / row.customers for m, row in zip(means, months.rows, strict=True)]
    name = "predicted value a customer" if with_money else "expected orders a customer"
    option = frame(labels, axis_format("money" if with_money else "count", prefix_of(currency)), name=name)
    option["series"] = [bar(name, means, "accent")]

    def shown(value: float | None) -> str:
        return money(value, currency) if with_money else ("–" if value is None else f"{value:.2f}")

    table = DataTable(
        f"{name.capitalize()} by {months.period} of the first order",
        ("First order in", "Customers", name.capitalize(), "All together"),
        tuple(
            (
                label,
                count(row.customers),
                shown(mean),
                money(row.value, currency) if with_money else count(row.expected_orders),
            )
            for label, row, mean in zip(labels, months.rows, means, strict=True)
        ),
    )
    return Chart(
        "acquisition",
        f"Column chart: {name} by {months.period} of the first order. The table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3),
        (),
        240,
    )


def totals_chart(months: tuple[MonthTotal, ...], currency: str | None) -> Chart:
    """Revenue (or orders) of every calendar month as it was read, with refunds where there are any."""
    with_money = any(row.revenue is not None for row in months)
    labels = [month(row.month) for row in months]
    name = "revenue a month" if with_money else "orders a month"
    option = frame(labels, axis_format("money" if with_money else "count", prefix_of(currency)), name=name)
    refunds = with_money and any(row.refunds for row in months)
    option["series"] = [
        bar(name.capitalize(), [row.revenue if with_money else float(row.orders) for row in months], "ink")
    ]
    if refunds:
        option["series"].append(bar("Refunds", [row.refunds for row in months], "warm", outlined=True))
    headers = ["Month", "Orders", "Orders without a customer"]
    columns = [labels, [count(r.orders) for r in months], [count(r.orders_without_customer) for r in months]]
    if with_money:
        headers.append("Revenue")
        columns.append([money(r.revenue, currency) for r in months])
    if refunds:
        headers.append("Refunds")
        columns.append([money(r.refunds, currency) for r in months])
    return Chart(
        "months",
        f"Column chart: {name} as read from the files. The table below it holds the same numbers.",
        option,
        DataTable("What each month holds after reading", tuple(headers), tuple(zip(*columns, strict=True))),
        tuple(range(1, len(headers))),
        (LegendItem("Revenue", "ink", "block"), LegendItem("Refunds", "warm", "outline")) if refunds else (),
        220,
    )
