"""Klaviyo: profiles, and who opened, clicked and left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from keepers.data.connectors.service import Ask, Paging, Resource, Service, Setting, Since, found

VERSION = "2026-10-15"
"""Klaviyo keeps a revision for two years."""

_METRICS = {
    "opened": ("Opened Email",),
    "clicked": ("Clicked Email",),
    "left": ("Unsubscribed from Email Marketing", "Unsubscribed"),
}
_OWN = "Klaviyo"


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://a.klaviyo.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "Authorization": f"Klaviyo-API-Key {settings['key']}",
        "revision": settings["version"],
        "accept": "application/json",
    }


def _metrics(_: Mapping[str, str], ask: Ask) -> dict[str, Any]:
    """Events are asked for by the id of their kind, which each account has its own of."""
    ids: dict[str, str] = {}
    path = "/api/metrics"
    while path:
        answer = ask("GET", path, None)
        for one in found(answer, "data") or []:
            # Other programs may send events of the same name.
            if found(one, "attributes.integration.name") in (None, _OWN):
                ids.setdefault(str(found(one, "attributes.name")), str(one["id"]))
        path = found(answer, "links.next") or ""
    return {kind: next((ids[name] for name in names if name in ids), None) for kind, names in _METRICS.items()}


def _events(kind: str) -> Resource:
    return Resource(
        kind,
        "/api/events",
        rows="data",
        params={
            "filter": f'equals(metric_id,"{{{kind}}}"),greater-or-equal(datetime,{{since}})', "sort": "datetime",
            "page[size]": "{size}", "fields[event]": "datetime,event_properties",
        },
        paging=Paging.NEXT,
        cursor="links.next",
        since=Since("attributes.datetime", overlap=dt.timedelta(days=1)),
        largest=200,
        needs=kind,
    )  # fmt: skip


SERVICE = Service(
    kind="klaviyo",
    label="Klaviyo",
    settings=(Setting("key", "{env:KLAVIYO_KEY}", secret=True), Setting("version", VERSION, needed=False)),
    base=_base,
    headers=_headers,
    prepare=_metrics,
    resources=(
        Resource(
            "profiles",
            "/api/profiles",
            rows="data",
            params={
                "filter": "greater-than(updated,{since})", "sort": "updated", "page[size]": "{size}",
                "additional-fields[profile]": "subscriptions",
            },
            paging=Paging.NEXT,
            cursor="links.next",
            since=Since("attributes.updated", overlap=dt.timedelta(minutes=10), exclusive=True),
            largest=100,
        ),
        *map(_events, _METRICS),
    ),
    tables=("profiles", "engagement"),
    account="Make a private key with read access to profiles, events and metrics under Settings, API keys.",
    defaults={"version": VERSION},
)  # fmt: skip
