"""The report's parts that price things: levers, and the simple formulas beside the model's value."""

from __future__ import annotations

from keepers.domain.money import MoneyBasis
from keepers.pipeline.options import RunOptions
from keepers.reports import content, evidence
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.valuation import levers as worth
from keepers.valuation.equity import Interval
from keepers.valuation.formula_inputs import FormulaResult, Quantity

_KINDS = {
    worth.Lever.RETENTION: content.LeverKind.RETENTION,
    worth.Lever.ORDER_VALUE: content.LeverKind.ORDER_VALUE,
    worth.Lever.FREQUENCY: content.LeverKind.FREQUENCY,
}
_LOOK_BACK = ("ltv_", "annual_clv")
"""Formulas of what customers brought, by how their keys begin."""


def estimate(interval: Interval) -> Estimate:
    """An interval as the page writes it."""
    return Estimate(interval.value, interval.low, interval.high, interval.level)


def lever_content(found: worth.Levers | None, meaning: MoneyMeaning | None) -> content.Levers | None:
    """The owner's levers; those with nothing to improve are left out of the chart and named in the remark."""
    if found is None or meaning is None:
        return None
    rows = tuple(
        content.Lever(_KINDS[row.lever], row.change, estimate(row.gain)) for row in found.rows if row.gain is not None
    )
    return content.Levers(rows, meaning, found.base, " ".join(row.sentence for row in found.rows))


def formula_content(
    found: tuple[FormulaResult, ...], model_value: float | None, model_meaning: MoneyMeaning | None, options: RunOptions
) -> evidence.Formulas | None:
    """The simple formulas with what went into them."""
    if not found or model_value is None or model_meaning is None:
        return None
    return evidence.Formulas(tuple(_formula(one, options) for one in found), model_value, model_meaning)


def _formula(found: FormulaResult, options: RunOptions) -> evidence.Formula:
    return evidence.Formula(
        name=found.name,
        expression=found.expression,
        inputs=tuple(
            evidence.FormulaInput(one.name, one.value, evidence.FormulaUnit(one.quantity.value)) for one in found.inputs
        ),
        result=found.result,
        meaning=_meaning(found, options),
        remark=found.remark,
        unit=evidence.FormulaUnit(found.quantity.value),
        of_a_customer=found.key not in ("cac", "customer_equity"),
    )


def _meaning(found: FormulaResult, options: RunOptions) -> MoneyMeaning | None:
    """The five things for the result of a formula; None where it is no money that customers bring."""
    if found.quantity is not Quantity.MONEY or found.key == "cac":
        return None
    basis = found.basis or MoneyBasis.NET_REVENUE
    whole = found.key == "customer_equity"
    return MoneyMeaning(
        basis=basis,
        horizon=Span.PAST if found.key.startswith(_LOOK_BACK) else found.horizon or Span.UNLIMITED,
        population="today's and future customers" if whole else "one customer",
        acquisition_cost_deducted=whole,
        discount=options.discount if found.discounted else None,
        margin=options.margin.rate if basis is MoneyBasis.CONTRIBUTION else None,
    )
