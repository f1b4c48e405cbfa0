"""What the address of a list of customers says, read the same way by pages and programs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from keepers.domain.access import Scope, Visitor
from keepers.domain.errors import ConfigError
from keepers.domain.reach import OWN, Reach
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


def filter_of(
    query: str, persons: bool, reaches: Sequence[Reach] = (), lists: Mapping[int, str] | None = None, deep: int = 3
) -> Filter:
    """The customers of a kept list, whatever horizon a page looks to.

    Parameters
    ----------
    query : str
        What the address of the list says.
    persons : bool
        Whether a search may look into names and addresses.
    reaches : sequence of Reach
        The horizons at which customers are valued, as the list may bound the value within one.
    lists : mapping of int to str, optional
        Other kept lists by number, as a list may be made of one.
    deep : int
        How many lists a list may lie within.
    """
    said = dict(parse_qsl(query))
    groups = {name: (value,) for name, value in groups_in(said).items()}
    reach = next((one for one in reaches if one.name == said.get("horizon")), OWN)
    named, within = list_in(said), None
    if named is not None:
        inside = (lists or {}).get(named) if deep else None
        # Without the list that it lies within it would hold more than whoever kept it meant.
        gone = Filter(nobody=True)
        within = gone if inside is None else filter_of(inside, persons, reaches, lists, deep - 1)
    search = said.get("search", "")[:LONGEST]
    return Filter(groups, search, persons, within=within, reach=reach, **dict(bounds_in(said)))


def check_kept(seen: Sequence[SavedView], owner: str, name: str, query: str, shared: bool) -> None:
    """Whether a list may be kept: whoever sees it sees what it lies within, which is another one.

    Raises
    ------
    ConfigError
        It lies within a list that others do not see, or whose place it would take.
    """
    named = list_in(dict(parse_qsl(query)))
    inside = next((one for one in seen if one.number == named), None)
    if inside is None:
        return
    if (inside.owner, inside.name) == (owner, name.strip()):
        raise ConfigError(f"This list lies within “{inside.name}”, which it would replace. Give it another name.")
    if shared and not inside.shared:
        raise ConfigError(
            f"This list lies within “{inside.name}”, which you alone see. Share that one first, or keep this for "
            "yourself."
        )


def list_in(said: Mapping[str, str]) -> int | None:
    """The number of the kept list that customers are narrowed to; None without one."""
    chosen, _, number = said.get("who", "").partition(":")
    named = number if chosen == "list" else said.get("list", "")
    return int(named) if named.isdecimal() and len(named) < 10 else None


def queries_seen(books: Books, visitor: Visitor) -> dict[int, str]:
    """What the addresses of the kept lists of customers say that a visitor sees, by number."""
    return {one.number: one.query for one in lists_seen(books, visitor, PAGE)}


def lists_seen(books: Books, visitor: Visitor, page: str) -> tuple[SavedView, ...]:
    """Kept lists of a page that a visitor sees: of those that others share for somebody whom one may not see, none."""
    listed = books.views.listed(visitor.name, page)
    if visitor.may(Scope.PERSONS):
        return listed
    return tuple(one for one in listed if one.owner == visitor.name or not _names_somebody(one.query))


def _names_somebody(query: str) -> bool:
    said = dict(parse_qsl(query))
    return bool(said.get("search") or said.get("person"))
