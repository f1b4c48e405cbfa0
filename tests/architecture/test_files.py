"""What every file of the house has in common."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "keepers"
MODULES = sorted(SOURCE.rglob("*.py"))
TEMPLATES = sorted(SOURCE.rglob("*.sql"))
ATTICS = {"util", "utils", "helper", "helpers", "common", "misc"}
LONGEST = 400


def name(path: Path) -> str:
    """The path as it is shown in a test's name."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST, f"{name(path)} has more than {LONGEST} lines: split it by subject"
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, f"{name(path)} has no docstring"
    first = docstring.split("\n\n")[0]
    assert first.endswith("."), f"{name(path)}: the docstring is not a sentence: {first!r}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_attic(path: Path) -> None:
    assert not ATTICS & {part.removesuffix(".py") for part in path.relative_to(SOURCE).parts}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_unfinished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for word in ("TODO", "FIXME", "XXX", "NotImplementedError"):
        assert word not in text, f"{name(path)} holds {word}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_public_definitions_have_docstrings(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name(path)}: {node.name} has no docstring"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_an_sql_template_says_what_it_gives_and_is_used(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("--"), f"{name(path)} does not begin with a comment"
    room = path.parents[1]
    assert any(f'"{path.stem}"' in module.read_text(encoding="utf-8") for module in room.rglob("*.py")), name(path)
