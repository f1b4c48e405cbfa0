"""The menu of the dashboard, in groups, and what of the context each page follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ACCESS = "/access"
CUSTOMERS, SUBSCRIBERS = "/customers", "/subscribers"

MENU: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("", (("/", "Overview"), ("/decisions", "Decisions"))),
    ("Customers", (
        ("/customers", "Customers"), ("/base", "The base"), ("/cohorts", "Cohorts"),
        ("/subscriptions", "Subscriptions"), ("/subscribers", "Subscribers"), ("/leaving", "Who is leaving"),
    )),
    ("Growth", (
        ("/channels", "Channels"), ("/value", "Value and levers"), ("/budget", "Budget"), ("/leads", "Leads"),
        ("/drivers", "Drivers and offers"),
    )),
    ("Trust", (("/trust", "Can it be trusted?"), ("/report", "Report"), ("/letters", "Letters and PDF"))),
    ("System", (("/data", "Data and runs"), (ACCESS, "Access"))),
)  # fmt: skip
"""Groups of pages, in order, each page with its address and its name."""

SUBSCRIBED = ("/subscriptions", "/subscribers")
OF_ORDERS = ("/customers", "/base", "/cohorts", "/channels", "/value", "/budget", "/drivers")
"""Pages that are about subscriptions, and about orders."""

WHO, WON, AHEAD, BASIS, CURRENCY = "who", "won", "ahead", "basis", "currency"
_LIVE = frozenset({WHO, WON, AHEAD, BASIS, CURRENCY})
OF_RUN = frozenset({CURRENCY})
_FOLLOWS: dict[str, frozenset[str]] = {
    "/": _LIVE, "/customers": _LIVE, "/base": _LIVE, "/cohorts": frozenset({WON, AHEAD, BASIS, CURRENCY}),
    "/channels": frozenset({AHEAD, CURRENCY}),
    # Where amounts are typed in they are in the run's own currency.
    "/budget": frozenset(),
    **dict.fromkeys(
        ("/decisions", "/subscriptions", "/subscribers", "/leaving", "/value", "/drivers", "/trust", "/leads"), OF_RUN
    ),
}  # fmt: skip
_OF_ONE = {"/customers": frozenset({AHEAD, BASIS, CURRENCY}), "/subscribers": OF_RUN, "/leads": OF_RUN}
"""The same of pages of one of a list."""


def follows(path: str) -> frozenset[str] | None:
    """Which choices of the context bar change a page: who is looked at, when they were won, how far ahead, on which
    basis, in which currency; None for a page without the bar."""
    inside = next((every for every in _OF_ONE if path.startswith(f"{every}/")), "")
    return _OF_ONE.get(inside, _FOLLOWS.get(path))


@dataclass(frozen=True, slots=True)
class Link:
    """A page in the menu."""

    path: str
    label: str
    here: bool


def menu(here: str, left_out: Sequence[str]) -> list[tuple[str, list[Link]]]:
    """The groups that have pages, with the page marked on which one is."""
    groups = []
    for name, pages in MENU:
        links = [Link(path, label, _inside(here, path)) for path, label in pages if path not in left_out]
        if links:
            groups.append((name, links))
    return groups


def _inside(here: str, path: str) -> bool:
    return here == path or (path != "/" and here.startswith(f"{path}/"))
