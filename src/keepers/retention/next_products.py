"""The next product of each customer: proven by an experiment with recommendations, or what goes with their purchases.

Without an experiment nothing shows what a recommendation does: whoever is likely to buy a product may be so without
being told of it. What orders can say is what customers would bring anyway, and how much more often those who bought one
thing buy another than everybody does at the same number of orders. Both are said, with the grade *predictive*; the
choice for each customer is let through only where it foretold later purchases better than every best-seller did (the
gate), and an experiment is proposed that would show what recommending earns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin, MoneyBasis
from keepers.domain.time import Horizon, days
from keepers.evaluation.policy.gate import GateVerdict
from keepers.retention.adoptions import adoptions
from keepers.retention.copurchases import Copurchases, Pair, best_sellers, copurchases, sold_of, strongest_pairs
from keepers.retention.drivers import Driver
from keepers.retention.effects import offer_effects
from keepers.retention.experiment_plan import ExperimentPlan, plan_experiment
from keepers.retention.offers import OfferChoice, choose_offers
from keepers.retention.shelf import Item, Shelf, customers_of
from keepers.retention.trials import offers_of
from keepers.summaries.feature_sources import Shop, orders_of
from keepers.summaries.features import features_at
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.cell_values import Buying

HORIZON = days(90)
KINDS = ("cross-sell", "upgrade", "another")
"""Of a category that the customer never bought from; dearer than all bought of its category; another one of it."""
_SHORTEST = 14
_AT_ONCE = 50_000
_NOTABLE = 0.1
"""Part of what customers bring that an experiment is planned to find."""


@dataclass(frozen=True, eq=False)
class NextProducts:
    """The next product of every customer; rows in the order of their keys.

    Attributes
    ----------
    keys : array of str, shape (n,)
    item : array of int, shape (n,)
        Position in `items`; -1 where there is nothing that the customer does not have.
    kind : array of str, shape (n,)
        One of `KINDS`; empty without an item.
    expected_anyway : array, shape (n,)
        Money that the customer is expected to bring with it in the horizon without being told of it.
    lift : array, shape (n,)
        How much likelier the customer's next line is of it than anybody's.
    expected_gain : array, shape (n,)
        What recommending it earned beyond that, net, where an experiment shows it; NaN elsewhere.
    proven : array of bool, shape (n,)
        Where it does.
    held_out : array of bool, shape (n,)
        Chosen by the experiment's rule, but held back as control.
    items : tuple of Item
    level : str
        ``"product"`` or ``"category"``.
    pairs : tuple of Pair
        Pairs whose lift is certainly above 1, the strongest first.
    adoptions : tuple of Driver
        What customers bring in the time after first buying from a category, more than like customers who bought
        something else then; adjusted.
    personal : GateVerdict
        Whether choosing for each customer foretold later purchases better than every best-seller.
    experiment : OfferChoice or None
        The experiment with recommendations, where there is one.
    plan : ExperimentPlan or None
        The experiment that would show what recommending earns.
    horizon : Horizon
    currency : str
    basis : MoneyBasis
    """

    keys: NDArray[Any]
    item: IntArray
    kind: NDArray[Any]
    expected_anyway: FloatArray
    lift: FloatArray
    expected_gain: FloatArray
    proven: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    items: tuple[Item, ...]
    level: str
    pairs: tuple[Pair, ...]
    adoptions: tuple[Driver, ...]
    personal: GateVerdict
    experiment: OfferChoice | None
    plan: ExperimentPlan | None
    horizon: Horizon
    currency: str
    basis: MoneyBasis

    @property
    def products(self) -> NDArray[Any]:
        """Names of the items, None where there is none."""
        names = np.array([*(item.name for item in self.items), None], dtype=object)
        return np.asarray(names[self.item], dtype=object)

    def break_even(self, cost: float) -> float:
        """By which part a recommendation of this cost must raise purchases of what it recommends to pay."""
        there = self.item >= 0
        anyway = float(self.expected_anyway[there].mean()) if there.any() else 0.0
        return cost / anyway if anyway > 0 else np.inf

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """The rows as columns; the shape of next_products.parquet."""
        categories = np.array([*(item.category or None for item in self.items), None], dtype=object)
        kind, grade = self.kind.astype(object), np.full(self.keys.size, EvidenceGrade.PREDICTIVE.value, dtype=object)
        grade[self.proven] = EvidenceGrade.EXPERIMENTAL.value
        kind[self.item < 0] = grade[self.item < 0] = None
        return {
            "customer_key": self.keys.astype(object),
            "next_product": self.products,
            "category": np.asarray(categories[self.item], dtype=object),
            "kind": kind,
            "expected_anyway": self.expected_anyway,
            "lift": self.lift,
            "expected_gain": self.expected_gain,
            "held_out": self.held_out,
            "evidence": grade,
        }


def next_products(
    source: Shop | Orders,
    *,
    horizon: Horizon = HORIZON,
    margin: Margin | None = None,
    buying: Buying | None = None,
    summary: Summary | None = None,
    tested: Sequence[OfferChoice] | None = None,
    confidence: float = 0.95,
) -> NextProducts:
    """Find what each customer may buy next that they do not have: another category, a dearer product, another one.

    Parameters
    ----------
    source : Dataset, Store or Orders
        With lines of orders, or orders that name a product or category.
    horizon : Horizon
        How far ahead; shortened where the data reach back less than three times as far.
    margin : Margin, optional
        What is left of revenue; each line's own cost where orders carry a contribution, else revenue.
    buying, summary : optional
        A fitted model of buying and the summary of today's customers; BG/NBD is fitted if left out.
    tested : sequence of OfferChoice, optional
        Of experiments, by `choose_offers` for today's customers; the first whose offers are products counts. If left
        out, such an experiment is looked for among the data.
    confidence : float
        Of the gate.

    Returns
    -------
    NextProducts
        *Experimental* where recommendations were drawn by lot; elsewhere *predictive*, which is no proof that
        recommending earns anything.

    Raises
    ------
    ConfigError
        The orders stay in a database or cluster.
    InputError
        There are fewer than two products or categories that 30 customers bought, or the data are too short.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.simulate import demo_store
    >>> found = kp.next_products(demo_store(customers=400))
    >>> sorted(set(found.to_columns()["evidence"]) - {None})
    ['predictive']
    """
    orders = orders_of(source)
    if not orders.engine.is_embedded:
        raise ConfigError(
            "Next products are found on this machine. Read the orders from files, or leave --engine out, to have them."
        )
    chosen = margin or Margin(per_order=orders.has_contribution)
    shelf = Shelf(source, chosen)
    try:
        if len(shelf.items) < 2:
            raise InputError(
                "The next product cannot be said: fewer than two products or categories were bought by 30 customers. "
                "Add the lines of orders, with the product of each."
            )
        reach = (shelf.last_day - shelf.first_day).days
        length = min(round(horizon.days), reach // 3)
        if length < _SHORTEST:
            raise InputError(
                f"The next product is learned from what customers bought before and after a day, and the orders reach "
                f"over {reach} days; at least {3 * _SHORTEST} are needed."
            )
        ahead = days(length)
        learned = copurchases(shelf, length, confidence)
        adopted = adoptions(shelf, length)
        found = _today(shelf, learned, _orders_ahead(orders, ahead, buying, summary), length)
    finally:
        shelf.close()
    keys, item, kind, anyway, lift = found
    nothing = np.zeros(keys.size, dtype=bool)
    made = NextProducts(
        keys, item, kind, anyway, lift, np.full(keys.size, np.nan), nothing, nothing.copy(), shelf.items, shelf.level,
        strongest_pairs(shelf, learned), adopted, learned.verdict, None,
        _plan(learned, int((item >= 0).sum()), length), ahead, orders.currency, chosen.basis,
    )  # fmt: skip
    names = {item.name.casefold() for item in shelf.items}
    if tested is None:
        choice = _tested(source, names, chosen)
    else:
        choice = next((one for one in tested if _are_items(one.effects.trial.arms[1:], names)), None)
    return made if choice is None else _with_experiment(made, choice)


def _today(
    shelf: Shelf, learned: Copurchases, ahead: tuple[NDArray[Any], FloatArray], length: int
) -> tuple[NDArray[Any], IntArray, NDArray[Any], FloatArray, FloatArray]:
    """Key, item, kind, money expected anyway and lift of every customer."""
    bought = shelf.bought(shelf.last_day)
    rows, lines = customers_of(bought, shelf.keys.size)
    order = best_sellers(shelf, shelf.last_day, length)
    sold, number = sold_of(shelf, order), len(shelf.items)
    worth = np.array([item.worth for item in shelf.items])
    price = np.array([item.price for item in shelf.items])
    keys, expected = ahead
    place = np.minimum(np.searchsorted(keys, shelf.keys[rows]), keys.size - 1)
    # Who gave everything back is nobody's customer: they are in no other table either.
    known = keys[place] == shelf.keys[rows]
    rows, orders = rows[known], expected[place[known]]
    # Lines of an order, all customers together: what a customer's orders hold is in the shares.
    orders *= float(lines.sum()) / max(shelf.purchase_days, 1)
    item, kind = np.full(rows.size, -1, dtype=np.int64), np.full(rows.size, "", dtype=object)
    anyway, lift = np.full(rows.size, np.nan), np.full(rows.size, np.nan)
    category = shelf.category_of[:number]
    for start in range(0, rows.size, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        history = bought.table(rows[some], shelf.codes)
        shares = learned.affinity.shares(history)[:, :number]
        free = (history[:, :number] <= 0) & sold
        if learned.verdict.ships:
            best = np.argmax(np.where(free, shares * worth, -np.inf), axis=1)
        else:
            best = order[np.argmax(free[:, order], axis=1)]
        there = free.any(axis=1)
        at = np.arange(best.size)
        item[some] = np.where(there, best, -1)
        lift[some] = np.where(there, shares[at, best] / learned.affinity.base[best], np.nan)
        anyway[some] = np.where(there, orders[some] * shares[at, best] * worth[best], np.nan)
        kind[some] = np.where(there, _kinds(history, best, category, shelf.category_of, price), "")
    return shelf.keys[rows], item, kind, anyway, lift


def _kinds(
    history: FloatArray, best: IntArray, category: IntArray, category_of: IntArray, price: FloatArray
) -> NDArray[Any]:
    """Of a category never bought from, dearer than all that was bought of it, or another one of it."""
    wanted = category[best]
    same = (category_of[None, :] == wanted[:, None]) & (history > 0)
    known = same.any(axis=1) & (wanted >= 0)
    dearest = np.where(same[:, : price.size], price, -np.inf).max(axis=1)
    return np.where(~known, KINDS[0], np.where(price[best] > dearest, KINDS[1], KINDS[2]))


def _orders_ahead(
    orders: Orders, ahead: Horizon, buying: Buying | None, summary: Summary | None
) -> tuple[NDArray[Any], FloatArray]:
    """Orders that each customer is expected to place, in the order of their keys."""
    from keepers.models.btyd.bg_nbd import BGNBD

    summary = summarise(orders) if summary is None else summary
    model: Buying = BGNBD().fit(summary) if buying is None else buying
    keyed = summary.keyed_cells()
    found = model.predict_cells(keyed.cells, ahead).expected_purchases
    engine = summary.engine
    table = engine.from_columns(engine.new_name("ahead"), {**keyed.key, "ahead": found})
    columns = engine.columns(
        f"SELECT summary.customer_key AS customer_key, cell.ahead AS ahead FROM {quoted(summary.name)} AS summary "
        f"INNER JOIN {quoted(table)} AS cell ON {summary.same_cell} ORDER BY summary.customer_key"
    )
    engine.drop(table)
    return columns["customer_key"], columns["ahead"].astype(np.float64)


def _plan(learned: Copurchases, available: int, length: int) -> ExperimentPlan | None:
    """An experiment that finds a tenth of what customers bring."""
    spread, mean = float(learned.money.std()), float(learned.money.mean())
    if not (spread > 0 and mean > 0):
        return None
    return plan_experiment(spread, _NOTABLE * mean, days=length, available=available)


def _are_items(offers: Iterable[str], names: Collection[str]) -> bool:
    """Whether all offers of an experiment are items."""
    return {offer.casefold() for offer in offers} <= set(names)


def _tested(source: Shop | Orders, names: Collection[str], margin: Margin) -> OfferChoice | None:
    """The latest experiment whose offers are items, and the choice for today's customers."""
    for experiment, offers in offers_of(source).items():
        if _are_items(offers, names):
            effects = offer_effects(source, experiment, margin=margin)
            today = features_at(source, orders_of(source).last_day)
            choice = choose_offers(effects, customers=today)
            today.engine.drop(today.name)
            return choice
    return None


def _with_experiment(made: NextProducts, choice: OfferChoice) -> NextProducts:
    """What the experiment proves goes before what goes together; others keep what they have, unproven."""
    number = {item.name.casefold(): place for place, item in enumerate(made.items)}
    of_arm = np.array([-1, *(number[arm.casefold()] for arm in choice.effects.trial.arms[1:])], dtype=np.int64)
    place = np.minimum(np.searchsorted(choice.keys, made.keys), max(choice.keys.size - 1, 0))
    there = choice.keys[place] == made.keys
    item = np.where(there, of_arm[choice.arm[place]], -1)
    proven = item >= 0
    same = proven & (item == made.item)
    return replace(
        made,
        item=np.where(proven, item, made.item),
        kind=np.where(proven & ~same, "tested", made.kind),
        expected_anyway=np.where(proven & ~same, np.nan, made.expected_anyway),
        lift=np.where(proven & ~same, np.nan, made.lift),
        expected_gain=np.where(proven, choice.gain[place], np.nan),
        proven=proven,
        held_out=proven & choice.held_out[place],
        experiment=choice,
    )
