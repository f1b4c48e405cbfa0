"""What covariates were found to do, with its uncertainty, in numbers and in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.covariates.encoding import BOTH, Coding, ColumnCode, Place

_Z80 = 1.2815515655446004

_OF_SIDES = {
    "spend_gamma": "bring gains that are", "spend_a": "have odds of a gain",
    "spend_gamma_loss": "bring losses that are",
}  # fmt: skip
"""What columns of a spend that may be negative move."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One effect of one covariate.

    Attributes
    ----------
    name : str
        Such as ``purchase:channel[ads]``.
    value, standard_error : float
        gamma, per one of the column or against the reference level; the error is 0 where the value was given.
    low, high : float
        80% interval of gamma.
    p_value : float
        Of the hypothesis that it is 0 (Wald's test, two-sided); NaN where the value was given.
    effect : float
        exp(gamma): by what the rate, or the money of an order, is multiplied.
    sentence : str
        What that means.
    """

    name: str
    value: float
    standard_error: float
    low: float
    high: float
    p_value: float
    effect: float
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}  {self.value:+.4f} (se {self.standard_error:.4f}, p {self.p_value:.3g})  {self.sentence}"


def coefficients(coding: Coding, values: FloatArray, errors: FloatArray) -> tuple[Coefficient, ...]:
    """Every coefficient once, those that are known included.

    Parameters
    ----------
    coding : Coding
        Names and columns.
    values, errors : arrays, shape (k,)
        Estimates and their standard errors.
    """
    codes = {label: code for code in coding.codes for label in code.labels}
    places: dict[str, dict[str, Place]] = {}
    for place in coding.places:
        places.setdefault(place.name, {}).setdefault(place.label, place)
    found = []
    for alike in places.values():
        place = next(iter(alike.values()))
        known = place.free < 0
        value = place.value if known else float(values[place.free])
        error = 0.0 if known else float(errors[place.free])
        meant = [(label, codes[label]) for label in alike]
        found.append(_coefficient(coding, place, meant, value, error, known))
    return tuple(found)


def coefficient_in_time(name: str, value: float, error: float) -> Coefficient:
    """The effect of a covariate that varies in time, such as ``purchase:holiday``."""
    process, _, column = name.partition(":")
    low, high = value - _Z80 * error, value + _Z80 * error
    p = math.erfc(abs(value) / error / math.sqrt(2.0)) if error > 0 else 0.0
    if process == "purchase":
        what = f"buy {_percent(value)} {'more' if value >= 0 else 'less'} often"
    elif process == "spend":
        what = f"spend {_percent(value)} {'more' if value >= 0 else 'less'} an order"
    else:
        what = f"leave at a rate {_percent(value)} {'higher' if value >= 0 else 'lower'}"
    sentence = (
        f"In weeks with one more of {column} customers {what} "
        f"(80% interval {_short(low, ('more', 'less'))} to {_short(high, ('more', 'less'))})."
    )
    return Coefficient(name, value, error, low, high, p, math.exp(value), sentence)


def _coefficient(
    coding: Coding, place: Place, meant: list[tuple[str, ColumnCode]], value: float, error: float, known: bool
) -> Coefficient:
    low, high = value - _Z80 * error, value + _Z80 * error
    p = math.nan if known else math.erfc(abs(value) / error / math.sqrt(2.0)) if error > 0 else 0.0
    code = meant[0][1]
    step = 1.0 if code.levels or code.spread == 1.0 or len(meant) > 1 else code.spread
    who = "Customers with " + " or ".join(_who(label, one, step) for label, one in meant)
    what = _what(coding, place)
    middle = _change(value * step, *what)
    if known:
        sentence = f"{who} {middle} (given, not estimated)."
    else:
        ends = sorted((low * step, high * step))
        sentence = f"{who} {middle} (80% interval {_short(ends[0], what[2])} to {_short(ends[1], what[2])})."
    one_column = code.levels and all(other is code for _, other in meant)
    against = f" than those with {code.column} = {code.levels[0]}" if one_column else " than others"
    return Coefficient(place.name, value, error, low, high, p, math.exp(value), sentence.replace("<against>", against))


def _who(label: str, code: ColumnCode, step: float) -> str:
    if code.levels:
        return f"{code.column} = {label[len(code.column) + 1 : -1]}"
    if step == 1.0:
        return f"one more of {code.column}"
    return f"{step:.3g} more of {code.column} (one standard deviation)"


def _what(coding: Coding, place: Place) -> tuple[str, str, tuple[str, str]]:
    """Verb phrases for a rise and a fall, and the words of an interval's ends."""
    if place.name.startswith(f"{BOTH}:"):
        return (
            "buy and leave at a rate {} higher<against>",
            "buy and leave at a rate {} lower<against>",
            ("more", "less"),
        )
    if place.process == "purchase":
        return "buy {} more often<against>", "buy {} less often<against>", ("more", "less")
    if place.process == "spend":
        return "spend {} more an order<against>", "spend {} less an order<against>", ("more", "less")
    if place.process in _OF_SIDES:
        return (f"{_OF_SIDES[place.process]} {{}} higher<against>", f"{_OF_SIDES[place.process]} {{}} lower<against>",
                ("higher", "lower"))  # fmt: skip
    if place.process == "dropout":
        return "leave at a rate {} higher<against>", "leave at a rate {} lower<against>", ("more", "less")
    symbol = coding.symbols[place.parameter]
    return f"have {{}} more of {symbol}<against>", f"have {{}} less of {symbol}<against>", ("more", "less")


def _change(gamma: float, rise: str, fall: str, _: tuple[str, str]) -> str:
    return (rise if gamma >= 0 else fall).format(_percent(gamma))


def _short(gamma: float, words: tuple[str, str]) -> str:
    return f"{_percent(gamma)} {words[0] if gamma >= 0 else words[1]}"


def _percent(gamma: float) -> str:
    change = abs(float(np.expm1(np.clip(gamma, -50.0, 50.0))))
    return f"{change:.0%}" if change < 10 else f"{change + 1:,.0f} times"
