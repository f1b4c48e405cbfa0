"""The weekly letter: what has changed since the last one, what to do, and whether to believe it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.reports import letter_sentences as say
from keepers.reports.content import ReportContent
from keepers.reports.formatting import count, day, money, plural
from keepers.reports.letter_facts import LetterFacts
from keepers.reports.run_figures import RunFigures
from keepers.reports.sentences import VERDICT_HEADLINES, freshness, interval, money_note, span, verdict

_MOST = 5
"""Things to do that stand in a letter: more are not done in a week."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One large figure."""

    label: str
    figure: str
    note: str
    """Its interval, or whose it is."""
    change: str
    """Since the letter before; empty where nothing can be said."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to do, or one thing that was done."""

    title: str
    figure: str
    """Its money, with what that is."""
    text: str
    note: str
    """How well it is known, or what came of it."""
    address: str = ""
    """Page of the running system that tells more."""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, sentences, and rows."""

    title: str
    said: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is read."""

    store: str
    subject: str
    written: dt.date
    as_of: dt.date
    opening: str
    """What stands first, also in the list of mails."""
    figures: tuple[Figure, ...]
    parts: tuple[Part, ...]
    meaning: str
    """What its money means."""
    warning: str
    """Where the data are old, or the store a made-up one."""
    link: str
    """Address of the running system; empty where none was given."""


def write_letter(content: ReportContent, facts: LetterFacts) -> Letter:
    """The letter of a run.

    Parameters
    ----------
    content : ReportContent
        What the run's report says.
    facts : LetterFacts
        What it is compared with, and what was decided since.
    """
    figures, trust = facts.now, VERDICT_HEADLINES[content.verdict.trust]
    parts = (
        Part(_since(facts), say.changes(facts)),
        _to_do(facts),
        _decided(content, facts),
        Part("We said, you got", say.promises(content)),
        Part(
            "Can you trust this?", (f"{trust}.", *verdict(content.verdict), *content.verdict.reservations)
        ),
    )  # fmt: skip
    made_up = "This is a made-up store, to show what Keepers does." if content.store.simulated else ""
    return Letter(
        content.store.name,
        say.subject(content.store.name, facts),
        facts.written.date(),
        figures.as_of,
        say.opening(facts),
        _figures(facts),
        tuple(part for part in parts if part.said or part.rows),
        "" if figures.meaning is None else money_note(figures.meaning),
        freshness(content.store) or made_up,
        facts.link.rstrip("/"),
    )


def _since(facts: LetterFacts) -> str:
    if facts.before is None:
        return "What has changed"
    return f"What has changed since {day(facts.before.as_of)}"


def _figures(facts: LetterFacts) -> tuple[Figure, ...]:
    now, before, currency = facts.now, facts.before, facts.now.currency
    found = []
    if now.value is not None and now.meaning is not None:
        note = interval(now.value, currency) or ""
        found.append(
            Figure(
                f"Expected, {span(now.meaning.horizon)}", money(now.value.value, currency),
                note, say.moved(facts.value_change, currency),
            )
        )  # fmt: skip
    if now.still is not None:
        of = f"of {count(now.customers)} who ever bought"
        found.append(Figure("Still customers", count(now.still.value), of, _people(now, before)))
    if now.subscribers is not None:
        change = None if before is None or before.subscribers is None else now.subscribers - before.subscribers
        pay = "" if now.monthly_revenue is None else f"who pay {money(now.monthly_revenue, currency)} a month"
        found.append(Figure("Subscribers", count(now.subscribers), pay, say.more(change)))
    if now.at_risk is not None:
        who = "" if now.risky is None else f"with {plural(now.risky, 'customer')} who may be leaving"
        earlier = None if before is None or not now.same_money(before) else before.at_risk
        change_of = None if earlier is None else now.at_risk - earlier
        found.append(Figure("Money at risk", money(now.at_risk, currency), who, say.moved(change_of, currency)))
    return tuple(found)


def _people(now: RunFigures, before: RunFigures | None) -> str:
    if before is None or before.still is None or now.still is None:
        return ""
    # As they are shown, so that the reader can add them up.
    return say.more(round(now.still.value) - round(before.still.value))


def _to_do(facts: LetterFacts) -> Part:
    rows = tuple(
        Row(one.title, say.money_of(one), one.why, say.how_sure(one), one.address) for one in facts.to_do[:_MOST]
    )
    said = () if rows else ("Nothing in the data asks for anything this week.",)
    return Part("What to do this week", said, rows)


def _decided(content: ReportContent, facts: LetterFacts) -> Part:
    rows = tuple(
        Row(one.label, say.expected(one), say.decided(one), say.came_of_it(one)) for one in facts.decisions
    )  # fmt: skip
    earlier = facts.now.as_of - dt.timedelta(days=7) if facts.before is None else facts.before.as_of
    said = (*say.alerts(facts), *say.plans(content, earlier))
    if not rows and not said:
        said = ("No decision has been written down in this time.",)
    return Part("What was decided, and what came of it", said, rows)
