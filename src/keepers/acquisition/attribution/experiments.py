"""Experiments with channels: what share of customers a channel truly brings, by holding people or places back."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal
from keepers.domain.columns import CANONICAL
from keepers.domain.errors import ConfigError, InputError
from keepers.summaries.feature_sources import Known, tables_of
from keepers.summaries.purchases import day_literal

_Z80 = 1.2815515655446004
_FEWEST = 30
_WEEKS = 4
_BEFORE = 84
_PLACES = ("country", "region", "city")


@dataclass(frozen=True, eq=False)
class ChannelExperiment:
    """What an experiment has shown of a channel.

    Parameters
    ----------
    channel : str
        The channel, by its name in the results.
    since, until : date
        First and last day of first orders that it tells of.
    share, error : float
        Share of new customers (of those in the experiment) whom the channel truly brought, and its standard error.
    kind : str
        In words: "holdout", "places", "study".
    keys : collection of str, optional
        Customers whom the share is of; all of these days if left out.
    """

    channel: str
    since: dt.date
    until: dt.date
    share: float
    error: float
    kind: str = "study"
    keys: frozenset[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.share) and math.isfinite(self.error) and self.error > 0):
            raise ConfigError(
                f"The experiment with {self.channel} has a share of {self.share!r} with a standard error of "
                f"{self.error!r}; both must be numbers, and the latter above zero."
            )
        if self.until < self.since:
            raise ConfigError(f"The experiment with {self.channel} ends on {self.until}, before it begins.")


def lift_study(
    channel: str, since: dt.date, until: dt.date, customers: int, brought: float, low: float, high: float
) -> ChannelExperiment:
    """An experiment that somebody else has judged, such as a platform's conversion lift study.

    Parameters
    ----------
    channel : str
        The channel.
    since, until : date
        Days of the study.
    customers : int
        New customers in it (with the channel at work).
    brought, low, high : float
        How many of them the channel truly brought, with the 80% interval.

    Examples
    --------
    >>> found = lift_study("paid search", dt.date(2026, 3, 1), dt.date(2026, 3, 31), 200, 40, 20, 60)
    >>> round(found.share, 2), round(found.error, 3)
    (0.2, 0.078)
    """
    if not (customers > 0 and low < high):
        raise ConfigError("A study needs a positive number of new customers, and an interval whose ends differ.")
    return ChannelExperiment(channel, since, until, brought / customers, (high - low) / (2 * _Z80 * customers))


def holdout_lift(source: Any, experiment: str, channel: str, days: int = 30) -> ChannelExperiment:
    """What holding people back from a channel has shown: table `assignments`, those held out against the others.

    Parameters
    ----------
    source : Dataset or Store
        With assignments of people who had not bought before, and orders.
    experiment : str
        Name of the experiment in the table.
    channel : str
        The channel that was held back.
    days : int
        Days from the assignment in which a first order counts.

    Raises
    ------
    InputError
        There is no such experiment, or too few people on one side.
    """
    engine, tables = tables_of(source)
    known = Known(engine, tables, None)
    if not known.has("assignments"):
        raise InputError(
            "There are no assignments among the data: who was held back from the channel, and who was not."
        )
    assigned = known.relation(CANONICAL["assignments"])
    orders = known.relation(CANONICAL["orders"])
    rows = engine.columns(
        f"""SELECT lot.customer_key, lot.held_out, CAST(lot.assigned_at AS DATE) AS day, (
                SELECT min(placed.day) FROM {orders} AS placed
                WHERE placed.customer_key = lot.customer_key AND placed.counted) AS first_day
            FROM {assigned} AS lot WHERE lot.experiment = {literal(experiment)} ORDER BY lot.customer_key"""
    )
    if not rows["customer_key"].size:
        raise InputError(f"There is no experiment {experiment!r} among the assignments.")
    day, first = (rows[name].astype("datetime64[D]") for name in ("day", "first_day"))
    new = np.isnat(first) | (first >= day)
    held = rows["held_out"].astype(bool)
    came = ~np.isnat(first) & (first >= day) & ((first - day).astype(np.float64) < days)
    shown, kept = new & ~held, new & held
    a, n, b, m = (int(np.sum(part)) for part in (came & shown, shown, came & kept, kept))
    if min(n, m) < _FEWEST or a == 0:
        raise InputError(
            f"The experiment {experiment!r} has {n} people whom the channel reached, {a} of whom bought, and {m} held "
            f"back. At least {_FEWEST} people who had not bought before are needed on either side."
        )
    # 1 - pb / pa; the variance of the ratio by the delta method, with half a customer where nobody came.
    ratio = (b / m) / (a / n)
    spread = math.sqrt((1 - a / n) / a + (1 - b / m) / max(b, 0.5))
    keys = frozenset(str(key) for key in rows["customer_key"][came & shown])
    started, ended = day.min().astype(dt.date), (day.max() + np.timedelta64(days - 1, "D")).astype(dt.date)
    error = max(ratio, 0.5 / m / (a / n)) * spread
    return ChannelExperiment(channel, started, ended, 1.0 - ratio, error, "holdout", keys)


def place_lift(
    source: Any,
    channel: str,
    places: Collection[str],
    since: dt.date,
    until: dt.date,
    by: str = "region",
    before: int | None = None,
) -> ChannelExperiment:
    """What switching a channel off in some places has shown: new customers there against those elsewhere.

    New customers that would have come are those of the other places in the same days, times the ratio of both before.
    How well that holds is judged by the weeks before: their spread about the ratio, at least that of counts.

    Parameters
    ----------
    source : Dataset or Store
        With customers, who have a country, region or city, and orders.
    channel : str
        The channel that was off.
    places : collection of str
        Where.
    since, until : date
        First and last day on which it was off.
    by : str
        Which column of customers has the places: country, region or city.
    before : int, optional
        Days before that say how places compare; 84, or as many as the test has, if left out.

    Raises
    ------
    InputError
        Places are not known, or too few customers came.
    """
    if by not in _PLACES:
        raise ConfigError(f"Places are told by {by!r}. Use one of: {', '.join(_PLACES)}.")
    engine, tables = tables_of(source)
    known = Known(engine, tables, None)
    listed = ", ".join(literal(place) for place in sorted(places))
    before = max(_BEFORE, (until - since).days + 1) if before is None else before
    start = since - dt.timedelta(days=before)
    rows = engine.columns(
        f"""SELECT customer.customer_key, first.day, customer.{by} IN ({listed}) AS off
            FROM {known.relation(CANONICAL["customers"])} AS customer
            INNER JOIN (SELECT customer_key, min(day) AS day FROM {known.relation(CANONICAL["orders"])} AS placed
                        WHERE counted GROUP BY customer_key) AS first ON first.customer_key = customer.customer_key
            WHERE customer.{by} IS NOT NULL AND first.day BETWEEN {day_literal(start)} AND {day_literal(until)}"""
    )
    off, day = rows["off"].astype(bool), rows["day"].astype("datetime64[D]")
    earlier = day < np.datetime64(since)
    counts = {(o, e): int(np.sum((off == o) & (earlier == e))) for o in (True, False) for e in (True, False)}
    if min(counts[True, True], counts[False, True], counts[False, False]) < _FEWEST:
        raise InputError(
            f"Too few new customers to compare places: {counts[True, True]} where {channel} was off and "
            f"{counts[False, True]} elsewhere in the {before} days before, {counts[False, False]} elsewhere in the "
            f"days of the test; {_FEWEST} of each are needed. Take larger places, or more days."
        )
    expected = counts[True, True] / counts[False, True] * counts[False, False]
    share = 1.0 - counts[True, False] / expected
    spread = 1 / max(counts[True, False], 1) + sum(1 / counts[key] for key in counts if key != (True, False))
    spread *= _overdispersion(day, off, since, before)
    error = (1.0 - share if share < 1 else 1.0 / expected) * math.sqrt(spread)
    # The share is of those who would have come; where the channel was on they did.
    keys = frozenset(str(key) for key in rows["customer_key"][~off & ~earlier])
    return ChannelExperiment(channel, since, until, share, error, "places", keys)


def _overdispersion(day: NDArray[Any], off: NDArray[Any], since: dt.date, before: int) -> float:
    """How much more the share of the places varies from week to week than chance makes it, at least one."""
    week = ((np.datetime64(since) - day).astype(np.int64) - 1) // 7
    weeks = before // 7
    usable = (week >= 0) & (week < weeks)
    here = np.bincount(week[usable & off], minlength=weeks).astype(np.float64)
    all_of = np.bincount(week[usable], minlength=weeks).astype(np.float64)
    if weeks < _WEEKS:
        return 1.0
    rate = here.sum() / all_of.sum()
    filled = all_of > 0
    chi = np.sum((here[filled] - rate * all_of[filled]) ** 2 / (rate * (1 - rate) * all_of[filled]))
    return max(1.0, float(chi) / max(int(filled.sum()) - 1, 1))
