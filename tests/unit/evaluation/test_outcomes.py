"""The table of histories and outcomes, and its systematic sample."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit, weeks
from keepers.evaluation.outcomes import Outcomes


def customers(size: int, seed: int = 0) -> tuple[Cells, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.0, size).astype(float)
    age = rng.integers(20, 24, size).astype(float)
    t_x = np.where(x > 0, np.round(age * rng.random(size)), 0.0)
    return Cells(x, t_x, age, np.ones(size), TimeUnit.WEEK), rng.poisson(0.5 + x).astype(float)


def test_equal_histories_with_equal_outcomes_are_one_row() -> None:
    histories, later = customers(5000)
    found = Outcomes.of_customers(histories, later, weeks(10))
    assert found.customers == 5000
    assert found.total == later.sum()
    assert found.cells.customers == 5000
    assert found.cells.size < found.purchases.size < 5000
    rows = np.column_stack([found.cells.x, found.cells.t_x, found.cells.T])[found.cell]
    again = np.unique(np.column_stack([rows, found.purchases]), axis=0)
    assert len(again) == found.purchases.size
    few = (rows[:, 0] == 1) & (rows[:, 1] == 5) & (rows[:, 2] == 21) & (found.purchases == 2)
    mine = (histories.x == 1) & (histories.t_x == 5) & (histories.T == 21) & (later == 2)
    assert found.weight[few].sum() == mine.sum() > 0


def test_a_small_table_is_its_own_sample() -> None:
    found = Outcomes.of_customers(*customers(100), weeks(10))
    assert found.sample(100) is found


def test_a_sample_keeps_every_kind_of_history_in_proportion() -> None:
    whole = Outcomes.of_customers(*customers(40_000), weeks(10))
    part = whole.sample(4000)
    assert part.customers == 4000
    assert part.cells.customers == 4000
    for count in range(4):
        share = [o.cells.weight[o.cells.x == count].sum() / o.customers for o in (whole, part)]
        assert share[1] == pytest.approx(share[0], abs=0.0005)
    assert part.total / 4000 == pytest.approx(whole.total / 40_000, rel=0.03)


def test_outcomes_of_another_length_are_refused() -> None:
    histories, later = customers(10)
    with pytest.raises(InputError, match="as long as the histories"):
        Outcomes.of_customers(histories, later[:5], weeks(10))
