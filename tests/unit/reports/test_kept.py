"""What a report says, kept and read again, with and without names."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from keepers.domain.errors import ConfigError
from keepers.reports import lead_sentences
from keepers.reports.figures import Estimate
from keepers.reports.kept import FILE, HIDDEN, keep_content, read_content, without_persons
from keepers.reports.leads import LeadRow
from keepers.reports.page import render_report
from keepers.reports.sections import render_sections, sections_of
from unit.reports.content_example import example_content


def test_the_content_comes_back_as_it_was(tmp_path: Path) -> None:
    content = example_content()
    assert content.equity is not None
    content = replace(content, equity=replace(content.equity, mean=float("inf"), historic=float("-inf")))
    assert read_content(keep_content(content, tmp_path / FILE)) == content
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_of_another_version_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"store": 3}')
    with pytest.raises(ConfigError, match="was not written by this version"):
        read_content(tmp_path / FILE)


def test_nobody_is_named_to_whom_may_not_see_it() -> None:
    content = example_content()
    assert content.at_risk is not None
    shown = render_report(content)
    names = {row.name for row in content.at_risk.customers if row.name in shown}
    assert names
    masked = without_persons(content)
    hidden = render_report(masked)
    assert HIDDEN in hidden
    assert not any(name in hidden for name in names)
    assert masked.equity is content.equity


def test_whose_a_lead_is_is_not_told_either() -> None:
    row = LeadRow(
        "Harbor Books", "L1", "Bo", "Ann", dt.date(2026, 3, 1), Estimate(0.5, 0.4, 0.6), None, None,
        ("asked to be called (+40)",), "owner: Ann (+10)",
    )  # fmt: skip
    assert lead_sentences.hands(row) == "Bo (from Ann)"
    assert lead_sentences.why(row) == "asked to be called (+40); owner: Ann (+10)"
    masked = without_persons(row)
    assert lead_sentences.why(masked) == "asked to be called (+40)"
    assert not any(name in f"{masked} {lead_sentences.hands(masked)}" for name in ("Ann", "Bo", "Harbor"))


def test_parts_stand_in_the_order_asked_for_with_their_charts_alone() -> None:
    content = example_content()
    assert {section.id for section in sections_of(content) if section.filled} >= {"cohorts", "value"}
    shown = render_sections(content, ["cohorts", "value", "nothing"])
    assert shown.html.index('id="cohorts"') < shown.html.index('id="value"')
    assert 'id="method"' not in shown.html
    assert shown.charts == shown.html.count('class="chart"') == str(shown.chart_data).count('"option"')
