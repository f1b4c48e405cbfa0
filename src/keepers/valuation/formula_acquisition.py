"""Formulas about winning customers: value up to an age, cost of acquisition, payback, and customer equity."""

from __future__ import annotations

import math

import numpy as np

from keepers.domain.time import Horizon, TimeUnit, years
from keepers.summaries.activity import Activity
from keepers.summaries.cohorts import AGES_OF_VALUE, PurchaseAges, value_by_age
from keepers.valuation import formulas
from keepers.valuation.formula_inputs import Figures, FormulaResult, Input, Quantity
from keepers.valuation.values import Values

_YEARS = 5
_PAYBACK_AGES = tuple(range(0, 1081, 30))


def by_age(values: Values, ages: PurchaseAges) -> list[FormulaResult]:
    """N-day lifetime value over all customers who are old enough."""
    factor = values.facts.margin.factor
    table = value_by_age(ages)
    return [
        FormulaResult(
            f"ltv_{age}_days", f"{age}-day LTV", f"money a customer up to an age of {age} days",
            (Input("customers old enough", float(count), Quantity.NUMBER),), _finite(value * factor), Quantity.MONEY,
            "It is what customers brought, not what they will bring; customers younger than the age are left out."
            if count else f"No customer is {age} days old yet.",
            horizon=Horizon(max(age, 1), TimeUnit.DAY), basis=values.basis,
        )
        for age, value, count in zip(AGES_OF_VALUE, table.overall, table.overall_customers, strict=True)
    ]  # fmt: skip


def of_acquisition(
    values: Values,
    f: Figures,
    seen: Activity,
    ages: PurchaseAges,
    spend: float | None,
    equity: float | None,
    value_of_new: float | None,
) -> list[FormulaResult]:
    """CAC and what is built on it, as far as marketing spend is known."""
    rows = []
    new = float(seen.customers[0])
    cost = None if spend is None else formulas.acquisition_cost(spend, new)
    if cost is not None and spend is not None:
        spent, came = Input("marketing spend", spend, Quantity.MONEY), Input("new customers", new, Quantity.NUMBER)
        rows.append(
            FormulaResult(
                "cac",
                "CAC, blended",
                "marketing spend / new customers",
                (spent, came),
                _finite(cost),
                Quantity.MONEY,
                "Customers who would have come without advertising are counted too, and salaries and tools are not.",
                horizon=seen.period,
                basis=values.basis,
            )
        )
    if cost is not None and math.isfinite(cost):
        cac = Input("CAC", cost, Quantity.MONEY)
        rows.append(_payback(values, ages, cac))
        if value_of_new is not None:
            rows.append(
                FormulaResult(
                    "ltv_cac",
                    "LTV:CAC",
                    "value of a new customer / CAC",
                    (Input("value of a new customer", value_of_new, Quantity.MONEY), cac),
                    value_of_new / cost if cost > 0 else None,
                    Quantity.NUMBER,
                    "3 is the usual rule of thumb; it is no law, and a low ratio may still pay back quickly.",
                )
            )
    if equity is not None and value_of_new is not None:
        paid = cost if cost is not None and math.isfinite(cost) else 0.0
        rows.append(
            FormulaResult(
                "customer_equity",
                "Customer equity",
                "today's customers + future customers net of acquisition cost",
                (
                    Input("value of today's customers", equity, Quantity.MONEY),
                    Input("new customers a year", f.new_customers_per_year, Quantity.NUMBER),
                    Input("value of a new customer", value_of_new, Quantity.MONEY),
                    Input("CAC", paid, Quantity.MONEY),
                    Input("discount rate", f.discount, Quantity.SHARE),
                    Input("years of new customers", _YEARS, Quantity.YEARS),
                ),
                formulas.customer_equity(equity, f.new_customers_per_year, value_of_new, paid, f.discount, _YEARS),
                Quantity.MONEY,
                "As many new customers are taken to come every year as in the last period."
                + ("" if spend is not None else " Acquisition cost is unknown and taken as zero."),
                horizon=years(_YEARS),
                discounted=True,
                basis=f.basis,
            )
        )
    return rows


def _payback(values: Values, ages: PurchaseAges, cac: Input) -> FormulaResult:
    table = value_by_age(ages, _PAYBACK_AGES)
    reached = [float(value) for value in np.asarray(table.overall) * values.facts.margin.factor]
    age = formulas.payback(_PAYBACK_AGES, reached, cac.value)
    return FormulaResult(
        "payback", "Payback", "first age at which what a customer has brought covers CAC", (cac,),
        None if age is None else age / TimeUnit.YEAR.days, Quantity.YEARS,
        "Over all customers who have reached each age."
        if age is not None else "Not within the ages that the data cover.",
    )  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
