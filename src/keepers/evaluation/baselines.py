"""Naive rules beside the naive rate: what customers of the same age did before, and what each spent before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon
from keepers.models.baselines import poisson

AGE_BORDERS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Ages at which one group of customers ends and the next begins, as multiples of the horizon."""

FEWEST_CUSTOMERS = 30
"""A group of ages with fewer customers is joined to its neighbour."""


@dataclass(frozen=True, eq=False)
class PreviousPeriod:
    """What customers did in the time before the cut that is as long as the horizon, by their age when it began.

    Parameters
    ----------
    age : array, shape (m,)
        Age when that time began, in days.
    purchases : array, shape (m,)
        Purchases in it.
    customers : array, shape (m,)
        Customers of that age with so many purchases.
    money : array, shape (m,)
        Money of all of them in it.
    horizon : Horizon
        Its length.
    """

    age: FloatArray
    purchases: FloatArray
    customers: FloatArray
    money: FloatArray
    horizon: Horizon


class CohortMean:
    """Every customer does what customers of the same age did, on average, in the period before.

    The rule that a person without a model applies: the last half year's newcomers bought so often in their first
    half year, hence this half year's will too. Its forecast is the whole distribution of what those customers bought.
    Where nobody was a customer so early, it falls back to the mean rate of all customers.

    Attributes
    ----------
    borders_ : array, shape (g - 1,)
        Ages in days that divide customers into groups.
    mean_, money_ : arrays, shape (g,)
        Purchases and money a customer of each group in the horizon.
    counts_ : array, shape (g, m), or None
        Distribution of the purchases of each group; None where nobody can be compared.
    horizon_ : Horizon
        The one length of time that the rule can speak of.
    """

    name: ClassVar[str] = "CohortMean"
    title: ClassVar[str] = "same as earlier customers of that age"
    rule: ClassVar[str] = "customers buy as much as customers of the same age did in the period before"

    borders_: FloatArray
    mean_: FloatArray
    money_: FloatArray
    counts_: FloatArray | None
    horizon_: Horizon

    def __repr__(self) -> str:
        return "CohortMean()"

    def fit(self, data: Cells, before: PreviousPeriod) -> Self:
        """Divide earlier customers into groups of age and note what each did; `data` serves as the fallback."""
        self.horizon_ = before.horizon
        days = before.horizon.days
        borders = _borders(before, np.array(AGE_BORDERS) * days)
        group = np.searchsorted(borders, before.age, side="right")
        groups, customers = len(borders) + 1, float(before.customers.sum())
        if customers < FEWEST_CUSTOMERS:
            time = float(data.weight @ data.T) * data.unit.days
            rate = data.repeat_purchases / time if time > 0 else 0.0
            self.borders_, self.mean_, self.money_ = np.array([]), np.array([rate * days]), np.array([np.nan])
            self.counts_ = None
            return self
        width = int(before.purchases.max()) + 1
        counts = np.zeros((groups, width))
        np.add.at(counts, (group, before.purchases.astype(np.int64)), before.customers)
        size = counts.sum(axis=1)
        self.borders_ = borders
        self.counts_ = counts / size[:, None]
        self.mean_ = self.counts_ @ np.arange(width, dtype=np.float64)
        self.money_ = np.bincount(group, before.money, groups) / size
        return self

    def expected_purchases(self, data: Cells, horizon: Horizon) -> FloatArray:
        """Mean purchases of the customer's group of age."""
        self._check(horizon)
        return np.asarray(self.mean_[self._group(data)])

    def purchase_distribution(self, data: Cells, horizon: Horizon, max_purchases: int) -> FloatArray:
        """Distribution of what the customer's group of age bought, shape (n, max_purchases + 1)."""
        self._check(horizon)
        if self.counts_ is None:
            return poisson(self.expected_purchases(data, horizon), max_purchases)
        wide = np.zeros((len(self.counts_), max_purchases + 1))
        known = min(max_purchases + 1, self.counts_.shape[1])
        wide[:, :known] = self.counts_[:, :known]
        return np.asarray(wide[self._group(data)])

    def money_sql(self, age_days: str) -> str | None:
        """Mean money of the customer's group of age, as SQL of the age in days; None where nobody can be compared."""
        if not np.all(np.isfinite(self.money_)):
            return None
        if len(self.money_) == 1:
            return f"CAST({self.money_.tolist()[0]!r} AS DOUBLE)"
        cases = " ".join(
            f"WHEN {age_days} < {border!r} THEN {money!r}"
            for border, money in zip(self.borders_.tolist(), self.money_.tolist(), strict=False)
        )
        return f"CAST(CASE {cases} ELSE {self.money_.tolist()[-1]!r} END AS DOUBLE)"

    def _group(self, data: Cells) -> IntArray:
        return np.searchsorted(self.borders_, data.T * data.unit.days, side="right")

    def _check(self, horizon: Horizon) -> None:
        if abs(horizon.days - self.horizon_.days) > 0.5:
            raise ConfigError(
                f"The rule knows what customers did in {self.horizon_}; it cannot say what they do in {horizon}."
            )


class PastSpend:
    """Every customer spends in the coming period what they spent in the one before."""

    name: ClassVar[str] = "PastSpend"
    title: ClassVar[str] = "same spend as before"
    rule: ClassVar[str] = "each customer spends as much as in the period before"


def _borders(before: PreviousPeriod, wanted: FloatArray) -> FloatArray:
    """Those borders that leave enough customers in every group."""
    kept: list[float] = []
    for border in wanted:
        younger = (before.age < border) & (before.age >= (kept[-1] if kept else -1.0))
        older = before.age >= border
        if min(before.customers[younger].sum(), before.customers[older].sum()) >= FEWEST_CUSTOMERS:
            kept.append(float(border))
    return np.array(kept)
