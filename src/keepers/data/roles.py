"""The vocabulary itself, read from `roles.toml`: every role with its words in several languages."""

from __future__ import annotations

import tomllib
from importlib import resources

from keepers.data.vocabulary import Role, RoleType, header_key
from keepers.domain.columns import CANONICAL, COUNT, DAY, FLAG, MOMENT, MONEY, NUMBER, TEXT

_TYPES = {
    TEXT: RoleType.TEXT,
    MONEY: RoleType.MONEY,
    NUMBER: RoleType.NUMBER,
    COUNT: RoleType.NUMBER,
    FLAG: RoleType.FLAG,
    DAY: RoleType.MOMENT,
    MOMENT: RoleType.MOMENT,
}
"""A canonical column that no word names is a role all the same."""


def _load() -> dict[str, Role]:
    text = resources.files("keepers.data").joinpath("roles.toml").read_text(encoding="utf-8")
    roles = {}
    for name, entry in tomllib.loads(text).items():
        words = (header_key(word) for word in entry.get("words", "").replace("\n", " ").split(","))
        roles[name] = Role(
            name,
            RoleType(entry["type"]),
            tuple(dict.fromkeys(word for word in words if word)),
            frozenset(entry.get("never", "").split()),
        )
    for schema in CANONICAL.values():
        for column in schema.columns:
            roles.setdefault(column.name, Role(column.name, _TYPES[column.type]))
    return roles


ROLES: dict[str, Role] = _load()
"""Every role by name."""
