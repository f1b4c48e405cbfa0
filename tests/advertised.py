"""A small simulated store with three paid channels and two free ones, its values and its response curves."""

from __future__ import annotations

import datetime as dt
from functools import cache

from keepers.acquisition.response import ResponseCurves, response_curves
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.simulate import StorePlan, simulate_store
from keepers.simulate.acquisition import Channel
from keepers.simulate.advertising import Advertising, Budget, Response
from keepers.simulate.behaviour import Behaviour
from keepers.simulate.shop import SEASON
from keepers.simulate.spend import Spend
from keepers.simulate.store import Store
from keepers.summaries.summary import summarise
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values


def _law(r: float, alpha: float) -> Behaviour:
    return Behaviour("pareto_nbd", {"r": r, "alpha": alpha, "s": 0.8, "beta": 12.0}, "week")


PLAN = StorePlan(
    channels=(
        Channel("organic search", 0.3, _law(0.8, 9.0)),
        Channel("friends", 0.1, _law(1.0, 8.0)),
        Channel(
            "paid search", 0.25, _law(0.8, 9.0),
            advertising=Advertising(Budget(40.0, variation=0.4), Response(60.0, 0.2, 0.9)),
        ),
        Channel(
            "paid social", 0.25, _law(0.5, 10.0), Spend(5.0, 6.0, 20.0),
            advertising=Advertising(Budget(60.0, variation=0.4), Response(50.0, 0.5, 0.85)),
        ),
        Channel(
            "influencers", 0.1, _law(0.7, 9.0),
            advertising=Advertising(Budget(25.0, variation=0.4, on_weeks=3, off_weeks=2), Response(60.0, 0.7)),
        ),
    ),
    season=SEASON,
)  # fmt: skip


@cache
def store(customers: int = 1500, days: int = 400, seed: int = 3) -> Store:
    """The store, its last customers coming on the last day."""
    end = dt.date(2026, 9, 30)
    return simulate_store(customers, seed, PLAN, end=end, start=end - dt.timedelta(days=days - 1))


@cache
def values() -> Values:
    """What its customers are worth."""
    summary = summarise(store().orders)
    found: Values = lifetime_value(ParetoNBD().fit(summary), GammaGamma().fit(summary), summary)
    return found


@cache
def curves() -> ResponseCurves:
    """How its channels answer to money."""
    return response_curves(store(), values(), draws=500)
