"""Groups that learn from each other: shrinkage, answers by group, groups not seen, and errors."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.numerics.likelihoods import mbg_nbd

SIZES = {"de": 4000, "fr": 400, "it": 60, "lu": 20}


def shop(sizes=SIZES, seed=5, spread=0.5):
    """Customers of countries whose parameters differ."""
    rng = np.random.default_rng(seed)
    parts, truth = [], {}
    for label, size in sizes.items():
        theta = np.array([0.7, 8.0, 0.8, 2.4]) * np.exp(rng.normal(0, spread, 4) * [0.4, 1.0, 0.4, 0.4])
        truth[label] = theta
        T = rng.integers(20, 70, size).astype(float)
        x, t_x = mbg_nbd.sample_new(theta, T, rng)
        parts.append((x, t_x, T, np.full(size, label, dtype=object)))
    x, t_x, T, country = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return {"frequency": x, "recency": t_x, "T": T, "country": country}, truth


@pytest.fixture(scope="module")
def fitted():
    data, _ = shop()
    return kp.PooledModel(kp.MBGNBD(), by="country").fit(data, "week"), data


def test_small_groups_lean_on_the_whole(fitted):
    model, _ = fitted
    assert model.outcome_.usable
    by_label = {group.label: group for group in model.groups_}
    assert by_label["de"].shrinkage < by_label["fr"].shrinkage < by_label["lu"].shrinkage
    assert by_label["de"].shrinkage < 0.2
    assert by_label["lu"].shrinkage > 0.5
    assert "country = lu: 20 customers" in by_label["lu"].sentence
    assert all(0 < tau < 2 for tau in model.tau_.values())


def test_a_large_group_is_as_fitted_by_itself(fitted):
    model, data = fitted
    own = {name: column[data["country"] == "de"] for name, column in data.items()}
    alone = kp.MBGNBD(prior=None).fit(own, "week")
    found = {group.label: group for group in model.groups_}["de"].parameters
    for symbol, value in alone.parameters_.items():
        assert np.log(found[symbol]) == pytest.approx(np.log(value), abs=0.15)


def test_answers_are_those_of_the_group(fitted, tmp_path):
    model, _ = fitted
    twin = {"frequency": [2, 2], "recency": [20, 20], "T": [30, 30], "country": ["de", "xx"]}
    values = model.expected_purchases(twin, kp.weeks(30))["expected_purchases"]
    groups = {group.label: group.parameters for group in model.groups_}
    of_de = mbg_nbd.expected_purchases(tuple(groups["de"].values()), 2.0, 20.0, 30.0, 30.0)
    of_other = mbg_nbd.expected_purchases(tuple(model.centre_.values()), 2.0, 20.0, 30.0, 30.0)
    assert values[0] == pytest.approx(of_de[0])
    assert values[1] == pytest.approx(of_other[0])
    seen = model.expected_purchases_new_customer(kp.weeks(52), attributes={"country": "de"})
    assert seen == pytest.approx(float(mbg_nbd.expected_purchases_new(tuple(groups["de"].values()), 52.0)))
    assert model.expected_purchases_new_customer(kp.weeks(52)) > 0
    drawn = model.sample(kp.weeks(40), np.random.default_rng(2), customers=30)
    assert model.sample_future(drawn, kp.weeks(4), np.random.default_rng(3)).shape == (30,)
    found = model.predict_cells(drawn, kp.weeks(26))
    assert np.all(found.expected_purchases_se > 0)
    again = kp.load_model(model.save(tmp_path / "pooled.json"))
    np.testing.assert_allclose(again.expected_purchases(twin, kp.weeks(30))["expected_purchases"], values)
    assert again.groups_ == model.groups_
    assert again.tau_ == model.tau_


def test_a_group_not_seen_is_less_sure(fitted):
    model, _ = fitted
    twins = {"frequency": [2, 2], "recency": [20, 20], "T": [30, 30], "country": ["de", "xx"]}
    from keepers.models.frames import histories

    cells = histories(twins, model.unit_, attributes=("country",)).cells
    found = model.predict_cells(cells, kp.weeks(26))
    assert found.expected_purchases_se[1] > 2 * found.expected_purchases_se[0]


def test_equal_groups_are_told_as_such():
    data, _ = shop(dict.fromkeys("abcdefgh", 600), spread=0.0, seed=9)
    model = kp.PooledModel(kp.MBGNBD(), by="country").fit(data, "week")
    assert all(tau < 0.25 for tau in model.tau_.values())


def test_values_and_summaries():
    rng = np.random.default_rng(3)
    who = rng.zipf(1.7, 3000) % 300
    when = np.datetime64("2023-01-01") + rng.integers(0, 500, 3000)
    orders = kp.Orders.from_frame(
        {"who": who, "when": when, "paid": rng.gamma(5, 8, 3000)}, customer="who", date="when", amount="paid"
    )
    table = {"id": [str(one) for one in range(300)], "country": [f"c{one % 3}" for one in range(300)]}
    summary = kp.summarise(orders, covariates=table)
    buying = kp.PooledModel(kp.MBGNBD(), by="country").fit(summary)
    values = kp.lifetime_value(buying, kp.GammaGamma().fit(summary), summary)
    assert np.isfinite(values.to_numpy()["expected_orders"]).all()
    from keepers.valuation.new_customers import new_customer_value

    assert new_customer_value(values, kp.months(12), draws=6).repeat_orders.low > 0


def test_what_cannot_be_pooled(fitted):
    with pytest.raises(ConfigError, match="without covariates"):
        kp.PooledModel(kp.MBGNBD(covariates=kp.Covariates(purchase=["age"])), by="country")
    data, _ = shop({"a": 30})
    with pytest.raises(InputError, match="lack land"):
        kp.PooledModel(kp.MBGNBD(), by="land").fit(data, "week")
    with pytest.raises(FitError, match="Laplace"):
        fitted[0].bootstrap(20)
    one = kp.PooledModel(kp.MBGNBD(), by="country").fit(data, "week")
    assert one.outcome_.usable
