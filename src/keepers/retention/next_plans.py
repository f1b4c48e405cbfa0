"""The next plan of each subscriber: a larger one, a smaller one, one more, by what the change brings.

What a change of plan brings is what those who changed went on to pay, within the horizon, less what subscribers like
them who did not change then went on to pay, whatever they did later. Both are seen from the same moment of their
contracts, a renewal; what is expected after the time that was seen comes from the model of contracts, with one law for
everybody, since who is on a plan has chosen it. Without an experiment that is *adjusted* for what is known of
subscribers; where plans were offered by lot it is *experimental*, and of the offer. A choice for each subscriber ships
only past the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit
from keepers.retention.effects import FOLDS, OfferEffects, offer_effects
from keepers.retention.experiment_plan import ExperimentPlan, plan_experiment
from keepers.retention.offers import HELD_OUT, OfferChoice, choose_offers
from keepers.retention.plan_ladder import DOWNGRADE, KINDS, STAY, UPGRADE, Ladder
from keepers.retention.plan_rows import PlanMoments, PlanRows
from keepers.retention.plan_trial import PlanTrial, plan_trial
from keepers.retention.trials import Trial
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.feature_sources import Shop
from keepers.summaries.purchases import day_literal
from keepers.valuation.subscription_value import SubscriptionValues

CONFIDENCE = 0.975
FEWEST = 30
"""Fewer changes than this tell nothing."""

SOON = {TimeUnit.DAY: 90, TimeUnit.WEEK: 13, TimeUnit.MONTH: 3, TimeUnit.YEAR: 1}
"""Periods in which changes of plan are expected to show."""
_TAKE = 0.1
"""Share of those who are offered a change and take it, for whose gain an experiment is planned."""


@dataclass(frozen=True, eq=False)
class PlanMove:
    """One kind of change: what it brings, and whom it is proposed to.

    Attributes
    ----------
    kind : str
        ``"upgrade"``, ``"downgrade"`` or ``"add-on"``; of an experiment its name.
    effects : OfferEffects
        What it brings, learned from the past.
    choice : OfferChoice
        Who gets it, among today's subscribers to whom it is open.
    targets : array of str, shape (n,)
        The plan of each row of the choice, empty where nothing is proposed.
    effect : array, shape (n,)
        What the change is expected to bring with each, proposed or not.
    """

    kind: str
    effects: OfferEffects
    choice: OfferChoice
    targets: NDArray[Any]
    effect: FloatArray

    @property
    def evidence(self) -> EvidenceGrade:
        """How what it brings is known."""
        return self.effects.evidence


@dataclass(frozen=True, eq=False)
class NextPlans:
    """The next plan of every subscriber who subscribes now, at a price that is known; rows in the order of their keys.

    Attributes
    ----------
    keys, plan : arrays of str, shape (n,)
    price : array, shape (n,)
        What they pay a month.
    move, target : arrays of str, shape (n,)
        The change that is proposed, and to which plan; empty where staying is best.
    expected_gain : array, shape (n,)
        Money that it brings within the horizon beyond what would come anyway; of an experiment, offering it.
    held_out : array of bool, shape (n,)
        Chosen, but left alone as control.
    evidence : array of str, shape (n,)
    chance_up, chance_down : arrays, shape (n,)
        That they are on a dearer, on a cheaper plan within `soon` periods, if they stay subscribed, as their plan's
        subscribers were seen to move.
    at_stake : array, shape (n,)
        Money within the horizon that a cheaper plan is expected to lose, times its chance.
    moves : tuple of PlanMove
        What was learned; an experiment first.
    too_few : tuple of (str, int)
        Kinds that too few were seen to do.
    proposal : ExperimentPlan or None
        The experiment that would show what offering an upgrade brings.
    ahead, soon : int
        Periods in which what followed a change was seen, and of `chance_up` and `chance_down`.
    unit : TimeUnit
    horizon : Horizon
    currency : str
    basis : MoneyBasis
    """

    keys: NDArray[Any]
    plan: NDArray[Any]
    price: FloatArray
    move: NDArray[Any]
    target: NDArray[Any]
    expected_gain: FloatArray
    held_out: NDArray[np.bool_]
    evidence: NDArray[Any]
    chance_up: FloatArray
    chance_down: FloatArray
    at_stake: FloatArray
    moves: tuple[PlanMove, ...]
    too_few: tuple[tuple[str, int], ...]
    proposal: ExperimentPlan | None
    ahead: int
    soon: int
    unit: TimeUnit
    horizon: Horizon
    currency: str
    basis: MoneyBasis

    @property
    def proposed(self) -> NDArray[np.bool_]:
        """To whom a change is proposed now."""
        return np.asarray((self.move != "") & ~self.held_out)

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """The rows as columns; the shape of next_plans.parquet."""

        def words(column: NDArray[Any]) -> NDArray[Any]:
            return np.array([one or None for one in column], dtype=object)

        return {
            "customer_key": self.keys.astype(object),
            "plan": self.plan.astype(object),
            "mrr": self.price,
            "next_plan": words(self.target),
            "change": words(self.move),
            "expected_gain": np.where(self.move != "", self.expected_gain, np.nan),
            "held_out": self.held_out,
            "evidence": words(self.evidence),
            "upgrade_probability": self.chance_up,
            "downgrade_probability": self.chance_down,
            "downgrade_at_stake": self.at_stake,
        }


def next_plans(
    values: SubscriptionValues,
    source: Shop | None = None,
    *,
    confidence: float = CONFIDENCE,
    hold_out: float = HELD_OUT,
    seed: int = 0,
) -> NextPlans:
    """Find the next plan of each subscriber: larger, smaller, or one more, by what the change brings.

    Parameters
    ----------
    values : SubscriptionValues
        Of `keepers.subscription_value`, with prices and two plans at least.
    source : Dataset or Store, optional
        With treatments, where plans were offered to some subscribers drawn by lot: the offers are named as the plans.
    confidence : float
        Of the gate, and of what is said of the best single plan; two chances to be wrong by one in forty each.
    hold_out : float
        Share of the chosen who are left alone, so that what the change brings can be seen.
    seed : int
        Of the portions in which effects are learned.

    Returns
    -------
    NextPlans
        *Experimental* where plans were offered by lot, else *adjusted*: right as far as nothing else than what is known
        of subscribers decided both who changed and who stayed.

    Raises
    ------
    ConfigError
        The subscriptions are in a database or cluster.
    InputError
        There is one plan alone, no price, or too few changes of plan to learn from.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.simulate import Contracts, Plan, StorePlan, simulate_store
    >>> contracts = Contracts((Plan("small", 19.0), Plan("large", 29.0)), share=0.9, upgrade=0.08)
    >>> store = simulate_store(700, seed=1, plan=StorePlan(contracts=contracts))
    >>> summary = kp.summarise_subscriptions(store.tables["subscriptions"])
    >>> values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    >>> found = kp.next_plans(values)
    >>> found.moves[0].kind, sorted(set(found.to_columns()["evidence"]) - {None})
    ('upgrade', ['adjusted'])
    """
    summary = values.facts.summary
    if not summary.engine.is_embedded:
        raise ConfigError("Next plans are found on this machine. Read the subscriptions from files to have them.")
    if not values.has_money or len(values.facts.states.plans) < 2:
        raise InputError("The next plan cannot be said: the subscriptions have one plan alone, or no prices.")
    moments = PlanMoments(values, _seen_ahead(values))
    past, now = moments.rows()
    ladder = Ladder.of(moments, past)
    found, few = [], []
    trial = None if source is None else plan_trial(source, moments)
    if trial is not None:
        found.append(_tested(moments, trial, now, confidence, hold_out, seed))
    for kind in KINDS:
        target, here = ladder.aims(kind, now.plan), ladder.aims(kind, past.plan)
        rows = past.take(np.flatnonzero((here != "") & np.isin(past.move, ["stay", kind])))
        changes = int((rows.move == kind).sum())
        if min(changes, rows.size - changes) < FEWEST:
            few.append((kind, changes))
            continue
        open_to = np.flatnonzero(target != "")
        today = now.take(open_to)
        found.append(_observed(moments, ladder, kind, rows, today, target[open_to], confidence, hold_out, seed))
    if not found:
        seen = " and ".join(f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in few)
        raise InputError(
            f"The next plan cannot be said yet: there were {seen} early enough to see what followed; at least {FEWEST} "
            "are needed."
        )
    return _together(moments, now, ladder, tuple(found), tuple(few), trial)


def _seen_ahead(values: SubscriptionValues) -> int:
    """Periods in which what followed is counted: the horizon, or a third of what the records reach over."""
    facts, unit = values.facts, values.facts.summary.unit
    spells, cut = quoted(facts.summary.facts.spells), day_literal(facts.summary.facts.cut)
    first = f"(SELECT min(paid_from) FROM {spells})"
    reach = int(values.engine.row(f"SELECT {whole_periods(first, cut, unit)}")[0])
    ahead = min(int(np.floor(facts.horizon.in_unit(unit) + 1e-9)), reach // 3)
    if ahead < 1:
        raise InputError(
            f"What follows a change of plan is learned from what was paid before and after it, and the subscriptions "
            f"reach over {reach} {unit.value}s; at least 3 are needed, and a horizon of one."
        )
    return ahead


def _with_difference(moments: PlanMoments, ladder: Ladder, kind: str, rows: PlanRows) -> PlanRows:
    """Rows that know what their contract is expected to bring, and what more at the new price, all else alike."""
    rows.known["expected"] = moments.expected(rows.plan, rows.price, rows.age, rows.on_plan)
    # Who pays nothing yet pays the new price on the new plan.
    plan = np.where(moments.is_free(rows.plan), ladder.aims(kind, rows.plan), rows.plan)
    rows.known["expected_more"] = moments.expected(
        plan, ladder.added(kind, rows.plan, rows.price), rows.age, rows.on_plan
    )
    return rows


def _observed(
    moments: PlanMoments,
    ladder: Ladder,
    kind: str,
    rows: PlanRows,
    today: PlanRows,
    target: NDArray[Any],
    confidence: float,
    hold_out: float,
    seed: int,
) -> PlanMove:
    rows, today = (_with_difference(moments, ladder, kind, one) for one in (rows, today))
    names = tuple(rows.known)
    facts = moments.facts
    trial = Trial(
        f"changes of plan: {kind}", (STAY, kind), rows.keys, (rows.move == kind).astype(np.int64), rows.outcome,
        np.zeros(rows.size), None, rows.matrix(names, {})[1], names, moments.values.currency, facts.margin.basis, None,
        round(facts.horizon.days),
    )  # fmt: skip
    effects = offer_effects(trial, learner="splines", folds=FOLDS, seed=seed)
    choice = choose_offers(effects, customers=today, confidence=confidence, hold_out=hold_out, salt=f"plans {kind}")
    effect = effects.predict(today)[1][:, 1]
    return PlanMove(kind, effects, choice, np.where(choice.arm > 0, target, ""), effect)


def _tested(
    moments: PlanMoments, trial: PlanTrial, now: PlanRows, confidence: float, hold_out: float, seed: int
) -> PlanMove:
    now.known["expected"] = moments.expected(now.plan, now.price, now.age, now.on_plan)
    effects = offer_effects(trial.trial, learner="splines", folds=FOLDS, seed=seed)
    choice = choose_offers(effects, customers=now, confidence=confidence, hold_out=hold_out)
    offered = np.array(["", *trial.plans], dtype=object)[choice.arm]
    return PlanMove(trial.trial.name, effects, choice, np.where(offered == now.plan, "", offered), choice.gain)


def _together(
    moments: PlanMoments,
    now: PlanRows,
    ladder: Ladder,
    moves: tuple[PlanMove, ...],
    few: tuple[tuple[str, int], ...],
    trial: PlanTrial | None,
) -> NextPlans:
    """Of each subscriber the change that is expected to bring most; an experiment goes before what was only seen."""
    size, facts = now.size, moments.facts
    price = dict(zip(ladder.plans, ladder.price, strict=True))
    move, target, evidence = (np.full(size, "", dtype=object) for _ in range(3))
    gain, held, loss = np.zeros(size), np.zeros(size, dtype=bool), np.full(size, np.nan)
    # Where an experiment has shown what offering a plan brings, what was only seen of changes does not overrule it.
    tested = np.zeros(size, dtype=bool) if trial is None else np.isin(now.plan, trial.plans, invert=True)
    for one in moves:
        place = np.searchsorted(now.keys.astype(str), one.choice.keys.astype(str))
        if one.kind == DOWNGRADE:
            loss[place] = np.maximum(-one.effect, 0.0)
        better = (one.targets != "") & (one.choice.gain > gain[place])
        if one.evidence is not EvidenceGrade.EXPERIMENTAL:
            better &= ~tested[place]
        some = place[better]
        target[some], gain[some] = one.targets[better], one.choice.gain[better]
        held[some], evidence[some] = one.choice.held_out[better], one.evidence.value
        if one.kind in KINDS:
            move[some] = one.kind
        else:
            dearer = np.array([price.get(str(name), 0.0) for name in target[some]]) > now.price[some]
            move[some] = np.where(dearer, UPGRADE, DOWNGRADE)
    soon = SOON[facts.summary.unit]
    up, down = ladder.chances(now.plan, soon)
    usual = np.abs(moments.expected(now.plan, ladder.added(DOWNGRADE, now.plan, now.price), now.age, now.on_plan))
    upgrade = next((one for one in moves if one.kind == UPGRADE), None)
    return NextPlans(
        now.keys, now.plan, now.price, move, target, gain, held, evidence, up, down,
        down * np.where(np.isfinite(loss), loss, usual), moves, few, None if upgrade is None else _experiment(upgrade),
        moments.ahead, soon, facts.summary.unit, facts.horizon, moments.values.currency, facts.margin.basis,
    )  # fmt: skip


def _experiment(move: PlanMove) -> ExperimentPlan | None:
    """An experiment with offers of the larger plan that finds its gain where a tenth take it."""
    (mean,) = move.effects.mean_effects()
    spread = float(np.std(move.effects.trial.outcome))
    if not (mean.gain > 0 and spread > 0):
        return None
    return plan_experiment(
        spread, _TAKE * mean.gain, days=move.effects.trial.days, available=int(move.choice.keys.size)
    )
