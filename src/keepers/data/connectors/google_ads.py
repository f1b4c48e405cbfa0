"""Google Ads: what campaigns cost each day, by a question in Google's query language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from keepers.data.connectors.google import SETTINGS, bearer
from keepers.data.connectors.service import Paging, Resource, Service, Setting, Since, Written

VERSION = "v25"
"""Google keeps a version for a year."""

_QUERY = (
    "SELECT campaign.id, campaign.name, customer.currency_code, segments.date, metrics.cost_micros, "
    "metrics.impressions, metrics.clicks, metrics.conversions, metrics.conversions_value FROM campaign "
    "WHERE segments.date BETWEEN '{since}' AND '{until}' ORDER BY segments.date"
)
_ACCOUNT = (
    "Make an OAuth client and a refresh token for the scope https://www.googleapis.com/auth/adwords, and ask for a "
    "developer token in the API Center of a manager account."
)


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://googleads.googleapis.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    headers = {
        "Authorization": bearer("Google Ads", settings, _ACCOUNT),
        "developer-token": settings["developer_token"],
    }
    if "manager" in settings:
        headers["login-customer-id"] = settings["manager"].replace("-", "")
    return headers


SERVICE = Service(
    kind="google_ads",
    label="Google Ads",
    settings=(
        Setting("customer", "1234567890"),
        Setting("developer_token", "{env:GOOGLE_ADS_TOKEN}", secret=True),
        *SETTINGS,
        Setting("manager", "1234567890", needed=False),
        Setting("version", VERSION, needed=False),
    ),
    base=_base,
    headers=_headers,
    resources=(
        Resource(
            "campaigns",
            "/{version}/customers/{customer}/googleAds:search",
            rows="results",
            key="campaign.id+segments.date",
            body={"query": _QUERY},
            paging=Paging.CURSOR,
            cursor="nextPageToken",
            after="pageToken",
            # Conversions count on the day of the click, up to 30 days before in most accounts.
            since=Since("segments.date", Written.DAY, dt.timedelta(days=31), furthest=dt.timedelta(days=3650)),
            sparse=True,
        ),
    ),
    tables=("spend",),
    account=_ACCOUNT,
    defaults={"version": VERSION},
)
