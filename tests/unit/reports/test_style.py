"""The palette: enough contrast to read, in both themes, and steps that differ in lightness alone."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from keepers.reports import page

STYLE = page.asset("report.css")
Colour = tuple[float, float, float]


def block(selector: str) -> dict[str, str]:
    """The variables that a selector sets."""
    start = STYLE.index(selector + " {")
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", STYLE[start : STYLE.index("}", start)]))


LIGHT = block(":root")
DARK = {**LIGHT, **block(':root[data-theme="dark"]')}


def parsed(value: str) -> Colour:
    """A colour as red, green, blue from 0 to 255."""
    if value.startswith("#"):
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
    red, green, blue = (float(part) for part in value.split(","))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_both_ways_into_the_dark_are_the_same() -> None:
    assert block(':root:not([data-theme="light"])') == block(':root[data-theme="dark"]')


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "page"), ("ink", "surface"), ("ink", "raised"), ("muted", "page"), ("muted", "surface"),
        ("muted", "raised"), ("accent", "page"), ("accent", "surface"), ("warm", "surface"), ("good", "good-pale"),
        ("warm", "warm-pale"), ("ink", "warm-pale"), ("ink", "accent-pale"),
    ],
)  # fmt: skip
def test_words_are_readable(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(parsed(theme[text]), parsed(theme[ground])) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("step", range(21))
def test_numbers_in_heat_cells_are_readable(theme: dict[str, str], step: int) -> None:
    rule = re.search(rf"\.h{step} \{{ --v: ([\d.]+); color: var\(--([\w-]+)\); \}}", page.style_sheet())
    assert rule
    share = 0.05 + 0.95 * float(rule[1])
    ground = parsed(theme["surface"])
    heat = parsed(theme["heat"])
    mixed = tuple(share * h + (1 - share) * g for h, g in zip(heat, ground, strict=True))
    assert contrast(parsed(theme[rule[2]]), mixed) > 4.5  # type: ignore[arg-type]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_curves_differ_in_lightness_so_that_nobody_needs_to_see_hues(theme: dict[str, str]) -> None:
    steps = [luminance(parsed(theme[f"ramp{i}"])) for i in range(1, 8)]
    ordered = sorted(steps, reverse=steps[0] > steps[-1])
    assert steps == ordered
    ratios = [(max(a, b) + 0.05) / (min(a, b) + 0.05) for a, b in pairwise(steps)]
    assert min(ratios) > 1.12


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_of_charts_stand_out(theme: dict[str, str]) -> None:
    for name in ("accent", "ink", "warm", *(f"ramp{i}" for i in range(1, 8))):
        assert contrast(parsed(theme[name]), parsed(theme["surface"])) >= 2.2, name
