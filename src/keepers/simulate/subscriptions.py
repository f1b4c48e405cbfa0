"""Contracts beside the shop: plans paid by the month, trials, changes of plan, and churn at renewal (sBG)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.season import Tempo
from keepers.simulate.streams import stream

STATUSES = ("trial", "active", "past_due", "paused", "cancelled")
REASONS = ("too expensive", "too much at home", "moving", "quality", "changed plan", "trial not continued")
CHANGED, NOT_CONTINUED = 4, 5


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with its price a month; plans are listed from small to large."""

    name: str
    price: float
    popularity: float = 1.0


@dataclass(frozen=True, slots=True)
class Contracts:
    """Who subscribes and how contracts end.

    Each subscriber has a churn probability of their own, drawn from a beta distribution, and leaves with it at each
    renewal (shifted beta-geometric; Fader and Hardie 2007).

    Parameters
    ----------
    plans : tuple of Plan
        What can be subscribed to.
    share : float
        Share of customers who ever subscribe.
    a, b : float
        Parameters of the beta distribution of the monthly churn probability.
    delay : float
        Mean days from the first order to the start.
    trial_days : int
        Length of the free trial; 0 for none.
    trial_conversion : float
        Share of trials that are continued.
    upgrade, downgrade : float
        Probability of changing the plan at a renewal.
    after_upgrade, after_downgrade : float
        What a subscriber's own churn is multiplied with from such a change on, until the next one: 1 where a change of
        plan moves nothing but the price.
    conversion : (float, float), optional
        Of subscribers on a plan that costs nothing: beta parameters of a chance of their own to move to the next plan
        at a renewal, in place of `upgrade`. Who is likely to does so early, and those who stay are others.
    """

    plans: tuple[Plan, ...]
    share: float = 0.12
    a: float = 0.7
    b: float = 6.0
    delay: float = 60.0
    trial_days: int = 14
    trial_conversion: float = 0.7
    upgrade: float = 0.012
    downgrade: float = 0.006
    after_upgrade: float = 1.0
    after_downgrade: float = 1.0
    conversion: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.plans:
            raise ConfigError("Contracts need at least one plan.")
        if min(self.a, self.b) <= 0:
            raise ConfigError(f"The churn's beta parameters are {self.a!r} and {self.b!r}; both must be positive.")
        if min(self.after_upgrade, self.after_downgrade) < 0:
            raise ConfigError(
                f"`after_upgrade` and `after_downgrade` are {self.after_upgrade!r} and {self.after_downgrade!r}; they "
                "multiply churn and cannot be negative."
            )
        if self.conversion is not None and min(self.conversion) <= 0:
            raise ConfigError(f"`conversion` is {self.conversion!r}; both beta parameters must be positive.")

    def worth(
        self,
        churn: FloatArray,
        plan: IntArray,
        change: int,
        months: int,
        discount: float = 0.0,
        conversion: FloatArray | None = None,
    ) -> FloatArray:
        """What subscribers who have just renewed are expected to pay from now on, within some months.

        Parameters
        ----------
        churn : array, shape (n,)
            Their own, of each renewal.
        plan : array of int, shape (n,)
            What they hold before.
        change : int
            1 for an upgrade now, -1 for a downgrade, 0 for none now; later they change as everybody does.
        months : int
            The first is paid now.
        discount : float
            Continuous, a month.
        conversion : array, shape (n,), optional
            Their own chances to move on from a plan that costs nothing, where the store has them.

        Returns
        -------
        array, shape (n,)
            Expected money; the difference of two changes is the true effect of one.
        """
        last, price = len(self.plans) - 1, np.array([one.price for one in self.plans])
        rows = np.arange(churn.size)
        # Chances to run on each plan, by the last change: none, up, down.
        state = np.zeros((churn.size, len(self.plans), 3))
        now = np.clip(plan + change, 0, last)
        state[rows, now, np.where(now == plan, 0, np.where(change > 0, 1, 2))] = 1.0
        stays = 1.0 - np.minimum(np.multiply.outer(churn, [1.0, self.after_upgrade, self.after_downgrade]), 1.0)
        total = np.zeros(churn.size)
        for month in range(months):
            total += state.sum(axis=2) @ price * np.exp(-discount * month)
            run = state * stays[:, None, :]
            state = run.copy()
            for place in range(last + 1):
                up = self.upgrade if conversion is None or price[place] > 0 else conversion
                for step, chance, kind in ((1, up, 1), (-1, self.downgrade, 2)):
                    if 0 <= place + step <= last:
                        each = np.broadcast_to(chance, churn.shape)
                        state[:, place] -= each[:, None] * run[:, place]
                        state[:, place + step, kind] += each * run[:, place].sum(axis=1)
        return total


@dataclass(frozen=True, eq=False)
class ContractTruth:
    """What is true of each subscriber; rows are subscribers.

    Attributes
    ----------
    customer : array of int
        Row of the customer.
    churn : array
        Probability of leaving at each renewal.
    started, paid_from : arrays of int
        Day number of the trial's start, and of the first paid month.
    months : array of int
        Months that are paid until the contract ends, seen or not; 0 where the trial was not continued.
    conversion : array or None
        Chance to move on from a plan that costs nothing at a renewal, where the store has chances of their own.
    """

    customer: IntArray
    churn: FloatArray
    started: IntArray
    paid_from: IntArray
    months: IntArray
    conversion: FloatArray | None = None

    def retained(self, months: int) -> FloatArray:
        """Probability of surviving so many more renewals, for who is a subscriber now."""
        return np.asarray((1.0 - self.churn) ** months)


