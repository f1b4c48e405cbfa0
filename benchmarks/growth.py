"""How cost grows with customers, as a picture in light and dark for the documentation: logarithmic both ways."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 176, 24, 52


@dataclass(frozen=True)
class _Look:
    ink: str
    quiet: str
    grid: str
    lines: tuple[str, ...]


_SCHEMES = {
    "light": _Look("#1f2933", "#667085", "#e4e7ec", ("#0b6e4f", "#b54708", "#6941c6", "#667085")),
    "dark": _Look("#f2f4f7", "#98a2b3", "#344054", ("#47cd9b", "#fdb022", "#b692f6", "#98a2b3")),
}


@dataclass(frozen=True)
class Point:
    """What so many customers cost; `over` where the work was ended at that time without a result."""

    customers: int
    seconds: float
    over: bool = False


def picture(series: Mapping[str, Sequence[Point]], title: str, scheme: str) -> str:
    """An SVG of seconds by customers, one line a series, its name at its end."""
    look = _SCHEMES[scheme]
    points = [point for line in series.values() for point in line]
    low_x, high_x = _decades(point.customers for point in points)
    low_y, high_y = _decades(point.seconds for point in points)

    def x(customers: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (math.log10(customers) - low_x) / (high_x - low_x)

    def y(seconds: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (math.log10(seconds) - low_y) / (high_y - low_y)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{title}</title>'
    ]
    for power in range(low_x, high_x + 1):
        at = x(10.0**power)
        parts.append(_line(at, _TOP, at, HEIGHT - _BOTTOM, look.grid))
        parts.append(_text(at, HEIGHT - _BOTTOM + 20, _count(power), look.quiet, "middle"))
    for power in range(low_y, high_y + 1):
        at = y(10.0**power)
        parts.append(_line(_LEFT, at, WIDTH - _RIGHT, at, look.grid))
        parts.append(_text(_LEFT - 8, at + 4, f"{10.0**power:g} s", look.quiet, "end"))
    parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 10, "customers", look.ink, "middle"))
    labels = []
    for (name, line), colour in zip(series.items(), look.lines, strict=False):
        ordered = sorted(line, key=lambda point: point.customers)
        path = " ".join(f"{x(point.customers):.1f},{y(point.seconds):.1f}" for point in ordered)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point in ordered:
            fill = "none" if point.over else colour
            at = f'cx="{x(point.customers):.1f}" cy="{y(point.seconds):.1f}"'
            parts.append(f'<circle {at} r="4" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
        last = ordered[-1]
        labels.append((y(last.seconds) + 4, x(last.customers) + 10, f"{name}, ended" if last.over else name, colour))
    parts += [_text(at_x, at_y, name, colour, "start") for at_y, at_x, name, colour in _apart(labels)]
    return "\n".join([*parts, "</svg>\n"])


def write_pictures(series: Mapping[str, Sequence[Point]], title: str, assets: Path, name: str) -> None:
    """Write `name`-light.svg and `name`-dark.svg."""
    for scheme in _SCHEMES:
        (assets / f"{name}-{scheme}.svg").write_text(picture(series, title, scheme), encoding="utf-8")


def _decades(values: Iterable[float]) -> tuple[int, int]:
    logs = [math.log10(value) for value in values]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return low, max(high, low + 1)


def _count(power: int) -> str:
    return f"{10**power:,}" if power < 6 else f"{10 ** (power - 6):,} million"


def _apart(labels: list[tuple[float, float, str, str]]) -> list[tuple[float, float, str, str]]:
    """Labels from top to bottom, none nearer to the one above than a line of text."""
    placed: list[tuple[float, float, str, str]] = []
    for at_y, at_x, name, colour in sorted(labels):
        above = placed[-1][0] if placed else -math.inf
        placed.append((max(at_y, above + 16), at_x, name, colour))
    return placed


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{text}</text>'
