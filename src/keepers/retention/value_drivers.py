"""Drivers of a shop's value from its data: what was known of customers early on, and what they brought afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.data.orders import Orders
from keepers.domain.assignment import uniform_of
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.money import Margin, MoneyBasis
from keepers.retention.drivers import (
    FEWEST,
    Contrast,
    Driver,
    Proposal,
    adjusted_driver,
    experimental_drivers,
    predictive_drivers,
    proposals,
)
from keepers.retention.effects import OfferEffects
from keepers.retention.known import KnownColumns, known_columns
from keepers.retention.trials import PACKAGE
from keepers.summaries.feature_sources import Shop, orders_of
from keepers.summaries.features import OTHER, Features, features_at_age
from keepers.summaries.purchases import day_literal, money_of

AGE = 28
"""Days of a customer's life from which drivers are read."""
HORIZON = 180
"""Days after them in which value is counted."""
MOST = 100_000
"""Customers who are looked at: more would say the same, and take longer."""
_KINDS = 3
_YEAR = 365
_EARLY = (
    "first_", "acquisition_", "country", "region", "of_business", "touches_before", "channels_before", "referred",
)  # fmt: skip
"""Beginnings of columns that are known with the first order."""
_ORDER = ("first_product", "first_category", "first_amount", "first_con", "first_mar", "first_lines", "first_pieces")
_CHANNEL = (
    "first_channel", "first_campaign", "acquisition_", "first_touch", "first_landing", "first_visit", "first_page",
    "first_device", "touches_before", "channels_before", "referred",
)  # fmt: skip
_SPEND = "spend more on it in weeks or regions drawn by lot"
_CAUSES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("first_category", "first category", _ORDER, "show it first to half of new visitors, drawn by lot"),
    ("first_channel", "channel of the first order", _CHANNEL, _SPEND),
    ("acquisition_channel", "channel that brought the customer", _CHANNEL, _SPEND),
    (
        "first_coupon", "a coupon with the first order", ("first_coupon", "first_discount", *_ORDER[2:]),
        "offer one to half of new visitors, drawn by lot",
    ),
    (
        "complaints", "a complaint in the first weeks", ("complaint",),
        "answer half of the complaints, drawn by lot, with a call",
    ),
    (
        "feature_use_count", "use of features in the first weeks", ("feature_use",),
        "introduce half of new customers to them, drawn by lot",
    ),
    ("referred", "brought by another customer", _CHANNEL, ""),
)  # fmt: skip
"""Columns that can be drivers, their words, the beginnings of columns that say the same or come of it, and a test.

Who was brought by another customer cannot be drawn by lot: asking customers to bring friends is another question.
"""


@dataclass(frozen=True, eq=False)
class Drivers:
    """What drives the value of a shop's customers.

    Attributes
    ----------
    predictive, adjusted, experimental : tuple of Driver
        By grade, the largest first.
    proposals : tuple of Proposal
        Experiments that adjusted drivers deserve.
    customers : int
        Customers old enough, whom the counts of drivers are of.
    sample : int
        So many of them, drawn by lot, were looked at; all where they are few. Counts of drivers are scaled to all.
    age, horizon : int
        Days of life from which drivers are read, and days after them in which value is counted.
    currency : str
    basis : MoneyBasis
    """

    predictive: tuple[Driver, ...]
    adjusted: tuple[Driver, ...]
    experimental: tuple[Driver, ...]
    proposals: tuple[Proposal, ...]
    customers: int
    age: int
    horizon: int
    currency: str
    basis: MoneyBasis
    sample: int


