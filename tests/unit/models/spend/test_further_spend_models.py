"""Spend that drifts, that may be negative, that goes with the rate: what they take, say and keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contributions import contribution_summary, mixed
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.domain.outcome import FitOutcome
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.catalogue import load_model
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.signed_spend import SignedSpend
from keepers.summaries.spend_history import order_rows
from keepers.summaries.summary import Summary, summarise
from shop import shop_orders


@pytest.fixture(scope="module")
def shop() -> Summary:
    return summarise(shop_orders(800, seed=3))


@pytest.fixture(scope="module")
def sides() -> Summary:
    return contribution_summary(600, mixed, seed=4)


def fitted(kind: str, summary: Summary) -> Any:
    if kind == "signed":
        return SignedSpend().fit(summary)
    if kind == "drifting":
        return DriftingGammaGamma("both").fit(summary)
    return CorrelatedSpend("free").fit(summary, MBGNBD().fit(summary))


@pytest.mark.parametrize("kind", ["signed", "drifting", "correlated"])
def test_a_saved_model_says_the_same(kind: str, shop: Summary, tmp_path: Path) -> None:
    model = fitted(kind, shop)
    again = load_model(model.save(tmp_path / "model.json"))
    assert type(again) is type(model)
    assert again.remarks_ == model.remarks_
    found, kept = (one.expected_spend(shop).to_numpy()["expected_spend"] for one in (model, again))
    assert kept == pytest.approx(found, rel=1e-12)


AMOUNTS = {
    "gains and losses": mixed,
    "losses alone": lambda who, rng: -rng.gamma(4.0, 10.0, who.size),
    "zeros alone": lambda who, _: np.zeros(who.size),
    "one value": lambda who, _: np.full(who.size, 10.0),
    "huge ranges": lambda who, rng: np.exp(rng.normal(5.0, 3.0, who.size)),
    "hardly a loss": lambda who, rng: np.where(rng.random(who.size) < 0.01, -5.0, rng.gamma(4.0, 10.0, who.size)),
}


@pytest.mark.parametrize("amounts", AMOUNTS)
@pytest.mark.parametrize("customers", [50, 300])
def test_any_orders_get_an_answer_in_words(amounts: str, customers: int) -> None:
    summary = contribution_summary(customers, AMOUNTS[amounts], seed=7)
    model = SignedSpend().fit(summary)
    spend = model.expected_spend(summary).to_numpy()["expected_spend"]
    assert np.isfinite(spend).all()
    assert model.outcome_.usable
    assert model.remarks_
    for level in (0.1, 0.9):
        assert np.isfinite(model.spend_quantile(summary, level, 3).to_numpy()["spend_quantile"]).all()
    if amounts == "losses alone":
        assert (spend < 0).all()


def test_rows_of_a_frame_are_those_of_a_summary(sides: Summary) -> None:
    from keepers.models.spend.signed_rows import signed_rows

    history = signed_rows(sides, False).history
    model = SignedSpend().fit(sides)
    frame = dict(zip(("gains", "gained", "losses", "lost", "zeros"), history, strict=True))
    assert SignedSpend().fit(frame).parameters_ == pytest.approx(model.parameters_, rel=1e-6)
    by_engine = model.expected_spend(sides).to_numpy()
    assert model.expected_spend(frame)["expected_spend"] == pytest.approx(by_engine["expected_spend"], rel=1e-12)
    chance = model.probability_of_loss(frame)["probability_of_loss"]
    assert ((chance > 0) & (chance < 1)).all()
    above = model.probability_spend_above(frame, 0.0, 2)["probability_spend_above"]
    drawn = model.sample_spend(frame, 2.0, np.random.default_rng(1))["spend"]
    assert float((drawn > 0).mean()) == pytest.approx(float(above.mean()), abs=0.04)


def test_impossible_sides_are_named() -> None:
    good = {"gains": [1], "gained": [5.0], "losses": [0], "lost": [0.0], "zeros": [0]}
    with pytest.raises(InputError, match="lacks zeros"):
        SignedSpend().fit({name: column for name, column in good.items() if name != "zeros"})
    with pytest.raises(InputError, match="Row 1 has 0 `losses`"):
        SignedSpend().fit({**good, "lost": [3.0]})
    with pytest.raises(InputError, match="`gained` is -5"):
        SignedSpend().fit({**good, "gained": [-5.0]})
    with pytest.raises(InputError, match="no spend to model"):
        SignedSpend().fit({**good, "gains": [0], "gained": [0.0]})
    with pytest.raises(ConfigError, match="`orders`"):
        SignedSpend().fit(good).spend_quantile(good, 0.5, 0.0)


def test_drift_needs_single_orders(shop: Summary) -> None:
    with pytest.raises(InputError, match="lacks customer, years_ago, amount"):
        DriftingGammaGamma().fit({"frequency": [1], "monetary_value": [2.0]})
    with pytest.raises(ConfigError, match="`drift`"):
        DriftingGammaGamma("sideways")  # type: ignore[arg-type]
    rows = order_rows(shop, False)
    assert rows.share == 1
    of_rows, of_shop = (DriftingGammaGamma("both").fit(data).parameters_ for data in (rows, shop))
    assert of_rows == pytest.approx(of_shop, rel=1e-6)
    part = order_rows(shop, False, most=200)
    assert 0 < part.value.size < rows.value.size


def test_a_level_follows_the_last_orders() -> None:
    model = DriftingGammaGamma("both").fit(summarise(shop_orders(400, seed=9)))
    model.parameters_ |= {"growth": 1.1, "forgetting": 0.5}
    weight = model.level_weights(np.array([2.0, 1.0, 0.0]))
    assert weight == pytest.approx([1.21 * np.exp(-1.0), 1.1 * np.exp(-0.5), 1.0])
    value = {"frequency": [3], "level": [25.0]}
    later = model.expected_spend(value, years_ahead=1.0)["expected_spend"]
    assert later == pytest.approx(1.1 * model.expected_spend(value)["expected_spend"])


def test_correlated_spend_needs_gamma_distributed_rates(shop: Summary) -> None:
    with pytest.raises(ConfigError, match="NaiveRate is none"):
        CorrelatedSpend().fit(shop, NaiveRate().fit(shop))
    with pytest.raises(FitError, match="not fitted"):
        CorrelatedSpend().fit(shop, MBGNBD())
    with pytest.raises(ConfigError, match="`correlation`"):
        CorrelatedSpend("perhaps")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["signed", "correlated", "drifting"])
def test_fifty_customers_are_enough(kind: str) -> None:
    summary = summarise(shop_orders(50, seed=5))
    model = fitted(kind, summary)
    assert model.outcome_ in (FitOutcome.CONVERGED_WITH_PRIOR, FitOutcome.AT_BOUND, FitOutcome.FLAT_RIDGE)
    spend = model.expected_spend(summary).to_numpy()["expected_spend"]
    assert np.isfinite(spend).all()
    assert (spend > 0).all()


@pytest.mark.parametrize(("prior", "held"), [("auto", "weak prior holds it"), (None, "edge of what is allowed")])
def test_orders_that_are_all_alike_are_named(prior: str | None, held: str) -> None:
    """Whoever always pays the same leaves the shape of single orders without a largest likelihood."""
    rng = np.random.default_rng(4)
    rate = rng.gamma(2.0, 0.05, 500)
    orders = rng.poisson(rate * 100)
    spend = 300 * rate / rng.gamma(4.0, 1.0, 500)
    data = {
        "frequency": orders, "recency": np.where(orders > 0, 95.0, 0.0), "T": np.full(500, 100.0),
        "monetary_value": np.where(orders > 0, spend, np.nan),
    }  # fmt: skip
    model = CorrelatedSpend(prior=prior).fit(data, NBD().fit(data, unit="week"))
    assert model.outcome_ is FitOutcome.AT_BOUND
    (told,) = [sentence for sentence in model.remarks_ if "how unlike the orders of one customer are" in sentence]
    assert held in told
    assert model.elasticity_ == pytest.approx(1.0, abs=0.15)
