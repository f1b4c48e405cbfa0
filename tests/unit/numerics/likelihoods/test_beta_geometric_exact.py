"""The future of living customers against the hypergeometric functions and integrals that define it."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from keepers.numerics.distinct import distinct
from keepers.numerics.likelihoods import beta_geometric_future, bg_nbd
from keepers.numerics.likelihoods.beta_geometric_future import Future

CASES = [
    # r, alpha, a, b, x, T, t, delta
    (0.24, 4.4, 0.79, 2.43, 0, 38.9, 52.0, 0.0018),
    (0.24, 4.4, 0.79, 2.43, 26, 31.0, 260.0, 0.0018),
    (0.02, 0.4, 0.005, 0.03, 1, 2.0, 400.0, 1e-4),
    (9.0, 0.3, 1.0, 0.014, 0, 58.0, 127.0, 1e-3),
    (3.0, 60.0, 28.0, 90.0, 300, 300.0, 10.0, 0.05),
    (0.6, 71.0, 1.0, 62.0, 5, 34.0, 14.0, 1e-4),
]


@pytest.mark.parametrize(("r", "alpha", "a", "b", "x", "T", "t", "delta"), CASES)
def test_every_answer(r, alpha, a, b, x, T, t, delta) -> None:
    future = Future(r, alpha, a, b, distinct(np.array([float(x)])), distinct(np.array([T])), 40 / delta, True)
    shape, second, scale = r + x, b + x, alpha + T
    w = t / scale

    def survival(place, extra=0):
        return mp.hyp2f1(shape + extra, a, a + second, -place)

    def integral(function, end):
        edges = [0, *(mp.mpf(end) * mp.mpf(10) ** -k for k in range(5, -1, -1))]
        return float(mp.quad(function, edges))

    assert future.survival(t)[0] == pytest.approx(float(survival(w)), rel=1e-9)
    bought = integral(lambda place: shape * survival(place, 1), w)
    assert future.purchases(t)[0] == pytest.approx(bought, rel=1e-10)
    discounted = integral(lambda place: shape * survival(place, 1) * mp.e ** (-delta * scale * place), w)
    assert future.purchases(t, delta)[0] == pytest.approx(discounted, rel=1e-10)
    endless = integral(
        lambda place: shape * survival(place, 1) * mp.e ** (-delta * scale * place), 40 / (delta * scale)
    )
    assert future.purchases_without_end(delta)[0] == pytest.approx(endless, rel=1e-10)
    stays = second / (a + second)
    pairs = integral(
        lambda place: 2 * place * shape * (shape + 1) * stays * mp.hyp2f1(shape + 2, a, a + second + 1, -place), w
    )
    assert future.pairs(t)[0] == pytest.approx(pairs, rel=1e-10)
    assert future.lifetime(t)[0] == pytest.approx(scale * integral(survival, w), rel=1e-10)


def test_the_closed_form_of_the_paper() -> None:
    """Equation 10 of Fader, Hardie and Lee (2005), where a is not 1."""
    r, alpha, a, b = 0.24, 4.4, 0.79, 2.43
    x, t_x, T, t = 3.0, 20.0, 39.0, 52.0
    with mp.workdps(30):
        ratio = ((alpha + T) / (alpha + T + t)) ** (r + x)
        bracket = 1 - ratio * mp.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))
        odds = a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)
        exact = float((a + b + x - 1) / (a - 1) * bracket / (1 + odds))
    assert bg_nbd.expected_purchases((r, alpha, a, b), x, t_x, T, t)[0] == pytest.approx(exact, rel=1e-12)
    nearby = [bg_nbd.expected_purchases((r, alpha, a, b), x, t_x, T, t)[0] for a in (1 - 1e-7, 1.0, 1 + 1e-7)]
    assert np.diff(nearby)[0] == pytest.approx(np.diff(nearby)[1], rel=1e-3)


def test_a_discount_much_faster_than_the_horizon() -> None:
    """At such a rate the horizon does not matter, and the answer is close to the intensity now over the rate."""
    row = (0.0, 0.0, 1.0)
    near, far = (bg_nbd.discounted_expected_purchases((1.0, 1000.0, 1.0, 1.0), *row, 5.0, t)[0] for t in (10.0, 5e4))
    assert far == pytest.approx(near, rel=1e-12)
    assert far == pytest.approx(1 / 1001 / 5, rel=1e-3)


def test_horizons_and_draws_share_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table depends on neither the horizon within its reach nor what was asked before, and few are held."""
    made: list[str] = []
    tabulated = Future._tabulated
    monkeypatch.setattr(Future, "_tabulated", lambda self, *of: made.append(of[0]) or tabulated(self, *of))
    monkeypatch.setattr(beta_geometric_future, "_kept", {})
    counts, ages = distinct(np.array([0.0, 2.0, 7.0])), distinct(np.array([20.0, 39.0, 39.0]))

    def asked(r: float, t: float, gradient: bool = False) -> np.ndarray:
        return Future(r, 4.4, 0.79, 2.43, counts, ages, t, gradient).purchases(t, 0.002)

    first = [asked(0.24, t) for t in (13.0, 52.0, 260.0)]
    assert made == ["intensity"]
    np.testing.assert_array_equal(asked(0.24, 52.0, gradient=True), first[1])
    asked(0.24, 26.0, gradient=True)
    assert len(made) == 2
    monkeypatch.setattr(beta_geometric_future, "_KEPT", 3)
    for step in range(5):
        asked(0.3 + 0.01 * step, 52.0)
    assert len(beta_geometric_future._kept) == 3
    np.testing.assert_array_equal(asked(0.24, 260.0), first[2])
