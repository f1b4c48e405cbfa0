"""Shopify, by its GraphQL Admin API: orders with lines and refunds, customers, products."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from keepers.data.connectors.grant import granted
from keepers.data.connectors.service import (
    Ask,
    Bulk,
    Item,
    Job,
    Paging,
    Progressing,
    Resource,
    Service,
    Setting,
    Sight,
    Since,
    found,
)
from keepers.domain.errors import ConfigError, InputError

VERSION = "2026-04"
"""Shopify keeps a version for a year at least, and answers with the oldest it has where one is gone."""

_MONEY = "{ shopMoney { amount currencyCode } }"
# A question may cost 1,000 points: a point an object, and what is asked for counts, not what comes. Ten orders of ten
# lines and five refunds stay below; what an order has more is asked for by itself.
_LINES_FIRST, _REFUNDS_FIRST = 10, 5
_REFUND = f"{{ id createdAt totalRefundedSet {_MONEY} }}"
# What of a refund is tax and postage: its articles are a list in a list, so they are asked for an order at a time.
_DETAILS_FIRST = 5
_DETAILS = f"""refunds(first: {_DETAILS_FIRST}) {{
  id
  refundLineItems(first: 20) {{ pageInfo {{ hasNextPage }} nodes {{ subtotalSet {_MONEY} totalTaxSet {_MONEY} }} }}
  refundShippingLines(first: 2) {{ nodes {{ subtotalAmountSet {_MONEY} taxAmountSet {_MONEY} }} }} }}"""
_LINE = f"name quantity sku vendor originalUnitPriceSet {_MONEY} totalDiscountSet {_MONEY}"
_LINES = f"lineItems(first: %s) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_LINE} }} }}"
_ADDRESS = "{ name phone countryCodeV2 }"
_ORDER = f"""
  id name email phone test createdAt updatedAt cancelledAt displayFinancialStatus currencyCode sourceName
  taxesIncluded discountCodes customer {{ id email phone }}
  subtotalPriceSet {_MONEY} totalShippingPriceSet {_MONEY} totalTaxSet {_MONEY} totalPriceSet {_MONEY}
  totalDiscountsSet {_MONEY} totalRefundedSet {_MONEY} billingAddress {_ADDRESS} shippingAddress {_ADDRESS}"""
_CUSTOMER = """
  id firstName lastName updatedAt tags numberOfOrders amountSpent { amount currencyCode }
  defaultEmailAddress { emailAddress marketingState } defaultPhoneNumber { phoneNumber marketingState }
  defaultAddress { company city provinceCode countryCodeV2 phone }"""
_VARIANT = "sku price inventoryItem { unitCost { amount currencyCode } }"
_VARIANTS = f"variants(first: %s) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_VARIANT} }} }}"
_PRODUCT = "id handle title productType vendor updatedAt"
_MORE_LINES = f"query Lines($id: ID!, $after: String) {{ order(id: $id) {{ {_LINES % '100, after: $after'} }} }}"
_ALL_REFUNDS = f"query Refunds($id: ID!) {{ order(id: $id) {{ refunds(first: 250) {_REFUND} }} }}"
_REFUND_DETAILS = f"query RefundDetails($id: ID!) {{ order(id: $id) {{ {_DETAILS} }} }}"
_MORE_VARIANTS = (
    f"query Variants($id: ID!, $after: String) {{ product(id: $id) {{ {_VARIANTS % '100, after: $after'} }} }}"
)


def _base(settings: Mapping[str, str]) -> str:
    if "address" in settings:
        return settings["address"].rstrip("/")
    shop = settings["shop"].removeprefix("https://").rstrip("/")
    if "/" in shop or "@" in shop:
        raise ConfigError(f"`shop` is {settings['shop']!r}; write the shop's own address, such as name.myshopify.com.")
    return f"https://{shop if '.' in shop else f'{shop}.myshopify.com'}"


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    token = settings.get("token")
    if token is None:
        if "client_id" not in settings or "client_secret" not in settings:
            raise ConfigError("Shopify needs `token`, or `client_id` and `client_secret`. See docs/connect.md.")
        # A token for a day, which an app of one's own gets for its secret.
        secret = {key: settings[key] for key in ("client_id", "client_secret")}
        asked = {"grant_type": "client_credentials", **secret}
        token = granted("Shopify", f"{settings['base']}/admin/oauth/access_token", asked, _ACCOUNT)
    return {"X-Shopify-Access-Token": token}


def _rest_of_orders(orders: Sequence[Item], ask: Ask) -> None:
    """Lines and refunds of orders with more than fit into one answer."""
    for order in orders:
        if len(order["refunds"]) >= _REFUNDS_FIRST:
            body = {"query": _ALL_REFUNDS, "variables": {"id": order["id"]}}
            order["refunds"] = found(ask("POST", _PATH, body), "data.order.refunds") or order["refunds"]
        if order.get("displayFinancialStatus") == "PARTIALLY_REFUNDED" and _has_more_than_goods(order):
            body = {"query": _REFUND_DETAILS, "variables": {"id": order["id"]}}
            details = {one["id"]: one for one in found(ask("POST", _PATH, body), "data.order.refunds") or []}
            order["refunds"] = [{**one, **details.get(one["id"], {})} for one in order["refunds"]]
        _rest_of(order, "lineItems", _MORE_LINES, "data.order.lineItems", ask)


def _has_more_than_goods(order: Item) -> bool:
    """Whether something other than articles was charged, which a refund may give back too."""
    amounts = (found(order, f"{part}.shopMoney.amount") for part in ("totalTaxSet", "totalShippingPriceSet"))
    return any(float(amount or 0) > 0 for amount in amounts)


def _rest_of_products(products: Sequence[Item], ask: Ask) -> None:
    """Variants of products with more than fit into one answer."""
    for product in products:
        _rest_of(product, "variants", _MORE_VARIANTS, "data.product.variants", ask)


def _rest_of(item: Item, part: str, query: str, path: str, ask: Ask) -> None:
    listed = item.get(part) or {}
    while found(listed, "pageInfo.hasNextPage"):
        body = {"query": query, "variables": {"id": item["id"], "after": found(listed, "pageInfo.endCursor")}}
        more = found(ask("POST", _PATH, body), path) or {}
        listed["nodes"] += more.get("nodes", [])
        listed["pageInfo"] = more.get("pageInfo", {})


def _throttled(answer: Any) -> bool:
    return any(found(error, "extensions.code") == "THROTTLED" for error in _errors(answer))


def _refused(answer: Any) -> str:
    errors = [error for error in _errors(answer) if found(error, "extensions.code") != "THROTTLED"]
    return "; ".join(str(error.get("message", error)) if isinstance(error, dict) else str(error) for error in errors)


def _errors(answer: Any) -> list[Any]:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return errors if isinstance(errors, list) else [] if errors is None else [errors]


_PATH = "/admin/api/{version}/graphql.json"
_ACCOUNT = "Make a custom app with the scopes read_orders, read_all_orders, read_customers and read_products."
_PAGES_BEFORE_A_FILE = 100
"""Pages of a list beyond which Shopify makes a file of it."""

_BEGIN = """mutation Begin($query: String!) { bulkOperationRunQuery(query: $query) {
  bulkOperation { id createdAt } userErrors { message } } }"""
_LOOK = """query Look($id: ID!) { node(id: $id) { ... on BulkOperation { status objectCount url } } }"""
_JOBS = {"COMPLETED": Progressing.DONE, "CREATED": Progressing.RUNNING, "RUNNING": Progressing.RUNNING}


def _bulk(name: str, fields: str, largest: int, part: str = "") -> Bulk:
    """All of a list as a file: lines of orders and variants of products are lines of their own in it."""

    def count(ask: Ask, since: str) -> int:
        query = f"query Count($query: String) {{ {name}Count(query: $query, limit: 1000000) {{ count }} }}"
        answer = ask("POST", _PATH, {"query": query, "variables": {"query": _changed(since)}})
        return int(found(answer, f"data.{name}Count.count") or 0)

    def begin(ask: Ask, since: str) -> tuple[str, str]:
        wished = f'(query: "{_changed(since)}")' if since else ""
        query = f"{{ {name}{wished} {{ edges {{ node {{ {fields} }} }} }} }}"
        answer = found(
            ask("POST", _PATH, {"query": _BEGIN, "variables": {"query": query}}), "data.bulkOperationRunQuery"
        )
        job = found(answer, "bulkOperation")
        if job is None:
            errors = found(answer, "userErrors") or []
            raise InputError(f"Shopify makes no file: {'; '.join(str(one.get('message')) for one in errors)}")
        return str(job["id"]), str(job["createdAt"])

    return Bulk(count, _PAGES_BEFORE_A_FILE * largest, begin, _look, part=part)


def _look(ask: Ask, job: str) -> Job:
    """How far a file is; jobs of the versions before 2026-01 are found so, too."""
    told = found(ask("POST", _PATH, {"query": _LOOK, "variables": {"id": job}}), "data.node") or {}
    progressing = _JOBS.get(str(told.get("status")), Progressing.FAILED)
    return Job(progressing, int(told.get("objectCount") or 0), told.get("url") or "")


def _changed(since: str) -> str | None:
    return f"updated_at:>='{since}'" if since else None


def _list(
    name: str, fields: str, largest: int, parts: str = "", in_file: str = "", part: str = "", **more: Any
) -> Resource:
    """A list by when its items were changed; `parts` are as pages have them, `in_file` as a file does."""
    answer = f"pageInfo {{ hasNextPage endCursor }} nodes {{ {fields} {parts} }}"
    asked = "first: $first, after: $after, query: $query, sortKey: UPDATED_AT"
    query = f"query {name.title()}($first: Int!, $after: String, $query: String) {{ {name}({asked}) {{ {answer} }} }}"
    by_id = f"{name}(first: $first, after: $after, sortKey: ID) {{ {_ID_PAGE} }}"
    ids = f"query Ids($first: Int!, $after: String) {{ {by_id} }}"
    paged: dict[str, Any] = {
        "rows": f"data.{name}.nodes", "paging": Paging.CURSOR, "cursor": f"data.{name}.pageInfo.endCursor",
        "more": f"data.{name}.pageInfo.hasNextPage", "after": "variables.after",
    }  # fmt: skip
    variables = {"first": "{size}", "after": None}
    return Resource(
        name,
        _PATH,
        **paged,
        body={"query": query, "variables": {**variables, "query": "updated_at:>='{since}'"}},
        since=Since("updatedAt", overlap=dt.timedelta(minutes=5)),
        largest=largest,
        bulk=_bulk(name, f"{fields} {in_file}", largest, part),
        ids=Resource(
            f"{name}_ids",
            _PATH,
            **paged,
            body={"query": ids, "variables": variables},
            largest=250,
            bulk=_bulk(name, "id", 250),
            label=f"ids of {name}",
        ),
        **more,
    )


_ID_PAGE = "pageInfo { hasNextPage endCursor } nodes { id }"
_WHOLE = "%s { edges { node { id %s } } }"

SERVICE = Service(
    kind="shopify",
    label="Shopify",
    settings=(
        Setting("shop", "fernhollow.myshopify.com"),
        Setting("token", "{env:SHOPIFY_TOKEN}", secret=True, needed=False),
        Setting("client_id", "0a1b2c3d", needed=False),
        Setting("client_secret", "{env:SHOPIFY_SECRET}", secret=True, needed=False),
        Setting("version", VERSION, needed=False),
    ),
    base=_base,
    headers=_headers,
    resources=(
        _list(
            "orders",
            _ORDER,
            10,
            f"refunds(first: {_REFUNDS_FIRST}) {_REFUND} {_LINES % _LINES_FIRST}",
            f"refunds {_REFUND} {_WHOLE % ('lineItems', _LINE)}",
            "lineItems",
            complete=_rest_of_orders,
            sight=Sight("createdAt", dt.timedelta(days=60), "read_all_orders"),
        ),
        _list("customers", _CUSTOMER, 100),
        _list(
            "products",
            _PRODUCT,
            10,
            _VARIANTS % 10,
            _WHOLE % ("variants", _VARIANT),
            "variants",
            complete=_rest_of_products,
            optional=True,
        ),
    ),
    tables=("orders", "refunds", "customers", "products"),
    account=_ACCOUNT,
    throttled=_throttled,
    refused=_refused,
    defaults={"version": VERSION},
)
