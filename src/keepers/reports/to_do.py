"""What an owner could do this week, by what the report says: each with its money and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.domain.decision import EvidenceGrade
from keepers.reports import budget_sentences, decision_sentences, lead_sentences, sentences
from keepers.reports.content import ReportContent
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import count, day, finite, money, plural

GRADES = {
    EvidenceGrade.PREDICTIVE: "a forecast: nobody has tried yet what acting on it changes",
    EvidenceGrade.ADJUSTED: "from comparing like with like: something unknown may be behind it",
    EvidenceGrade.EXPERIMENTAL: "proven by an experiment",
}
"""How well money here is known, as a person says it."""


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing to do."""

    title: str
    """As an order: "Look after 12 customers"."""
    text: str
    """Why, and what exactly, in one or two sentences."""
    section: str
    """Part of the report that tells more."""
    grade: EvidenceGrade
    """How well the money is known."""
    gain: float | None = None
    """What it is about, in money; None without any."""
    label: str = "could bring"
    """What `gain` is, to stand before it."""
    interval: Estimate | None = None
    """The gain with its interval, where one is known."""
    meaning: MoneyMeaning | None = None
    """The five things for `gain`."""


def to_do(content: ReportContent) -> tuple[ToDo, ...]:
    """Everything that the content gives reason to do, what is about the most money first."""
    found = [
        *_look_after(content), *_win_back(content), *_call(content), *_spend(content), *_offer(content),
        *_try_out(content),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: -(one.gain or 0.0)))


def _look_after(content: ReportContent) -> list[ToDo]:
    found: list[ToDo] = []
    for warned in content.warnings:
        # Alerts are of customers and subscribers alike, and stand in both parts.
        who = f"{warned.whose}s"
        if warned.remembers and warned.alerts:
            people, loss = len(warned.alerts), _sum([row.expected_loss for row in warned.alerts])
            due = min(row.due for row in warned.alerts)
            late = sum(row.due < content.store.last_day for row in warned.alerts)
            text = (
                f"{plural(people, 'alert')} {'waits' if people == 1 else 'wait'} for somebody"
                + (f", {count(late)} of them overdue" if late else f"; the first is due on {day(due)}")
                + ". The list says whom, why, and what to do."
            )
        else:
            people, loss = min(len(warned.rows), 15), _sum([row.expected_loss for row in warned.rows[:15]])
            text = "Their risk of leaving is well above what is usual for them. The list says whom, and why."
        if not people or any(one.section == "warnings" for one in found):
            continue
        title = f"Look after {plural(people, warned.whose, who)} who may be leaving"
        found.append(ToDo(title, text, "warnings", EvidenceGrade.PREDICTIVE, loss, "at stake", meaning=warned.meaning))
    return found


def _win_back(content: ReportContent) -> list[ToDo]:
    risk = content.at_risk
    if risk is None or not risk.either.customers or any(one.rows for one in content.warnings):
        return []
    gone, people = sentences.money_at_risk(risk.either), risk.either.customers
    text = f"{plural(people, 'customer')} {'is' if people == 1 else 'are'} late or silent. The list names them."
    title = f"Win back {plural(people, 'customer')}"
    return [ToDo(title, text, "risk", EvidenceGrade.PREDICTIVE, gone, "at stake", meaning=risk.meaning)]


def _call(content: ReportContent) -> list[ToDo]:
    found = content.leads
    if found is None or not found.chosen:
        return []
    text = lead_sentences.lead(found, content.store.currency)
    gain = None if found.week is None else finite(found.week.value)
    title = f"Call the best {plural(found.chosen, 'lead')}" if found.chosen > 1 else "Call the best lead"
    return [
        ToDo(
            title, text, "leads", EvidenceGrade.PREDICTIVE, gain, "expected of them", found.week, found.meaning
        )
    ]  # fmt: skip


def _spend(content: ReportContent) -> list[ToDo]:
    found, currency = content.budget, content.store.currency
    if found is None:
        return []
    said = []
    if found.recommended:
        moved = [one for one in found.channels if abs(one.planned - one.today) > 0.02 * max(one.today, 1e-9)]
        proven = bool(moved) and all(one.proven for one in moved)
        text = f"{budget_sentences.budget_verdict(found, currency)} {budget_sentences.budget_gain(found, currency)}"
        grade = EvidenceGrade.EXPERIMENTAL if proven else EvidenceGrade.ADJUSTED
        gain = finite(found.gain.value)
        title = "Divide the budget anew"
        said.append(ToDo(title, text, "budget", grade, gain, "could bring", found.gain, found.meaning))
    if found.tests:
        test = found.tests[0]
        text = budget_sentences.experiment_sentence(test, currency)
        title = f"Try out what {test.channel} brings"
        said.append(
            ToDo(
                title, text, "budget", EvidenceGrade.ADJUSTED, test.worth - test.cost, "worth knowing",
                meaning=found.meaning,
            )
        )  # fmt: skip
    return said


def _offer(content: ReportContent) -> list[ToDo]:
    said = []
    for found in () if content.offers is None else content.offers.experiments:
        if not found.treated:
            continue
        currency = content.store.currency
        gain = Estimate(
            found.gain.value * found.choosable,
            None if found.gain.low is None else found.gain.low * found.choosable,
            None if found.gain.high is None else found.gain.high * found.choosable,
        )
        text = (
            f"{decision_sentences.experiment_verdict(found, currency)} {decision_sentences.experiment_counts(found)}"
        ).strip()
        grade = EvidenceGrade.EXPERIMENTAL if found.experimental else EvidenceGrade.ADJUSTED
        title = f"Send “{found.name}” to {plural(found.treated, 'customer')}"
        said.append(
            ToDo(title, text, "offers", grade, finite(gain.value), "could bring", gain, found.meaning)
        )  # fmt: skip
    return said


def _try_out(content: ReportContent) -> list[ToDo]:
    found = content.drivers
    one = None if found is None else next((each for each in found.proposals if each.possible), None)
    if found is None or one is None:
        return []
    text = decision_sentences.proposal(one, content.store.currency)
    return [
        ToDo(
            f"Try out: {one.label}", text, "drivers", EvidenceGrade.PREDICTIVE, one.could_earn, "at most, if it works",
            meaning=found.meaning,
        )
    ]  # fmt: skip


def amount(one: ToDo, currency: str | None) -> str:
    """The money of one with what it is: "€1,200 at stake"."""
    return "" if finite(one.gain) is None else f"{money(one.gain, currency)} {one.label}"


def _sum(parts: list[float | None]) -> float | None:
    known = [one for one in parts if one is not None]
    return sum(known) if known else None
