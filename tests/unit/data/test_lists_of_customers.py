"""Lists of what customers did, said and were offered, in people's own words, are read into canonical tables."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import keepers as kp
from keepers.data.read import Dataset
from keepers.domain.ports import silent
from keepers.pipeline.check import Support, check
from keepers.pipeline.options import RunOptions
from keepers.simulate import demo_store

ORDERS = [
    ["Order ID", "Customer ID", "Email", "Order date", "Total"],
    ["1", "101", "ann@mail.example", "2024-01-05", "20.00"],
    ["2", "102", "bob@mail.example", "2024-02-10", "35.50"],
    ["3", "101", "ann@mail.example", "2024-03-15", "12.25"],
    ["4", "103", "cleo@mail.example", "2024-03-20", "80.00"],
]


def read(folder: Path, *rows: list[str], name: str = "list.csv") -> Dataset:
    """Orders and one more list, read together."""
    for file, content in (("orders.csv", ORDERS), (name, list(rows))):
        with (folder / file).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(content)
    return kp.read(folder / "orders.csv", folder / name)


def rows(data: Dataset, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a canonical table, in the order of its days."""
    name = data.tables[table].name
    return data.engine.rows(f"SELECT {', '.join(columns)} FROM {name} ORDER BY occurred_at, customer_key")


def test_letters_by_address(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["Recipient", "Event", "Timestamp", "Subject"],
        ["ann@mail.example", "Delivered", "2024-01-10 08:00:00", "Spring tea"],
        ["ANN@mail.example", "Opened Email", "2024-01-10 09:30:00", "Spring tea"],
        ["bob@mail.example", "Clicked link", "2024-02-12 10:00:00", "Spring tea"],
        ["bob@mail.example", "Unsubscribed", "2024-02-13 10:00:00", "Spring tea"],
        ["nobody@mail.example", "Bounced", "2024-02-14 10:00:00", "Spring tea"],
    )
    assert [source.format for source in data.sources] == ["orders", "engagement"]
    found = rows(data, "engagement", "customer_key", "kind", "campaign", "CAST(day AS VARCHAR)")
    assert found[:4] == [
        ("101", "sent", "Spring tea", "2024-01-10"),
        ("101", "open", "Spring tea", "2024-01-10"),
        ("102", "click", "Spring tea", "2024-02-12"),
        ("102", "unsubscribe", "Spring tea", "2024-02-13"),
    ]
    stranger, *rest = found[4]
    assert stranger not in (None, "101", "102", "103")
    assert rest == ["Bounced", "Spring tea", "2024-02-14"]


def test_log_ins_by_id_in_german(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["Kundennummer", "Ereignis", "Datum"],
        ["101", "Anmeldung", "10.01.2024"],
        ["102", "Sitzung", "23.02.2024"],
    )
    assert rows(data, "engagement", "customer_key", "kind", "CAST(day AS VARCHAR)") == [
        ("101", "login", "2024-01-10"),
        ("102", "session", "2024-02-23"),
    ]


@pytest.mark.parametrize(
    ("head", "values", "kind", "score", "text"),
    [
        (["Email", "NPS Score", "Comment", "Response date"], ["9", "great"], "nps", 9.0, "great"),
        (["E-Mail", "Bewertung", "Kommentar", "Datum"], ["4", "gut"], "review", 4.0, "gut"),
        (["reviewer_email", "rating", "body", "review_date"], ["2", "broke"], "review", 2.0, "broke"),
        (["Customer Email", "Customer satisfaction", "Comments", "Date"], ["3", "so so"], "csat", 3.0, "so so"),
        (["Email", "Complaint", "Date"], ["It leaks"], "complaint", None, "It leaks"),
    ],
    ids=["nps", "reviews in German", "reviews of an app", "satisfaction", "complaints"],
)
def test_answers(tmp_path: Path, head: list[str], values: list[str], kind: str, score: float | None, text: str) -> None:
    answers = [["ann@mail.example", *values, "2024-04-01"], ["bob@mail.example", *values, "2024-04-02"]]
    data = read(tmp_path, head, *answers)
    assert rows(data, "feedback", "customer_key", "kind", "score", "text") == [
        ("101", kind, score, text),
        ("102", kind, score, text),
    ]


def test_contacts_by_visitor_and_address(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["visitor_id", "email", "timestamp", "utm_source", "utm_medium", "utm_campaign", "landing_page"],
        ["v1", "ann@mail.example", "2024-01-04 10:00:00", "google", "cpc", "brand", "/?q=tea&email=ann@mail.example"],
        ["v2", "", "2024-01-04 11:00:00", "news", "email", "", "/sale#top"],
    )
    found = rows(data, "touches", "visitor_id", "customer_key", "channel", "medium", "campaign", "landing_page")
    assert found == [("v1", "101", "google", "cpc", "brand", "/"), ("v2", None, "news", "email", None, "/sale")]


def test_who_brought_whom(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["Referrer Email", "Friend Email", "Date", "Reward", "Converted"],
        ["Ann@mail.example", "cleo@mail.example", "2024-03-18", "8.00", "yes"],
        ["bob@mail.example", "dora@mail.example", "2024-03-19", "0", "no"],
    )
    found = rows(data, "referrals", "customer_key", "referrer_key", "CAST(incentive_cost AS DOUBLE)", "converted")
    assert found[0] == ("103", "101", 8.0, True)
    assert found[1][1:] == ("102", 0.0, False)


