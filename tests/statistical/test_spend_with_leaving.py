"""Spend that goes with rate and leaving: correlations of the simulator are recovered, values are unbiased where
Gamma-Gamma's are not, and values of single customers are what simulation of them gives."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.likelihoods.correlated_traits import BetaTrait, GammaTrait
from keepers.simulate.histories import Histories, simulate_histories
from keepers.simulate.spend import Correlation, Spend
from keepers.summaries.frames import summary_from_frame

pytestmark = pytest.mark.statistical

LAWS = {
    "pareto_nbd": (kp.ParetoNBD, {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 12.0}),
    "bg_nbd": (kp.BGNBD, {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 2.5}),
    "mbg_nbd": (kp.MBGNBD, {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 2.5}),
}


def histories(family: str, tie: Correlation | None, customers: int = 4_000) -> Histories:
    return simulate_histories(
        family, LAWS[family][1], customers, (40.0, 60.0), seed=4, holdout=52.0, spend=Spend(4.0, 3.5, 20.0),
        correlation=tie, whole_days=True,
    )  # fmt: skip


def frame(found: Histories) -> dict[str, np.ndarray]:
    return {"frequency": found.x, "recency": found.t_x, "T": found.T, "monetary_value": found.observed_spend}


@pytest.mark.parametrize("family", LAWS)
def test_correlations_of_the_simulator_are_recovered(family: str) -> None:
    found = histories(family, Correlation(rate_spend=0.3, dropout_spend=-0.4))
    data = frame(found)
    summary = summary_from_frame(data, "week")
    buying = LAWS[family][0]().fit(summary)
    plain = GammaGamma().fit(summary)
    tests = kp.trait_tests(plain, summary, buying)
    assert tests is not None
    assert not tests.leaving.holds
    model = CorrelatedSpend().fit(summary, buying)
    risk = found.latents.hazard if family == "pareto_nbd" else found.latents.drop_probability
    assert abs(np.corrcoef(np.log(risk), np.log(found.mean_spend))[0, 1] + 0.4) < 0.1
    # The simulator's normal scores are no powers, but nearly.
    for one, expected in ((model.correlation_, 0.3), (model.leaving_correlation_, -0.4)):
        assert one.value == pytest.approx(expected, abs=0.15)
    if family != "bg_nbd":
        return
    bias = {}
    spend = found.observed_spend
    high = np.where(np.isnan(spend), 0.0, spend) > np.nanmedian(spend)
    low = (found.x > 0) & ~high
    for name, spending in (("joint", model), ("plain", plain)):
        values = kp.lifetime_value(
            buying, spending, data, kp.weeks(52), kp.annual_rate(0.0), unit="week", columns=["clv_predicted_52w"]
        )["clv_predicted_52w"]
        bias[name] = [values[some].sum() / found.holdout_spend[some].sum() - 1 for some in (low, high)]
    assert np.abs(bias["joint"]).max() < 0.12, bias
    assert np.abs(bias["joint"]).sum() < 0.5 * np.abs(bias["plain"]).sum(), bias


def test_independence_is_found_and_is_gamma_gamma() -> None:
    found = histories("mbg_nbd", None, 1_500)
    summary = summary_from_frame(frame(found), "week")
    buying = kp.MBGNBD().fit(summary)
    plain, model = GammaGamma().fit(summary), CorrelatedSpend().fit(summary, buying)
    assert model.tests_.holds
    assert model.parameters_["eta"] == model.parameters_["kappa"] == 1.0
    values = [
        kp.lifetime_value(buying, one, summary).stored().to_numpy()["clv_predicted_12m"] for one in (plain, model)
    ]
    assert values[1] == pytest.approx(values[0], rel=1e-9)


def test_score_tests_keep_their_level() -> None:
    """Of 40 stores without a correlation, few are told to have one at a tenth, and the statistics are chi-squared."""
    levels = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.poisson(rng.gamma(0.9, 4.0, 400))
        T = np.full(400, 52.0)
        p = rng.beta(0.8, 3.0, 400)
        x = np.minimum(x, rng.geometric(p) - 1)
        t_x = np.where(x > 0, T * rng.random(400) ** (1 / np.maximum(x, 1)), 0.0)
        spend = rng.gamma(4.0 * np.maximum(x, 1)) * 20.0 / rng.gamma(3.5, 1.0, 400) / np.maximum(x, 1)
        data = {"frequency": x, "recency": t_x, "T": T, "monetary_value": np.where(x > 0, spend, np.nan)}
        summary = summary_from_frame(data, "week")
        if seed == 0:
            buying = kp.BGNBD().fit(summary)
        tests = kp.trait_tests(GammaGamma(prior=None).fit(summary), summary, buying)
        levels += [tests.rate.p_value, tests.leaving.p_value]
    assert 1 <= np.sum(np.array(levels) < 0.1) <= 18
    assert 0.3 < np.mean(levels) < 0.7


@pytest.mark.parametrize("family", ["pareto_nbd", "bg_nbd"])
def test_values_of_single_customers_are_those_of_simulation(family: str) -> None:
    """Rates, risks and spend of customers are drawn given their orders, then their purchases and what these bring."""
    found = histories(family, Correlation(rate_spend=0.3, dropout_spend=-0.4), 1_500)
    data = frame(found)
    buying = LAWS[family][0]().fit(data, unit="week")
    model = CorrelatedSpend("free", leaving="free").fit(data, buying)
    four = {
        "frequency": [1.0, 3.0, 3.0, 12.0], "recency": [20.0, 45.0, 10.0, 50.0], "T": [52.0] * 4,
        "monetary_value": [30.0, 15.0, 80.0, 40.0],
    }  # fmt: skip
    values = kp.lifetime_value(buying, model, four, kp.weeks(52), kp.annual_rate(0.0), unit="week")
    cells = summary_from_frame(four, "week").cells()
    alive = np.asarray(buying.probability_alive(cells))
    parts, rates, size = model.rates_.parts(cells, alive), model.rates_, 100_000
    p, q, gamma, kappa, eta = (model.parameters_[name] for name in ("p", "q", "gamma", "kappa", "eta"))
    of = {name: column[0] for name, column in rates.parameters(cells).items()}
    rng = np.random.default_rng(8)

    def drawn(trait: GammaTrait | BetaTrait, row: int) -> np.ndarray:
        if isinstance(trait, BetaTrait):
            return np.log(rng.beta(trait.a[row], trait.b[row], size)) - trait.centre[row]
        return np.log(rng.gamma(trait.shape[row], 1.0, size)) - trait.log_exposure[row]

    order = np.lexsort((cells.t_x, cells.x))
    for place, row in zip(np.lexsort((four["recency"], four["frequency"])), order, strict=True):
        x, m = four["frequency"][place], four["monetary_value"][place]
        share = np.array([part.share[row] for part in parts])
        which = rng.choice(len(parts), size, p=share / share.sum())
        log_rate, log_risk = (
            np.choose(which, [drawn(getattr(part, name), row) for part in parts]) for name in ("rate", "leaving")
        )
        scale = gamma * kappa**log_rate * eta**log_risk
        rate = np.exp(log_rate) * np.exp(GammaTrait(np.array([of["r"]]), np.zeros(1)).mean[0]) / of["alpha"]
        log_weight = q * np.log(scale) - (p * x + q) * np.log(scale + x * m)
        weight = np.exp(log_weight - log_weight.max())
        nu = rng.gamma(p * x + q, 1.0, size) / (scale + x * m)
        if family == "pareto_nbd":
            middle = np.exp(GammaTrait(np.array([of["s"]]), np.zeros(1)).mean[0]) / of["beta"]
            stays = np.minimum(rng.exponential(1.0, size) / (np.exp(log_risk) * middle), 52.0)
            orders = rng.poisson(rate * stays)
        else:
            chance = np.exp(log_risk + parts[0].leaving.centre[row])
            orders = np.minimum(rng.poisson(rate * 52.0), rng.geometric(np.clip(chance, 1e-9, 1.0)))
        money = np.where(which == 0, orders, 0) * p / nu
        exact = np.average(money, weights=weight)
        error = np.sqrt(np.average((money - exact) ** 2, weights=weight**2) / size) * np.sqrt(
            np.mean(weight**2) / np.mean(weight) ** 2
        )
        assert values["clv_predicted_52w"][place] == pytest.approx(exact, rel=0.03, abs=4 * error)
