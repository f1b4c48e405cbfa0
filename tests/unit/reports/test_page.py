"""The report is one safe, self-contained file that survives every content."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from keepers.domain.money import MoneyBasis
from keepers.domain.time import months
from keepers.evaluation.verdict import Trust
from keepers.reports import page, sections
from keepers.reports.content import (
    Activity,
    AtRisk,
    Equity,
    ReportContent,
    RiskCustomer,
    RiskGroup,
    RiskReason,
    Store,
    Verdict,
)
from keepers.reports.evidence import Reconciliation, SourceFile
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.reports.groups import Breakdown, BreakdownRow, Dimension, Group, Grouping
from unit.reports.content_example import example_content

NASTY = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\"'&\u2028"
NAN = float("nan")


class Shape(HTMLParser):
    """Which elements a page has, and whether they are closed."""

    VOID = frozenset({"meta", "br", "img", "input", "link", "hr", "path", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, *_: object) -> None:
        """A drawn shape closes itself."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def smallest() -> ReportContent:
    """A store without money and with nothing tested."""
    return ReportContent(
        Store("s", dt.date(2024, 1, 1), dt.date(2024, 2, 1), 1, 1, dt.datetime(2024, 2, 1, tzinfo=dt.UTC), "0", None),
        Verdict(Trust.UNTESTED, "BG/NBD"),
        Activity(months(12), Estimate(0.9), Estimate(0.4), 0),
    )


def body(text: str) -> str:
    """The page without its style and scripts."""
    return re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.S)


@pytest.fixture(scope="module")
def whole() -> str:
    """The example as a page."""
    return page.render_report(example_content())


def test_the_page_is_well_formed_and_every_link_inside_arrives(whole: str) -> None:
    shape = Shape(body(whole))
    assert shape.open == []
    assert len(shape.ids) == len(set(shape.ids))
    targets = {value[1:] for name, value in shape.attributes if name == "href" and value and value.startswith("#")}
    assert targets <= set(shape.ids)


def test_the_page_needs_no_network(whole: str) -> None:
    addresses = set(re.findall(r"https?://[\w./-]+", whole))
    assert all(address.startswith("http://www.w3.org/") for address in addresses), addresses
    assert not re.search(r"<(link|iframe|img|object|embed)\b", body(whole))
    assert "default-src 'none'" in whole
    assert "url(data:font/woff2" in whole


def test_only_the_page_s_own_scripts_may_run(whole: str) -> None:
    policy = re.search(r"script-src ([^;]*);", html.unescape(whole[:5_000]))
    assert policy
    allowed = set(policy[1].split())
    scripts = re.findall(r"<script>(.*?)</script>", whole, flags=re.S)
    assert len(scripts) == 4
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert "unsafe" not in policy[1]


def test_the_drawing_library_is_the_one_that_the_build_names() -> None:
    wanted = json.loads((Path(__file__).parents[3] / "frontend" / "package.json").read_text(encoding="utf-8"))
    version = wanted["devDependencies"]["echarts"]
    assert page.asset("echarts.min.js").startswith(f"/*! Apache ECharts {version},")
    notice = page.asset("NOTICE.txt")
    for name in ("Apache License", "zrender", "d3", "tslib", "SIL Open Font License"):
        assert name in notice


def test_the_page_stays_small(whole: str) -> None:
    assert len(whole.encode()) < 1_000_000


def test_every_money_figure_has_its_five_things_near(whole: str) -> None:
    for section in re.findall(r'<section class="section" id="(\w+)">(.*?)</section>', whole, flags=re.S):
        name, text = section
        if "€" in text:
            assert 'class="meaning"' in text, f"section {name} shows money without saying what it is"


def test_every_chart_has_a_name_and_a_table(whole: str) -> None:
    charts = re.findall(r'<div class="chart" id="chart-([\w-]+)" role="img" aria-label="([^"]+)"', whole)
    data = re.search(r'id="chart-data">(.*?)</script>', whole)
    assert data
    drawn = json.loads(data[1])
    assert {name for name, _ in charts} == set(drawn)
    for name, label in charts:
        assert len(label) > 20
        assert f'id="table-{drawn[name]["table"]}"' in whole


def test_hostile_texts_stay_texts() -> None:
    example = example_content()
    risk = example.at_risk
    assert risk is not None
    content = dataclasses.replace(
        example,
        store=dataclasses.replace(example.store, name=NASTY),
        verdict=dataclasses.replace(example.verdict, model=NASTY, reservations=(NASTY,)),
        at_risk=dataclasses.replace(
            risk, customers=tuple(dataclasses.replace(c, name=NASTY) for c in risk.customers), model_rule=NASTY
        ),
        breakdowns=(Breakdown(Dimension.PRODUCT, (BreakdownRow(NASTY, 50, 9.0), BreakdownRow("x", 50, 1.0))),),
        tiers=Grouping((Group(NASTY, NASTY, 5, 1.0),), NASTY),
        tracking=dataclasses.replace(example.tracking, model=NASTY) if example.tracking else None,
        reconciliation=Reconciliation((SourceFile(NASTY, NASTY, 1, 1, 0),), remarks=(NASTY,)),
        notes=(NASTY,),
    )
    text = page.render_report(content)
    assert "<script>window.broken" not in text
    assert "<img" not in text
    assert len(re.findall(r"<script", text)) == len(re.findall(r"</script>", text)) == 5
    assert Shape(body(text)).open == []


