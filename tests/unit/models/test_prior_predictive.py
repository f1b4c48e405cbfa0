"""What priors say before any order is seen."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.models.beliefs import Gamma, LogNormal, PenalisedComplexity
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import CATALOGUE, model_class
from keepers.models.contractual.contract import ContractModel
from keepers.models.priors import Prior

CONTRACTS = [name for name in CATALOGUE if issubclass(model_class(name), ContractModel)]
BUYING = [name for name in CATALOGUE if issubclass(model_class(name), BuyingModel)]
NARROW = Prior({"r": LogNormal(2.0, 0.01), "alpha": LogNormal(10.0, 0.01)}, TimeUnit.WEEK)


@pytest.mark.parametrize("name", BUYING)
def test_every_model_of_buying_says_what_its_weak_prior_expects(name: str) -> None:
    kind = model_class(name)
    draws = 60 if kind.effort == 1 else 20
    found = (kind(k=2) if hasattr(kind(), "k") else kind()).prior_predictive(kp.years(1), draws=draws, seed=1)
    assert len(found.sentences) == 3
    assert "within 1 year." in str(found)
    low, middle, high = found.quantiles("mean_purchases")
    # A weak prior has room for shops whose customers hardly return and for those where they come every other week.
    assert 0 < low < 1.5 < high < 80
    assert low < middle < high
    assert np.all((found.quantities["share_without"] >= 0) & (found.quantities["share_without"] <= 1))


def test_stages_do_not_make_buying_slower() -> None:
    plain, twelve = (kp.MBGCNBD(k=k).prior_predictive(kp.years(1), draws=20, seed=1) for k in (1, 12))
    assert twelve.parameters == pytest.approx(plain.parameters / [1, 12, 1, 1])
    with pytest.raises(ConfigError, match=r"Give one, such as BGCNBD\(k=2\), or fit the model first"):
        kp.BGCNBD().prior_predictive()


@pytest.mark.parametrize("model", [kp.Stack(), kp.PooledModel(kp.NBD(), by="country")])
def test_models_made_of_models_leave_the_prior_to_them(model: BuyingModel) -> None:
    with pytest.raises(ConfigError, match="prior of"):
        model.prior_predictive()


def test_a_narrow_prior_says_what_its_parameters_say() -> None:
    found = kp.NBD(prior=NARROW).prior_predictive(kp.weeks(20), draws=400, seed=2)
    assert found.quantiles("mean_purchases", (50,))[0] == pytest.approx(2.0 / 10.0 * 20, rel=0.01)
    assert found.quantities["purchases"].mean() == pytest.approx(4.0, rel=0.06)
    assert found.quantities["share_without"].mean() == pytest.approx((10 / 30) ** 2, abs=0.01)
    assert str(found).startswith(
        "With 80% probability a new customer buys again between 0 and 8 times within 20 weeks."
    )


def test_a_horizon_in_another_unit_is_the_same() -> None:
    weeks = kp.NBD(prior=NARROW).prior_predictive(kp.weeks(20), draws=50, seed=2)
    days = kp.NBD(prior=NARROW).prior_predictive(kp.days(140), draws=50, seed=2)
    assert np.array_equal(weeks.quantities["purchases"], days.quantities["purchases"])


def test_a_prior_that_goes_wild_is_still_answered() -> None:
    wild = Prior({"r": PenalisedComplexity(0.01, 0.99), "alpha": Gamma(1e-4, 0.1)}, TimeUnit.WEEK)
    found = kp.NBD(prior=wild).prior_predictive(draws=50)
    assert not any(np.isnan(values).any() for values in found.quantities.values())


def test_spend() -> None:
    found = kp.GammaGamma().prior_predictive(draws=200, seed=1)
    low, _, high = found.quantiles("order")
    assert 0 < low < 1 < high
    assert "infinite with" in found.sentences[1]
    with pytest.raises(ConfigError, match="There is no quantity 'tips'"):
        found.quantiles("tips")
    with pytest.raises(ConfigError, match="at least 20"):
        kp.GammaGamma().prior_predictive(draws=2)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_model_of_contracts_says_what_its_weak_prior_expects(name: str) -> None:
    found = model_class(name)().prior_predictive(kp.years(1), draws=60, seed=1)
    assert len(found.sentences) == 3
    assert "still run after 1 year." in str(found)
    low, middle, high = found.quantiles("share_running")
    # A weak prior has room for services that lose nearly everybody within a year and for those that lose hardly any.
    assert 0.0 <= low < 0.25 < high <= 1.0
    assert low < middle < high
    assert found.quantiles("tenure")[0] > 0


def test_a_narrow_prior_of_contracts_says_what_its_parameters_say() -> None:
    narrow = Prior({"alpha": LogNormal(1e4, 0.001), "beta": LogNormal(9e4, 0.001)}, TimeUnit.MONTH)
    found = kp.ShiftedBetaGeometric(prior=narrow).prior_predictive(kp.months(12), draws=400, seed=2)
    assert found.quantiles("share_running", (50,))[0] == pytest.approx(0.9**12, rel=0.01)
    assert found.quantities["tenure"].mean() == pytest.approx(10.0, rel=0.05)
    assert found.quantities["share_lost_at_once"].mean() == pytest.approx(0.1, abs=0.01)
