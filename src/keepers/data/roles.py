"""The vocabulary itself, read from `roles.toml`: every role with its words in several languages."""

from __future__ import annotations

import tomllib
from importlib import resources

from keepers.data.vocabulary import Role, RoleType, header_key


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
    return roles


ROLES: dict[str, Role] = _load()
"""Every role by name."""
