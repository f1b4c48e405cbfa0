"""How long the running system keeps what it received and wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from keepers.domain.errors import ConfigError

SHORTEST = 7
"""Days: a program may send an event again that long after, and it must be known by then."""


@dataclass(frozen=True, slots=True)
class KeepingTimes:
    """Days after which something is removed; None keeps it.

    Attributes
    ----------
    visits_days : int or None
        Received calls that say nothing of orders or of who somebody is: pages, screens, groups.
    events_days : int or None
        All other received events, orders among them, which later runs then do not know unless a file has them.
    audit_days : int or None
        Lines of the audit log, which name users and where they came from.
    """

    visits_days: int | None = None
    events_days: int | None = None
    audit_days: int | None = None

    @property
    def any(self) -> bool:
        """Whether anything is removed by age."""
        return any(getattr(self, one.name) is not None for one in fields(self))


def keeping_times(said: Mapping[str, Any], where: str) -> KeepingTimes:
    """What [retention] of keepers.toml says.

    Raises
    ------
    ConfigError
        If it says something else, or too few days.
    """
    known = tuple(one.name for one in fields(KeepingTimes))
    for key, value in said.items():
        if key not in known:
            raise ConfigError(f"{where}: [retention] has no `{key}`. It may say: {', '.join(known)}.")
        if not isinstance(value, int) or isinstance(value, bool) or value < SHORTEST:
            raise ConfigError(
                f"{where}: [retention] {key} = {value!r} should be a whole number of days, {SHORTEST} or more; "
                "leave it out to keep everything."
            )
    return KeepingTimes(**said)
