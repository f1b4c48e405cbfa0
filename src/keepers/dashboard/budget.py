"""The budget simulator: other totals and bounds, answered at once, and the plan that somebody decides for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from keepers.acquisition.response import ResponseCurves
from keepers.dashboard.kept_lists import kept
from keepers.dashboard.pages import Back, Person, TheSite, changer, page
from keepers.domain.access import Scope, Visitor
from keepers.domain.errors import ConfigError, KeepersError
from keepers.pipeline.budget_planning import BudgetWish, as_report, planned, starting
from keepers.pipeline.live_values import Meaning
from keepers.reports.sections import render_sections
from keepers.storage.generation import Generation
from keepers.web import week
from keepers.web.once import OnceField
from keepers.web.site import Site

router = APIRouter(include_in_schema=False)

_DECIDES = Annotated[Visitor, changer(Scope.DECIDE)]
_LONGEST = 4_000
_LEAST, _MOST = "least.", "most."
_FIELDS = frozenset({"total", "spend_all", "move", "payback", "cash", "weeks"})
_WRITTEN = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+")
"""Numbers as people write them."""


@dataclass(frozen=True)
class Asked:
    """What the form says, as it was typed, and what it means."""

    said: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> Asked:
        """From the fields of a form or an address; empty ones, and what is not asked of a plan, are left out."""
        said = ((name, text.strip()[:200]) for name, text in fields if text.strip())
        return cls({name: text for name, text in said if name in _FIELDS or name.startswith((_LEAST, _MOST))})

    def text(self, name: str, usual: str = "") -> str:
        """What stands in a field."""
        return self.said.get(name, usual)

    @property
    def query(self) -> str:
        """As an address has it."""
        return urlencode(self.said)

    def wish(self) -> BudgetWish:
        """What is asked.

        Raises
        ------
        ConfigError
            Where a field holds no number.
        """
        bounds: dict[str, tuple[float | None, float | None]] = {}
        for name in self.said:
            channel = name.removeprefix(_LEAST).removeprefix(_MOST)
            if channel == name:
                continue
            least, most = self.said.get(f"{_LEAST}{channel}"), self.said.get(f"{_MOST}{channel}")
            bounds[channel] = (
                _number(least, f"The least of {channel}") if least else None,
                _number(most, f"The most of {channel}") if most else None,
            )
        payback = self.text("payback", "target")
        move = self.text("move", "50")
        return BudgetWish(
            total=_number(self.said["total"], "The total") if "total" in self.said else None,
            spend_all=self.text("spend_all") == "1",
            move=None if move == "none" else _number(move, "How far channels may move") / 100.0,
            channels=bounds,
            payback=None if payback in ("none", "target") else _number(payback, "The payback"),
            usual_payback=payback == "target",
            cash=_number(self.said["cash"], "The cash") if "cash" in self.said else None,
            period=_number(self.text("weeks", "4"), "The weeks of the plan"),
        )


@router.get("/budget")
def budget(request: Request, site: TheSite, visitor: Person) -> Response:
    """What to spend where within what is asked, against today's; the address says what is asked."""
    generation = site.generation()
    if generation is None:
        with site.state.reading() as books:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
    try:
        curves = week.curves_of(site, generation)
    except HTTPException as missing:
        return page(request, visitor, "budget", curves=None, shown=None, problem=missing.detail)
    asked = Asked.of(request.query_params.items())
    with site.state.reading() as books:
        lists_kept = kept(books, visitor, "/budget", asked.query)
    return page(request, visitor, "budget", **_answered(site, generation, curves, asked), **lists_kept)


@router.post("/budget/take")
def take(
    site: TheSite,
    visitor: _DECIDES,
    back: Back,
    why: Annotated[str, Form(min_length=1, max_length=2_000)],
    asked: Annotated[str, Form(max_length=_LONGEST)] = "",
    once: OnceField = "",
) -> RedirectResponse:
    """Decide for the plan of what was asked; later runs hold it against what happens."""
    generation = site.generation()
    if generation is None:
        raise HTTPException(404, "There is no plan yet.")
    curves = week.curves_of(site, generation)
    plan, _ = planned(curves, Asked.of(parse_qsl(asked)).wish(), site.project.acquisition)
    if not plan.recommended:
        raise HTTPException(422, "No change is recommended within these limits, so there is nothing to take.")
    week.take_plan(site, visitor, starting(plan, site.now().date()), why, once)
    return back("/decisions")


def _answered(site: Site, generation: Generation, curves: ResponseCurves, asked: Asked) -> dict[str, Any]:
    told: dict[str, Any] = {
        "curves": curves, "asked": asked, "shown": None, "plan": None, "problem": "", "least": _LEAST, "most": _MOST,
        "target": site.project.acquisition.payback_months,
    }  # fmt: skip
    try:
        plan, more = planned(curves, asked.wish(), site.project.acquisition)
        plan = starting(plan, site.now().date())
        content = as_report(
            curves, plan, more, site.said(generation), Meaning.from_dict(generation.settings).margin
        )  # fmt: skip
    except OSError:
        return {**told, "problem": "The results of the newest run are gone. Start a run under Data and runs."}
    except KeepersError as error:
        return {**told, "problem": str(error)}
    try:
        known = site.content(generation).budget
    except (OSError, KeepersError):
        known = None
    if known is not None and content.budget is not None:
        content = replace(content, budget=replace(content.budget, tests=known.tests, kept=known.kept))
    return {**told, "plan": plan, "shown": render_sections(content, ["budget"])}


def _number(text: str, what: str) -> float:
    # A comma that does not part thousands may be meant as a point: 12,5 is not 125.
    value = float(text.replace(",", "")) if _WRITTEN.fullmatch(text) else math.nan
    if not 0 <= value < 1e12:
        raise ConfigError(f"{what} is {text!r}. Write a number that is zero or more, such as 250 or 1,250.50.")
    return value
