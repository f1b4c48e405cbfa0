"""Which leads a sales team works on this week, by what each is expected to bring, and who takes which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.acquisition.leads.table import LeadTable
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.numerics.allocate import allocate
from keepers.numerics.conversion import Outcome

TEAM = "the team"
_WEEKS = 8


@dataclass(frozen=True, eq=False)
class TeamPlan:
    """Who works on which lead this week.

    Attributes
    ----------
    capacity : dict of str to int
        Leads a week of each person.
    chosen : array of bool, shape (n,)
    person : array of str or None, shape (n,)
        Who takes a chosen lead.
    moved : array of bool, shape (n,)
        Chosen leads that go to somebody else than their owner, who is busy with better ones.
    one_more : float
        What room for one more lead would be worth; 0 where all worthwhile leads have room.
    leave_alone : int
        Leads whose working costs more than they are expected to bring.
    from_pace : bool
        Whether capacity is what was closed in an average of the last weeks, as none was given.
    """

    capacity: dict[str, int]
    chosen: NDArray[np.bool_]
    person: NDArray[np.object_]
    moved: NDArray[np.bool_]
    one_more: float
    leave_alone: int
    from_pace: bool

    @property
    def room(self) -> int:
        """Leads that the team can work on in a week."""
        return sum(self.capacity.values())


def usual_pace(table: LeadTable) -> dict[str, int]:
    """Leads a week that each owner has closed lately, at least one; of the team where leads have no owner."""
    dated = (table.outcome == Outcome.WON) | (table.outcome == Outcome.LOST)
    closed = table.day + table.days
    lately = dated & (closed > np.datetime64(table.until - dt.timedelta(weeks=_WEEKS), "D"))
    owners = [str(one) for one in {*table.owner.tolist()} if one is not None]
    if not owners:
        return {TEAM: max(round(lately.sum() / _WEEKS), 1)}
    pace = {name: int(np.count_nonzero(lately & (table.owner == name))) for name in sorted(owners)}
    # Who has closed nothing lately does not work here any more, unless nobody has.
    busy = {name: count for name, count in pace.items() if count} or pace
    return {name: max(round(count / _WEEKS), 1) for name, count in busy.items()}


def plan_team(
    value: FloatArray,
    owner: NDArray[np.object_],
    capacity: Mapping[str, int] | int,
    *,
    may_move: bool = True,
    from_pace: bool = False,
) -> TeamPlan:
    """Choose the leads of a week for the largest expected value, and give each to a person.

    Parameters
    ----------
    value : array, shape (n,)
        Expected value of working on each lead, its cost deducted.
    owner : array of str or None, shape (n,)
        Whose each lead is now.
    capacity : mapping of str to int, or int
        Leads a week of each person, or of the whole team.
    may_move : bool
        Whether a lead may go to somebody else where its owner has better ones to work on.
    from_pace : bool
        Whether the capacity was taken from the past.

    Raises
    ------
    ConfigError
        A capacity is below zero.

    Examples
    --------
    >>> owner = np.array(["Ada", "Ada", "Ben"], dtype=object)
    >>> plan = plan_team(np.array([50.0, 40.0, 10.0]), owner, {"Ada": 1, "Ben": 1})
    >>> plan.person.tolist(), plan.one_more
    (['Ada', 'Ben', None], 10.0)
    """
    room = {TEAM: capacity} if isinstance(capacity, int) else dict(capacity)
    wrong = {name: count for name, count in room.items() if count < 0}
    if wrong:
        raise ConfigError(f"A capacity cannot be below zero: {wrong}. Give leads a week, such as 20.")
    n = value.size
    options = np.column_stack([np.zeros(n), value])
    cost = np.column_stack([np.zeros(n), np.ones(n)])
    chosen, person = np.zeros(n, dtype=bool), np.full(n, None, dtype=object)
    one_more = 0.0
    if n and (may_move or TEAM in room):
        found = allocate(options, cost, float(sum(room.values())))
        chosen, one_more = found.choice == 1, found.multiplier
        _give(value, owner, room, chosen, person)
    elif n:
        for name, count in room.items():
            mine = np.flatnonzero(owner == name)
            if mine.size:
                found = allocate(options[mine], cost[mine], float(count))
                chosen[mine] = found.choice == 1
                person[mine[found.choice == 1]] = name
                one_more = max(one_more, found.multiplier)
    moved = chosen & np.array([p is not None and p not in (TEAM, o) for p, o in zip(person, owner)], dtype=bool)
    return TeamPlan(room, chosen, person, moved, float(one_more), int(np.count_nonzero(value <= 0)), from_pace)


def _give(
    value: FloatArray,
    owner: NDArray[np.object_],
    room: Mapping[str, int],
    chosen: NDArray[np.bool_],
    person: NDArray[np.object_],
) -> None:
    """Owners keep the best of their own chosen leads; the rest goes to whoever has room."""
    left = dict(room)
    for name in room:
        mine = np.flatnonzero(chosen & (owner == name))
        mine = mine[np.argsort(-value[mine], kind="stable")][: left[name]]
        person[mine] = name
        left[name] -= mine.size
    waiting = np.flatnonzero(chosen & np.array([one is None for one in person], dtype=bool))
    free = [name for name, count in sorted(left.items(), key=lambda one: -one[1]) for _ in range(count)]
    for row, name in zip(waiting[np.argsort(-value[waiting], kind="stable")], free):
        person[row] = name
