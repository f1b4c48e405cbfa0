"""What customers are worth now, by the models of the newest run and what they have ordered since."""

from __future__ import annotations

import bisect
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, quoted
from keepers.domain.errors import InputError
from keepers.domain.live import History
from keepers.domain.money import Margin, annual_rate
from keepers.domain.reach import Reach, reaches
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import load_model
from keepers.summaries.live_summary import live_summary
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.tiers import TierRule

_WANTED = (
    "days_since_last_order", "probability_alive", "churn_probability", "expected_orders", "expected_orders_low",
    "expected_orders_high", "expected_next_order_date",
)  # fmt: skip
_OF_MONEY = ("expected_order_value", "clv_historic", "clv_lifetime", "clv_infinite")


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a run mean, as the running system keeps it beside them.

    Attributes
    ----------
    currency, basis : str or None
        Of money; None without.
    value : str
        Name of the column of predicted value.
    horizon, lifetime : Horizon
        How far "predicted" and "lifetime" reach.
    also : Horizon or None
        The second horizon at which customers are valued; None where the run kept none beside its own.
    other_thresholds : mapping of str to tuple of float
        Values within the other horizons, by name, at every whole percentile when the run was made.
    learned : str
        Name of the column of learned value; empty where the run learned none.
    rates : mapping of str to float
        What one unit of other currencies is worth in the run's, as its user said.
    discount : float
        A year.
    margin : Margin
        From revenue to contribution.
    contribution : float
        Contribution of a unit of revenue, where the run had costs of each order.
    unit : TimeUnit
        Of the models.
    thresholds : tuple of float
        Values at the percentiles 0 to 100 when the run was made, which hold until the next.
    interval_levels : dict or None
        What the backtest says of intervals.
    """

    currency: str | None
    basis: str | None
    value: str
    horizon: Horizon
    lifetime: Horizon
    discount: float
    margin: Margin
    contribution: float
    unit: TimeUnit
    thresholds: tuple[float, ...]
    interval_levels: dict[float, float] | None
    also: Horizon | None = None
    other_thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    learned: str = ""

    @property
    def reaches(self) -> tuple[Reach, ...]:
        """The horizons at which customers are valued, the nearest first; the run's own alone without money."""
        if self.also is None or self.currency is None:
            return (Reach(self.horizon),)
        return reaches(self.horizon, self.also, self.lifetime)

    def thresholds_of(self, reach: Reach) -> tuple[float, ...]:
        """Values within a horizon at evenly spread percentiles when the run was made; empty where nobody kept them."""
        return self.thresholds if reach.own else tuple(self.other_thresholds.get(reach.name, ()))

    @property
    def in_columns(self) -> frozenset[str]:
        """Columns of a run that live customers have as columns of their own, under other names."""
        own = {self.value, f"{self.value}_low", f"{self.value}_high"}
        return frozenset(own | {value_of(one) for one in self.reaches if not one.own})

    def reach(self, name: str) -> Reach | None:
        """The horizon of a name in an address, the run's own without one; None where customers are not valued at it."""
        return next((one for one in self.reaches if (one.name == name if name else one.own)), None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "currency": self.currency, "basis": self.basis, "value": self.value, "horizon": _said(self.horizon),
            "lifetime": _said(self.lifetime), "discount": self.discount, "margin_rate": self.margin.rate,
            "margin_per_order": self.margin.per_order, "contribution": self.contribution, "unit": self.unit.value,
            "thresholds": list(self.thresholds), "also": None if self.also is None else _said(self.also),
            "rates": dict(self.rates), "learned": self.learned,
            "other_thresholds": {name: list(some) for name, some in self.other_thresholds.items()},
            "interval_levels": None
            if self.interval_levels is None
            else [[level, own] for level, own in self.interval_levels.items()],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Meaning:
        """From what `to_dict` gave."""
        levels = said["interval_levels"]
        return cls(
            said["currency"], said["basis"], said["value"], _heard(said["horizon"]), _heard(said["lifetime"]),
            said["discount"], Margin(said["margin_rate"], said["margin_per_order"]), said["contribution"],
            TimeUnit.parse(said["unit"]), tuple(said["thresholds"]),
            None if levels is None else dict(levels), None if said.get("also") is None else _heard(said["also"]),
            {name: tuple(some) for name, some in said.get("other_thresholds", {}).items()},
            dict(said.get("rates", {})), said.get("learned", ""),
        )  # fmt: skip

    def percentile(self, value: float) -> float:
        """The share of customers, in per cent, who were worth less when the run was made."""
        return 100.0 * bisect.bisect_left(self.thresholds, value) / max(len(self.thresholds), 1)


class LiveValuer:
    """Values customers by the models of a run.

    Parameters
    ----------
    folder : Path
        The run's folder of results.
    meaning : Meaning
        What its numbers mean.

    Raises
    ------
    InputError
        If the folder has no models of buying that can value a customer by the history alone.
    """

    def __init__(self, folder: Path, meaning: Meaning) -> None:
        buying = load_model(folder / "model-buying.json")
        if not isinstance(buying, BuyingModel):
            raise InputError(f"{folder} has no model of buying.")
        if getattr(buying, "needed_attributes", ()):
            raise InputError(
                f"The model of {folder} asks for attributes of a customer, which events do not carry; values follow "
                "with the next run."
            )
        self._buying = buying
        path = folder / "model-spend.json"
        self._spending: Any = load_model(path) if path.exists() and meaning.currency is not None else None
        self.meaning = meaning

    def value(self, histories: Mapping[str, History], day: dt.date) -> dict[str, dict[str, Any]]:
        """Columns of a table of customers for each of some, seen from a day."""
        if not histories:
            return {}
        told, money = self.meaning, self._spending is not None
        column = told.value
        wanted = [*_WANTED, *((column, f"{column}_low", f"{column}_high", *_OF_MONEY) if money else ())]
        further = money and told.also is not None
        if further:
            wanted += [name for one in told.reaches for name in columns_of(one) if name not in wanted]
        # An engine of its own, so that nothing of one valuation is left to the next.
        engine = Engine(threads=1)
        try:
            summary = live_summary(engine, histories, day, told.unit, told.currency or "unspecified", told.margin)
            values = lifetime_value(
                self._buying, self._spending, summary, told.horizon, annual_rate(told.discount),
                lifetime=told.lifetime, lifetime_interval=further, also=told.also if further else None,
                interval_levels=told.interval_levels, columns=wanted,
            )  # fmt: skip
            names = values.columns
            found = engine.rows(f"SELECT {', '.join(quoted(name) for name in names)} FROM {quoted(values.name)}")
        finally:
            engine.close()
        rows = (dict(zip(names, row, strict=True)) for row in found)
        return {row.pop("customer_key"): self._ranked(row) for row in rows}

    def _ranked(self, row: dict[str, Any]) -> dict[str, Any]:
        value = row.get(self.meaning.value)
        if value is not None and self.meaning.thresholds:
            percentile = self.meaning.percentile(float(value))
            row["clv_percentile"] = percentile
            row["clv_tier"] = TierRule().of(min(percentile, 100.0))
        return row


def meaning_of(folder: Path, thresholds: tuple[float, ...], value: str, contribution: float) -> Meaning:
    """What a folder of results says of its numbers."""
    said = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    money, test = said["money"], said["backtest"]
    unit = TimeUnit.parse(said["models"].get("buying", {"unit": "day"})["unit"])
    return Meaning(
        None if money is None else money["currency"],
        None if money is None else money["basis"],
        value,
        _horizon(said["horizon"], DEFAULT_HORIZON),
        LIFETIME_CAP if money is None else _horizon(money["lifetime"], LIFETIME_CAP),
        0.1 if money is None else float(money["discount_annual"]),
        Margin() if money is None else Margin(money["margin_rate"], money["margin_per_order"]),
        contribution,
        unit,
        thresholds,
        None if test is None else {float(level): float(own) for level, own in test["interval_levels"].items()},
        None if said.get("also") is None else _horizon(said["also"], DEFAULT_HORIZON),
        rates={} if money is None else money.get("rates", {}),
    )


def columns_of(reach: Reach) -> tuple[str, ...]:
    """Columns of a run that are of a horizon other than its own: the value, and what is beside it."""
    beside = tuple(name for name in (reach.low, reach.high, reach.orders) if name)
    return () if reach.own else (value_of(reach), *beside)


def value_of(reach: Reach) -> str:
    """The run's column with the value within a horizon other than its own."""
    if reach.horizon is None:
        return "clv_infinite"
    return "clv_lifetime" if reach.column == "value_lifetime" else f"clv_predicted_{reach.name}"


def _horizon(told: Mapping[str, Any] | None, otherwise: Horizon) -> Horizon:
    return otherwise if told is None else Horizon(told["length"], TimeUnit.parse(told["unit"]))


def _said(horizon: Horizon) -> dict[str, Any]:
    return {"length": horizon.length, "unit": horizon.unit.value}


def _heard(told: Mapping[str, Any]) -> Horizon:
    return Horizon(told["length"], TimeUnit.parse(told["unit"]))
