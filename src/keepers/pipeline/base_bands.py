"""Where the bands of the maps of the base begin: fixed for the values of a run, which are counted by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from keepers.pipeline.content_groups import ORDER_CUTS, SILENCE_CUTS
from keepers.pipeline.live_values import Meaning
from keepers.storage.live_cells import Bands

ALIVE = (0.2, 0.4, 0.6, 0.8)
"""Chances of being a customer still at which bands begin."""

ORDERS = tuple(cut + 1 for cut in ORDER_CUTS)
"""Numbers of orders at which they do."""

_PERCENTILES = (25, 50, 75, 90, 97)
"""Shares of customers below the bands of value, before they are made round."""


def silent_days(as_of: dt.date) -> list[dt.date]:
    """Days of the last order at which bands of silence end, the latest first; counted to the last day of a run."""
    return [as_of - dt.timedelta(days=cut - 1) for cut in SILENCE_CUTS]


def value_edges(known: Sequence[float]) -> list[float]:
    """Round amounts near percentiles of the values of a run, given at evenly spread percentiles."""
    last = len(known) - 1
    near = {_round(known[last * share // 100]) for share in _PERCENTILES} if last > 0 else set()
    return sorted(edge for edge in near if edge > 0)


def bands_of(told: Meaning, as_of: dt.date) -> Bands:
    """All of them, for the values of a run."""
    ahead = {one.column: value_edges(told.thresholds_of(one)) for one in told.reaches}
    return Bands({"orders": ORDERS, "last_day": silent_days(as_of)[::-1], "probability_alive": ALIVE, **ahead})


def _round(amount: float) -> float:
    """The nearest of 1, 2, 5, 10, 20, 50, ... whose ratio to the amount is the smallest.

    >>> [_round(x) for x in (3.6, 44.0, 880.0, 0.0)]
    [5.0, 50.0, 1000.0, 0.0]
    """
    if amount <= 0:
        return 0.0
    power = 10.0 ** (len(f"{amount:.0f}") - 1)
    return min(
        (step * power for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)), key=lambda one: max(one / amount, amount / one)
    )
