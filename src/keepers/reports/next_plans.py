"""The part of the report about the next plan of each subscriber, and its sentences."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.domain.time import Horizon, TimeUnit
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import count, horizon, money, plural

KINDS = {"upgrade": "To a larger plan", "downgrade": "To a smaller plan", "add-on": "One more beside it"}
"""Changes of plan as the report calls them."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One kind of change, or an experiment with offers of plans."""

    name: str
    """`upgrade`, `downgrade` or `add-on`; of an experiment its name."""
    seen: int
    """How many made it; of an experiment, to how many it was offered."""
    compared: int
    """With how many who did not."""
    gain: Estimate
    """What it brought one of them beyond what would have come anyway."""
    proposed: int
    """To how many it is proposed."""
    held_out: int
    """How many more are left alone, to see what it brings."""
    personal: bool
    """Whether choosing for each subscriber passed the gate."""
    evidence: str
    """`adjusted` or `experimental`."""
    proven: bool
    """Whether proposing it to everybody to whom it is open is better than to nobody."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Subscribers of one plan to whom one change is proposed."""

    plan: str
    target: str
    kind: str
    subscribers: int
    gain: float
    """Expected of one of them, mean."""


@dataclass(frozen=True, slots=True)
class PlanMade:
    """A plan that somebody decided to propose, and what came of it."""

    plan: str
    first_day: dt.date
    """From then on payments and changes count."""
    last_day: dt.date
    subscribers: int
    """Who was chosen."""
    held_out: int
    """Who was left alone as control."""
    expected: float
    """What all who were chosen were expected to bring more."""
    earned: Estimate | None
    """What they bring more than those left alone; None while it cannot be said."""
    remark: str
    """What a reader should know."""


@dataclass(frozen=True, slots=True)
class NextPlans:
    """What changes of plan bring, and to whom they are proposed."""

    subscribers: int
    """Who subscribe now."""
    changes: tuple[PlanChange, ...]
    steps: tuple[PlanStep, ...]
    too_few: tuple[tuple[str, int], ...]
    """Kinds of change that too few made to tell, with how many did."""
    down: float
    """Subscribers expected to go to a smaller plan within `soon`."""
    at_stake: float
    """What that would take within the horizon."""
    soon: int
    period: TimeUnit
    ahead: int
    """Periods after a change that were seen."""
    horizon: Horizon
    meaning: MoneyMeaning
    proposal: str = ""
    """The experiment that would show what offering a larger plan brings, in words."""


def lead(found: NextPlans) -> str:
    """What the part is about."""
    later = ""
    if found.ahead * found.period.days < found.horizon.days - found.period.days / 2:
        later = f" ({plural(found.ahead, found.period.value)} were seen, the rest is expected by the model)"
    return (
        f"What a change of plan brings within {horizon(found.horizon)} is what those who changed went on to pay, less "
        f"what subscribers like them went on to pay who did not change then{later}."
    )


def change_words(one: PlanChange) -> str:
    """What a row is called."""
    return KINDS.get(one.name, f"Experiment “{one.name}”")


def compared(one: PlanChange) -> str:
    """Who was compared with whom."""
    if one.evidence == "experimental":
        return f"{plural(one.seen, 'subscriber')} to whom it was offered by lot, against {count(one.compared)} others"
    return f"{plural(one.seen, 'change')}, against {plural(one.compared, 'renewal')} without one"


def believed(one: PlanChange) -> str:
    """Whether it can be believed."""
    if one.evidence == "experimental":
        return "shown by an experiment: it is what offering brings"
    if one.problems:
        return one.problems[0]
    return "likely, not proven: something unknown may have moved both who changed and who stayed"


def risk(found: NextPlans, currency: str | None) -> str:
    """Who may go to a smaller plan."""
    if found.down < 0.5:
        return ""
    some, hang = max(round(found.down), 1), money(found.at_stake, currency)
    return (
        f"About {plural(some, 'subscriber')} can be expected to go to a smaller plan within "
        f"{plural(found.soon, found.period.value)}, as subscribers did before; {hang} hang on it."
    )


def few(found: NextPlans) -> str:
    """What cannot be told."""
    parts = []
    for kind, seen in found.too_few:
        if seen:
            parts.append(f"{KINDS[kind].lower()} ({'one was' if seen == 1 else f'{count(seen)} were'} seen)")
    return f"Too few to tell what they bring: {'; '.join(parts)}." if parts else ""


def verdict(one: PlanChange) -> str:
    """Whether telling subscribers apart pays, and what follows."""
    name = change_words(one)
    if one.personal:
        return f"{name}: on subscribers it was not learned from, choosing for each beat every single rule."
    if one.proven:
        return f"{name}: it pays with everybody to whom it is open; choosing for each was not proven to bring more."
    return f"{name}: not proven to bring more than leaving plans as they are, so it is proposed to nobody."


def nothing(found: NextPlans) -> str:
    """Why nothing is proposed, where nothing is."""
    if found.steps:
        return ""
    return "No change of plan is proven to bring more than staying as they are: offer nothing for now."
