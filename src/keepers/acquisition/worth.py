"""What a customer is worth who comes as others came: by group and age, in draws, small groups leaning on the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.acquisition.newcomers import PACKAGE, Newcomers
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.data.table import Table
from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray
from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon, TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.pooled import PooledModel
from keepers.numerics.shrinkage import shrink
from keepers.valuation.equity import Interval
from keepers.valuation.intervals import central

DRAWS = 128
"""Draws behind an interval and a probability."""
UNKNOWN = "not known"
OTHERS = "all others"
_LIKE = 0.3
"""How much mean spend usually differs between groups, relative to the whole: the scale of a prior."""
_LENT = 5.0
"""Customers of the whole that lend a small group their variance."""
_STEP = TimeUnit.MONTH.days / 2
_SEED = 20060401
_WIDTHS = (1, 3, 7, 14, 30, 61)
_MOST_CELLS = 1_500


@dataclass(frozen=True, eq=False)
class Worth:
    """The value of a new customer of each group, from the first order on, in draws; the estimate is draw 0.

    Parameters
    ----------
    labels : tuple of str
        Groups; `OTHERS` holds those beyond the largest, `UNKNOWN` those of whom nothing is known.
    customers : array, shape (g,)
        Customers that the group's estimates rest on.
    ages : array, shape (a,)
        Ages in days, from 0 to the lifetime.
    curve : array, shape (n + 1, g, a)
        Value up to each age, not discounted, the first order included.
    discount : array, shape (a,)
        What money of the interval that ends at each age is worth at the first order.
    shrinkage : array, shape (g,)
        Part of how often customers of the group buy that is taken from the whole, 0 to 1.
    """

    labels: tuple[str, ...]
    customers: FloatArray
    ages: FloatArray
    curve: FloatArray
    discount: FloatArray
    shrinkage: FloatArray

    def by_age(self, age: float) -> FloatArray:
        """Value up to an age, not discounted, shape (n + 1, g)."""
        place = int(np.clip(np.searchsorted(self.ages, age, side="right") - 1, 0, self.ages.size - 2))
        part = (age - self.ages[place]) / (self.ages[place + 1] - self.ages[place])
        return np.asarray(self.curve[..., place] * (1 - part) + self.curve[..., place + 1] * part)

    def discounted(self, horizon: Horizon) -> FloatArray:
        """Value within a horizon from the first order on, discounted to it, shape (n + 1, g)."""
        steps = np.diff(self.curve, axis=-1, prepend=0.0)
        whole = np.clip((horizon.days - self.ages[:-1]) / np.diff(self.ages), 0.0, 1.0)
        weight = self.discount * np.concatenate([[1.0], whole])
        return np.asarray(steps @ weight)

    def mixed(self, weights: FloatArray) -> Worth:
        """One group that is a mixture of all, by weights, shape (g,)."""
        share = weights / weights.sum()
        return Worth(
            ("all",), np.array([float(weights.sum())]), self.ages, np.einsum("nga,g->na", self.curve, share)[:, None],
            self.discount, np.array([float(self.shrinkage @ share)]),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Means:
    """Means by group with their deviations, of logarithms where groups differ by factors."""

    mean: FloatArray
    deviation: FloatArray
    logs: NDArray[np.bool_]

    def drawn(self, noise: FloatArray) -> FloatArray:
        """The estimate and draws, shape (n + 1, g)."""
        found = np.vstack(
            [self.mean + np.where(self.logs, self.deviation**2 / 2, 0.0), self.mean + self.deviation * noise]
        )
        return np.where(self.logs, np.exp(np.where(self.logs, found, 0.0)), found)


def worth(
    found: Newcomers,
    dimension: str,
    model: BuyingModel,
    lifetime: Horizon,
    discount: DiscountRate,
    *,
    most: int = 24,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> Worth:
    """Value a new customer of each group.

    How often customers buy and when they leave is fitted by group with a `PooledModel`; what orders bring, the first
    one and the later ones apart, is the group's mean, drawn to that of all as far as it is uncertain. Value is expected
    orders times what they bring.

    Parameters
    ----------
    found : Newcomers
        The customers.
    dimension : str
        The column of the groups.
    model : BuyingModel
        The kind of model, not fitted.
    lifetime : Horizon
        How far ages go.
    discount : DiscountRate
        What later money is worth.
    most : int
        Groups of their own, the largest ones.
    draws, seed : int
        Draws of parameters and of mean spend.
    """
    labelled = _labelled(found, dimension, most)
    pooled = PooledModel(model, by="acquired_by").fit(_cells(found, labelled))
    labels = pooled.labels_
    rng = np.random.default_rng(seed)
    steps = int(np.ceil(lifetime.days / _STEP))
    ages = np.linspace(0.0, lifetime.days, steps + 1)
    purchases = _purchases(pooled, ages, draws, rng)
    first, later = _money(found, labelled, labels, draws, rng)
    curve = (first[..., None] + later[..., None] * purchases) * found.factor
    middle = np.concatenate([[0.0], (ages[1:] + ages[:-1]) / 2])
    return Worth(
        labels,
        np.array([group.customers for group in pooled.groups_]),
        ages,
        curve,
        np.exp(-discount.per_day * middle),
        np.array([group.shrinkage for group in pooled.groups_]),
    )


def interval(by_draw: FloatArray, level: float = 0.80) -> Interval:
    """The estimate with the interval of its draws."""
    low, high = np.quantile(by_draw[1:], central(level))
    return Interval(float(by_draw[0]), float(low), float(high), level)


def _labelled(found: Newcomers, dimension: str, most: int) -> Table:
    """A row a customer with the group as text, the smaller ones gathered."""
    engine = found.engine
    sql = f"""
        WITH told AS (
            SELECT customer_key, CAST({group_sql(dimension)} AS VARCHAR) AS label
            FROM {quoted(found.table.name)} AS newcomer
        ),
        sized AS (
            SELECT label, row_number() OVER (ORDER BY count(*) DESC, label) AS place
            FROM told WHERE label IS NOT NULL GROUP BY label
        )
        SELECT
            told.customer_key,
            CASE
                WHEN told.label IS NULL THEN '{UNKNOWN}'
                WHEN sized.place > {most} THEN '{OTHERS}'
                ELSE told.label
            END AS acquired_by
        FROM told LEFT JOIN sized ON sized.label = told.label"""
    return Table(engine, engine.create(engine.new_name("acquired_by"), sql))


def _cells(found: Newcomers, labelled: Table) -> Cells:
    """Histories by group, in bins just wide enough that a fit stays cheap however many customers there are."""
    summary = found.summary
    for width in _WIDTHS:
        names = {"summary": quoted(summary.name), "labelled": quoted(labelled.name), "width": str(width)}
        rows = found.engine.columns(fill(template(PACKAGE, "histories"), **names))
        if rows["x"].size <= _MOST_CELLS:
            break
    x = rows["x"].astype(np.float64)
    middle = (width - 1) / 2
    age = rows["age"].astype(np.float64) * width + middle
    recency = np.where(x > 0, np.minimum(np.maximum(rows["recency"] * width + middle, 0.5), age), 0.0)
    table, pattern = Attributes.of_rows({"acquired_by": rows["label"]})
    unit = summary.unit
    return Cells(
        x, recency / unit.days, age / unit.days, rows["customers"].astype(np.float64), unit, pattern=pattern,
        attributes=table, calendar=summary.calendar,
    )  # fmt: skip


def group_sql(dimension: str) -> str:
    """The group of a customer as SQL over a row of newcomers."""
    if dimension == "campaign":
        return "CASE WHEN channel IS NULL THEN NULL ELSE channel || ' / ' || coalesce(campaign, 'no campaign') END"
    return quoted(dimension)


def _purchases(pooled: PooledModel, ages: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Expected repeat purchases of a new customer up to each age by draw and group, shape (n + 1, g, a)."""
    groups, size = len(pooled.labels_), len(pooled.model.symbols)
    estimate = np.array([pooled.parameters_[name] for name in pooled.parameter_names])
    thetas = np.vstack([estimate, pooled.posterior_.draws(draws, rng)]).reshape(draws + 1, groups + 1, size)
    t = ages / pooled.unit_.days
    curve = np.zeros((draws + 1, groups, ages.size))
    for draw in range(draws + 1):
        for group in range(groups):
            curve[draw, group, 1:] = pooled.family.expected_purchases_new(thetas[draw, group], t[1:])
    return curve


