"""The BG/BB estimator beyond the contract: opportunities of many kinds, what it refuses, and values in money."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from scipy.special import roots_jacobi

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import InputError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit
from keepers.models.realtime import Scorer
from keepers.numerics.likelihoods import bg_bb

THETA = (1.2, 0.75, 0.66, 2.78)


def test_the_likelihood_is_the_integral_over_customers() -> None:
    """One history by brute force: the chance of every way to have stayed, averaged over both beta distributions."""
    alpha, beta, gamma, delta = THETA
    x, last, n = 2, 3, 6

    # Gauss-Jacobi quadrature is exact here: both integrands are polynomials times a beta density.
    (ps, p_weights), (qs, q_weights) = (roots_jacobi(20, b - 1, a - 1) for a, b in ((alpha, beta), (gamma, delta)))
    p, q = (ps[:, None] + 1) / 2, (qs[None, :] + 1) / 2
    ways = sum(p**x * (1 - p) ** (m - x) * (1 - q) ** m * (q if m < n else 1.0) for m in range(last, n + 1))
    whole = p_weights @ ways @ q_weights / (p_weights.sum() * q_weights.sum())
    found = np.exp(bg_bb.log_likelihood(THETA, np.array([2.0]), np.array([3.0]), np.array([6.0])))[0]
    assert found == pytest.approx(whole, rel=1e-12)


def test_likelihoods_of_all_sequences_sum_to_one() -> None:
    total = 0.0
    for bought in product((0, 1), repeat=7):
        places = np.flatnonzero(bought) + 1
        x, last = float(places.size), float(places.max(initial=0))
        total += np.exp(bg_bb.log_likelihood(THETA, np.array([x]), np.array([last]), np.array([7.0])))[0]
    assert total == pytest.approx(1.0, rel=1e-12)


def test_a_horizon_between_two_opportunities_mixes_them() -> None:
    row = (np.array([2.0]), np.array([4.0]), np.array([6.0]))
    for question in (bg_bb.expected_purchases, bg_bb.truncated_lifetime):
        short, long = (question(THETA, *row, t)[0] for t in (3.0, 4.0))
        assert question(THETA, *row, 3.25)[0] == pytest.approx(0.75 * short + 0.25 * long, rel=1e-12)
    tables = [bg_bb.purchase_distribution(THETA, *row, t, 4) for t in (3.0, 4.0, 3.25)]
    assert tables[2] == pytest.approx(0.75 * tables[0] + 0.25 * tables[1], rel=1e-12)
    _, mean, variance = bg_bb.purchase_moments(THETA, *row, 3.25)
    counts = np.arange(5)
    assert variance[0] == pytest.approx(float(tables[2][0] @ counts**2) - mean[0] ** 2, rel=1e-10)


def test_long_horizons_in_blocks_add_up() -> None:
    row = (np.array([40.0]), np.array([300.0]), np.array([350.0]))
    theta = (1.2, 9.0, 1.4, 90.0)
    far = bg_bb.expected_purchases(theta, *row, 2e5)[0]
    assert far == pytest.approx(bg_bb.discounted_expected_purchases(theta, *row, 0.0)[0], rel=0.1)
    k = np.arange(1, 5001.0)
    stays = np.cumprod((90.0 + 350.0 + k - 1) / (1.4 + 90.0 + 350.0 + k - 1))
    alive = bg_bb.probability_alive(theta, *row)[0] / stays[0]
    assert bg_bb.expected_purchases(theta, *row, 5000.0)[0] == pytest.approx(
        alive * 41.2 / (1.2 + 9.0 + 350.0) * stays.sum(), rel=1e-11
    )


def test_what_is_no_whole_number_of_opportunities_is_refused() -> None:
    frame = {"frequency": [1, 0], "recency": [2.4, 0], "T": [6, 6]}
    with pytest.raises(InputError, match=r"`recency` is not a whole number .* in 1 histories \(first: 2.4"):
        kp.BGBB().fit(frame, unit="month")
    with pytest.raises(InputError, match="cannot see 4 repeat purchases up to opportunity 3 of 6"):
        kp.BGBB().fit({"frequency": [4], "recency": [3], "T": [6]}, unit="month")


def test_counts_of_many_opportunities_are_fitted_exactly() -> None:
    rng = np.random.default_rng(3)
    x, last = bg_bb.sample_new((0.8, 6.0, 0.7, 200.0), np.full(1000, 400.0), rng)
    model = kp.BGBB().fit(Cells.of_customers(x, last, np.full(1000, 400.0), TimeUnit.DAY))
    assert model.outcome_ is FitOutcome.CONVERGED
    assert x.max() > 200
    assert list(model.parameters_.values()) == pytest.approx([0.8, 6.0, 0.7, 200.0], rel=0.35)


def test_states_count_an_opportunity_once() -> None:
    donors = {"frequency": [0, 1, 4, 6], "recency": [0, 3, 5, 6], "T": [6, 6, 6, 6], "weight": [300, 40, 30, 60]}
    model = kp.BGBB().fit(donors, unit="month")
    state = model.state(dt.date(2025, 1, 1))
    for day in (dt.date(2025, 1, 20), dt.date(2025, 3, 5), dt.date(2025, 3, 25)):
        state = state.update(day)
    assert state.repeat_purchases == 1
    found = model.score(state, dt.date(2025, 7, 10), kp.months(4))
    same = Cells([1.0], [2.0], [6.0], [1.0], TimeUnit.MONTH)
    assert found.expected_purchases == pytest.approx(model.expected_purchases(same, kp.months(4)))


def test_the_family_needs_no_scipy() -> None:
    code = (
        "import sys, keepers.numerics.likelihoods.bg_bb as family\n"
        "family.forecast((1.2, 0.75, 0.66, 2.8), 2.0, 4.0, 6.0, 10.0, 0.1, 50.0)\n"
        "sys.exit(any(name.split('.')[0] == 'scipy' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_values_of_customers_by_opportunities() -> None:
    rng = np.random.default_rng(8)
    who, when = [], []
    for customer in range(300):
        start = int(rng.integers(0, 20))
        p, leaves = rng.beta(1.2, 3.0), rng.beta(0.8, 8.0)
        who.append(f"c{customer}"), when.append(start)
        for month in range(start + 1, 24):
            if rng.random() < leaves:
                break
            if rng.random() < p:
                who.append(f"c{customer}"), when.append(month)
    days = [f"{2022 + month // 12}-{month % 12 + 1:02}-{rng.integers(1, 29):02}" for month in when]
    paid = np.round(rng.gamma(4.0, 10.0, len(who)), 2)
    orders = kp.Orders.from_frame({"w": who, "d": days, "p": paid}, customer="w", date="d", amount="p")
    summary = kp.summarise_opportunities(orders, kp.ObservationWindow(end="2023-12-31"), "month")
    buying, spending = kp.BGBB().fit(summary), kp.GammaGamma().fit(summary)
    values = kp.lifetime_value(buying, spending, summary, kp.months(12)).to_polars()
    assert values.height == 300
    total = buying.predict_cells(summary.cells(), kp.months(12)).discounted_purchases @ summary.cells().weight
    assert values["clv_predicted_12m"].sum() == pytest.approx(40 * total, rel=0.15)
    assert (values["clv_predicted_12m_low"] <= values["clv_predicted_12m_high"]).all()


def test_a_saved_model_scores(tmp_path) -> None:
    donors = {"frequency": [0, 1, 4, 6], "recency": [0, 3, 5, 6], "T": [6, 6, 6, 6], "weight": [300, 40, 30, 60]}
    model = kp.BGBB().fit(donors, unit="year")
    scorer = Scorer.load(model.save(tmp_path / "model.json"))
    state = model.state(dt.date(2019, 6, 1)).update(dt.date(2021, 7, 1))
    found = scorer.score(state, dt.date(2025, 6, 1), kp.years(5))
    assert found.expected_purchases == pytest.approx(
        model.score(state, dt.date(2025, 6, 1), kp.years(5)).expected_purchases
    )
