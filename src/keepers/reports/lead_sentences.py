"""The plain sentences about leads: whom to call, what a call is worth, and how far the list can be believed."""

from __future__ import annotations

from keepers.reports.formatting import count, money, number, percent, plural
from keepers.reports.kept import HIDDEN
from keepers.reports.leads import LeadRow, Leads, LeadTest, StepRow

_LEANS = 0.3


def lead(found: Leads, currency: str | None) -> str:
    """How many are open, how many can be worked on, and what these bring."""
    text = f"{plural(found.open, 'lead')} {'is' if found.open == 1 else 'are'} open"
    if not found.open:
        return (
            f"{text}: of {count(found.leads)} leads {count(found.won)} became customers, and nobody waits for a call."
        )
    room = plural(found.room, "lead")
    text += f", and your team can work on {room} this week"
    text += " (as many as were closed in a week of late)." if found.from_pace else "."
    if found.week is not None and found.chosen:
        text += (
            f" The best {count(found.chosen)} are expected to bring {money(found.week.value, currency)} "
            f"({money(found.week.low, currency)} to {money(found.week.high, currency)})"
        )
        text += f" of {money(found.all_open, currency)} in all open leads." if found.all_open else "."
    return text


def plan(found: Leads, currency: str | None) -> tuple[str, ...]:
    """What one more call is worth, who changes hands, and whom to leave alone."""
    said = []
    if found.one_more > 0 and found.week is not None:
        said.append(f"Room for one more lead this week would be worth {money(found.one_more, currency)}.")
    if found.moved:
        said.append(
            f"{plural(found.moved, 'lead')} should change hands: "
            f"{'its owner has' if found.moved == 1 else 'their owners have'} better ones to work on."
        )
    if found.leave_alone and found.cost:
        said.append(
            f"{plural(found.leave_alone, 'lead')} {'costs' if found.leave_alone == 1 else 'cost'} more to work on "
            f"({money(found.cost, currency)} each) than {'it is' if found.leave_alone == 1 else 'they are'} "
            "expected to bring."
        )
    if not found.cost:
        said.append(
            "What working on a lead costs was not given and is not taken off: say it in keepers.toml, [leads] cost."
        )
    return tuple(said)


def believing(found: Leads) -> str:
    """How much is prior, and what kind of claim this is."""
    text = (
        "The list says which leads will bring most, not what a call adds to them: only leads drawn by lot and left "
        "uncalled would show that."
    )
    if found.prior_share > _LEANS:
        text += (
            f" With {count(found.won)} leads won, {percent(found.prior_share)} of what is said of a lead is still "
            "experience from elsewhere rather than your own."
        )
    return text


def tested(test: LeadTest) -> str:
    """Whether chances were right in the past."""
    text = (
        f"On days of the past {plural(test.leads, 'lead')} were scored by what was known then: "
        f"{count(test.predicted)} wins within {plural(test.days, 'day')} were expected and {count(test.won)} came. "
        f"Chances were {number(100 * test.error, 1)} points off on average"
    )
    if test.error <= 1.5 * test.by_chance:
        return f"{text}, which is no more than chance makes of right ones."
    return f"{text}; chance alone makes {number(100 * test.by_chance, 1)} points of right ones."


def captured(test: LeadTest) -> str:
    """Whether ranking by value beats ranking by the chance alone."""
    share = {one.order: one.share for one in test.captured}
    text = (
        f"The tenth that this list puts first held {percent(share['value'].value)} of all value that followed; the "
        f"tenth with the best chance {percent(share['chance'].value)}, the newest tenth {percent(share['age'].value)}."
    )
    if test.gain is None or test.gain.low is None or test.gain.high is None:
        return text
    if test.gain.low > 0:
        return f"{text} Ranking by value was better, beyond what chance explains."
    if test.gain.high < 0:
        return f"{text} In these days ranking by the chance alone did better."
    return f"{text} The difference between value and chance may itself be chance."


def why(row: LeadRow) -> str:
    """What adds to a lead or takes from it."""
    owner = () if row.owner in (None, HIDDEN) else (row.owner,)
    return "; ".join((*row.reasons, *owner))


def hands(row: LeadRow) -> str:
    """Who takes a lead."""
    if row.person is None:
        return "later"
    return row.person if row.moved_from is None else f"{row.person} (from {row.moved_from})"


def step(row: StepRow) -> str:
    """What a step added, in words."""
    low, high = row.chance.low or 0.0, row.chance.high or 0.0
    how = "by lot" if row.proven else "leads alike in what is known"
    if low > 0:
        return f"adds ({how})"
    return f"takes away ({how})" if high < 0 else f"nothing proven ({how})"
