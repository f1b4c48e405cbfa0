"""The simple formulas applied to a shop: each with what went into it, its result, and why it differs from the model."""

from __future__ import annotations

import math
from collections.abc import Callable

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit, years
from keepers.summaries.activity import Activity, activity
from keepers.summaries.cohorts import PurchaseAges, purchase_ages
from keepers.valuation import formulas
from keepers.valuation.formula_acquisition import by_age, of_acquisition
from keepers.valuation.formula_inputs import Figures, FormulaResult, Input, Quantity, figures
from keepers.valuation.values import Values

_YEARS = 5
_MOST_STATES = 8


def formula_table(
    values: Values,
    marketing_spend: float | None = None,
    seen: Activity | None = None,
    ages: PurchaseAges | None = None,
    equity: float | None = None,
    value_of_new: float | None = None,
) -> tuple[FormulaResult, ...]:
    """Every formula of `keepers.valuation.formulas` that the data allow.

    Parameters
    ----------
    values : Values
        With money.
    marketing_spend : float, optional
        What was spent on winning customers in the period of `seen`, for CAC, LTV:CAC and payback.
    seen, ages : Activity, PurchaseAges, optional
        To save making them again.
    equity, value_of_new : float, optional
        Value of today's customers and of a new one, for customer equity.

    Returns
    -------
    tuple of FormulaResult
        Empty without money or where the history is too short to see who stays.
    """
    summary = values.facts.summary
    seen = seen or activity(summary)
    found = figures(values, seen)
    if found is None:
        return ()
    ages = ages or purchase_ages(summary)
    return (
        *_averages(found),
        *_multiples(found),
        *_berger_nasr(found, seen),
        *by_age(values, ages),
        *of_acquisition(values, found, seen, ages, marketing_spend, equity, value_of_new),
    )


def _averages(f: Figures) -> list[FormulaResult]:
    churn = 1 - f.retention
    life = formulas.lifespan(churn)
    churn_in, retention_in = Input("churn rate a year", churn, Quantity.SHARE), _retention(f)
    days = f.observed.in_unit(TimeUnit.DAY)
    lately = "year" if f.whole_year else f"{days:.0f} days"
    before = "last year's buyers" if f.whole_year else f"the buyers of the {days:.0f} days before"
    since, again = (
        ("", "year after year") if f.whole_year else (f" in the last {days:.0f} days", "carried over to a year")
    )
    order, often = (
        Input("average order value", f.average_order_value, Quantity.MONEY),
        Input("orders a customer and year", f.orders_per_year, Quantity.NUMBER),
    )
    return [
        FormulaResult(
            "lifespan", "Customer lifespan", "1 / churn rate", (churn_in,), _finite(life), Quantity.YEARS,
            f"It takes the share of {before} who did not return{since} as leaving for good, {again}; many of "
            "them are only pausing, and loyal customers leave far less often than the average.",
        ),
        FormulaResult(
            "simple_clv", "Simple CLV", "average order value x orders a year x lifespan",
            (order, often, Input("lifespan", life, Quantity.YEARS)),
            _finite(formulas.simple_clv(f.average_order_value, f.orders_per_year, life)), Quantity.MONEY,
            f"It values the average of those who bought in the last {lately}, counts from the first order, and takes "
            "later money at its full amount; the model values everybody who ever bought, from today.",
            horizon=None, basis=f.basis,
        ),
        FormulaResult(
            "retention_clv", "Retention CLV", "average order value x retention rate", (order, retention_in),
            formulas.retention_clv(f.average_order_value, f.retention), Quantity.MONEY,
            "It is the value of one order a year from now, if the customer stays; it knows neither how often customers "
            "order nor how long they stay.",
            horizon=years(1), basis=f.basis,
        ),
        FormulaResult(
            "annual_clv", "Annual CLV", "annual revenue a customer x years in service",
            (Input("annual revenue a customer", f.contribution, Quantity.MONEY),
             Input("years in service", f.tenure, Quantity.YEARS)),
            formulas.annual_clv(f.contribution, f.tenure), Quantity.MONEY,
            "It looks back: years in service are those from the first order until today.",
            horizon=years(f.tenure) if f.tenure > 0 else None, basis=f.basis,
        ),
    ]  # fmt: skip


def _multiples(f: Figures) -> list[FormulaResult]:
    money = (
        Input("margin a year, m", f.contribution, Quantity.MONEY),
        Input("retention rate, r", f.retention, Quantity.SHARE),
        Input("discount rate, i", f.discount, Quantity.SHARE),
    )
    remark = (
        "It gives everybody the same retention for ever; where customers differ, those who stay are the loyal ones and "
        "the average understates them."
    )
    growing = (*money, Input("growth of the margin, g", f.growth, Quantity.SHARE))

    def one(
        key: str, name: str, expression: str, inputs: tuple[Input, ...], value: Callable[[], float]
    ) -> FormulaResult:
        result, said = None, remark
        try:
            result = value()
        except ConfigError as error:
            said = str(error)
        return FormulaResult(
            key, name, expression, inputs, result, Quantity.MONEY, said, horizon=None, discounted=True, basis=f.basis
        )

    m, r, i, g = f.contribution, f.retention, f.discount, f.growth
    return [
        one("margin_multiple", "Margin multiple (Gupta & Lehmann)", "m r / (1 + i - r)", money,
            lambda: formulas.margin_multiple(m, r, i)),
        one("margin_multiple_first_now", "Margin multiple, first margin now", "m (1 + i) / (1 + i - r)", money,
            lambda: formulas.margin_multiple_first_now(m, r, i)),
        one("margin_multiple_growing", "Margin multiple, growing margin", "m r / (1 + i - r (1 + g))", growing,
            lambda: formulas.margin_multiple_growing(m, r, i, g)),
    ]  # fmt: skip


