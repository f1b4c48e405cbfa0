"""Whether a channel brings better or worse customers than it used to: early value by quarter, chance held down."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from keepers.acquisition.newcomers import PACKAGE, Newcomers
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray
from keepers.numerics.shrinkage import shrink
from keepers.valuation.equity import Interval

AGE = 90
"""Days up to which early value counts."""
_TYPICAL = 0.15
"""How much quarters of a channel usually differ, relative to its mean: the scale of a prior."""
_WIDTH = 1.2815515655446004
_WIDE = 1.959963984540054
_FEWEST = 30


@dataclass(frozen=True, slots=True)
class Quarter:
    """Customers who came in one quarter of a year.

    Parameters
    ----------
    start : date
        Its first day.
    customers : int
        Those who are old enough.
    plain : float
        Their mean value up to `AGE` days.
    value : Interval
        The same, drawn to the channel's mean as far as it is uncertain.
    """

    start: dt.date
    customers: int
    plain: float
    value: Interval


@dataclass(frozen=True, slots=True)
class Quality:
    """A channel over time.

    Parameters
    ----------
    channel : str
        Which.
    quarters : tuple of Quarter
        In order.
    change : Interval or None
        Change of early value a year, relative to its mean, with its 95% interval, as several channels are looked at;
        None where less than a year or too few customers are seen.
    """

    channel: str
    quarters: tuple[Quarter, ...]
    change: Interval | None

    @property
    def falling(self) -> bool:
        """Whether it is certain enough that customers become worse: the whole interval is below nothing."""
        return self.change is not None and self.change.high < 0

    @property
    def rising(self) -> bool:
        """Whether it is certain enough that they become better."""
        return self.change is not None and self.change.low > 0


def quality(found: Newcomers) -> tuple[Quality, ...]:
    """Early value of each channel's customers by quarter of their first order."""
    rows = found.engine.columns(
        fill(template(PACKAGE, "quarters"), newcomers=quoted(found.table.name), early=f"value_{AGE}")
    )
    result = []
    channels = [str(one) for one in rows["channel"].tolist()]
    for channel in dict.fromkeys(channels):
        chosen = np.array([one == channel for one in channels])
        n = rows["customers"][chosen].astype(np.float64)
        total = rows["value"][chosen].astype(np.float64) * found.factor
        squared = rows["squared"][chosen].astype(np.float64) * found.factor**2
        if n.sum() < _FEWEST:
            continue
        starts = [day.astype("datetime64[D]").astype(dt.date) for day in rows["quarter"][chosen]]
        result.append(Quality(channel, *_over_time(starts, n, total, squared)))
    return tuple(result)


def _over_time(
    starts: list[dt.date], n: FloatArray, total: FloatArray, squared: FloatArray
) -> tuple[tuple[Quarter, ...], Interval | None]:
    mean = total.sum() / n.sum()
    # One spread of customers for all quarters: that of a single small one is not to be trusted.
    spread = max(float(squared.sum() - n.sum() * mean**2), 0.0) / max(float(n.sum()) - 1, 1.0)
    plain = total / n
    if spread <= 0 or mean == 0:
        same = tuple(
            Quarter(start, int(count), float(value), Interval(float(value), float(value), float(value)))
            for start, count, value in zip(starts, n, plain, strict=True)
        )
        return same, None
    found = shrink(plain, spread / n, _TYPICAL * abs(mean))
    quarters = tuple(
        Quarter(start, int(count), float(value), Interval(float(m), float(m - _WIDTH * d), float(m + _WIDTH * d)))
        for start, count, value, m, d in zip(starts, n, plain, found.mean, found.deviation, strict=True)
    )
    years = np.array([start.toordinal() for start in starts]) / 365.25
    if years[-1] - years[0] < 0.7:
        return quarters, None
    # Quarters differ beyond chance too, so that each weighs by both.
    weight = 1.0 / (spread / n + found.spread**2)
    away = years - np.average(years, weights=weight)
    information = float(np.sum(weight * away**2))
    slope = float(np.sum(weight * away * plain)) / information / mean
    error = float(_WIDE / np.sqrt(information) / abs(mean))
    return quarters, Interval(float(slope), float(slope) - error, float(slope) + error, 0.95)
