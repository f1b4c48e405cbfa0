"""Effects of covariates on spend are recovered, and intervals of effects and of values hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods import gamma_gamma

THETA = (6.0, 4.0, 15.0)
TRUTH = {"spend:channel[shop]": 0.5, "spend:age": -0.03}


def customers(size: int, rng: np.random.Generator) -> tuple[dict[str, FloatArray], FloatArray]:
    channel = rng.choice(["ads", "shop"], size, p=[0.6, 0.4])
    age = rng.integers(2, 7, size) * 10.0
    shift = TRUTH["spend:channel[shop]"] * (channel == "shop") + TRUTH["spend:age"] * (age - 40.0)
    return {"channel": channel, "age": age}, np.exp(shift)


@pytest.mark.statistical
def test_intervals_of_effects_hold_what_they_promise():
    rng = np.random.default_rng(41)
    by_both = kp.Covariates(spend=["channel", "age"], reference={"channel": "ads"})
    held, errors = [], []
    for _ in range(60):
        columns, factor = customers(700, rng)
        x = rng.poisson(2.0, 700).astype(float)
        data = {"frequency": x, "monetary_value": factor * gamma_gamma.sample_new(THETA, x, rng), **columns}
        for one in kp.GammaGamma(prior=None, covariates=by_both).fit(data).coefficients_:
            held.append(one.low <= TRUTH[one.name] <= one.high)
            errors.append((one.value - TRUTH[one.name]) / one.standard_error)
    assert np.mean(held) == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / len(held)))
    assert np.mean(errors) == pytest.approx(0.0, abs=4 / np.sqrt(len(errors)))


@pytest.mark.statistical
def test_values_of_each_channel_are_unbiased_and_their_intervals_hold():
    """Customers who buy at random times for ever; half of those of one channel never came back."""
    rng = np.random.default_rng(42)
    size, weeks, ahead = 6000, 40.0, 26.0
    columns, factor = customers(size, rng)
    rate = rng.gamma(1.2, 1 / 20.0, size)
    x = rng.poisson(rate * weeks).astype(float)
    nu = rng.gamma(THETA[1], 1 / THETA[2], size)
    money = factor * rng.gamma(THETA[0] * np.maximum(x, 1.0)) / nu / np.maximum(x, 1.0)
    later = rng.poisson(rate * ahead)
    brought = np.where(later > 0, factor * rng.gamma(THETA[0] * np.maximum(later, 1)) / nu, 0.0)
    data = {
        "frequency": x,
        "recency": np.where(x > 0, weeks * rng.beta(np.maximum(x, 1.0), 1.0), 0.0),
        "T": np.full(size, weeks),
        "monetary_value": np.where(x > 0, money, np.nan),
        **columns,
    }
    buying = kp.NBD().fit(data, unit="week")
    by_both = kp.GammaGamma(covariates=kp.Covariates(spend=["channel", "age"], reference={"channel": "ads"})).fit(data)
    values, plain = (
        kp.lifetime_value(buying, one, data, kp.weeks(ahead), kp.annual_rate(0.0), unit="week")
        for one in (by_both, kp.GammaGamma().fit(data))
    )
    low, high, value = (np.asarray(values[f"clv_predicted_26w{end}"]) for end in ("_low", "_high", ""))
    unaware = np.asarray(plain["clv_predicted_26w"])
    for channel in ("ads", "shop"):
        # Of those without a known order only the columns say anything.
        for some in ((columns["channel"] == channel) & (x == 0), columns["channel"] == channel):
            held = np.mean((low[some] <= brought[some]) & (brought[some] <= high[some]))
            assert held > 0.8 - 4 * np.sqrt(0.16 / some.sum())
            error = brought[some].std() * np.sqrt(some.sum())
            assert brought[some].sum() == pytest.approx(value[some].sum(), abs=3.5 * error)
    quiet = (columns["channel"] == "shop") & (x == 0)
    assert unaware[quiet].sum() < 0.85 * value[quiet].sum()
