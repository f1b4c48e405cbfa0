"""The quarterly report: its figures are those of the content, it is a tagged PDF, and no text of it is markup."""

from __future__ import annotations

import datetime as dt
import json
import re
import struct
import zlib
from dataclasses import replace
from typing import Any

import pytest

from keepers.domain.decision import EvidenceGrade
from keepers.domain.proposal import Proposal
from keepers.reports.figures import Estimate
from keepers.reports.letter_facts import Decided
from keepers.reports.quarterly import Paper, QuarterlyFacts, quarterly_pdf, quarterly_said, typeset
from keepers.reports.quarters import Quarter, quarter_rows, reported
from keepers.reports.run_figures import RunFigures, figures_of
from unit.reports.content_example import example_content

NOW = dt.datetime(2025, 7, 1, 7, tzinfo=dt.UTC)
CONTENT = example_content()
FIGURES = figures_of(CONTENT)
DECIDED = Decided(
    "Send a postcard", NOW, 200, 40, 120.0, -10.0, 260.0, "EUR", EvidenceGrade.EXPERIMENTAL, 80.0, 20.0, 140.0,
    dt.date(2025, 6, 30),
)  # fmt: skip
PROPOSED = Proposal(
    "budget", "budget", "Divide the budget anew", "A week: less.", 652.0, 493.0, 815.0, "more than today", "EUR",
    EvidenceGrade.ADJUSTED, "/budget",
)  # fmt: skip


def _earlier(days: int, value: float) -> RunFigures:
    return replace(FIGURES, as_of=FIGURES.as_of - dt.timedelta(days=days), value=Estimate(value, value - 1, value + 1))


def _blocks(said: dict[str, Any], part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(one["blocks"] for one in said["parts"] if one["title"] == part)
    return found


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """A report with everything."""
    runs = (FIGURES, _earlier(95, 450_000.0), replace(_earlier(190, 9.0), currency="USD"), _earlier(96, 1.0))
    return quarterly_said(CONTENT, QuarterlyFacts(NOW, runs, (DECIDED,), None, (PROPOSED,)))


def test_quarters_hold_what_their_months_hold() -> None:
    assert CONTENT.reconciliation is not None
    rows = quarter_rows(CONTENT, (), 99)
    months = CONTENT.reconciliation.months
    assert sum(row.orders for row in rows) == sum(one.orders for one in months)
    assert sum(row.revenue or 0.0 for row in rows) == pytest.approx(sum(one.revenue or 0.0 for one in months))
    assert [row.quarter for row in rows] == sorted({row.quarter for row in rows})
    assert all(row.whole for row in rows[:-1])
    assert sum(row.new_customers or 0 for row in rows) == CONTENT.store.customers


def test_a_quarter_that_has_just_begun_is_not_what_is_reported() -> None:
    assert reported(dt.date(2026, 1, 20)) == Quarter(2025, 4)
    assert reported(dt.date(2026, 3, 31)) == Quarter(2026, 1)
    assert (Quarter(2025, 4).first, Quarter(2025, 4).last) == (dt.date(2025, 10, 1), dt.date(2025, 12, 31))


def test_value_by_quarter_is_what_the_last_run_of_each_said_in_the_same_money(said: dict[str, Any]) -> None:
    told = next(
        block for block in _blocks(said, "What your customers are worth")
        if block.get("caption", "").startswith("What all customers were")
    )  # fmt: skip
    shown = [(row["cells"][0].partition(",")[0].replace("\xa0", " "), row["cells"][1]) for row in told["rows"]]
    assert shown == [("Q1 2025", "€450,000"), ("Q3 2025", "€492,377")]


def test_what_was_decided_and_what_to_do_stand_in_it(said: dict[str, Any]) -> None:
    decided, proposed = (
        block["items"][0] for block in _blocks(said, "Decisions and what came of them") if block["kind"] == "deeds"
    )
    assert (decided["title"], "earned €80.00" in decided["note"]) == ("Send a postcard", True)
    assert (proposed["title"], proposed["figure"]) == ("Divide the budget anew", "€652")
    assert "from comparing like with like" in proposed["note"]


def test_nobody_is_named(said: dict[str, Any]) -> None:
    assert CONTENT.at_risk is not None
    names = {row.name for row in CONTENT.at_risk.customers}
    names |= {row.name for warned in CONTENT.warnings for row in warned.rows}
    text = json.dumps(said)
    assert names
    assert not any(json.dumps(name).strip('"') in text for name in names)


def test_it_is_a_tagged_pdf_with_its_fonts_on_both_papers(said: dict[str, Any]) -> None:
    (pdf,) = typeset(said, "pdf")
    inside = pdf
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            inside += zlib.decompress(stream)
        except zlib.error:
            continue
    for mark in (b"/StructTreeRoot", b"/Lang", b"/TH", b"/Figure", b"/Alt", b"pdfuaid:part", b"/FontFile"):
        assert mark in inside, mark
    assert b"Brot &amp; Butter: quarterly report" in inside
    sizes = {}
    for paper in Paper:
        pages = typeset({**said, "paper": paper.value}, "png")
        assert 5 <= len(pages) <= 12
        sizes[paper] = struct.unpack(">II", pages[0][16:24])
    assert sizes == {Paper.A4: (661, 935), Paper.LETTER: (680, 880)}


def test_nothing_is_taken_for_markup_and_little_is_enough() -> None:
    store = replace(CONTENT.store, name='#panic("no") *b* $x$ <t> @c // [', orders=None, currency=None)
    bare = replace(
        CONTENT, store=store, equity=None, at_risk=None, channels=None, cohorts=(), tiers=None, rfm=None, breakdowns=(),
        warnings=(), segments=None, promises=(), calibration=None, backtest=None, reconciliation=None, budget=None,
    )  # fmt: skip
    assert quarterly_pdf(bare, QuarterlyFacts(NOW)).startswith(b"%PDF-")
