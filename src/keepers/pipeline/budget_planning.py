"""Questions about the budget, asked of what a run has learned of channels: other totals, bounds, what they bring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from keepers.acquisition.budget import PERIOD, RISK_WEIGHT, BudgetLimits, BudgetPlan, plan_budget
from keepers.acquisition.budget_questions import NextMoney, next_money
from keepers.acquisition.response import ResponseCurves
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.errors import ConfigError
from keepers.domain.money import Margin
from keepers.domain.time import Horizon, months, weeks
from keepers.evaluation.verdict import Trust
from keepers.pipeline.budgeting import Budgeted, payback_target, round_more
from keepers.pipeline.content_budget import budget_content
from keepers.pipeline.options import RunOptions
from keepers.reports.content import ReportContent, Store, Verdict

MOVE = 0.5
"""How far each channel may move where nothing else is said."""


@dataclass(frozen=True, slots=True)
class BudgetWish:
    """What somebody asks of a budget; money a week.

    Attributes
    ----------
    total : float, optional
        Most of it, all channels together; today's if left out.
    spend_all : bool
        Whether the whole total is to be spent.
    move : float or None
        By which share of today's spend each channel may change; None for no such limit.
    channels : mapping of str to (float or None, float or None)
        Least and most of single channels; where one of them is not said, the limit of moves holds on that side.
    payback : float or None
        Months within which every channel must be earned back; None for no such limit.
    usual_payback : bool
        Whether the owner's target holds instead of `payback`.
    cash : float, optional
        Most laid out in the period beyond what new customers bring in within it.
    period : float
        Weeks that the plan lasts.
    risk : float
        Weight of falling short of today's plan.
    """

    total: float | None = None
    spend_all: bool = False
    move: float | None = MOVE
    channels: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    payback: float | None = None
    usual_payback: bool = True
    cash: float | None = None
    period: float = PERIOD.length
    risk: float = RISK_WEIGHT


def planned(curves: ResponseCurves, wish: BudgetWish, rules: AcquisitionRules) -> tuple[BudgetPlan, NextMoney]:
    """The best plan within what is asked, and where more money would go.

    Raises
    ------
    ConfigError
        If the wish makes no sense.
    InputError
        Where the run knew of no money, or no plan keeps the limits.
    """
    if not 1 <= wish.period <= 52:
        raise ConfigError(f"A plan lasts 1 to 52 weeks, not {wish.period:g}.")
    payback: Horizon | None = None
    if curves.has_money and wish.usual_payback:
        payback = payback_target(rules, curves)
    elif curves.has_money and wish.payback is not None:
        payback = months(wish.payback)
    bounds = {name: _bounds(curves, wish, name, *edges) for name, edges in wish.channels.items()}
    limits = BudgetLimits(wish.total, wish.spend_all, wish.move, bounds, payback, wish.cash)
    plan = plan_budget(curves, limits, period=weeks(wish.period), risk_weight=wish.risk)
    more = next_money(curves, round_more(plan), limits, period=plan.period, risk_weight=wish.risk)
    return plan, more


def _bounds(
    curves: ResponseCurves, wish: BudgetWish, channel: str, least: float | None, most: float | None
) -> tuple[float, float]:
    """Both bounds of a channel; the one that is not said gives way to the one that is."""
    today, whole = curves[channel].today, sum(one.today for one in curves.channels)
    total = whole if wish.total is None else wish.total
    scale = total / whole if whole else 1.0
    low, high = 0.0, total
    if wish.move is not None:
        low = today * max(1.0 - wish.move, 0.0) * min(scale, 1.0)
        high = today * (1.0 + wish.move) * max(scale, 1.0)
    if least is None:
        return (low if most is None else min(low, most)), (high if most is None else most)
    return least, (max(high, least) if most is None else most)


def starting(plan: BudgetPlan, today: dt.date) -> BudgetPlan:
    """The same plan, from today on where its first day lies behind."""
    return replace(plan, starts_on=max(plan.starts_on, today))


def as_report(
    curves: ResponseCurves, plan: BudgetPlan, more: NextMoney | None, said: Mapping[str, Any], margin: Margin
) -> ReportContent:
    """What the report would say were this its plan: the same words and charts for a question as for the run's own."""
    store = said["store"]
    found = budget_content(Budgeted(curves, plan, more), RunOptions(margin=margin))
    assert found is not None
    return ReportContent(
        Store(
            store["name"], dt.date.fromisoformat(store["first_day"]), dt.date.fromisoformat(store["last_day"]),
            store["customers"], store["orders"], dt.datetime.fromisoformat(said["keepers"]["generated_at"]),
            said["keepers"]["version"], curves.currency,
        ),
        Verdict(Trust.GOOD, ""),
        budget=replace(found, asked=True),
    )  # fmt: skip
