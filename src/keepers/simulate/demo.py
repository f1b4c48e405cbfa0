"""The demo's store: three years of a small shop with good and bad channels, offers that pay and some that do not."""

from __future__ import annotations

import datetime as dt

from keepers.data.engine import Engine
from keepers.domain.time import Horizon
from keepers.simulate.acquisition import Channel
from keepers.simulate.advertising import Advertising, Budget, Campaign, Response
from keepers.simulate.behaviour import Behaviour
from keepers.simulate.coupons import Coupons
from keepers.simulate.engagement import Newsletters
from keepers.simulate.feedback import Surveys
from keepers.simulate.funnel import Decision, Funnel, Variant
from keepers.simulate.leads import LeadLaw
from keepers.simulate.offers import Experiment, Offer
from keepers.simulate.orderbook import Blemishes
from keepers.simulate.plan import StorePlan
from keepers.simulate.referrals import Referrals
from keepers.simulate.refunds import Refunds
from keepers.simulate.shop import CATALOGUE, SEASON
from keepers.simulate.spend import Correlation, Spend
from keepers.simulate.store import DEFAULT_END, Store, simulate_store
from keepers.simulate.subscriptions import Contracts, Plan
from keepers.simulate.touches import Paths

DEMO_CUSTOMERS = 3200


def _law(r: float, alpha: float, s: float, beta: float) -> Behaviour:
    return Behaviour("pareto_nbd", {"r": r, "alpha": alpha, "s": s, "beta": beta}, "week")


CHANNELS: tuple[Channel, ...] = (
    Channel("organic search", 0.24, _law(0.85, 8.5, 0.75, 15.0), growth=1.2),
    Channel(
        "paid search",
        0.20,
        _law(0.80, 8.0, 0.75, 15.0),
        medium="cpc",
        advertising=Advertising(
            Budget(26.0, growth=1.08, variation=0.35),
            Response(half_saturation=38.0, adstock=0.15, shape=0.9),
            (Campaign("brand", 0.2, 0.3), Campaign("tea", 0.5, 0.5), Campaign("pottery", 0.3, 0.2)),
            cost_per_click=0.85,
            click_rate=0.035,
            claims=1.25,
        ),
    ),
    Channel(
        "paid social",
        0.26,
        _law(0.50, 9.5, 0.90, 7.0),
        Spend(5.0, 6.0, 34.0),
        medium="cpc",
        advertising=Advertising(
            Budget(44.0, growth=1.15, variation=0.45),
            Response(half_saturation=55.0, adstock=0.55, shape=0.85),
            (Campaign("cozy evenings", 0.45, 0.5), Campaign("giveaway", 0.25, 0.35), Campaign("gift guide", 0.3, 0.15)),
            cost_per_click=0.55,
            click_rate=0.012,
            claims=2.1,
        ),
    ),
    Channel(
        "influencers",
        0.08,
        _law(0.70, 9.0, 0.80, 11.0),
        medium="social",
        advertising=Advertising(
            Budget(30.0, variation=0.5, on_weeks=3, off_weeks=4),
            Response(half_saturation=60.0, adstock=0.75),
            (Campaign("studio visits", 0.6, 0.7), Campaign("unboxing", 0.4, 0.3)),
            cost_per_click=0.95,
            click_rate=0.02,
            claims=1.6,
        ),
    ),
    Channel("friends", 0.13, _law(1.10, 8.0, 0.60, 22.0), Spend(5.0, 6.0, 46.0), medium="referral", by_referral=True),
    Channel("craft fairs", 0.06, _law(0.55, 10.0, 0.85, 10.0), medium="offline"),
    Channel(
        "office gifts",
        0.03,
        _law(1.60, 18.0, 0.60, 45.0),
        Spend(6.0, 7.0, 115.0),
        medium="email",
        growth=1.25,
        leads=LeadLaw(conversion=0.22, median_delay=19.0, order_size=260.0),
    ),
)
"""Where Fernhollow's customers come from; paid social buys many customers of little worth."""

EXPERIMENTS = (
    Experiment(
        "spring win-back",
        (
            Offer("COMEBACK15", lift=0.3, by_coupon_use=0.3, by_loyalty=-0.2, spread=0.1, discount=0.15),
            Offer("postcard", lift=0.32, by_loyalty=0.12, spread=0.1, cost_per_contact=0.75),
        ),
        day=170,
        days=60,
        quiet_days=75,
    ),
    Experiment(
        "late summer thank-you",
        (
            Offer("THANKS10", lift=0.15, by_coupon_use=0.2, by_loyalty=-0.12, spread=0.08, discount=0.10),
            Offer("free shipping", lift=0.22, by_coupon_use=0.05, by_loyalty=-0.05, spread=0.1, cost_per_order=2.9),
        ),
        day=62,
        days=45,
    ),
)
"""Two randomised experiments; discounts cost more than they bring with customers who buy anyway."""

PLAN = StorePlan(
    behaviour=_law(0.85, 8.5, 0.75, 15.0),
    spend=Spend(5.0, 6.0, 42.0),
    channels=CHANNELS,
    correlation=Correlation(rate_spend=0.12, dropout_spend=-0.05),
    season=SEASON,
    catalogue=CATALOGUE,
    coupons=Coupons(),
    refunds=Refunds(),
    blemishes=Blemishes(),
    people=True,
    newsletters=Newsletters(),
    surveys=Surveys(),
    referrals=Referrals(),
    paths=Paths(harvest=(("paid search", 0.22), ("organic search", 0.18))),
    contracts=Contracts((Plan("Taster", 19.0, 1.4), Plan("Classic", 29.0, 1.2), Plan("Household", 46.0, 0.5))),
    funnel=Funnel(
        (
            Decision(
                "landing",
                (
                    Variant("kitchen table"),
                    Variant("potter at work", newcomers=1.12, returning=0.97),
                    Variant("bestsellers", newcomers=0.94, returning=1.14, on_phone=1.05),
                ),
            ),
            Decision("checkout", (Variant("three steps"), Variant("one page", 1.03, 1.05, on_phone=1.07))),
        )
    ),
    experiments=EXPERIMENTS,
    time_zone="America/New_York",
)
"""Everything that can be simulated, switched on."""


def demo_store(
    seed: int = 7,
    end: dt.date | str = DEFAULT_END,
    customers: int = DEMO_CUSTOMERS,
    follow_up: Horizon | None = None,
    engine: Engine | None = None,
) -> Store:
    """Fernhollow Tea & Pottery, three years up to `end`: a rich store for the demo and for tests of everything.

    Parameters
    ----------
    seed : int
        The same seed and end give the same store.
    end : date or str
        Last day.
    customers : int
        How many customers came.
    follow_up : Horizon, optional
        Time after the end whose orders stand in the truth alone.
    engine : Engine, optional
        Where the tables go.

    >>> store = demo_store(customers=80)
    >>> sorted(store.tables)[:4]
    ['accounts', 'assignments', 'consents', 'customer_attributes']
    """
    return simulate_store(customers, seed, PLAN, end=end, follow_up=follow_up, engine=engine)
