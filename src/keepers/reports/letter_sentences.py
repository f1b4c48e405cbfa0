"""The sentences of the letter: what changed, what was decided, what came of it."""

from __future__ import annotations

import datetime as dt

from keepers.domain.decision import EvidenceGrade
from keepers.domain.proposal import Proposal
from keepers.evaluation.published_changes import ScoreChanges
from keepers.reports.content import ReportContent
from keepers.reports.formatting import count, day, days_long, finite, money, percent, plural
from keepers.reports.letter_facts import Decided, LetterFacts
from keepers.reports.retention_sentences import promise
from keepers.reports.sentences import span

GRADES = {
    EvidenceGrade.PREDICTIVE: "a forecast; nobody has tried what acting on it changes",
    EvidenceGrade.ADJUSTED: "from comparing like with like; something unknown may be behind it",
    EvidenceGrade.EXPERIMENTAL: "proven by an experiment",
}
"""How well something is known, as a person says it."""

_NOTABLE = 0.0005
"""Share of a total below which it did not change, as it is shown."""


def subject(store: str, facts: LetterFacts) -> str:
    """What stands in the list of mails."""
    now = facts.now
    if now.value is None:
        return f"{store}: {plural(now.customers, 'customer')} on {day(now.as_of)}"
    worth = f"{store}: your customers are worth {money(now.value.value, now.currency)}"
    change = facts.value_change
    if facts.same_run or change is None or facts.before is None or not facts.before.value:
        return worth
    share = change / facts.before.value.value if facts.before.value.value else 0.0
    if abs(share) < _NOTABLE:
        return f"{worth}, as on {day(facts.before.as_of)}"
    return f"{worth}, {percent(abs(share))} {'more' if change > 0 else 'less'} than on {day(facts.before.as_of)}"


def opening(facts: LetterFacts) -> str:
    """The first sentence."""
    now = facts.now
    if now.value is None or now.meaning is None:
        return f"This is how your {plural(now.customers, 'customer')} looked on {day(now.as_of)}."
    who = "Your one customer is" if now.customers == 1 else f"Your {plural(now.customers, 'customer')} are"
    return (
        f"{who} expected to bring {money(now.value.value, now.currency)} in the {span(now.meaning.horizon)}, seen from "
        f"{day(now.as_of)}."
    )


def changes(facts: LetterFacts) -> tuple[str, ...]:
    """What happened between the run before and this one; nothing is said of what is not known."""
    before = facts.before
    if facts.same_run:
        return (
            "Nothing was valued anew since the letter before, so that all figures are as they were. Start a run with "
            "newer orders to see what has changed.",
        )
    if before is None:
        return ("There is no earlier run to compare with: the next letter says what has changed since this one.",)
    return tuple(one for one in (*_orders(facts), *_worth(facts), *_people(facts), _model(facts)) if one)


def _orders(facts: LetterFacts) -> tuple[str, ...]:
    now, before = facts.now, facts.before
    if before is None or now.orders is None or before.orders is None:
        return ()
    orders, length = now.orders - before.orders, (now.as_of - before.as_of).days
    if length <= 0:
        return ("No later day is in the data than then: what has changed comes from other files or another model.",)
    if orders < 0 or now.customers < before.customers:
        return (
            "The data hold fewer orders or customers than then (files were left out, or people were erased or found to "
            "be one), so that what came in since cannot be told.",
        )
    if now.revenue is not None and before.revenue is not None and now.currency == before.currency:
        revenue = f" for {money(now.revenue - before.revenue, now.currency)} after refunds"
    else:
        revenue = ""
    people = now.customers - before.customers
    came = "nobody new came" if not people else f"{plural(people, 'customer')} came for the first time"
    if not orders:
        return (f"In {days_long(length)} there was no order.",)
    ordered = f"there {'was' if orders == 1 else 'were'} {plural(orders, 'order')}{revenue}"
    return (f"In {days_long(length)} {ordered}, and {came}.",)


def _worth(facts: LetterFacts) -> tuple[str, ...]:
    now, before, change = facts.now, facts.before, facts.value_change
    if before is None or now.value is None:
        return ()
    if change is None or before.value is None:
        return (
            "What customers are worth cannot be compared with then, as money meant something else (its kind, its time, "
            "its currency, or the discount).",
        )
    earlier, later = (money(one.value, now.currency) for one in (before.value, now.value))
    if abs(change) < _NOTABLE * max(abs(before.value.value), 1.0):
        said = f"What all customers are expected to bring has hardly changed ({later})."
    else:
        share = f" ({percent(abs(change / before.value.value))})" if before.value.value else ""
        verb = "rose" if change > 0 else "fell"
        by = money(abs(change), now.currency)
        said = f"What all customers are expected to bring {verb} by {by}{share}, from {earlier} to {later}."
    return (said, *(() if facts.changes is None else (_bridge(facts.changes, now.currency),)))


def _bridge(found: ScoreChanges, currency: str | None) -> str:
    """Where the change of the total comes from, part by part."""
    came, rose, fell, gone = found.came, found.rose, found.fell, found.gone
    parts = []
    if came.customers:
        new = plural(came.customers, "new customer")
        parts.append(f"{new} {_adds(came.customers)} {money(came.value, currency)}")
    if rose.customers:
        parts.append(
            f"{count(rose.customers)} who are worth more {_adds(rose.customers)} {money(rose.value, currency)}"
        )
    if fell.customers:
        take = "takes" if fell.customers == 1 else "take"
        parts.append(f"{count(fell.customers)} who are worth less {take} {money(-fell.value, currency)}")
    if gone.customers and abs(gone.value) > 0:
        are = "is" if gone.customers == 1 else "are"
        parts.append(f"{count(gone.customers)} who {are} not in the data any more took {money(-gone.value, currency)}")
    if not parts:
        return ""
    text = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{text[:1].upper()}{text[1:]}."


