"""Covariates of spend: what they do, in every answer of the model, on disk, in the engine, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import SpendCells
from keepers.domain.errors import ConfigError, InputError
from keepers.models.covariates.specification import Covariates
from keepers.numerics.likelihoods import gamma_gamma
from keepers.summaries.frames import summary_from_frame

THETA = (6.0, 4.0, 15.0)
BY_BOTH = Covariates(spend=["channel", "age"], reference={"channel": "ads"})


def shop(customers: int = 900, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    channel = rng.choice(["ads", "shop", "mail"], customers, p=[0.5, 0.3, 0.2])
    age = rng.integers(2, 7, customers) * 10.0
    x = rng.poisson(2.0, customers).astype(float)
    factor = np.exp(0.5 * (channel == "shop") - 0.3 * (channel == "mail") + 0.02 * (age - 40.0))
    money = factor * gamma_gamma.sample_new(THETA, x, rng)
    times = {"recency": np.where(x > 0, 30.0, 0.0), "T": np.full(customers, 40.0)}
    return {"frequency": x, "monetary_value": money, **times, "channel": channel, "age": age}


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    return shop()


@pytest.fixture(scope="module")
def fitted(data) -> kp.GammaGamma:
    return kp.GammaGamma(prior=None, covariates=BY_BOTH).fit(data)


def test_effects_are_found_and_said(fitted):
    names = ["spend:channel[mail]", "spend:channel[shop]", "spend:age"]
    assert [one.name for one in fitted.coefficients_] == names
    assert fitted.parameter_names == ("p", "q", "gamma", *names)
    for one, truth in zip(fitted.coefficients_, (-0.3, 0.5, 0.02), strict=True):
        assert abs(one.value - truth) < 3.5 * one.standard_error
    assert fitted.coefficients_[1].sentence.startswith("Customers with channel = shop spend ")
    assert " more an order than those with channel = ads (80% interval " in fitted.coefficients_[1].sentence


def test_standard_errors_are_those_of_the_curvature(fitted, data):
    """Against the likelihood written out by hand, differentiated by numbers."""
    known = data["frequency"] > 0
    x, m = data["frequency"][known], data["monetary_value"][known]
    z = np.column_stack([data["channel"] == "mail", data["channel"] == "shop", data["age"]])[known].astype(float)
    z[:, 2] -= z[:, 2].mean()

    def value(point: np.ndarray) -> float:
        p, q, gamma = np.exp(point[:3])
        level = np.exp(z @ point[3:])
        return float(np.sum(gamma_gamma.log_likelihood((p, q, gamma), x, m / level) - z @ point[3:]))

    point = np.array([fitted.parameters_[name] for name in fitted.parameter_names])
    point[:3] = np.log(point[:3])
    assert fitted.log_likelihood_ == pytest.approx(value(point), rel=1e-10)
    step = np.array([2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 1e-4])
    size, curvature = point.size, np.empty((point.size, point.size))
    for i in range(size):
        for j in range(size):
            one, other = step[i] * np.eye(size)[i], step[j] * np.eye(size)[j]
            corners = [value(point + a * one + b * other) * a * b for a in (1, -1) for b in (1, -1)]
            curvature[i, j] = -sum(corners) / (4 * step[i] * step[j])
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    found = [fitted.standard_errors_[name] for name in fitted.parameter_names]
    assert np.array(found[3:]) == pytest.approx(errors[3:], rel=1e-3)
    assert np.array(found[:3]) / np.exp(point[:3]) == pytest.approx(errors[:3], rel=1e-3)


def test_answers_are_those_of_a_scaled_customer(fitted):
    one = {"frequency": [3.0], "monetary_value": [30.0], "channel": ["shop"], "age": [50.0]}
    level = np.exp(
        fitted.parameters_["spend:channel[shop]"]
        + fitted.parameters_["spend:age"] * (50.0 - fitted.coding_.codes[1].centre)
    )
    theta = [fitted.parameters_[name] for name in ("p", "q", "gamma")]
    plain = gamma_gamma.spend_predictive(theta, np.array([3.0]), np.array([30.0 / level]))
    found = fitted.spend_predictive(one)
    assert fitted.expected_spend(one)["expected_spend"][0] == pytest.approx(level * plain.mean[0], rel=1e-12)
    assert found.variance[0] == pytest.approx(level**2 * plain.variance[0], rel=1e-12)
    median = fitted.spend_quantile(one, 0.5, 2.0)["spend_quantile"][0]
    assert fitted.probability_spend_above(one, median, 2.0)["probability_spend_above"][0] == pytest.approx(0.5)
    assert fitted.probability_spend_above(one, 0.0)["probability_spend_above"][0] == 1.0
    many = {name: np.repeat(column, 40_000) for name, column in one.items()}
    drawn = fitted.sample_spend(many, 2.0, np.random.default_rng(5))["spend"]
    assert np.mean(drawn > median) == pytest.approx(0.5, abs=0.01)
    asked = fitted.interval(one)
    assert asked["expected_spend_low"][0] < asked["expected_spend"][0] < asked["expected_spend_high"][0]


def test_a_new_customer_has_attributes(fitted):
    ads, both = ({"channel": c, "age": a} for c, a in (("ads", 40.0), (["ads", "shop"], [40.0, 40.0])))
    shop = fitted.expected_spend_new_customer({"channel": "shop", "age": 40.0})
    assert shop / fitted.expected_spend_new_customer(ads) == pytest.approx(np.exp(fitted.coefficients_[1].value))
    assert fitted.expected_spend_new_customer(both) == pytest.approx(
        (shop + fitted.expected_spend_new_customer(ads)) / 2
    )
    assert fitted.expected_spend_new_customer() == fitted.mean_spend_
    unknown = {"frequency": [0.0], "monetary_value": [np.nan], "channel": ["shop"], "age": [40.0]}
    assert fitted.expected_spend(unknown)["expected_spend"][0] == pytest.approx(shop)


def test_it_is_kept(fitted, data, tmp_path):
    again = kp.load_model(fitted.save(tmp_path / "spend.json"))
    assert again.parameters_ == fitted.parameters_
    assert again.expected_spend(data)["expected_spend"] == pytest.approx(fitted.expected_spend(data)["expected_spend"])
    assert again.mean_spend_ == pytest.approx(fitted.mean_spend_)
    assert again.coefficients_[0].sentence == fitted.coefficients_[0].sentence


def test_the_engine_and_frames_agree(fitted, data):
    summary = summary_from_frame(data, "week", attributes=("channel", "age"))
    again = kp.GammaGamma(prior=None, covariates=BY_BOTH).fit(summary)
    assert again.parameters_ == pytest.approx(fitted.parameters_, rel=1e-7)
    by_row = fitted.expected_spend(data)["expected_spend"]
    table = fitted.expected_spend(summary)
    found = table.engine.columns(f"SELECT expected_spend FROM {table.name} ORDER BY row_number")["expected_spend"]
    assert found == pytest.approx(by_row, rel=1e-12)
    sql = f"SELECT {fitted.expected_spend_sql()} AS spend FROM {summary.name} ORDER BY row_number"
    assert summary.engine.columns(sql)["spend"] == pytest.approx(by_row, rel=1e-12)
    # Attributes that the model does not know of change nothing.
    more = summary.with_columns({"customer_key": [str(n + 1) for n in range(900)], "luck": np.arange(900) % 7})
    assert kp.GammaGamma(prior=None, covariates=BY_BOTH).fit(more).parameters_ == pytest.approx(
        fitted.parameters_, rel=1e-7
    )


def test_bins_keep_kinds_of_customers_apart():
    summary = summary_from_frame(shop(4000), "week", attributes=("channel",))
    exact = summary.spend_cells(attributes=("channel",))
    bins = summary.spend_cells(max_rows=100, attributes=("channel",))
    assert bins.size < exact.size
    assert bins.customers == exact.customers
    model, binned = (
        kp.GammaGamma(prior=None, covariates=Covariates(spend=["channel"])).fit(one) for one in (exact, bins)
    )
    for name, value in model.parameters_.items():
        assert abs(binned.parameters_[name] - value) < 0.01 * model.standard_errors_[name]
    assert 0 < binned.grid_error_ < 0.01
    assert binned.coefficients_[0].value == pytest.approx(model.coefficients_[0].value, abs=1e-4)


def test_equal_known_and_shrunk_coefficients(data):
    names = ["spend:channel[mail]", "spend:channel[shop]"]
    tied = kp.GammaGamma(prior=None, covariates=Covariates(spend=["channel"], equal=[names])).fit(data)
    assert tied.parameter_names[3:] == ("=".join(names),)
    two = np.where(data["channel"] == "ads", "ads", "other")
    by_hand = kp.GammaGamma(prior=None, covariates=Covariates(spend=["two"])).fit({**data, "two": two})
    assert tied.log_likelihood_ == pytest.approx(by_hand.log_likelihood_, rel=1e-9)
    assert "channel = mail or channel = shop spend" in tied.coefficients_[0].sentence
    known = Covariates(spend=["channel"], fixed={names[0]: -0.3})
    given = kp.GammaGamma(prior=None, covariates=known).fit(data)
    assert given.coefficients_[0].value == -0.3
    assert given.parameter_names[3:] == (names[1],)
    shrunk = kp.GammaGamma(prior=None, covariates=Covariates(spend=["channel"], prior=0.05)).fit(data)
    free = kp.GammaGamma(prior=None, covariates=Covariates(spend=["channel"])).fit(data)
    assert all(
        abs(one.value) < abs(other.value) for one, other in zip(shrunk.coefficients_, free.coefficients_, strict=True)
    )


def test_the_likelihood_ratio_test_asks_for_what_matters(data, fitted):
    plain = kp.GammaGamma(prior=None).fit(data)
    noise = {**data, "noise": np.random.default_rng(8).normal(size=900)}
    idle = kp.GammaGamma(prior=None, covariates=Covariates(spend=["noise"])).fit(noise)
    assert kp.likelihood_ratio_test(plain, fitted).p_value < 1e-6
    assert kp.likelihood_ratio_test(plain, fitted).degrees_of_freedom == 3
    assert kp.likelihood_ratio_test(plain, idle).p_value > 0.01


@pytest.mark.parametrize("kind", ["customers", "parametric"])
def test_the_bootstrap_counts_coefficients_as_the_fit_does(fitted, kind):
    scattered = fitted.bootstrap(40, kind=kind)
    errors = [fitted.standard_errors_[name] for name in fitted.parameter_names[3:]]
    assert np.sqrt(np.diag(scattered.covariance))[3:] == pytest.approx(np.array(errors), rel=0.6)
    assert np.all(np.abs(scattered.mean[3:] - fitted.posterior_.mean[3:]) < np.array(errors))


def test_frequency_and_spend_are_compared_among_customers_who_are_alike():
    """A channel of frequent buyers who spend much makes both go together; knowing it takes that away."""
    rng = np.random.default_rng(4)
    vip = rng.random(2000) < 0.5
    x = rng.poisson(np.where(vip, 6.0, 1.0)).astype(float)
    money = gamma_gamma.sample_new(THETA, x, rng) * np.where(vip, 3.0, 1.0)
    data = {"frequency": x, "monetary_value": money, "vip": vip.astype(float)}
    assert not kp.GammaGamma().fit(data).independence_.holds
    assert abs(kp.GammaGamma(covariates=Covariates(spend=["vip"])).fit(data).independence_.rank_correlation) < 0.1


def test_few_customers_and_levels_without_an_order():
    few = shop(60, seed=9)
    model = kp.GammaGamma(covariates=Covariates(spend=["channel"])).fit(few)
    assert model.outcome_.usable
    assert model.posterior_.prior_share > 0
    silent = {"frequency": [2.0, 1.0, 3.0, 0.0], "monetary_value": [20.0, 30.0, 25.0, np.nan]}
    silent["channel"] = ["ads", "shop", "ads", "tv"]
    seen = kp.GammaGamma(covariates=Covariates(spend=["channel"])).fit(silent)
    with pytest.raises(InputError, match="a level that the fit did not see: tv"):
        seen.expected_spend(silent)
    lenient = kp.GammaGamma(covariates=Covariates(spend=["channel"], unseen="reference")).fit(silent)
    with pytest.warns(UserWarning, match="taken for the reference"):
        found = lenient.expected_spend(silent)["expected_spend"]
    assert found[3] == pytest.approx(lenient.expected_spend_new_customer({"channel": "ads"}))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kp.GammaGamma(covariates=["channel"]), r'Covariates\(spend=\["channel"\]\)'),
        (lambda: kp.PooledModel(kp.GammaGamma(), by="channel"), r'Covariates\(spend=\["channel"\], prior=0.3\)'),
        (lambda: Covariates(spend="channel"), r'spend=\["channel"\]'),
        (lambda: Covariates(spend=["a"], equal=[["spend:a"]]), "fewer than two"),
        (lambda: Covariates(spend=["a"], equal=["spend:a"]), "groups of coefficients"),
        (lambda: Covariates(spend=["a", "b"], equal=[["spend:a", "spend:b"], ["spend:b", "spend:a"]]), "twice"),
        (lambda: Covariates(spend=["a", "b"], equal=[["spend:a", "spend:b"]], fixed={"spend:a": 0.0}), "`fixed` gives"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


def test_processes_that_a_model_does_not_have(data):
    with pytest.raises(ConfigError, match="no purchase process"):
        kp.GammaGamma(covariates=Covariates(purchase=["channel"])).fit(data)
    with pytest.raises(ConfigError, match=r"no spend process .* GammaGamma"):
        kp.NBD(covariates=Covariates(spend=["channel"])).fit(data, unit="week")
    with pytest.raises(ConfigError, match="`equal` names spend:b, which is no coefficient"):
        kp.GammaGamma(covariates=Covariates(spend=["age"], equal=[["spend:age", "spend:b"]])).fit(data)
    with pytest.raises(InputError, match="lack channel"):
        kp.GammaGamma(covariates=Covariates(spend=["channel"])).fit({"frequency": [1.0], "monetary_value": [2.0]})
    with pytest.raises(InputError, match="carry no attributes"):
        kp.GammaGamma(covariates=BY_BOTH).fit(SpendCells(np.ones(2), np.array([2.0, 3.0]), np.ones(2)))
    with pytest.raises(ConfigError, match="`fixed` names payday, which vary in time"):
        Covariates(
            spend=["payday"],
            fixed={"spend:payday": 0.0},
            varying=kp.calendar_covariates("2023-01-02", "2024-01-01", paydays=True),
        )
