"""What is to be decided, as pages and calls show it: proposals nobody has answered, and the answer to one."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException

from keepers.acquisition.budget import BudgetPlan
from keepers.acquisition.response import ResponseCurves
from keepers.acquisition.response_file import FILE as CURVES
from keepers.acquisition.response_file import load_curves
from keepers.domain.access import Visitor
from keepers.domain.errors import KeepersError
from keepers.domain.proposal import Proposal, by_money
from keepers.pipeline.budget_planning import starting
from keepers.pipeline.deciding import give_answer, usual_plan
from keepers.pipeline.lead_list import leads_of
from keepers.pipeline.offer_list import customers_offered
from keepers.pipeline.this_week import of_alerts, proposals
from keepers.storage.answers import Answer
from keepers.storage.live import Generation
from keepers.storage.state import Books
from keepers.web.site import Site


def this_week(site: Site, books: Books, generation: Generation) -> tuple[Proposal, ...]:
    """Everything to decide that nobody has answered, the most money first."""
    held = books.answers.holding(site.now().date())
    found = [one for one in _proposed(site, generation) if one.key not in held]
    return tuple(sorted((*found, *of_alerts(books.alerts.listed())), key=by_money))


def answer(site: Site, visitor: Visitor, key: str, accepted: bool, why: str) -> Answer:
    """Accept or dismiss a proposal.

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
        one = next((some for some in this_week(site, books, generation) if some.key == key), None)
        if one is None:
            raise HTTPException(
                404, "This is not proposed now: somebody has answered it, or a newer run has not found it."
            )
        return give_answer(
            books, one, accepted, why, visitor.name, site.now(), folder=Path(generation.folder), plan=plan
        )  # fmt: skip


def take_plan(site: Site, visitor: Visitor, plan: BudgetPlan, why: str) -> Answer:
    """Accept a plan of the budget that somebody has made."""
    generation = site.generation()
    assert generation is not None
    currency = "" if plan.currency == "unspecified" else plan.currency
    proposed = Proposal(
        "budget", "budget", "Divide the marketing budget as planned", plan.value_meaning, plan.gain.value,
        plan.gain.low, plan.gain.high, "", currency, plan.evidence, "/budget", round(plan.period.days),
    )  # fmt: skip
    with site.state.writing() as books:
        return give_answer(books, proposed, True, why, visitor.name, site.now(), plan=plan)


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
    leads = leads_of(folder)
    if leads:
        try:
            told = site.content(generation).leads
            week = None if told is None else told.week
        except (OSError, KeepersError):
            week = None
    return proposals(said, leads, week, customers_offered(folder))
