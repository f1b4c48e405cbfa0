"""Spend and new customers of each paid channel by week, and how busy the shop was, from what was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.acquisition.costs import spend_rate
from keepers.acquisition.origins import PACKAGE
from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.columns import SPEND
from keepers.domain.errors import InputError
from keepers.summaries.feature_sources import Known, tables_of
from keepers.summaries.purchases import day_literal
from keepers.summaries.summary import Summary

MOST_WEEKS = 156
"""Older weeks are left out: a channel is not what it was three years before."""
FEWEST_WEEKS = 8
"""Weeks below which nothing is said of a response."""
ALL = "all advertising"
"""The one channel where customers do not say which brought them."""
_SETTLED = 4
"""Weeks after which a customer counts as settled."""
_FEWEST_ORDERS = 30


@dataclass(frozen=True, eq=False)
class ChannelWeeks:
    """What was spent and who came.

    Attributes
    ----------
    channels : tuple of str
        Channels with spend and with customers.
    arrivals : array, shape (channels, weeks)
        New customers of each week.
    daily_spend : array, shape (channels, 7 * weeks)
        Money of each day.
    demand : array, shape (weeks,)
        How busy the shop was, one being usual: orders of settled customers against their number and age, and new ones
        of channels without spend against their trend.
    first_day, last_day : date
        The days of these weeks.
    unmatched : dict of str to float
        Money of channels that no customer names.
    unnamed : float
        Share of new customers of whom nothing says a channel.
    behind : int
        Days from the last day of these weeks to the last day of the orders.
    """

    channels: tuple[str, ...]
    arrivals: FloatArray
    daily_spend: FloatArray
    demand: FloatArray
    first_day: dt.date
    last_day: dt.date
    unmatched: dict[str, float]
    unnamed: float
    behind: int = 0

    @property
    def weeks(self) -> int:
        """Number of weeks."""
        return int(self.demand.size)


def spend_sql(source: Any, currency: str, rates: Mapping[str, float] | None = None) -> str:
    """A query of `channel, day, amount`: what was spent, in the currency of the orders.

    Raises
    ------
    InputError
        It is in another currency, and there is no rate.
    """
    known = Known(*tables_of(source), None)
    rate = spend_rate(known, currency, rates or {})
    return (
        f"SELECT spend.channel, spend.day, CAST(spend.amount AS DOUBLE) * {rate} AS amount "
        f"FROM {known.relation(SPEND)} AS spend WHERE spend.channel IS NOT NULL"
    )


def channel_weeks(source: Any, summary: Summary, came: str, rates: Mapping[str, float] | None = None) -> ChannelWeeks:
    """Count a dataset's spend and new customers by week.

    Parameters
    ----------
    source : Dataset or Store
        With orders and spend, and canonical names of channels.
    summary : Summary
        Of the customers; what happened after its last day is not looked at.
    came : str
        Table of each customer's `first_day` and `channel`, see `keepers.acquisition.origins`.
    rates : mapping of str to float, optional
        Currency to its price in that of the orders.

    Raises
    ------
    InputError
        There is no spend, or there are too few weeks of it.
    """
    engine, tables = tables_of(source)
    if "spend" not in tables:
        raise InputError(
            "There is no marketing spend among the data. Add a file of what was spent by day and channel, such as the "
            "report of your advertising account."
        )
    orders, until = source.orders, summary.calibration_end
    paid = engine.columns(
        f"SELECT channel, day, sum(amount) AS amount FROM ({spend_sql(source, orders.currency, rates)}) AS paid "
        f"WHERE amount > 0 AND day <= {day_literal(until)} GROUP BY channel, day"
    )
    if not paid["day"].size:
        raise InputError("The spend among the data is nothing on every day; a response needs money that was spent.")
    last = min(until, _date(paid["day"].max()))
    first = max(orders.first_day, _date(paid["day"].min()))
    weeks = min(((last - first).days + 1) // 7, MOST_WEEKS)
    if weeks < FEWEST_WEEKS:
        raise InputError(
            f"Spend and orders overlap in {max(weeks, 0)} whole weeks ({first} to {last}); a response can be told from "
            f"{FEWEST_WEEKS} on. {FEWEST_WEEKS - max(weeks, 0)} more are needed."
        )
    first = last - dt.timedelta(days=7 * weeks - 1)
    grid = _Grid(first, weeks)
    came_by = engine.columns(
        f"SELECT channel, first_day AS day, CAST(count(*) AS DOUBLE) AS amount FROM {quoted(came)} "
        "GROUP BY channel, first_day"
    )
    spent, brought = grid.by_channel(paid), grid.by_channel(came_by)
    named = [name for name in spent if name in brought and spent[name].sum() > 0]
    named.sort(key=lambda name: (-float(spent[name].sum()), name))
    unnamed = brought.pop(None, np.zeros(7 * weeks))
    free = sum((days for name, days in brought.items() if name not in named), start=np.zeros(7 * weeks))
    total = unnamed + free + sum((brought[name] for name in named), start=np.zeros(7 * weeks))
    missing = {str(name): float(days.sum()) for name, days in spent.items() if name not in named and days.sum() > 0}
    share = float(unnamed.sum() / max(total.sum(), 1.0))
    if not named and not brought:
        # Nobody says a channel: all money against all customers.
        spent, brought, named, missing = {ALL: np.sum(list(spent.values()), axis=0)}, {ALL: total}, [ALL], {}
        free = np.zeros(7 * weeks)
    if not named:
        raise InputError(
            f"No customer names one of the channels with spend ({', '.join(map(str, spent))}); they name "
            f"{', '.join(sorted(map(str, brought)))}. Say in keepers.toml under [channels] which is which."
        )
    return ChannelWeeks(
        tuple(named),
        np.stack([grid.weekly(brought[name]) for name in named]),
        np.stack([spent[name] for name in named]),
        _demand(engine, orders.purchases_sql(until), came, grid, grid.weekly(free)),
        first,
        last,
        missing,
        share,
        (until - last).days,
    )


def demand_index(orders: FloatArray, expected: FloatArray) -> FloatArray:
    """How busy each week was against what was expected, one being usual; noise of small numbers is taken out.

    Parameters
    ----------
    orders : array, shape (weeks,)
        Orders that no advertising explains.
    expected : array, shape (weeks,)
        As many as there would be if all weeks were alike.

    Returns
    -------
    array, shape (weeks,)
        All one where there are too few orders to say.
    """
    weeks = orders.size
    if orders.sum() < _FEWEST_ORDERS * max(weeks / 26.0, 1.0):
        return np.ones(weeks)
    apart = np.log((orders + 0.5) / (expected + 0.5))
    noise = 1.0 / (np.maximum(expected, 0.0) + 0.5)
    weight = 1.0 / (noise + 0.02)
    apart = apart - float(weight @ apart) / float(weight.sum())
    spread = max(float(weight @ (apart**2 - noise)) / float(weight.sum()), 0.0)
    return np.asarray(np.exp(apart * spread / (spread + noise)))


def settled_orders(orders: FloatArray, came: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Orders of settled customers by week, and as many as their number and age let expect.

    Customers order less as they grow older, and there are more of them every week; what is left, beyond how customers
    of an age order on average, is how busy the week was.

    Parameters
    ----------
    orders : array, shape (weeks, cohorts)
        Orders of each week by the week in which their customers came; the last cohort came in the last week.
    came : array, shape (cohorts,)
        Customers who came then.

    Returns
    -------
    pair of arrays, shape (weeks,)
    """
    weeks, cohorts = orders.shape
    age = (cohorts - weeks + np.arange(weeks))[:, None] - np.arange(cohorts)[None, :]
    settled = age >= _SETTLED
    place = np.where(settled, age, 0)
    there = np.broadcast_to(came, orders.shape) * settled
    ordered = np.bincount(place.ravel(), (orders * settled).ravel(), cohorts)
    exposed = np.bincount(place.ravel(), there.ravel(), cohorts)
    rate = ordered / np.maximum(exposed, 1.0)
    return np.asarray((orders * settled).sum(axis=1)), np.asarray((there * rate[place]).sum(axis=1))


