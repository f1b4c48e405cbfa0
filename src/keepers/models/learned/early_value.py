"""What a customer will be worth in the first year, said in the first days, learned from those who are older by now."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError, FitError, InputError, NotFittedError
from keepers.domain.money import Margin
from keepers.domain.time import DEFAULT_HORIZON, Horizon, ObservationWindow, TimeUnit, days, parse_day
from keepers.models import persistence
from keepers.models.learned.boosting import MOST_ROUNDS
from keepers.models.learned.heads import HeadName
from keepers.models.learned.learned_value import FEWEST_CUSTOMERS, LearnedValue
from keepers.summaries.features import Features, features_at_age
from keepers.summaries.purchases import PurchaseSource, day_literal, money_of, purchase_days_sql
from keepers.summaries.summary import summarise

FloatArray = NDArray[np.float64]

AGES = (0, 7, 28)
"""Ages, in days, at which customers are looked at."""

ENOUGH = 400
"""Customers with the whole horizon behind them that are enough not to learn from younger ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Early:
    """Customers at one age, with what they brought before and after.

    Attributes
    ----------
    keys, started : arrays, shape (n,)
        Customers and the days of their first purchases.
    so_far, ahead : arrays, shape (n,)
        Money up to the age, and from then to the end of the horizon.
    features : Features
        Of these customers, as known at the age.
    """

    keys: NDArray[Any]
    started: NDArray[np.datetime64]
    so_far: FloatArray
    ahead: FloatArray
    features: Features


