"""Regular buyers: parameters and k are found again, answers are what simulated customers do, and the backtest pays."""

from __future__ import annotations

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.cells import Cells
from keepers.domain.time import ObservationWindow, TimeUnit
from keepers.evaluation.backtest import backtest
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_cnbd import MBGCNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric

pytestmark = pytest.mark.statistical

K, THETA = 4, (1.6, 3.0, 0.8, 4.0)


def lives(customers: int, horizon: float, rng: np.random.Generator, k: int = K) -> list[np.ndarray]:
    """Times of all repeat purchases of customers of the MBG/CNBD-k model, drawn from its story step by step."""
    r, alpha, a, b = THETA
    rates, leaves = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    found = []
    for rate, chance in zip(rates, leaves, strict=True):
        times: list[float] = []
        now = 0.0
        while rng.random() > chance:
            now += rng.gamma(k, 1 / rate)
            if now > horizon:
                break
            times.append(now)
        found.append(np.array(times))
    return found


def histories(found: list[np.ndarray], T: float) -> Cells:
    seen = [times[times <= T] for times in found]
    gaps = [float(np.log(np.diff(times, prepend=0.0)).sum()) if times.size else 0.0 for times in seen]
    x = np.array([float(times.size) for times in seen])
    t_x = np.array([times[-1] if times.size else 0.0 for times in seen])
    return Cells(x, t_x, np.full(x.size, T), np.ones(x.size), TimeUnit.WEEK, np.array(gaps))


def test_parameters_and_k_are_found_again() -> None:
    cells = histories(lives(3000, 60.0, np.random.default_rng(11)), 60.0)
    model = MBGCNBD(prior=None).fit(cells)
    assert model.k_ == K
    for name, truth in zip(model.symbols, THETA, strict=True):
        error = model.standard_errors_[name]
        assert abs(model.parameters_[name] - truth) < 3.5 * error, name
        assert error < 0.35 * truth


def test_answers_are_what_customers_do() -> None:
    """All that is said of groups of customers with like histories is what happens to them, hidden stages included."""
    rng = np.random.default_rng(12)
    found = lives(40_000, 90.0, rng)
    cells, family = histories(found, 40.0), ErlangBetaGeometric(1, K)
    ahead = np.array([float(np.sum((times > 40.0) & (times <= 60.0))) for times in found])
    soon = np.array([float(np.sum((times > 40.0) & (times <= 44.0))) for times in found])
    row = (THETA, cells.x, cells.t_x, cells.T)
    none, mean, variance = family.purchase_moments(*row, 20.0)
    none_soon, mean_soon, _ = family.purchase_moments(*row, 4.0)
    silence = cells.T - cells.t_x
    for low, high in ((0, 0), (1, 2), (3, 6), (7, 99)):
        for fresh in (True, False):
            group = (cells.x >= low) & (cells.x <= high) & ((silence < 6) == fresh)
            size = int(group.sum())
            if size < 300:
                continue
            noise = np.sqrt(variance[group].sum())
            assert abs(ahead[group].sum() - mean[group].sum()) < 4 * noise
            for some, chance in ((ahead, none), (soon, none_soon)):
                spread = np.sqrt(np.sum(chance[group] * (1 - chance[group])) + 1e-9)
                assert abs(np.sum(some[group] == 0) - chance[group].sum()) < 4 * spread
            assert abs(soon[group].sum() - mean_soon[group].sum()) < 4 * np.sqrt(mean_soon[group].sum() + 1)
    drawn = family.sample_future(*row, 20.0, rng)
    assert drawn.mean() == pytest.approx(ahead.mean(), abs=5 * np.sqrt(variance.mean() / cells.x.size))
    # Half of those who do buy again do so within the median wait.
    next_at = np.array([times[times > 40.0][0] - 40.0 if np.any(times > 40.0) else np.inf for times in found])
    waits = family.median_waiting_time(*row)
    alive = family.probability_alive(*row)
    in_time = np.sum(next_at <= waits)
    assert in_time == pytest.approx(0.5 * alive.sum(), abs=4 * np.sqrt(0.25 * alive.sum()))


def test_rhythm_pays_in_the_backtest() -> None:
    """On simulated regular buyers the Erlang clock forecasts better than buying at random, by more than chance."""
    rng = np.random.default_rng(13)
    start = np.datetime64("2023-01-01")
    rows = []
    for customer, times in enumerate(lives(350, 100.0, rng, k=6)):
        first = rng.integers(0, 300)
        days = np.unique(np.concatenate([[0], np.ceil(7 * times)])).astype(int) + first
        rows += [(str(customer), str(start + day), 10.0) for day in days[days <= 650]]
    orders = PurchaseRows(rows)
    found = backtest([MBGCNBD(), MBGNBD(), BGNBD()], orders, ObservationWindow(), origins=1)
    assert found.ranking.winner == "MBGCNBD"
    assert "MBGNBD" not in found.ranking.tied
    assert "BGNBD" not in found.ranking.tied
