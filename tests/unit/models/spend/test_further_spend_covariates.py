"""Covariates in the further models of spend: what they find, in every answer, on disk, in values and in the choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepers as kp
from contributions import purchases
from keepers.domain.errors import ConfigError, InputError
from keepers.models.covariates.specification import Covariates
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.signed_spend import SignedSpend
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.equity import equity

BY_CHANNEL = Covariates(spend=["channel"], reference={"channel": "ads"})
CUSTOMERS = 600


def channels(customers: int = CUSTOMERS) -> dict[str, Any]:
    keys = [f"c{number}" for number in range(customers)]
    return {"customer_key": keys, "channel": np.where(np.arange(customers) % 3 == 0, "shop", "ads")}


def amounts(who: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Customers of the shop spend 1.6 times as much an order."""
    level = 4.0 * 12.0 / rng.gamma(3.5, 1.0, who.max() + 1)[who]
    return rng.gamma(4.0, level / 4.0) * np.where(who % 3 == 0, 1.6, 1.0)


def signed_amounts(who: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """They lose money more often too, but not more of it."""
    chance = rng.beta(6.0 * np.where(np.arange(who.max() + 1) % 3 == 0, 0.4, 1.0), 1.5)[who]
    loss = -rng.gamma(3.0, 5.0 / rng.gamma(4.0, 1.0, who.max() + 1)[who])
    kind = rng.random(who.size)
    return np.where(kind < chance, amounts(who, rng), np.where(kind < chance + 0.03, 0.0, loss))


@pytest.fixture(scope="module")
def shop() -> Summary:
    return summarise(purchases(CUSTOMERS, amounts, seed=5)).with_columns(channels())


@pytest.fixture(scope="module")
def sides() -> Summary:
    return summarise(purchases(CUSTOMERS, signed_amounts, seed=6), margin=kp.Margin(per_order=True)).with_columns(
        channels()
    )


@pytest.fixture(scope="module")
def buying(shop: Summary) -> kp.MBGNBD:
    return kp.MBGNBD().fit(shop)


def made(kind: str, shop: Summary, sides: Summary, buying: Any, covariates: Covariates | None = BY_CHANNEL) -> Any:
    if kind == "signed":
        return SignedSpend(covariates=covariates).fit(sides)
    if kind == "drifting":
        return DriftingGammaGamma("both", covariates=covariates).fit(shop)
    return CorrelatedSpend("free", leaving="free", covariates=covariates).fit(shop, buying)


KINDS = ["signed", "drifting", "correlated"]


@pytest.mark.parametrize("kind", KINDS)
def test_effects_are_found_and_kept(kind: str, shop: Summary, sides: Summary, buying: Any, tmp_path: Path) -> None:
    model = made(kind, shop, sides, buying)
    found = {one.name: one for one in model.coefficients_}
    truth = {"spend:channel[shop]": np.log(1.6)}
    if kind == "signed":
        truth = {
            "spend_gamma:channel[shop]": np.log(1.6),
            "spend_a:channel[shop]": np.log(0.4),
            "spend_gamma_loss:channel[shop]": 0.0,
        }
        assert found["spend_gamma:channel[shop]"].sentence.startswith(
            "Customers with channel = shop bring gains that are "
        )
    assert set(found) == set(truth)
    for name, value in truth.items():
        assert abs(found[name].value - value) < 3.5 * found[name].standard_error
        assert 0 < found[name].standard_error < 0.5
    assert model.parameter_names[-len(truth) :] == tuple(truth)
    again = kp.load_model(model.save(tmp_path / "model.json"))
    summary = sides if kind == "signed" else shop
    ours, theirs = (one.expected_spend(summary).to_numpy()["expected_spend"] for one in (model, again))
    assert theirs == pytest.approx(ours, rel=1e-10)
    assert again.expected_spend_new_customer({"channel": "shop"}) == pytest.approx(
        model.expected_spend_new_customer({"channel": "shop"}), rel=1e-10
    )
    assert again.coefficients_[0].sentence == model.coefficients_[0].sentence


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_each_channel_are_its_own(kind: str, shop: Summary, sides: Summary) -> None:
    summary = sides if kind == "signed" else shop
    bought = kp.MBGNBD().fit(summary)
    model = made(kind, shop, sides, bought)
    values = kp.lifetime_value(bought, model, summary).stored()
    table = values.engine.columns(
        f"SELECT value.frequency, value.expected_order_value, summary.channel, value.clv_predicted_12m AS v FROM "
        f"({values.sql}) AS value INNER JOIN {summary.name} AS summary ON summary.customer_key = value.customer_key"
    )
    first = np.asarray(table["frequency"]) == 0
    for channel in ("ads", "shop"):
        mine = first & (np.asarray(table["channel"]) == channel)
        # Nothing is known of these but the channel; those who buy again are weighted otherwise in the joint model.
        expected = model.expected_spend_new_customer({"channel": channel})
        found = np.asarray(table["expected_order_value"])[mine]
        assert found == pytest.approx(expected, rel=1e-9 if kind != "correlated" else 0.25)
    total = equity(values, draws=8).total
    assert total.value == pytest.approx(float(np.asarray(table["v"]).sum()), rel=1e-6)
    assert total.low < total.value < total.high


@pytest.mark.parametrize("kind", KINDS)
def test_a_covariate_that_is_known_to_do_nothing_changes_nothing(
    kind: str, shop: Summary, sides: Summary, buying: Any
) -> None:
    names = ["spend_gamma", "spend_a", "spend_gamma_loss"] if kind == "signed" else ["spend"]
    nothing = Covariates(spend=["channel"], fixed={f"{name}:channel[shop]": 0.0 for name in names})
    idle, plain = (made(kind, shop, sides, buying, one) for one in (nothing, None))
    assert idle.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-9)
    for name, value in plain.parameters_.items():
        assert idle.parameters_[name] == pytest.approx(value, rel=2e-4), name


