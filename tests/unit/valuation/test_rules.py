"""Rhythm, states and tiers: the rules by which customers are called overdue, at risk, lost, or valuable."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.valuation.rhythm import OVERDUE, rhythm
from keepers.valuation.states import ACTIVE, AT_RISK, LOST, risk_by_model, risk_by_rhythm, share_at_risk, states
from keepers.valuation.tiers import TierRule


def cells(*rows: tuple[float, float, float, float]) -> Cells:
    """Rows of x, t_x, T in weeks, and customers."""
    x, t_x, T, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return Cells(x, t_x, T, weight, TimeUnit.WEEK)


def test_a_monthly_buyer_is_overdue_long_before_a_yearly_one() -> None:
    found = rhythm(cells((12, 48, 60, 1), (2, 100, 112, 1), (1, 4, 16, 98)))
    np.testing.assert_allclose(found.silence, 12 * 7)
    monthly, yearly = found.probability[:2]
    assert monthly < OVERDUE < yearly
    assert found.usual_gap[0] == pytest.approx(28, rel=0.1)


def test_the_more_gaps_are_known_the_sooner_silence_tells() -> None:
    found = rhythm(cells((1, 4, 16, 1), (2, 8, 20, 1), (8, 32, 44, 1), (30, 120, 132, 1)))
    assert np.all(np.diff(found.probability) < 0)
    # With very many gaps it is the exponential law of purchases at random.
    sure = rhythm(cells((5000, 20000, 20012, 1), (1, 4, 5, 10)))
    assert sure.probability[0] == pytest.approx(np.exp(-3), rel=0.01)


def test_one_time_buyers_are_gauged_by_those_who_came_back() -> None:
    found = rhythm(cells((0, 0, 0.5, 5), (0, 0, 3, 5), (0, 0, 50, 5), (1, 2, 9, 60), (1, 10, 10, 40)))
    np.testing.assert_allclose(found.probability[:3], [1.0, 0.4, 0.0])


def test_without_anybody_who_returned_nobody_is_overdue() -> None:
    found = rhythm(cells((0, 0, 50, 5)))
    assert found.probability[0] == 1
    assert np.isnan(found.usual_gap[0])


def test_states() -> None:
    x = np.array([0, 0, 0, 2, 2, 2, 2])
    alive = np.array([1.0, 1.0, 1.0, 0.9, 0.4, 0.02, 0.9])
    silence = np.array([0.5, 0.05, 0.001, 0.5, 0.5, 0.5, 0.05])
    found = states(x, alive, silence)
    np.testing.assert_array_equal(found, [ACTIVE, AT_RISK, LOST, ACTIVE, AT_RISK, LOST, AT_RISK])
    np.testing.assert_array_equal(risk_by_model(x, alive), [False, False, False, False, True, True, False])
    assert risk_by_rhythm(silence).sum() == 3
    np.testing.assert_allclose(share_at_risk(found, alive, silence), [0, 0.95, 0, 0, 0.6, 0, 0.1])


def test_tiers() -> None:
    rule = TierRule((("Best", 90), ("Good", 50), ("Rest", 0)))
    assert [rule.of(value) for value in (100, 90, 89.9, 50, 0)] == ["Best", "Best", "Good", "Good", "Rest"]
    assert rule.rules() == {
        "Best": "the 10% with the highest predicted value", "Good": "the next 40%", "Rest": "the other 50%"
    }  # fmt: skip
    assert rule.sentence.endswith("Rest is the other 50%; customers of equal value share a tier.")
    assert TierRule((("All", 0),)).sql("p") == "'All'"
    for wrong in ((), (("A", 10.0),), (("A", 10.0), ("B", 20.0), ("C", 0.0)), (("A", 100.0), ("B", 0.0))):
        with pytest.raises(ConfigError, match="Tiers must begin"):
            TierRule(wrong)
