"""The quarterly report for paper: what customers are worth, what was decided, and whether to trust it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from keepers.domain.errors import EngineError, MissingExtraError
from keepers.domain.proposal import Proposal
from keepers.reports import quarterly_parts as parts
from keepers.reports import sentences
from keepers.reports.content import ReportContent
from keepers.reports.formatting import count, day, money, plural
from keepers.reports.letter_facts import AlertCounts, Decided
from keepers.reports.paper import figure
from keepers.reports.quarterly_cohorts import cohorts
from keepers.reports.quarterly_worth import worth
from keepers.reports.quarters import reported
from keepers.reports.run_figures import RunFigures, figures_of

_TYPESET = Path(__file__).parent / "typeset"


class Paper(Enum):
    """The size of pages."""

    A4 = "a4"
    LETTER = "us-letter"


@dataclass(frozen=True, slots=True)
class QuarterlyFacts:
    """What a quarterly report is written from beside the content of the newest run."""

    written: dt.datetime
    """When, in the business's time zone."""
    runs: tuple[RunFigures, ...] = ()
    """All runs that are known, the newest one among them."""
    decisions: tuple[Decided, ...] = ()
    """Of the quarter, or with an outcome in it."""
    alerts: AlertCounts | None = None
    """Of the quarter; None outside a project."""
    to_do: tuple[Proposal, ...] = ()
    """What there is to decide, the most money first; none of it names a person."""


def quarterly_pdf(content: ReportContent, facts: QuarterlyFacts, paper: Paper = Paper.A4) -> bytes:
    """The report as a tagged PDF (PDF/UA-1).

    Raises
    ------
    MissingExtraError
        The typesetter is not installed.
    EngineError
        It fails.
    """
    return typeset(quarterly_said(content, facts, paper), "pdf")[0]


def typeset(said: dict[str, Any], kind: Literal["pdf", "png"]) -> list[bytes]:
    """What was said, set: one PDF, or a picture a page for ``kind="png"``.

    Raises
    ------
    MissingExtraError
        The typesetter is not installed.
    EngineError
        It fails.
    """
    try:
        import typst
    except ModuleNotFoundError:
        raise MissingExtraError("typst", "pdf", "The quarterly report") from None
    moment = dt.datetime.fromisoformat(said["moment"])
    try:
        found = typst.compile(
            str(_TYPESET / "quarterly.typ"),
            root=str(_TYPESET),
            format=kind,
            ppi=80.0,
            sys_inputs={"said": json.dumps(said)},
            pdf_standards=["ua-1"] if kind == "pdf" else [],
            timestamp=int(moment.timestamp()),
        )
    except typst.TypstError as error:
        raise EngineError(f"The quarterly report could not be set: {error}") from None
    # Of several pages there is a list of pictures, which its types do not tell.
    return list(found) if not isinstance(found, bytes) else [found]


def quarterly_said(content: ReportContent, facts: QuarterlyFacts, paper: Paper = Paper.A4) -> dict[str, Any]:
    """Everything that the report says, as plain values."""
    store, now = content.store, figures_of(content)
    quarter = reported(store.last_day)
    so_far = f"{quarter}" if quarter.last <= store.last_day else f"{quarter} so far"
    found = [
        worth(content, facts.runs),
        parts.customers(content),
        cohorts(content),
        parts.channels(content),
        parts.staying(content),
        parts.subscriptions(content),
        parts.decisions(content, facts.decisions, facts.alerts, facts.to_do, quarter),
        parts.trust(content),
        parts.method(content),
    ]
    headline = sentences.VERDICT_HEADLINES[content.verdict.trust]
    made_up = "This is a made-up store, to show what Keepers does." if store.simulated else ""
    return {
        "title": f"{store.name}: quarterly report on customers, {so_far}",
        "description": f"What the customers of {store.name} are worth, seen from {day(store.last_day)}.",
        "paper": paper.value,
        "store": store.name,
        "quarter": so_far,
        "day": day(store.last_day),
        "written": day(facts.written.date()),
        "moment": facts.written.isoformat(),
        "opening": _opening(content, now),
        "figures": _cover(content, now),
        "trust": {"headline": headline, "text": " ".join(sentences.verdict(content.verdict)[:1])},
        "warning": " ".join(one for one in (sentences.freshness(store), made_up) if one),
        "meaning": "" if now.meaning is None else f"{sentences.money_note(now.meaning)}.",
        "parts": [part.to_dict() for part in found if part is not None],
    }


def _opening(content: ReportContent, now: RunFigures) -> str:
    equity, currency = content.equity, content.store.currency
    if now.value is None or now.meaning is None:
        return f"How {plural(now.customers, 'customer')} looked on {day(now.as_of)}."
    who = "Your one customer is" if now.customers == 1 else f"Your {plural(now.customers, 'customer')} are"
    text = f"{who} expected to bring {money(now.value.value, currency)} in the {sentences.span(now.meaning.horizon)}"
    known = sentences.interval(now.value, currency)
    text += f", {known}." if known else "."
    return text if equity is None else f"{text} {sentences.equity_spread(equity, now.customers)}"


def _cover(content: ReportContent, now: RunFigures) -> list[dict[str, str]]:
    currency, found = content.store.currency, []
    if now.value is not None and now.meaning is not None:
        found.append(figure(f"Expected, {sentences.span(now.meaning.horizon)}", money(now.value.value, currency)))
    if now.still is not None:
        found.append(figure("Still customers", count(now.still.value), f"of {count(now.customers)} who ever bought"))
    if now.subscribers is not None:
        pay = "" if now.monthly_revenue is None else f"{money(now.monthly_revenue, currency)} a month"
        found.append(figure("Subscribers", count(now.subscribers), pay))
    if now.at_risk is not None:
        who = "" if now.risky is None else plural(now.risky, "customer")
        found.append(figure("Money at risk", money(now.at_risk, currency), who))
    return found[:4]
