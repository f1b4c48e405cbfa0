"""What the alarm on drift says in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Finding(Protocol):
    """What a sentence needs of a finding."""

    @property
    def name(self) -> str:
        """What was counted."""

    @property
    def change(self) -> float:
        """Observed over expected, less one."""

    @property
    def p_value(self) -> float:
        """Of this statistic among all."""

    @property
    def detectable(self) -> float:
        """The smallest change that is mostly seen."""

    @property
    def sentence(self) -> str:
        """In words."""


PURCHASE_RATE, DROPOUT, HETEROGENEITY = "purchase rate", "dropout", "heterogeneity"
NEW, SPEND = "new customers", "spend"
CHURN, AGES = "churn", "ages at which contracts end"
PARTS = {
    "purchases": PURCHASE_RATE,
    "active_customers": DROPOUT,
    "purchases_per_active_customer": PURCHASE_RATE,
    "unevenness": HETEROGENEITY,
    "newcomers_purchases": NEW,
    "newcomers_returning": NEW,
    "order_value": SPEND,
    "endings": CHURN,
    "young_among_endings": AGES,
    "newcomers_endings": NEW,
}
"""By statistic: the part of behaviour that it tells of."""

_TEXTS = {
    "purchases": ("purchases of known customers", "Known customers made {} purchases", ",.0f"),
    "active_customers": ("customers who buy again", "{} known customers bought again", ",.0f"),
    "purchases_per_active_customer": ("how often they buy", "Known customers who bought did so {} times each", ",.2f"),
    "unevenness": ("unevenness", "The index of how unevenly known customers buy is {}", ",.2f"),
    "newcomers_purchases": ("purchases of new customers", "New customers came back {} times", ",.0f"),
    "newcomers_returning": ("new customers who come back", "{} new customers came back", ",.0f"),
    "order_value": ("the value of an order", "An order brought {} on average", ",.2f"),
    "endings": ("endings of contracts", "{} contracts ended", ",.0f"),
    "young_among_endings": (
        "the share of young contracts among those that end",
        "Of the contracts that ended {} were of the younger half",
        ".0%",
    ),
    "newcomers_endings": ("endings of new contracts", "{} of the new contracts ended", ",.0f"),
}
"""By statistic: its name, its sentence, and how its numbers are written."""

_RATE_SHARE = 0.25
"""Part of a change of purchases that must be in how often active customers buy for it to be one of the rate.

A change of the rate is both in that and in how many are active, one of dropout in the latter alone."""


def moved_parts(told: Sequence[Finding], every: Sequence[Finding]) -> tuple[str, ...]:
    """Which parts of behaviour moved, given the statistics that raised the alarm and all of them."""
    change = {one.name: one.change for one in every}
    parts = []
    for one in told:
        part = PARTS[one.name]
        if part in (PURCHASE_RATE, DROPOUT) and "purchases" in change:
            often = change.get("purchases_per_active_customer", 0.0)
            part = PURCHASE_RATE if often * change["purchases"] > _RATE_SHARE * change["purchases"] ** 2 else DROPOUT
        parts.append(part)
    return tuple(dict.fromkeys(parts))


def finding_sentence(name: str, observed: float, low: float, high: float, change: float) -> str:
    """What a statistic was, and what was to be expected."""
    _, text, form = _TEXTS[name]
    written = [format(value, form) for value in (observed, low, high)]
    expected = f"{written[1]} to {written[2]}" if written[1] != written[2] else written[1]
    return f"{text.format(written[0])}, where {expected} would be expected ({_by(change)})."


def whole_sentence(
    title: str,
    p_value: float,
    threshold: float,
    told: Sequence[Finding],
    findings: Sequence[Finding],
    moved: Sequence[str],
    refit: bool,
    what: str = "orders",
) -> str:
    """The alarm, or why there is none and what could have been seen, in words."""
    chance = f"p = {p_value:.2g}"
    if not told:
        first = next((one for one in findings if one.name == "purchases"), findings[0])
        return (
            f"Customers behave as the fitted {title} says ({chance}; an alarm is raised up to {threshold:.2g}), and "
            f"nothing asks for a new fit. A change of {first.detectable:.0%} in {_TEXTS[first.name][0]} would mostly "
            "have been seen."
        )
    advice = (
        f"Fit the model again, to {what} that include the new ones; if the change came suddenly, to those alone."
        if refit
        else "The change is real but small: fitting again can wait."
    )
    return (
        f"Customers no longer behave as the fitted {title} says ({chance}; an alarm is raised up to {threshold:.2g}). "
        f"What moved: {', '.join(moved)}. {' '.join(one.sentence for one in told)} {advice}"
    )


def _by(change: float) -> str:
    if abs(change) < 0.005:
        return "as in the middle of it"
    return f"{abs(change):.0%} {'higher' if change > 0 else 'lower'}"
