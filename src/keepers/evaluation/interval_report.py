"""How often intervals of value held what customers brought: before their repair, after it, and by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.conformal import central_share, conformal_level

GROUPS = 10


class Graded(Protocol):
    """A forecast of money at one origin: ranges of the transform and predicted values of a sample of customers."""

    @property
    def below(self) -> FloatArray | None:
        """Forecast probability of less than each outcome."""

    @property
    def at(self) -> FloatArray | None:
        """Forecast probability of at most each outcome."""

    @property
    def predicted(self) -> FloatArray | None:
        """Expected value of each customer."""


@dataclass(frozen=True, slots=True)
class IntervalGroup:
    """A tenth of the customers by predicted value: how many, their mean prediction, and what intervals held."""

    group: int
    customers: int
    predicted: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class IntervalReport:
    """Coverage of intervals of value at one level; shares are randomised, so that they compare with the level.

    Attributes
    ----------
    level : float
        What intervals promise, 0.8 for 80%.
    nominal : float
        The model's own level at which they are taken; equal to `level` where no repair is needed.
    before, after : float
        Share of the outcomes that intervals of both held, over all origins.
    unseen : float
        The same with the nominal level found on the other origins (or, with one, on the other half of its customers).
    groups : tuple of IntervalGroup
        By tenth of predicted value, the lowest first.
    """

    level: float
    nominal: float
    before: float
    after: float
    unseen: float
    groups: tuple[IntervalGroup, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        shares = [group.after for group in self.groups]
        spread = f"by tenth of the customers between {min(shares):.0%} and {max(shares):.0%}"
        if self.nominal == self.level:
            return f"Intervals of value that promise {self.level:.0%} held {self.before:.0%} on unseen days, {spread}."
        repaired = f"they hold {self.after:.0%} ({self.unseen:.0%} where the repair was learned elsewhere)"
        return (
            f"Intervals of value that promise {self.level:.0%} held {self.before:.0%} on unseen days; taken at the "
            f"model's own {self.nominal:.1%} {repaired}, {spread}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {**asdict(self), "sentence": self.sentence}


def interval_reports(grades: Sequence[Graded], levels: Mapping[float, float]) -> tuple[IntervalReport, ...]:
    """Report on the intervals of one forecast.

    Parameters
    ----------
    grades : sequence
        Its grades, one an origin; those without a distribution are passed over.
    levels : mapping of float to float
        The nominal level for each level.
    """
    known = [
        (grade.below, grade.at, grade.predicted)
        for grade in grades
        if grade.below is not None and grade.at is not None and grade.predicted is not None
    ]
    if not known:
        return ()
    below, at, predicted = (np.concatenate([one[k] for one in known]) for k in range(3))
    # Customers with equal predictions stand next to each other in the order of the sample, which is by chance.
    order = np.argsort(predicted, kind="stable")
    tenths = [part for part in np.array_split(order, GROUPS) if part.size]
    reports = []
    for level, nominal in levels.items():
        groups = tuple(
            IntervalGroup(
                number,
                int(part.size),
                float(predicted[part].mean()),
                central_share(below[part], at[part], level),
                central_share(below[part], at[part], nominal),
            )
            for number, part in enumerate(tenths, start=1)
        )
        before, after = (central_share(below, at, one) for one in (level, nominal))
        unseen = _unseen([(one[0], one[1]) for one in known], level) if nominal != level else before
        reports.append(IntervalReport(level, nominal, before, after, unseen, groups))
    return tuple(reports)


def _unseen(parts: list[tuple[FloatArray, FloatArray]], level: float) -> float:
    """Share held at each origin with the level that the others ask for."""
    if len(parts) == 1:
        below, at = parts[0]
        parts = [(below[::2], at[::2]), (below[1::2], at[1::2])]
    held, sizes = [], []
    for k, (below, at) in enumerate(parts):
        others = [one for j, one in enumerate(parts) if j != k and one[0].size]
        if not others or not below.size:
            continue
        low, high = (np.concatenate([one[side] for one in others]) for side in (0, 1))
        found = conformal_level(low, high, level)
        held.append(central_share(below, at, found))
        sizes.append(below.size)
    return float(np.average(held, weights=sizes)) if held else level
