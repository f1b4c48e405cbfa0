"""Which customers a page shows, as its address says it: the context that goes from page to page, and the list's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Request

from keepers.dashboard import words
from keepers.reports import formatting
from keepers.storage.live_lists import GROUPS, SORTABLE, Filter
from keepers.web.list_address import LONGEST, bounds_in, groups_in, list_in

CONTEXT = ("won_since", "won_until", *GROUPS)
"""What goes along from page to page, beside the kept list and how money is looked at."""

LOOKS = ("horizon", "basis", "currency")
"""How money is looked at, as it stands in an address."""


BESIDE = (
    "show", "only", "whole", "status", "search", "person", "this_week", "lead_channel", "plan", "contract", "sort",
)  # fmt: skip
"""What single pages say in their addresses of themselves, which another choice of the context leaves as it is."""

_LONGEST_LOOK = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that narrows a page: its words, and the address of the page without it."""

    said: str
    without: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which customers a page shows, as its address says it."""

    search: str = ""
    sort: str = "value"
    ascending: bool = False
    offset: int = 0
    groups: tuple[tuple[str, str], ...] = ()
    bounds: tuple[tuple[str, Any], ...] = ()
    looks: tuple[tuple[str, str], ...] = ()
    kept_list: int | None = None

    @classmethod
    def of(cls, request: Request) -> Wanted:
        """From the address; what makes no sense there is passed over."""
        said = request.query_params
        sort, start = said.get("sort", "value"), said.get("offset", "0")
        return cls(
            said.get("search", "")[:LONGEST],
            sort if sort in SORTABLE else "value",
            said.get("order") == "up",
            min(int(start), 10**9) if start.isdecimal() and len(start) < 20 else 0,
            tuple(groups_in(said).items()),
            tuple(bounds_in(said)),
            tuple((name, said[name][:_LONGEST_LOOK]) for name in LOOKS if said.get(name)),
            list_in(said),
        )

    def as_sortable(self, has_learned: bool) -> Wanted:
        """The same, by predicted value where it is sorted by learned value and the run learned none."""
        return self if has_learned or self.sort != "learned_value" else replace(self, sort="value")

    def filter(self, persons: bool, within: Filter | None = None) -> Filter:
        """As the store has it, within a kept list."""
        groups = {name: (value,) for name, value in self.groups}
        return Filter(groups, self.search, persons, within=within, **dict(self.bounds))

    def address(self, path: str = "/customers", **other: Any) -> str:
        """The address of the same with something else; None leaves a part out.

        What the path asks for itself, after a question mark, goes before what was chosen.
        """
        path, mark, place = path.partition("#")
        path, _, own = path.partition("?")
        said: dict[str, Any] = {
            "search": self.search, **dict(self.groups), **dict(self.bounds), "list": self.kept_list, **dict(self.looks),
        }  # fmt: skip
        if self.sort != "value" or self.ascending:
            said |= {"sort": self.sort, "order": "up" if self.ascending else "down"}
        if self.offset:
            said["offset"] = self.offset
        said |= dict(parse_qsl(own)) | other
        kept = {name: value for name, value in said.items() if value not in (None, "")}
        if kept.get("offset") == 0:
            del kept["offset"]
        return (f"{path}?{urlencode(kept)}" if kept else path) + mark + place

    def address_of(self, customer_key: str) -> str:
        """The address of a customer's page."""
        return self.context.address(f"/customers/{quote(customer_key, safe='')}")

    @property
    def context(self) -> Wanted:
        """What goes along to other pages."""
        bounds = tuple(one for one in self.bounds if one[0] in CONTEXT)
        return Wanted(groups=self.groups, bounds=bounds, looks=self.looks, kept_list=self.kept_list)

    @property
    def fields(self) -> list[tuple[str, Any]]:
        """What goes along to other pages, as fields of a form."""
        kept = self.context
        return [*kept.groups, *kept.bounds, *((("list", kept.kept_list),) if kept.kept_list else ()), *kept.looks]

    @property
    def everybody(self) -> Wanted:
        """All customers, looked at in the same way."""
        return Wanted(looks=self.looks)

    @property
    def narrows(self) -> bool:
        """Whether it is not all customers."""
        return bool(self.search or self.groups or self.bounds or self.kept_list)

    @property
    def who(self) -> str:
        """The choice of the context bar; empty where there is none or more than one."""
        if self.kept_list is not None:
            return "" if self.groups else f"list:{self.kept_list}"
        return f"{self.groups[0][0]}:{self.groups[0][1]}" if len(self.groups) == 1 else ""

    def look(self, name: str) -> str:
        """How money is looked at, of `LOOKS`; empty where nothing is said."""
        return dict(self.looks).get(name, "")

    def bound(self, name: str) -> Any:
        """A bound; None where there is none."""
        return dict(self.bounds).get(name)

    def parts(self, path: str, currency: str | None, named: str | None = None, factor: float = 1.0) -> list[Part]:
        """What narrows the page, in words; `named` is what the kept list is called.

        Bounds of value are of the run's own basis, and said by `factor` on the one that is shown.
        """
        found = [
            Part(f"{words.GROUPS[name]} {value}", self.address(path, **{name: None}, offset=None))
            for name, value in self.groups
        ]
        if self.kept_list is not None:
            called = f"list “{named}”" if named else "a list that is gone"
            found.insert(0, Part(called, self.address(path, list=None, offset=None)))
        if self.search:
            found.append(Part(f"found by “{self.search}”", self.address(path, search=None, offset=None)))
        for name, value in self.bounds:
            said = value * factor if name in ("least_value", "below_value") else value
            found.append(Part(_WORDS[name](said, currency), self.address(path, **{name: None}, offset=None)))
        return found

    def only(self, **bounds: Any) -> Wanted:
        """The same context with these bounds and nothing else of a list."""
        kept = {**dict(self.context.bounds), **{name: value for name, value in bounds.items() if value is not None}}
        return replace(self.context, bounds=tuple(kept.items()))


_WORDS: dict[str, Callable[[Any, str | None], str]] = {
    "won_since": lambda day, _: f"first bought since {formatting.day(day)}",
    "won_until": lambda day, _: f"first bought until {formatting.day(day)}",
    "bought_since": lambda day, _: f"bought since {formatting.day(day)}",
    "silent_since": lambda day, _: f"nothing bought since {formatting.day(day)}",
    "least_orders": lambda orders, _: f"at least {formatting.plural(orders, 'order')}",
    "most_orders": lambda orders, _: f"at most {formatting.plural(orders, 'order')}",
    "least_value": lambda value, currency: f"worth {formatting.money(value, currency)} or more",
    "below_value": lambda value, currency: f"worth less than {formatting.money(value, currency)}",
    "least_alive": lambda chance, _: f"still a customer at {formatting.percent(chance)} or more",
    "below_alive": lambda chance, _: f"still a customer at less than {formatting.percent(chance)}",
}
"""What a bound says."""
