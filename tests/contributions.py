"""Purchases with contributions of their own for tests: gains, losses and orders that bring nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from history import PurchaseRows
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow
from keepers.summaries.summary import Summary, summarise

Amounts = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def purchases(customers: int, amounts: Amounts, seed: int = 1, repeats: float = 3.0, days: int = 600) -> PurchaseRows:
    """Purchases of customers on random days; `amounts` gives each order's contribution from its customer's number."""
    rng = np.random.default_rng(seed)
    count = 1 + rng.poisson(repeats * rng.gamma(1.0, 1.0, customers))
    who = np.repeat(np.arange(customers), count)
    contribution = np.round(amounts(who, rng), 4)
    source = PurchaseRows([])
    table = source.engine.from_columns(
        "drawn",
        {
            "who": who,
            "day": np.datetime64("2022-01-01") + rng.integers(0, days, who.size),
            "contribution": contribution,
            "amount": np.abs(contribution) + 1.0,
        },
    )
    source.engine.execute(
        f"INSERT INTO {source.table} SELECT 'c' || who, CAST(day AS DATE), amount, contribution FROM {table}"
    )
    return source


def contribution_summary(
    customers: int, amounts: Amounts, seed: int = 1, repeats: float = 3.0, window: ObservationWindow | None = None
) -> Summary:
    """Their summary, each order with the margin of its own."""
    return summarise(purchases(customers, amounts, seed, repeats), window, Margin(per_order=True))


def mixed(who: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mostly gains that differ between customers, some losses, few zeros."""
    level = rng.gamma(3.0, 8.0, who.max() + 1)[who]
    chance = rng.beta(6.0, 1.0, who.max() + 1)[who]
    kind = rng.random(who.size)
    gain, loss = level * rng.gamma(5.0, 0.2, who.size), rng.gamma(2.0, 8.0, who.size)
    return np.where(kind < chance, gain, np.where(rng.random(who.size) < 0.2, 0.0, -loss))