def test_embedded_json_cannot_end_its_element() -> None:
    written = sections.embedded_json({"a": NASTY, "b": [1.23456789, None, True]})
    assert not set("<>&\u2028") & set(written)
    read = json.loads(written)
    assert read["a"] == NASTY
    assert read["b"] == [1.23457, None, True]
    with pytest.raises(ValueError, match="JSON"):
        sections.embedded_json({"a": NAN})


def test_a_page_without_money_says_everything_else() -> None:
    text = page.render_report(smallest())
    assert Shape(body(text)).open == []
    assert 'id="activity"' in text
    assert 'id="value"' not in text
    assert "everything but money" in text
    assert 'class="meaning"' not in text
    assert "None" not in body(text).partition("<main")[2]
    assert "echarts" not in text.replace("typeof echarts", "").replace("= echarts.init", "")


@pytest.mark.parametrize(
    "part",
    [
        "equity", "at_risk", "levers", "tiers", "rfm", "breakdowns", "cohorts", "alive_map", "tracking", "calibration",
        "backtest", "formulas", "reconciliation", "models", "notes", "files",
    ],
)  # fmt: skip
def test_any_part_may_be_missing(part: str) -> None:
    empty = () if part in ("breakdowns", "cohorts", "models", "notes", "files") else None
    text = page.render_report(dataclasses.replace(example_content(), **{part: empty}))
    shape = Shape(body(text))
    assert shape.open == []
    targets = {value[1:] for name, value in shape.attributes if name == "href" and value and value.startswith("#")}
    assert targets <= set(shape.ids)


def test_broken_numbers_become_dashes() -> None:
    meaning = MoneyMeaning(MoneyBasis.REVENUE, Span.UNLIMITED, "all")
    broken = dataclasses.replace(
        example_content(),
        verdict=Verdict(Trust.CAUTION, "x", "y", NAN, total_error=NAN, coverage=NAN, origins=1, holdout=months(1)),
        equity=Equity(
            Estimate(NAN, NAN, float("inf")), meaning, NAN, NAN, NAN, historic=NAN, concentration=((0, 0), (1, NAN))
        ),
        at_risk=AtRisk(
            RiskGroup(1, NAN, NAN), RiskGroup(1, NAN, NAN), None, "rule", None,
            (RiskCustomer("a", 1, dt.date(2024, 1, 1), 3, RiskReason.MODEL, NAN, NAN, NAN, NAN),), meaning,
        ),
        tiers=Grouping((Group("a", "b", 0, NAN, NAN, NAN, NAN), Group("c", "d", 3, 1.0)), "rule"),
        breakdowns=(
            Breakdown(Dimension.COUNTRY, (BreakdownRow("DE", 3, NAN, NAN, 1, NAN), BreakdownRow("FR", 0, 0.0))),
        ),
    )  # fmt: skip
    text = body(page.render_report(broken)).partition("<main")[2]
    assert not re.search(r"\b(nan|inf|None)\b", text, flags=re.I)


def test_hundreds_of_files_are_counted_not_listed() -> None:
    files = tuple(SourceFile(f"orders-{i}.csv", "orders", 10, 10, 0) for i in range(300))
    text = body(page.render_report(dataclasses.replace(smallest(), reconciliation=Reconciliation(files))))
    assert "3,000 rows were read from 300 files; every one of them could be used." in text
    assert "And 280 more files." in text
    assert "orders-20.csv" not in text


def test_nobody_at_risk_and_huge_sums() -> None:
    example = example_content()
    assert example.equity is not None
    nobody = RiskGroup(0, 0.0, 0.0)
    content = dataclasses.replace(
        example,
        at_risk=AtRisk(nobody, nobody, nobody, "rule", "rule", (), example.equity.meaning),
        equity=dataclasses.replace(example.equity, total=Estimate(3.2e13, 2.9e13, 3.5e13)),
    )
    text = body(page.render_report(content)).replace("\N{NO-BREAK SPACE}", " ")
    assert "No customer is at risk by either rule today." in text
    assert "€32 trillion" in text


def test_the_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = page.write_report(smallest(), tmp_path / "report.html")
    assert written.read_text(encoding="utf-8").rstrip().endswith("</html>")

    def full_disk(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    before = written.read_bytes()
    with pytest.raises(OSError, match="No space"):
        page.write_report(smallest(), written)
    assert written.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [written, tmp_path / "report.json"]
