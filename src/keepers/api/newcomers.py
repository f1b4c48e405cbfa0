"""Winning customers: channels, which contacts brought them, and what somebody is worth who is none yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING, meaning_of, said_of, served
from keepers.api.shapes import Interval, Meaning
from keepers.pipeline.newcomer_score import groups_of, score_newcomer
from keepers.storage.generation import Generation
from keepers.web.access import Reader, TheSite
from keepers.web.site import Site

router = APIRouter(tags=["acquisition"], responses=ERRORS)


class ChannelList(BaseModel):
    """Channels with what customers of each cost and bring."""

    basis: str
    currency: str | None
    horizon_days: float
    lifetime_days: float
    discount_annual: float
    costs_from: str | None = Field(description="first day of which costs are known")
    costs_to: str | None
    targets: dict[str, float] = Field(description="the owner's: `payback_months`, `ratio`, `overhead`")
    channels: list[dict[str, Any]] = Field(description="a row a channel, with the columns of channels.parquet")
    total: dict[str, Any] = Field(description="all customers together")
    marginal: list[dict[str, Any]] = Field(description="what the next customer costs, where it can be told")
    claims: dict[str, Any] | None = Field(description="what platforms claim, held against orders")
    quality: list[dict[str, Any]] = Field(description="how the worth of a channel's newcomers changed")


class AttributionShape(BaseModel):
    """Which contacts brought customers, by every method, each with its grade of evidence."""

    model_config = ConfigDict(extra="allow")

    basis: str
    currency: str | None
    customers: float
    total: float | None
    methods: list[dict[str, Any]]
    notes: list[str]


class Visitor(BaseModel):
    """What is known of somebody who is not a customer. Nothing of it is kept."""

    model_config = ConfigDict(extra="forbid")

    channel: str | None = Field(None, max_length=200)
    campaign: str | None = Field(None, max_length=200)
    landing_page: str | None = Field(None, max_length=2_000)
    first_product: str | None = Field(None, max_length=300, description="what is in the basket, or is looked at")
    discount_code: str | None = Field(None, max_length=200)
    country: str | None = Field(None, max_length=100)


class Spoke(BaseModel):
    """What one attribute said."""

    attribute: str
    value: str
    customers: int = Field(description="newcomers whom it rests on")
    ratio: float = Field(description="to the value of the average newcomer, drawn towards 1 as far as it is unsure")


class Score(BaseModel):
    """What a visitor is worth if they become a customer: of the average newcomer like them, before winning costs."""

    value: Interval = Field(description="over the horizon, from the first order on, that order included")
    lifetime_value: Interval | None
    chance: float | None = Field(description="of becoming a customer, where leads of such origin tell it")
    expected_value: float | None = Field(description="chance times lifetime value, where both are known")
    prior_share: float = Field(description="how much rests on all newcomers; 1 where nothing of the visitor spoke")
    told_by: list[Spoke]
    said_nothing: list[str] = Field(description="attributes never seen, of too few customers, or not told apart")
    evidence: str = "predictive"
    meaning: Meaning


@router.get("/channels", responses=MISSING)
def channels(site: TheSite, visitor: Reader) -> ChannelList:
    """What customers of each channel cost and bring, when the cost is back, and what may be paid for one more."""
    del visitor
    told = _told(site, "channels", "channels")
    names = set(ChannelList.model_fields) - {"channels"}
    return ChannelList(**{name: told[name] for name in names}, channels=told["rows"])


@router.get("/attribution", responses=MISSING)
def attribution(site: TheSite, visitor: Reader) -> AttributionShape:
    """Which contacts brought customers, by every method, the incremental one first where it can be told."""
    del visitor
    return AttributionShape(**_told(site, "attribution", "attribution"))


@router.post("/scores", responses=MISSING)
def score(site: TheSite, visitor: Reader, who: Visitor) -> Score:
    """What an unknown visitor is worth. Nothing is kept of who was asked about."""
    del visitor
    generation = _served(site)
    given = {name: text for name, text in who.model_dump().items() if text and text.strip()}
    found = score_newcomer(groups_of(Path(generation.folder)), given)
    if found is None or found.predicted is None:
        raise HTTPException(404, "The newest run says nothing of new customers: it had no orders with money.")
    lifetime = None if found.lifetime is None else _interval(found.lifetime)
    return Score(
        value=_interval(found.predicted), lifetime_value=lifetime, chance=found.chance,
        expected_value=None if found.chance is None or found.lifetime is None else found.chance * found.lifetime[0],
        prior_share=found.prior_share,
        told_by=[
            Spoke(attribute=one.attribute, value=one.value, customers=one.customers, ratio=one.ratio)
            for one in found.told_by
        ],
        said_nothing=list(found.unknown),
        meaning=meaning_of(generation).model_copy(update={"population": "new customers, from the first order on"}),
    )  # fmt: skip


def _served(site: Site) -> Generation:
    with site.state.reading() as books:
        return served(books)


def _told(site: Site, part: str, named: str) -> dict[str, Any]:
    won: Any = said_of(site, _served(site)).get("acquisition") or {}
    told: dict[str, Any] | None = won.get(part)
    if told is None:
        why = " ".join(won.get("notes", []))
        raise HTTPException(404, f"The newest run says nothing of {named}. {why}".strip())
    return told


def _interval(found: tuple[float, float, float]) -> Interval:
    return Interval(mean=found[0], low=found[1], high=found[2])