def _adds(people: int) -> str:
    return "adds" if people == 1 else "add"


def _people(facts: LetterFacts) -> tuple[str, ...]:
    found, currency = facts.changes, facts.now.currency
    if found is None:
        return ()
    comparable, said = facts.value_change is not None, []
    subscribed = facts.now.still is None
    if found.quiet.customers:
        what = "ended their subscription" if subscribed else "went quiet: by now they have more likely left than not"
        lost = f"; their expected value fell by {money(found.quiet.value, currency)}" if comparable else ""
        said.append(f"{plural(found.quiet.customers, 'customer')} {what}{lost}.")
    if found.back.customers:
        are = "is" if found.back.customers == 1 else "are"
        won = f"; their expected value rose by {money(found.back.value, currency)}" if comparable else ""
        back = "back" if subscribed else "back, who had been taken for lost"
        said.append(f"{plural(found.back.customers, 'customer')} {are} {back}{won}.")
    return tuple(said)


def _model(facts: LetterFacts) -> str:
    if facts.before is None or facts.before.model == facts.now.model:
        return ""
    return (
        f"Values come from another model than then ({facts.now.model}, not {facts.before.model}), which "
        "moves them, too."
    )


def money_of(one: Proposal) -> str:
    """The money of something to do."""
    return "" if finite(one.money) is None else money(one.money, one.currency or None)


def how_sure(one: Proposal) -> str:
    """What that money is, and how well it is known."""
    low, high = finite(one.low), finite(one.high)
    ends = (
        ""
        if low is None or high is None
        else f" ({money(low, one.currency or None)} to {money(high, one.currency or None)})"
    )
    is_money = f"{one.money_is[:1].upper()}{one.money_is[1:]}{ends}. " if one.money_is and money_of(one) else ""
    return f"{is_money}How sure: {GRADES[one.evidence]}."


def moved(change: float | None, currency: str | None) -> str:
    """A change in money, to stand under a figure."""
    return "" if change is None else "as before" if abs(change) < 0.005 else money(change, currency, signed=True)


def more(change: int | None) -> str:
    """A change in people, to stand under a figure."""
    if change is None:
        return ""
    return "as many as before" if change == 0 else f"{count(abs(change))} {'more' if change > 0 else 'fewer'}"


def expected(one: Decided) -> str:
    """What a decision was to earn."""
    return f"{money(one.expected, one.currency or None)} expected"


def decided(one: Decided) -> str:
    """When it was decided, of whom, and who was held out."""
    about = f", of {plural(one.customers, 'customer')}" if one.customers else ""
    kept = (
        f"; {count(one.held_out)} {'was' if one.held_out == 1 else 'were'} held out as control" if one.held_out else ""
    )
    between = ""
    if one.low < one.high:
        ends = [money(end, one.currency or None) for end in (one.low, one.high)]
        between = f" Expected: {ends[0]} to {ends[1]} with 80% probability."
    return f"Decided on {day(one.decided_at.date())}{about}{kept}.{between}"


def came_of_it(one: Decided) -> str:
    """What it has earned."""
    if one.got is None:
        return "What came of it is not known yet."
    low, high = finite(one.got_low), finite(one.got_high)
    ends = ""
    if low is not None and high is not None:
        ends = f" ({money(low, one.currency or None)} to {money(high, one.currency or None)})"
    return f"By {day(one.until)} it has earned {money(one.got, one.currency or None)}{ends}."


def alerts(facts: LetterFacts) -> tuple[str, ...]:
    """What became of alerts since the letter before."""
    found = facts.alerts
    if found is None:
        return ()
    parts = []
    if found.raised:
        parts.append(f"{plural(found.raised, 'alert')} {'was' if found.raised == 1 else 'were'} raised")
    if found.done:
        stake = "" if found.saved_for is None else f" ({money(found.saved_for, facts.now.currency)} was at stake)"
        parts.append(f"{count(found.done)} {'was' if found.done == 1 else 'were'} acted on{stake}")
    if found.dismissed:
        parts.append(f"{count(found.dismissed)} {'was' if found.dismissed == 1 else 'were'} dismissed")
    if found.lapsed:
        parts.append(f"{count(found.lapsed)} lapsed, as nobody acted in time")
    if not parts:
        return ()
    text = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return (f"{text[:1].upper()}{text[1:]}; {count(found.open)} {'is' if found.open == 1 else 'are'} open.",)


def plans(content: ReportContent, since: dt.date) -> tuple[str, ...]:
    """Budget plans that have ended since a day, held against what happened."""
    kept = () if content.budget is None else [one for one in content.budget.kept if one.last_day > since]
    return tuple(
        f"{one.channel}, {day(one.first_day)} to {day(one.last_day)}: {money(one.planned, content.store.currency)} was "
        f"planned and {money(one.done, content.store.currency)} spent; it earned "
        f"{money(one.earned, content.store.currency)} net of that, "
        f"{money(one.expected, content.store.currency)} was expected."
        for one in kept
    )


def promises(content: ReportContent) -> tuple[str, ...]:
    """What earlier runs said, and what came."""
    return tuple(promise(one, content.store.currency) for one in content.promises)
