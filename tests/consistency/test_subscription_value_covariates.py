"""Values of subscriptions with covariates: those of each kind of customer are those of the plain law of that kind."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import InputError


def summary(count: int = 300):
    """Contracts of two plans and two channels, with customers who left and some who came back."""
    rng = np.random.default_rng(6)
    channel = rng.choice(["ads", "shop"], count)
    start = np.datetime64("2022-01-10") + rng.integers(0, 500, count)
    end = start + (15 + rng.exponential(np.where(channel == "ads", 250.0, 600.0)).astype(int))
    rows = {"customer_key": [f"c{n}" for n in range(count)], "plan": rng.choice(["small", "large"], count)}
    again = np.flatnonzero(end < np.datetime64("2023-06-01"))[:25]
    keys = np.concatenate([rows["customer_key"], [f"c{n}" for n in again]])
    plans = np.concatenate([rows["plan"], rows["plan"][again]])
    later = end[again] + np.timedelta64(100, "D")
    starts = np.concatenate([start, later])
    ends = np.concatenate([end, later + rng.integers(40, 900, again.size)])
    table = {
        "customer_key": keys,
        "plan": plans,
        "amount": np.where(plans == "small", 10.0, 25.0),
        "started_on": starts.astype(str),
        "ended_on": np.where(ends < np.datetime64("2024-06-30"), ends.astype(str), None),
    }
    found = kp.summarise_subscriptions(table, kp.ObservationWindow(calibration_end="2024-06-30"))
    return found.with_columns({"id": rows["customer_key"], "channel": channel})


def test_each_kind_is_valued_by_its_own_law() -> None:
    told = summary()
    covariates = kp.Covariates(dropout=["channel"], reference={"channel": "ads"})
    fitted = kp.ExponentialGamma(covariates=covariates).fit(told)
    values = kp.subscription_value(fitted, told, kp.months(12), margin=0.8).to_numpy()
    channel = told.to_numpy()
    of = dict(zip(channel["customer_key"], channel["channel"], strict=True))
    shop = np.array([of[key] == "shop" for key in values["customer_key"]])
    assert fitted.parameters_["dropout:channel[shop]"] < -0.3
    for own, gamma in ((shop, fitted.parameters_["dropout:channel[shop]"]), (~shop, 0.0)):
        plain = kp.ExponentialGamma().fit(told)
        r, alpha = fitted.parameters_["r"], fitted.parameters_["alpha"] * np.exp(-gamma)
        plain.parameters_ = {"r": r, "alpha": alpha}
        alone = kp.subscription_value(plain, told, kp.months(12), margin=0.8).to_numpy()
        for name in ("churn_probability", "expected_residual_tenure", "clv_predicted_12m", "clv_lifetime",
                     "clv_infinite", "money_at_risk"):  # fmt: skip
            assert values[name][own] == pytest.approx(alone[name][own], rel=1e-9), name
    assert np.all(values["clv_predicted_12m_low"] <= values["clv_predicted_12m_high"])
    ended = np.array([state == "ended" for state in values["state"]])
    assert np.all(values["clv_predicted_12m"][ended] > 0), "customers come back"


def test_a_price_that_rose_lowers_what_lies_ahead() -> None:
    told = summary(16)
    weeks = np.arange("2022-01-03", "2024-06-25", 7, dtype="datetime64[D]")
    raised = (weeks >= np.datetime64("2024-05-06")).astype(float)
    rng = np.random.default_rng(3)
    keys = sorted(set(told.to_numpy()["customer_key"]))
    dear = rng.random(len(keys)) < 0.5
    use = kp.TimeVarying.from_frame(
        {
            "day": np.tile(weeks.astype(str), len(keys)),
            "who": np.repeat(keys, weeks.size),
            "raised": np.concatenate([raised * one for one in dear]),
        },
        date="day",
        customer="who",
    )
    known = kp.Covariates(dropout=["raised"], varying=use, prior=0.5)
    fitted = kp.ShiftedBetaGeometric(covariates=known).fit(told)
    fitted.parameters_["dropout:raised"] = 1.0
    values = kp.subscription_value(fitted, told, kp.months(12)).to_numpy()
    fitted.parameters_["dropout:raised"] = 0.0
    before = kp.subscription_value(fitted, told, kp.months(12)).to_numpy()
    runs = np.array([state != "ended" for state in values["state"]])
    hit = np.isin(values["customer_key"], [key for key, one in zip(keys, dear, strict=True) if one])
    assert np.all(values["clv_predicted_12m"][runs & hit] < before["clv_predicted_12m"][runs & hit])
    assert values["clv_predicted_12m"][runs & ~hit] == pytest.approx(before["clv_predicted_12m"][runs & ~hit], rel=1e-9)


def test_a_summary_without_the_columns_is_refused() -> None:
    told = summary()
    fitted = kp.ExponentialGamma(covariates=kp.Covariates(dropout=["channel"])).fit(told)
    plain = kp.summarise_subscriptions({"customer_key": ["a"], "started_on": ["2024-01-01"], "amount": [9.0]})
    with pytest.raises(InputError, match="lacks channel"):
        kp.subscription_value(fitted, plain)
