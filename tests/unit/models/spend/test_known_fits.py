"""A plain model of spend is fitted to a summary once, however many ask for it."""

from __future__ import annotations

import pytest

import keepers as kp
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.known_fits import known_fit
from shop import shop_orders


@pytest.fixture(scope="module")
def summary() -> kp.Summary:
    return kp.summarise(shop_orders(300, seed=2))


def test_the_second_who_asks_gets_the_fit_of_the_first(summary: kp.Summary) -> None:
    first, second = (known_fit(GammaGamma(), summary) for _ in range(2))
    assert second is not first
    assert second.posterior_ is first.posterior_
    assert second.parameters_ == GammaGamma().fit(summary).parameters_


def test_other_settings_and_other_customers_are_fitted_for_themselves(summary: kp.Summary) -> None:
    plain = known_fit(GammaGamma(), summary)
    belief = Prior({"p": LogNormal(4.0, 0.01), "q": LogNormal(3.5, 0.01), "gamma": LogNormal(0.6, 0.01)}, money=True)
    others = [
        known_fit(GammaGamma(include_first=True), summary),
        known_fit(GammaGamma(prior=belief), summary),
        known_fit(GammaGamma(), kp.summarise(shop_orders(300, seed=3))),
        known_fit(GammaGamma(), summary.spend_cells()),
    ]
    assert all(one.posterior_ is not plain.posterior_ for one in others)
    assert all(one.parameters_["q"] != plain.parameters_["q"] for one in others[:3])
