"""The sentences that a backtest ends in."""

from __future__ import annotations

import dataclasses

import pytest

from keepers.domain.time import days, years
from keepers.evaluation.verdict import Evidence, Trust, judge, untested

GOOD = Evidence(
    model="MBGNBD",
    title="MBG/NBD",
    rule="each customer goes on buying at the same rate as before",
    improvement=0.25,
    total_errors=(-0.10, -0.12, -0.08),
    purchases=2000,
    holdout=years(1),
    origins=3,
    coverage_80=0.79,
)


def test_a_model_that_beats_the_rules() -> None:
    found = judge(GOOD)
    assert found.trust is Trust.GOOD
    assert found.sentence == (
        "Predicting the next 12 months from 3 dates in the past, MBG/NBD had an error 25% smaller than the best naive "
        "rule (that each customer goes on buying at the same rate as before), and its totals were 10% too low on "
        "average."
    )
    assert found.reservations == ()


@pytest.mark.parametrize(
    ("improvement", "words"),
    [(-0.07, "an error 7% larger"), (0.0, "just as large an error"), (0.002, "just as large an error")],
)
def test_no_model_beats_the_rule(improvement: float, words: str) -> None:
    found = judge(dataclasses.replace(GOOD, improvement=improvement))
    assert found.trust is Trust.NAIVE
    assert found.sentence.startswith("No model beats the naive rule that each customer goes on buying")
    assert words in found.sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"total_errors": (0.4, -0.3)}, "Predicted totals were off by 35%"),
        ({"coverage_80": 0.6}, "held 60% of what customers bought: they are too narrow"),
        ({"purchases": 40}, "only 40 purchases"),
        ({"model": "NBD", "title": "NBD"}, "knows no leaving"),
        ({"value_rule": "each customer spends as much as in the period before"}, "In money the model does no better"),
    ],
)
def test_grave_reservations_call_for_caution(change: dict, words: str) -> None:
    found = judge(dataclasses.replace(GOOD, **change))
    assert found.trust is Trust.CAUTION
    assert any(words in sentence for sentence in found.reservations)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"holdout": days(175)}, "over 25 weeks, not over a whole year"),
        ({"model": "BGNBD", "title": "BG/NBD"}, "counts whoever bought once as a customer for ever"),
        ({"ties": ("BG/NBD", "NBD", "Pareto/NBD")}, "BG/NBD, NBD and Pareto/NBD did as well; MBG/NBD is taken"),
        ({"remarks": ("A remark.",)}, "A remark."),
    ],
)
def test_mild_reservations_leave_trust(change: dict, words: str) -> None:
    found = judge(dataclasses.replace(GOOD, **change))
    assert found.trust is Trust.GOOD
    assert any(words in sentence for sentence in found.reservations)


def test_few_purchases_excuse_a_large_error() -> None:
    few = judge(dataclasses.replace(GOOD, purchases=60, total_errors=(0.3,)))
    assert not any("Predicted totals" in sentence for sentence in few.reservations)


def test_errors_of_both_signs_are_called_so() -> None:
    assert (
        "off by 10% on average, sometimes too high and sometimes too low"
        in judge(dataclasses.replace(GOOD, total_errors=(0.1, -0.1))).sentence
    )
    assert "15% too high on average" in judge(dataclasses.replace(GOOD, total_errors=(0.15,))).sentence
    assert judge(dataclasses.replace(GOOD, total_errors=())).sentence.endswith("as before).")


def test_an_untested_model_says_why() -> None:
    found = untested("The orders span 30 days.", "MBG/NBD")
    assert found.trust is Trust.UNTESTED
    assert found.sentence == (
        "The orders span 30 days. MBG/NBD is used untested: its intervals rest on the model alone."
    )


def test_none_of_the_models() -> None:
    found = judge(dataclasses.replace(GOOD, misfits=("Totals are wrong.", "So is who came back.")))
    assert found.trust is Trust.NONE
    assert found.sentence == (
        "None of these models describes this store. Totals are wrong. So is who came back. Predicting the next 12 "
        "months from 3 dates in the past, MBG/NBD was the best of them, with an error 25% smaller than that of the "
        "naive rule that each customer goes on buying at the same rate as before. Use the ranking of customers with "
        "care and the sums not at all."
    )
    worse = judge(dataclasses.replace(GOOD, misfits=("Totals are wrong.",), improvement=-0.1))
    assert "with an error 10% larger than that" in worse.sentence
    same = judge(dataclasses.replace(GOOD, misfits=("Totals are wrong.",), improvement=0.001))
    assert "with an error as large as that" in same.sentence
