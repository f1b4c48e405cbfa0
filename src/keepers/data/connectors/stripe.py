"""Stripe: charges with what was refunded or disputed, customers, subscriptions, and invoices paid elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from keepers.data.connectors.service import Paging, Resource, Service, Setting, Since, Written

VERSION = "2025-02-24.acacia"
"""The last version in which a charge names its invoice; Stripe answers in a version for as long as it is asked for."""


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://api.stripe.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings['key']}", "Stripe-Version": settings["version"]}


def _list(
    name: str, days: int = 3, whole_days: int | None = None, whole: bool = False,
    params: Mapping[str, Any] | None = None, optional: bool = False,
) -> Resource:  # fmt: skip
    asked: dict[str, Any] = {"limit": "{size}", **(params or {})}
    if not whole:
        asked["created[gte]"] = "{since}"
    return Resource(
        name,
        f"/v1/{name}",
        rows="data",
        params=asked,
        paging=Paging.LAST_ID,
        more="has_more",
        after="starting_after",
        since=None if whole else Since("created", Written.SECONDS, dt.timedelta(days=days), until="created[lt]"),
        whole_days=whole_days,
        optional=optional,
    )


SERVICE = Service(
    kind="stripe",
    label="Stripe",
    settings=(
        Setting("key", "{env:STRIPE_KEY}", secret=True),
        Setting("version", VERSION, needed=False),
    ),
    base=_base,
    headers=_headers,
    resources=(
        # Stripe lists by when something was made. A charge is decided within days; what happens to it later is found by
        # the refund or the dispute, each of which brings the charge as it is now.
        _list("charges", days=14),
        _list("refunds", days=30, params={"expand[]": "data.charge"}),
        _list("disputes", days=180, params={"expand[]": "data.charge"}, optional=True),
        _list("customers", whole_days=7),
        _list("subscriptions", whole=True, params={"status": "all"}, optional=True),
        _list("invoices", days=90, params={"status": "paid"}, optional=True),
    ),
    tables=("payments", "refunds", "customers", "subscriptions"),
    account="Make a restricted key that may read charges, refunds, disputes, customers, subscriptions and invoices.",
    defaults={"version": VERSION},
)
