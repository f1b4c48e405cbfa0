"""How money is looked at on a page: how far ahead, on which basis, in which currency; of what a run knows all of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from keepers.dashboard.wanted import Wanted
from keepers.domain.money import UNSPECIFIED_CURRENCY, MoneyBasis
from keepers.domain.reach import Reach
from keepers.pipeline.live_values import Meaning
from keepers.reports import formatting
from keepers.reports.formatting import Conversion
from keepers.storage.generation import Generation
from keepers.storage.live import LiveCustomer
from keepers.storage.live_lists import Cell, Group

_OF_VALUE = ("value", "value_low", "value_high", "money_at_risk")
_IN_SUMMARY = {"value": "total", "value_also": "also", "value_lifetime": "lifetime"}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen: its name in an address, its words, and whether it is."""

    name: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class View:
    """How money is looked at.

    Attributes
    ----------
    told : Meaning
        What the run's own figures mean.
    reach : Reach
        How far ahead.
    basis : str or None
        What counts as money; None without.
    factor : float
        From the run's own basis to that one.
    ends : tuple of Reach
        The horizons that can be chosen.
    conversion : Conversion or None
        Into the currency in which amounts are shown; None for the run's own.
    """

    told: Meaning
    reach: Reach
    basis: str | None
    factor: float
    ends: tuple[Reach, ...]
    conversion: Conversion | None = None

    @property
    def currency(self) -> str | None:
        """In which currency amounts are shown."""
        return self.told.currency if self.conversion is None else self.conversion.into

    @property
    def rate(self) -> float:
        """What amounts are multiplied with to be in it."""
        return 1.0 if self.conversion is None else self.conversion.rate

    @property
    def currencies(self) -> tuple[Choice, ...]:
        """The currencies that can be chosen."""
        return tuple(Choice(code, code, code == self.currency) for code in rates_of(self.told))

    @property
    def own(self) -> bool:
        """Whether values are as the run itself has them."""
        return self.reach.own and self.factor == 1.0

    @property
    def words(self) -> str:
        """How far ahead, as a person says it after "over" or "worth"."""
        return self.reach.words if self.reach.horizon is None else f"in the {self.reach.words}"

    @property
    def reaches(self) -> tuple[Choice, ...]:
        """The horizons that can be chosen."""
        return tuple(Choice(one.name, one.words, one.name == self.reach.name) for one in self.ends)

    @property
    def bases(self) -> tuple[Choice, ...]:
        """The bases that can be chosen."""
        return tuple(Choice(name, name, name == self.basis) for name in bases_of(self.told))

    def customer(self, one: LiveCustomer) -> LiveCustomer:
        """A customer with values on the basis."""
        if self.factor == 1.0:
            return one
        return replace(one, values={**one.values, **{name: self.priced(one.values[name]) for name in _OF_VALUE}})

    def group(self, one: Group) -> Group:
        """Customers together with values on the basis."""
        return replace(one, value=self.priced(one.value), money_at_risk=self.priced(one.money_at_risk))

    def cell(self, one: Cell) -> Cell:
        """A cell of a map with values on the basis."""
        return replace(one, value=self.priced(one.value), money_at_risk=self.priced(one.money_at_risk))

    def priced(self, value: float | None) -> float | None:
        """An amount of the run's own basis on this one."""
        return None if value is None else value * self.factor

    def equity(self, said: Mapping[str, Any]) -> dict[str, float] | None:
        """All customers' value with its interval as the run has it; None where it has none this far ahead."""
        known = said.get("equity") or {}
        found = known.get(_IN_SUMMARY.get(self.reach.column, ""))
        if found is None or found["low"] is None:
            return None
        return {name: found[name] * self.factor for name in ("value", "low", "high")}


def view_of(generation: Generation, wanted: Wanted) -> View:
    """How a page's address wants money looked at; what the run does not know is passed over."""
    told = Meaning.from_dict(generation.settings)
    bases = bases_of(told)
    asked = wanted.look("basis")
    basis = asked if asked in bases else told.basis
    reach = told.reach(wanted.look("horizon")) or told.reach("")
    assert reach is not None
    return View(
        told, reach, basis, 1.0 if basis is None else bases.get(basis, 1.0), told.reaches, _conversion(told, wanted)
    )


def rates_of(told: Meaning) -> dict[str, float]:
    """What amounts of the run are multiplied with to be in a currency, for each of which a rate is given."""
    if told.currency is None or told.currency == UNSPECIFIED_CURRENCY:
        return {}
    own = told.rates.get(told.currency, 1.0)
    others = {code: own / price for code, price in told.rates.items() if code != told.currency and price > 0}
    return {told.currency: 1.0, **others}


def _conversion(told: Meaning, wanted: Wanted) -> Conversion | None:
    asked, rates = wanted.look("currency").upper(), rates_of(told)
    if asked not in rates or asked == told.currency or told.currency is None:
        return None
    return Conversion(told.currency, asked, rates[asked])


def bases_of(told: Meaning) -> dict[str, float]:
    """The bases in which values are known, each with the factor from the run's own."""
    if told.currency is None or told.basis is None:
        return {}
    found = {told.basis: 1.0}
    # One margin for all orders is a factor; costs of each order are not.
    if told.margin.rate:
        found[MoneyBasis.NET_REVENUE.value] = 1.0 / told.margin.rate
    return found


def meaning(view: View, of_subscribers: bool = False) -> str:
    """The five things that money depends on, in a sentence."""
    told = view.told
    if told.currency is None:
        return "There is no money in the data: customers are ranked by the orders that they are expected to make."
    margin = "" if told.margin.rate is None or view.factor != 1.0 else (
        f" at a margin of {formatting.percent(told.margin.rate)}"
    )  # fmt: skip
    reach = view.reach.words if view.reach.horizon is None else f"of the {view.reach.words}"
    interval = ", with 80% intervals" if view.reach.horizon is not None else ""
    did = "subscribed" if of_subscribers else "bought"
    return (
        f"Values are expected {view.basis}{margin} {reach}, for customers who {did} before, before what winning them "
        f"cost, discounted at {formatting.percent(told.discount)} a year{interval}.{converted(view)}"
    )


def converted(view: View) -> str:
    """A sentence that says that amounts are converted, and at which rate; nothing where they are not."""
    if view.conversion is None:
        return ""
    return (
        f" Amounts are converted: 1 {view.conversion.of} is {view.conversion.rate:.6g} {view.conversion.into}, "
        "by the rates of the newest run."
    )
