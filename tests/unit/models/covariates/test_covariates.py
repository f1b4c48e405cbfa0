"""Models with covariates: what is asked for, learned, answered, refused and said."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.outcome import FitOutcome
from keepers.models.buying import BuyingModel

MODELS = [kp.NBD, kp.BGNBD, kp.MBGNBD, kp.ParetoNBD]


def shop(customers=400, seed=3):
    """Customers of two channels of whom those of ads buy half as often; an age that does not matter."""
    rng = np.random.default_rng(seed)
    channel = rng.choice(["shop", "ads"], customers, p=[0.6, 0.4])
    T = rng.integers(20, 60, customers).astype(float)
    rate = rng.gamma(0.9, 1 / 8.0, customers) * np.where(channel == "ads", 0.5, 1.0)
    stays = np.minimum(rng.exponential(1 / rng.gamma(1.2, 1 / 30.0, customers)), T)
    x = rng.poisson(rate * stays).astype(float)
    t_x = np.where(x > 0, np.ceil(stays * rng.beta(np.maximum(x, 1), 1)), 0.0)
    return {
        "frequency": x,
        "recency": np.minimum(t_x, T),
        "T": T,
        "channel": channel,
        "age": rng.integers(2, 7, customers) * 10.0,
    }


@pytest.fixture(scope="module")
def data():
    return shop()


@pytest.mark.parametrize("model", MODELS)
def test_every_question_is_answered(model: type[BuyingModel], data, tmp_path):
    dropout = [] if model is kp.NBD else ["channel"]
    fitted = model(covariates=kp.Covariates(purchase=["channel", "age"], dropout=dropout)).fit(data, unit="week")
    assert fitted.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    effect = {one.name: one for one in fitted.coefficients_}["purchase:channel[ads]"]
    assert effect.value == pytest.approx(np.log(0.5), abs=4 * effect.standard_error)
    assert effect.low < effect.value < effect.high
    assert "buy" in effect.sentence
    assert "less often than those with channel = shop" in effect.sentence
    rng = np.random.default_rng(1)
    answers = [
        fitted.probability_alive(data), fitted.probability_alive(data, kp.weeks(5)),
        fitted.expected_purchases(data, kp.weeks(10)), fitted.purchase_distribution(data, kp.weeks(10), 3),
        fitted.discounted_expected_purchases(data), fitted.expected_lifetime(data, kp.weeks(90)),
        fitted.median_lifetime(data), fitted.expected_next_purchase(data), fitted.sample_future(data, kp.weeks(9), rng),
    ]  # fmt: skip
    for answer in answers:
        added = [name for name in answer if name not in data]
        assert added
        assert all(len(answer[name]) == 400 and not np.isnan(answer[name]).any() for name in added)
    # A customer of the same history who came by ads expects fewer purchases, and only the channel makes the difference.
    twin = {"frequency": [2, 2], "recency": [20, 20], "T": [30, 30], "channel": ["shop", "ads"], "age": [40, 40]}
    if model is not kp.BGNBD:
        both = fitted.expected_purchases(twin, kp.weeks(30))["expected_purchases"]
        assert both[0] != both[1]
    by_ads, by_shop = (
        fitted.expected_purchases_new_customer(kp.weeks(52), attributes={"channel": one, "age": 40.0})
        for one in ("ads", "shop")
    )
    assert by_ads < by_shop
    assert by_ads < fitted.expected_purchases_new_customer(kp.weeks(52)) < by_shop
    assert fitted.purchase_distribution_new_customer(kp.weeks(9), 30).sum() == pytest.approx(1.0, abs=1e-3)
    assert fitted.discounted_expected_purchases_new_customer(attributes={"channel": "ads", "age": 40.0}) > 0
    drawn = fitted.sample(kp.weeks(40), rng, customers=50)
    assert fitted.expected_purchases(drawn, kp.weeks(5)).shape == (50,)
    state = fitted.state(dt.date(2024, 1, 1)).update(dt.date(2024, 3, 1))
    score = fitted.score(state, dt.date(2024, 5, 1), attributes={"channel": "ads", "age": 35.0})
    assert 0 < score.probability_alive[0] <= 1
    with pytest.raises(InputError, match="attributes"):
        fitted.score(state, dt.date(2024, 5, 1))
    again = kp.load_model(fitted.save(tmp_path / "model.json"))
    assert isinstance(again, model)
    np.testing.assert_allclose(
        again.expected_purchases(data, kp.weeks(10))["expected_purchases"], answers[2]["expected_purchases"]
    )
    assert again.coefficients_ == fitted.coefficients_
    assert again.expected_purchases_new_customer(kp.weeks(52)) == pytest.approx(
        fitted.expected_purchases_new_customer(kp.weeks(52))
    )
    draws = fitted.posterior_.draws(200, rng)
    place = fitted.parameter_names.index("purchase:channel[ads]")
    assert draws[:, place].mean() == pytest.approx(effect.value, abs=effect.standard_error)
    assert (draws[:, place] < 0).any()


def test_predictions_know_their_uncertainty(data):
    """The delta method's gradient is that of the predictions in parameters and coefficients."""
    model = kp.ParetoNBD(covariates=kp.Covariates(purchase=["channel"], dropout=["channel"])).fit(data, unit="week")
    cells = model.sample(kp.weeks(30), np.random.default_rng(5), customers=20)
    theta = model._theta()
    found = model.answer("expected_purchases_gradient", theta, cells, 26.0)
    for place in range(theta.size):
        moved = [theta.copy(), theta.copy()]
        for sign, one in zip((1, -1), moved, strict=True):
            one[place] = one[place] * np.exp(sign * 1e-5) if place < 4 else one[place] + sign * 1e-5
        up, down = (model.answer("expected_purchases", one, cells, 26.0) for one in moved)
        np.testing.assert_allclose(found[:, place], (up - down) / 2e-5, rtol=1e-5, atol=1e-8)
    assert np.all(model.predict_cells(cells, kp.weeks(26)).expected_purchases_se > 0)


