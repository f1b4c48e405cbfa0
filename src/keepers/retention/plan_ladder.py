"""Which plan comes next to which: larger, smaller, or one more, as subscribers were seen to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.retention.plan_rows import PlanMoments, PlanRows

STAY, UPGRADE, DOWNGRADE, ADD_ON = "no change", "upgrade", "downgrade", "add-on"
KINDS = (UPGRADE, DOWNGRADE, ADD_ON)

NAMELESS = "unnamed"
"""What contracts without a plan are counted as; it cannot be proposed."""


@dataclass(frozen=True)
class Ladder:
    """Which plan comes next to which, as subscribers were seen to move, and how often.

    Parameters
    ----------
    plans : tuple of str
    price : array
        Mean price a month; of a plan whose price nobody knows the mean of all.
    moves : array, shape (plans, plans)
        Expected transitions in a period.
    add_on : str
        What subscribers add most often; empty where nobody adds.
    """

    plans: tuple[str, ...]
    price: FloatArray
    moves: FloatArray
    add_on: str

    @classmethod
    def of(cls, moments: PlanMoments, past: PlanRows) -> Ladder:
        """As the values have it, and what was added in the past."""
        states = moments.facts.states
        more = past.target[(past.move == ADD_ON) & (past.target != NAMELESS)]
        added, often = np.unique(more.astype(str), return_counts=True)
        add_on = str(added[np.argmax(often)]) if added.size else ""
        return cls(states.plans, states.worth[: len(states.plans)], states.matrix, add_on)

    def aims(self, kind: str, plan: NDArray[Any]) -> NDArray[Any]:
        """The plan that a change leads to from each, empty where there is none."""
        aim = {name: self._aim(kind, place) for place, name in enumerate(self.plans)}
        found = [aim.get(str(one)) for one in plan]
        return np.array(["" if there is None else self.plans[there] for there in found], dtype=object)

    def added(self, kind: str, plan: NDArray[Any], price: FloatArray) -> FloatArray:
        """How much more than their price of now subscribers would pay a month after a change, each shape (n,).

        Who pays less for a plan than others do would for the next one too; from a plan that is free, its price counts.
        """
        share, fixed = (dict.fromkeys(self.plans, 0.0) for _ in range(2))
        for place, name in enumerate(self.plans):
            there = self._aim(kind, place)
            if there is None:
                continue
            more = self.price[there] - (0.0 if kind == ADD_ON else self.price[place])
            if self.price[place] > 0:
                share[name] = more / self.price[place]
            else:
                fixed[name] = more
        of = np.array([(share.get(str(one), 0.0), fixed.get(str(one), 0.0)) for one in plan]).reshape(-1, 2)
        return np.asarray(price * of[:, 0] + of[:, 1])

    def _aim(self, kind: str, place: int) -> int | None:
        """Where a change leads from a plan."""
        if kind == ADD_ON:
            return self.plans.index(self.add_on) if self.add_on not in ("", self.plans[place]) else None
        fits = self.price > self.price[place] if kind == UPGRADE else self.price < self.price[place]
        fits = fits & np.array([name != NAMELESS for name in self.plans])
        return int(np.argmax(np.where(fits, self.moves[place], -1.0))) if fits.any() else None

    def chances(self, plan: NDArray[Any], periods: int) -> tuple[FloatArray, FloatArray]:
        """Chances to be on a dearer and on a cheaper plan within some periods at any time."""
        up: dict[str, float] = {}
        down: dict[str, float] = {}
        for place, name in enumerate(self.plans):
            for way, fits in ((up, self.price > self.price[place]), (down, self.price < self.price[place])):
                kept = np.where(fits, 0.0, 1.0)
                chain = self.moves * kept
                here = np.eye(len(self.plans))[place]
                for _ in range(periods):
                    here = here @ chain
                way[name] = 1.0 - float(here.sum())
        return np.array([up[str(one)] for one in plan]), np.array([down[str(one)] for one in plan])
