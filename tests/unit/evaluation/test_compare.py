"""The choice of models and their fit on all orders."""

from __future__ import annotations

import pytest

from keepers.domain.errors import ConfigError
from keepers.domain.time import ObservationWindow
from keepers.evaluation.compare import choose_model
from keepers.evaluation.verdict import Trust
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.summary import summarise
from shop import shop_orders


def test_the_winner_is_fitted_on_all_orders() -> None:
    orders = shop_orders(800)
    buying, spending, found = choose_model(orders)
    assert type(buying).__name__ == found.winner
    assert buying.n_customers_ == len(summarise(orders))
    assert spending is not None
    assert found.spending is not None
    assert spending.include_first == found.spending.include_first
    assert not found.spending.fitted


def test_the_unit_and_end_of_the_window_hold_for_the_fit() -> None:
    orders = shop_orders(800)
    window = ObservationWindow("2022-12-31", "2023-03-31", unit="day")
    buying, _, found = choose_model(orders, window, [BGNBD()], origins=1)
    assert (
        buying.parameters_
        == BGNBD().fit(summarise(orders, ObservationWindow(end="2023-03-31", unit="day"))).parameters_
    )
    assert found.windows == (window,)


def test_an_untested_choice_is_the_first_model_and_says_so() -> None:
    buying, spending, found = choose_model(shop_orders(60, days=30), models=[ParetoNBD(), BGNBD()])
    assert isinstance(buying, ParetoNBD)
    assert buying.fitted
    assert spending is not None
    assert found.verdict_.trust is Trust.UNTESTED
    assert "Pareto/NBD is used untested" in found.verdict


def test_spend_is_taken_from_first_orders_where_nobody_came_back() -> None:
    orders = shop_orders(60, days=40, r=1e-3)
    buying, spending, _ = choose_model(orders)
    assert buying.fitted
    assert isinstance(spending, GammaGamma)
    assert spending.include_first


def test_orders_without_money_have_no_spend() -> None:
    assert choose_model(shop_orders(100, days=40, money=False)).spending is None


def test_impossible_candidates_are_refused() -> None:
    with pytest.raises(ConfigError, match="a rule to be beaten"):
        choose_model(shop_orders(50), models=[NaiveRate()])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="`models` is empty"):
        choose_model(shop_orders(50), models=[])