def test_equal_and_known_coefficients(data):
    free = kp.ParetoNBD(prior=None, covariates=kp.Covariates(purchase=["channel"], dropout=["channel"])).fit(
        data, "week"
    )
    tied = kp.ParetoNBD(
        prior=None, covariates=kp.Covariates(purchase=["channel"], dropout=["channel"], same=["channel"])
    ).fit(data, "week")
    assert tied.parameter_names[4:] == ("both:channel[ads]",)
    assert tied.log_likelihood_ < free.log_likelihood_
    test = kp.likelihood_ratio_test(tied, free)
    assert test.degrees_of_freedom == 1
    assert test.statistic == pytest.approx(2 * (free.log_likelihood_ - tied.log_likelihood_))
    value = free.parameters_["dropout:channel[ads]"]
    given = kp.Covariates(purchase=["channel"], dropout=["channel"], fixed={"dropout:channel[ads]": value})
    known = kp.ParetoNBD(prior=None, covariates=given).fit(data, "week")
    assert known.log_likelihood_ == pytest.approx(free.log_likelihood_, abs=1e-6)
    assert "given" in known.coefficients_[-1].sentence
    with pytest.raises(ConfigError, match="no coefficient"):
        kp.ParetoNBD(covariates=kp.Covariates(purchase=["channel"], fixed={"purchase:canal": 1.0})).fit(data, "week")


def test_a_prior_shrinks(data):
    sizes = [
        abs(
            kp.NBD(covariates=kp.Covariates(purchase=["channel"], prior=prior)).fit(data, "week").coefficients_[0].value
        )
        for prior in (None, 0.3, 0.03)
    ]
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_numbers_do_not_depend_on_their_scale(data):
    plain = kp.BGNBD(prior=None, covariates=kp.Covariates(purchase=["age"])).fit(data, "week")
    other = {**data, "age": data["age"] * 1e6 - 5e7}
    scaled = kp.BGNBD(prior=None, covariates=kp.Covariates(purchase=["age"])).fit(other, "week")
    assert scaled.parameters_["purchase:age"] * 1e6 == pytest.approx(plain.parameters_["purchase:age"], rel=1e-6)
    assert scaled.parameters_["alpha"] == pytest.approx(plain.parameters_["alpha"], rel=1e-6)
    assert scaled.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-7)


