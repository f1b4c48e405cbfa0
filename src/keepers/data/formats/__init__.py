"""Every format that is read, one declarative file each; a new file here is found without anything else changing."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from keepers.data.format import Format, Shape
from keepers.domain.errors import ConfigError

__all__ = ["Format", "Shape", "find_format", "formats", "register"]

_registered: list[Format] = []


@cache
def _built_in() -> tuple[Format, ...]:
    found: list[Format] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for name, value in vars(loaded).items():
            if name == "FORMATS":
                found.extend(value)
            elif isinstance(value, Format) and name.isupper():
                found.append(value)
    return tuple(found)


def formats() -> tuple[Format, ...]:
    """Every known format, those that a program registered first."""
    return (*_registered, *_built_in())


def register(declared: Format) -> None:
    """Make a format of one's own known to `keepers.read`; it is tried before the built-in ones."""
    if any(declared.name == known.name for known in formats()):
        raise ConfigError(f"A format named {declared.name!r} is known already. Give yours another name.")
    _registered.insert(0, declared)


def find_format(name: str) -> Format:
    """The format of a name, or an error that lists all names."""
    for known in formats():
        if known.name == name:
            return known
    listed = ", ".join(sorted(known.name for known in formats()))
    raise ConfigError(f"There is no format {name!r}. Known: {listed}.")
