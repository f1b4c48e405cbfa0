"""The bar above a page: of whom and of what its figures are, which of it can be chosen, and what stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.dashboard import words
from keepers.dashboard.menu import FOLLOWS, WHO, WON
from keepers.dashboard.wanted import Wanted
from keepers.domain.errors import ConfigError
from keepers.pipeline.live_values import Meaning
from keepers.reports import formatting
from keepers.storage.live import Generation
from keepers.web.site import Site

_OPTIONS = 40
"""Values of a division that are offered; a list of every channel ever written would be no choice."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that figures depend on and a page cannot change: its name, what it is, and who sets it."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands above a page."""

    wanted: Wanted
    facts: tuple[Fact, ...]
    options: dict[str, tuple[str, ...]]
    who: bool
    """Whether the page follows the choice of customers."""
    won: bool
    """Whether it follows when they were won."""

    @property
    def line(self) -> str:
        """Everything in one line."""
        return " · ".join((self.customers, *(fact.value for fact in self.facts)))

    @property
    def customers(self) -> str:
        """Of whom the page is."""
        groups = self.wanted.groups if self.who else ()
        said = ", ".join(f"{words.GROUPS[name]} {value}" for name, value in groups) or "All customers"
        since, until = (self.wanted.bound(name) if self.won else None for name in ("won_since", "won_until"))
        if since is None and until is None:
            return said
        if until is None:
            return f"{said} won since {formatting.day(since)}"
        return f"{said} won until {formatting.day(until)}" if since is None else (
            f"{said} won from {formatting.day(since)} to {formatting.day(until)}"
        )  # fmt: skip

    @property
    def passed_over(self) -> str:
        """What was chosen and does not change this page; empty where nothing is."""
        unused = [f"{words.GROUPS[name]} {value}" for name, value in self.wanted.groups if not self.who]
        if not self.won and (self.wanted.bound("won_since") or self.wanted.bound("won_until")):
            unused.append("the time in which customers were won")
        return " and ".join(unused)


def bar_of(site: Site, generation: Generation, path: str, wanted: Wanted) -> Bar | None:
    """The bar of a page; None for pages that are not about customers."""
    follows = FOLLOWS.get(path)
    if follows is None:
        return None
    options = groups_of(site, generation) if WHO in follows else {}
    return Bar(wanted.context, _facts(site, generation), options, WHO in follows, WON in follows)


def groups_of(site: Site, generation: Generation) -> dict[str, tuple[str, ...]]:
    """What customers may be divided by, and into what, of more than one; looked up once for the values of a run."""

    def found() -> dict[str, tuple[str, ...]]:
        with site.state.reading() as books:
            named = books.lists(generation.number).names()
        return {name: values[:_OPTIONS] for name, values in named.items() if len(values) > 1}

    return site.once("groups", generation, found)


def _facts(site: Site, generation: Generation) -> tuple[Fact, ...]:
    told = Meaning.from_dict(generation.settings)
    until = formatting.day(generation.as_of)
    try:
        store = site.content(generation).store
        period = Fact(
            "Period", f"{formatting.day(store.first_day)} to {until}",
            "First and last day of the data of the newest run. Orders that came in since are in the values.",
        )  # fmt: skip
    except (OSError, ConfigError):
        period = Fact("Period", f"up to {until}", "The last day of the data of the newest run.")
    next_run = "keepers.toml says it; a change counts from the next run on."
    facts = [period]
    if told.currency is not None:
        rate = "" if told.margin.rate is None else f" at {formatting.percent(told.margin.rate)}"
        facts += [
            Fact("Currency", told.currency, "The currency of the orders. Other currencies are not converted here."),
            Fact("Basis", f"{told.basis}{rate}", f"What counts as money. {next_run}"),
        ]
    facts.append(Fact("Horizon", f"next {told.horizon}", f"How far predictions reach. {next_run}"))
    return tuple(facts)
