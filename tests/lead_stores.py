"""Simulated stores that live on leads, for tests of leads."""

from __future__ import annotations

from keepers.simulate.acquisition import Channel
from keepers.simulate.leads import LeadLaw
from keepers.simulate.plan import StorePlan
from keepers.simulate.store import Store, simulate_store


def lead_store(customers: int = 600, seed: int = 1) -> Store:
    """Two channels of leads, fast and slow, beside a shop."""
    channels = (
        Channel("fair", 1.0, leads=LeadLaw(conversion=0.2)),
        Channel("web", 1.0, leads=LeadLaw(conversion=0.3, median_delay=40.0)),
        Channel("shop", 1.0),
    )
    return simulate_store(customers, seed, StorePlan(channels=channels, people=True), end="2026-09-30")
