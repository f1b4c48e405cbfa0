"""Answers to proposals: what is accepted goes into the ledger, so that it can be held against what happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from keepers.acquisition.budget import BudgetLimits, BudgetPlan, plan_budget
from keepers.acquisition.budget_record import take
from keepers.acquisition.response import ResponseCurves
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.alert import AlertStatus
from keepers.domain.decision import Action, Audience, Decision
from keepers.domain.errors import ConfigError
from keepers.domain.proposal import Proposal
from keepers.pipeline.budgeting import payback_target
from keepers.pipeline.next_plan_list import plans_offered
from keepers.pipeline.offer_list import offers_of
from keepers.storage.answers import ACCEPTED, DISMISSED, Answer
from keepers.storage.state import Books


def usual_plan(curves: ResponseCurves, rules: AcquisitionRules) -> BudgetPlan:
    """The plan that a run makes: today's total, usual moves, the owner's payback."""
    return plan_budget(curves, BudgetLimits(payback=payback_target(rules, curves)))


def give_answer(
    books: Books,
    one: Proposal,
    accepted: bool,
    why: str,
    by: str,
    now: dt.datetime,
    *,
    folder: Path | None = None,
    plan: BudgetPlan | None = None,
) -> Answer:
    """Keep what somebody says to a proposal, and write what is accepted into the ledger.

    Parameters
    ----------
    books : Books
        In a transaction that writes.
    one : Proposal
        What was proposed.
    accepted : bool
    why, by : str
        The reason in words, and who says it.
    now : datetime
        The present moment.
    folder : Path, optional
        Of the run, for whom an offer goes to.
    plan : BudgetPlan, optional
        Of an accepted budget.

    Raises
    ------
    ConfigError
        Without a reason, or if the alert behind it is closed already.
    """
    if not why.strip():
        raise ConfigError("Say why, in a few words: whoever looks back will want to know.")
    ids: tuple[str, ...] = ()
    if one.alert is not None:
        books.alerts.close(one.alert, AlertStatus.DONE if accepted else AlertStatus.DISMISSED, why, now)
    elif accepted:
        ids = _recorded(books, one, why, now, folder, plan)
    said = Answer(
        one.key, one.kind, one.title, ACCEPTED if accepted else DISMISSED, why, by, now,
        now.date() + dt.timedelta(days=max(one.holds_days - 1, 0)), one.money, one.currency, one.evidence, ids,
    )  # fmt: skip
    if one.alert is None:
        # The book of alerts keeps what is said of a customer, where it can be erased with them.
        books.answers.give(said)
    told = {} if one.alert is not None else {"title": one.title, "why": why.strip()}
    books.users.note(by, f"decision {said.answer}", one.key, now, told)
    return said


def _recorded(
    books: Books, one: Proposal, why: str, now: dt.datetime, folder: Path | None, plan: BudgetPlan | None
) -> tuple[str, ...]:
    if one.kind == "budget" and plan is not None:
        return take(books.ledger, plan, now)
    if one.kind == "offer" and folder is not None:
        return _offers(books, one, now, folder)
    if one.kind == "plan" and folder is not None:
        return _plans(books, one, now, folder)
    gain = 0.0 if one.money is None else one.money
    entry = Decision(
        f"{one.key}:{now.strftime('%Y%m%dT%H%M%S')}", now, Action(one.kind, one.title), Audience(one.money_is, ()),
        gain, gain if one.low is None else one.low, gain if one.high is None else one.high, one.currency, one.evidence,
        (one.why, why.strip()),
    )  # fmt: skip
    books.ledger.record(entry)
    return (entry.decision_id,)


def _offers(books: Books, one: Proposal, now: dt.datetime, folder: Path) -> tuple[str, ...]:
    """An entry for each offer, with whom it goes to and who is held out."""
    return _entries(books, one, now, [
        (offer.gain, Action(offer.offer, offer.offer, offer.outlay),
         Audience(f"customers of “{one.subject}” who get “{offer.offer}”", offer.customers, offer.held_out))
        for offer in offers_of(folder, one.subject)
    ])  # fmt: skip


def _plans(books: Books, one: Proposal, now: dt.datetime, folder: Path) -> tuple[str, ...]:
    """An entry for each plan that is offered, with whom to and who is left alone."""
    return _entries(books, one, now, [
        (offer.gain, Action(f"plan {offer.plan}", f"Offer the plan {offer.plan}"),
         Audience(f"subscribers to whom the plan “{offer.plan}” is proposed", offer.customers, offer.held_out))
        for offer in plans_offered(folder, one.subject)
    ])  # fmt: skip


def _entries(
    books: Books, one: Proposal, now: dt.datetime, lists: Sequence[tuple[float, Action, Audience]]
) -> tuple[str, ...]:
    """Entries that share what the proposal should earn as they are expected to."""
    total = sum(gain for gain, _, _ in lists)
    ids = []
    for number, (own, action, audience) in enumerate(lists, start=1):
        share = own / total if total > 0 else 1 / len(lists)
        gain, low, high = (0.0 if end is None else end * share for end in (one.money, one.low, one.high))
        entry = Decision(
            f"{one.key}:{now.strftime('%Y%m%dT%H%M%S')}:{number}", now, action, audience, gain, low, high,
            one.currency, one.evidence, (one.why,),
        )  # fmt: skip
        books.ledger.record(entry)
        ids.append(entry.decision_id)
    return tuple(ids)
