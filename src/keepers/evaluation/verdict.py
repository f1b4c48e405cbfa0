"""What a backtest means for the person who will use the numbers, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from keepers.domain.time import Horizon, TimeUnit

LARGE_TOTAL_ERROR = 0.20
"""A total that is off by more than this, on average over origins, is a reservation."""

COVERAGE_TOLERANCE = 0.05
"""Intervals whose coverage is off by more than this are a reservation."""

FEW_PURCHASES = 100
"""With fewer purchases in a holdout its errors are mostly chance."""

_WHOLE_YEAR = 350
_NOTHING_GAINED = 0.005
_LISTED = 3


class Trust(Enum):
    """How far predictions may be relied on."""

    GOOD = "good"
    """The model beat every naive rule on days it had not seen."""
    CAUTION = "caution"
    """The model is the best there is, with reservations."""
    NAIVE = "naive"
    """No model beat the naive rule."""
    NONE = "none"
    """None of the models describes the store: even the best of them fails the tests of fit badly."""
    UNTESTED = "untested"
    """The data are too short or too few to test."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the predictions can be trusted, why, and what to keep in mind."""

    trust: Trust
    sentence: str
    reservations: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain words for a file."""
        return {"trust": self.trust.value, "sentence": self.sentence, "reservations": list(self.reservations)}


@dataclass(frozen=True, slots=True)
class Words:
    """How a verdict speaks of what was forecast.

    Attributes
    ----------
    counted : str
        What a holdout must have enough of.
    changed : str
        Why totals may be off, a whole clause.
    held : str
        What intervals should have held.
    described : str
        Whom the models describe.
    large_total_error : float
        Error of the total from which it is a reservation.
    """

    counted: str
    changed: str
    held: str
    described: str
    large_total_error: float


PURCHASES = Words(
    "purchases",
    "buying changed between the past and the days after it, by season, growth or a break. Rankings of customers suffer "
    "less from it than sums",
    "what customers bought",
    "this store",
    LARGE_TOTAL_ERROR,
)
RENEWALS = Words(
    "endings",
    "contracts ended more or less readily than before, after a change of price, of the product or of who signs up",
    "the renewals of contracts",
    "these contracts",
    0.10,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on.

    Attributes
    ----------
    model, title : str
        The winner's class and its name for people.
    rule : str or None
        The best naive rule, as it reads after "that".
    improvement : float or None
        How much smaller the winner's error is than the rule's.
    total_errors : tuple of float
        Error of the predicted total from each origin, where anybody bought.
    purchases : float
        Fewest purchases (or endings of contracts) in any holdout.
    holdout : Horizon
        How far was predicted.
    origins : int
        From how many days in the past.
    coverage_80 : float
        Randomised coverage of 80% intervals.
    ties : tuple of str
        Names of models that did as well.
    why : str
        Why the winner is taken rather than these, a clause.
    value_rule : str or None
        A naive rule of value that the model does not beat.
    misfits : tuple of str
        Sentences about tests of fit that even the winner fails badly.
    remarks : tuple of str
        Sentences of the steps before.
    """

    model: str
    title: str
    rule: str | None
    improvement: float | None
    total_errors: tuple[float, ...]
    purchases: float
    holdout: Horizon
    origins: int
    coverage_80: float
    ties: tuple[str, ...] = ()
    why: str = "ties go to it"
    value_rule: str | None = None
    misfits: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def judge(found: Evidence, words: Words = PURCHASES) -> Verdict:
    """The verdict on a backtest with a winner."""
    reservations, grave = _reservations(found, words)
    dates_back = "one date" if found.origins == 1 else f"{found.origins} dates"
    seen = f"Predicting the next {length(found.holdout)} from {dates_back} in the past"
    if found.rule is None or found.improvement is None:
        sentence = f"{seen}, {found.title} was the best of the models; no naive rule was there to compare it with."
        return Verdict(Trust.CAUTION, sentence, reservations)
    if found.misfits:
        sentence = (
            f"None of these models describes {words.described}. {' '.join(found.misfits)} {seen}, {found.title} was "
            f"the best of them, {_beside_the_rule(found)}. Use the ranking of customers with care and the sums not at "
            "all."
        )
        return Verdict(Trust.NONE, sentence, reservations)
    if found.improvement < _NOTHING_GAINED:
        how = (
            f"an error {-found.improvement:.0%} larger"
            if found.improvement < -_NOTHING_GAINED
            else "just as large an error"
        )
        sentence = (
            f"No model beats the naive rule that {found.rule}. {seen}, {found.title}, the best of the models, had "
            f"{how}. Take its numbers as rough guesses."
        )
        return Verdict(Trust.NAIVE, sentence, reservations)
    sentence = (
        f"{seen}, {found.title} had an error {found.improvement:.0%} smaller than the best naive rule (that "
        f"{found.rule}){_totals(found.total_errors)}."
    )
    return Verdict(Trust.CAUTION if grave else Trust.GOOD, sentence, reservations)


