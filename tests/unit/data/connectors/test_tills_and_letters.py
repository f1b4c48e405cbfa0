"""Square, Mailchimp and Klaviyo: tills and letters read as their exports do, and what changes later is found."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from keepers.data.connectors import walk
from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.forget import forget
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.data.read import Dataset, read
from keepers.domain.errors import ConfigError
from keepers.domain.ports import silent
from services import Answer, Question, Server, serving

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)


def _pull(kind: str, server: Server, folder: Path, **more: str) -> Pulled:
    settings = {
        "square": {"token": "EAAA0123"}, "mailchimp": {"key": "0123abcd-us21", "audience": "a1"},
        "klaviyo": {"key": "pk_0123"},
    }[kind]  # fmt: skip
    connection = Connection("one", {**settings, **more, "address": server.base}, page_size=3)
    return pull_service(SERVICES[kind], connection, folder, NOW, silent)


def _read(folder: Path) -> Dataset:
    return read(folder, now=NOW.replace(tzinfo=None))


def _money(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD"}


def _sale(number: int, total: int, day: int, tax: int = 0, tip: int = 0, **more: Any) -> dict[str, Any]:
    at = f"2026-09-{day:02d}T15:00:{number:02d}.000Z"
    return {
        "id": f"SQ{number}", "state": "COMPLETED", "created_at": at, "updated_at": at, "closed_at": at,
        "total_money": _money(total), "total_tax_money": _money(tax), "total_tip_money": _money(tip),
        "line_items": [{"name": "Speckled Mug", "quantity": "1", "total_money": _money(total - tip)}],
        "tenders": [{"id": f"PA{number}", "payment_id": f"PA{number}"}], "customer_id": f"CUST{number % 4}",
    } | more  # fmt: skip


class _Till:
    """Square: orders of named places, behind cursors; an empty answer has no list."""

    def __init__(self, orders: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> None:
        self.orders, self.refunds = orders, refunds
        self.customers = [
            {
                "id": f"CUST{n}",
                "given_name": "Dee",
                "email_address": f"dee{n}@example.com",
                "created_at": "2026-01-01T00:00:00Z",
            }
            for n in range(4)
        ]

    def __call__(self, asked: Question) -> Answer:
        if asked.headers["authorization"] != "Bearer EAAA0123":
            return Answer({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        if asked.path == "/v2/locations":
            return Answer({"locations": [{"id": "L1"}, {"id": "L2"}]})
        told = asked.body or asked.params
        name = asked.path.split("/")[2]
        found = getattr(self, name)
        if name == "orders":
            assert asked.body["location_ids"] == ["L1", "L2"]
            since = asked.body["query"]["filter"]["date_time_filter"]["updated_at"]["start_at"]
            found = sorted((one for one in found if one["updated_at"] >= since), key=lambda one: one["updated_at"])
        if name == "refunds":
            found = [one for one in found if one["created_at"] >= asked.params["begin_time"]]
        begin, limit = int(told.get("cursor", 0)), int(told["limit"])
        page: dict[str, Any] = {name: found[begin : begin + limit]} if found[begin : begin + limit] else {}
        return Answer(page | ({"cursor": str(begin + limit)} if begin + limit < len(found) else {}))


def test_square_reads_as_its_export(tmp_path: Path) -> None:
    gift = {"name": "Gift card", "quantity": "1", "item_type": "GIFT_CARD", "total_money": _money(2500)}
    orders = [_sale(n, 1296, 1 + n, tax=96) for n in range(10)]
    orders.append(_sale(10, 3116, 13, tax=216, tip=200))
    orders.append(_sale(11, 3700, 14))
    orders[-1]["line_items"].append(gift)
    till = _Till(orders, [])
    with serving(till) as server:
        assert _pull("square", server, tmp_path).rows == {"transactions": 12, "customers": 4}
        assert _read(tmp_path).reconciliation.amount("net") == Decimal("120.00") + 27 + 12
        # An article comes back with its tax; an amount without an article has as much tax as its order.
        back = {"total_money": _money(1296), "tax_money": _money(96)}
        returned = {
            "id": "RET1",
            "state": "COMPLETED",
            "updated_at": "2026-10-01T00:00:00.000Z",
            "return_amounts": back,
        }
        orders.append(returned | {"created_at": "2026-10-01T00:00:00.000Z", "total_money": _money(0)})
        till.refunds += [
            {"id": "R1", "status": "COMPLETED", "payment_id": "PA1", "order_id": "RET1", "amount_money": _money(1296)},
            {"id": "R2", "status": "COMPLETED", "payment_id": "PA2", "order_id": "RET2", "amount_money": _money(648)},
            {"id": "R3", "status": "FAILED", "payment_id": "PA3", "order_id": "RET3", "amount_money": _money(100)},
        ]
        for refund in till.refunds:
            refund["created_at"] = "2026-10-01T10:00:00.000Z"
        assert _pull("square", server, tmp_path).rows == {"transactions": 14, "customers": 4}
    dataset = _read(tmp_path)
    assert {source.format for source in dataset.sources} == {"square transactions", "square customers"}
    account = dataset.reconciliation
    assert (account.amount("refunded"), account.customers) == (Decimal("-18"), 4)
    assert account.amount("net") == account.amount("revenue") + account.amount("refunded")
    known = str(dataset.engine.rows(f"SELECT * FROM {dataset.tables['identities'].name}"))
    assert all(f"dee{n}@example.com" in known and f"CUST{n}" in known for n in range(4))
    rows = dataset.engine.rows(f"SELECT order_id, amount, day FROM {dataset.tables['refunds'].name} ORDER BY 1")
    assert rows == [("SQ1", Decimal("12"), dt.date(2026, 10, 1)), ("SQ2", Decimal("6"), dt.date(2026, 10, 1))]


def test_places_of_a_square_are_those_that_are_named(tmp_path: Path) -> None:
    with serving(_Till([_sale(1, 100, 1)], [])) as server:
        _pull("square", server, tmp_path / "named", locations="L1, L2")
        assert "/v2/locations" not in server.paths()
        with pytest.raises(ConfigError, match="11 locations"):
            _pull("square", server, tmp_path, locations=", ".join(f"L{n}" for n in range(11)))


class _Letters:
    """Mailchimp: members by change, behind offsets, reports of letters."""

    def __init__(self) -> None:
        same = "2026-09-01T10:00:00+00:00"
        self.members = [
            {
                "id": f"m{n}", "email_address": f"m{n}@example.com", "status": "pending" if n == 7 else "subscribed",
                "merge_fields": {"FNAME": "Mo", "LNAME": ""}, "timestamp_opt": "2025-01-01T10:00:00+00:00",
                "last_changed": same, "member_rating": 3, "location": {"country_code": "DE"}, "tags": [{"name": "vip"}],
            }
            for n in range(9)
        ]  # fmt: skip
        self.campaigns = [
            {"id": f"c{n}", "send_time": f"2026-11-{n + 1:02d}T08:00:00+00:00", "settings": {"title": f"News {n}"}}
            for n in range(5)
        ]
        self.opened = {f"c{n}": [f"m{n}@example.com"] for n in range(5)}

    def __call__(self, asked: Question) -> Answer:
        if not asked.headers["authorization"].startswith("Basic "):
            return Answer({"title": "API Key Invalid"}, 401)
        offset, count = int(asked.params.get("offset", 0)), int(asked.params["count"])
        if asked.path == "/3.0/lists/a1/members":
            rows = [
                one for one in self.members if one["last_changed"] > asked.params["since_last_changed"].replace("Z", "")
            ]
            rows.sort(key=lambda one: one["last_changed"])
        elif asked.path == "/3.0/campaigns":
            assert asked.params["list_id"] == "a1"
            rows = [
                one for one in self.campaigns if one["send_time"] > asked.params["since_send_time"].replace("Z", "")
            ]
        elif asked.path.endswith("/email-activity"):
            acts = [{"action": action, "timestamp": "2026-11-06T09:00:00+00:00"} for action in ("open", "bounce")]
            who = self.opened[asked.path.split("/")[3]]
            rows = [{"email_address": one, "activity": acts} for one in who] + [
                {"email_address": "x@example.com", "activity": []}
            ]
        else:
            rows = (
                [{"email_address": "m2@example.com", "timestamp": "2026-11-07T09:00:00+00:00"}]
                if "c2" in asked.path
                else []
            )
        name = {"email-activity": "emails", "unsubscribed": "unsubscribes"}.get(
            asked.path.split("/")[-1], asked.path.split("/")[-1]
        )
        return Answer({name: rows[offset : offset + count], "total_items": len(rows)})


def test_mailchimp_tells_who_joined_who_opened_and_who_left(tmp_path: Path) -> None:
    letters = _Letters()
    with serving(letters) as server:
        assert _pull("mailchimp", server, tmp_path).rows == {"members": 8, "engagement": 6}
        asked = len(server.asked)
        letters.opened["c4"].append("m6@example.com")
        letters.members[2] |= {"status": "unsubscribed", "last_changed": "2026-11-07T09:00:00+00:00"}
        again = _pull("mailchimp", server, tmp_path)
        assert (again.changed, again.rows) == (2, {"members": 8, "engagement": 7})
        assert not any(one.params.get("since_last_changed", "9") < "2026" for one in server.asked[asked:])
    dataset = _read(tmp_path)
    assert {source.format for source in dataset.sources} == {"mailchimp audience", "engagement"}
    kinds = dataset.engine.rows(f"SELECT kind, count(*) FROM {dataset.tables['engagement'].name} GROUP BY 1 ORDER BY 1")
    assert kinds == [("open", 6), ("unsubscribe", 1)]
    # Somebody is forgotten, and what others did stays.
    assert forget(tmp_path, "one", "mailchimp", ["m4@example.com"]) == 2
    assert _read(tmp_path).engine.row(f"SELECT count(*) FROM '{tmp_path}/engagement.parquet'") == (6,)


def test_klaviyo_tells_who_there_is_and_who_opened(tmp_path: Path) -> None:
    profiles = [
        {
            "type": "profile", "id": f"P{n}",
            "attributes": {
                "email": f"k{n}@example.com", "first_name": "Kit", "created": "2025-01-01T00:00:00+00:00",
                "updated": f"2026-10-{1 + n:02d}T00:00:00+00:00", "location": {"country": "Germany"},
                "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}},
            },
        }
        for n in range(8)
    ]  # fmt: skip

    def event(number: int, who: int, at: str, **properties: str) -> dict[str, Any]:
        return {
            "type": "event", "id": f"E{number}", "attributes": {"datetime": at, "event_properties": properties},
            "relationships": {"profile": {"data": {"type": "profile", "id": f"P{who}"}}},
        }  # fmt: skip

    events = {
        "O1": [event(n, n % 8, f"2026-10-{1 + n:02d}T09:00:00+00:00", Subject="Hello") for n in range(9)],
        "C1": [],
    }
    metrics = [("O1", "Opened Email", "Klaviyo"), ("X1", "Clicked Email", "Other"), ("C1", "Clicked Email", "Klaviyo")]

    def klaviyo(asked: Question) -> Answer:
        if (asked.headers["authorization"], asked.headers["revision"]) != ("Klaviyo-API-Key pk_0123", "2026-10-15"):
            return Answer({"errors": [{"code": "not_authenticated"}]}, 401)
        if asked.path == "/api/metrics":
            found = [
                {"id": key, "attributes": {"name": name, "integration": {"name": who}}} for key, name, who in metrics
            ]
        elif asked.path == "/api/profiles":
            since = asked.params["filter"].removeprefix("greater-than(updated,").rstrip(")").replace("Z", "")
            found = [one for one in profiles if one["attributes"]["updated"] > since]
        else:
            _, metric, rest = asked.params["filter"].split('"')
            since = rest.removeprefix("),greater-or-equal(datetime,").rstrip(")").replace("Z", "")
            found = [one for one in events[metric] if one["attributes"]["datetime"] >= since]
        begin, size = int(asked.params.get("page[cursor]", 0)), int(asked.params.get("page[size]", 2))
        following = None
        if begin + size < len(found):
            kept = {**asked.params, "page[cursor]": str(begin + size)}
            following = f"http://{asked.headers['host']}{asked.path}?{urlencode(kept)}"
        return Answer({"data": found[begin : begin + size], "links": {"next": following}})

    with serving(klaviyo) as server:
        assert _pull("klaviyo", server, tmp_path).rows == {"profiles": 8, "engagement": 9}
        asked = len(server.asked)
        events["C1"].append(event(20, 3, "2026-11-01T09:00:00+00:00", **{"Campaign Name": "Sale"}))
        assert _pull("klaviyo", server, tmp_path).changed == 1
        assert all("2026-10" in one.params["filter"] for one in server.asked[asked:] if "O1" in str(one.params))
    dataset = _read(tmp_path)
    assert {source.format for source in dataset.sources} == {"customers", "engagement"}
    kinds = dataset.engine.rows(f"SELECT kind, count(*) FROM {dataset.tables['engagement'].name} GROUP BY 1 ORDER BY 1")
    assert kinds == [("click", 1), ("open", 9)]
    # Who is forgotten has opened nothing: events name a profile by its key alone.
    assert forget(tmp_path, "one", "klaviyo", ["k3@example.com"]) == 3
    assert not any(b'"P3"' in one.read_bytes() for one in (tmp_path / ".raw").glob("*.parquet"))
    left = _read(tmp_path).engine.rows(f"SELECT doc FROM read_parquet('{tmp_path}/.raw/opened.parquet')")
    assert len(left) == 8
    assert not any('"P3"' in doc for (doc,) in left)
