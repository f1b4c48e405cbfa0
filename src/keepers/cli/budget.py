"""`keepers budget`: what a budget would bring, how to divide it, how much a goal needs, where the next money goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepers.cli import parameters as p
from keepers.domain.errors import ConfigError

if TYPE_CHECKING:
    from keepers.acquisition.budget import BudgetLimits, BudgetPlan, Figure
    from keepers.acquisition.budget_questions import NextMoney, WhatIf
    from keepers.acquisition.response import ResponseCurves
    from keepers.domain.time import Horizon

_USUAL_MOVE, _USUAL_PAYBACK = "50%", "12months"


def budget(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="A folder of results of `keepers run`.", show_default=False),
    ] = None,
    total: Annotated[
        float | None, typer.Option("--total", metavar="MONEY", help="Most money a week; today's if left out.")
    ] = None,
    spend_all: Annotated[
        bool, typer.Option("--spend-all", help="Spend the whole total, also what does not pay.")
    ] = False,
    move: Annotated[
        str, typer.Option("--move", metavar="SHARE", help="How far each channel may move: 50%, or none for no limit.")
    ] = _USUAL_MOVE,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME=LEAST:MOST", help="Least and most money a week of a channel."),
    ] = None,
    payback: Annotated[
        str,
        typer.Option("--payback", metavar="TIME", help="Every channel must be earned back in it: 6months, or none."),
    ] = _USUAL_PAYBACK,
    cash: Annotated[
        float | None,
        typer.Option("--cash", metavar="MONEY", help="Most to lay out beyond what new customers bring meanwhile."),
    ] = None,
    period: Annotated[str, typer.Option("--period", metavar="TIME", help="How long the plan lasts.")] = "4weeks",
    risk: Annotated[
        float, typer.Option("--risk", metavar="WEIGHT", help="Weight of falling short of today's plan; 0 ignores it.")
    ] = 0.5,
    what_if: Annotated[
        list[str] | None,
        typer.Option("--what-if", metavar="NAME=MONEY", help="Ask what other spends a week would bring."),
    ] = None,
    customers: Annotated[
        float | None, typer.Option("--customers", metavar="NUMBER", help="Find the budget for so many new customers.")
    ] = None,
    value: Annotated[
        float | None, typer.Option("--value", metavar="MONEY", help="Find the budget for so much value.")
    ] = None,
    more: Annotated[
        float | None, typer.Option("--next", metavar="MONEY", help="Ask where so much more in the period would go.")
    ] = None,
    json: p.Json = False,
) -> None:
    """Divide a budget, and answer what if, how much for a goal, where the next money goes.

    It asks the response curves that `keepers run` has learned from orders and spend, so that it answers at once. Money
    is a week, new customers and gains are of the whole period.
    """
    from keepers.acquisition.budget import plan_budget
    from keepers.acquisition.budget_questions import budget_for, next_money
    from keepers.acquisition.budget_questions import what_if as ask
    from keepers.acquisition.response_file import FILE, load_curves
    from keepers.cli.tables import print_json

    curves = load_curves((folder or _folder()) / FILE)
    length = p.horizon(period, "--period")
    limits = _limits(total, spend_all, move, channel, _payback(payback, curves), cash)
    answer: dict[str, Any] = {}
    if what_if:
        asked = p.pairs(what_if, "--what-if", "'paid search=200'")
        spends = {name: _amount(text, "--what-if") for name, text in asked.items()}
        found = ask(curves, spends, period=length)
        answer["what_if"] = found
        if not json:
            _show_what_if(found, curves)
    elif more is not None:
        goes = next_money(curves, more, limits, period=length, risk_weight=risk)
        answer["next"] = goes
        if not json:
            _show_next(goes, curves)
    elif customers is not None or value is not None:
        from dataclasses import replace

        # A goal is asked for its own sake: only limits that were said hold.
        free = limits if move != _USUAL_MOVE else replace(limits, move=None)
        free = free if payback != _USUAL_PAYBACK else replace(free, payback=None)
        goal = budget_for(curves, customers=customers, value=value, limits=free, period=length, risk_weight=risk)
        answer["goal"] = {"total_a_week": goal.total, "probability": goal.probability, "plan": goal.plan}
        if not json:
            from keepers.cli.tables import print_text

            print_text(
                f"{_money(goal.total, curves)} a week are the least that is expected to reach it "
                f"({goal.probability:.0%} probability)."
            )
            _show_plan(goal.plan, curves, for_goal=True)
    else:
        plan = plan_budget(curves, limits, period=length, risk_weight=risk)
        answer["plan"] = plan
        if not json:
            _show_plan(plan, curves)
    if json:
        print_json(_plain(answer))


def _folder() -> Path:
    """The folder of results of the project here, or the usual one."""
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.project import project_of

    project = project_of(Path())
    return RunOptions().into if project is None or project.into is None else project.folder / project.into


def _limits(
    total: float | None,
    spend_all: bool,
    move: str,
    channels: list[str] | None,
    payback: Horizon | None,
    cash: float | None,
) -> BudgetLimits:
    from keepers.acquisition.budget import BudgetLimits

    share = None if move == "none" else p.share(move, "--move")
    bounds = {}
    for name, text in p.pairs(channels, "--channel", "'paid search=100:300'").items():
        least, separator, most = text.partition(":")
        if not separator:
            raise ConfigError(f"--channel {name}={text}: write the least and the most, such as {name}=100:300.")
        bounds[name] = (_amount(least or "0", "--channel"), _amount(most, "--channel"))
    return BudgetLimits(total, spend_all, share, bounds, payback, cash)


def _payback(text: str, curves: ResponseCurves) -> Horizon | None:
    """The time as said; where nothing was said the project's target, as far as the values look."""
    if text == "none" or not curves.has_money:
        return None
    if text != _USUAL_PAYBACK:
        return p.horizon(text, "--payback")
    from keepers.domain.acquisition import AcquisitionRules
    from keepers.pipeline.budgeting import payback_target
    from keepers.pipeline.project import project_of

    project = project_of(Path())
    return payback_target(AcquisitionRules() if project is None else project.acquisition, curves)