def usual_arrivals(arrivals: FloatArray) -> FloatArray:
    """The trend of customers who come without spend, shape (weeks,): what they would be if all weeks were alike."""
    weeks = arrivals.size
    if arrivals.sum() < _FEWEST_ORDERS:
        return np.full(weeks, float(arrivals.mean()))
    time = np.vander(np.linspace(-1.0, 1.0, weeks), 2)
    root = np.sqrt(arrivals + 0.5)
    slope = np.linalg.lstsq(time * root[:, None], np.log(arrivals + 0.5) * root, rcond=None)[0]
    trend = np.exp(time @ slope)
    return np.asarray(trend * arrivals.sum() / trend.sum())


class _Grid:
    """Days of whole weeks."""

    def __init__(self, first: dt.date, weeks: int) -> None:
        self.first, self.weeks = np.datetime64(first, "D"), weeks

    def by_channel(self, rows: dict[str, NDArray[Any]]) -> dict[Any, FloatArray]:
        """Sums of each day by channel; only channels with a day among them, empty names as None."""
        days = (rows["day"].astype("datetime64[D]") - self.first).astype(np.int64)
        inside = (days >= 0) & (days < 7 * self.weeks)
        found: dict[Any, FloatArray] = {}
        names = np.array([None if name is None or name != name else str(name) for name in rows["channel"].tolist()])  # noqa: PLR0124
        for name in dict.fromkeys(names[inside].tolist()):
            mine = inside & np.array([one == name for one in names])
            found[name] = self.daily(days[mine], rows["amount"][mine])
        return found

    def daily(self, days: IntArray, amounts: NDArray[Any]) -> FloatArray:
        """Sums of each day."""
        return np.asarray(np.bincount(days, amounts.astype(np.float64), 7 * self.weeks), dtype=np.float64)

    def weekly(self, daily: FloatArray) -> FloatArray:
        """Sums of weeks."""
        return np.asarray(daily.reshape(self.weeks, 7).sum(axis=1))


