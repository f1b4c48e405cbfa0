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


@dataclass(frozen=True)
class Ladder:
    """Which plan comes next to which, as subscribers were seen to move, and how often.

    Parameters
    ----------
    plans : tuple of str
    price : array
        Mean price a month.
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
        added, often = np.unique(past.target[past.move == ADD_ON].astype(str), return_counts=True)
        add_on = str(added[np.argmax(often)]) if added.size else ""
        return cls(states.plans, np.asarray(states.reference), states.matrix, add_on)

    def aims(self, kind: str, plan: NDArray[Any]) -> tuple[NDArray[Any], FloatArray]:
        """The plan that a change leads to from each, empty where there is none, and its price by that of now."""
        aim, ratio = {}, {}
        for place, name in enumerate(self.plans):
            if kind == ADD_ON:
                aim[name] = self.add_on if self.add_on != name else ""
                there = self.plans.index(self.add_on) if aim[name] else place
                ratio[name] = 1.0 + self.price[there] / self.price[place]
                continue
            fits = self.price > self.price[place] if kind == UPGRADE else self.price < self.price[place]
            likely = np.where(fits, self.moves[place], -1.0)
            best = int(np.argmax(likely))
            aim[name] = self.plans[best] if fits[best] else ""
            ratio[name] = self.price[best] / self.price[place] if fits[best] else 1.0
        return (
            np.array([aim.get(str(one), "") for one in plan], dtype=object),
            np.array([ratio.get(str(one), 1.0) for one in plan]),
        )

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