@dataclass(frozen=True, eq=False)
class ContractRows:
    """One entry a contract as it stands at the end; a change of plan ends one contract and begins the next.

    Day numbers count from the first day; -1 stands for "not yet" or "none".
    """

    subscriber: IntArray
    customer: IntArray
    part: IntArray
    plan: IntArray
    status: IntArray
    started: IntArray
    trial_ends: IntArray
    ended: IntArray
    reason: IntArray


def draw_contracts(
    law: Contracts, start: FloatArray, dropout: FloatArray, tempo: Tempo, end: int, seed: int
) -> tuple[ContractRows, ContractTruth]:
    """Contracts of customers who came at `start`; nobody subscribes after leaving the shop or in its last days."""
    rng = stream(seed, "contracts")
    begins = np.floor(start + rng.exponential(law.delay, start.size)).astype(np.int64) + 1
    wants = (rng.random(start.size) < law.share) & (begins < end - 1) & (begins < dropout)
    customer = np.flatnonzero(wants)
    started = begins[wants]
    churn = rng.beta(law.a, law.b, customer.size)
    continued = rng.random(customer.size) < (law.trial_conversion if law.trial_days else 1.0)
    months = np.clip(rng.geometric(np.clip(churn, 1e-6, 1.0)), 1, 10_000)
    months = np.where(continued, months, 0)
    paid_from = started + law.trial_days
    own = None if law.conversion is None else rng.beta(*law.conversion, customer.size)
    truth = ContractTruth(customer, churn, started, paid_from, months, own)
    return _rows(law, truth, tempo, end, rng), truth


def _rows(law: Contracts, truth: ContractTruth, tempo: Tempo, end: int, rng: np.random.Generator) -> ContractRows:
    """The rows; where changes of plan move churn, the months in `truth` become those that were then drawn."""
    size = truth.customer.size
    popularity = np.array([plan.popularity for plan in law.plans])
    free = np.array([plan.price == 0 for plan in law.plans])
    plan = rng.choice(len(law.plans), size=size, p=popularity / popularity.sum())
    opened = truth.started.copy()
    part = np.zeros(size, dtype=np.int64)
    rows: list[tuple[IntArray, ...]] = []

    def close(who: IntArray, day: IntArray, reason: IntArray) -> None:
        rows.append((who, part[who], plan[who], opened[who], day, reason))

    failed = np.flatnonzero((truth.months == 0) & (truth.paid_from < end))
    close(failed, truth.paid_from[failed], np.full(failed.size, NOT_CONTINUED))
    left = np.zeros(size, dtype=bool)
    left[failed] = True
    month = 0
    while True:
        month += 1
        renewal = _months_later(truth.paid_from, month, tempo)
        due = ~left & (renewal < end)
        if not due.any():
            break
        gone = np.flatnonzero(due & (truth.months == month))
        why = rng.choice(4, size=gone.size, p=[0.4, 0.3, 0.12, 0.18])
        close(gone, renewal[gone], why)
        left[gone] = True
        lot = rng.random(size)
        up = law.upgrade if truth.conversion is None else np.where(free[plan], truth.conversion, law.upgrade)
        step = (lot < up).astype(np.int64) - (lot > 1.0 - law.downgrade)
        target = np.clip(plan + step, 0, len(law.plans) - 1)
        changes = np.flatnonzero(due & ~left & (target != plan))
        close(changes, renewal[changes], np.full(changes.size, CHANGED))
        plan[changes] = target[changes]
        opened[changes] = renewal[changes]
        part[changes] += 1
        _move_churn(law, truth, changes, step[changes] > 0, month, rng)
    running = np.flatnonzero(~left)
    close(running, np.full(running.size, -1), np.full(running.size, -1))
    who, number, plans, begun, ended, reason = (np.concatenate(column) for column in zip(*rows, strict=True))
    lot = rng.random(who.size)
    in_trial = (ended < 0) & (truth.paid_from[who] >= end)
    current = np.select([in_trial, lot < 0.025, lot < 0.04], [0, 2, 3], 1)
    status = np.where(ended >= 0, 4, current)
    trial = np.where((number == 0) & (law.trial_days > 0), truth.paid_from[who] - 1, -1)
    order = np.lexsort((number, who))
    columns = (who, truth.customer[who], number, plans, status, begun, trial, ended, reason)
    return ContractRows(*(np.asarray(column)[order].astype(np.int64) for column in columns))


def _move_churn(
    law: Contracts, truth: ContractTruth, who: IntArray, up: NDArray[np.bool_], month: int, rng: np.random.Generator
) -> None:
    if law.after_upgrade == law.after_downgrade == 1.0 or not who.size:
        return
    churn = truth.churn[who] * np.where(up, law.after_upgrade, law.after_downgrade)
    truth.months[who] = np.minimum(month + rng.geometric(np.clip(churn, 1e-6, 1.0)), 10_000)


def _months_later(day: IntArray, months: int, tempo: Tempo) -> IntArray:
    """The same day of a later month, or that month's last day."""
    date = tempo.dates(day)
    month = date.astype("datetime64[M]")
    in_month = date - month.astype("datetime64[D]")
    target = month + np.timedelta64(months, "M")
    following = (target + np.timedelta64(1, "M")).astype("datetime64[D]")
    length = following - target.astype("datetime64[D]") - np.timedelta64(1, "D")
    later = target.astype("datetime64[D]") + np.minimum(in_month, length)
    return np.asarray((later - np.datetime64(tempo.first_day, "D")).astype(np.int64))