def _beside_the_rule(found: Evidence) -> str:
    assert found.improvement is not None
    if abs(found.improvement) < _NOTHING_GAINED:
        return f"with an error as large as that of the naive rule that {found.rule}"
    size = "smaller" if found.improvement > 0 else "larger"
    return f"with an error {abs(found.improvement):.0%} {size} than that of the naive rule that {found.rule}"


def untested(reason: str, title: str) -> Verdict:
    """The verdict where nothing could be graded."""
    return Verdict(
        Trust.UNTESTED,
        f"{reason} {title} is used untested: its intervals rest on the model alone.",
    )


def length(horizon: Horizon) -> str:
    """A length of time as a person would say it.

    >>> from keepers.domain.time import days
    >>> [length(days(n)) for n in (20, 175, 365)]
    ['20 days', '25 weeks', '12 months']

    A whole number of months is said as it is.
    """
    if horizon.unit is TimeUnit.MONTH and float(horizon.length).is_integer():
        return str(horizon)
    whole = round(horizon.days)
    if whole >= _WHOLE_YEAR:
        return f"{whole / 30.4375:.0f} months"
    return f"{whole / 7:.0f} weeks" if whole >= 28 else f"{whole} days"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _few(names: tuple[str, ...]) -> tuple[str, ...]:
    """The first names, and how many more there are, where a list would be long."""
    return names if len(names) <= _LISTED + 1 else (*names[:_LISTED], f"{len(names) - _LISTED} more")


def _totals(errors: tuple[float, ...]) -> str:
    if not errors:
        return ""
    mean, size = float(np.mean(errors)), float(np.mean(np.abs(errors)))
    if size < 0.005:
        return ", and its totals were right"
    if abs(mean) > 0.9 * size:
        return f", and its totals were {size:.0%} too {'high' if mean > 0 else 'low'} on average"
    return f", and its totals were off by {size:.0%} on average, sometimes too high and sometimes too low"


def _reservations(found: Evidence, words: Words) -> tuple[tuple[str, ...], bool]:
    """Sentences to keep in mind, and whether any of them is grave."""
    grave: list[str] = []
    mild: list[str] = list(found.remarks)
    size = float(np.mean(np.abs(found.total_errors))) if found.total_errors else 0.0
    # Few purchases differ from any forecast by chance: three standard deviations of a count are allowed to it.
    if size > max(words.large_total_error, 3.0 / max(found.purchases, 1.0) ** 0.5):
        grave.append(f"Predicted totals were off by {size:.0%} on average: {words.changed}.")
    if abs(found.coverage_80 - 0.80) > COVERAGE_TOLERANCE:
        grave.append(
            f"Intervals that promise 80% held {found.coverage_80:.0%} of {words.held}: they are too "
            f"{'narrow' if found.coverage_80 < 0.80 else 'wide'}."
        )
    if found.purchases < FEW_PURCHASES:
        few = f"{found.purchases:.0f} {words.counted.removesuffix('s') if found.purchases == 1 else words.counted}"
        grave.append(f"One of the holdouts has only {few}, so much of its error is chance.")
    if found.value_rule is not None:
        grave.append(f"In money the model does no better than the naive rule that {found.value_rule}.")
    if found.model in {"BGNBD", "BGCNBD"}:
        mild.append(
            f"{found.title} counts whoever bought once as a customer for ever: look at how long they have been silent "
            "too."
        )
    if found.model == "NBD":
        grave.append("NBD knows no leaving: what it expects over years is an upper bound.")
    if round(found.holdout.days) < _WHOLE_YEAR:
        mild.append(
            f"The data allow a test over {length(found.holdout)}, not over a whole year: seasons are not tested."
        )
    if found.ties:
        mild.append(f"{_listed(_few(found.ties))} did as well; {found.title} is taken because {found.why}.")
    return tuple(grave + mild), bool(grave)
