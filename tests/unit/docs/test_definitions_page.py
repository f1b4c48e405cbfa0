"""The numbers in the sentences of docs/reference/definitions.md are those that the program computes with."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.data.identity import MOST_EMAILS_OF_A_PHONE
from keepers.domain.money import DEFAULT_DISCOUNT
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP
from keepers.evaluation.plan import LONGEST_HOLDOUT
from keepers.evaluation.value_backtest import TOLERATED
from keepers.evaluation.verdict import COVERAGE_TOLERANCE, FEW_PURCHASES, LARGE_TOTAL_ERROR
from keepers.valuation import formulas
from keepers.valuation.intervals import MANY_ORDERS
from keepers.valuation.levers import Lever

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "definitions.md").read_text(encoding="utf-8")
PAGE = " ".join(TEXT.split())
NUMBERS = {2: "two", 365: "a year"}


@pytest.mark.parametrize(
    "words",
    [
        f"{DEFAULT_HORIZON} ({DEFAULT_HORIZON.days:g} days)",
        f'"Lifetime" is a stated cap of {LIFETIME_CAP}',
        f"{DEFAULT_DISCOUNT.annual:.0%} a year.",
        f"where more than {MANY_ORDERS:g} orders are expected",
        f"hold too little (by more than {TOLERATED * 100:g} points)",
        f"off by more than {LARGE_TOTAL_ERROR:.0%} on average",
        f"by more than {COVERAGE_TOLERANCE * 100:g} points (randomised)",
        f"fewer than {FEW_PURCHASES} purchases",
        f"Holdouts are a third of the data's span, at most {NUMBERS[LONGEST_HOLDOUT]}",
        f"seen with more than {NUMBERS[MOST_EMAILS_OF_A_PHONE]} addresses joins nobody",
        *(f"| {lever.value} |" for lever in Lever),
    ],
)
def test_numbers(words: str) -> None:
    assert words in PAGE


def test_every_formula_is_there() -> None:
    home = formulas.__name__
    named = {name for name, value in vars(formulas).items() if getattr(value, "__module__", "") == home}
    assert {name for name in named if name[0] != "_" and f"`{name}`" not in PAGE} == set()
