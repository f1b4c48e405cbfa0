"""Simulated histories follow their law: closed forms of the papers, and a plain loop over customers as oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit, weeks
from keepers.simulate import Behaviour, Correlation, Spend, simulate_histories

LAWS = {
    "nbd": {"r": 0.385, "alpha": 12.07},
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
N = 200_000


def expected_repeats(family: str, p: dict[str, float], t: float) -> float:
    if family == "nbd":
        return p["r"] * t / p["alpha"]
    if family == "pareto_nbd":
        decay = (p["beta"] / (p["beta"] + t)) ** (p["s"] - 1)
        return p["r"] * p["beta"] / (p["alpha"] * (p["s"] - 1)) * (1 - decay)
    a, b, r, alpha = p["a"], p["b"], p["r"], p["alpha"]
    z = t / (alpha + t)
    if family == "bg_nbd":
        power = (alpha / (alpha + t)) ** r
        return (a + b - 1) / (a - 1) * (1 - power * float(special.hyp2f1(r, b, a + b - 1, z)))
    # MBG/NBD: who survives the first coin buys as in the BG/NBD with b one larger.
    power = (alpha / (alpha + t)) ** r
    return b / (a + b) * (a + b) / (a - 1) * (1 - power * float(special.hyp2f1(r, b + 1, a + b, z)))


def none_again(family: str, p: dict[str, float], t: float) -> float:
    silent = (p["alpha"] / (p["alpha"] + t)) ** p["r"]
    if family in ("nbd", "bg_nbd"):
        return float(silent)
    if family == "mbg_nbd":
        return (p["a"] + p["b"] * float(silent)) / (p["a"] + p["b"])
    # Pareto/NBD: integrate over the moment of dropout.
    u = np.linspace(0.0, t, 200_001)
    density = p["s"] / p["beta"] * (p["beta"] / (p["beta"] + u)) ** (p["s"] + 1)
    gone = np.trapezoid(density * (p["alpha"] / (p["alpha"] + u)) ** p["r"], u)
    return float(gone + silent * (p["beta"] / (p["beta"] + t)) ** p["s"])


@pytest.mark.parametrize("family", LAWS)
def test_mean_and_zeros_are_those_of_the_law(family: str) -> None:
    histories = simulate_histories(family, LAWS[family], N, 39.0, seed=3, holdout=26.0)
    mean = expected_repeats(family, LAWS[family], 39.0)
    total = expected_repeats(family, LAWS[family], 65.0)
    assert abs(histories.x.mean() - mean) < 4 * histories.x.std() / math.sqrt(N)
    later = histories.holdout_x
    assert abs(later.mean() - (total - mean)) < 4 * later.std() / math.sqrt(N)
    zeros = none_again(family, LAWS[family], 39.0)
    assert abs((histories.x == 0).mean() - zeros) < 4 * math.sqrt(zeros * (1 - zeros) / N)


def by_hand(family: str, p: dict[str, float], t: float, customers: int) -> tuple[list[int], list[float], list[float]]:
    """One customer after another, one purchase after another, as the papers tell the story."""
    rng = np.random.default_rng(11)
    counts, recencies, dropouts = [], [], []
    for _ in range(customers):
        rate = rng.gamma(p["r"], 1 / p["alpha"])
        death = rng.exponential(1 / rng.gamma(p["s"], 1 / p["beta"])) if family == "pareto_nbd" else math.inf
        coin = rng.beta(p["a"], p["b"]) if "a" in p else 0.0
        now, x, last = 0.0, 0, 0.0
        if family == "mbg_nbd" and rng.random() < coin:
            death = 0.0
        while True:
            now += rng.exponential(1 / rate) if rate > 0 else math.inf
            if now > min(t, death):
                break
            x, last = x + 1, now
            if rng.random() < coin:
                death = now
                break
        counts.append(x)
        recencies.append(last)
        dropouts.append(min(death, t))
    return counts, recencies, dropouts


@pytest.mark.parametrize("family", LAWS)
def test_frequency_recency_and_dropout_agree_with_a_plain_loop(family: str) -> None:
    t = 30.0
    counts, recencies, dropouts = by_hand(family, LAWS[family], t, 8000)
    fast = simulate_histories(family, LAWS[family], 60_000, t, seed=5)
    table = np.array([[np.sum(np.minimum(side, 9) == k) for k in range(10)] for side in (counts, fast.x)])
    assert stats.chi2_contingency(table).pvalue > 1e-3
    for number in (1, 2, 4):
        ours = fast.t_x[fast.x == number]
        theirs = [r for r, x in zip(recencies, counts, strict=True) if x == number]
        assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    assert stats.ks_2samp(np.minimum(fast.dropout, t), dropouts).pvalue > 1e-3


@pytest.mark.parametrize("family", LAWS)
def test_dropout_and_purchases_do_not_contradict(family: str) -> None:
    histories = simulate_histories(family, LAWS[family], 20_000, (5.0, 80.0), seed=2, holdout=40.0)
    assert np.all(histories.t_x <= np.minimum(histories.T, histories.dropout))
    assert np.all((histories.x == 0) == (histories.t_x == 0))
    assert not np.any(histories.holdout_x[~histories.alive])
    assert histories.expected_purchases(weeks(40)).mean() == pytest.approx(histories.holdout_x.mean(), rel=0.06)


def test_the_same_seed_gives_the_same_customers() -> None:
    first = simulate_histories("pareto_nbd", LAWS["pareto_nbd"], 500, seed=9, holdout=10.0)
    again = simulate_histories("pareto_nbd", LAWS["pareto_nbd"], 500, seed=9, holdout=10.0)
    other = simulate_histories("pareto_nbd", LAWS["pareto_nbd"], 500, seed=10, holdout=10.0)
    for name in ("x", "t_x", "T", "holdout_x", "dropout"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.t_x, other.t_x)


def test_spend_is_gamma_gamma() -> None:
    spend = Spend(p=6.25, q=6.0, gamma=15.4)
    h = simulate_histories("nbd", {"r": 2.0, "alpha": 8.0}, N, 40.0, seed=1, holdout=10.0, spend=spend)
    assert h.mean_spend is not None
    assert h.observed_spend is not None
    assert h.holdout_spend is not None
    assert h.mean_spend.mean() == pytest.approx(spend.mean, rel=0.01)
    assert stats.kstest(spend.p * spend.gamma / h.mean_spend[:20_000], "gamma", args=(spend.q,)).pvalue > 1e-3
    assert np.array_equal(np.isnan(h.observed_spend), h.x == 0)
    twice = h.x == 2
    noise = (h.observed_spend / h.mean_spend)[twice]
    assert stats.kstest(noise[:20_000] * 2 * spend.p, "gamma", args=(2 * spend.p,)).pvalue > 1e-3
    assert h.holdout_spend.sum() / h.holdout_x.sum() == pytest.approx(spend.mean, rel=0.02)


def test_correlation_leaves_the_margins_and_ties_them_together() -> None:
    tie = Correlation(rate_dropout=-0.4, rate_spend=0.5, dropout_spend=-0.2)
    spend = Spend(6.25, 3.74, 15.44)
    law = LAWS["pareto_nbd"]
    h = simulate_histories("pareto_nbd", law, 50_000, 30.0, seed=4, spend=spend, correlation=tie)
    assert h.mean_spend is not None
    rate, hazard = h.latents.rate * 7, h.latents.hazard * 7
    assert stats.kstest(rate * law["alpha"], "gamma", args=(law["r"],)).pvalue > 1e-3
    assert stats.kstest(hazard * law["beta"], "gamma", args=(law["s"],)).pvalue > 1e-3
    for pair, rho in (((rate, hazard), -0.4), ((rate, h.mean_spend), 0.5), ((hazard, h.mean_spend), -0.2)):
        expected = 6 / math.pi * math.asin(rho / 2)  # Spearman's of a Gaussian copula
        assert stats.spearmanr(*pair).statistic == pytest.approx(expected, abs=0.02)


def test_whole_days_make_few_cells() -> None:
    h = simulate_histories("bg_nbd", LAWS["bg_nbd"], 50_000, (27.0, 39.0), seed=1, whole_days=True)
    assert np.allclose(h.T * 7, np.round(h.T * 7))
    assert h.cells().size < 20_000
    assert h.cells().customers == 50_000
    assert h.cells().unit is TimeUnit.WEEK


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gamma", {"r": 1.0}), "not a law of buying"),
        (("nbd", {"r": 1.0}), "r, alpha"),
        (("nbd", {"r": 1.0, "alpha": -2.0}), "must be positive"),
        (("nbd",), "missing"),
        ((Behaviour("nbd", {"r": 1.0, "alpha": 1.0}), {"r": 1.0}), "leave `parameters` out"),
    ],
)
def test_impossible_requests_are_refused_in_words(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        simulate_histories(*arguments)  # type: ignore[arg-type]


def test_contradicting_correlations_are_refused() -> None:
    with pytest.raises(ConfigError, match="contradict"):
        Correlation(0.9, 0.9, -0.9)
