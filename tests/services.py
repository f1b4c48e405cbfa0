"""Services that speak Shopify's, Stripe's, HubSpot's and WooCommerce's ways, and what goes wrong there."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Item = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What was asked."""

    method: str
    path: str
    params: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What is said."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """A service: answers, asked questions, and troubles that come before the next answers."""

    answers: Callable[[Question], Answer]
    asked: list[Question] = field(default_factory=list)
    troubles: list[Answer | None] = field(default_factory=list)
    base: str = ""

    def paths(self) -> list[str]:
        """Paths that were asked for."""
        return [one.path for one in self.asked]


@contextlib.contextmanager
def serving(answers: Callable[[Question], Answer]) -> Iterator[Server]:
    """A service that listens meanwhile."""
    server = Server(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length", 0))
            params = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            text = self.rfile.read(size)
            headers = {key.lower(): value for key, value in self.headers.items()}
            if "form-urlencoded" in headers.get("content-type", ""):
                told = {key: values[-1] for key, values in parse_qs(text.decode()).items()}
            else:
                told = json.loads(text) if text else None
            question = Question(self.command, parts.path, params, told, headers)
            server.asked.append(question)
            trouble = server.troubles.pop(0) if server.troubles else None
            answer = trouble or server.answers(question)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.base = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


@dataclass
class ShopFile:
    """A file that Shopify makes of a list, and how often somebody looked for it."""

    lines: bytes
    looks: int = 0
    failed: bool = False


def _file_of(name: str, held: list[Item], only_ids: bool) -> bytes:
    """Lines of items, newest first, and lines of their parts somewhere behind."""
    lines, behind = [], []
    for one in reversed(held):
        parts = {"orders": "lines", "products": "kinds"}.get(name, "")
        kept = {key: value for key, value in one.items() if key != parts}
        if name == "orders":
            kept["refunds"] = [_bare(refund) for refund in one["refunds"]]
        lines.append({"id": one["id"]} if only_ids else kept)
        if parts and not only_ids:
            behind += [{**part, "id": f"{one['id']}-{n}", "__parentId": one["id"]} for n, part in enumerate(one[parts])]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines + behind)


@dataclass
class Shop:
    """A Shopify shop: lists of nodes, oldest change first, behind cursors; `kinds` are a product's variants."""

    orders: list[Item] = field(default_factory=list)
    customers: list[Item] = field(default_factory=list)
    products: list[Item] = field(default_factory=list)
    token: str = "shpat_0123456789"
    files: list[ShopFile] = field(default_factory=list)
    busy: bool = False

    def __call__(self, asked: Question) -> Answer:
        """Answer."""
        if asked.path.startswith("/files/"):
            assert "x-shopify-access-token" not in asked.headers, "a file needs no token, and gets none"
            return Answer(self.files[int(asked.path.rpartition("/")[2])].lines)
        if asked.path == "/admin/oauth/access_token":
            return Answer({"access_token": self.token, "expires_in": 86399})
        if asked.headers.get("x-shopify-access-token") != self.token:
            return Answer({"errors": "[API] Invalid API key or access token"}, 401)
        return Answer({"data": self._data(asked)})

    def _data(self, asked: Question) -> Item:
        query, variables = asked.body["query"], asked.body["variables"]
        if query.startswith(("query Count", "mutation Begin", "query Look")):
            return self._file(query, variables, asked)
        if "order(id" in query:
            return {"order": self._order(query, variables)}
        if "product(id" in query:
            product = next(one for one in self.products if one["id"] == variables["id"])
            return {"product": {"variants": _part(product["kinds"], variables["after"], 100)}}
        name = next(name for name in ("orders", "customers", "products") if f"{name}(" in query)
        if query.startswith("query Ids"):
            ids = [{"id": one["id"]} for one in getattr(self, name)]
            return {name: _part(ids, variables["after"], variables["first"])}
        since = variables["query"].split("'")[1]
        found = sorted((one for one in getattr(self, name) if one["updatedAt"] >= since), key=lambda i: i["updatedAt"])
        part = _part(found, variables["after"], variables["first"])
        if name == "orders":
            part["nodes"] = [
                {**one, "lineItems": _part(one["lines"], None, 10), "refunds": [_bare(r) for r in one["refunds"][:5]]}
                for one in part["nodes"]
            ]
        if name == "products":
            part["nodes"] = [{**one, "variants": _part(one["kinds"], None, 10)} for one in part["nodes"]]
        return {name: part}

    def _file(self, query: str, variables: Item, asked: Question) -> Item:
        """How many there are, a file of them, and how far it is: two looks long nothing, then an address."""
        if query.startswith("query Look"):
            file = self.files[int(variables["id"])]
            file.looks += 1
            if file.looks < 3 or file.failed:
                return {"node": {"status": "FAILED" if file.failed else "RUNNING", "objectCount": "5", "url": None}}
            url = f"http://{asked.headers['host']}/files/{variables['id']}" if file.lines else None
            return {"node": {"status": "COMPLETED", "objectCount": str(file.lines.count(b"\n")), "url": url}}
        wished = variables["query"] or ""
        name = next(
            one for one in ("orders", "customers", "products") if f"{one}" in (query if "Count" in query else wished)
        )
        since = wished.split("'")[1] if "'" in wished else ""
        held = [one for one in getattr(self, name) if one["updatedAt"] >= since]
        if query.startswith("query Count"):
            return {f"{name}Count": {"count": len(held)}}
        if self.busy:
            return {
                "bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [{"message": "already in progress"}]}
            }
        only_ids = "updatedAt" not in wished
        self.files.append(ShopFile(_file_of(name, held, only_ids)))
        job = {"id": str(len(self.files) - 1), "createdAt": "2026-11-01T00:00:00Z"}
        return {"bulkOperationRunQuery": {"bulkOperation": job, "userErrors": []}}

    def _order(self, query: str, variables: Item) -> Item:
        order = next(one for one in self.orders if one["id"] == variables["id"])
        if "RefundDetails" in query:
            kept = ("id", "refundLineItems", "refundShippingLines")
            return {"refunds": [{key: one[key] for key in kept if key in one} for one in order["refunds"]]}
        if "Refunds" in query:
            return {"refunds": [_bare(one) for one in order["refunds"]]}
        return {"lineItems": _part(order["lines"], variables["after"], 100)}