def test_a_channel_of_its_own_is_a_fit_of_its_own(sides: Summary) -> None:
    """Free sizes, chances and losses of a channel whose shapes are the others' lie where counting in its money puts
    them: the likelihood is that of all customers with their money divided by the factor."""
    model = SignedSpend(prior=None, covariates=BY_CHANNEL).fit(sides)
    tied = Covariates(
        spend=["channel"], reference={"channel": "ads"},
        equal=[["spend_gamma:channel[shop]", "spend_gamma_loss:channel[shop]"]], fixed={"spend_a:channel[shop]": 0.0},
    )  # fmt: skip
    less = SignedSpend(prior=None, covariates=tied).fit(sides)
    plain = SignedSpend(prior=None).fit(sides)
    assert plain.log_likelihood_ < less.log_likelihood_ < model.log_likelihood_
    assert kp.likelihood_ratio_test(plain, model).degrees_of_freedom == 3
    assert kp.likelihood_ratio_test(plain, model).p_value < 1e-6
    assert len(less.coefficients_) == 2
    from keepers.models.spend.signed_rows import signed_rows

    rows = signed_rows(sides, False, ("channel",))
    factor = np.exp(less.coefficients_[0].value * (rows.attributes.columns["channel"] == "shop"))[rows.pattern]
    frame = dict(zip(("gains", "gained", "losses", "lost", "zeros"), rows.history, strict=True))
    scaled = {**frame, "gained": frame["gained"] / factor, "lost": frame["lost"] / factor}
    by_hand = SignedSpend(prior=None).fit(scaled)
    jacobian = float(((frame["gains"] > 0).astype(float) + (frame["losses"] > 0)) @ np.log(factor))
    assert less.log_likelihood_ == pytest.approx(by_hand.log_likelihood_ - jacobian, rel=1e-8)


def test_drift_with_covariates_is_drift_of_scaled_orders() -> None:
    rng = np.random.default_rng(3)
    customer = np.repeat(np.arange(250), 6)
    channel = np.where(customer % 2 == 0, "shop", "ads")
    level = 30.0 / rng.gamma(4.0, 1.0, 250)[customer]
    ago = np.tile(np.linspace(2.5, 0.0, 6), 250)
    orders = {"customer": customer, "years_ago": ago, "amount": rng.gamma(4.0, level) * 0.9**ago, "channel": channel}
    model = DriftingGammaGamma("growth", prior=None, covariates=BY_CHANNEL).fit(orders)
    factor = np.exp(model.coefficients_[0].value * (channel == "shop"))
    by_hand = DriftingGammaGamma("growth", prior=None).fit({**orders, "amount": orders["amount"] / factor})
    assert model.log_likelihood_ == pytest.approx(by_hand.log_likelihood_ - np.log(factor).sum(), rel=1e-9)
    assert model.parameters_["growth"] == pytest.approx(by_hand.parameters_["growth"], rel=1e-5)
    one = {"frequency": [3], "level": [25.0], "channel": ["shop"]}
    scaled = {"frequency": [3], "level": [25.0 / factor[0]]}
    found, plain = (float(m.expected_spend(d)["expected_spend"][0]) for m, d in ((model, one), (by_hand, scaled)))
    assert found == pytest.approx(factor[0] * plain, rel=1e-4)
    with pytest.raises(InputError, match="Orders of customer 0 differ in channel"):
        DriftingGammaGamma(covariates=BY_CHANNEL).fit({**orders, "channel": rng.permutation(channel)})
    with pytest.raises(ConfigError, match="found different things"):
        kp.likelihood_ratio_test(DriftingGammaGamma("none", prior=None).fit(orders), model)


def test_rates_of_buying_may_have_covariates_too(shop: Summary) -> None:
    """Traits are then compared among customers alike; an idle column of buying changes nothing."""
    by_both = kp.MBGNBD(covariates=Covariates(purchase=["channel"])).fit(shop)
    model = CorrelatedSpend("free", covariates=BY_CHANNEL).fit(shop, by_both)
    assert abs(model.coefficients_[0].value - np.log(1.6)) < 3.5 * model.coefficients_[0].standard_error
    values = kp.lifetime_value(by_both, model, shop, columns=["clv_predicted_12m"]).to_numpy()["clv_predicted_12m"]
    assert np.isfinite(values).all()
    idle = Covariates(purchase=["channel"], fixed={"purchase:channel[shop]": 0.0})
    found = [
        CorrelatedSpend("free").fit(shop, kp.MBGNBD(prior=None, covariates=one).fit(shop)).parameters_["kappa"]
        for one in (idle, None)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_the_backtest_takes_them() -> None:
    source = purchases(CUSTOMERS, amounts, seed=5)
    spending = [
        GammaGamma(),
        DriftingGammaGamma("growth", covariates=BY_CHANNEL),
        CorrelatedSpend(covariates=BY_CHANNEL),
    ]
    chosen = kp.choose_model(source, models=[kp.MBGNBD()], origins=1, spending=spending, covariates=channels())
    rows = {row.model for row in chosen.backtest.rows if row.of == "value"}
    assert {f"MBGNBD+{name}(covariates=channel)" for name in ("DriftingGammaGamma", "CorrelatedSpend")} <= rows
    assert chosen.spending is not None
