"""ARCHITECTURE.md tells the truth: its rooms, its law and its places are those of the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "keepers"
PLAN = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def rooms() -> set[str]:
    """The rooms that are built."""
    return {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def test_every_room_has_its_row() -> None:
    assert set(re.findall(r"^\| `(\w+)/` \|", PLAN, re.M)) == rooms()


def test_the_law_is_the_one_that_is_checked() -> None:
    drawn = PLAN.split("## The law of imports")[1].split("## ")[0]
    lines = re.findall(r"^ {4}(\w+(?: \| \w+)*)$", drawn, re.M)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (one["layers"] for one in contracts if one["id"] == "rooms")
    checked = [{room for room in re.findall(r"\w+", layer) if room in rooms()} for layer in layers]
    assert [set(line.split(" | ")) for line in lines] == checked


def test_every_place_that_is_named_is_there() -> None:
    # What stands in capitals is to be filled in by whoever adds a file; a bare name stands beside the place before it.
    named = {place for place in re.findall(r"`([\w./-]+/[\w./-]*)`", PLAN) if not re.search(r"[A-Z]{4}", place)}
    within = {path.relative_to(SOURCE).as_posix() for path in SOURCE.glob("*/*/")}
    found = {place for place in named if any((home / place).exists() for home in (ROOT, SOURCE))}
    beside = {place for place in named - found if any(path.endswith(f"/{place.rstrip('/')}") for path in within)}
    assert named - found - beside == set()
    bare = set(re.findall(r"`(\w+\.(?:py|toml|sql))`", PLAN))
    assert {name for name in bare if not any(ROOT.glob(name)) and not any(SOURCE.rglob(name))} == set()
