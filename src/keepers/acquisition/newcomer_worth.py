"""What a new customer of each channel is worth, with its own uncertainty: what they brought against what was expected.

Customers of a channel have had different times to buy. Each is compared with what the model of all customers expects
of a new one in the same time; the ratio of the channel, drawn towards that of all as far as few customers make it
uncertain, scales the value of a new customer over the whole horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.acquisition.origins import PACKAGE
from keepers.acquisition.results import ChannelEconomics
from keepers.data.engine import literal, quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit, days
from keepers.summaries.purchases import money_of
from keepers.valuation.new_customers import new_customer_value
from keepers.valuation.values import Values

_NODES = 25
_Z = 1.2815515655446004
"""Standard errors on either side in an interval of 80%."""
_TYPICAL, _DEGREES = 0.3, 2.0
"""A weak belief about how much channels differ, worth two channels."""


@dataclass(frozen=True, eq=False)
class NewcomerWorth:
    """What a new customer of each channel is worth.

    Attributes
    ----------
    channels : tuple of str
        Which.
    horizon : Horizon
        How far value looks, from the first order on.
    mean, relative_error : arrays, shape (channels,)
        Expected value, and the standard deviation of its logarithm.
    customers : array, shape (channels,)
        On how many customers it rests.
    course : array, shape (channels, nodes)
        Value within growing parts of the horizon, from the first order alone to the whole.
    course_days : array, shape (nodes,)
        Their lengths.
    currency : str
        Of the money.
    basis : MoneyBasis
        What the money is.
    """

    channels: tuple[str, ...]
    horizon: Horizon
    mean: FloatArray
    relative_error: FloatArray
    customers: FloatArray
    course: FloatArray
    course_days: FloatArray
    currency: str
    basis: MoneyBasis

    def as_valued(self, found: ChannelEconomics) -> NewcomerWorth:
        """The same with the value that another look at the channels has found, where it has any.

        Raises
        ------
        InputError
            Its value looks otherwise far ahead, or is in another basis.
        """
        spans = (found.horizon.days, found.lifetime_horizon.days)
        if self.horizon.days not in spans or found.basis is not self.basis:
            raise InputError(
                f"The economics of channels value {found.horizon} and {found.lifetime_horizon} in {found.basis.value}, "
                f"here {self.horizon} in {self.basis.value} are asked. Make both alike."
            )
        mean, error, course = self.mean.copy(), self.relative_error.copy(), self.course.copy()
        rows = {row.label: row for row in found.rows}
        for place, channel in enumerate(self.channels):
            if channel not in rows:
                continue
            row = rows[channel]
            value = row.predicted if self.horizon.days == spans[0] else row.lifetime
            if value is not None and value.low > 0:
                course[place] *= value.value / mean[place]
                if row.course is not None:
                    course[place] = _followed(course[place], self.course_days, row.course.value)
                mean[place] = value.value
                error[place] = np.log(value.high / value.low) / (2 * _Z)
        return replace(self, mean=mean, relative_error=error, course=course)

    def within(self, horizon: Horizon) -> FloatArray:
        """Expected value within a part of the horizon, undiscounted, shape (channels,)."""
        return np.array([np.interp(horizon.days, self.course_days, row) for row in self.course])

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Equally likely values, shape (channels, count), with the stated mean."""
        noise = rng.standard_normal((len(self.channels), count))
        spread = self.relative_error[:, None]
        return np.asarray(self.mean[:, None] * np.exp(spread * noise - 0.5 * spread**2))


def _followed(course: FloatArray, days_of: FloatArray, by_month: FloatArray) -> FloatArray:
    """A course that follows another one, by month of age, as far as that is known, and its own growth after it."""
    ages = np.arange(by_month.size) * TimeUnit.MONTH.days
    last = float(np.interp(ages[-1], days_of, course))
    known = days_of <= ages[-1]
    return np.where(known, np.interp(days_of, ages, by_month), by_month[-1] + np.maximum(course - last, 0.0))


