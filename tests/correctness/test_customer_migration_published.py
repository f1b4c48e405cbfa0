"""The worked example of Pfeifer and Carraway (2000) on customer migration, computed by hand beside the matrices.

Pfeifer, Carraway (2000), "Modeling Customer Relationships as Markov Chains", Journal of Interactive Marketing 14(2),
43-55, first example: a customer who bought last 1, 2, 3 or 4 periods ago buys with probability .3, .2, .15 or .05 and
is lost after a fifth period without a purchase; a purchase nets NC = $40, remarketing to every customer who is not lost
costs M = $4 a period, and money is discounted at d = .2. The hand computation follows single customers from period to
period in exact fractions and knows no matrix.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from keepers.valuation.customer_migration import migration_value, recency_matrix

CHANCES = [Fraction(3, 10), Fraction(2, 10), Fraction(15, 100), Fraction(5, 100)]
NC, M, KEPT = Fraction(40), Fraction(4), Fraction(10, 12)
REWARDS = [float(NC - M), -float(M), -float(M), -float(M), 0.0]


def followed(recency: int, periods: int) -> Fraction:
    """What a customer who bought last so many periods ago brings now and in the periods to come."""
    if recency > len(CHANCES):
        return Fraction(0)
    now = (NC if recency == 1 else 0) - M
    if not periods:
        return now
    chance = CHANCES[recency - 1]
    later = chance * followed(1, periods - 1) + (1 - chance) * followed(recency + 1, periods - 1)
    return now + KEPT * later


def endless() -> list[Fraction]:
    """The same without end: every state is a + b V1, from the last one back, and V1 = a + b V1 closes the circle."""
    a, b = Fraction(0), Fraction(0)
    lines = []
    for recency in range(len(CHANCES), 0, -1):
        chance = CHANCES[recency - 1]
        now = (NC if recency == 1 else 0) - M
        a, b = now + KEPT * (1 - chance) * a, KEPT * (chance + (1 - chance) * b)
        lines.append((a, b))
    first = lines[-1][0] / (1 - lines[-1][1])
    return [a + b * first for a, b in reversed(lines)]


def test_the_matrix_is_the_papers() -> None:
    assert recency_matrix([float(chance) for chance in CHANCES]).tolist() == [
        [0.3, 0.7, 0, 0, 0],
        [0.2, 0, 0.8, 0, 0],
        [0.15, 0, 0, 0.85, 0],
        [0.05, 0, 0, 0, 0.95],
        [0, 0, 0, 0, 1],
    ]


@pytest.mark.parametrize("periods", range(8))
def test_values_over_a_horizon_are_those_of_customers_followed_by_hand(periods: int) -> None:
    found = migration_value(recency_matrix([float(chance) for chance in CHANCES]), REWARDS, 0.2, periods)
    by_hand = [float(followed(recency, periods)) for recency in range(1, 6)]
    assert found == pytest.approx(by_hand, abs=1e-12)


def test_four_periods() -> None:
    """The horizon of the example, T = 4."""
    by_hand = [round(float(followed(recency, 4)), 3) for recency in range(1, 6)]
    assert by_hand == [50.115, 4.22, 0.592, -1.98, 0.0]


def test_values_without_end_are_those_of_the_circle_closed_by_hand() -> None:
    found = migration_value(recency_matrix([float(chance) for chance in CHANCES]), REWARDS, 0.2)
    by_hand = [float(value) for value in endless()]
    assert found == pytest.approx([*by_hand, 0.0], abs=1e-12)
    assert [round(value, 3) for value in by_hand] == [52.32, 5.554, 1.251, -1.82]


def test_a_customer_who_is_worth_less_than_nothing_is_better_let_go() -> None:
    """The paper's use of it: the fourth state costs more than it brings, and giving it up raises all others."""
    kept = [float(value) for value in endless()]
    without = migration_value(recency_matrix([0.3, 0.2, 0.15]), [36.0, -4.0, -4.0, 0.0], 0.2)
    assert kept[3] < 0
    assert np.all(without[:3] > np.array(kept[:3]))
