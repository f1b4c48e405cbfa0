"""What is counted of a period, and the same of many periods drawn from the posterior while nothing has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.evaluation.drift_period import Followed, Period, Spent
from keepers.models.buying import BuyingModel
from keepers.models.buying_intervals import at
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.likelihoods import gamma_gamma

_NORMAL_FROM = 2000
"""Customers from whom on the normal approximation of the posterior is drawn from where it was not corrected yet."""

_KNOWN = ("purchases", "active_customers", "purchases_per_active_customer", "unevenness")
_NEW = ("newcomers_purchases", "newcomers_returning")
_SPEND = ("order_value",)
_COUNTS = ("purchases", "active_customers", *_NEW, "endings", "newcomers_endings")


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Statistics of a period and of as many drawn ones as there are further rows.

    Parameters
    ----------
    names : tuple of str
        What is counted.
    rows : array, shape (1 + n, m)
        First as it was, then as drawn.
    """

    names: tuple[str, ...]
    rows: FloatArray

    @property
    def away(self) -> FloatArray:
        """How many standard deviations each is from the mean, on a scale where counts are about normal.

        Mean and deviation are those of all rows, the first included: rows that are alike but for chance stay so.
        """
        counts = np.array([name in _COUNTS for name in self.names])
        with np.errstate(divide="ignore"):
            scaled = np.where(counts, 2.0 * np.sqrt(self.rows), np.log(np.maximum(self.rows, np.finfo(float).tiny)))
        return np.asarray((scaled - scaled.mean(axis=0)) / scaled.std(axis=0))

    def varying(self) -> Counted:
        """Without what is the same in every row, which tells nothing."""
        kept = np.ptp(self.rows, axis=0) > 1e-12 * np.abs(self.rows).max(axis=0)
        return Counted(tuple(name for name, keep in zip(self.names, kept, strict=True) if keep), self.rows[:, kept])


def counted(
    period: Period, buying: BuyingModel | None, spending: GammaGamma | None, replicates: int, rng: np.random.Generator
) -> Counted:
    """Count a period and so many drawn ones, each with parameters of its own from the posterior."""
    names: list[str] = []
    rows: list[FloatArray] = []
    if buying is not None:
        rows += [_drawn_buying(period, at(buying, theta), rng) for theta in _draws(buying, replicates, rng)]
        observed: list[float] = []
        if period.followed is not None:
            names += _KNOWN
            observed += _of_known(period.followed.purchases)
        if period.newcomers is not None:
            names += _NEW
            observed += _of_new(period.newcomers.x)
        rows.insert(0, np.array(observed))
    table = np.array(rows).reshape(replicates + 1, -1) if rows else np.empty((replicates + 1, 0))
    if spending is not None and period.spent is not None and period.spent.orders.size:
        spent = period.spent
        values = [_order_value(spent, spent.money)]
        values += [_drawn_spend(spent, theta, rng) for theta in _draws(spending, replicates, rng)]
        names += _SPEND
        table = np.column_stack([table, values])
    return Counted(tuple(names), table).varying()


def _draws(model: BuyingModel | GammaGamma, replicates: int, rng: np.random.Generator) -> FloatArray:
    return model.posterior_.draws(replicates, rng, correct=model.n_customers_ < _NORMAL_FROM)


def _drawn_buying(period: Period, model: BuyingModel, rng: np.random.Generator) -> FloatArray:
    found: list[float] = []
    if period.followed is not None:
        found += _of_known(_future(period.followed, model, rng))
    if period.newcomers is not None:
        found += _of_new(model._draw_like(period.newcomers, rng)[0])
    return np.array(found)


def _future(followed: Followed, model: BuyingModel, rng: np.random.Generator) -> FloatArray:
    return np.asarray(model.answer("sample_future", model._theta(), followed.cells, followed.length, rng))


def _of_known(purchases: FloatArray) -> Sequence[float]:
    total, active = float(purchases.sum()), float(np.count_nonzero(purchases))
    pairs = float(purchases @ (purchases - 1.0))
    # Half a customer more keeps the ratios finite where nobody bought.
    return (
        total,
        active,
        (total + 0.5) / (active + 0.5),
        purchases.size * (pairs + 0.5) / (total + 0.5) ** 2,
    )


def _of_new(x: FloatArray) -> Sequence[float]:
    return float(x.sum()), float(np.count_nonzero(x))


def _order_value(spent: Spent, money: FloatArray) -> float:
    return float(money.sum() / spent.orders.sum())


def _drawn_spend(spent: Spent, theta: FloatArray, rng: np.random.Generator) -> float:
    return _order_value(spent, gamma_gamma.sample_future(theta, spent.x, spent.m, spent.orders, rng))
