"""The bar above a page: of whom and of what its figures are, which of it can be chosen, and what stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keepers.dashboard import words
from keepers.dashboard.looked import shown_on
from keepers.dashboard.looking import Choice, View, converted, rates_of, view_of
from keepers.dashboard.menu import AHEAD, BASIS, CURRENCY, OF_RUN, SUBSCRIBED, WHO, WON, follows
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Visitor
from keepers.domain.errors import ConfigError
from keepers.pipeline.live_values import Meaning
from keepers.reports import formatting
from keepers.storage.generation import Generation
from keepers.storage.saved_views import SavedView
from keepers.web.list_address import PAGE, lists_seen
from keepers.web.site import Site

_OPTIONS = 40
"""Values of a division that are offered; a list of every channel ever written would be no choice."""


_OF_ALL = (
    "The figures of this page are of all customers: the run works them out once, for everybody, and no choice of "
    "customers or of a horizon would change them."
)
_FIXED = {
    "/budget": "A plan counts what new customers bring within the lifetime or the horizon that the run was made with: "
    "how channels answer to money was learned for it.",
    "/leads": "A lead is valued by its chance to become a customer times what such customers bring, both as far ahead "
    "as the run has learned them.",
    "/subscribers": "Subscribers are valued within the run's own horizon, by their contracts.",
    "/decisions": "What is proposed is of all customers, within the horizons that the run made it for.",
}
"""Why nothing can be chosen on a page, where that is not because it is of all customers."""

_ALL_OF = {"/subscribers": "All subscribers", "/leads": "All leads"}
_ONE_OF = {"/customers": "This customer", "/subscribers": "This subscriber", "/leads": "This lead"}
"""Of whom pages are that are not about customers, and pages of one."""


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
    view: View
    """How money is looked at."""
    asked: View
    """How the address asks for it, which a page may not follow."""
    options: dict[str, tuple[str, ...]]
    lists: tuple[SavedView, ...]
    """Kept lists that can be chosen."""
    who: bool
    """Whether the page follows the choice of customers."""
    won: bool
    """Whether it follows when they were won."""
    ahead: bool
    """Whether it follows how far ahead one looks."""
    basis: bool
    """Whether it follows what counts as money."""
    converts: bool = False
    """Whether it follows in which currency amounts are shown."""
    path: str = "/"
    one: bool = False
    """Whether the page is of one customer, subscriber or lead."""

    @property
    def line(self) -> str:
        """Everything in one line."""
        whom = (_ONE_OF[self.about],) if self.one else (_ALL_OF.get(self.about) or self.customers,)
        return " · ".join((*whom, *(fact.value for fact in self.facts)))

    @property
    def chooses(self) -> bool:
        """Whether anything of the page can be chosen here."""
        return self.who or self.won or bool(self.reaches or self.bases or self.currencies)

    @property
    def fixed(self) -> str:
        """Why nothing can be chosen."""
        return _FIXED.get(self.about, _OF_ALL)

    @property
    def about(self) -> str:
        """The page itself, or that of the list of which it shows one."""
        return next(every for every in _ONE_OF if self.path.startswith(f"{every}/")) if self.one else self.path

    @property
    def reaches(self) -> tuple[Choice, ...]:
        """Horizons to choose from; none where there is one alone, or the page does not follow."""
        return self.view.reaches if self.ahead and len(self.view.reaches) > 1 else ()

    @property
    def bases(self) -> tuple[Choice, ...]:
        """The same of bases."""
        return self.view.bases if self.basis and len(self.view.bases) > 1 else ()

    @property
    def currencies(self) -> tuple[Choice, ...]:
        """The same of currencies."""
        return self.view.currencies if self.converts and len(self.view.currencies) > 1 else ()

    @property
    def customers(self) -> str:
        """Of whom the page is."""
        groups = self.wanted.groups if self.who else ()
        narrowed = [f"{words.GROUPS[name]} {value}" for name, value in groups]
        if self.who and self.wanted.kept_list is not None:
            narrowed.insert(0, next((f"“{one.name}”" for one in self.lists if one.number == self.wanted.kept_list), ""))
        said = ", ".join(filter(None, narrowed)) or "All customers"
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
        if self.one:
            unused = []
        elif not self.who and self.wanted.kept_list is not None:
            unused.append("the kept list")
        if not self.one and not self.won and (self.wanted.bound("won_since") or self.wanted.bound("won_until")):
            unused.append("the time in which customers were won")
        name = self.asked.reach.name
        beyond = self.ahead and name == self.wanted.look("horizon") and name != self.view.reach.name
        if beyond or (not self.ahead and not self.asked.reach.own):
            unused.append(f"the horizon “{self.asked.reach.words}”")
        if not self.converts and self.asked.conversion is not None:
            unused.append(f"the currency {self.asked.currency}")
        if not self.basis and self.asked.factor != 1.0:
            unused.append(f"the basis “{self.asked.basis}”")
        return " and ".join(unused)


def bar_of(site: Site, generation: Generation, path: str, wanted: Wanted, visitor: Visitor) -> Bar | None:
    """The bar of a page; None for pages that are not about customers."""
    followed = follows(path)
    if followed is None:
        return None
    if not generation.customers:
        # There are subscribers alone, whose pages are of the run.
        followed = followed & OF_RUN
    who, won, ahead, basis = (name in followed for name in (WHO, WON, AHEAD, BASIS))
    options = groups_of(site, generation) if who else {}
    view = shown_on(path, generation, wanted)
    facts = _facts(site, generation, view, ahead, path)
    kept: tuple[SavedView, ...] = ()
    if who:
        with site.state.reading() as books:
            kept = lists_seen(books, visitor, PAGE)
    one = path.startswith(tuple(f"{every}/" for every in _ONE_OF))
    asked = view_of(generation, wanted)
    return Bar(
        wanted.context, facts, view, asked, options, kept, who, won, ahead, basis, CURRENCY in followed, path, one
    )


def groups_of(site: Site, generation: Generation) -> dict[str, tuple[str, ...]]:
    """What customers may be divided by, and into what, of more than one; looked up once for the values of a run."""

    def found() -> dict[str, tuple[str, ...]]:
        with site.state.reading() as books:
            named = books.lists(generation.number).names()
        return {name: values[:_OPTIONS] for name, values in named.items() if len(values) > 1}

    return site.once("groups", generation, found)


def _facts(site: Site, generation: Generation, view: View, ahead: bool, path: str) -> tuple[Fact, ...]:
    told, basis = view.told, view.basis
    until = formatting.day(generation.as_of)
    try:
        store = site.content(generation).store
        period = Fact(
            "Period", f"{formatting.day(store.first_day)} to {until}",
            "First and last day of the data of the newest run. Orders that came in since are in the values.",
        )  # fmt: skip
    except (OSError, ConfigError):
        period = Fact("Period", f"up to {until}", "The last day of the data of the newest run.")
    rate = "" if told.margin.rate is None or view.factor != 1.0 else f" at {formatting.percent(told.margin.rate)}"
    why_basis = _other_bases(told)
    if path.startswith(SUBSCRIBED):
        paid = _of_subscriptions(site, generation)
        if paid.get("basis"):
            basis = paid["basis"]
            rate = "" if paid.get("margin_rate") is None else f" at {formatting.percent(paid['margin_rate'])}"
            why_basis = "Margins of orders are not those of subscriptions." if basis != told.basis else ""
    next_run = "keepers.toml says it; a change counts from the next run on."
    facts = [period]
    if told.currency is not None:
        facts += [
            Fact(
                "Currency",
                told.currency if view.conversion is None else f"{view.currency} (converted)",
                converted(view).strip() or _other_currencies(told),
            ),
            Fact("Basis", f"{basis}{rate}", " ".join(filter(None, ("What counts as money.", why_basis, next_run)))),
        ]
    why = "How far ahead values look. Tiers and who is at risk go by the run's own horizon, "
    if path.startswith("/leads"):
        # How far ahead they are valued stands on the page itself.
        return tuple(facts)
    far = (
        f"{why}the next {told.horizon}."
        if ahead and len(told.reaches) > 1
        else f"How far predictions reach. {next_run}"
    )
    return (*facts, Fact("Horizon", view.reach.words, far))


def _of_subscriptions(site: Site, generation: Generation) -> dict[str, Any]:
    """What the money of subscriptions means; empty where the run says nothing of it."""
    try:
        return (site.said(generation).get("subscriptions") or {}).get("money") or {}
    except OSError:
        return {}


def _other_currencies(told: Meaning) -> str:
    """Why there is no choice of currencies, or what it rests on."""
    if len(rates_of(told)) > 1:
        return "The currency of the run. Others are converted at the rates that keepers.toml gave it."
    return "The currency of the orders. With [money] rates in keepers.toml amounts can be shown in others."


def _other_bases(told: Meaning) -> str:
    """Why there is no choice of bases, where there is none."""
    if told.margin.rate:
        return "With one margin for all orders net revenue is known too."
    if told.margin.per_order:
        return "Margins are each order's own, so that values of revenue are not known beside."
    return "Contribution is known once keepers.toml gives a margin."
