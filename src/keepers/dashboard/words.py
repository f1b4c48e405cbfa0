"""What pages say in words: how fresh values are, whether to trust them, what money means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepers.reports import formatting
from keepers.storage.generation import Generation

_OLD = 8
"""Days after which values ask for a run."""

COLUMNS = {
    "value": "Predicted value", "money_at_risk": "Money at risk", "revenue": "Revenue so far", "orders": "Orders",
    "last_day": "Last order", "probability_alive": "Still a customer", "updated_at": "Changed",
}  # fmt: skip
"""Columns by which people sort, and what they call them."""

LEARNED_COLUMN = "Learned value"
"""The same of a column that not every run has."""

GROUPS = {
    "tier": "Tier", "rfm_group": "RFM group", "segment": "Segment", "state": "State", "channel": "Channel",
    "country": "Country",
}  # fmt: skip
"""Divisions, and what people call them."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A short word, its colour, and what it means."""

    word: str
    hue: str
    why: str


def freshness(generation: Generation | None, now: dt.datetime) -> Badge:
    """How old the values are."""
    if generation is None:
        return Badge("nothing valued yet", "warm", "The first run has not ended; see Data and runs.")
    age = (now.date() - generation.made_at.date()).days
    ago = "today" if age <= 0 else "yesterday" if age == 1 else f"{age} days ago"
    why = (
        f"Models were last fitted {ago}, on data up to {formatting.day(generation.as_of)}. Orders that came in as "
        "events are in the values."
    )
    return Badge(f"fitted {ago}", "good" if age < _OLD else "warm", why)


def trust(said: Mapping[str, Any] | None) -> Badge | None:
    """What the backtest found."""
    if said is None:
        return None
    told = said["verdict"]
    hue = "good" if told["trust"] == "good" else "warm"
    return Badge(str(told["trust"]), hue, str(told["sentence"]))


def interval(low: float | None, high: float | None, currency: str | None) -> str:
    """An interval as a person says it."""
    if low is None or high is None:
        return ""
    return f"{formatting.money(low, currency)} to {formatting.money(high, currency)}"


def since(day: dt.date, today: dt.date) -> str:
    """How long ago a day is."""
    days = (today - day).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{formatting.days_long(days)} ago"


def rank(percentile: float) -> str:
    """Where a customer stands among all.

    >>> rank(100.0), rank(84.6), rank(0.0)
    ('more than any other customer', 'more than 84% of customers', 'as little as anybody')
    """
    if percentile >= 99.95:
        return "more than any other customer"
    return f"more than {int(percentile)}% of customers" if percentile >= 1 else "as little as anybody"


def date_of(text: str | dt.date) -> dt.date:
    """A day as it stands among the fields of a customer."""
    return text if isinstance(text, dt.date) else dt.date.fromisoformat(text)
