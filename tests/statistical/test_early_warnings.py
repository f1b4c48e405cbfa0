"""Where interest and satisfaction fade before customers leave, warnings find those who leave now, and their money."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.domain.money import MoneyBasis
from keepers.retention.risk import captured, rank_test
from keepers.simulate import demo_store

pytestmark = pytest.mark.statistical


def _found(seed: int) -> dict[str, tuple[float, float]]:
    """By way to rank: share of the top tenth who leave now, and the part of the money of those who do."""
    store = demo_store(seed=seed, customers=2500)
    summary = kp.summarise(store.orders)
    values = kp.lifetime_value(
        kp.MBGNBD().fit(summary), kp.GammaGamma().fit(summary), summary,
        columns=("clv_if_active", "probability_alive", "days_since_last_order"),
    ).stored()  # fmt: skip
    warned = kp.early_warnings(store, values)
    rows, known = warned.to_numpy(), values.to_numpy()
    place = {str(key): row for row, key in enumerate(known["customer_key"])}
    mine = np.array([place[str(key)] for key in rows["customer_key"]])
    truth, row = store.truth.customers, np.array([int(str(key)[1:]) - 1 for key in rows["customer_key"]])
    horizon = warned.horizon.days
    now = (np.abs(truth.dropout[row] - truth.end) <= horizon).astype(float)
    money = now * truth.latents.rate[row] * truth.worth.of(MoneyBasis.NET_REVENUE)[row]
    left = 1.0 - known["probability_alive"][mine]
    scores: dict[str, FloatArray] = {
        "recency": known["days_since_last_order"][mine].astype(float),
        "P(alive)": left,
        "P(alive) x value": left * known["clv_if_active"][mine],
        "warnings": rows["expected_loss"],
    }
    test = warned.facts.risk.test
    assert test is not None
    assert test.own.auc > max(one.auc for one in test.rivals.values()), "ranks all customers better, too"
    for said, got, people in test.calibration:
        assert abs(said - got) < 4.0 * np.sqrt(said * (1 - said) / people) + 0.02
    return {name: (rank_test(score, now).precision, captured(score, money)) for name, score in scores.items()}


def test_warnings_find_those_who_leave_now_and_their_money() -> None:
    stores = [_found(seed) for seed in (11, 12)]
    mean = {name: np.mean([one[name] for one in stores], axis=0) for name in stores[0]}
    for rival in ("recency", "P(alive)", "P(alive) x value"):
        assert mean["warnings"][0] > mean[rival][0] + 0.05, rival
    for rival in ("recency", "P(alive)"):
        assert mean["warnings"][1] > mean[rival][1] + 0.2, rival
    # Money lies with few customers: over ten stores it is 10 points more, over two it may be as much.
    assert mean["warnings"][1] > mean["P(alive) x value"][1] - 0.03
    assert mean["warnings"][0] > 0.25
    assert mean["warnings"][1] > 0.3
