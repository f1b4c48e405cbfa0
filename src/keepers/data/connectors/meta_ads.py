"""Meta Ads: what campaigns cost each day, by the insights of an ad account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from keepers.data.connectors.service import Paging, Resource, Service, Setting, Since, Written, found

VERSION = "v25.0"
"""Meta keeps a version for two years."""

_BUSY = {4, 17, 32, 613, *range(80000, 80015)}
_NO_TOKEN = {102, 190}
_FIELDS = "campaign_id,campaign_name,account_currency,spend,impressions,inline_link_clicks,actions,action_values"


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://graph.facebook.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings['token']}"}


def _throttled(answer: Any) -> bool:
    return found(answer, "error.code") in _BUSY


def _denied(answer: Any) -> bool:
    return found(answer, "error.code") in _NO_TOKEN


SERVICE = Service(
    kind="meta_ads",
    label="Meta Ads",
    settings=(
        Setting("account", "1234567890"),
        Setting("token", "{env:META_TOKEN}", secret=True),
        Setting("version", VERSION, needed=False),
    ),
    base=_base,
    headers=_headers,
    resources=(
        Resource(
            "campaigns",
            "/{version}/act_{account}/insights",
            rows="data",
            key="campaign_id+date_start",
            params={
                "level": "campaign", "time_increment": 1, "fields": _FIELDS, "limit": "{size}",
                "time_range": '{"since":"{since}","until":"{until}"}',
            },
            paging=Paging.CURSOR,
            cursor="paging.cursors.after",
            following="paging.next",
            after="after",
            # Purchases count on the day of the click, up to four weeks before. More days at once are too much for large
            # accounts, and nothing is known from before 37 months.
            since=Since(
                "date_start", Written.DAY, dt.timedelta(days=28), window=dt.timedelta(days=28),
                furthest=dt.timedelta(days=36 * 30),
            ),
            largest=500,
        ),
    ),
    tables=("spend",),
    account="Make a system user of the business with the right ads_read on the account, and a token of theirs.",
    throttled=_throttled,
    denied=_denied,
    defaults={"version": VERSION},
)  # fmt: skip
