"""Stores and purchase histories whose truth is known, for the demo, for tests and for benchmarks."""

from keepers.simulate.behaviour import Behaviour, Latents
from keepers.simulate.histories import Histories, simulate_histories
from keepers.simulate.season import Peak, Season
from keepers.simulate.spend import Correlation, Spend

__all__ = ["Behaviour", "Correlation", "Histories", "Latents", "Peak", "Season", "Spend", "simulate_histories"]
