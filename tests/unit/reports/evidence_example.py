"""The parts of the example that show why it can be believed: backtest, formulas, data, models."""

from __future__ import annotations

import datetime as dt

from keepers.domain.money import MoneyBasis, annual_rate
from keepers.domain.time import TimeUnit, months, years
from keepers.reports.evidence import (
    AmountLine,
    Backtest,
    BacktestRow,
    FittedModel,
    Formula,
    FormulaInput,
    Formulas,
    FormulaUnit,
    MonthTotal,
    Parameter,
    Reconciliation,
    SetAside,
    SourceFile,
)
from keepers.reports.figures import MoneyMeaning, Span
from unit.reports.simulated_shop import CUSTOMERS, MONTHS, Array, Shop, month_of, month_start

AHEAD = MoneyMeaning(MoneyBasis.NET_REVENUE, months(12), "all 3,200 customers", discount=annual_rate(0.10))
LIFETIME = MoneyMeaning(MoneyBasis.NET_REVENUE, years(5), "all 3,200 customers", discount=annual_rate(0.10))
PAST = MoneyMeaning(MoneyBasis.NET_REVENUE, Span.PAST, "all 3,200 customers")
PAST_YEAR = MoneyMeaning(MoneyBasis.NET_REVENUE, Span.PAST_YEAR, "all 3,200 customers")


def backtest() -> Backtest:
    """Four models and two simple rules on the same days."""
    rows = (
        BacktestRow("Pareto/NBD", False, True, 0.742, 1.481, -0.042, 0.71, 0.861, 0.78, 0.412),
        BacktestRow("MBG/NBD", False, False, 0.751, 1.502, -0.088, 0.70, 0.858, 0.77, 0.418),
        BacktestRow("BG/NBD", False, False, 0.778, 1.497, -0.051, 0.69, 0.849, 0.77, 0.431),
        BacktestRow("NBD, nobody ever leaves", False, False, 0.935, 1.633, 0.312, 0.66, 0.790, 0.74, 0.502),
        BacktestRow("Same rate as before", True, False, 1.075, 1.898, 0.446, 0.63, None, 0.72, 0.597),
        BacktestRow("Everybody like the average", True, False, 1.214, 2.410, 0.103, 0.0, None, 0.10, 0.633),
    )
    return Backtest(rows, (dt.date(2024, 6, 30), dt.date(2024, 9, 30), dt.date(2024, 12, 31)), months(6))


def formulas(mean: float, revenue: Array, orders: Array) -> Formulas:
    """Three formulas with a result and one without."""
    aov = float(revenue.sum() / orders.sum())
    past = MoneyMeaning(MoneyBasis.NET_REVENUE, years(2.6), "an average customer")
    free = MoneyMeaning(MoneyBasis.CONTRIBUTION, Span.UNLIMITED, "an average customer", discount=annual_rate(0.10),
                        margin=0.35)  # fmt: skip
    i = FormulaInput
    return Formulas(
        (
            Formula(
                "Simple CLV", "average order value × orders a year × years as a customer",
                (i("average order value", aov, FormulaUnit.MONEY), i("orders a year", 2.31),
                 i("years as a customer", 2.6, FormulaUnit.YEARS)), aov * 2.31 * 2.6, past,
                "It counts the whole life from the first order and treats everybody as still a customer.",
            ),
            Formula(
                "Retention CLV", "average order value × retention rate",
                (i("average order value", aov, FormulaUnit.MONEY), i("retention rate", 0.612, FormulaUnit.SHARE)),
                aov * 0.612, past,
            ),
            Formula(
                "Margin multiple (Gupta & Lehmann)", "m × r / (1 + i − r)",
                (i("m, contribution a year", 38.1, FormulaUnit.MONEY), i("r, retention rate", 0.612, FormulaUnit.SHARE),
                 i("i, discount rate", 0.10, FormulaUnit.SHARE)), 38.1 * 0.612 / (1.1 - 0.612), free,
                "It assumes one retention rate for everybody, for ever.",
            ),
            Formula("Berger & Nasr case 1", "GC Σ rⁱ/(1+d)ⁱ − M Σ rⁱ⁻¹/(1+d)ⁱ⁻¹ᐟ²", (), None, free,
                    "Needs the yearly cost of marketing to a customer, which the files do not hold."),
        ),
        mean, AHEAD,
    )  # fmt: skip


def reconciliation(s: Shop) -> Reconciliation:
    """Three files, some rows set aside."""
    month = month_of(s.day)
    rows = tuple(
        MonthTotal(
            month_start(m), int((month == m).sum()), float(s.amount[month == m].sum()),
            float(s.amount[month == m].sum() * (0.02 + 0.015 * (m % 5 == 0))), int((month == m).sum() * 0.03),
        )
        for m in range(MONTHS)
    )  # fmt: skip
    total = float(s.amount.sum())
    meaning = MoneyMeaning(MoneyBasis.NET_REVENUE, Span.PAST, "all orders in the files")
    return Reconciliation(
        (
            SourceFile("orders_export_2023-2024.csv", "Shopify orders", 14_902, 14_861, 41, 0.99),
            SourceFile("orders_export_2025.csv", "Shopify orders", 9_230, 9_228, 2, 0.99),
            SourceFile("customers_export.csv", "Shopify customers", 3_412, 3_412, 0, 0.97),
        ),
        (
            SetAside("The date 31.02.2024 does not exist", 3, 118.4),
            SetAside("Same order as an earlier row, word for word", 31, 1_204.0),
            SetAside("Amount is not a number", 9),
        ),
        (
            AmountLine("Paid orders in the files", 21_873, total * 1.093),
            AmountLine("Test orders", -12, -381.0),
            AmountLine("Refunds", 204, -total * 0.036),
            AmountLine("Tax and shipping", None, -total * 0.031),
            AmountLine("Orders without a customer", -655, -total * 0.026 + 381.0),
            AmountLine("Orders that are valued", 21_206, total, total=True),
        ),
        rows, 0.03, 0.026,
        ("Dates were read as year-month-day in the zone Europe/Berlin.",
         "Two customers who share an e-mail address became one customer in 14 cases."),
        meaning,
    )  # fmt: skip


def models() -> tuple[FittedModel, ...]:
    """The two fitted models."""
    p = Parameter
    return (
        FittedModel(
            "Pareto/NBD", "purchases",
            "The fit converged: the gradient is zero and the curvature is that of a maximum.",
            (p("r", 0.7533, 0.041), p("alpha", 7.5512, 0.52), p("s", 0.8931, 0.214), p("beta", 42.18, 14.9)),
            -28_412.77, CUSTOMERS, TimeUnit.WEEK, 0.0,
        ),
        FittedModel(
            "Gamma-Gamma", "spend",
            "The fit converged: the gradient is zero and the curvature is that of a maximum.",
            (p("p", 6.11, 0.31), p("q", 3.98, 0.22), p("gamma", 15.3, 1.9)), -9_812.03, 1_611,
        ),
    )  # fmt: skip
