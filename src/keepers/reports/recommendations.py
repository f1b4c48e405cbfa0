"""The part of the report about the next product of each customer, and its sentences."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.reports.decisions import DriverRow
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import count, money, percent, plural


@dataclass(frozen=True, slots=True)
class NextKind:
    """Customers whose next product is of one kind."""

    name: str
    """`cross-sell`, `upgrade`, `another` or `tested`."""
    customers: int
    """How many."""
    anyway: float | None
    """What they are expected to bring with it without being told of it; None where an experiment speaks instead."""
    example: str
    """The product that most of them have."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two products of which the second is bought more often by those who bought the first."""

    bought: str
    """What was bought."""
    next: str
    """What is bought later."""
    lift: Estimate
    """How many times as often as by everybody at the same number of orders."""
    customers: int
    """Who did both."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """What each customer may buy next."""

    days: int
    """How far ahead."""
    customers: int
    """Customers looked at."""
    judged: int
    """Customers on whom the choice was tested."""
    personal: bool
    """Whether choosing for each customer foretold more than every best-seller."""
    constant: str
    """The best of those."""
    advantage: float
    """What choosing foretold more than that, a customer."""
    advantage_low: float
    """The least it foretold more than any best-seller, with `confidence`."""
    confidence: float
    """Of the gate."""
    proven: int
    """Customers to whom an experiment gives a recommendation."""
    experiment: str
    """Its name; empty without one."""
    kinds: tuple[NextKind, ...]
    """Customers by kind."""
    pairs: tuple[PairRow, ...]
    """The strongest pairs."""
    adoptions: tuple[DriverRow, ...]
    """What a first purchase from a category is followed by."""
    anyway: float
    """What the next product brings anyway, the mean customer who has one."""
    group: int | None
    """Customers in each of two groups of the proposed experiment; None where none can be planned."""
    finds: float
    """The gain a customer that it finds."""
    possible: bool
    """Whether so many customers are there."""
    by_category: bool
    """Whether categories are told apart instead of products."""
    meaning: MoneyMeaning
    """The five things for what is expected anyway."""


_KINDS = {
    "cross-sell": "From a category they never bought from",
    "upgrade": "Dearer than what they have of its category",
    "another": "Another one of a category they know",
    "tested": "Chosen by the experiment",
}


def kind_words(name: str) -> str:
    """A kind in words."""
    return _KINDS[name]


def lead(found: Recommendations) -> str:
    """What is shown, and how it is known."""
    what = "category" if found.by_category else "product"
    return (
        f"For each of {plural(found.customers, 'customer')} one {what} that they do not have. What is known is what "
        "goes with what they bought; that recommending it earns anything is not known until it is tested."
    )


def verdict(found: Recommendations, currency: str | None) -> str:
    """Whether choosing for each customer foretells more than the best-seller."""
    on = f"on {plural(found.judged, 'customer')}, over the last {found.days} days, by what others had shown before"
    if found.personal:
        return (
            f"Choosing for each customer foretold {money(found.advantage, currency)} a customer more of what they "
            f"bought than “{found.constant}” for everybody, and at least {money(found.advantage_low, currency)} more "
            f"than any best-seller ({percent(found.confidence)} sure; {on}). So each customer has their own."
        )
    return (
        f"Choosing for each customer did not foretell more than best-sellers do ({on}). So everybody has the "
        "best-seller that they do not have yet."
    )


def tested(found: Recommendations) -> str:
    """What an experiment adds."""
    if not found.experiment:
        return ""
    if not found.proven:
        return f"The experiment “{found.experiment}” with recommendations has not proven that any of them pays."
    return (
        f"The experiment “{found.experiment}” has shown what recommending earns: {plural(found.proven, 'customer')} "
        "have what it chose for them."
    )


def proposal(found: Recommendations, currency: str | None) -> str:
    """How to find out what recommending earns, and what it may cost."""
    text = ""
    if found.anyway > 0:
        text = (
            f"The mean customer is expected to bring {money(found.anyway, currency)} with it anyway: a message that "
            f"raises that by a tenth may cost {money(0.1 * found.anyway, currency)} at most. "
        )
    if found.group is None:
        return text
    text += (
        f"To know what recommending earns, recommend to one half, drawn by lot, and to the other nothing: "
        f"{count(found.group)} customers in each half for {found.days} days show a gain of "
        f"{money(found.finds, currency)} a customer."
    )
    return text if found.possible else f"{text} So many customers are not there yet: it takes longer."
