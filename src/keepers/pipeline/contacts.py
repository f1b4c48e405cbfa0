"""What a run leaves of each customer beside orders: contacts, e-mails, tickets, offers, contracts, for their page."""

from __future__ import annotations

import shutil
from pathlib import Path

from keepers.data.engine import literal, quoted
from keepers.data.read import Dataset

FILE = "contacts.parquet"
"""Its name beside the kept orders."""

_PARTS = {
    "touches": (
        "day", "'visit'", "coalesce(channel, medium, 'unknown')", "coalesce(campaign, landing_page)",
        "CAST(NULL AS DOUBLE)", "TRUE",
    ),
    "engagement": ("day", "kind", "coalesce(campaign, '')", "NULL", "NULL", "TRUE"),
    "feedback": ("day", "kind", "coalesce(CAST(score AS VARCHAR), '')", '"text"', "NULL", "TRUE"),
    "treatments": (
        "day", "CASE WHEN lower(offer) = 'control' THEN 'held out' ELSE 'offer' END", "offer",
        "CASE WHEN accepted THEN 'taken' END", "CAST(cost AS DOUBLE)", "TRUE",
    ),
    "referrals": ("day", "'referral'", "'was brought by another customer'", "NULL", "NULL", "TRUE"),
    "leads": ("day", "'lead'", "coalesce(stage, status, '')", "channel", "CAST(amount AS DOUBLE)", "TRUE"),
    "subscriptions": (
        "started_on", "'subscribed'", "coalesce(plan, '')", '"interval"', "CAST(amount AS DOUBLE)",
        "started_on IS NOT NULL",
    ),
}  # fmt: skip
"""Of each table: day, kind, what, details, money, and which rows."""

_ENDINGS = ("ended_on", "'ended'", "coalesce(plan, '')", "cancellation_reason", "NULL", "ended_on IS NOT NULL")
_ROWS_AT_ONCE = 20_000


def keep_contacts(dataset: Dataset, kept: Path) -> None:
    """Write what the dataset says of customers beside their orders; no file where it says nothing."""
    queries = [_query(dataset.tables[name].name, part) for name, part in _PARTS.items() if name in dataset.tables]
    if "subscriptions" in dataset.tables:
        queries.append(_query(dataset.tables["subscriptions"].name, _ENDINGS))
    if not queries or not dataset.engine.is_embedded:
        return
    dataset.engine.execute(
        f"COPY (SELECT DISTINCT * FROM ({' UNION ALL '.join(queries)}) AS said ORDER BY customer_key, day, kind) "
        f"TO {literal(str(kept / FILE))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_AT_ONCE})"
    )


def carry_contacts(earlier: Path, kept: Path) -> None:
    """Let an update have what the run before it kept."""
    if (earlier / FILE).exists() and not (kept / FILE).exists():
        shutil.copyfile(earlier / FILE, kept / FILE)


def _query(table: str, part: tuple[str, ...]) -> str:
    day, kind, what, detail, amount, rows = part
    return (
        f"SELECT customer_key, CAST({day} AS DATE) AS day, CAST({kind} AS VARCHAR) AS kind, "
        f"CAST({what} AS VARCHAR) AS what, CAST({detail} AS VARCHAR) AS detail, CAST({amount} AS DOUBLE) AS amount "
        f"FROM {quoted(table)} WHERE customer_key IS NOT NULL AND {rows}"
    )
