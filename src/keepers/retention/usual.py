"""What customers would buy anyway, as a model of buying tells it from their history before an experiment.

An offer moves what a customer does: who would buy much is moved by much. This one number says more of how large an
effect can be than any of the columns that it is made of, and no outcome of the experiment has a part in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import KeepersError
from keepers.domain.time import days
from keepers.models.buying import BuyingModel
from keepers.numerics.spline_ridge import SplineRidge, fit_spline_ridge

COLUMNS = ("usual_orders", "usual_money")
_HISTORY = ("frequency", "recency_days", "age_days", "orders")
_MONEY = ("contribution", "revenue")
_FEWEST = 100
_CREDIT = 2.0
"""Orders of the mean worth that count beside a customer's own."""


@dataclass(frozen=True, eq=False)
class UsualBuying:
    """Expected orders and money of customers whom nobody treats, from columns of what is known of them.

    Attributes
    ----------
    model : BuyingModel
        Fitted to the histories before the experiment.
    places : tuple of int
        Columns of frequency, recency, age, orders and money.
    worth : float
        What an order brings on average.
    ahead : int
        Days ahead.
    """

    model: BuyingModel
    places: tuple[int, ...]
    worth: float
    ahead: int

    def added_to(self, rows: FloatArray) -> FloatArray:
        """Rows with two columns more, NaN where the history is not known."""
        frequency, recency, age, orders, money = (rows[:, place] for place in self.places)
        known = np.isfinite(frequency) & np.isfinite(recency) & np.isfinite(age) & (age >= recency) & (age > 0)
        expected, mean = np.full(rows.shape[0], np.nan), np.full(rows.shape[0], self.worth)
        if known.any():
            told = {"frequency": frequency[known], "recency": recency[known], "T": age[known]}
            found = self.model.expected_purchases(told, days(self.ahead), unit="day")
            expected[known] = np.asarray(found["expected_purchases"], dtype=np.float64)
        paid = np.isfinite(money) & np.isfinite(orders)
        mean[paid] = (money[paid] + _CREDIT * self.worth) / (orders[paid] + _CREDIT)
        return np.column_stack([rows, expected, expected * mean])


def usual_buying(rows: FloatArray, names: Sequence[str], ahead: int) -> UsualBuying | None:
    """Fit a model of buying to what is known of customers; None where their histories are not, or tell too little."""
    from keepers.models.btyd.bg_nbd import BGNBD

    place = {name: number for number, name in enumerate(names)}
    money = next((name for name in _MONEY if name in place and np.isfinite(rows[:, place[name]]).any()), None)
    if money is None or not set(_HISTORY) <= place.keys() or ahead < 1:
        return None
    places = tuple(place[name] for name in (*_HISTORY, money))
    frequency, recency, age, orders, paid = (rows[:, column] for column in places)
    known = np.isfinite(frequency) & np.isfinite(recency) & np.isfinite(age) & (age >= recency) & (age > 0)
    if int(known.sum()) < _FEWEST or not (frequency[known] > 0).any():
        return None
    priced = np.isfinite(paid) & np.isfinite(orders)
    worth = float(paid[priced].sum() / max(float(orders[priced].sum()), 1.0))
    told = {"frequency": frequency[known], "recency": recency[known], "T": age[known]}
    try:
        model = BGNBD().fit(told, unit="day")
    except KeepersError:
        return None
    return UsualBuying(model, places, worth, ahead)


class UsualSplines:
    """A regression on the last two columns alone, as they are and as logarithms: few columns, little noise."""

    def __init__(self, rows: FloatArray, outcome: FloatArray) -> None:
        self._fitted: SplineRidge = fit_spline_ridge(_few(rows), outcome)

    def predict(self, rows: FloatArray) -> FloatArray:
        """The mean of the outcome at rows, shape (n,)."""
        return self._fitted.predict(_few(rows))


def _few(rows: FloatArray) -> FloatArray:
    last = rows[:, -2:]
    return np.column_stack([last, np.log1p(np.maximum(last, 0.0))])
