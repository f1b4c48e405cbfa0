"""Identities of covariates of contracts: none, known, constant in time, tables of survivors, saved, interpolated."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.models.catalogue import load_model
from keepers.models.contractual import contract as contract_module
from keepers.models.contractual.contract import ContractModel

MODELS: list[type[ContractModel]] = [
    kp.ShiftedBetaGeometric,
    kp.BetaDiscreteWeibull,
    kp.ExponentialGamma,
    kp.WeibullGamma,
]
DISCRETE, CONTINUOUS = MODELS[:2], MODELS[2:]
CHANNEL = kp.Covariates(dropout=["channel"], reference={"channel": "ads"})


def frame(n: int = 900, seed: int = 5) -> dict[str, np.ndarray]:
    """Contracts in whole months, those from shops ending half as often; a third seen from a later age on."""
    rng = np.random.default_rng(seed)
    channel = rng.choice(["ads", "shop"], n, p=[0.6, 0.4])
    rate = -np.log1p(-rng.beta(0.9, 7.0, n)) * np.where(channel == "shop", 0.5, 1.0)
    tenure, age = np.ceil(rng.exponential(1 / rate)), rng.integers(3, 40, n)
    entry = np.where(rng.random(n) < 1 / 3, rng.integers(0, 4, n), 0)
    seen = np.minimum(tenure, age)
    kept = seen > entry
    columns = {"tenure": seen, "ended": (tenure <= age) * 1, "entry": entry, "channel": channel}
    return {name: column[kept] for name, column in columns.items()}


@pytest.mark.parametrize("model", MODELS)
def test_a_known_effect_of_zero_is_no_covariate(model) -> None:
    data = frame()
    plain = model(prior=None).fit(data, unit="month")
    zero = kp.Covariates(dropout=["channel"], fixed={"dropout:channel[shop]": 0.0}, reference={"channel": "ads"})
    none = model(prior=None, covariates=zero).fit(data, unit="month")
    assert none.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-10)
    assert none.parameters_ == pytest.approx(plain.parameters_, rel=1e-4)
    asked = {"tenure": [0.0, 7.0, 30.0], "channel": ["ads", "shop", "ads"]}
    found = none.discounted_expected_tenure(asked)["discounted_expected_tenure"]
    assert found == pytest.approx(plain.discounted_expected_tenure(asked)["discounted_expected_tenure"], rel=1e-4)


@pytest.mark.parametrize("model", CONTINUOUS)
def test_risk_that_runs_faster_is_time_that_does(model) -> None:
    """A rate multiplied by m is the family with alpha divided by m to the power of 1 / c."""
    fitted = model(covariates=CHANNEL).fit(frame(), unit="month")
    theta = fitted._theta()
    c = theta[2] if "c" in fitted.symbols else 1.0
    own = theta[: len(fitted.symbols)].copy()
    own[1] *= np.exp(-theta[-1] / c)
    ages = np.array([1.0, 7.5, 40.0])
    expected = np.exp(model.family.log_retention(own.tolist(), 0.0, ages))
    assert fitted.survival_new_customer(ages, attributes={"channel": "shop"}) == pytest.approx(expected, rel=1e-12)


def test_twice_the_risk_of_a_renewal_is_two_renewals() -> None:
    twice = kp.Covariates(dropout=["fast"], fixed={"dropout:fast": float(np.log(2.0))})
    data = {**frame(), "fast": (frame()["channel"] == "shop") * 1.0}
    fitted = kp.ShiftedBetaGeometric(covariates=twice).fit(data, unit="month")
    slow = fitted.survival_new_customer([2.0, 10.0, 48.0], attributes={"fast": 0.0})
    fast = fitted.survival_new_customer([1.0, 5.0, 24.0], attributes={"fast": 1.0})
    assert fast == pytest.approx(slow, rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_constant_in_time_is_a_column(model) -> None:
    data = frame(300)
    who = np.where(data["channel"] == "shop", "s", "a")
    days = np.arange("2015-01-05", "2025-01-06", 7, dtype="datetime64[D]").astype(str)
    paths = kp.TimeVarying.from_frame(
        {"day": np.tile(days, 2), "who": np.repeat(["a", "s"], days.size), "shop": np.repeat([0.0, 1.0], days.size)},
        date="day",
        customer="who",
    )
    rng = np.random.default_rng(2)
    data |= {"customer_key": who, "shop": (who == "s") * 1.0}
    data["started_on"] = (np.datetime64("2016-01-31") + rng.integers(0, 60, who.size)).astype(str)
    column = model(prior=None, covariates=kp.Covariates(dropout=["shop"])).fit(data, unit="month")
    in_time = model(prior=None, covariates=kp.Covariates(dropout=["shop"], varying=paths)).fit(data, unit="month")
    assert in_time.log_likelihood_ == pytest.approx(column.log_likelihood_, rel=1e-9)
    assert in_time.parameters_ == pytest.approx(column.parameters_, rel=1e-4)
    in_time.parameters_ = column.parameters_
    rows = {name: values[:6] for name, values in data.items()} | {"ended": np.zeros(6)}
    for ask in (
        lambda one: one.survival(rows, kp.months(9)),
        lambda one: one.expected_residual_tenure(rows, cap=kp.months(30)),
        lambda one: one.discounted_expected_tenure(rows),
        lambda one: one.median_residual_tenure(rows),
    ):
        answers = [list(ask(one).values())[-1] for one in (in_time, column)]
        assert answers[0] == pytest.approx(answers[1], rel=1e-7)
    new = [one.survival_new_customer([1.0, 12.0, 30.0]) for one in (in_time, column)]
    assert new[0] == pytest.approx(new[1], rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_survivors_of_each_channel_are_its_contracts(model) -> None:
    parts = {"ads": [400, 310, 255, 221], "shop": [300, 270, 250, 236]}
    table = {
        "age": np.tile(np.arange(4), 2),
        "survivors": np.concatenate(list(parts.values())),
        "channel": np.repeat(list(parts), 4),
    }
    columns: dict[str, list] = {"tenure": [], "ended": [], "weight": [], "channel": []}
    for channel, counts in parts.items():
        for age, lost in [*zip((1, 2, 3), -np.diff(counts), strict=True), (3, counts[-1])]:
            row = (age, 0 if lost == counts[-1] else 1, float(lost), channel)
            for name, value in zip(columns, row, strict=True):
                columns[name].append(value)
    by_table = model(prior=None, covariates=CHANNEL).fit(table, unit="month")
    if model.family.DISCRETE:
        by_contract = model(prior=None, covariates=CHANNEL).fit(columns, unit="month")
        assert by_table.parameters_ == pytest.approx(by_contract.parameters_, rel=1e-6)
        assert by_table.log_likelihood_ == pytest.approx(by_contract.log_likelihood_, rel=1e-10)
    found = by_table.survival_new_customer([1.0, 2.0, 3.0], attributes={"channel": "shop"})
    assert found == pytest.approx(np.array([270, 250, 236]) / 300, abs=0.02)


def test_a_mixture_of_newcomers_is_the_mean_of_its_kinds() -> None:
    data = frame()
    fitted = kp.BetaDiscreteWeibull(covariates=CHANNEL).fit(data, unit="month")
    share = np.mean(data["channel"] == "shop")
    kinds = [{"channel": "ads"}, {"channel": "shop"}]
    for ask in (
        lambda **who: fitted.survival_new_customer([3.0, 24.0], **who),
        fitted.discounted_expected_tenure_new_customer,
        lambda **who: fitted.expected_tenure_new_customer(kp.years(3), **who),
    ):
        ads, shop = (ask(attributes=kind) for kind in kinds)
        assert ask() == pytest.approx((1 - share) * ads + share * shop, rel=1e-10)
    median = fitted.median_tenure_new_customer()
    before, at = fitted.survival_new_customer([median - 1, median])
    assert at <= 0.5 < before
    curve = fitted.retention_curve(6)
    assert np.cumprod(curve["renewal_probability"]) == pytest.approx(curve["survival"], rel=1e-10)


@pytest.mark.parametrize("model", [kp.ShiftedBetaGeometric, kp.WeibullGamma])
def test_very_many_patterns_are_interpolated_and_a_saved_model_answers_as_before(model, monkeypatch, tmp_path) -> None:
    data = frame(150)
    data["age"] = np.random.default_rng(1).normal(40.0, 10.0, data["tenure"].size)
    covariates = kp.Covariates(dropout=["channel", "age"])
    fitted = model(covariates=covariates).fit(data, unit="month")
    exact = fitted.discounted_expected_tenure(data)["discounted_expected_tenure"]
    again = load_model(fitted.save(tmp_path / "model.json"))
    assert again.discounted_expected_tenure(data)["discounted_expected_tenure"] == pytest.approx(exact, rel=1e-12)
    assert again.survival_new_customer([12.0]) == pytest.approx(fitted.survival_new_customer([12.0]), rel=1e-12)
    monkeypatch.setattr(contract_module, "MOST_EXACT", 10)
    monkeypatch.setattr("keepers.numerics.patterns.MOST_EXACT", 10)
    near = again.discounted_expected_tenure(data)["discounted_expected_tenure"]
    assert near == pytest.approx(exact, rel=1e-4)
    assert not np.array_equal(near, exact)


def test_a_summary_takes_its_own_columns_and_those_that_were_joined() -> None:
    rng = np.random.default_rng(4)
    start = np.datetime64("2023-01-05") + rng.integers(0, 300, 400)
    channel = rng.choice(["ads", "shop"], 400)
    end = start + rng.integers(20, np.where(channel == "ads", 300, 900))
    known = end < np.datetime64("2024-06-30")
    table = {
        "customer_key": [f"c{n}" for n in range(400)],
        "plan": rng.choice(["small", "large"], 400),
        "started_on": start.astype(str),
        "ended_on": np.where(known, end.astype(str), None),
    }
    summary = kp.summarise_subscriptions(table, kp.ObservationWindow(calibration_end="2024-06-30"))
    summary = summary.with_columns({"customer_key": table["customer_key"], "channel": channel})
    both = kp.Covariates(dropout=["plan", "channel"], reference={"plan": "small", "channel": "ads"})
    fitted = kp.ExponentialGamma(covariates=both).fit(summary)
    assert fitted.parameters_["dropout:channel[shop]"] < -0.5
    told = fitted.survival(summary, kp.months(6)).to_numpy()
    rows = {name: told[name] for name in ("tenure", "plan", "channel")} | {"ended": told["ended"] * 1}
    assert told["survival"] == pytest.approx(fitted.survival(rows, kp.months(6))["survival"], rel=1e-12)
    with pytest.raises(InputError, match="has plan itself"):
        summary.with_columns({"customer_key": table["customer_key"], "plan": channel})
    with pytest.raises(InputError, match="lacks country"):
        kp.ExponentialGamma(covariates=kp.Covariates(dropout=["country"])).fit(summary)


def test_what_cannot_be_is_refused() -> None:
    data = frame(200)
    fitted = kp.ShiftedBetaGeometric(covariates=CHANNEL).fit(data, unit="month")
    with pytest.raises(InputError, match="needs channel of each contract"):
        fitted.survival({"tenure": [3.0]}, kp.months(3))
    with pytest.raises(InputError, match="the fit did not see"):
        fitted.survival({"tenure": [3.0], "channel": ["mail"]}, kp.months(3))
    with pytest.raises(ConfigError, match="no purchase process"):
        kp.ShiftedBetaGeometric(covariates=kp.Covariates(purchase=["channel"])).fit(data, unit="month")
    with pytest.raises(ConfigError, match="take 'channel' for a covariate"):
        kp.ShiftedBetaGeometric(covariates=CHANNEL).fit(data, unit="month", by="channel", pooled=True)
    calendar = kp.calendar_covariates("2020-01-01", "2023-01-01")
    timed = kp.Covariates(dropout=["season_sin_1"], varying=calendar)
    model = kp.ExponentialGamma(covariates=timed)
    with pytest.raises(InputError, match="began before 2020-01-01"):
        model.fit({**data, "started_on": ["2019-12-31"] * data["tenure"].size}, unit="month")
    with pytest.raises(ConfigError, match="The calendar ends on"):
        model.fit({**data, "started_on": ["2022-12-01"] * data["tenure"].size}, unit="month")
