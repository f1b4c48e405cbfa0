"""Loyalty tiers as rules that anybody can check: who is in, what the perks cost, and how much more members must buy.

Members would buy without their perks, too. A tier with the discount d on everything and perks of c a member costs, if
its members buy a part u more than they would anyway,

    cost(u) = (1 + u) d R + c n,    and gains    u C - cost(u)

with R their expected revenue, C their expected contribution and n their number. It just pays at

    u* = (d R + c n) / (C - d R),

the uplift that it must cause. What it does cause only an experiment tells; before that, u is assumed, and said to be.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon
from keepers.retention.effects import MeanEffect, OfferEffects
from keepers.retention.trials import PACKAGE
from keepers.summaries.feature_sources import Shop, orders_of
from keepers.summaries.purchases import day_literal
from keepers.valuation.values import Values

UPLIFT = 0.10
"""Part by which members are assumed to buy more, until an experiment says what a tier does."""
YEAR = 365
_NEAR = 0.8
_SHARES = (("Patron", 0.95), ("Friend", 0.80), ("Member", 0.50))
_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class LoyaltyRule:
    """Who belongs to a tier, and what they get.

    Parameters
    ----------
    name : str
    spent_from : float
        Spent in the past 365 days, net of refunds.
    discount : float
        Share taken off every order.
    cost_each : float
        What other perks cost a member within the horizon of values.
    """

    name: str
    spent_from: float
    discount: float = 0.0
    cost_each: float = 0.0

    def __post_init__(self) -> None:
        if not (self.spent_from > 0 and math.isfinite(self.spent_from)):
            raise ConfigError(f"The tier “{self.name}” begins at {self.spent_from!r}; give an amount above 0.")
        if not 0.0 <= self.discount < 1.0:
            raise ConfigError(
                f"The discount of “{self.name}” is {self.discount!r}; give a share below 1, such as 0.05."
            )
        if not self.cost_each >= 0.0:
            raise ConfigError(f"The cost of “{self.name}” is {self.cost_each!r}; it must be zero or more.")


@dataclass(frozen=True, slots=True)
class MeasuredGain:
    """What an experiment has shown a tier to earn, all its members together, net of what it costs.

    Attributes
    ----------
    experiment : str
    days : int
        Days in which money was counted.
    gain, low, high : float
        With the 90% interval.
    """

    experiment: str
    days: int
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LoyaltyTier:
    """One tier.

    Attributes
    ----------
    rule : LoyaltyRule
    customers : int
        Who is in it today.
    near : int
        Who spent at least four fifths of what it takes, and would reach it with little more.
    revenue, contribution : float
        What its members are expected to bring within the horizon without it.
    cost : float
        What its perks cost if nobody buys more.
    break_even : float or None
        Part by which members must buy more so that it just pays; None where no uplift pays for the discount.
    gain : float
        What it earns at the assumed uplift.
    affordable : float
        What all perks of a member may cost so that it just pays at the assumed uplift.
    measured : MeasuredGain or None
        What an experiment has shown.
    """

    rule: LoyaltyRule
    customers: int
    near: int
    revenue: float
    contribution: float
    cost: float
    break_even: float | None
    gain: float
    affordable: float
    measured: MeasuredGain | None = None

    @property
    def evidence(self) -> EvidenceGrade:
        """Experimental where it was tried; everything else rests on the assumed uplift."""
        return EvidenceGrade.PREDICTIVE if self.measured is None else EvidenceGrade.EXPERIMENTAL


@dataclass(frozen=True, slots=True)
class LoyaltyProgramme:
    """Tiers, best first.

    Attributes
    ----------
    tiers : tuple of LoyaltyTier
    uplift : float
        The assumed one.
    horizon : Horizon
        Within which values, costs and gains count.
    currency : str
    suggested : bool
        Whether thresholds were chosen by Keepers.
    """

    tiers: tuple[LoyaltyTier, ...]
    uplift: float
    horizon: Horizon
    currency: str
    suggested: bool


def loyalty_tiers(
    source: Shop | Orders,
    values: Values,
    rules: Sequence[LoyaltyRule] | None = None,
    *,
    uplift: float = UPLIFT,
    experiments: Sequence[OfferEffects] = (),
) -> LoyaltyProgramme:
    """Say who is in each tier, what it costs, and how much more members must buy so that it pays.

    A customer is in the best tier whose threshold they reach. Thresholds that are left out are round amounts that the
    best 5%, the next 15% and the next 30% of last year's buyers spent, without perks: `affordable` says what may be.

    Parameters
    ----------
    source : Dataset, Store or Orders
    values : Values
        Of all customers, as contribution: with a margin.
    rules : sequence of LoyaltyRule, optional
    uplift : float
        Part by which members are assumed to buy more.
    experiments : sequence of OfferEffects
        Of experiments; an offer with the name of a tier shows what the tier earns.

    Raises
    ------
    ConfigError
        Two tiers of one name or threshold, or an uplift that is none.
    InputError
        Values are no contribution, so that nothing can be said to pay.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.simulate import demo_store
    >>> store = demo_store(customers=300)
    >>> summary = kp.summarise(store.orders, margin=kp.Margin(rate=0.4))
    >>> values = kp.lifetime_value(kp.BGNBD().fit(summary), kp.GammaGamma().fit(summary), summary)
    >>> found = kp.loyalty_tiers(store, values)
    >>> [tier.rule.name for tier in found.tiers]
    ['Patron', 'Friend', 'Member']
    """
    if not values.has_money or values.basis is not MoneyBasis.CONTRIBUTION:
        raise InputError(
            "Whether a tier pays is seen in what is left of revenue: give a margin (Margin(rate=0.35), --margin 35%)."
        )
    if not 0.0 < uplift < 10.0:
        raise ConfigError(f"`uplift` is {uplift!r}; give the part by which members may buy more, such as 0.1.")
    orders = orders_of(source)
    purchases = orders.purchases_sql()
    since = orders.last_day - dt.timedelta(days=YEAR)
    found = values.engine.columns(
        fill(
            template(PACKAGE, "loyalty_spend"), value=quoted(values.value_column), values=quoted(values.name),
            purchases=purchases, since=day_literal(since),
        )
    )  # fmt: skip
    worth = np.nan_to_num(np.asarray(np.ma.filled(found["value"].astype(np.float64), 0.0)))
    spent = found["spent"].astype(np.float64)
    chosen = _suggested(spent) if rules is None else sorted(rules, key=lambda rule: -rule.spent_from)
    names, starts = {rule.name for rule in chosen}, {rule.spent_from for rule in chosen}
    if not chosen or len(names) < len(chosen) or len(starts) < len(chosen):
        raise ConfigError("Loyalty tiers need names and thresholds of their own, one tier at least.")
    share = _share_left(values, purchases)
    shown = _measured(experiments)
    place = np.searchsorted(np.array([-rule.spent_from for rule in chosen]), -spent, side="left")
    tiers = tuple(
        _tier(rule, worth[place == number], spent, share, uplift, shown.get(rule.name.casefold()))
        for number, rule in enumerate(chosen)
    )
    return LoyaltyProgramme(tiers, uplift, values.facts.horizon, values.currency, rules is None)


def _tier(
    rule: LoyaltyRule,
    worth: FloatArray,
    spent: FloatArray,
    share: float,
    uplift: float,
    shown: tuple[str, int, MeanEffect] | None,
) -> LoyaltyTier:
    count, left = int(worth.size), float(worth.sum())
    revenue = left / share
    anyway = rule.discount * revenue
    cost = anyway + rule.cost_each * count
    room = left - anyway
    near = int(np.count_nonzero((spent >= _NEAR * rule.spent_from) & (spent < rule.spent_from)))
    measured = None
    if shown is not None:
        experiment, days, effect = shown
        measured = MeasuredGain(experiment, days, *(count * one for one in (effect.gain, effect.low, effect.high)))
    return LoyaltyTier(
        rule, count, near, revenue, left, cost, cost / room if room > 0 else None,
        uplift * left - cost - uplift * anyway, uplift * left / count if count else 0.0, measured,
    )  # fmt: skip


def _share_left(values: Values, purchases: str) -> float:
    """What is left of revenue: the rate, or that of all orders together."""
    margin = values.facts.margin
    if margin.rate is not None:
        return margin.rate
    revenue, left = values.engine.row(
        f"SELECT sum(amount) FILTER (contribution IS NOT NULL), sum(contribution) FROM ({purchases}) AS purchase"
    )
    if not revenue or not left or left <= 0:
        raise InputError("Orders leave nothing after their costs, so that no perk can pay. Look at the costs.")
    return float(left) / float(revenue)


def _suggested(spent: FloatArray) -> list[LoyaltyRule]:
    """Round thresholds at the best 5%, the next 15% and the next 30% of last year's buyers."""
    buyers = np.sort(spent[spent > 0])
    if not buyers.size:
        raise InputError("Nobody bought in the past 365 days, so that nobody could be in a tier.")
    found: dict[float, LoyaltyRule] = {}
    for name, share in _SHARES:
        start = _round(float(buyers[int(share * (buyers.size - 1))]))
        found.setdefault(start, LoyaltyRule(name, start))
    return sorted(found.values(), key=lambda rule: -rule.spent_from)


def _round(amount: float) -> float:
    """The nearest amount that people remember.

    >>> _round(187.3), _round(0.062), _round(5230.0)
    (200.0, 0.06, 5000.0)
    """
    size = 10.0 ** math.floor(math.log10(amount))
    step = min(_STEPS, key=lambda one: abs(one * size - amount))
    return float(f"{step * size:.6g}")


def _measured(experiments: Sequence[OfferEffects]) -> Mapping[str, tuple[str, int, MeanEffect]]:
    """What was shown of each offer, by its name; the first experiment counts."""
    found: dict[str, tuple[str, int, MeanEffect]] = {}
    for effects in experiments:
        if effects.evidence is EvidenceGrade.EXPERIMENTAL:
            for effect in effects.mean_effects():
                found.setdefault(effect.offer.casefold(), (effects.trial.name, effects.trial.days, effect))
    return found
