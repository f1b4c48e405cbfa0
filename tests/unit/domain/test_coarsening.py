"""Neighbouring histories are put together by days at their means, and nobody is lost."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells
from keepers.domain.coarsening import coarsened
from keepers.domain.time import TimeUnit


def _cells(unit: TimeUnit = TimeUnit.WEEK) -> Cells:
    rng = np.random.default_rng(8)
    age = rng.integers(20, 300, 4_000).astype(float)
    x = rng.poisson(1.5, age.size).astype(float)
    recency = np.where(x > 0, np.clip(np.floor(age * rng.random(age.size)), x, age), 0.0)
    rows, weight = np.unique(np.column_stack([x, recency, age]), axis=0, return_counts=True)
    cells = Cells(rows[:, 0], rows[:, 1], rows[:, 2], weight.astype(float), TimeUnit.DAY)
    return cells.in_unit(unit)


def test_few_histories_stay_as_they_are() -> None:
    cells = _cells()
    found = coarsened(cells)
    assert found.cells is cells
    assert (found.days, found.remark) == (1, None)


def test_sums_stay_and_times_stay_possible() -> None:
    cells = _cells()
    found = coarsened(cells, most=2_000)
    made = found.cells
    assert found.days > 1
    assert made.size <= 2_000
    assert f"{made.size:,} groups" in str(found.remark)
    assert f"bins of {found.days} days" in str(found.remark)
    for one, two in (
        (made.customers, cells.customers),
        (made.repeat_purchases, cells.repeat_purchases),
        (made.weight @ made.t_x, cells.weight @ cells.t_x),
        (made.weight @ made.T, cells.weight @ cells.T),
    ):
        assert one == pytest.approx(two, rel=1e-12)
    assert (made.t_x <= made.T).all()
    assert (made.t_x[made.x == 0] == 0).all()


def test_patterns_stay_apart_and_gaps_add_up() -> None:
    plain = _cells(TimeUnit.DAY)
    pattern = np.arange(plain.size) % 2
    cells = Cells(
        plain.x, plain.t_x, plain.T, plain.weight, plain.unit, plain.x * 1.5, pattern,
        Attributes({"group": np.array(["a", "b"], dtype=object)}),
    )  # fmt: skip
    made = coarsened(cells, most=2_500).cells
    assert made.pattern is not None
    assert made.log_gaps is not None
    assert made.log_gaps.sum() == pytest.approx(plain.x.sum() * 1.5, rel=1e-12)
    for group in (0, 1):
        assert made.weight[made.pattern == group].sum() == plain.weight[pattern == group].sum()


def test_estimates_hardly_move() -> None:
    cells = _cells()
    exact, coarse = kp.BGNBD().fit(cells), kp.BGNBD().fit(coarsened(cells, most=cells.size - 1).cells)
    moved = [
        abs(coarse.parameters_[name] - value) / exact.standard_errors_[name]
        for name, value in exact.parameters_.items()
    ]
    assert 0 < max(moved) < 0.02


def test_a_summary_says_so_and_its_values_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    who = rng.integers(0, 400, 900)
    frame = {"who": who, "on": np.datetime64("2024-01-01") + rng.integers(0, 400, who.size)}
    summary = kp.summarise(kp.Orders.from_frame(frame, customer="who", date="on"))
    exact = summary.keyed_cells().cells.size
    monkeypatch.setattr(coarsened, "__defaults__", (200,))
    assert summary.cells().size < exact
    assert "models were fitted on" in summary.remarks[-1]
    values = kp.lifetime_value(kp.BGNBD().fit(summary), None, summary, kp.months(12))
    assert values.facts.cells.cells.size == exact
    assert "models were fitted on" in values.remarks[-1]
