"""Drivers of value: what confounds is taken out, what cannot be compared is named, and grades are never mixed."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.retention.drivers import Contrast, Driver, adjusted_driver, predictive_drivers, proposals, robustness_value
from keepers.retention.value_drivers import value_drivers
from keepers.simulate import StorePlan, demo_store, simulate_store


def confounded(
    size: int = 4000, *, effect: float = 5.0, always: bool = False
) -> tuple[Contrast, FloatArray, FloatArray]:
    """Good customers (the first column) have the thing more often and bring more anyway."""
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(size, 2))
    chance = 1.0 / (1.0 + np.exp(-1.2 * rows[:, 0]))
    has = rng.random(size) < chance
    if always:
        has |= rows[:, 0] > 0.3
    outcome = 40.0 + 12.0 * rows[:, 0] + effect * has + rng.gamma(0.5, 20.0, size)
    return Contrast("app", "use of the app", has, (0, 1)), rows, outcome


def test_a_confounded_contrast_is_wrong_and_the_adjusted_one_near_the_truth() -> None:
    contrast, rows, outcome = confounded()
    found = adjusted_driver(contrast, rows, outcome)
    assert found.grade is EvidenceGrade.ADJUSTED
    assert found.naive is not None
    assert found.naive > 12.0
    assert found.low < 5.0 < found.high
    assert found.gain == pytest.approx(5.0, abs=1.2)
    assert found.robustness is not None
    assert 0.05 < found.robustness < 0.4
    assert found.is_certain
    assert "unseen cause" in found.sentence("EUR")


def test_what_causes_nothing_is_not_certain_however_large_the_plain_difference() -> None:
    found = adjusted_driver(*confounded(effect=0.0))
    assert found.naive is not None
    assert found.naive > 8.0
    assert not found.is_certain


def test_customers_without_anybody_like_them_are_named() -> None:
    contrast, rows, outcome = confounded(always=True)
    found = adjusted_driver(contrast, rows, outcome)
    assert any("have nobody like them" in problem for problem in found.problems)
    assert not found.is_certain
    apart = Contrast("app", "use of the app", rows[:, 0] > 0, (0,))
    nothing = adjusted_driver(apart, np.sign(rows), outcome)
    assert not nothing.is_certain
    assert any("nothing in common" in problem for problem in nothing.problems)


def test_the_robustness_value_of_the_paper() -> None:
    """Cinelli and Hazlett 2020, section 4: t = 4.18 with 783 degrees of freedom, RV = 13.9%."""
    assert robustness_value(4.184, 783) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(0.0, 100) == 0.0


def test_predictive_drivers_are_in_money_and_stable_where_they_are_real() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(2000, 12))
    outcome = 10.0 * rows[:, 3] + 4.0 * rows[:, 7] + rng.normal(0.0, 10.0, 2000)
    labels = [(f"c{place}", f"column {place}") for place in range(12)]
    first, second, *_ = predictive_drivers(rows, labels, outcome, first=2)
    assert (first.key, second.key) == ("c3", "c7")
    assert first.gain == pytest.approx(10.0 * np.sqrt(2 / np.pi), rel=0.1)
    assert first.stability == second.stability == 1.0
    assert first.low < first.gain < first.high
    assert "that it causes any is not said" in first.sentence("EUR")


def test_only_certain_adjusted_gains_are_proposed_as_experiments() -> None:
    sure = Driver("a", "a", EvidenceGrade.ADJUSTED, 10.0, 6.0, 14.0, 500, 1500, 12.0, None, 0.2, test="draw lots")
    loss = Driver("b", "b", EvidenceGrade.ADJUSTED, -10.0, -14.0, -6.0, 500, 1500, -12.0, None, 0.2, test="draw lots")
    vague = Driver("c", "c", EvidenceGrade.ADJUSTED, 10.0, -1.0, 21.0, 500, 1500, 12.0, None, 0.0, test="draw lots")
    merely = Driver("d", "d", EvidenceGrade.PREDICTIVE, 10.0, 9.0, 11.0, 500, 1500, test="draw lots")
    given = Driver("e", "e", EvidenceGrade.ADJUSTED, 10.0, 6.0, 14.0, 500, 1500, 12.0, None, 0.2)
    (only,) = proposals([sure, loss, vague, merely, given], 60.0, 180, new_a_year=800)
    assert only.driver is sure
    assert only.customers == 600
    assert only.could_earn == 6_000.0
    assert only.plan.smallest_gain == 5.0
    assert "could bring €6,000 with a year's 600 new customers who are without it" in only.sentence("EUR")


def test_drivers_of_a_shop() -> None:
    found = value_drivers(demo_store(customers=900))
    assert found.predictive
    assert {driver.grade for driver in found.adjusted} == {EvidenceGrade.ADJUSTED}
    kinds = {driver.key.split(":")[0] for driver in found.adjusted}
    assert {"first_category", "first_coupon", "first_channel"} <= kinds
    assert all(driver.customers + driver.without == found.customers for driver in found.adjusted)


def test_of_very_many_customers_a_sample_says_the_same_of_all() -> None:
    store = demo_store(customers=900)
    found, every = value_drivers(store, most=400), value_drivers(store)
    assert found.sample <= 400 < every.sample == every.customers
    assert found.customers == pytest.approx(every.customers, rel=0.05)
    whole = {driver.key: driver for driver in every.adjusted}
    shared = [(driver, whole[driver.key]) for driver in found.adjusted if driver.key in whole]
    assert shared
    for driver, same in shared:
        assert driver.customers + driver.without == found.customers
        assert driver.customers == pytest.approx(same.customers, rel=0.35)
        assert driver.low < same.gain < driver.high


def test_what_is_too_little_is_named() -> None:
    contrast, rows, outcome = confounded(60)
    with pytest.raises(InputError, match="at least 40"):
        adjusted_driver(contrast, rows, outcome)
    with pytest.raises(InputError, match="shorter `horizon`"):
        value_drivers(simulate_store(60, 1, StorePlan()))
