"""A chart in another currency: its amounts are converted rather than its labels, so that axes have round numbers."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from keepers.reports.charts.chart import Option

_AXES = ("xAxis", "yAxis")
_ENDS = ("min", "max", "interval")


def converted(option: Option, rate: float) -> Option:
    """The same chart with every number along an axis of money multiplied.

    >>> axis = {"axisLabel": {"formatter": {"$format": "money", "prefix": "$"}}, "max": 10}
    >>> found = converted({"xAxis": {"type": "category"}, "yAxis": axis, "series": [{"data": [1, None, 2]}]}, 1.5)
    >>> found["yAxis"]["max"], found["series"][0]["data"]
    (15.0, [1.5, None, 3.0])
    """
    axes = {name for name in _AXES if _is_money(option.get(name))}
    if rate == 1.0 or not axes:
        return option
    found = {**option, "series": [_series(one, rate, axes) for one in option.get("series", [])]}
    for name in axes:
        ends = {end: option[name][end] * rate for end in _ENDS if _is_number(option[name].get(end))}
        found[name] = {**option[name], **ends}
    return found


def _is_money(axis: Any) -> bool:
    label = axis.get("axisLabel") if isinstance(axis, dict) else None
    how = label.get("formatter") if isinstance(label, dict) else None
    return isinstance(how, dict) and how.get("$format") == "money"


def _series(one: Option, rate: float, axes: Set[str]) -> Option:
    found = {**one, "data": [_point(point, rate, axes) for point in one.get("data") or []]}
    for name in ("markLine", "markArea"):
        if name in one:
            found[name] = {**one[name], "data": [_mark(mark, rate, axes) for mark in one[name]["data"]]}
    return found


def _point(point: Any, rate: float, axes: Set[str]) -> Any:
    """A number stands along the axis of values; of a pair the first is along x, the second along y."""
    if isinstance(point, dict):
        return {**point, "value": _point(point.get("value"), rate, axes)}
    if isinstance(point, list):
        return [
            value * rate if _is_number(value) and _AXES[min(place, 1)] in axes else value
            for place, value in enumerate(point)
        ]
    return point * rate if _is_number(point) else point


def _mark(mark: Any, rate: float, axes: Set[str]) -> Any:
    if isinstance(mark, list):
        return [_mark(one, rate, axes) for one in mark]
    if not isinstance(mark, dict):
        return mark
    moved = {name: mark[name] * rate for name in axes if _is_number(mark.get(name))}
    return {**mark, **moved, **({"coord": _point(mark["coord"], rate, axes)} if "coord" in mark else {})}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
