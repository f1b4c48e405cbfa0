"""Charts for paper: numbers brought to shares of a plot, with round ticks, for a typesetter that only draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Points = Sequence[tuple[float, float]]


@dataclass
class Plot:
    """One chart, filled step by step.

    Parameters
    ----------
    caption, alt : str
        What stands above it, and what somebody hears who does not see it.
    low, high : float
        Of the values that are drawn.
    written : callable
        How a tick of the values is written.
    height : int
        In points.
    """

    caption: str
    alt: str
    low: float
    high: float
    written: Callable[[float], str]
    height: int = 130
    x: list[tuple[float, str]] = field(default_factory=list)
    bars: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    bands: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    dots: list[dict[str, Any]] = field(default_factory=list)
    key: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ticks = round_ticks(self.low, self.high)

    def at(self, value: float) -> float:
        """Where a value lies."""
        return (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])

    def bar(self, place: float, width: float, value: float, hue: str) -> None:
        """A bar from nothing to a value, centred at a place."""
        zero, end = self.at(max(min(0.0, self.ticks[-1]), self.ticks[0])), self.at(value)
        self.bars.append(
            {"x": place, "width": width, "bottom": min(zero, end), "top": max(zero, end), "hue": hue}
        )  # fmt: skip

    def span(self, place: float, low: float, high: float, hue: str = "ink") -> None:
        """An interval at a place."""
        self.spans.append({"x": place, "low": self.at(low), "high": self.at(high), "hue": hue})

    def line(self, points: Points, hue: str, dashed: bool = False) -> None:
        """Values at places, joined."""
        self.lines.append({"points": [(x, self.at(y)) for x, y in points], "hue": hue, "dashed": dashed})

    def dot(self, place: float, value: float, hue: str) -> None:
        """One value at a place."""
        self.dots.append({"x": place, "y": self.at(value), "hue": hue})

    def named(self, label: str, hue: str, shape: str = "line") -> None:
        """What a colour means."""
        self.key.append({"label": label, "hue": hue, "shape": shape})

    def block(self) -> dict[str, Any]:
        """As the typesetter reads it."""
        spec = {
            "height": self.height, "x": self.x, "y": [(self.at(one), self.written(one)) for one in self.ticks],
            "bars": self.bars, "lines": self.lines, "bands": self.bands, "spans": self.spans, "dots": self.dots,
            "key": self.key,
        }  # fmt: skip
        return {"kind": "chart", "caption": self.caption, "alt": self.alt, "spec": spec}


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers that enclose a range, at least two.

    >>> round_ticks(0, 87), round_ticks(-3, 12)
    ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], [-5.0, 0.0, 5.0, 10.0, 15.0])
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        high = low + 1.0
    raw = (high - low) / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * one for one in (1.0, 2.0, 2.5, 5.0, 10.0) if size * one >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * place, 12) for place in range(first, last + 1)]


def places(many: int) -> list[float]:
    """Centres of so many columns side by side.

    >>> places(2)
    [0.25, 0.75]
    """
    return [(one + 0.5) / many for one in range(many)]