def test_levels_that_were_not_seen(data):
    new = {"frequency": [2], "recency": [20], "T": [30], "channel": ["radio"]}
    strict = kp.NBD(covariates=kp.Covariates(purchase=["channel"])).fit(data, "week")
    with pytest.raises(InputError, match=r"radio.*seen: shop, ads"):
        strict.expected_purchases(new, kp.weeks(4))
    lenient = kp.NBD(covariates=kp.Covariates(purchase=["channel"], unseen="reference")).fit(data, "week")
    with pytest.warns(UserWarning, match="radio"):
        value = lenient.expected_purchases(new, kp.weeks(4))["expected_purchases"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value == lenient.expected_purchases({**new, "channel": ["shop"]}, kp.weeks(4))["expected_purchases"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"channel": None}, InputError, "lack channel"),
        ({"channel": ["ads", None] * 200}, InputError, r"missing in 200 rows \(first: row 2\)"),
        ({"age": np.where(np.arange(400) == 4, np.nan, 1.0)}, InputError, r"missing in 1 row \(first: row 5\)"),
        ({"channel": ["ads"] * 400}, InputError, "for every customer"),
        ({"age": np.full(400, 3.0)}, InputError, "is 3 for every customer"),
        ({"age": np.where(np.arange(400) == 4, np.inf, 1.0)}, InputError, "infinite"),
    ],
)
def test_columns_that_cannot_be_used(data, change, error, words):
    changed = {name: column for name, column in {**data, **change}.items() if column is not None}
    with pytest.raises(error, match=words):
        kp.NBD(covariates=kp.Covariates(purchase=["channel", "age"])).fit(changed, "week")


def test_a_model_without_dropout_says_so(data):
    with pytest.raises(ConfigError, match="no dropout process"):
        kp.NBD(covariates=kp.Covariates(dropout=["channel"])).fit(data, "week")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "name no column"),
        ({"purchase": "channel"}, "one word"),
        ({"purchase": ["a", "a"]}, "twice"),
        ({"purchase": ["a"], "same": ["a"]}, "must stand in both"),
        ({"purchase": ["a"], "prior": 0.0}, "prior"),
        ({"purchase": ["a"], "unseen": "drop"}, "unseen"),
        ({"purchase": ["a"], "fixed": {"purchase:a": float("nan")}}, "no numbers"),
    ],
)
def test_covariates_that_make_no_sense(arguments, words):
    with pytest.raises(ConfigError, match=words):
        kp.Covariates(**arguments)


def test_tests_between_models_that_are_not_nested(data):
    plain, larger = kp.NBD(prior=None).fit(data, "week"), kp.BGNBD(prior=None).fit(data, "week")
    with pytest.raises(ConfigError, match="different models"):
        kp.likelihood_ratio_test(plain, larger)
    with pytest.raises(ConfigError, match="must contain"):
        kp.likelihood_ratio_test(plain, plain)
    some = kp.NBD(covariates=kp.Covariates(purchase=["channel"])).fit(shop(300), "week")
    with pytest.raises(ConfigError, match="400 and 300"):
        kp.likelihood_ratio_test(plain, some)


def test_few_customers_and_separable_levels_get_an_answer():
    few = {
        "frequency": [0, 1, 4, 2, 0, 0], "recency": [0, 5, 30, 20, 0, 0], "T": [39, 39, 38, 30, 20, 39],
        "channel": ["ads", "shop", "shop", "shop", "ads", "ads"],
    }  # fmt: skip
    for model in MODELS:
        for prior in ("auto", None):
            fitted = model(prior=prior, covariates=kp.Covariates(purchase=["channel"])).fit(few, "week")
            assert fitted.outcome_ is not FitOutcome.CONVERGED
            if fitted.outcome_.usable:
                assert np.isfinite(fitted.expected_purchases(few, kp.weeks(9))["expected_purchases"]).all()


def test_thousands_of_patterns():
    rng = np.random.default_rng(8)
    many = shop(3000, seed=9)
    model = kp.MBGNBD(covariates=kp.Covariates(purchase=["age"], dropout=["age"])).fit(many, "week")
    assert model.outcome_ is FitOutcome.CONVERGED
    cells = model.sample(kp.weeks(30), rng, customers=1500, attributes={"age": rng.normal(40, 12, 1500)})
    assert cells.attributes is not None
    near = model.expected_purchases(cells, kp.weeks(20))
    some = cells.take(np.arange(40))
    np.testing.assert_allclose(near[:40], model.expected_purchases(some, kp.weeks(20)), rtol=3e-4)