def _amount(text: str, option: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise ConfigError(f"{option}: {text!r} is no amount. Write a number, such as 250.") from None


def _show_plan(plan: BudgetPlan, curves: ResponseCurves, for_goal: bool = False) -> None:
    from keepers.cli.show import chance
    from keepers.cli.tables import print_table, print_text
    from keepers.pipeline.content_budget import LIMITS

    if for_goal:
        print_text(f"Against today's plan it brings, net of spend: {_range(plan.gain, curves)}.")
    elif plan.recommended:
        print_text(
            f"Expected gain over today's plan in {plan.period} from {plan.starts_on}: {_range(plan.gain, curves)}, "
            f"better with {chance(plan.probability)} probability."
        )
    else:
        print_text(
            f"No change is recommended: the best other plan is better than today's with "
            f"{chance(plan.probability)} probability ({_range(plan.gain, curves)})."
        )
    print_table(
        "Money a week",
        ("Channel", "Today", "Plan", "New customers", "Value", "Last unit brings", "Held by"),
        [
            (
                one.channel, _money(one.today, curves), _money(one.planned, curves), _count(one.customers),
                _money(one.value.value, curves), f"{one.marginal.value:.2f}",
                "; ".join([LIMITS.get(one.limit, one.limit)] * bool(one.limit) + ["never spent so far"] * one.outside),
            )
            for one in plan.channels
        ],
        right=(1, 2, 3, 4, 5),
    )  # fmt: skip
    print_text(
        f"{plan.value_meaning} No other division within the limits is better by more than {max(plan.gap, 0.01):,.2f}."
    )


def _show_what_if(found: WhatIf, curves: ResponseCurves) -> None:
    from keepers.cli.show import chance
    from keepers.cli.tables import print_text

    print_text(
        f"New customers that the money brings: {_count(found.customers)}, worth {_range(found.value, curves)}. "
        f"Against today's plan, net of spend: {_range(found.gain, curves)}, better with "
        f"{chance(found.probability)} probability."
    )
    if found.outside:
        print_text(
            f"So much or so little was never spent on {', '.join(found.outside)}; there it is more belief than data."
        )


def _show_next(found: NextMoney, curves: ResponseCurves) -> None:
    from keepers.cli.show import chance
    from keepers.cli.tables import print_text

    goes = ", ".join(f"{_money(amount, curves)} to {name}" for name, amount in found.channels.items())
    print_text(
        f"{_money(found.amount, curves)} more: {goes}. It would bring customers worth {_range(found.value, curves)}; "
        f"it pays with {chance(found.probability)} probability."
    )


def _money(amount: float, curves: ResponseCurves) -> str:
    currency = "" if curves.currency in ("", "unspecified") else f" {curves.currency}"
    return f"{amount:,.0f}{currency}"


def _range(found: Figure, curves: ResponseCurves) -> str:
    return f"{_money(found.value, curves)} (80% between {found.low:,.0f} and {found.high:,.0f})"


def _count(found: Figure) -> str:
    return f"{found.value:,.1f} ({found.low:,.1f} to {found.high:,.1f})"


def _plain(value: Any) -> Any:
    """Plain values of nested results."""
    import dataclasses
    import datetime as dt
    import enum

    from keepers.domain.time import Horizon

    if isinstance(value, Horizon):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, enum.Enum):
        return value.value
    return value.isoformat() if isinstance(value, dt.date) else value