def _money(
    found: Newcomers, labelled: Table, labels: tuple[str, ...], draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Mean money of a first and of a later order by draw and group, shapes (n + 1, g)."""
    relation = (
        f"(SELECT labelled.acquired_by AS label, newcomer.* FROM {quoted(found.table.name)} AS newcomer "
        f"INNER JOIN {quoted(labelled.name)} AS labelled ON labelled.customer_key = newcomer.customer_key)"
    )
    rows = found.engine.columns(template(PACKAGE, "group_money").format(newcomers=relation))
    found.engine.drop(labelled.name)
    order = [list(rows["label"]).index(label) for label in labels]
    sums = {name: rows[name][order].astype(np.float64) for name in rows if name != "label"}
    n, orders = sums["customers"], sums["orders"]
    first = _ratio(n, sums["first"], n, sums["first_squared"], sums["first"], n)
    later = _ratio(n, sums["money"], orders, sums["money_squared"], sums["money_orders"], sums["orders_squared"])
    return _drawn(first, later, _correlation(sums), draws, rng)


def _ratio(
    n: FloatArray, top: FloatArray, bottom: FloatArray, top_squared: FloatArray, both: FloatArray, squared: FloatArray
) -> _Means:
    """Ratios of sums over customers, drawn to the whole; how sure they are by the spread of customers about them."""
    whole = float(top.sum() / bottom.sum()) if bottom.sum() > 0 else 0.0
    own = np.divide(top, bottom, out=np.full_like(top, whole), where=bottom > 0)

    def spread(ratio: FloatArray | float) -> FloatArray:
        return np.maximum(top_squared - 2 * ratio * both + ratio**2 * squared, 0.0)

    common = float(spread(whole).sum() / n.sum())
    a_customer = (spread(own) + _LENT * common) / (np.maximum(n - 1, 0) + _LENT)
    with np.errstate(divide="ignore"):
        variance = np.where(bottom > 0, n * a_customer / np.maximum(bottom, 1e-300) ** 2, np.inf)
    seen = np.isfinite(variance) & (variance > 0)
    if not seen.any():
        return _Means(np.full_like(own, whole), np.zeros_like(own), np.zeros_like(own, dtype=bool))
    if whole > 0 and (own[seen] > 0).all():
        # Groups differ by factors, and a group of dear orders is as uncertain in proportion.
        with np.errstate(divide="ignore"):
            found = shrink(np.log(np.where(seen, own, whole)), np.where(seen, variance / own**2, np.inf), _LIKE)
        return _Means(found.mean, found.deviation, np.ones_like(own, dtype=bool))
    found = shrink(own, variance, _LIKE * max(abs(whole), float(np.sqrt(common))))
    return _Means(found.mean, found.deviation, np.zeros_like(own, dtype=bool))


def _correlation(sums: dict[str, FloatArray]) -> float:
    """Of the errors of both means: who begins with a large order goes on with large ones."""
    n, orders = float(sums["customers"].sum()), float(sums["orders"].sum())
    if n < 3 or not orders:
        return 0.0
    first, later = float(sums["first"].sum()) / n, float(sums["money"].sum()) / orders
    both = float(sums["first_money"].sum()) - later * float(sums["first_orders"].sum())
    both -= first * (float(sums["money"].sum()) - later * orders)
    one = float(sums["first_squared"].sum()) - n * first**2
    other = (
        float(sums["money_squared"].sum())
        - 2 * later * float(sums["money_orders"].sum())
        + later**2 * float(sums["orders_squared"].sum())
    )
    return float(np.clip(both / np.sqrt(one * other), -0.99, 0.99)) if one > 0 and other > 0 else 0.0


def _drawn(
    first: _Means, later: _Means, correlation: float, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    shape = (draws, first.mean.size)
    one, rest = rng.standard_normal(shape), rng.standard_normal(shape)
    return first.drawn(one), later.drawn(correlation * one + np.sqrt(1 - correlation**2) * rest)
