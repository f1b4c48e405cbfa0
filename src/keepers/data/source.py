"""One table of what is read: what it was taken for, and which column plays which role."""

from __future__ import annotations

from dataclasses import dataclass, field

from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition


@dataclass
class Source:
    """One table of a location: what it was taken for, and which column plays which role."""

    raw: RawTable
    recognition: Recognition
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file (and sheet or table) it was read from."""
        return self.raw.source

    @property
    def format(self) -> str:
        """Name of the format it was taken for."""
        return self.recognition.format.name

    @property
    def confidence(self) -> float:
        """How sure that is, from 0 to 1."""
        return self.recognition.confidence

    @property
    def roles(self) -> dict[str, str]:
        """The column of each role."""
        return {role: found.column for role, found in self.recognition.roles.items()}
