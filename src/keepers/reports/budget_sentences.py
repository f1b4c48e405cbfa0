"""The plain sentences about the budget: each says in words what the figures beside it say."""

from __future__ import annotations

from collections.abc import Iterable

from keepers.reports.budget import Budget, BudgetChannel, NextMoney, SpendTest
from keepers.reports.formatting import count, day, horizon, money, number, percent, plural
from keepers.reports.sentences import interval

_NOTABLE = 0.02
_SURE = 0.995


def budget_verdict(found: Budget, currency: str | None) -> str:
    """Whether to change anything, and what that should bring."""
    if all(abs(one.planned - one.today) <= _NOTABLE * max(one.today, 1e-9) for one in found.channels):
        return "Spend as you do now: within the limits no other division is expected to bring more."
    if not found.recommended:
        return (
            "Spend as you do now. The best other plan that the data can name is better than today’s with a probability "
            f"of {_chance(found.probability)} only, or by too little to be worth the trouble."
        )
    less = [one for one in found.channels if one.planned < one.today * (1 - _NOTABLE)]
    more = [one for one in found.channels if one.planned > one.today * (1 + _NOTABLE)]
    parts = []
    if less:
        parts.append(f"less on {_listed(one.name for one in less)}")
    if more:
        parts.append(f"more on {_listed(one.name for one in more)}")
    return (
        f"Spend {' and '.join(parts)}: {money(found.planned, currency)} a week in all instead of "
        f"{money(found.today, currency)}."
    )


def budget_gain(found: Budget, currency: str | None) -> str:
    """What the plan is expected to bring beyond today's."""
    if not found.recommended:
        return ""
    return (
        f"From {day(found.starts_on)}, for {horizon(found.period)}: expected to bring "
        f"{money(found.gain.value, currency)} more than today’s plan, net of what is spent "
        f"({interval(found.gain, currency)}), and better than today’s with a probability of "
        f"{_chance(found.probability)}."
    )


def budget_limits(found: Budget, currency: str | None) -> str:
    """What the plan was allowed to do, and that it is the best within that."""
    moves = "" if found.move is None else f"No channel changes by more than {percent(found.move)} in one period. "
    if found.payback is not None:
        moves += (
            f"What is spent on a channel must come back within {horizon(found.payback)} by those whom it brings, "
            "as far as the limit of moves allows. "
        )
    return (
        f"{moves}No other division within these limits is expected to bring more than "
        f"{money(max(found.gap, 0.01), currency)} more."
    )


def channel_basis(found: BudgetChannel) -> str:
    """On what a curve rests."""
    if not found.weeks:
        return f"{found.name}: the curve comes from another program."
    grade = "proven by an experiment" if found.proven else "from weeks with more and less money, busy weeks allowed for"
    return (
        f"{found.name}: {count(found.won)} new customers in {plural(found.weeks, 'week')} with spend, {grade}; "
        f"{percent(found.prior_share)} of what is said of its steepness is prior belief."
    )


def next_sentence(found: NextMoney, limited: bool, currency: str | None) -> str:
    """Where more money would go, and whether it pays."""
    goes = _listed(f"{money(amount, currency)} to {name}" for name, amount in found.channels)
    brings = f"would bring customers worth {money(found.value.value, currency)} ({interval(found.value, currency)})"
    where = "on top of the plan, if nothing limited it" if limited else "on top of the plan"
    text = f"The next {money(found.amount, currency)} {where}: {goes}. It {brings}"
    if found.value.value < found.amount:
        return f"{text}, less than it costs: keep it."
    return f"{text}; it pays with a probability of {_chance(found.probability)}."


def experiment_sentence(found: SpendTest, currency: str | None) -> str:
    """What to do in an experiment and why."""
    what = "Pause" if not found.spend else f"Spend {money(found.spend, currency)} a week on"
    cost = (
        "it is expected to cost nothing"
        if found.cost < 0.005 * max(found.worth, 1.0)
        else f"it costs about {money(found.cost, currency)}"
    )
    return (
        f"{what} {found.channel} in {horizon(found.length)} drawn by lot, or in half of the regions (now "
        f"{money(found.today, currency)} a week), and count new customers: {number(found.customers[1], 1)} a week are "
        f"expected then, {number(found.customers[0], 1)} otherwise. What it teaches is worth about "
        f"{money(found.worth, currency)} in a year of plans; {cost}."
    )


def _chance(share: float) -> str:
    return "over 99%" if share > _SURE else percent(share)


def _listed(parts: Iterable[str]) -> str:
    texts = list(parts)
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
