"""Stores and purchase histories whose truth is known, for the demo, for tests and for benchmarks."""

from keepers.simulate.acquisition import Channel
from keepers.simulate.advertising import Advertising, Budget, Campaign, Response
from keepers.simulate.behaviour import Behaviour, Latents
from keepers.simulate.catalogue import Article, Catalogue, Category
from keepers.simulate.coupons import Coupons
from keepers.simulate.demo import demo_store
from keepers.simulate.engagement import Fading, Newsletters
from keepers.simulate.feedback import Surveys
from keepers.simulate.funnel import Decision, Funnel, Variant
from keepers.simulate.histories import Histories, simulate_histories
from keepers.simulate.leads import LeadLaw
from keepers.simulate.offers import Experiment, Offer
from keepers.simulate.orderbook import Blemishes
from keepers.simulate.people import Country
from keepers.simulate.plan import StorePlan
from keepers.simulate.referrals import Referrals
from keepers.simulate.refunds import Refunds
from keepers.simulate.season import Peak, Season
from keepers.simulate.spend import Correlation, Spend
from keepers.simulate.store import Store, simulate_store
from keepers.simulate.subscriptions import Contracts, Plan
from keepers.simulate.touches import Paths
from keepers.simulate.truth import Truth

__all__ = [
    "Advertising",
    "Article",
    "Behaviour",
    "Blemishes",
    "Budget",
    "Campaign",
    "Catalogue",
    "Category",
    "Channel",
    "Contracts",
    "Correlation",
    "Country",
    "Coupons",
    "Decision",
    "Experiment",
    "Fading",
    "Funnel",
    "Histories",
    "Latents",
    "LeadLaw",
    "Newsletters",
    "Offer",
    "Paths",
    "Peak",
    "Plan",
    "Referrals",
    "Refunds",
    "Response",
    "Season",
    "Spend",
    "Store",
    "StorePlan",
    "Surveys",
    "Truth",
    "Variant",
    "demo_store",
    "simulate_histories",
    "simulate_store",
]
