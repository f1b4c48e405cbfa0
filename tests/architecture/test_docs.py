"""The documentation is true to the program: made pages, links, the contents list, options, pictures."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from markdown.extensions.toc import slugify
from typer.testing import CliRunner

from keepers.cli.main import app
from keepers.pipeline.summary_file import FILES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LARGEST_PICTURE = 400_000


def name(path: Path) -> str:
    """The path as it is shown in a test's name."""
    return str(path.relative_to(ROOT))


@cache
def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a link into the page may point at."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return frozenset(slugify(heading.strip(), "-") for heading in headings)


def generator() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_made_pages_say_what_the_program_does() -> None:
    stale = [name(path) for path, text in generator().pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run scripts/docs and commit what changes"


def test_made_pages_do_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    made = generator()
    wide = made.commands()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERMINAL_WIDTH", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert made.commands() == wide


def dead_links(page: Path) -> list[str]:
    """Links of a page that lead nowhere, in words."""
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", prose(page)):
        link = "".join(target)
        if link.startswith(("http://", "https://")):
            continue
        where, _, anchor = link.partition("#")
        file = (page.parent / where).resolve() if where else page
        if not file.exists():
            found.append(f"{name(page)} links to {link}")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            found.append(f"{name(page)} links to {link}; there is {sorted(anchors(file))}")
    return found


def test_links_lead_somewhere() -> None:
    assert [words for page in PAGES for words in dead_links(page)] == []


def test_the_contents_list_has_every_page() -> None:
    listed: list[str] = []

    def walk(entries: list[dict[str, object]]) -> None:
        for entry in entries:
            for target in entry.values():
                if isinstance(target, list):
                    walk(target)
                else:
                    listed.append(str(target))

    walk(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"])
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_options_that_are_named_exist() -> None:
    runner = CliRunner()
    commands = [[], *([str(command.name)] for command in app.registered_commands)]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        inner = [[str(group.name), str(command.name)] for command in group.typer_instance.registered_commands]
        commands += [[str(group.name)], *inner]
    known = set()
    for command in commands:
        known |= set(re.findall(r"--[a-z][a-z-]+", runner.invoke(app, [*command, "--help"]).output))
    known |= {"--dev", "--check", "--master", "--deploy-mode", "--conf"}  # scripts/install, docs/generate.py, Spark
    for bench in (ROOT / "benchmarks").glob("*.py"):
        known |= set(re.findall(r"(?<=\")--[a-z][a-z-]+", bench.read_text(encoding="utf-8")))
    for page in [*DOCS.glob("*.md"), *(DOCS / "reference").glob("*.md"), ROOT / "README.md"]:
        text = page.read_text(encoding="utf-8")
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
            pip = re.search(rf"pip [a-z]+[^\n]*{option}", text)
            assert option in known or pip, f"{name(page)} names {option}, which no command has"


def test_files_of_a_result_are_documented() -> None:
    text = prose(DOCS / "reference" / "results.md")
    assert [file for file in FILES if f"`{file}`" not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_of_the_report_is_there_and_light(scheme: str) -> None:
    picture = DOCS / "assets" / f"report-{scheme}.png"
    assert 20_000 < picture.stat().st_size < _LARGEST_PICTURE


def test_the_readme_opens_with_what_it_does() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = text.split("\n\n")[1]
    assert first == (DOCS / "index.md").read_text(encoding="utf-8").split("\n\n")[1]
    assert len(re.findall(r"\.(?:\s|$)", first)) == 3, "three sentences"
    for command in ("scripts/demo", "scripts/test", "scripts/install", "scripts/bench", "scripts/docs"):
        assert command in text
        assert (ROOT / command).exists()
