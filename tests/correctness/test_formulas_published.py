"""Published numbers of the simple formulas."""

from __future__ import annotations

import pytest

from keepers.valuation import formulas


@pytest.mark.parametrize(("retention", "multiple"), [(0.6, 1.15), (0.7, 1.67), (0.8, 2.50), (0.9, 4.09)])
def test_margin_multiple_at_twelve_per_cent(retention: float, multiple: float) -> None:
    """Gupta, Lehmann (2003), "Customers as Assets", table of margin multiples at i = 12%."""
    assert formulas.margin_multiple(1.0, retention, 0.12) == pytest.approx(multiple, abs=0.005)


def test_berger_and_nasr_first_example() -> None:
    """Berger, Nasr (1998), case 1: GC 260, M 50, r .75, d .20, ten years: 568.78."""
    assert formulas.berger_nasr_1(260, 50, 0.75, 0.20, 10) == pytest.approx(568.78, abs=0.005)


def test_pfeifer_and_carraway_values_by_recency() -> None:
    """Pfeifer, Carraway (2000), JIM 14(2): NC 40, M 4, d .20, p .30 .20 .15 .05; over four periods and without end."""
    matrix = formulas.recency_matrix([0.30, 0.20, 0.15, 0.05])
    rewards = [40.0 - 4.0, -4.0, -4.0, -4.0, 0.0]
    over_four = formulas.migration_value(matrix, rewards, 0.20, periods=4)
    assert over_four == pytest.approx([50.115, 4.220, 0.592, -1.980, 0.0], abs=0.0005)
    assert formulas.migration_value(matrix, rewards, 0.20) == pytest.approx([52.320, 5.554, 1.251, -1.820, 0], abs=5e-4)
