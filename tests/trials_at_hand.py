"""Experiments with offers drawn from known laws, for tests."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.retention.trials import Trial


def drawn_trial(
    size: int = 3000, seed: int = 0, *, effect: float = 6.0, by: float = 8.0, cost: float = 1.0, recorded: bool = True
) -> tuple[Trial, FloatArray]:
    """A trial with a control and two offers, and the true gain of every arm for each customer.

    Offer "a" gains `effect` + `by` x, offer "b" `effect` - `by` x, each less its cost; x is the first of three columns.
    """
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size, 3))
    gain = np.column_stack([np.zeros(size), effect + by * rows[:, 0] - cost, effect - by * rows[:, 0] - cost])
    if recorded:
        arm = rng.integers(0, 3, size)
    else:
        lean = np.column_stack([np.zeros(size), rows[:, 1], -rows[:, 1]])
        share = np.exp(lean) / np.exp(lean).sum(axis=1, keepdims=True)
        arm = (rng.random(size)[:, None] > np.cumsum(share, axis=1)).sum(axis=1)
    usual = 30.0 + 15.0 * rows[:, 1]
    outcome = usual + gain[np.arange(size), arm] + rng.normal(0.0, 10.0, size)
    keys = np.array([f"C{number:05d}" for number in range(size)], dtype=object)
    outlay = np.where(arm > 0, cost, 0.0)
    chance = np.full(size, 1 / 3) if recorded else None
    trial = Trial(
        "spring", ("control", "a", "b"), keys, arm.astype(np.int64), outcome, outlay, chance, rows, ("x", "y", "z"),
        currency="EUR", days=60,
    )  # fmt: skip
    return trial, gain
