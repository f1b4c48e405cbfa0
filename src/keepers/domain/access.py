"""Who may do what with a running system: roles of people, and scopes of programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a person may do; each may do what those after it may."""

    OWNER = "owner"
    ANALYST = "analyst"
    VIEWER = "viewer"


class Scope(Enum):
    """One right: to see values, to see who people are, to change decisions, to send events, to govern the system."""

    READ = "read"
    PERSONS = "persons"
    DECIDE = "decide"
    INGEST = "ingest"
    ADMIN = "admin"


RIGHTS: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.ANALYST: frozenset({Scope.READ, Scope.PERSONS, Scope.DECIDE, Scope.INGEST}),
    Role.VIEWER: frozenset({Scope.READ}),
}
"""The rights of each role; who may not see persons sees keys and numbers without names and addresses."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks: a person who signed in, or a program with a token.

    Attributes
    ----------
    name : str
        The person's e-mail address, or the token's name; what the audit log says.
    scopes : frozenset of Scope
        Rights.
    session : str or None
        The session of a person, against which forged requests are told.
    """

    name: str
    scopes: frozenset[Scope]
    session: str | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the visitor has a right."""
        return scope in self.scopes
