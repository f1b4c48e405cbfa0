"""The report's part about the budget, put together from what a run has found."""

from __future__ import annotations

import numpy as np

from keepers.acquisition.budget import Figure, PlannedChannel
from keepers.acquisition.response import ChannelResponse
from keepers.domain.decision import EvidenceGrade
from keepers.domain.money import annual_rate
from keepers.pipeline.budgeting import Budgeted
from keepers.pipeline.options import RunOptions
from keepers.reports import budget as report
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import day

_POINTS = 31
LIMITS = {"most": "may not grow more", "least": "may not shrink more", "payback": "must pay back in time"}
"""What holds a channel's money where it is, in words."""


def budget_content(found: Budgeted | None, options: RunOptions) -> report.Budget | None:
    """What to spend where; None where there is no plan."""
    if found is None or found.plan is None:
        return None
    plan, curves = found.plan, found.curves
    assert curves.horizon is not None
    more = found.next
    return report.Budget(
        channels=tuple(_channel(row, curves[row.channel]) for row in plan.channels),
        period=plan.period,
        starts_on=plan.starts_on,
        gain=_estimate(plan.gain),
        probability=plan.probability,
        recommended=plan.recommended,
        gap=plan.gap,
        move=plan.limits.move,
        payback=plan.limits.payback,
        next=None
        if more is None
        else report.NextMoney(
            more.amount, tuple(sorted(more.channels.items(), key=lambda goes: -goes[1])), _estimate(more.value),
            more.probability,
        ),
        tests=tuple(
            report.SpendTest(one.channel, one.today, one.spend, one.length, one.worth, one.cost, one.expected)
            for one in found.experiments
        ),
        kept=tuple(
            report.PlanKept(
                one.channel, one.first_day, one.last_day, one.planned, one.done, one.expected, one.earned,
                one.customers,
            )
            for one in found.kept
        ),
        meaning=MoneyMeaning(
            curves.basis,
            curves.horizon,
            f"new customers won by the spend from {day(plan.starts_on)} on, first orders included",
            acquisition_cost_deducted=True,
            discount=annual_rate(curves.discount),
            margin=options.margin.rate,
        ),
    )  # fmt: skip


def _channel(row: PlannedChannel, one: ChannelResponse) -> report.BudgetChannel:
    top = max(1.25 * one.seen[1], 1.6 * one.today, 1.15 * row.planned)
    spends = np.linspace(0.0, top, _POINTS)
    middle, low, high = one.band(spends)
    return report.BudgetChannel(
        name=one.channel,
        today=row.today,
        planned=row.planned,
        customers_today=_estimate(row.customers_today),
        customers=_estimate(row.customers),
        last_unit=_estimate(row.marginal),
        limit=LIMITS.get(row.limit, row.limit),
        outside=row.outside,
        weeks=one.weeks,
        won=one.customers,
        prior_share=one.prior_share,
        proven=one.evidence is EvidenceGrade.EXPERIMENTAL,
        seen=one.seen,
        curve=tuple(
            report.CurvePoint(*(float(value) for value in point))
            for point in zip(spends, middle, low, high, strict=True)
        ),
    )


def _estimate(found: Figure) -> Estimate:
    return Estimate(found.value, found.low, found.high)
