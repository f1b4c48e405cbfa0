"""EarlyValue: learned from customers who are old enough, said at an age from what was known at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import days
from keepers.simulate import Store, simulate_store


@pytest.fixture(scope="module")
def store() -> Store:
    return simulate_store(customers=700, seed=5, start="2024-10-01", end="2026-09-30")


@pytest.fixture(scope="module")
def early(store: Store) -> kp.EarlyValue:
    return kp.EarlyValue(ages=(0, 28), horizon=days(180), rounds=20).fit(store)


def sums(store: Store, length: int) -> dict[str, float]:
    """What each customer brought in the first days of life, by plain sums."""
    rows = store.engine.rows(
        f"SELECT customer_key, sum(amount) FILTER (day <= first + {length}) FROM (SELECT *, min(day) OVER "
        f"(PARTITION BY customer_key) AS first FROM {store.orders.name}) GROUP BY 1"
    )
    return {key: float(value) for key, value in rows}


def test_it_learns_from_customers_who_are_old_enough(store: Store, early: kp.EarlyValue) -> None:
    (firsts,) = zip(*store.engine.rows(f"SELECT min(day) FROM {store.orders.name} GROUP BY customer_key"), strict=True)
    old = sum((store.orders.last_day - day).days >= 180 for day in firsts)
    assert {model.n_customers_ for model in early.models_.values()} == {old}
    assert early.stretch_ == {0: 1.0, 28: 1.0}
    assert "that old" in early.sentence


def test_what_is_said_is_early_spend_and_what_is_ahead(store: Store, early: kp.EarlyValue, tmp_path: Path) -> None:
    said = early.predict(store)
    spent = {0: sums(store, 0), 28: sums(store, 28)}
    for key, age, so_far in zip(said["customer_key"], said["age_days"], said["so_far"], strict=True):
        assert so_far == pytest.approx(spent[int(age)][key])
    assert (said["value"] >= said["so_far"]).all()
    assert (said["value_low"] >= said["so_far"] - 1e-9).all()
    known = (np.datetime64(store.orders.last_day) - said["first_day"]).astype(int)
    assert ((said["age_days"] == 28) == (known >= 28)).all()
    read: Any = kp.load_model(early.save(tmp_path / "early.json"))
    np.testing.assert_allclose(read.predict(store)["value"], said["value"], rtol=1e-12)
    some = said["customer_key"][::7]
    of_some = early.predict(store, customers=some)
    assert of_some["customer_key"].tolist() == some.tolist()
    np.testing.assert_allclose(of_some["value"], said["value"][::7], rtol=1e-9)
    at_first = early.predict(store, age=0)
    assert (at_first["age_days"] == 0).all()
    np.testing.assert_allclose(at_first["value_by_multiple"], early.multiples_[0] * at_first["so_far"])


def test_a_short_history_is_stretched_and_says_so(store: Store) -> None:
    early = kp.EarlyValue(ages=(0,), horizon=days(365), rounds=10).fit(store, at="2025-04-15")
    assert early.learned_horizon_.days < 365
    assert 1.0 < early.stretch_[0] < 365 / early.learned_horizon_.days + 0.5
    assert "stretched" in early.sentence
    with pytest.raises(InputError, match="too few customers"):
        kp.EarlyValue(ages=(28,)).fit(store, at="2024-11-20")
    with pytest.raises(ConfigError, match="ages"):
        kp.EarlyValue(ages=(400,))


def test_the_backtest_grades_those_who_came_after(store: Store) -> None:
    found = kp.backtest_early_value(store, kp.EarlyValue(ages=(28,), horizon=days(120), rounds=20), level=0.9)
    brought = sums(store, 120)
    rows = store.engine.rows(f"SELECT customer_key, min(day) FROM {store.orders.name} GROUP BY customer_key")
    later = [key for key, day in rows if day > found.cut and (store.orders.last_day - day).days >= 120]
    (grade,) = found.grades
    assert found.customers == len(later)
    assert grade.learned.actual == pytest.approx(sum(brought[key] for key in later))
    assert grade.coverage > 0.82
    assert "a multiple" in found.sentence
