"""A small shop for tests: orders of customers who buy by Pareto/NBD and spend by Gamma-Gamma."""

from __future__ import annotations

import numpy as np

from keepers.data.orders import Orders


def shop_orders(
    customers: int = 2000,
    days: int = 540,
    seed: int = 1,
    *,
    r: float = 0.55,
    alpha: float = 74.0,
    s: float = 0.6,
    beta: float = 80.0,
    money: bool = True,
) -> Orders:
    """Orders of customers who came evenly over the span; times in days, rates a day."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, days, customers)
    rate, dropout = rng.gamma(r, 1 / alpha, customers), rng.gamma(s, 1 / beta, customers)
    life = np.minimum(rng.exponential(1 / np.maximum(dropout, 1e-12)), days - first)
    repeats = rng.poisson(rate * life)
    who = np.repeat(np.arange(customers), repeats + 1)
    age = rng.random(who.size) * np.repeat(life, repeats + 1)
    age[np.concatenate([[0], np.cumsum(repeats + 1)[:-1]])] = 0.0
    scale = 15.4 / rng.gamma(3.74, 1.0, customers)
    frame = {
        "customer": np.char.add("c", who.astype(str)),
        "date": np.datetime64("2022-01-01") + np.floor(first[who] + age).astype(int),
        "amount": np.round(rng.gamma(6.25, 1.0, who.size) * scale[who], 2) + 0.01,
    }
    return Orders.from_frame(frame, customer="customer", date="date", amount="amount" if money else None)
