"""Experiments with offers: who got what with which chance, what came of it in money, and what it took."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal, quoted, template
from keepers.data.normalise import fill
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.columns import CANONICAL
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.domain.money import Margin, MoneyBasis
from keepers.summaries.feature_sources import Known, Shop, orders_of, tables_of
from keepers.summaries.features import Features, features_at
from keepers.summaries.purchases import money_of

PACKAGE = "keepers.retention.sql"
CONTROL = "control"
LONGEST = 60
"""Days after the treatment in which its effect is looked for, where nothing else is asked."""
_SHORTEST = 7
_FEWEST = 30


@dataclass(frozen=True, eq=False)
class Trial:
    """An experiment, one row a customer in the order of their keys.

    Attributes
    ----------
    name : str
        Which experiment.
    arms : tuple of str
        The control, then the offers.
    keys : array of str, shape (n,)
        Customers.
    arm : array of int, shape (n,)
        What each got: a position in `arms`.
    outcome : array, shape (n,)
        Money of the days after it, less what the offer cost beside the discount.
    outlay : array, shape (n,)
        What it took: its cost and the discounts given in those days.
    chance : array, shape (n,), or None
        Recorded probability of what each got; None where nothing was recorded.
    rows : array, shape (n, p)
        What was known of each before, NaN where nothing.
    names : tuple of str
        Of the columns of `rows`.
    levels : dict
        Labels of categories among them, by name, in the order of their codes.
    currency : str
    basis : MoneyBasis
        What the money is.
    day : date or None
        First day of the experiment.
    days : int
        How long outcomes were counted.
    evidence : EvidenceGrade
        Experimental where chances are recorded, else adjusted.
    notes : tuple of str
        What a reader should know.
    """

    name: str
    arms: tuple[str, ...]
    keys: NDArray[Any]
    arm: IntArray
    outcome: FloatArray
    outlay: FloatArray
    chance: FloatArray | None
    rows: FloatArray
    names: tuple[str, ...]
    currency: str = ""
    basis: MoneyBasis = MoneyBasis.NET_REVENUE
    day: dt.date | None = None
    days: int = 0
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def evidence(self) -> EvidenceGrade:
        """How the effects of this trial are known."""
        return EvidenceGrade.ADJUSTED if self.chance is None else EvidenceGrade.EXPERIMENTAL

    @property
    def size(self) -> int:
        """Number of customers."""
        return int(self.arm.size)

    def count(self, arm: int) -> int:
        """Customers who got an arm."""
        return int(np.count_nonzero(self.arm == arm))


def experiments(source: Shop | Orders) -> tuple[str, ...]:
    """Names of the experiments among the data that have a control and an offer, the latest first.

    Parameters
    ----------
    source : Dataset or Store
        What `keepers.read` or `keepers.simulate` give; the table `treatments` has the offers.
    """
    engine, tables = tables_of(source)
    if "treatments" not in tables:
        return ()
    rows = engine.rows(
        f"SELECT experiment FROM ({_treated(Known(engine, tables, None))}) AS treated GROUP BY experiment "
        f"HAVING count(DISTINCT offer) > 1 AND count(*) FILTER (offer = '{CONTROL}') >= {_FEWEST} "
        f"AND count(*) FILTER (offer <> '{CONTROL}') >= {_FEWEST} ORDER BY min(day) DESC, experiment"
    )
    return tuple(str(row[0]) for row in rows)


def offers_of(source: Shop | Orders) -> dict[str, tuple[str, ...]]:
    """The offers of each experiment beside the control, the latest experiment first."""
    engine, tables = tables_of(source)
    names = experiments(source)
    if not names:
        return {}
    rows = engine.rows(
        f"SELECT DISTINCT experiment, offer FROM ({_treated(Known(engine, tables, None))}) AS treated "
        f"WHERE offer <> '{CONTROL}' ORDER BY offer"
    )
    return {name: tuple(str(offer) for experiment, offer in rows if experiment == name) for name in names}


def trial_of(
    source: Shop | Orders,
    experiment: str | None = None,
    *,
    days: int | None = None,
    margin: Margin | None = None,
    features: Features | None = None,
) -> Trial:
    """Read an experiment from the data.

    Parameters
    ----------
    source : Dataset or Store
        With orders and treatments.
    experiment : str, optional
        Which; the latest if left out. Names are those of the assignments; without them an experiment is what was
        offered on one day, ``"offers of 2026-04-13"``.
    days : int, optional
        How long orders count after the treatment: 60, or what the data reach, if left out.
    margin : Margin, optional
        What is left of revenue; each order's own contribution where orders carry one, else net revenue.
    features : Features, optional
        What was known before; made as of the day before the first treatment if left out.

    Raises
    ------
    InputError
        There is no such experiment, no control, or too few days have passed.
    """
    engine, tables = tables_of(source)
    known = experiments(source)
    if not known:
        raise InputError(
            "There is no experiment among the data: offers with a group that got none (`control`), at least "
            f"{_FEWEST} customers each. Add a file of treatments with columns customer, date, offer, cost, propensity."
        )
    name = known[0] if experiment is None else experiment
    if name not in known:
        raise InputError(f"There is no experiment {name!r} among the data. There are: {', '.join(known)}.")
    if "orders" not in tables:
        raise InputError("The effect of offers is counted in orders, and there are no orders among these data.")
    orders = orders_of(source)
    held = engine.create(engine.new_name("treated"), _treated(Known(engine, tables, None)))
    first, last = engine.row(f"SELECT min(day), max(day) FROM {quoted(held)} WHERE experiment = {literal(name)}")
    reach = (orders.last_day - last).days + 1
    length = min(LONGEST, reach) if days is None else days
    if length > reach or length < _SHORTEST:
        raise InputError(
            f"The experiment {name!r} ended its treatments on {last} and orders reach {orders.last_day}: {reach} days "
            f"can be counted, {length} were asked for; at least {_SHORTEST} are needed."
        )
    chosen = margin or Margin(per_order=orders.has_contribution)
    money, notes = money_of(orders, chosen, orders.last_day)
    found = engine.columns(
        fill(
            template(PACKAGE, "trial"), treated=quoted(held), purchases=orders.purchases_sql(),
            money=f"({money}) * {chosen.factor!r}", days=str(length), experiment=literal(name),
            orders=Known(engine, tables, None).relation(CANONICAL["orders"]),
        )
    )  # fmt: skip
    engine.drop(held)
    offers = sorted({str(offer) for offer in found["offer"]} - {CONTROL})
    arms = (CONTROL, *offers)
    arm = np.searchsorted(np.array(offers, dtype=object), found["offer"].astype(object)) + 1
    arm = np.where(found["offer"] == CONTROL, 0, arm).astype(np.int64)
    if features is None:
        features = features_at(source, first - dt.timedelta(days=1), customers=found["customer_key"])
    keys, rows = features.matrix()
    aligned = _aligned(found["customer_key"], keys, rows)
    recorded = np.asarray(np.ma.filled(found["propensity"].astype(np.float64), np.nan), dtype=np.float64)
    usable = bool(np.isfinite(recorded).all() and (recorded > 0).all() and (recorded <= 1).all())
    return Trial(
        name, arms, found["customer_key"], arm, found["money"] - found["cost"], found["cost"] + found["discount"],
        recorded if usable else None, aligned, features.names, orders.currency, chosen.basis, first, length,
        dict(features.levels), notes,
    )  # fmt: skip


def _treated(known: Known) -> str:
    return fill(
        template(PACKAGE, "treated"),
        treatments=known.relation(CANONICAL["treatments"]), assignments=known.relation(CANONICAL["assignments"]),
    )  # fmt: skip


def _aligned(wanted: NDArray[Any], keys: NDArray[Any], rows: FloatArray) -> FloatArray:
    """Rows in the order of the wanted keys, NaN for those that are not there."""
    if not keys.size:
        return np.full((wanted.size, rows.shape[1]), np.nan)
    order = np.argsort(keys)
    place = np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)
    there = keys[order][place] == wanted
    return np.where(there[:, None], rows[order[place]], np.nan)
