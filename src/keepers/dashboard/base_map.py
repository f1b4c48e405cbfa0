"""The page of the base: maps of all customers as they are now, whose regions are lists, and groups with their moves."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from keepers.dashboard.kept_lists import chosen_of
from keepers.dashboard.looking import View, view_of
from keepers.dashboard.pages import Person, TheSite, page
from keepers.dashboard.sections import parts_of
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope
from keepers.pipeline.base_bands import ALIVE, ORDERS, silent_days, value_edges
from keepers.pipeline.content_groups import ORDER_CUTS, order_band, silence_band
from keepers.reports import formatting
from keepers.storage.generation import Generation
from keepers.storage.live_lists import Cell, Filter, LiveLists

router = APIRouter(include_in_schema=False)

_PARTS = ("groups", "segments")

MEASURES = {
    "customers": "Customers", "value": "Predicted value", "money_at_risk": "Money at risk", "revenue": "Revenue so far",
    "probability_alive": "Still a customer",
}  # fmt: skip
"""What a map can show."""


@dataclass(frozen=True, slots=True)
class Band:
    """A row or column of a map: its words, and what a region that begins or ends with it asks of customers."""

    label: str
    begins: dict[str, Any]
    ends: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """The bands of a column in the order in which they are shown; `turned` where the largest come first."""

    column: str
    cuts: Sequence[Any]
    bands: tuple[Band, ...]
    turned: bool = False

    def place(self, found: int) -> int:
        """Where the store's band stands."""
        return len(self.cuts) - found if self.turned else found


@dataclass(frozen=True, slots=True)
class Square:
    """A cell of a map: what it shows, how strongly it is coloured, its list, and what a screen reader says."""

    text: str
    customers: int
    value: float | None
    heat: float
    address: str
    said: str


@dataclass(frozen=True, slots=True)
class Map:
    """A map with bands that somebody is in; empty cells are None."""

    id: str
    title: str
    corner: str
    rows: tuple[Band, ...]
    columns: tuple[Band, ...]
    squares: tuple[tuple[Square | None, ...], ...]

    @staticmethod
    def asked(what: dict[str, Any]) -> str:
        """Bounds as the script adds them to an address."""
        return json.dumps({name: str(value) for name, value in what.items()}, sort_keys=True)


@router.get("/base")
def base(
    request: Request, site: TheSite, visitor: Person, show: Annotated[str, Query(max_length=40)] = "customers"
) -> Response:
    """Maps of the base as it is now, and groups of the newest run."""
    wanted = Wanted.of(request).context
    with site.state.reading() as books:
        generation = books.live.current()
        if generation is None:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
        view = view_of(generation, wanted)
        lists = books.lists(generation.number, view.reach)
        chosen = chosen_of(books, visitor, view, wanted, False)
        totals = view.group(lists.totals(chosen))
        money = totals.value is not None
        measures = {
            name: label for name, label in MEASURES.items() if money or name in ("customers", "probability_alive")
        }
        measure = show if show in measures else "customers"
        with formatting.shown_in(view.conversion):
            maps = _maps(lists, generation, wanted, chosen, view, measure, money)
    shown = parts_of(request, site, visitor, generation, _PARTS)
    return page(
        request, visitor, "base_map", wanted=wanted, totals=totals, maps=maps, measures=measures, measure=measure,
        shown=shown, named=visitor.may(Scope.PERSONS),
    )  # fmt: skip


def _maps(
    lists: LiveLists, generation: Generation, wanted: Wanted, chosen: Filter, view: View, measure: str, money: bool
) -> list[Map]:
    told = view.told
    asked = [(
        "habits", "How often they buy, and how long they have been silent", "Orders", _orders(),
        _silence(generation.as_of),
    )]  # fmt: skip
    worth = _worth(view) if money else None
    if worth is not None:
        asked.append(
            ("worth", "What they are worth, and whether they are still there", "Still a customer", _alive(), worth)
        )
    found = []
    for name, title, corner, rows, columns in asked:
        counted = lists.cells((rows.column, rows.cuts), (columns.column, columns.cuts), chosen)
        cells = [view.cell(one) for one in counted]
        if cells:
            found.append(_map(name, title, corner, (rows, columns), cells, wanted, measure, told.currency))
    return found


