"""docs/measured.md names tests, benchmarks and places of pages that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "measured.md").read_text(encoding="utf-8")


def test_tests_and_benchmarks_it_names_are_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []
    asked = set(re.findall(r"`scripts/bench ([a-z]+)`", PAGE))
    known = set(re.findall(r"= ([a-z-]+) \]", (ROOT / "scripts" / "bench").read_text(encoding="utf-8")))
    assert asked
    assert asked <= known


def test_places_it_links_to_are_there() -> None:
    for page, place in re.findall(r"\]\(([a-z]+\.md)(?:#([a-z-]+))?\)", PAGE):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^a-z -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        }
        assert not place or place in headings, f"{page}#{place}"
