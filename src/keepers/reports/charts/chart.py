"""A chart: its options, what it says to someone who cannot see it, and its table; and the look that charts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keepers.reports.formatting import finite

Option = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DataTable:
    """The rows behind a chart as texts; the page's tooltip reads them too."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class LegendItem:
    """One entry of a legend: a colour of the page's palette, how it is drawn, and what it is."""

    label: str
    colour: str
    shape: str = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of the page.

    `tooltip_columns` are the columns of `table` that the tooltip shows; row i of the table belongs to the i-th
    position of the category axis. `table_of` names the chart whose table this one shares.
    """

    id: str
    label: str
    option: Option
    table: DataTable
    tooltip_columns: tuple[int, ...]
    legend: tuple[LegendItem, ...] = ()
    height: int = 300
    table_of: str | None = None


def colour(name: str) -> str:
    """A colour of the page's palette, as the style sheet names it, so that it follows light, dark and print."""
    return f"var(--{name})"


def axis_format(name: str, prefix: str = "") -> Option:
    """A way to write an axis' numbers, filled in by the page: `count`, `money`, `percent`."""
    return {"$format": name, "prefix": prefix}


def frame(categories: Sequence[str], value_format: Option, *, name: str = "", gap: bool = True) -> Option:
    """Grid, axes and tooltip that all charts share: few lines, numbers inside the frame, no movement."""
    label = {"color": colour("muted"), "fontSize": 12, "hideOverlap": True}
    return {
        "animation": False,
        "textStyle": {"fontFamily": "Inter Report, system-ui, sans-serif"},
        "grid": {
            "left": 2,
            "right": 14,
            "top": 30 if name else 12,
            "bottom": 4,
            "outerBoundsMode": "same",
            "outerBoundsContain": "axisLabel",
        },
        "xAxis": {
            "type": "category",
            "data": list(categories),
            "boundaryGap": gap,
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": colour("axis")}},
            "axisLabel": label,
        },
        "yAxis": {
            "type": "value",
            "name": name,
            "nameLocation": "end",
            "nameTextStyle": {"color": colour("muted"), "fontSize": 12, "align": "left", "padding": [0, 0, 0, -4]},
            "axisLabel": {**label, "formatter": value_format},
            "splitLine": {"lineStyle": {"color": colour("grid")}},
            "splitNumber": 4,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
        },
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "line" if not gap else "shadow"}, "confine": True},
        "series": [],
    }


def line(
    name: str,
    values: Sequence[float | None],
    hue: str,
    *,
    dashed: bool = False,
    width: float = 2,
    area: bool = False,
) -> Option:
    """A line; a missing value is a gap in it."""
    series: Option = {
        "type": "line",
        "name": name,
        "data": [finite(value) for value in values],
        "showSymbol": False,
        "symbol": "circle",
        "symbolSize": 6,
        "lineStyle": {"color": colour(hue), "width": width, "type": "dashed" if dashed else "solid"},
        "itemStyle": {"color": colour(hue)},
        "emphasis": {"disabled": True},
    }
    if area:
        series["areaStyle"] = {"color": colour(hue), "opacity": 0.10}
    return series


def bar(name: str, values: Sequence[float | None], hue: str, *, outlined: bool = False) -> Option:
    """Bars; an outlined bar is told from a filled one without colour too."""
    style: Option = {"color": colour(hue), "borderRadius": [2, 2, 0, 0]}
    if outlined:
        style = {**style, "color": colour(f"{hue}-pale"), "borderColor": colour(hue), "borderWidth": 1.5}
    return {
        "type": "bar",
        "name": name,
        "data": [finite(value) for value in values],
        "itemStyle": style,
        "barMaxWidth": 34,
        "barGap": "12%",
        "barCategoryGap": "30%",
        "emphasis": {"disabled": True},
    }
