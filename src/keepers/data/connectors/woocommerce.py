"""WooCommerce, by its REST API: orders with lines, what was refunded and when, customers with an account."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping, Sequence

from keepers.data.connectors.service import Ask, Gone, Item, Paging, Resource, Service, Setting, Since, Written

_PATH = "/wp-json/wc/v3"
_CHANGED = Since("date_modified_gmt", Written.NAIVE, dt.timedelta(minutes=5), exclusive=True)


def _base(settings: Mapping[str, str]) -> str:
    address = settings["shop"].rstrip("/")
    return address if "://" in address else f"https://{address}"


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    pair = f"{settings['key']}:{settings['secret']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _refunds(orders: Sequence[Item], ask: Ask) -> None:
    """An order says how much was refunded, and not when."""
    for order in orders:
        if order.get("refunds"):
            order["refunds"] = ask("GET", f"{_PATH}/orders/{order['id']}/refunds?per_page=100", None)


SERVICE = Service(
    kind="woocommerce",
    label="WooCommerce",
    settings=(
        Setting("shop", "https://shop.example.com"),
        Setting("key", "{env:WOOCOMMERCE_KEY}", secret=True),
        Setting("secret", "{env:WOOCOMMERCE_SECRET}", secret=True),
    ),
    base=_base,
    headers=_headers,
    resources=(
        Resource(
            "orders",
            f"{_PATH}/orders",
            params={
                "per_page": "{size}", "orderby": "modified", "order": "asc", "modified_after": "{since}",
                "dates_are_gmt": "true", "status": "any",
            },
            paging=Paging.ONWARD,
            after="page",
            since=_CHANGED,
            complete=_refunds,
            # What was put into the trash is in no list of orders, and a month later nowhere.
            gone=Gone(
                Resource(
                    "orders_gone",
                    f"{_PATH}/orders",
                    params={
                        "per_page": "{size}", "orderby": "modified", "order": "asc", "modified_after": "{since}",
                        "dates_are_gmt": "true", "status": "trash", "_fields": "id,date_modified_gmt",
                    },
                    paging=Paging.ONWARD,
                    after="page",
                    since=_CHANGED,
                    optional=True,
                    label="orders in the trash",
                ),
                at="date_modified_gmt",
                changed="date_modified_gmt",
            ),
            ids=Resource(
                "orders_ids",
                f"{_PATH}/orders",
                params={
                    "per_page": "{size}", "orderby": "date", "order": "asc", "after": "{since}",
                    "dates_are_gmt": "true", "status": "any", "_fields": "id,date_created_gmt",
                },
                paging=Paging.ONWARD,
                after="page",
                since=Since("date_created_gmt", Written.NAIVE, dt.timedelta(minutes=5), exclusive=True),
                label="ids of orders",
            ),
        ),
        # The list of customers knows no time of change.
        Resource("customers", f"{_PATH}/customers", params={"per_page": "{size}", "role": "all"}),
    ),
    tables=("orders", "refunds", "customers"),
    account="Make a key with the right Read under WooCommerce, Settings, Advanced, REST API.",
)  # fmt: skip
