"""Simulated contracts for tests: starts over some years, ends by a law, as a frame of the canonical columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepers.domain.time import TimeUnit, calendar_shift

LAST = np.datetime64("2025-06-30")


def subscribers(
    count: int = 1200,
    seed: int = 1,
    churn: tuple[float, float] | float = (0.8, 6.0),
    years: float = 3.0,
    plans: tuple[tuple[str, float, float], ...] = (("small", 10.0, 1.0), ("large", 30.0, 1.0)),
) -> dict[str, Any]:
    """Contracts renewed monthly up to the end of June 2025; each subscriber ends with a chance of their own.

    Parameters
    ----------
    churn : (float, float) or float
        Parameters of the beta distribution of monthly churn, or one churn for all.
    plans : tuple of (name, price, factor)
        Plans in equal shares; the factor multiplies churn.
    """
    rng = np.random.default_rng(seed)
    start = LAST - rng.integers(1, int(365 * years), count).astype("timedelta64[D]")
    plan = rng.integers(0, len(plans), count)
    own = rng.beta(*churn, count) if isinstance(churn, tuple) else np.full(count, churn)
    months = rng.geometric(np.clip(own * np.array([factor for _, _, factor in plans])[plan], 1e-6, 0.95))
    end = [calendar_shift(day, int(min(n, 600)), TimeUnit.MONTH) for day, n in zip(start.tolist(), months, strict=True)]
    return {
        "customer_key": [f"s{row:05}" for row in range(count)],
        "plan": [plans[place][0] for place in plan],
        "amount": [plans[place][1] for place in plan],
        "started_on": start.astype(str).tolist(),
        "ended_on": [str(day) if day <= LAST.item() else None for day in end],
    }
