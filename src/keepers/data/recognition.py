"""What a raw table was taken for: its format, and the column that plays each role with how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keepers.data.format import Format
from keepers.data.profile import ColumnProfile


@dataclass(frozen=True, slots=True)
class Assignment:
    """A column that plays a role, how sure that is (0 to 1), and why."""

    column: str
    confidence: float
    why: str


@dataclass(frozen=True)
class Recognition:
    """What a raw table was taken for."""

    format: Format
    roles: Mapping[str, Assignment]
    confidence: float
    profiles: Mapping[str, ColumnProfile] = field(repr=False, default_factory=dict)
    notes: tuple[str, ...] = ()

    def column(self, role: str) -> str | None:
        """The column of a role; None where there is none."""
        found = self.roles.get(role)
        return found.column if found else None
