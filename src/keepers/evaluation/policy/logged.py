"""Logged decisions: which action each customer got, with which chance, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import InputError


@dataclass(frozen=True, eq=False)
class LoggedDecisions:
    """What was done and what came of it; make one with `logged_decisions`.

    Attributes
    ----------
    action : array of int, shape (n,)
        Action of each row, 0 to k - 1.
    reward : array, shape (n,)
        What came of it.
    chance : array, shape (n,)
        Probability with which that action was chosen.
    behaviour : array, shape (n, k), or None
        Probability of every action, where it is known.
    actions : int
        How many actions there are, k.
    """

    action: IntArray
    reward: FloatArray
    chance: FloatArray
    behaviour: FloatArray | None
    actions: int

    @property
    def size(self) -> int:
        """Number of decisions."""
        return int(self.action.size)

    def weight(self, policy: FloatArray) -> FloatArray:
        """How much more often the policy takes each logged action than it was taken."""
        return np.asarray(policy[np.arange(self.size), self.action] / self.chance, dtype=np.float64)


def logged_decisions(
    action: ArrayLike, reward: ArrayLike, propensity: ArrayLike, actions: int | None = None
) -> LoggedDecisions:
    """Check logged decisions.

    Parameters
    ----------
    action : array of int, shape (n,)
        Action of each decision, counted from 0.
    reward : array, shape (n,)
        What came of it, in one unit.
    propensity : array, shape (n,), (k,) or (n, k)
        Probability of the logged action, of every action (the same for everybody), or of every action for each row.
        A column of length k that sums to one is read as the second.
    actions : int, optional
        Number of actions; what `propensity` or the largest action says if left out.

    Raises
    ------
    InputError
        With the first row that is wrong.

    >>> log = logged_decisions([0, 1, 1], [1.0, 0.0, 2.0], [0.5, 0.5])
    >>> log.chance.tolist()
    [0.5, 0.5, 0.5]
    """
    taken, earned = np.asarray(action), np.asarray(reward, dtype=np.float64)
    chance = np.asarray(propensity, dtype=np.float64)
    if taken.ndim != 1 or earned.shape != taken.shape or not taken.size:
        raise InputError(
            f"`action` {taken.shape} and `reward` {earned.shape} must be columns of one length, not empty."
        )
    if not np.issubdtype(taken.dtype, np.integer):
        raise InputError("`action` must hold whole numbers, 0 for the first action.")
    if not np.isfinite(earned).all():
        row = int(np.argmin(np.isfinite(earned)))
        raise InputError(f"`reward` is {earned[row]} in row {row}. Leave rows out whose outcome is not known yet.")
    known = chance.shape[-1] if chance.ndim == 2 else _arms(chance, taken.size)
    number = actions or known or int(taken.max()) + 1
    if known and known != number:
        raise InputError(f"`propensity` has {known} columns and there are {number} actions; give one for each.")
    if taken.min() < 0 or taken.max() >= number:
        raise InputError(f"`action` runs from {taken.min()} to {taken.max()}; it must lie between 0 and {number - 1}.")
    behaviour = None
    if known:
        behaviour = np.broadcast_to(chance, (taken.size, number))
        if behaviour.shape != (taken.size, number) or np.abs(behaviour.sum(axis=1) - 1.0).max() > 1e-6:
            raise InputError("The probabilities of all actions must sum to one in every row of `propensity`.")
        chance = behaviour[np.arange(taken.size), taken]
    elif chance.shape != taken.shape:
        raise InputError(f"`propensity` has the shape {chance.shape}; give one number for each of {taken.size} rows.")
    wrong = ~((chance > 0) & (chance <= 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"{int(wrong.sum())} actions were taken with probability {chance[row]:g} (first: row {row}); a logged "
            "action has a probability above 0 and at most 1. Look at how `propensity` was recorded."
        )
    return LoggedDecisions(taken.astype(np.int64), earned, np.ascontiguousarray(chance), behaviour, number)


def checked_policy(log: LoggedDecisions, policy: ArrayLike) -> FloatArray:
    """A policy for logged decisions as probabilities, shape (n, k)."""
    return policy_table(policy, log.size, log.actions)


def policy_table(policy: ArrayLike, rows: int, actions: int) -> FloatArray:
    """A policy as probabilities, shape (n, k), from probabilities or from the action chosen for each row."""
    given = np.asarray(policy)
    if given.ndim == 1 and np.issubdtype(given.dtype, np.integer):
        if given.size != rows or given.min() < 0 or given.max() >= actions:
            raise InputError(f"`policy` must choose one of the actions 0 to {actions - 1} for each of {rows} rows.")
        chosen = np.zeros((rows, actions))
        chosen[np.arange(rows), given] = 1.0
        return chosen
    table = given.astype(np.float64)
    if table.shape != (rows, actions):
        raise InputError(f"`policy` has the shape {table.shape}; it must be {(rows, actions)}.")
    if not (table >= 0).all() or np.abs(table.sum(axis=1) - 1.0).max() > 1e-6:
        raise InputError("`policy` must hold probabilities that sum to one in every row.")
    return table


def checked_predictions(log: LoggedDecisions, predicted: ArrayLike) -> FloatArray:
    """Predicted rewards of every action, shape (n, k)."""
    table = np.asarray(predicted, dtype=np.float64)
    if table.shape != (log.size, log.actions) or not np.isfinite(table).all():
        raise InputError(
            f"`predicted` has the shape {table.shape}; it must hold a finite reward for each of {log.size} rows and "
            f"{log.actions} actions, learned from other rows (cross-fitted)."
        )
    return table


def _arms(chance: FloatArray, rows: int) -> int:
    one_law = chance.ndim == 1 and chance.size > 1 and abs(float(chance.sum()) - 1.0) < 1e-9
    return int(chance.size) if one_law and chance.size != rows else 0
