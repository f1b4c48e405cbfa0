"""Who gets which offer: the best within a budget, past the gate, with a control held out and the losers left alone."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.assignment import uniform_of
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.decision import Action, Audience, Decision
from keepers.domain.errors import InputError
from keepers.evaluation.policy.gate import GateVerdict, policy_gate
from keepers.numerics.allocate import allocate
from keepers.retention.effects import Asked, OfferEffects

HELD_OUT = 0.1
"""Share of those chosen who are held out as control, so that what the decision earned can be seen."""
_NORMAL = 1.6448536269514722


@dataclass(frozen=True, eq=False)
class OfferChoice:
    """Which offer each customer gets; rows in the order of their keys.

    Attributes
    ----------
    effects : OfferEffects
        What it rests on.
    keys : array of str, shape (n,)
    arm : array of int, shape (n,)
        Position in the arms of the trial; 0 is nothing.
    held_out : array of bool, shape (n,)
        Chosen for an offer, but held out as control.
    gain, outlay : array, shape (n,)
        Expected net gain and outlay of what was chosen.
    leave_alone : array of bool, shape (n,)
        With whom every offer is expected to lose money.
    verdict : GateVerdict
        Whether choosing for each customer was let through.
    budget : float or None
    multiplier, bound : float
        Of the allocation: what one more unit of budget would bring, and the most that any choice could be worth.
    gain_a_customer, low_a_customer, high_a_customer : float
        What the rule earned a customer in the trial, on customers it was not learned from, with its 90% interval.
    """

    effects: OfferEffects
    keys: NDArray[Any]
    arm: IntArray
    held_out: NDArray[np.bool_]
    gain: FloatArray
    outlay: FloatArray
    leave_alone: NDArray[np.bool_]
    verdict: GateVerdict
    budget: float | None
    multiplier: float
    bound: float
    gain_a_customer: float
    low_a_customer: float
    high_a_customer: float

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Who gets an offer now."""
        return np.asarray((self.arm > 0) & ~self.held_out)

    @property
    def spent(self) -> float:
        """Expected outlay of those who get an offer."""
        return float(self.outlay[self.treated].sum())

    @property
    def gap(self) -> float:
        """How much more than this choice the best possible one could be expected to earn, at most."""
        return max(self.bound - float(self.gain.sum()), 0.0)

    def decisions(self, decided_at: dt.datetime) -> tuple[Decision, ...]:
        """One entry of the ledger for each offer that somebody gets.

        The expected gain is that of the trial for the whole rule, shared among the offers as the learned gains say.
        """
        trial = self.effects.trial
        total = float(self.gain.sum())
        found = []
        for place, name in enumerate(trial.arms[1:], start=1):
            chosen = self.arm == place
            if not (chosen & ~self.held_out).any():
                continue
            share = float(self.gain[chosen].sum()) / total if total > 0 else 0.0
            scale = self.keys.size * share * float((chosen & ~self.held_out).sum() / chosen.sum())
            action = Action(name, name, float(self.outlay[chosen].mean()))
            keys = tuple(str(key) for key in self.keys[chosen & ~self.held_out])
            held = tuple(str(key) for key in self.keys[chosen & self.held_out])
            number = hashlib.sha256(f"{trial.name}|{name}|{decided_at.isoformat()}".encode()).hexdigest()[:16]
            rule = f"customers of “{trial.name}” with whom “{name}” is expected to earn most"
            if not self.verdict.ships:
                rule = f"everybody: “{name}” is the best single action of “{trial.name}”"
            found.append(
                Decision(
                    number, decided_at, action, Audience(rule, keys, held), self.gain_a_customer * scale,
                    self.low_a_customer * scale, self.high_a_customer * scale, trial.currency,
                    self.effects.evidence, (self.verdict.sentence(trial.currency),),
                )
            )  # fmt: skip
        return tuple(found)