def _demand(engine: Engine, purchases: str, came: str, grid: _Grid, free: FloatArray) -> FloatArray:
    """How busy each week was: orders of settled customers, and new ones of channels without spend."""
    first = literal(str(grid.first))
    rows = engine.columns(
        fill(
            template(PACKAGE, "settled_orders"),
            purchases=purchases, newcomers=quoted(came), first=first,
        )
    )  # fmt: skip
    cohorts = engine.columns(
        f"SELECT CAST(floor(date_diff('day', DATE {first}, first_day) / 7.0) AS INTEGER) AS came, "
        f"count(*) AS customers FROM {quoted(came)} GROUP BY came"
    )
    oldest = int(cohorts["came"].min())
    size = grid.weeks - min(oldest, 0)
    people, bought = np.zeros(size), np.zeros((grid.weeks, size))
    inside = cohorts["came"] < grid.weeks
    people[cohorts["came"][inside].astype(np.int64) - min(oldest, 0)] = cohorts["customers"][inside]
    inside = (rows["week"] < grid.weeks) & (rows["came"] < grid.weeks)
    week, cohort = (rows[name][inside].astype(np.int64) for name in ("week", "came"))
    bought[week, cohort - min(oldest, 0)] = rows["orders"][inside]
    seen, usual = settled_orders(bought, people)
    return demand_index(seen + free, usual + usual_arrivals(free))


def _date(moment: Any) -> dt.date:
    found: dt.date = np.datetime64(moment, "D").astype(object)
    return found