def _part(items: list[Item], after: str | None, first: int) -> Item:
    begin = int(after or 0)
    end = begin + first
    return {
        "nodes": items[begin:end],
        "pageInfo": {"hasNextPage": end < len(items), "endCursor": str(min(end, len(items)))},
    }


def _bare(refund: Item) -> Item:
    return {key: value for key, value in refund.items() if not key.startswith("refund")}


def shopify_order(number: int, email: str = "ada@example.com", total: str = "25.00", **more: Any) -> Item:
    """An order as Shopify says it; `lines` and `refunds` are all of them."""

    def money(amount: str) -> Item:
        return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}

    at = f"2026-09-{1 + number % 28:02d}T14:00:00Z"
    order = {
        "id": f"gid://shopify/Order/{5550000000 + number}", "name": f"#{1000 + number}", "email": email, "phone": None,
        "test": False, "createdAt": at, "updatedAt": at, "cancelledAt": None, "displayFinancialStatus": "PAID",
        "currencyCode": "USD", "taxesIncluded": False, "sourceName": "web", "discountCodes": [], "customer": None,
        "subtotalPriceSet": money(total), "totalShippingPriceSet": money("0.00"), "totalTaxSet": money("0.00"),
        "totalPriceSet": money(total), "totalDiscountsSet": money("0.00"), "totalRefundedSet": money("0.00"),
        "billingAddress": None, "shippingAddress": None, "refunds": [],
        "lines": [shopify_line("Speckled Mug", 1, total, "MUG-1")],
    }  # fmt: skip
    return order | {key: money(value) if key.endswith("Set") else value for key, value in more.items()}


def shopify_line(name: str, quantity: int, price: str, sku: str) -> Item:
    """A line of an order."""
    set_ = {"shopMoney": {"amount": price, "currencyCode": "USD"}}
    none = {"shopMoney": {"amount": "0.00", "currencyCode": "USD"}}
    return {
        "name": name, "quantity": quantity, "sku": sku, "vendor": None, "originalUnitPriceSet": set_,
        "totalDiscountSet": none,
    }  # fmt: skip


@dataclass
class Payments:
    """A Stripe account: lists newest first, behind the last id."""

    lists: dict[str, list[Item]] = field(default_factory=dict)
    key: str = "rk_test_0123456789"

    def __call__(self, asked: Question) -> Answer:
        """Answer."""
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return Answer({"error": {"message": "Invalid API Key provided"}}, 401)
        name = asked.path.removeprefix("/v1/")
        since = int(asked.params.get("created[gte]", 0))
        until = int(asked.params.get("created[lt]", 2**40))
        found = [one for one in self.lists.get(name, []) if since <= one["created"] < until]
        found.sort(key=lambda one: -one["created"])
        if after := asked.params.get("starting_after"):
            place = next((n for n, one in enumerate(found) if one["id"] == after), None)
            if place is None:
                return Answer({"error": {"message": f"No such object: {after}"}}, 400)
            found = found[place + 1 :]
        limit = int(asked.params["limit"])
        page = found[:limit]
        if asked.params.get("expand[]") == "data.charge":
            charges = {one["id"]: one for one in self.lists["charges"]}
            page = [{**one, "charge": charges[one["charge"]]} for one in page]
        return Answer({"object": "list", "data": page, "has_more": len(found) > limit})


