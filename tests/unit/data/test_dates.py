"""Dates as people write them, and how the order of day and month is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.data.dates import DateColumn, DateHints, read_dates
from keepers.data.engine import Engine
from keepers.data.zones import check_zone, zone_name
from keepers.domain.errors import AmbiguousColumnsError, ConfigError


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def _read(
    engine: Engine, texts: list[str], hints: DateHints | None = None, zones: list[str] | None = None
) -> DateColumn:
    engine.execute("CREATE OR REPLACE TABLE given (_row BIGINT, d VARCHAR, z VARCHAR)")
    for number, text in enumerate(texts):
        engine.execute("INSERT INTO given VALUES (?, ?, ?)", [number, text, zones[number] if zones else None])
    return read_dates(engine, "given", "d", "When", hints or DateHints(), "z" if zones else None)


def _moments(
    engine: Engine, texts: list[str], hints: DateHints | None = None
) -> list[tuple[dt.datetime | None, int | None]]:
    found = _read(engine, texts, hints)
    by_text = {row[0]: row[1:] for row in engine.rows(f"SELECT text, local, offset_minutes FROM {found.table}")}
    return [by_text[text] for text in texts]


def test_many_ways_to_write_a_moment(engine: Engine) -> None:
    expected = {
        "2026-09-03 10:15:00 -0400": (dt.datetime(2026, 9, 3, 10, 15), -240),
        "2026-05-01": (dt.datetime(2026, 5, 1), None),
        "20260503": (dt.datetime(2026, 5, 3), None),
        "20260503101500": (dt.datetime(2026, 5, 3, 10, 15), None),
        "3. März 2026 10:05": (dt.datetime(2026, 3, 3, 10, 5), None),
        "Sep 3, 2026 1:05 PM": (dt.datetime(2026, 9, 3, 13, 5), None),
        "Sep 3, 2026 12:05 AM": (dt.datetime(2026, 9, 3, 0, 5), None),
        "03-Sep-26": (dt.datetime(2026, 9, 3), None),
        "14.10.2026": (dt.datetime(2026, 10, 14), None),
        "1612137600": (dt.datetime(2021, 2, 1), 0),
        "1612137600000": (dt.datetime(2021, 2, 1), 0),
        "1611798022695757": (dt.datetime(2021, 1, 28, 1, 40, 22, 695757), 0),
        "45678.5": (dt.datetime(2025, 1, 21, 12), None),
        "2026-04-22T17:34:18Z": (dt.datetime(2026, 4, 22, 17, 34, 18), 0),
        "2026-04-22T17:34:18.123+02:00": (dt.datetime(2026, 4, 22, 17, 34, 18, 123000), 120),
        "9 févr. 2025": (dt.datetime(2025, 2, 9), None),
        "mar. 3 mars 2026": (dt.datetime(2026, 3, 3), None),
        "5 de enero de 2025": (dt.datetime(2025, 1, 5), None),
        "May-30-26 12:00:00 CEST": (dt.datetime(2026, 5, 30, 12), 120),
        "Tue Oct 07 2025 09:50:26 GMT+0200 (Central European Summer Time)": (dt.datetime(2025, 10, 7, 9, 50, 26), 120),
        "970118": (dt.datetime(1997, 1, 18), None),
        "31.02.2026": (None, None),
        "yesterday": (None, None),
    }
    assert _moments(engine, list(expected)) == list(expected.values())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2060, 12, 31)), min_size=1, max_size=15),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S", "%B %d, %Y %I:%M:%S %p",
         "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%SZ"]
    ),
)  # fmt: skip
def test_what_is_written_is_read_back(moments: list[dt.datetime], style: str) -> None:
    engine = Engine()
    whole = [moment.replace(microsecond=0) for moment in moments]
    assert [found for found, _ in _moments(engine, [moment.strftime(style) for moment in whole])] == whole
    engine.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)), min_size=1, max_size=15), st.booleans())
def test_one_day_above_twelve_decides_the_order(days: list[dt.date], day_first: bool) -> None:
    engine = Engine()
    style = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    texts = [day.strftime(style) for day in [*days, dt.date(2020, 1, 31)]]
    found = [moment.date() for moment, _ in _moments(engine, texts) if moment]
    assert found == [*days, dt.date(2020, 1, 31)]
    engine.close()


def test_the_season_of_a_zone_decides(engine: Engine) -> None:
    assert _read(engine, ["10/09/2026", "11/09/2026", "12/09/2026"], zones=["PDT"] * 3).order == "dmy"
    assert _read(engine, ["09/10/2026", "09/11/2026"], zones=["CEST"] * 2).order == "mdy"


def test_other_columns_decide_before_language(engine: Engine) -> None:
    texts = ["01/02/2026", "03/04/2026"]
    assert _read(engine, texts, DateHints(elsewhere="mdy", votes={"dmy": 3})).order == "mdy"
    found = _read(engine, texts, DateHints(votes={"dmy": 3, "mdy": 1}))
    assert found.order == "dmy"
    assert "language and currency" in found.notes[0]
    assert _read(engine, texts, DateHints(order="mdy", votes={"dmy": 3})).order == "mdy"


def test_nothing_decides(engine: Engine) -> None:
    with pytest.raises(AmbiguousColumnsError, match="whether the day or the month comes first"):
        _read(engine, ["01/02/2026", "03/04/2026"])
    with pytest.raises(ConfigError, match="must be 'dmy'"):
        _read(engine, ["01/02/2026", "03/04/2026"], DateHints(order="ydm"))


def test_dates_that_are_the_same_both_ways_need_no_order(engine: Engine) -> None:
    assert [moment for moment, _ in _moments(engine, ["01/01/2026", "02/02/2026"])] == [
        dt.datetime(2026, 1, 1),
        dt.datetime(2026, 2, 2),
    ]


def test_zones_by_name() -> None:
    assert zone_name("Eastern Time (US & Canada)") == "America/New_York"
    assert zone_name("Europe/Berlin") == "Europe/Berlin"
    assert zone_name("Nowhere/Town") is None
    assert check_zone("utc") == "UTC"
    with pytest.raises(ConfigError, match="not a time zone"):
        check_zone("Nowhere/Town")
