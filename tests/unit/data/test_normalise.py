"""Money, words and addresses as people write them, read by the engine."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.data.engine import Engine
from keepers.data.normalise import (
    bare_number_sql,
    decimal_evidence,
    email_sql,
    flag_sql,
    number_sql,
    phone_sql,
    text_sql,
)
from keepers.data.page_address import bare_page, page_sql
from keepers.domain.columns import MONEY


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def _table(engine: Engine, texts: list[str]) -> str:
    engine.execute("CREATE OR REPLACE TABLE given (row_no BIGINT, v VARCHAR)")
    for number, text in enumerate(texts):
        engine.execute("INSERT INTO given VALUES (?, ?)", [number, text])
    return "given"


def _numbers(engine: Engine, texts: list[str], decimal: str) -> list[Decimal | None]:
    _table(engine, texts)
    query = f"SELECT {number_sql('bare', decimal)} FROM (SELECT row_no, {bare_number_sql('v')} AS bare FROM given)"
    return [row[0] for row in engine.rows(query + " ORDER BY row_no")]


def _words(engine: Engine, texts: list[str], expression: str) -> list[object]:
    _table(engine, texts)
    return [row[0] for row in engine.rows(f"SELECT {expression} FROM given ORDER BY row_no")]


def test_money_with_a_decimal_point(engine: Engine) -> None:
    read = {
        "1,250.00": "1250", "-$3.00": "-3", "$1,010.00": "1010", "(12.50)": "-12.5", "12.50-": "-12.5", "USD 5": "5",
        "5 USD": "5", "1'234.50": "1234.5", "12": "12", "0.001": "0.001", "−5": "-5", "1,23,456.00": "123456",
        "Rs. 500": "500", "£ 7.5": "7.5",
        "1.25E+03": "1250", "-2.5e2": "-250", "1,5E-1": "0.15",
        ".5": "0.5", "CHF 1.-": "1", "+3": "3", "1 250.75": "1250.75", "&#36;45.00": "45",
    }  # fmt: skip
    assert _numbers(engine, list(read), ".") == [Decimal(value) for value in read.values()]
    refused = ["1,23", "abc", "", "12,34.5", "1.2.3", "1,2345.00", "1e30", "12 x 30", "12€50", "1 USD 2"]
    assert _numbers(engine, refused, ".") == [None] * len(refused)


def test_money_with_a_decimal_comma(engine: Engine) -> None:
    read = {
        "1.234,56 €": "1234.56", "99,90": "99.9", "R$ 1.234,56": "1234.56", "12,-": "12", "1 234,50": "1234.5",
        "-1.000,5": "-1000.5", "1.234": "1234", "7": "7", "1’234,50": "1234.5",
    }  # fmt: skip
    assert _numbers(engine, list(read), ",") == [Decimal(value) for value in read.values()]
    assert _numbers(engine, ["1.23", "99.9"], ",") == [None, None]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.decimals(-10_000_000, 10_000_000, places=2, allow_nan=False), min_size=1, max_size=20),
    st.sampled_from([",", ".", "'", " ", ""]),
    st.sampled_from([".", ","]),
    st.sampled_from(["{}", "$ {}", "{} €", "EUR {}", "{} kr"]),
    st.booleans(),
)
def test_every_way_to_write_an_amount_is_read_back(
    amounts: list[Decimal], thousands: str, point: str, shape: str, brackets: bool
) -> None:
    if thousands == point:
        return
    texts = []
    for amount in amounts:
        whole = f"{abs(amount):,.2f}".replace(",", "T").replace(".", point).replace("T", thousands)
        text = shape.format(whole)
        texts.append((f"({text})" if brackets else f"-{text}") if amount < 0 else text)
    engine = Engine()
    relation = _table(engine, texts)
    # The decimal mark is found in the column itself: every amount has two decimals.
    evidence = decimal_evidence(engine, relation, ['"v"'], MONEY)['"v"']
    assert evidence.decide("?") == point
    assert _numbers(engine, texts, evidence.decide()) == amounts
    engine.close()


def test_the_decimal_mark_is_decided_by_the_whole_column(engine: Engine) -> None:
    def decide(texts: list[str], fallback: str = ".") -> str:
        return decimal_evidence(engine, _table(engine, texts), ['"v"'], MONEY)['"v"'].decide(fallback)

    assert decide(["1.234", "2.500", "99,9"]) == ","
    assert decide(["1,234", "2,500", "99.9"]) == "."
    assert decide(["1.234.567", "2"]) == ","
    assert decide(["1.5", "2"]) == "."
    # Groups of three alone could be either: the rest of the file decides.
    assert decide(["1.234", "2.500"], ",") == ","
    assert decide(["1.234", "2.500"], ".") == "."


def test_texts_lose_blanks_guards_and_words_for_nothing(engine: Engine) -> None:
    texts = ["  x ", "'00123", "'t Hart", "N/A", "(not set)", "", "\u00a0y\u00a0", "None of us", "-"]
    assert _words(engine, texts, text_sql("v")) == ["x", "00123", "'t Hart", None, None, None, "y", "None of us", None]


def test_flags_addresses_and_phone_numbers(engine: Engine) -> None:
    assert _words(engine, ["yes", "No", "TRUE", "ja", "0", ""], flag_sql("v")) == [True, False, True, True, False, None]
    assert _words(engine, ["A@B.co ", "mailto:x@y.z.org", "invalid", "a@b", "a b@c.de"], email_sql("v")) == [
        "a@b.co", "x@y.z.org", None, None, None,
    ]  # fmt: skip
    assert _words(engine, ["+1 (775) 555-0154", "(775) 555-0154", "0049 170 1234567", "12"], phone_sql("v")) == [
        "7755550154", "7755550154", "+491701234567", None,
    ]  # fmt: skip


_PIECES = (
    "https://", "ann:pw@", "shop.example", "/tea", "?", "&", "#", "=", "@", "%40", "%2540", "utm_source=", "utm_term=",
    "utm_campaign=", "é", "***", "mail", "//", "\n",
)  # fmt: skip
_ADDRESSES = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@settings(max_examples=150, deadline=None)
@given(_ADDRESSES | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30))
def test_a_page_is_known_by_the_same_address_everywhere_and_by_nobodys(engine: Engine, address: str) -> None:
    kept = bare_page(address)
    assert engine.rows(f"SELECT {page_sql('$1')}", [address]) == [(kept,)]
    assert "@" not in kept
    assert "%40" not in kept
    assert bare_page(kept) == kept
    assert all(part.startswith("utm_") for part in kept.partition("?")[2].split("&") if part)
