"""Why a lead stands where it stands: what each thing that is known of it adds to its value, in money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.acquisition.leads.conversion import LeadConversion
from keepers.acquisition.leads.value import LeadValue
from keepers.acquisition.words import said
from keepers.domain.amounts import MINUS, short_money
from keepers.domain.cells import FloatArray, IntArray

_MOST = 3
_TELLING = 0.05
"""A reason that moves the value by less than this part of it is not worth a word."""


@dataclass(frozen=True, slots=True)
class LeadReason:
    """One thing that is known of a lead, and what it adds to its expected value beside that of an average lead."""

    column: str
    """The column, or `age`."""
    words: str
    """In words: “interest: call me back”."""
    gain: float
    """In money; where there is none, in chance."""
    currency: str | None = None
    """Of the money; None where there is none."""

    @property
    def text(self) -> str:
        """With its sign and size."""
        if self.currency is not None:
            return f"{self.words} ({gained(self.gain, self.currency)})"
        return f"{self.words} ({MINUS if self.gain < 0 else '+'}{100 * abs(self.gain):.0f} points)"


def gained(gain: float, currency: str | None) -> str:
    """What a reason adds, in money, with its sign.

    >>> gained(1234.0, "EUR"), gained(-5.0, None)
    ('+€1.23k', '−5.00')
    """
    return f"{MINUS if gain < 0 else '+'}{short_money(abs(gain), currency)}"


def expected(
    conversion: LeadConversion, value: LeadValue | None, matrix: FloatArray, age: FloatArray, within: float
) -> FloatArray:
    """Expected value of leads with a design, or their chance where there is no money, shape (n,)."""
    chance = conversion.fit.converting(matrix, matrix[:, 1:], age, within)
    return chance if value is None else np.asarray(chance * value.money.whole * value.fit.ratio(matrix))


def lead_reasons(
    conversion: LeadConversion, value: LeadValue | None, codes: IntArray, age: FloatArray, within: float
) -> list[tuple[LeadReason, ...]]:
    """The strongest reasons of every lead, at most three, in the order of what they add.

    What a column adds is the expected value less what it would be if the column said what an average lead says; what
    age adds, less what it was when the lead came.
    """
    design = conversion.design
    currency = None if value is None else value.money.currency
    matrix = design.matrix(codes)
    now = expected(conversion, value, matrix, age, within)
    gains = []
    for place in range(len(design.codings)):
        average = matrix.copy()
        average[:, 1:][:, design.groups == place] = 0.0
        gains.append(now - expected(conversion, value, average, age, within))
    gains.append(now - expected(conversion, value, matrix, np.zeros_like(age), within))
    table = np.column_stack(gains)
    order = np.argsort(-np.abs(table), axis=1, kind="stable")[:, :_MOST]
    words = [design.words(codes, place) for place in range(len(design.codings))]
    found = []
    for row in range(now.size):
        some = []
        for place in order[row].tolist():
            gain = float(table[row, place])
            if abs(gain) < _TELLING * max(float(now[row]), 1e-12):
                continue
            if place == len(design.codings):
                some.append(LeadReason("age", f"open for {age[row]:,.0f} days", gain, currency))
            else:
                name = design.codings[place].name
                some.append(LeadReason(name, f"{said(name)}: {words[place][row]}", gain, currency))
        found.append(tuple(some))
    return found
