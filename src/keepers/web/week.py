"""What is to be decided, as pages and calls show it: proposals nobody has answered, and the answer to one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from starlette.exceptions import HTTPException

from keepers.acquisition.budget import BudgetPlan
from keepers.acquisition.budget_record import plan_decisions
from keepers.acquisition.response import ResponseCurves
from keepers.acquisition.response_file import FILE as CURVES
from keepers.acquisition.response_file import load_curves
from keepers.domain.access import Visitor
from keepers.domain.errors import KeepersError
from keepers.domain.proposal import Proposal, by_money
from keepers.pipeline.budget_planning import starting
from keepers.pipeline.deciding import give_answer, usual_plan
from keepers.pipeline.offer_list import customers_offered
from keepers.pipeline.this_week import of_alerts, proposals
from keepers.storage.answers import Answer
from keepers.storage.generation import Generation
from keepers.storage.state import Books
from keepers.web.leads import open_leads
from keepers.web.site import Site


def this_week(site: Site, books: Books, generation: Generation) -> tuple[Proposal, ...]:
    """Everything to decide that nobody has answered, the most money first."""
    held = books.answers.holding(site.now().date())
    found = [one for one in _proposed(site, generation) if one.key not in held]
    return tuple(sorted((*found, *of_alerts(books.alerts.listed())), key=by_money))


def answer(site: Site, visitor: Visitor, key: str, accepted: bool, why: str, once: str = "") -> Answer:
    """Accept or dismiss a proposal; what was sent under the same name before is answered as it was.

    Raises
    ------
    HTTPException
        404 where there is no such proposal, or somebody was faster.
    ConfigError
        Without a reason.
    """
    generation = site.generation()
    if generation is None:
        raise HTTPException(404, "Nothing is proposed before the first run has ended.")
    plan = None
    if accepted and key == "budget":
        # Worked out before, as nobody else writes meanwhile.
        plan = starting(usual_plan(curves_of(site, generation), site.project.acquisition), site.now().date())
    with site.state.writing() as books:
        before = books.once.said(visitor.name, once and f"decision {key} {once}", site.now())
        if before is not None:
            return Answer.from_dict(before)
        one = next((some for some in this_week(site, books, generation) if some.key == key), None)
        if one is None:
            raise HTTPException(
                404, "This is not proposed now: somebody has answered it, or a newer run has not found it."
            )
        given = give_answer(
            books, one, accepted, why, visitor.name, site.now(), folder=Path(generation.folder), plan=plan
        )  # fmt: skip
        # What is said of a customer stands in the book of alerts alone, where it is erased with them.
        kept = given if one.alert is None else replace(given, why="", title="")
        books.once.keep(visitor.name, once and f"decision {key} {once}", kept.to_dict(), site.now())
    return given


def take_plan(site: Site, visitor: Visitor, plan: BudgetPlan, why: str, once: str = "") -> None:
    """Accept a plan of the budget that somebody has made; once, where it was sent again or is in force already."""
    currency = "" if plan.currency == "unspecified" else plan.currency
    proposed = Proposal(
        "budget", "budget", "Divide the marketing budget as planned", plan.value_meaning, plan.gain.value,
        plan.gain.low, plan.gain.high, "", currency, plan.evidence, "/budget", round(plan.period.days),
    )  # fmt: skip
    once = once and f"plan {once}"
    with site.state.writing() as books:
        if books.once.said(visitor.name, once, site.now()) is None and not _in_force(books, plan, site.now()):
            given = give_answer(books, proposed, True, why, visitor.name, site.now(), plan=plan)
            books.once.keep(visitor.name, once, given.to_dict(), site.now())


def _in_force(books: Books, plan: BudgetPlan, now: dt.datetime) -> bool:
    """Whether the plan that somebody took last says the same for the same days."""
    last = books.answers.holding(now.date()).get("budget")
    taken = [books.ledger.decision(name) for name in last.decision_ids] if last is not None else []
    return {(one.audience.rule, one.action.label) for one in taken if one is not None} == {
        (one.audience.rule, one.action.label) for one in plan_decisions(plan, now)
    }


def curves_of(site: Site, generation: Generation) -> ResponseCurves:
    """How channels answer to money, as the run has learned it.

    Raises
    ------
    HTTPException
        404 where it has learned nothing of it.
    """
    path = Path(generation.folder) / CURVES
    if not path.exists():
        raise HTTPException(
            404,
            "There is no budget to plan: the newest run knew of no spend. Add a file with date, channel and amount, "
            "or the export of an advertising platform.",
        )
    return site.once("curves", generation, lambda: load_curves(path))


def _proposed(site: Site, generation: Generation) -> tuple[Proposal, ...]:
    folder = Path(generation.folder)
    try:
        said = site.said(generation)
    except OSError:
        return ()
    week = None
    leads = open_leads(generation)
    if leads:
        try:
            told = site.content(generation).leads
            week = None if told is None else told.week
        except (OSError, KeepersError):
            week = None
    return proposals(said, leads, week, customers_offered(folder))
