"""HubSpot: contacts, deals with who they belong to, companies, and what stages and owners are called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from keepers.data.connectors.service import Ask, Gone, Item, Paging, Resource, Service, Setting, Since, Written, found

_MOST = 100
"""Items whose associations one question may ask for."""


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://api.hubapi.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings['token']}"}


def _belonging(deals: Sequence[Item], ask: Ask) -> None:
    """Contacts and companies of deals, which a search leaves out."""
    for other in ("contacts", "companies"):
        of: dict[str, list[str]] = {}
        for begin in range(0, len(deals), _MOST):
            inputs = [{"id": deal["id"]} for deal in deals[begin : begin + _MOST]]
            answer = ask("POST", f"/crm/v4/associations/deals/{other}/batch/read", {"inputs": inputs})
            for one in (answer or {}).get("results", []):
                of[str(found(one, "from.id"))] = [str(to["toObjectId"]) for to in one.get("to", [])]
        for deal in deals:
            deal.setdefault("belonging", {})[other] = of.get(str(deal["id"]), [])


def _search(name: str, changed: str, properties: str, **more: Any) -> Resource:
    """Objects by when they were changed: a search goes on for 10,000 results only, so each page begins a new one."""
    body = {
        "filterGroups": [{"filters": [{"propertyName": changed, "operator": "GTE", "value": "{since}"}]}],
        "sorts": [{"propertyName": changed, "direction": "ASCENDING"}],
        "properties": [*properties.split(), changed],
        "limit": "{size}",
    }
    return Resource(
        name,
        f"{{objects}}/{name}/search",
        rows="results",
        body=body,
        paging=Paging.ONWARD,
        cursor="paging.next.after",
        after="after",
        # A search finds a changed object some seconds to minutes later.
        since=Since(f"properties.{changed}", Written.MILLISECONDS, dt.timedelta(minutes=30)),
        # A search finds nothing that was deleted, which stays in a list of its own for 90 days.
        gone=Gone(
            _all(f"{name}_gone", name, f"deleted {name}", archived="true"),
            at="archivedAt",
            changed=f"properties.{changed}",
        ),
        ids=_all(f"{name}_ids", name, f"ids of {name}"),
        **more,
    )


def _all(name: str, kind: str, label: str, **more: str) -> Resource:
    """Ids of all objects, in their order."""
    return Resource(
        name,
        f"{{objects}}/{kind}",
        rows="results",
        params={"limit": "{size}", "properties": "hs_object_id", **more},
        paging=Paging.CURSOR,
        cursor="paging.next.after",
        after="after",
        optional=True,
        label=label,
    )


SERVICE = Service(
    kind="hubspot",
    label="HubSpot",
    settings=(
        Setting("token", "{env:HUBSPOT_TOKEN}", secret=True),
        Setting("objects", "/crm/v3/objects", needed=False),
    ),
    base=_base,
    headers=_headers,
    resources=(
        Resource(
            "owners", "/crm/v3/owners", rows="results", params={"limit": "{size}"}, paging=Paging.CURSOR,
            cursor="paging.next.after", after="after", optional=True,
        ),
        Resource("pipelines", "/crm/v3/pipelines/deals", rows="results", paging=Paging.WHOLE, optional=True),
        _search(
            "contacts", "lastmodifieddate",
            "email firstname lastname phone mobilephone company associatedcompanyid hubspot_owner_id lifecyclestage "
            "hs_lead_status hs_analytics_source createdate country",
        ),
        _search(
            "deals", "hs_lastmodifieddate",
            "dealname dealstage pipeline amount deal_currency_code closedate createdate hubspot_owner_id "
            "hs_analytics_source",
            complete=_belonging, optional=True,
        ),
        _search(
            "companies", "hs_lastmodifieddate", "name domain industry country createdate hubspot_owner_id",
            optional=True,
        ),
    ),
    tables=("contacts", "deals", "companies"),
    account="Make a private app with the scopes crm.objects.contacts.read, crm.objects.deals.read, "
    "crm.objects.companies.read and crm.objects.owners.read.",
    defaults={"objects": "/crm/v3/objects"},
)  # fmt: skip