def _berger_nasr(f: Figures, seen: Activity) -> list[FormulaResult]:
    common = (
        _retention(f),
        Input("discount rate, d", f.discount, Quantity.SHARE),
        Input("years, n", _YEARS, Quantity.YEARS),
    )
    yearly = Input("contribution a year, GC", f.contribution, Quantity.MONEY)
    no_promotion = "Promotion costs M are taken as zero, being in the margin or unknown; the first sale is now."
    cycle = 1 / f.cycles_per_year
    a_cycle = f.contribution * cycle
    of_cycle = (
        Input("contribution a cycle", a_cycle, Quantity.MONEY),
        Input("retention a cycle", f.cycle_retention, Quantity.SHARE),
        *common[1:],
    )

    def one(
        key: str, case: str, expression: str, inputs: tuple[Input, ...], result: float, remark: str = no_promotion
    ) -> FormulaResult:
        return FormulaResult(
            key, f"Berger & Nasr, case {case}", expression, inputs, result, Quantity.MONEY, remark,
            horizon=years(_YEARS), discounted=True, basis=f.basis,
        )  # fmt: skip

    def growing(year: float) -> float:
        return f.contribution * math.pow(1 + f.growth, year)

    rows = [
        one("berger_nasr_1", "1", "GC sum r^i / (1+d)^i - M sum r^(i-1) / (1+d)^(i-1/2)", (yearly, *common),
            formulas.berger_nasr_1(f.contribution, 0.0, f.retention, f.discount, _YEARS)),
    ]  # fmt: skip
    if f.cycles_per_year < 1:
        rows.append(
            one("berger_nasr_2a", "2a", "the same, a sale every q years",
                (*of_cycle, Input("years between sales, q", cycle, Quantity.YEARS)),
                formulas.berger_nasr_2a(a_cycle, 0.0, f.cycle_retention, f.discount, _YEARS, cycle))
        )  # fmt: skip
    else:
        rows.append(
            one("berger_nasr_2b", "2b", "the same, p sales a year",
                (*of_cycle, Input("sales a year, p", f.cycles_per_year, Quantity.NUMBER)),
                formulas.berger_nasr_2b(a_cycle, 0.0, f.cycle_retention, f.discount, _YEARS, f.cycles_per_year))
        )  # fmt: skip
    growth = Input("growth of the contribution a year", f.growth, Quantity.SHARE)
    profile = "The profile is the yearly contribution, growing as it did over the last two years where there are two."
    rows += [
        one("berger_nasr_3", "3", "sum pi(t) [r / (1+d)]^t", (yearly, growth, *common),
            formulas.berger_nasr_3(growing, f.retention, f.discount, _YEARS), profile),
        one("berger_nasr_4", "4", "integral of pi(t) [r / (1+d)]^t dt", (yearly, growth, *common),
            formulas.berger_nasr_4(growing, f.retention, f.discount, _YEARS), profile),
        _migration(f, seen),
    ]  # fmt: skip
    return rows


def _migration(f: Figures, seen: Activity) -> FormulaResult:
    """Case 5 in periods of the data's own length."""
    chances = seen.repurchase[:_MOST_STATES].tolist()
    periods = max(1, round(_YEARS / seen.years))
    discount = (1 + f.discount) ** seen.years - 1
    contribution = f.contribution * seen.years
    span = "a year" if abs(seen.years - 1) < 0.01 else f"{seen.period.days:g} days"
    shown = [
        Input(f"buys again after {place} period{'s'[: place > 1]}", chance, Quantity.SHARE)
        for place, chance in enumerate(chances, 1)
    ]
    return FormulaResult(
        "berger_nasr_5", "Berger & Nasr, case 5 (customer migration)", "a Markov chain over time since the last sale",
        (Input("contribution a period", contribution, Quantity.MONEY), *shown,
         Input("discount rate a period", discount, Quantity.SHARE), Input("periods", periods, Quantity.NUMBER)),
        formulas.berger_nasr_5(contribution, chances, discount, periods), Quantity.MONEY,
        f"A period is {span}. Unlike the other cases it lets customers come back after a pause; it still takes all "
        "with the same pause for alike, however often they had bought.",
        horizon=years(_YEARS), discounted=True, basis=f.basis,
    )  # fmt: skip


def _retention(f: Figures) -> Input:
    return Input("retention rate a year", f.retention, Quantity.SHARE)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
