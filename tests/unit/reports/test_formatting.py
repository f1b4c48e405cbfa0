"""Numbers, money, shares and days as a person reads them."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.domain.time import days, months, weeks
from keepers.reports import formatting as fmt


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0, "EUR", "€0.00"),
        (-0.001, "EUR", "€0.00"),
        (12.345, "USD", "$12.35"),
        (99.999, "GBP", "£100"),
        (1_234.6, "EUR", "€1,235"),
        (-1_234.6, "EUR", "−€1,235"),
        (12_400_000, "GBP", "£12.4 million"),
        (9_999_999, "GBP", "£10 million"),
        (3.1e9, "USD", "$3.1 billion"),
        (7, "JPY", "¥7"),
        (50.5, "PLN", "PLN 50.50"),
        (50.5, "unspecified", "50.50"),
        (50.5, None, "50.50"),
        (math.nan, "EUR", "–"),
        (math.inf, "EUR", "–"),
        (None, "EUR", "–"),
    ],
)
def test_money(value: float | None, currency: str | None, text: str) -> None:
    assert fmt.money(value, currency).replace("\N{NO-BREAK SPACE}", " ") == text


def test_money_exact_and_signed() -> None:
    assert fmt.money(12_345_678.9, "EUR", exact=True) == "€12,345,678.90"
    assert fmt.money(5, "EUR", signed=True) == "+€5.00"
    assert fmt.money(-5, "EUR", signed=True) == "−€5.00"
    assert fmt.money(0, "EUR", signed=True) == "€0.00"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"), (0.0002, "<0.1%"), (0.05006, "5%"), (0.0312, "3.1%"), (0.05, "5%"), (0.0996, "10%"), (0.4567, "46%"),
        (1, "100%"), (0.9996, "99.9%"), (-0.12, "−12%"), (None, "–"), (math.nan, "–"), (12.5, "1,250%"),
    ],
)  # fmt: skip
def test_percent(share: float | None, text: str) -> None:
    assert fmt.percent(share) == text


def test_a_share_that_is_not_whole_is_never_shown_as_all_or_nothing() -> None:
    for share in (1e-9, 0.0004, 0.9951, 0.99999):
        assert fmt.percent(share) not in ("0%", "100%")


@pytest.mark.parametrize(
    ("value", "text"), [(999, "€999"), (12_345, "€12.3k"), (1_000_000, "€1M"), (0.5, "€0.50"), (-4_000, "−€4k")]
)
def test_short_money(value: float, text: str) -> None:
    assert fmt.short_money(value, "EUR") == text


def test_lengths_of_time() -> None:
    assert [fmt.days_long(d) for d in (0, 1, 90, 100, 365, 800)] == [
        "0 days", "1 day", "90 days", "3 months", "12 months", "2.2 years",
    ]  # fmt: skip
    assert fmt.horizon(weeks(39)) == "39 weeks"
    assert fmt.horizon(months(1)) == "1 month"
    assert fmt.horizon(days(182.625)) == "182.6 days"


def test_days_do_not_depend_on_the_order_of_numbers() -> None:
    assert fmt.day(dt.date(1997, 9, 3)).replace("\N{NO-BREAK SPACE}", " ") == "3 Sep 1997"
    assert fmt.moment(dt.datetime(2025, 7, 1, 9, 5, tzinfo=dt.UTC)).endswith("2025, 09:05 UTC")


def test_long_names_keep_both_ends() -> None:
    name = "Cast iron pan " * 10 + "28 cm"
    short = fmt.shortened(name, 40)
    assert len(short) <= 40
    assert short.startswith("Cast iron")
    assert short.endswith("28 cm")


@given(st.floats() | st.none(), st.sampled_from(["EUR", "JPY", "XYZ", None, "unspecified"]))
def test_no_number_breaks_a_text(value: float | None, currency: str | None) -> None:
    for text in (
        fmt.money(value, currency),
        fmt.money(value, currency, exact=True, signed=True),
        fmt.short_money(value, currency),
        fmt.percent(value),
        fmt.count(value),
        fmt.number(value),
        fmt.days_long(value),
    ):
        assert text
        assert "nan" not in text.lower()
        assert "inf" not in text.lower()
