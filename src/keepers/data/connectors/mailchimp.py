"""Mailchimp: members of an audience, and who opened, clicked and left because of which letter."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from typing import Any

from keepers.data.connectors.service import Ask, Item, Paging, Resource, Service, Setting, Since, found
from keepers.domain.errors import ConfigError

_MEMBERS = (
    "members.id,members.email_address,members.status,members.merge_fields,members.timestamp_opt,"
    "members.timestamp_signup,members.last_changed,members.member_rating,members.location,members.tags"
)
_PAGE = 1_000
_ACCOUNT = "Make a key under Account, Extras, API keys. `audience` is the Audience ID of Audience, Settings."


def _base(settings: Mapping[str, str]) -> str:
    if "address" in settings:
        return settings["address"].rstrip("/")
    centre = settings["key"].rpartition("-")[2]
    if not centre.isalnum() or "-" not in settings["key"]:
        raise ConfigError("`key` of Mailchimp ends in a dash and the data centre, such as -us21. Copy the whole of it.")
    return f"https://{centre}.api.mailchimp.com"


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    pair = base64.b64encode(f"keepers:{settings['key']}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _acts(campaigns: list[Item], ask: Ask) -> None:
    """Letters become what people did with them, each an item of its own, so that a person's can be forgotten."""
    acts: list[Item] = []
    for campaign in campaigns:
        report = f"/3.0/reports/{campaign['id']}"
        for one in _all(ask, f"{report}/email-activity", "emails"):
            acts += [
                _act(campaign, one["email_address"], act["action"], act["timestamp"])
                for act in one.get("activity", [])
                if act.get("action") in ("open", "click")
            ]
        acts += [
            _act(campaign, one["email_address"], "unsubscribe", one["timestamp"])
            for one in _all(ask, f"{report}/unsubscribed", "unsubscribes")
        ]
    campaigns[:] = acts


def _act(campaign: Item, email: str, action: str, at: str) -> Item:
    title = found(campaign, "settings.title") or found(campaign, "settings.subject_line")
    return {
        "id": f"{campaign['id']} {email} {action} {at}", "send_time": campaign["send_time"], "email": email,
        "action": action, "at": at, "campaign": title,
    }  # fmt: skip


def _all(ask: Ask, path: str, rows: str) -> list[Any]:
    """Everything of a report, page by page."""
    everything: list[Any] = []
    while True:
        answer = ask("GET", f"{path}?count={_PAGE}&offset={len(everything)}", None)
        page = found(answer, rows) or []
        everything += page
        if not page or len(everything) >= int(found(answer, "total_items") or 0):
            return everything


SERVICE = Service(
    kind="mailchimp",
    label="Mailchimp",
    settings=(Setting("key", "{env:MAILCHIMP_KEY}", secret=True), Setting("audience", "a1b2c3d4e5")),
    base=_base,
    headers=_headers,
    resources=(
        Resource(
            "members",
            "/3.0/lists/{audience}/members",
            rows="members",
            params={
                "count": "{size}", "sort_field": "last_changed", "sort_dir": "ASC", "since_last_changed": "{since}",
                "fields": _MEMBERS,
            },
            paging=Paging.ONWARD,
            after="offset",
            by_offset=True,
            since=Since("last_changed", overlap=dt.timedelta(minutes=10), exclusive=True),
            largest=_PAGE,
        ),
        # Letters are opened for weeks.
        Resource(
            "acts",
            "/3.0/campaigns",
            rows="campaigns",
            params={
                "count": "{size}", "status": "sent", "list_id": "{audience}", "sort_field": "send_time",
                "sort_dir": "ASC", "since_send_time": "{since}",
                "fields": "campaigns.id,campaigns.send_time,campaigns.settings",
            },
            paging=Paging.ONWARD,
            after="offset",
            by_offset=True,
            since=Since("send_time", overlap=dt.timedelta(days=30), exclusive=True),
            largest=10,
            complete=_acts,
            optional=True,
            label="letters",
        ),
    ),
    tables=("members", "engagement"),
    account=_ACCOUNT,
)  # fmt: skip