def value_drivers(
    source: Shop | Orders,
    *,
    age: int = AGE,
    horizon: int = HORIZON,
    margin: Margin | None = None,
    effects: OfferEffects | None = None,
    most: int | None = MOST,
) -> Drivers:
    """Find what drives the value of customers.

    What is known of each customer at the age of `age` days is set against what they brought in the `horizon` days
    after that: first category, channel, coupons, complaints, use of features, being referred. Customers are made
    comparable in what was known with the first order and is no part of the driver itself.

    Parameters
    ----------
    source : Dataset, Store or Orders
    age, horizon : int
        In days.
    margin : Margin, optional
        What is left of revenue; each order's own contribution where orders carry one, else net revenue.
    effects : OfferEffects, optional
        Of an experiment, whose offers are drivers of the experimental grade.
    most : int, optional
        Of more customers a sample of so many is looked at, drawn by a hash of their keys; None looks at everybody.

    Raises
    ------
    InputError
        Fewer than 80 customers are old enough, or there is no money.
    """
    orders = orders_of(source)
    if not orders.has_money:
        raise InputError("Drivers are of value in money, and the orders carry no amounts.")
    last = orders.last_day
    drawn, share = _drawn(orders, last - dt.timedelta(days=age + horizon), most)
    features = features_at_age(source, age, customers=drawn)
    keys, rows = features.matrix()
    money, _ = money_of(orders, chosen := margin or Margin(per_order=orders.has_contribution), last)
    found = features.engine.columns(
        fill(
            template(PACKAGE, "value_after"),
            money=money, features=quoted(features.name), purchases=orders.purchases_sql(), days=str(int(horizon)),
        )
    )  # fmt: skip
    until = np.datetime64(last - dt.timedelta(days=horizon))
    old = found["as_of"].astype("datetime64[D]") <= until
    if int(old.sum()) < 2 * FEWEST:
        raise InputError(
            f"{int(old.sum())} customers came {age + horizon} days or more before the last order; at least "
            f"{2 * FEWEST} are needed. Give a shorter `horizon`."
        )
    assert keys.size == found["customer_key"].size
    rows, outcome = rows[old], found["value"][old] * chosen.factor
    known = known_columns(rows, features.names, features.levels)
    moving = [place for place in range(len(known.names)) if _varies(known.rows[:, place])]
    labels = [_labelled(features, known, place) for place in moving]
    predictive = predictive_drivers(known.rows[:, moving], labels, outcome)
    adjusted = [adjusted_driver(contrast, known.rows, outcome) for contrast in _contrasts(known)]
    ordered = tuple(sorted(adjusted, key=lambda driver: -abs(driver.gain)))
    tried = () if effects is None else experimental_drivers(effects.mean_effects(), effects.trial.size)
    seen = int(old.sum())
    every = round(seen / share)
    predictive, ordered = _of_all(predictive, seen, every), _of_all(ordered, seen, every)
    planned = proposals(ordered, float(outcome.std()), horizon, _new_a_year(orders))
    return Drivers(predictive, ordered, tried, planned, every, age, horizon, orders.currency, chosen.basis, seen)


def _new_a_year(orders: Orders) -> float:
    """Customers whose first order was in the last year; of a shorter time as many as would come in a year like it."""
    first = f"SELECT customer_key, min(day) AS first_day FROM ({orders.purchases_sql()}) AS purchase GROUP BY 1"
    days = min(_YEAR, (orders.last_day - orders.first_day).days + 1)
    since = day_literal(orders.last_day - dt.timedelta(days=days))
    new = orders.engine.row(f"SELECT count(*) FROM ({first}) AS start WHERE first_day > {since}")[0]
    return float(new) * _YEAR / days


def _drawn(orders: Orders, until: dt.date, most: int | None) -> tuple[NDArray[Any] | None, float]:
    """Who is looked at of those whose first order was by a day, and their share; None where all are."""
    if most is None:
        return None, 1.0
    first = f"SELECT customer_key, min(day) AS first_day FROM ({orders.purchases_sql()}) AS purchase GROUP BY 1"
    old = f"FROM ({first}) AS start WHERE first_day <= {day_literal(until)}"
    count = int(orders.engine.row(f"SELECT count(*) {old}")[0])
    if count <= most:
        return None, 1.0
    keys = orders.engine.columns(f"SELECT customer_key {old} ORDER BY 1")["customer_key"]
    lots = uniform_of(keys, "drivers")
    chosen = lots <= np.partition(lots, most - 1)[most - 1]
    return keys[chosen], float(chosen.mean())


def _of_all(drivers: tuple[Driver, ...], seen: int, every: int) -> tuple[Driver, ...]:
    """Drivers whose counts are of all customers, where only some were looked at."""
    counts = [round(one.customers * every / seen) for one in drivers]
    return tuple(
        replace(one, customers=count, without=every - count) for one, count in zip(drivers, counts, strict=True)
    )


def _varies(column: FloatArray) -> bool:
    known = column[np.isfinite(column)]
    return known.size >= FEWEST and float(np.ptp(known)) > 0


def _labelled(features: Features, known: KnownColumns, place: int) -> tuple[str, str]:
    """Key and words of a column."""
    name, label = known.names[place], known.labels[place]
    meaning = features.catalogue[name].meaning
    return (f"{name}:{label}", f"{meaning}: {label}") if label else (name, meaning)


def _contrasts(known: KnownColumns) -> list[Contrast]:
    """The contrasts that have customers enough on both sides; of a category its largest labels."""
    found = []
    for name, words, same, test in _CAUSES:
        if name == "acquisition_channel" and "first_channel" in known.names:
            continue
        places = [place for place, owner in enumerate(known.names) if owner == name and known.labels[place] != OTHER]
        sizes = [float(np.nan_to_num(known.rows[:, place]).sum()) for place in places]
        for _, place in sorted(zip(sizes, places, strict=True), reverse=True)[:_KINDS]:
            label = known.labels[place]
            has = np.nan_to_num(known.rows[:, place]) > 0
            key, said = (f"{name}:{label}", f"{words}: {label}") if label else (name, words)
            if min(int(has.sum()), int((~has).sum())) >= FEWEST:
                found.append(Contrast(key, said, has, _before(known, same), test))
    return found


def _before(known: KnownColumns, same: Sequence[str]) -> tuple[int, ...]:
    """Columns known with the first order that are neither the driver nor say the same or come of it."""
    return tuple(
        place for place, name in enumerate(known.names) if name.startswith(_EARLY) and not name.startswith(tuple(same))
    )
