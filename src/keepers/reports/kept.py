"""What a report says, kept as JSON: the dashboard, the letter and the quarterly report are made of the same content."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import msgspec

from keepers.domain.errors import ConfigError
from keepers.reports.content import ReportContent
from keepers.reports.figures import Personal

FILE = "report.json"
HIDDEN = "name not shown"
"""Stands for the name of a person whom somebody may not see."""

_T = TypeVar("_T")


def keep_content(content: ReportContent, path: Path) -> Path:
    """Write what a report says, beside first and then renamed.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(msgspec.json.encode(_spelled(msgspec.to_builtins(content))))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def read_content(path: Path) -> ReportContent:
    """What a report said.

    Raises
    ------
    OSError
        The file cannot be read.
    ConfigError
        It is not of this version of Keepers.
    """
    try:
        return msgspec.convert(msgspec.json.decode(path.read_bytes()), ReportContent, strict=False)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"{path} was not written by this version of Keepers ({error}). Run `keepers run` again."
        ) from None


def without_persons(part: _T) -> _T:
    """The same with nobody named: for those who may see values but not who it is."""
    if isinstance(part, tuple):
        masked = tuple(without_persons(one) for one in part)
        same = all(new is old for new, old in zip(masked, part, strict=True))
        return part if same else cast(_T, masked)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    hints = _personal(type(part))
    changed: dict[str, Any] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        kept = HIDDEN if field.name in hints and value is not None else without_persons(value)
        if kept is not value:
            changed[field.name] = kept
    return replace(part, **changed) if changed else part


def without_rows(part: _T, gone: Callable[[Any], bool]) -> _T:
    """The same without some rows, such as those of a customer: sums stay as the run has them, which name nobody."""
    if isinstance(part, tuple):
        rows = tuple(without_rows(one, gone) for one in part if not gone(one))
        same = len(rows) == len(part) and all(new is old for new, old in zip(rows, part, strict=True))
        return part if same else cast(_T, rows)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    changed = {name: kept for name, one in values.items() if (kept := without_rows(one, gone)) is not one}
    return replace(part, **changed) if changed else part


def _spelled(part: Any) -> Any:
    """The same with infinities as words, since JSON has no number for them."""
    if isinstance(part, float):
        return part if math.isfinite(part) else str(part)
    if isinstance(part, dict):
        return {name: _spelled(one) for name, one in part.items()}
    return [_spelled(one) for one in part] if isinstance(part, list | tuple) else part


@cache
def _personal(kind: type) -> frozenset[str]:
    """Fields of a class that name persons."""
    found = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in found.items() if Personal in _marks(hint))


def _marks(hint: Any) -> list[Any]:
    """Marks of a type, also of a type that may be None."""
    inner = [mark for part in getattr(hint, "__args__", ()) for mark in getattr(part, "__metadata__", ())]
    return [*getattr(hint, "__metadata__", ()), *inner]
