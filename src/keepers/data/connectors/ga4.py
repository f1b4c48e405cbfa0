"""Google Analytics 4: sessions, key events and revenue of every channel and day; sums, never persons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from keepers.data.connectors.google import SETTINGS, bearer
from keepers.data.connectors.service import Paging, Resource, Service, Setting, Since, Written

_ACCOUNT = (
    "Make an OAuth client and a refresh token for the scope https://www.googleapis.com/auth/analytics.readonly, of "
    "somebody who may see the property."
)
_MONTH = dt.timedelta(days=28)


def _base(settings: Mapping[str, str]) -> str:
    return settings.get("address", "https://analyticsdata.googleapis.com").rstrip("/")


def _headers(settings: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": bearer("Google Analytics", settings, _ACCOUNT)}


SERVICE = Service(
    kind="ga4",
    label="Google Analytics",
    settings=(Setting("property", "123456789"), *SETTINGS),
    base=_base,
    headers=_headers,
    resources=(
        Resource(
            "channels",
            "/v1beta/properties/{property}:runReport",
            rows="rows",
            key="dimensionValues.0.value+dimensionValues.1.value",
            body={
                "dateRanges": [{"startDate": "{since}", "endDate": "{until}"}],
                "dimensions": [{"name": "date"}, {"name": "sessionDefaultChannelGroup"}],
                "metrics": [{"name": "sessions"}, {"name": "keyEvents"}, {"name": "totalRevenue"}],
                "limit": 100_000,
            },
            paging=Paging.WHOLE,
            # A month of a few dozen channels is one page. Analytics goes over its days for three of them.
            since=Since(
                "dimensionValues.0.value", Written.DAY, _MONTH, window=_MONTH, furthest=dt.timedelta(days=36 * 30)
            ),
            sparse=True,
        ),
    ),
    tables=("channels",),
    account=_ACCOUNT,
)
