"""What every file of the house has in common."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "keepers"
MODULES = sorted(SOURCE.rglob("*.py"))
TEMPLATES = sorted(SOURCE.rglob("*.sql"))
ATTICS = {"util", "utils", "helper", "helpers", "common", "misc"}
LONGEST = 400


def name(path: Path) -> str:
    """The path as a finding shows it."""
    return str(path.relative_to(ROOT))


@cache
def text_of(path: Path) -> str:
    """What a file holds; every question about it reads it once."""
    return path.read_text(encoding="utf-8")


@cache
def parsed(path: Path) -> ast.Module:
    """A module's syntax."""
    return ast.parse(text_of(path))


def test_modules_are_short_and_say_what_they_are() -> None:
    long = [name(path) for path in MODULES if len(text_of(path).splitlines()) > LONGEST]
    assert long == [], f"more than {LONGEST} lines: split by subject"
    told = {name(path): (ast.get_docstring(parsed(path)) or "").split("\n\n")[0] for path in MODULES}
    assert {path: first for path, first in told.items() if not first.endswith(".")} == {}, "no sentence as docstring"


def test_no_attic() -> None:
    parts = {name(path): {part.removesuffix(".py") for part in path.relative_to(SOURCE).parts} for path in MODULES}
    assert [path for path, found in parts.items() if ATTICS & found] == []


def test_nothing_unfinished() -> None:
    words = ("TODO", "FIXME", "XXX", "raise NotImplementedError")
    assert [f"{name(path)} holds {word}" for path in MODULES for word in words if word in text_of(path)] == []


def test_public_definitions_have_docstrings() -> None:
    silent = [
        f"{name(path)}: {node.name}"
        for path in MODULES
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def names(text: str, module: Path, template: Path) -> bool:
    """Whether a module names a template, whole or, where it is the module of a service, by the service's table."""
    table = template.stem.removeprefix(f"{module.stem}_")
    return f'"{template.stem}"' in text or (table != template.stem and f'"{table}"' in text)


def test_sql_templates_say_what_they_give_and_are_used() -> None:
    silent = [name(path) for path in TEMPLATES if not text_of(path).startswith("--")]
    assert silent == [], "they do not begin with a comment"
    idle = [
        name(path)
        for path in TEMPLATES
        if not any(names(text_of(module), module, path) for module in MODULES if path.parents[1] in module.parents)
    ]
    assert idle == [], "no module of their room names them"


def test_these_files_are_looked_at() -> None:
    assert len(MODULES) > 300
    assert len(TEMPLATES) > 50
