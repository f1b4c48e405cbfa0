"""What only a sales team knows of its leads: what working on one costs, and how many it can work on in a week."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class LeadRules:
    """What a person may say about leads.

    Parameters
    ----------
    cost : float
        Of working on one lead, in the currency of the store.
    a_week : int, optional
        Leads that the whole team can work on in a week; the pace of the last weeks without it and `people`.
    people : mapping of str to int
        Leads a week of each person, by the name that stands as a lead's owner.
    may_move : bool
        Whether a lead may go to somebody else than its owner.
    left_out : tuple of str
        Columns of the list of leads that are not to be used.

    >>> LeadRules(people={"Ada": 20}).capacity
    {'Ada': 20}
    """

    cost: float = 0.0
    a_week: int | None = None
    people: Mapping[str, int] = field(default_factory=dict)
    may_move: bool = True
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.cost) and self.cost >= 0):
            raise ConfigError(f"[leads] cost = {self.cost!r} should be what working on one lead costs, zero or more.")
        rooms = {"a_week": self.a_week or 0, **self.people}
        wrong = {name: room for name, room in rooms.items() if not isinstance(room, int) or room < 0}
        if wrong:
            raise ConfigError(f"[leads] {wrong} should be whole numbers of leads a week, zero or more.")

    @property
    def capacity(self) -> Mapping[str, int] | int | None:
        """Leads a week by person, or of the team; None where nothing was said."""
        return dict(self.people) if self.people else self.a_week
