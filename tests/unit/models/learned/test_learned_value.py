"""LearnedValue: the heads, what is learned out of fold, contributions in money, and its place on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError, MissingExtraError, NotFittedError
from keepers.models.learned.cross_fit import folds_of
from keepers.models.learned.design import design_of
from keepers.models.learned.prior import RatioPrior, learned_share

NAMES = ["engaged", "spends", "revenue", "noise", "channel"]


def customers(n: int, seed: int) -> tuple[dict[str, Any], np.ndarray]:
    rng = np.random.default_rng(seed)
    engaged, spends, noise = rng.normal(size=(3, n))
    channel = rng.integers(0, 3, n)
    chance = 1 / (1 + np.exp(-(engaged + 0.8 * (channel == 2) - 0.5)))
    level = 3.0 + 0.5 * spends

    def bought() -> np.ndarray:
        return np.where(rng.random(n) < chance, np.exp(level + 0.7 * rng.normal(size=n)), 0.0)

    engaged[rng.random(n) < 0.1] = np.nan
    columns = [engaged, spends, bought(), noise, np.array(["ads", "friends", "search"])[channel]]
    return dict(zip(NAMES, columns, strict=True)), bought()


@pytest.fixture(scope="module")
def fitted() -> kp.LearnedValue:
    return kp.LearnedValue("hurdle", rounds=40).fit(*customers(1200, 1))


@pytest.mark.parametrize("head", ["hurdle", "tweedie", "ziln"])
def test_each_head_is_right_in_total_and_sums_its_contributions(head: Any) -> None:
    X, money = customers(1200, 1)
    model = kp.LearnedValue(head, rounds=40).fit(X, money)
    fresh, brought = customers(3000, 2)
    predicted = model.predict(fresh)
    assert predicted.sum() == pytest.approx(brought.sum(), rel=0.12)
    assert model.probability_of_purchase(fresh).mean() == pytest.approx(np.mean(brought > 0), abs=0.05)
    ranks = np.corrcoef(np.argsort(np.argsort(predicted)), np.argsort(np.argsort(brought)))[0, 1]
    assert ranks > 0.2
    few = {name: column[:150] for name, column in fresh.items()}
    np.testing.assert_allclose(model.contributions(few).sum(axis=1), predicted[:150] - model.mean_, atol=1e-8)
    assert model.predict(X).mean() == pytest.approx(model.mean_, rel=0.15)
    held = model.interval_coverage(fresh, brought, 0.8)
    assert held["plain"] > 0.77
    assert held["randomised"] == pytest.approx(0.8, abs=0.05)


def test_the_same_seed_gives_the_same_model_and_a_file_gives_it_back(fitted: kp.LearnedValue, tmp_path: Path) -> None:
    X, money = customers(1200, 1)
    again = kp.LearnedValue("hurdle", rounds=40).fit(X, money)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    read: Any = kp.load_model(fitted.save(tmp_path / "learned.json"))
    for level in (0.5, 0.9):
        np.testing.assert_allclose(read.predict_interval(X, level), fitted.predict_interval(X, level), rtol=1e-9)
    np.testing.assert_allclose(read.contributions(X), fitted.contributions(X), atol=1e-9)
    assert read.feature_importance() == fitted.feature_importance()
    assert repr(read) == repr(fitted)


def test_importance_names_what_predicts(fitted: kp.LearnedValue) -> None:
    found = fitted.feature_importance()
    order = [one.feature for one in found.weights]
    assert order.index("noise") == len(order) - 1
    assert set(order[:2]) <= {"engaged", "spends", "revenue", "channel"}
    assert found.stability > 0.5
    assert all(one.low <= one.high and one.rank_low <= one.rank_high for one in found.weights)
    assert sum(one.share for one in found.weights) == pytest.approx(1.0)
    assert "What predicts is not what causes" in found.sentence


def test_columns_may_stand_in_any_order_and_new_kinds_are_unknown(fitted: kp.LearnedValue) -> None:
    X, _ = customers(60, 5)
    turned = {name: X[name] for name in reversed(NAMES)} | {"more": np.ones(60)}
    np.testing.assert_array_equal(fitted.predict(turned), fitted.predict(X))
    only = {**X, "channel": np.array(["search"] * 59 + ["fairs"])}
    design = design_of(only, fitted._design)
    assert design.X[0, NAMES.index("channel")] == 2.0
    assert np.isnan(design.X[-1, NAMES.index("channel")])
    with pytest.raises(InputError, match="engaged"):
        fitted.predict({name: X[name] for name in NAMES[1:]})


def test_few_customers_stay_near_the_plain_rule() -> None:
    rng = np.random.default_rng(0)
    X = {"revenue": rng.gamma(1.0, 50.0, 60), "noise": rng.normal(size=60)}
    money = np.where(rng.random(60) < 0.6, 0.5 * X["revenue"] * rng.lognormal(0, 1, 60), 0.0)
    model = kp.LearnedValue("hurdle").fit(X, money)
    assert model.prior_share_ > 0.5
    assert f"{model.prior_share_:.0%} from the plain rule" in model.sentence
    assert model.predict(X).sum() == pytest.approx(money.sum(), rel=0.25)


def test_noise_is_left_to_the_plain_rule() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(600, 6))
    money = np.where(rng.random(600) < 0.5, rng.lognormal(3, 1, 600), 0.0)
    predicted = kp.LearnedValue("hurdle").fit(X, money).predict(X)
    assert predicted.std() < 0.1 * predicted.mean()


def test_the_share_of_the_rule_follows_the_evidence() -> None:
    rng = np.random.default_rng(6)
    truth = rng.gamma(1.0, 10.0, 3000)
    outcome = truth * rng.lognormal(-0.5, 1.0, 3000)
    flat = np.full(3000, truth.mean())
    assert learned_share(truth, flat, outcome) > 0.8
    assert learned_share(rng.permutation(truth), flat, outcome) < 0.1
    prior = RatioPrior.fit(truth[:, None], 0.3 * truth, 0)
    assert prior.ratio == pytest.approx(0.3)
    assert prior(truth[:, None]).sum() == pytest.approx(0.3 * truth.sum())


def test_folds_keep_customers_together_and_are_alike() -> None:
    money = np.random.default_rng(0).lognormal(0, 2, 500)
    fold = folds_of(500, 5, 0, money, None)
    assert np.bincount(fold).tolist() == [100] * 5
    # The five largest stand in five folds.
    assert sorted(fold[np.argsort(money)[-5:]]) == [0, 1, 2, 3, 4]
    who = np.repeat(np.arange(250), 2)
    paired = folds_of(500, 5, 0, money, who)
    assert (paired[::2] == paired[1::2]).all()


def test_what_cannot_be_learned_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    X, money = customers(60, 1)
    with pytest.raises(InputError, match="60 customers, of whom 3"):
        kp.LearnedValue().fit(X, np.where(np.arange(60) < 3, 1.0, 0.0))
    with pytest.raises(InputError, match="same order"):
        kp.LearnedValue().fit(X, money[1:])
    with pytest.raises(InputError, match="no feature `spent`"):
        kp.LearnedValue().fit(X, money, past="spent")
    with pytest.raises(InputError, match="infinite"):
        kp.LearnedValue().fit({"a": np.full(60, np.inf)}, money)
    with pytest.raises(ConfigError, match="hurdle"):
        kp.LearnedValue("forest")  # type: ignore[arg-type]
    with pytest.raises(NotFittedError):
        kp.LearnedValue().predict(X)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"keepers\[learn\]"):
        kp.LearnedValue().fit(X, money)