def newcomer_worth(
    source: Any, values: Values, came: str, channels: Sequence[str], horizon: Horizon | None = None
) -> NewcomerWorth:
    """Value new customers of channels.

    Parameters
    ----------
    source : Dataset or Store
        With the orders that the values were made of.
    values : Values
        With money.
    came : str
        Table of each customer's `first_day` and `channel`, see `keepers.acquisition.origins`.
    channels : sequence of str
        Which; those of whom no customer is known get the value of all.
    horizon : Horizon, optional
        How far; that of the values without it.

    Raises
    ------
    InputError
        Without money.
    """
    if not values.has_money:
        raise InputError(
            "A budget weighs money against the value of new customers, and the orders carry no amounts. Name the "
            "column that holds them: --amount COLUMN."
        )
    facts = values.facts
    span = horizon or facts.horizon
    last = facts.summary.calibration_end
    assert last is not None
    money, _ = money_of(source.orders, facts.margin, last)
    rows = values.engine.columns(
        fill(
            template(PACKAGE, "worth_by_age"), newcomers=quoted(came), last=literal(last.isoformat()),
            purchases=source.orders.purchases_sql(last), money=f"({money}) * {facts.margin.factor!r}",
            days=str(round(span.days)),
        )
    )  # fmt: skip
    new = new_customer_value(values, span)
    nodes, course = _course(values, span, new.repeat_value.value, new.repeat_orders.value, new.first_order)
    expected = np.interp(rows["age"].astype(np.float64), nodes, course)
    names = np.array([None if name is None or name != name else str(name) for name in rows["channel"].tolist()])  # noqa: PLR0124
    every = np.ones(names.size, dtype=bool)
    whole, whole_error, _ = _ratio(rows, expected, every)
    wanted = [np.array([name == channel for name in names], dtype=bool) for channel in channels]
    found = [_ratio(rows, expected, mine) for mine in wanted]
    ratio, error = _shrunk(np.array([one[0] for one in found]), np.array([one[1] for one in found]), whole, whole_error)
    drawn = (new.total.high - new.total.low) / (2 * _Z * new.total.value)
    error = np.sqrt(error**2 + (drawn if np.isfinite(drawn) else 0.0) ** 2)
    return NewcomerWorth(
        tuple(channels), span, ratio * new.total.value, error, np.array([one[2] for one in found]),
        ratio[:, None] * course, nodes, values.currency, values.basis,
    )  # fmt: skip


def _course(
    values: Values, span: Horizon, repeat_value: float, repeat_orders: float, first: float
) -> tuple[FloatArray, FloatArray]:
    """Undiscounted value of a new customer within growing times, by the model of all."""
    buying: Any = values.facts.buying
    nodes = span.days * np.linspace(0.0, 1.0, _NODES) ** 1.5
    orders = [0.0, *(float(buying.expected_purchases_new_customer(days(float(node)))) for node in nodes[1:])]
    each = repeat_value / repeat_orders if repeat_orders > 0 else 0.0
    return nodes, first + each * np.array(orders)


def _ratio(rows: dict[str, Any], expected: FloatArray, mine: FloatArray) -> tuple[float, float, float]:
    """What some customers brought over what was expected, its relative error, and how many they are."""
    count = rows["customers"][mine].astype(np.float64)
    customers = float(count.sum())
    base = float(count @ expected[mine])
    brought = float(rows["money"][mine].sum())
    if customers < 2 or base <= 0 or brought <= 0:
        return 1.0, np.inf, customers
    ratio = brought / base
    away = (
        rows["squares"][mine] - 2 * ratio * expected[mine] * rows["money"][mine] + count * (ratio * expected[mine]) ** 2
    ).sum()
    # The usual correction of a ratio's variance for the customers it was taken from.
    return ratio, float(np.sqrt(max(away, 0.0) * customers / (customers - 1)) / brought), customers


def _shrunk(ratio: FloatArray, error: FloatArray, whole: float, whole_error: float) -> tuple[FloatArray, FloatArray]:
    """Logarithms of the channels' ratios drawn towards that of all, and their errors (DerSimonian and Laird 1986)."""
    known = np.isfinite(error)
    away = np.where(known, np.log(ratio / whole), 0.0)
    tau = _TYPICAL**2
    for _ in range(50):
        part = np.where(known, tau / (tau + np.where(known, error, 1.0) ** 2), 0.0)
        left = np.where(known, part * np.where(known, error, 0.0) ** 2, 0.0)
        found = float(((part * away) ** 2 + left)[known].sum() + _DEGREES * _TYPICAL**2) / (known.sum() + _DEGREES)
        if abs(found - tau) < 1e-6:
            break
        tau = found
    part = np.where(known, tau / (tau + np.where(known, error, 1.0) ** 2), 0.0)
    spread = np.where(known, part * np.where(known, error, 0.0) ** 2, tau)
    whole_part = (1.0 - part) * (whole_error if np.isfinite(whole_error) else 0.0)
    return np.asarray(whole * np.exp(part * away)), np.asarray(np.sqrt(spread + whole_part**2))