def choose_offers(
    effects: OfferEffects,
    budget: float | None = None,
    *,
    customers: Asked | None = None,
    margin: float = 0.0,
    confidence: float = 0.95,
    hold_out: float = HELD_OUT,
    salt: str | None = None,
) -> OfferChoice:
    """Choose an offer, or none, for each customer.

    Choosing for each customer ships only if it beat every single action on customers of the trial whom it was not
    learned from (`keepers.policy_gate`); otherwise everybody gets the best single action, and that only where it is
    proven to be better than nothing. With a budget, customers are taken by what the money brings, and single
    actions are judged at the share of customers that the budget reaches.

    Parameters
    ----------
    effects : OfferEffects
        Of `keepers.offer_effects`.
    budget : float, optional
        What offers may take in all: their costs and the discounts they give.
    customers : Features, optional
        Who is chosen from, with the features of the trial, such as `features_at` of today gives; the customers of the
        trial if left out.
    margin : float
        What choosing must earn more than the best single action, a customer.
    confidence : float
        Of the gate.
    hold_out : float
        Share of the chosen who are held out as control, by a deterministic hash of customer and `salt`.
    salt : str, optional
        Another one draws another control; the name of the trial if left out.

    Raises
    ------
    InputError
        Where the budget or the share held out make no sense.
    """
    if budget is not None and not budget >= 0:
        raise InputError(f"`budget` is {budget!r}; it must be zero or positive.")
    if not 0.0 <= hold_out < 1.0:
        raise InputError(f"`hold_out` is {hold_out!r}; it must be a share from 0 to below 1 (write 10% as 0.1).")
    trial = effects.trial
    if customers is None:
        keys, gain, outlay = trial.keys, effects.gain, effects.outlay
    else:
        keys, gain, outlay = effects.predict(customers)
    scale = trial.size / max(keys.size, 1)
    tested = allocate(effects.gain, effects.outlay, None if budget is None else budget * scale)
    reached = _reached(effects.outlay, None if budget is None else budget * scale)
    verdict = policy_gate(
        effects.scores, tested.choice, trial.arms, margin=margin, confidence=confidence, reached=reached
    )
    rows = np.arange(trial.size)
    if verdict.ships:
        found = allocate(gain, outlay, budget)
        arm, multiplier, bound = found.choice, found.multiplier, found.bound
        earned = effects.scores[rows, tested.choice] - effects.scores[:, 0]
    else:
        place = trial.arms.index(verdict.constant) if verdict.constant_is_proven else 0
        arm = _constant(keys, outlay[:, place], place, budget, salt or trial.name)
        multiplier, bound = 0.0, float(gain[np.arange(keys.size), arm].sum())
        earned = reached[place] * (effects.scores[:, place] - effects.scores[:, 0])
    every = np.arange(keys.size)
    error = float(earned.std(ddof=1) / np.sqrt(earned.size))
    mean = float(earned.mean())
    draws = uniform_of(keys, f"{salt or trial.name}|held out") if keys.size else np.empty(0)
    return OfferChoice(
        effects, keys, arm, np.asarray((arm > 0) & (draws < hold_out)), gain[every, arm], outlay[every, arm],
        np.asarray(gain[:, 1:].max(axis=1) <= 0.0), verdict, budget, multiplier, bound,
        mean, mean - _NORMAL * error, mean + _NORMAL * error,
    )  # fmt: skip


def _reached(outlay: FloatArray, budget: float | None) -> FloatArray:
    """The share of customers for whom the budget pays each arm."""
    if budget is None:
        return np.ones(outlay.shape[1])
    total = outlay.sum(axis=0)
    share = np.divide(budget, total, out=np.ones_like(total), where=total > budget)
    return np.asarray(np.minimum(1.0, share), dtype=np.float64)


def _constant(keys: NDArray[Any], outlay: FloatArray, place: int, budget: float | None, salt: str) -> IntArray:
    """One arm for everybody, or for those whom a budget reaches, drawn by the hash."""
    arm = np.full(keys.size, place, dtype=np.int64)
    if place and budget is not None and float(outlay.sum()) > budget:
        order = np.argsort(uniform_of(keys, f"{salt}|reached"), kind="stable")
        beyond = np.cumsum(outlay[order]) > budget
        arm[order[beyond]] = 0
    return arm
