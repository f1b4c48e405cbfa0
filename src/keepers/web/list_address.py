"""What the address of a list of customers says, read the same way by pages and programs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from keepers.domain.access import Scope, Visitor
from keepers.storage.live_lists import GROUPS, Filter
from keepers.storage.saved_views import SavedView
from keepers.storage.state import Books

LONGEST = 200
"""Letters of a word in an address."""

PAGE = "/customers"
"""The page of lists of customers."""


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


BOUNDS: dict[str, Callable[[str], Any]] = {
    "won_since": _day, "won_until": _day, "bought_since": _day, "silent_since": _day, "least_orders": _count,
    "most_orders": _count, "least_value": _number, "below_value": _number, "least_alive": _number,
    "below_alive": _number,
}  # fmt: skip
"""Bounds that may stand in an address, and how they are read."""


def groups_in(said: Mapping[str, str]) -> dict[str, str]:
    """What customers are narrowed to, by division."""
    chosen, _, value = said.get("who", "").partition(":")
    # The one choice of the context bar: "tier:Platinum" is the tier Platinum and nothing else of the kind.
    if chosen in GROUPS and value:
        return {chosen: value[:LONGEST]}
    return {name: said[name][:LONGEST] for name in GROUPS if said.get(name)}


def bounds_in(said: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Bounds that make sense; what does not is passed over."""
    found = []
    for name, read in BOUNDS.items():
        try:
            found.append((name, read(said[name])))
        except (KeyError, ValueError):
            continue
    return found


def filter_of(query: str, persons: bool) -> Filter:
    """The customers of a kept list."""
    said = dict(parse_qsl(query))
    groups = {name: (value,) for name, value in groups_in(said).items()}
    return Filter(groups, said.get("search", "")[:LONGEST], persons, **dict(bounds_in(said)))


def lists_seen(books: Books, visitor: Visitor, page: str) -> tuple[SavedView, ...]:
    """Kept lists of a page that a visitor sees: of those that others share for somebody whom one may not see, none."""
    listed = books.views.listed(visitor.name, page)
    if visitor.may(Scope.PERSONS):
        return listed
    return tuple(one for one in listed if one.owner == visitor.name or not _names_somebody(one.query))


def _names_somebody(query: str) -> bool:
    said = dict(parse_qsl(query))
    return bool(said.get("search") or said.get("person"))