def _map(
    name: str, title: str, corner: str, axes: tuple[Axis, Axis], cells: Sequence[Cell], wanted: Wanted, measure: str,
    currency: str | None,
) -> Map:  # fmt: skip
    rows, columns = axes
    placed = {(rows.place(cell.row), columns.place(cell.column)): cell for cell in cells}
    most = _full([_shown(cell, measure) for cell in cells], measure)
    first_row, last_row = min(r for r, _ in placed), max(r for r, _ in placed)
    first, last = min(c for _, c in placed), max(c for _, c in placed)

    def square(row: int, column: int) -> Square | None:
        cell = placed.get((row, column))
        if cell is None:
            return None
        one, other = rows.bands[row], columns.bands[column]
        value = _shown(cell, measure)
        worth = "" if cell.value is None else f", {formatting.money(cell.value, currency)}"
        return Square(
            _text(value, measure, currency),
            cell.customers,
            cell.value,
            min(max(value or 0.0, 0.0) / most, 1.0),
            wanted.only(**one.begins, **one.ends, **other.begins, **other.ends).address(),
            f"{corner} {one.label}, {other.label}: {formatting.plural(cell.customers, 'customer')}{worth}",
        )

    across, down = range(first, last + 1), range(first_row, last_row + 1)
    return Map(
        name, title, corner, tuple(rows.bands[row] for row in down), tuple(columns.bands[column] for column in across),
        tuple(tuple(square(row, column) for column in across) for row in down),
    )  # fmt: skip


def _shown(cell: Cell, measure: str) -> float | None:
    found: float | None = getattr(cell, measure)
    return found


def _full(values: Sequence[float | None], measure: str) -> float:
    """What has the full colour: certainty, or the 95th percentile, so that one cell does not wash out all others."""
    if measure == "probability_alive":
        return 1.0
    ordered = sorted(value for value in values if value is not None and value > 0)
    return ordered[int(0.95 * (len(ordered) - 1))] if ordered else 1.0


def _text(value: float | None, measure: str, currency: str | None) -> str:
    if measure == "customers":
        return formatting.count(value)
    return formatting.percent(value) if measure == "probability_alive" else formatting.short_money(value, currency)


def _orders() -> Axis:
    bands = []
    for place in range(len(ORDER_CUTS) + 1):
        begins = {"least_orders": ORDER_CUTS[place - 1] + 1} if place else {}
        ends = {"most_orders": ORDER_CUTS[place]} if place < len(ORDER_CUTS) else {}
        bands.append(Band(order_band(place), begins, ends))
    return Axis("orders", ORDERS, tuple(bands))


def _silence(as_of: dt.date) -> Axis:
    """Bands of the last order's day, the latest first; days of silence are counted to the last day of the run."""
    days = silent_days(as_of)
    bands = []
    for place in range(len(days) + 1):
        begins = {"silent_since": days[place - 1]} if place else {}
        ends = {"bought_since": days[place]} if place < len(days) else {}
        bands.append(Band(silence_band(place), begins, ends))
    return Axis("last_day", days[::-1], tuple(bands), turned=True)


def _alive() -> Axis:
    edges = ALIVE[::-1]
    bands = []
    for place in range(len(edges) + 1):
        begins = {"below_alive": edges[place - 1]} if place else {}
        ends = {"least_alive": edges[place]} if place < len(edges) else {}
        label = (
            f"{edges[0]:.0%} or more" if place == 0
            else f"under {edges[-1]:.0%}" if place == len(edges)
            else f"{edges[place]:.0%} to {edges[place - 1]:.0%}"
        )  # fmt: skip
        bands.append(Band(label, begins, ends))
    return Axis("probability_alive", ALIVE, tuple(bands), turned=True)


def _worth(view: View) -> Axis | None:
    """Bands of value that begin at round amounts near percentiles of the newest run; None without such."""
    told = view.told
    edges = value_edges(told.thresholds_of(view.reach))
    if not edges:
        return None
    bands = []
    for place in range(len(edges) + 1):
        begins = {"least_value": edges[place - 1]} if place else {}
        ends = {"below_value": edges[place]} if place < len(edges) else {}
        words = [formatting.short_money(view.priced(edge), told.currency) for edge in edges]
        label = (
            f"under {words[0]}" if place == 0
            else f"{words[-1]} or more" if place == len(edges)
            else f"{words[place - 1]} to {words[place]}"
        )  # fmt: skip
        bands.append(Band(label, begins, ends))
    return Axis("value", edges, tuple(bands))