@dataclass
class Wordpress:
    """A WooCommerce shop: pages by number, a Link header, times without a zone, a trash."""

    orders: list[Item] = field(default_factory=list)
    customers: list[Item] = field(default_factory=list)
    refunds: dict[int, list[Item]] = field(default_factory=dict)
    before_page: Callable[[int], None] | None = None
    trash: list[Item] = field(default_factory=list)

    def __call__(self, asked: Question) -> Answer:
        """Answer."""
        if not asked.headers.get("authorization", "").startswith("Basic "):
            return Answer({"code": "woocommerce_rest_cannot_view"}, 401)
        path = asked.path.removeprefix("/wp-json/wc/v3/")
        if path.startswith("orders/"):
            return Answer(self.refunds[int(path.split("/")[1])])
        page, size = int(asked.params.get("page", 1)), int(asked.params["per_page"])
        found = self.trash if asked.params.get("status") == "trash" else getattr(self, path)
        if path == "orders":
            if self.before_page is not None and found is self.orders:
                self.before_page(len(found))
            assert asked.params["dates_are_gmt"] == "true"
            when = "date_modified_gmt" if asked.params["orderby"] == "modified" else "date_created_gmt"
            after = asked.params["modified_after" if when == "date_modified_gmt" else "after"]
            found = sorted((one for one in found if one[when] > after), key=lambda one: one[when])
            if wanted := asked.params.get("_fields"):
                found = [{name: one[name] for name in wanted.split(",")} for one in found]
        headers = {}
        if page * size < len(found):
            headers["Link"] = (
                f'<http://{asked.headers["host"]}{asked.path}?per_page={size}&page={page + 1}>; rel="next"'
            )
        return Answer(found[(page - 1) * size : page * size], headers=headers)


@dataclass
class Crm:
    """A HubSpot account: searches that go on for so many results only, and associations apart."""

    objects: dict[str, list[Item]] = field(default_factory=dict)
    owners: list[Item] = field(default_factory=list)
    pipelines: list[Item] = field(default_factory=list)
    belonging: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    archived: dict[str, list[Item]] = field(default_factory=dict)
    most: int = 10_000

    def __call__(self, asked: Question) -> Answer:
        """Answer."""
        if asked.headers.get("authorization") != "Bearer pat-0123456789":
            return Answer({"category": "INVALID_AUTHENTICATION"}, 401)
        whole = {"/crm/v3/owners": self.owners, "/crm/v3/pipelines/deals": self.pipelines}
        if asked.path in whole:
            return Answer({"results": whole[asked.path]})
        if asked.path.startswith("/crm/v4/associations/deals/"):
            other = asked.path.split("/")[5]
            to = {one["id"]: self.belonging.get((one["id"], other)) for one in asked.body["inputs"]}
            results = [{"from": {"id": i}, "to": [{"toObjectId": t} for t in ids]} for i, ids in to.items() if ids]
            return Answer({"results": results}, 207 if len(results) < len(to) else 200)
        name = asked.path.split("/")[4]
        if asked.method == "GET":
            return Answer(self._held(name, asked.params))
        wanted = asked.body["filterGroups"][0]["filters"][0]
        changed = wanted["propertyName"]
        found = [
            one for one in self.objects.get(name, []) if _milliseconds(one["properties"][changed]) >= wanted["value"]
        ]
        found.sort(key=lambda one: one["properties"][changed])
        begin, limit = int(asked.body.get("after", 0)), asked.body["limit"]
        if begin + limit > self.most:
            return Answer({"message": "paging is limited"}, 400)
        more = {"paging": {"next": {"after": str(begin + limit)}}} if begin + limit < len(found) else {}
        return Answer({"total": len(found), "results": found[begin : begin + limit], **more})

    def _held(self, name: str, params: dict[str, str]) -> Item:
        """All objects, or all that were deleted, in the order of their ids."""
        held = (self.archived if params.get("archived") == "true" else self.objects).get(name, [])
        begin, limit = int(params.get("after", 0)), int(params["limit"])
        more = {"paging": {"next": {"after": str(begin + limit)}}} if begin + limit < len(held) else {}
        return {"results": held[begin : begin + limit], **more}


def _milliseconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)