class EarlyValue:
    """The value of customers over their first year, predicted at their first purchase, after a week and after a month.

    Use it for who to spend on while it matters most, and to see early which channel or product brings customers worth
    keeping. It learns, for each age, from customers who have lived through the whole horizon by now: younger ones, of
    whom the end is not known yet, are left out rather than counted as if nothing more came. Where too few are that old,
    a shorter horizon is learned and stretched by a stated factor.

    Parameters
    ----------
    ages : sequence of int
        Ages in days at which customers are looked at.
    horizon : Horizon
        Time from the first purchase that values cover.
    head, seed, rounds
        As for `keepers.LearnedValue`; the hurdle unless said otherwise.

    Attributes
    ----------
    models_ : dict of int to LearnedValue
        For each age, of the money that is still ahead.
    learned_horizon_ : Horizon
        How much of their life those it learned from had behind them.
    stretch_ : dict of int to float
        For each age, what the money ahead is multiplied with to reach the horizon: 1 where nothing is missing.
    multiples_ : dict of int to float
        For each age, whole value over early spend of those customers: the plain rule.
    sentence : str
        All of this in words.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.simulate import simulate_store
    >>> store = simulate_store(customers=300, seed=1)
    >>> early = kp.EarlyValue(ages=(28,), rounds=20).fit(store)
    >>> sorted(early.predict(store))[:4]
    ['age_days', 'customer_key', 'first_day', 'probability_of_purchase']
    """

    name: ClassVar[str] = "EarlyValue"
    title: ClassVar[str] = "early value"

    models_: dict[int, LearnedValue]
    learned_horizon_: Horizon
    stretch_: dict[int, float]
    multiples_: dict[int, float]

    def __init__(
        self,
        ages: Sequence[int] = AGES,
        horizon: Horizon = DEFAULT_HORIZON,
        *,
        head: HeadName | None = "hurdle",
        seed: int = 0,
        rounds: int = MOST_ROUNDS,
    ) -> None:
        self.ages = tuple(sorted({int(age) for age in ages}))
        if not self.ages or self.ages[0] < 0 or self.ages[-1] >= horizon.days:
            raise ConfigError(f"`ages` are days between 0 and the horizon ({horizon}), such as (0, 7, 28); not {ages}.")
        LearnedValue(head, seed=seed, rounds=rounds)
        self.horizon, self.head, self.seed, self.rounds = horizon, head, seed, rounds

    def __repr__(self) -> str:
        return f"EarlyValue(ages={self.ages}, horizon={self.horizon})"

    @property
    def sentence(self) -> str:
        """What was learned, in words."""
        self._check()
        counts = ", ".join(f"{model.n_customers_:,} on day {age}" for age, model in self.models_.items())
        told = f"The value of the first {self.horizon} is learned from customers that old ({counts})."
        if all(factor == 1.0 for factor in self.stretch_.values()):
            return told
        factors = ", ".join(f"{factor:.2f} on day {age}" for age, factor in self.stretch_.items())
        return (
            f"Too few customers are {self.horizon} old: the first {self.learned_horizon_} are learned from customers "
            f"that old ({counts}), and what is ahead is stretched by what MBG/NBD expects of new customers ({factors})."
        )

    def fit(
        self,
        source: Any,
        at: dt.date | str | None = None,
        margin: Margin | float | None = None,
        customers: Sequence[str] | NDArray[Any] | None = None,
    ) -> Self:
        """Learn from customers who are old enough.

        Parameters
        ----------
        source : Dataset, Store or Orders
            What `keepers.read` gives.
        at : date, optional
            Last day that may be known; the last of the data without it.
        margin : Margin or float, optional
            As for `keepers.lifetime_value`.
        customers : sequence of str, optional
            Whom to learn from; everybody without it.

        Raises
        ------
        InputError
            If fewer than 50 customers are old enough for any horizon worth learning.
        """
        orders = getattr(source, "orders", source)
        cut = orders.last_day if at is None else parse_day(at, "at")
        self.margin = margin if isinstance(margin, Margin) else Margin(margin)
        wanted = round(self.horizon.days)
        length = self._length(orders, cut, wanted)
        self.learned_horizon_ = days(length) if length < wanted else self.horizon
        self.models_, self.multiples_ = {}, {}
        self.stretch_ = dict.fromkeys(self.ages, 1.0)
        if length < wanted:
            self.stretch_ = _stretches(orders, cut, self.ages, length, self.horizon)
        latest = cut - dt.timedelta(days=length)
        for age in self.ages:
            early = early_customers(source, age, length, cut, self.margin, latest=latest, customers=customers)
            model = LearnedValue(self.head, seed=self.seed, rounds=self.rounds)
            self.models_[age] = model.fit(early.features, early.ahead, past="revenue" if _spent(early) else None)
            early.features.engine.drop(early.features.name)
            model.stretch_ = self.stretch_[age]
            spent, later = float(early.so_far.sum()), float(early.ahead.sum()) * model.stretch_
            self.multiples_[age] = (spent + later) / spent if spent > 0 else 1.0
        return self

    def predict(
        self,
        source: Any,
        age: int | None = None,
        level: float = 0.8,
        customers: Sequence[str] | NDArray[Any] | None = None,
    ) -> dict[str, Any]:
        """The value of customers over the horizon, as it could be said at an age.

        Parameters
        ----------
        source : Dataset, Store or Orders
            Where customers are; what happened to them after the age is not looked at.
        age : int, optional
            One of `ages`: everybody who is that old, as of then. Without it, each customer at the highest age that
            they have reached.
        level : float
            Of the intervals.
        customers : sequence of str, optional
            Of whom; of everybody without it.

        Returns
        -------
        dict
            `customer_key`, `first_day`, `age_days` (the age looked at), `so_far` (money up to then), `value` (that,
            and what is expected until the end of the horizon), `value_low`, `value_high`, `probability_of_purchase`
            (of anything more), and `value_by_multiple`, the plain rule: early spend times a multiple.
        """
        self._check()
        if age is not None and age not in self.models_:
            raise ConfigError(f"`age` is {age}; the model knows {', '.join(map(str, self.models_))} days.")
        orders = getattr(source, "orders", source)
        seen: NDArray[Any] = np.array([], dtype=object)
        parts: list[dict[str, Any]] = []
        for one in sorted(self.models_, reverse=True) if age is None else [age]:
            try:
                early = early_customers(source, one, one, orders.last_day, self.margin, customers=customers)
            except InputError:
                continue
            fresh = ~np.isin(early.keys.astype(str), seen.astype(str))
            parts.append({name: column[fresh] for name, column in self._said(one, early, level).items()})
            early.features.engine.drop(early.features.name)
            seen = early.keys
        if not parts:
            raise InputError(f"No customer is {min(self.models_)} days old yet.")
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.argsort(found["customer_key"].astype(str), kind="stable")
        return {name: column[order] for name, column in found.items()}

    def _said(self, age: int, early: Early, level: float) -> dict[str, Any]:
        told = self.models_[age].score(early.features, level)
        return {
            "customer_key": early.keys,
            "first_day": early.started,
            "age_days": np.full(early.keys.size, age),
            "so_far": early.so_far,
            **{name: early.so_far + told[name] for name in ("value", "value_low", "value_high")},
            "probability_of_purchase": told["probability_of_purchase"],
            "value_by_multiple": self.multiples_[age] * early.so_far,
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to a JSON file; `keepers.load_model` reads it."""
        self._check()
        return persistence.write(
            path,
            {
                "model": self.name,
                "settings": {"ages": list(self.ages), "head": self.head, "seed": self.seed, "rounds": self.rounds},
                "horizon": [self.horizon.length, self.horizon.unit.name],
                "learned_horizon": [self.learned_horizon_.length, self.learned_horizon_.unit.name],
                "margin": {"rate": self.margin.rate, "per_order": self.margin.per_order},
                "multiples": {str(age): value for age, value in self.multiples_.items()},
                "models": {str(age): model.to_dict() for age, model in self.models_.items()},
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The model that `save` wrote."""
        horizon, learned = (Horizon(float(n), TimeUnit[unit]) for n, unit in (data["horizon"], data["learned_horizon"]))
        model = cls(horizon=horizon, **data["settings"])
        model.margin = Margin(**data["margin"])
        model.learned_horizon_ = learned
        model.models_ = {int(age): LearnedValue.from_dict(one) for age, one in data["models"].items()}
        model.stretch_ = {age: one.stretch_ for age, one in model.models_.items()}
        model.multiples_ = {int(age): float(value) for age, value in data["multiples"].items()}
        return model

    def _length(self, orders: PurchaseSource, cut: dt.date, wanted: int) -> int:
        """Days of life that enough customers have behind them; the whole horizon where these are many."""
        starts = _starts(orders, cut)
        ages = np.sort((np.datetime64(cut, "D") - starts).astype(np.int64))[::-1]
        if np.sum(ages >= wanted) >= min(ENOUGH, max(FEWEST_CUSTOMERS, ages.size // 5)):
            return wanted
        least = min(ages.size, max(FEWEST_CUSTOMERS, min(ENOUGH, ages.size // 3)))
        length = int(min(ages[least - 1], wanted)) if ages.size >= FEWEST_CUSTOMERS else 0
        if length <= 2 * self.ages[-1] or length < 14:
            raise InputError(
                f"On {cut} too few customers have lived long enough to learn from: {FEWEST_CUSTOMERS} are needed who "
                f"first bought well over {max(2 * self.ages[-1], 14)} days before. Look at younger ages (`ages`), or "
                "wait."
            )
        return length

    def _check(self) -> None:
        if not hasattr(self, "models_"):
            raise NotFittedError(self.name)


def early_customers(
    source: Any,
    age: int,
    length: int,
    cut: dt.date,
    margin: Margin,
    *,
    latest: dt.date | None = None,
    earliest: dt.date | None = None,
    customers: Sequence[str] | NDArray[Any] | None = None,
) -> Early:
    """Customers at an age, their features then, and their money before and after.

    Parameters
    ----------
    age, length : int
        Days after the first purchase at which they are looked at, and up to which money counts.
    cut : date
        Last day that may be known.
    latest, earliest : date, optional
        Of first purchases.
    customers : sequence of str, optional
        Of whom.
    """
    orders = getattr(source, "orders", source)
    features = features_at_age(source, age, customers=customers)
    wanted = [f"CAST(first_day AS DATE) <= {day_literal(latest or cut - dt.timedelta(days=age))}"]
    wanted += [] if earliest is None else [f"CAST(first_day AS DATE) >= {day_literal(earliest)}"]
    engine = features.engine
    kept = Features(
        engine,
        engine.create(
            engine.new_name("features"),
            f"SELECT * FROM {features.name} AS feature WHERE {' AND '.join(wanted)}",
        ),
        None,
        list(features.catalogue.values()),
        age,
    )
    engine.drop(features.name)
    money, _ = money_of(orders, margin, cut)
    spent = engine.columns(
        f"""SELECT feature.customer_key, min(CAST(feature.first_day AS DATE)) AS first_day,
                CAST(sum(CASE WHEN day <= feature.first_day + {age} THEN money ELSE 0 END) AS DOUBLE) AS so_far,
                CAST(sum(CASE WHEN day > feature.first_day + {age} AND day <= feature.first_day + {length}
                    THEN money ELSE 0 END) AS DOUBLE) AS ahead
            FROM {kept.name} AS feature
            LEFT JOIN ({purchase_days_sql(orders, cut, money=money)}) AS spent
                ON spent.customer_key = feature.customer_key
            GROUP BY feature.customer_key ORDER BY feature.customer_key"""
    )
    if not spent["customer_key"].size:
        engine.drop(kept.name)
        raise InputError(f"Nobody who first bought in time was {age} days old on {cut}.")
    so_far, ahead = (margin.factor * np.ma.filled(spent[name], 0.0).astype(np.float64) for name in ("so_far", "ahead"))
    started = np.asarray(spent["first_day"]).astype("datetime64[D]")
    return Early(spent["customer_key"], started, np.nan_to_num(so_far), np.nan_to_num(ahead), kept)


def _starts(orders: PurchaseSource, cut: dt.date) -> NDArray[np.datetime64]:
    found = orders.engine.columns(
        f"SELECT min(purchased_on) AS first_day FROM ({purchase_days_sql(orders, cut)}) AS spent "
        "GROUP BY customer_key HAVING min(purchased_on) IS NOT NULL"
    )
    return np.asarray(found["first_day"]).astype("datetime64[D]")


def _stretches(
    orders: PurchaseSource, cut: dt.date, ages: Sequence[int], length: int, horizon: Horizon
) -> dict[int, float]:
    """For each age, purchases that MBG/NBD expects of a new customer from it to the horizon, over those to `length`."""
    from keepers.models.btyd.mbg_nbd import MBGNBD

    summary = summarise(orders, ObservationWindow(end=cut))
    try:
        model = MBGNBD().fit(summary)
        if not model.outcome_.usable:
            raise FitError(model.outcome_.value)

        def expected(length_: float) -> float:
            return model.expected_purchases_new_customer(days(length_)) if length_ > 0 else 0.0

        short, long = expected(length), expected(horizon.days)
        return {age: (long - expected(age)) / (short - expected(age)) for age in ages}
    except FitError:
        return {age: (horizon.days - age) / (length - age) for age in ages}
    finally:
        summary.engine.drop(summary.name)


def _spent(early: Early) -> bool:
    return "revenue" in early.features.names and bool(early.so_far.sum() > 0)