def test_offers_and_their_control(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["Customer ID", "Offer", "Sent at", "Redeemed", "Probability"],
        ["101", "10% off", "2024-04-01", "yes", "0.5"],
        ["102", "Control group", "2024-04-01", "", "0.5"],
    )
    assert rows(data, "treatments", "customer_key", "offer", "accepted", "propensity") == [
        ("101", "10% off", True, 0.5),
        ("102", "control", None, 0.5),
    ]


def test_pages_seen(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["Client ID", "Page path", "Date time", "Device category", "Customer ID"],
        ["c1", "/tea?signin=0f3a", "2024-04-01 10:00:00", "mobile", "101"],
        ["c2", "/", "2024-04-01 11:00:00", "desktop", ""],
    )
    assert rows(data, "visits", "visitor_id", "page", "device", "customer_key") == [
        ("c1", "/tea", "mobile", "101"),
        ("c2", "/", "desktop", None),
    ]


@pytest.mark.parametrize(
    "head",
    [
        ["Customer ID", "Date", "Type", "Amount"],
        ["email", "timestamp", "utm_source", "utm_medium", "revenue"],
        ["Customer", "Date", "Rating", "Product", "Price"],
        ["Customer ID", "Date", "Offer", "Order total"],
    ],
    ids=["type", "sources", "rating", "offer"],
)
def test_orders_with_such_columns_stay_orders(tmp_path: Path, head: list[str]) -> None:
    with (tmp_path / "list.csv").open("w", newline="", encoding="utf-8") as stream:
        made = [[_cell(name, number) for name in head] for number in range(8)]
        csv.writer(stream).writerows([head, *made])
    data = kp.read(tmp_path / "list.csv")
    assert data.sources[0].format == "orders"
    assert len(data.orders) == 8


def _cell(name: str, number: int) -> str:
    if name in ("Date", "timestamp"):
        return f"2024-03-{number + 1:02}"
    if name in ("Customer", "Customer ID", "email"):
        return f"c{number % 3}@mail.example" if name == "email" else f"c{number % 3}"
    if name in ("Amount", "revenue", "Price", "Order total"):
        return f"{10 + number}.50"
    return "4" if name == "Rating" else "sale"


def test_a_list_of_types_that_are_no_events_is_not_taken_for_one(tmp_path: Path) -> None:
    """The header says little; what the column holds decides."""
    teas = [["101", "green", "2024-03-01"], ["102", "black", "2024-03-02"]]
    data = read(tmp_path, ["Customer ID", "Type", "Date"], *teas)
    assert "engagement" not in data.tables


def test_a_state_of_consent_is_known_from_the_day_it_was_read(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        ["Customer ID", "Email", "First name", "Created at", "Accepts marketing"],
        ["101", "ann@mail.example", "Ann", "2024-01-01", "no"],
        name="customers.csv",
    )
    day, granted = data.engine.row(f"SELECT CAST(occurred_at AS DATE), granted FROM {data.tables['consents'].name}")
    assert not granted
    assert day == data.engine.row(f"SELECT CAST(max(received_at) AS DATE) FROM {data.orders.name}")[0]


@pytest.mark.parametrize("layout", ["csv", "shopify", "parquet"])
def test_what_a_simulated_store_writes_is_read_back(tmp_path: Path, layout: str) -> None:
    store = demo_store(customers=60)
    only = ["orders", "engagement", "feedback", "touches", "referrals", "treatments", "visits"]
    by_address = layout == "shopify"
    store.write(tmp_path, layout, only=[*only, "customers"] if by_address else only)
    data = kp.read(tmp_path)
    for name in only[1:]:
        written, back = store.tables[name], data.tables[name]
        assert len(back) == len(written), name
        count = f"SELECT count(customer_key), count(DISTINCT customer_key), count(DISTINCT day) FROM {back.name}"
        assert data.engine.row(count) == store.engine.row(count.replace(back.name, written.name)), name
    bought = f"SELECT count(DISTINCT customer_key) FROM {data.orders.name}"
    told = f"{bought} WHERE customer_key IN (SELECT customer_key FROM {data.tables['engagement'].name})"
    assert data.engine.row(bought) == data.engine.row(told)


def test_check_says_what_each_list_makes_possible(tmp_path: Path) -> None:
    letters = [["ann@mail.example", "open", "2024-01-10"], ["zoe@mail.example", "open", "2024-01-11"]]
    read(tmp_path, ["Email", "Event", "Date"], *letters)
    files = [str(tmp_path / "orders.csv"), str(tmp_path / "list.csv")]
    asked = {q.question: q for q in check(files, RunOptions(), silent).questions}
    found = asked["Do letters and visits say who is losing interest?"]
    assert (found.support, found.because) == (
        Support.PARTLY,
        "2 letters, clicks, sessions and log-ins, of 1 customer who bought.",
    )
    read(tmp_path, ["Email", "Event", "Date"], ["zoe@mail.example", "open", "2024-01-11"])
    found = {q.question: q for q in check(files, RunOptions(), silent).questions}[found.question]
    assert found.support is Support.NO
    assert "of nobody who bought" in found.because
