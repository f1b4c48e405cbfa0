"""What Google's interfaces share: a token for an hour, for one that lasts."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.data.connectors.grant import granted
from keepers.data.connectors.service import Setting

SETTINGS = (
    Setting("client_id", "0a1b2c3d.apps.googleusercontent.com"),
    Setting("client_secret", "{env:GOOGLE_SECRET}", secret=True),
    Setting("refresh_token", "{env:GOOGLE_REFRESH_TOKEN}", secret=True),
)


def bearer(label: str, settings: Mapping[str, str], account: str) -> str:
    """The header that says who asks."""
    address = settings["address"].rstrip("/") if "address" in settings else "https://oauth2.googleapis.com"
    kept = {key: settings[key] for key in ("client_id", "client_secret", "refresh_token")}
    token = granted(label, f"{address}/token", {"grant_type": "refresh_token", **kept}, account, form=True)
    return f"Bearer {token}"
