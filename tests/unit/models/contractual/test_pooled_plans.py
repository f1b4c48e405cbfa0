"""Plans that learn from each other: small ones lean on the rest, large ones speak for themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp

MODELS = [kp.ShiftedBetaGeometric, kp.ExponentialGamma]


def contracts(rng: np.random.Generator, sizes: list[int], spread: float) -> tuple[dict[str, Any], np.ndarray]:
    """Contracts of many plans observed for up to two years, and the share of each plan that outlasts a year."""
    rows: dict[str, list[Any]] = {"plan": [], "tenure": [], "ended": []}
    lasting = []
    for number, size in enumerate(sizes):
        # Beta over customers with a mean of its own: 1 - churn has the moments of a beta.
        strength, mean = 8.0, 0.09 * np.exp(spread * rng.standard_normal())
        churn = rng.beta(strength * mean, strength * (1.0 - mean), 50_000)
        lasting.append(float(np.mean((1.0 - churn) ** 12)))
        tenure = rng.geometric(churn[:size])
        age = rng.integers(2, 25, size)
        rows["plan"] += [f"plan {number:02d}"] * size
        rows["tenure"] += np.minimum(tenure, age).tolist()
        rows["ended"] += (tenure <= age).astype(float).tolist()
    return rows, np.array(lasting)


def year(model: Any, plans: int) -> np.ndarray:
    return np.array([float(model.survival_new_customer([12.0], f"plan {number:02d}")[0]) for number in range(plans)])


def test_small_plans_are_forecast_better_together() -> None:
    rng, errors = np.random.default_rng(5), np.zeros(3)
    sizes = [12] * 6 + [600]
    for _ in range(2):
        data, truth = contracts(rng, sizes, 0.25)
        apart = kp.ShiftedBetaGeometric().fit(data, unit="month", by="plan")
        pooled = kp.ShiftedBetaGeometric().fit(data, unit="month", by="plan", pooled=True)
        alike = float(apart.survival_new_customer([12.0])[0])
        found = (year(apart, len(sizes)), year(pooled, len(sizes)), np.full(len(sizes), alike))
        errors += [np.mean((one[:6] - truth[:6]) ** 2) for one in found]
        # The large plan is what its own contracts say.
        assert found[1][6] == pytest.approx(found[0][6], abs=0.02)
    assert errors[1] < 0.7 * errors[0]
    assert errors[1] < errors[2]


@pytest.mark.parametrize("model", MODELS)
def test_plans_that_are_alike_become_one(model: type) -> None:
    data, _ = contracts(np.random.default_rng(6), [60, 60, 60], 0.0)
    pooled = model().fit(data, unit="month", by="plan", pooled=True)
    apart = model().fit(data, unit="month", by="plan")
    whole = float(pooled.survival_new_customer([12.0])[0])
    assert np.ptp(year(pooled, 3)) < np.ptp(year(apart, 3))
    assert year(pooled, 3) == pytest.approx(np.full(3, whole), abs=0.06)
    again = type(pooled).from_dict(pooled.to_dict())
    assert year(again, 3) == pytest.approx(year(pooled, 3), rel=1e-12)
    # One plan alone has nobody to learn from.
    single = {name: column[:60] for name, column in data.items()}
    assert model().fit(single, unit="month", by="plan", pooled=True).plans_["plan 00"].prior == "auto"
