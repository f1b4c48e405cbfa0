"""Square: orders with their payments, refunds, and the customer directory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from keepers.data.connectors.service import Ask, Paging, Resource, Service, Setting, Since, found
from keepers.domain.errors import ConfigError

VERSION = "2025-10-16"
_MOST_LOCATIONS = 10


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://connect.squareup.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings['token']}", "Square-Version": settings["version"]}


def _locations(settings: Mapping[str, str], ask: Ask) -> dict[str, Any]:
    """A search for orders names the places that they were taken at."""
    if "locations" in settings:
        named = [one.strip() for one in settings["locations"].split(",") if one.strip()]
    else:
        named = [str(one["id"]) for one in found(ask("GET", "/v2/locations", None), "locations") or []]
    if not named or len(named) > _MOST_LOCATIONS:
        raise ConfigError(
            f"Square has {len(named)} locations, and a search takes one to {_MOST_LOCATIONS}. Name those of one "
            'source, locations = "L1, L2", and make another source for the others.'
        )
    return {"locations": named}


def _list(name: str, **more: Any) -> Resource:
    return Resource(
        name, f"/v2/{more.pop('path', name)}", rows=name, paging=Paging.CURSOR, cursor="cursor", after="cursor",
        sparse=True, **more,
    )  # fmt: skip


SERVICE = Service(
    kind="square",
    label="Square",
    settings=(
        Setting("token", "{env:SQUARE_TOKEN}", secret=True),
        Setting("locations", "L1, L2", needed=False),
        Setting("version", VERSION, needed=False),
    ),
    base=_base,
    headers=_headers,
    prepare=_locations,
    resources=(
        _list(
            "orders",
            path="orders/search",
            body={
                "location_ids": "{locations}",
                "limit": "{size}",
                "query": {
                    "filter": {
                        "date_time_filter": {"updated_at": {"start_at": "{since}"}},
                        "state_filter": {"states": ["COMPLETED"]},
                    },
                    "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
                },
            },
            # Sales that were made without a network arrive up to three days later, with a time of change of their own.
            since=Since("updated_at", overlap=dt.timedelta(days=3)),
            largest=500,
        ),
        # Refunds are listed by when they were made; those to a bank are decided days later.
        _list(
            "refunds",
            params={"begin_time": "{since}", "sort_order": "ASC", "limit": "{size}"},
            since=Since("created_at", overlap=dt.timedelta(days=30)),
        ),
        _list("customers", params={"limit": "{size}"}, optional=True),
    ),
    tables=("transactions", "customers"),
    account="Make an application in Square's developer console with the rights ORDERS_READ, PAYMENTS_READ, "
    "CUSTOMERS_READ and MERCHANT_PROFILE_READ, and take its production access token.",
    defaults={"version": VERSION},
)
