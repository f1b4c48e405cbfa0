"""What the simple formulas need of a shop, and what a formula gives: inputs, result, and why it differs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit
from keepers.summaries.activity import Activity
from keepers.valuation.values import Values

_WHOLE_YEAR = 0.98
_STEEPEST = 0.5


class Quantity(Enum):
    """How a number is written."""

    MONEY = "money"
    SHARE = "share"
    NUMBER = "number"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a formula."""

    name: str
    value: float
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class FormulaResult:
    """A formula with its inputs and result.

    Parameters
    ----------
    key : str
        A stable name for programs.
    name, expression : str
        As users know it.
    inputs : tuple of Input
        What went in.
    result : float or None
        None where the inputs allow none.
    quantity : Quantity
        How the result is written.
    remark : str
        What it leaves out, or why there is no result.
    horizon : Horizon or None
        What a result in money covers; None is without end.
    discounted : bool
        Whether later money counts less in it.
    basis : MoneyBasis or None
        What the money of the result is.
    """

    key: str
    name: str
    expression: str
    inputs: tuple[Input, ...]
    result: float | None
    quantity: Quantity
    remark: str
    horizon: Horizon | None = None
    discounted: bool = False
    basis: MoneyBasis | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the formulas need of a shop, for one year; money is in the basis of the values, margin applied."""

    observed: Horizon
    average_order_value: float
    orders_per_year: float
    retention: float
    contribution: float
    growth: float
    tenure: float
    discount: float
    cycles_per_year: float
    cycle_retention: float
    new_customers_per_year: float
    basis: MoneyBasis

    @property
    def whole_year(self) -> bool:
        """Whether the figures were seen over a year, rather than carried over to one from less."""
        return self.observed.in_unit(TimeUnit.YEAR) > _WHOLE_YEAR


def figures(values: Values, seen: Activity) -> Figures | None:
    """The inputs of the formulas; None where nobody bought in two periods one after the other, or without money.

    Shares of a period that is not a year are carried over to one as if every year went on like it. Growth needs two
    whole years, because customers spend more when they come than later; it is zero otherwise.
    """
    retention = seen.retention
    buyers = float(seen.buyers.sum())
    if seen.basis is None or not values.has_money or retention is None or buyers == 0 or seen.orders.sum() == 0:
        return None
    factor, length = values.facts.margin.factor, seen.years
    a_year = float(retention ** (1 / length))
    money, before = float(seen.money.sum()) * factor, float(seen.money_before.sum()) * factor
    buyers_before = float(seen.customers[1])
    contribution = money / buyers / length
    earlier = before / buyers_before / length
    whole_years = length > _WHOLE_YEAR
    cycles = float(seen.purchases.sum()) / buyers / length
    return Figures(
        observed=seen.period,
        average_order_value=money / float(seen.orders.sum()),
        orders_per_year=float(seen.orders.sum()) / buyers / length,
        retention=a_year,
        contribution=contribution,
        growth=float(np.clip(contribution / earlier - 1, -_STEEPEST, _STEEPEST))
        if whole_years and earlier > 0
        else 0.0,
        tenure=float(seen.age_days.sum()) / buyers / TimeUnit.YEAR.days,
        discount=values.facts.discount.annual,
        cycles_per_year=cycles,
        cycle_retention=a_year ** (1 / cycles) if cycles > 0 else 0.0,
        new_customers_per_year=float(seen.customers[0]) / length,
        basis=values.basis,
    )
