"""Calls of a shop's site in files: who somebody is, said in one, holds for what the same visitor did in others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keepers.data.read import Dataset, read


def call(kind: str, day: str, user: str | None = None, visitor: str | None = None, **said: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": f"2026-{day}T08:00:00Z", "userId": user, "anonymousId": visitor, **said}


def order(day: str, number: str, user: str | None = None, visitor: str | None = None, **said: Any) -> dict[str, Any]:
    bought = {"order_id": number, "revenue": 25.0, "currency": "USD", **said}
    return call("track", day, user, visitor, event="Order Completed", properties=bought)


def seen(day: str, visitor: str) -> dict[str, Any]:
    return call("page", day, None, visitor, context={"campaign": {"source": "google", "medium": "cpc", "name": "tea"}})


def test_of_a_pages_address_its_path_and_campaign_are_kept(tmp_path: Path) -> None:
    came = {"source": "mail", "medium": "email", "name": "spring"}
    address = "https://shop.example/tea/ann@shop.example?utm_source=mail&mc_eid=9f&email=ann%40shop.example#top"
    page = call("page", "01-05", None, "a", context={"campaign": came, "page": {"url": address}})
    found = reading(tmp_path, [page, order("01-06", "first", "u-1", "a")])
    kept = "https://shop.example/tea/***?utm_source=mail"
    for table, column in (("touches", "landing_page"), ("visits", "page")):
        assert (kept,) in found.engine.rows(f"SELECT {column} FROM {found.tables[table].name}"), table


def reading(folder: Path, *files: list[dict[str, Any]], orders: str = "") -> Dataset:
    for number, calls in enumerate(files):
        (folder / f"calls-{number}.jsonl").write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
    if orders:
        (folder / "orders.csv").write_text(orders, encoding="utf-8")
    return read(folder)


def buyers(found: Dataset) -> dict[str, str]:
    return dict(found.engine.rows(f"SELECT order_id, customer_key FROM {found.orders.name}"))


def test_orders_are_of_whom_the_visitor_or_the_person_is_said_to_be_even_in_another_file(tmp_path: Path) -> None:
    shop = "customer email,date,order id,amount,currency\n" + "\n".join(
        f"{name}@shop.example,2025-12-0{day},{number},20,USD"
        for day, (name, number) in enumerate({"ann": "s1", "bob": "s2", "cleo": "s3", "dan": "s4"}.items(), 1)
    )
    monday = [
        seen("01-05", "a"), order("01-05", "guest", visitor="a"),
        call("identify", "01-05", "u-bob", "b", traits={"email": "bob@shop.example"}),
        call("identify", "01-05", "old-cleo", "c", traits={"email": "cleo@shop.example"}),
        order("01-05", "by address", visitor="d", email="dan@shop.example"),
    ]  # fmt: skip
    tuesday = [
        call("identify", "01-06", "u-ann", "a", traits={"email": "ann@shop.example"}),
        order("01-06", "by id", "u-bob"),
        call("alias", "01-06", "u-cleo", previousId="old-cleo"),
        order("01-06", "renamed", "u-cleo"),
        order("01-06", "stranger", visitor="nobody knows"),
    ]  # fmt: skip
    found = reading(tmp_path, monday, tuesday, orders=shop)
    who = buyers(found)
    assert [who[one] for one in ("guest", "by id", "renamed", "by address")] == [who[f"s{n}"] for n in (1, 2, 3, 4)]
    assert who["stranger"] not in (None, *(who[f"s{n}"] for n in (1, 2, 3, 4)))
    assert len(set(who.values())) == 5
    # A call that says who somebody is, or what was seen, is no order that lacks its amount.
    assert len(found.tables["quarantine"]) == 0
    assert found.engine.rows("SELECT visitor_id, customer_key FROM touches") == [("a", who["s1"])]


def test_two_people_at_one_browser_stay_two(tmp_path: Path) -> None:
    calls = [
        order("01-05", "first", visitor="shared"),
        call("identify", "01-06", "u-ann", "shared", traits={"email": "ann@shop.example"}),
        order("01-07", "second", visitor="shared"),
        call("identify", "01-08", "u-bob", "shared", traits={"email": "bob@shop.example"}),
        order("01-09", "third", visitor="shared"),
    ]
    who = buyers(reading(tmp_path, calls))
    assert who["first"] != who["second"]
    assert who["second"] == who["third"]


def test_ids_that_replace_each_other_in_a_circle_end(tmp_path: Path) -> None:
    calls = [
        call("alias", "01-01", "b", previousId="a"), call("alias", "01-02", "c", previousId="b"),
        call("alias", "01-03", "a", previousId="c"), order("01-04", "one", "c"), order("01-05", "two", "d"),
    ]  # fmt: skip
    who = buyers(reading(tmp_path, calls))
    assert len(set(who.values())) == 2
