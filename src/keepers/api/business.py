"""The business as a whole: the overview, models and trust, what the newest run says of channels and decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING, HorizonName, meaning_of, reach_of, said_of, served
from keepers.api.shapes import LookShape, Overview, Trust
from keepers.domain.access import Scope
from keepers.pipeline.looks import looks_of
from keepers.storage.live_lists import Filter
from keepers.web.access import Reader, TheSite
from keepers.web.leads import without_people

router = APIRouter(tags=["business"], responses=ERRORS)


@router.get("/overview")
def overview(site: TheSite, visitor: Reader, horizon: HorizonName = "") -> Overview:
    """What all customers are worth together, how many are still customers, and whether it can be trusted."""
    del visitor
    with site.state.reading() as books:
        generation = served(books)
        reach = reach_of(generation, horizon)
        totals = books.lists(generation.number, reach).totals(Filter())
        events = books.inbox.count()
    said: dict[str, Any] = said_of(site, generation)
    return Overview(
        store=said["store"]["name"],
        customers=totals.customers,
        revenue=totals.revenue,
        value=totals.value,
        money_at_risk=totals.money_at_risk,
        equity=said.get("equity"),
        activity=said.get("activity"),
        verdict=said["verdict"],
        events_received=events,
        meaning=meaning_of(generation, reach),
    )


@router.get("/models")
def models(site: TheSite, visitor: Reader) -> Trust:
    """The fitted models with their parameters, and what their backtest found."""
    del visitor
    with site.state.reading() as books:
        generation = served(books)
    said: dict[str, Any] = said_of(site, generation)
    looks = looks_of(Path(generation.folder))
    return Trust(
        models=said["models"], verdict=said["verdict"], backtest=said.get("backtest"),
        since=[] if looks is None else [LookShape(**one) for one in looks.to_list()],
    )  # fmt: skip


@router.get("/run")
def run_summary(site: TheSite, visitor: Reader) -> dict[str, Any]:
    """Everything that the newest run says of itself, as its summary.json has it; names for who may see persons."""
    with site.state.reading() as books:
        generation = served(books)
    said = said_of(site, generation)
    return said if visitor.may(Scope.PERSONS) else without_people(said)


@router.get("/run/{part}", responses=MISSING)
def run_part(site: TheSite, visitor: Reader, part: str) -> Any:
    """One part of it: `equity`, `offers`, `drivers`, `keeping`, `subscriptions`, and so on."""
    said = run_summary(site, visitor)
    if part not in said:
        raise HTTPException(404, f"The run says nothing of {part!r}. It has: {', '.join(said)}.")
    return said[part]
