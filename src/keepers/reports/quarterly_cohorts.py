"""The part of the quarterly report on customers by when they came: triangles and their curves."""

from __future__ import annotations

from collections.abc import Sequence

from keepers.reports import findings, paper
from keepers.reports.charts.cohort_curves import CUSTOMERS_AT_LEAST
from keepers.reports.cohorts import Heatmap, heatmap
from keepers.reports.content import ReportContent
from keepers.reports.formatting import MISSING, count, percent, short_money
from keepers.reports.groups import CohortMeasure, CohortTriangle
from keepers.reports.paper import Block, Part
from keepers.reports.plot import Plot

_COHORTS, _AGES, _CURVES = 12, 10, 6


def cohorts(content: ReportContent) -> Part | None:
    """What customers of a month or quarter did by age."""
    blocks = list[Block]()
    for measure in (CohortMeasure.CUMULATIVE_VALUE, CohortMeasure.ACTIVE_SHARE):
        triangle = next((one for one in content.cohorts if one.measure is measure and one.rows), None)
        if triangle is not None:
            blocks += _triangle(triangle, content.store.currency)
    return Part("Customers by when they came", tuple(blocks)) if blocks else None


def _triangle(triangle: CohortTriangle, currency: str | None) -> list[Block]:
    heat = heatmap(triangle)
    value = triangle.measure is CohortMeasure.CUMULATIVE_VALUE
    step = max(-(-len(heat.ages) // _AGES), 1)
    # The last age of each stretch, so that the newest knowledge is among them.
    chosen = [place for place in range(len(heat.ages)) if (place + 1) % step == 0 or (place == 0 and value)]
    rows, warmth, ahead = [], [], []
    for row in heat.rows[-_COHORTS:]:
        cells = [row.cells[place] if place < len(row.cells) else None for place in chosen]
        shown = [MISSING if one is None or one.value is None else _cell(one.value, value, currency) for one in cells]
        rows.append([row.label, count(row.customers), *shown])
        warmth.append([None, None, *(None if one is None or one.value is None else one.heat for one in cells)])
        ahead.append([place + 2 for place, one in enumerate(cells) if one is not None and one.forecast])
    what = "What a customer has brought" if value else "Share that ordered"
    columns = ["Came in", "Customers", *(str(heat.ages[place]) for place in chosen)]
    blocks: list[Block] = [
        paper.table(f"{what}, by {heat.period} since the first order", columns, rows, heat=warmth, ahead=ahead),
        *paper.small(findings.cohorts(heat, triangle.measure, currency), _slanted(ahead)),
    ]
    return [*blocks, _curves(heat, what, value, currency)]


def _slanted(ahead: Sequence[Sequence[int]]) -> str:
    return "Slanted figures are forecasts." if any(ahead) else ""


def _cell(shown: float, value: bool, currency: str | None) -> str:
    return short_money(shown, currency) if value else percent(shown, 0)


def _curves(heat: Heatmap, what: str, value: bool, currency: str | None) -> Block:
    known = [row for row in heat.rows if sum(cell.value is not None for cell in row.cells) > 1]
    sizeable = [row for row in known if row.customers >= CUSTOMERS_AT_LEAST]
    known = sizeable if len(sizeable) > 1 else known
    step = max((len(known) - 1) / (_CURVES - 1), 1.0)
    rows = [known[round(place * step)] for place in range(_CURVES) if round(place * step) < len(known)]
    skip = 0 if value else 1
    seen = [cell.value for row in rows for cell in row.cells[skip:] if cell.value is not None]
    plot = Plot(
        f"{what}, cohort by cohort",
        f"Line chart: {what.lower()} by {heat.period} since the first order, a line a cohort.",
        0.0, max(seen, default=1.0), lambda tick: _cell(tick, value, currency), 110,
    )  # fmt: skip
    last = max(len(heat.ages) - 1, 1)
    plot.x = [
        (place / last, str(heat.ages[place])) for place in range(skip, len(heat.ages), max(len(heat.ages) // 8, 1))
    ]
    for row, hue in zip(rows, (f"ramp{7 - len(rows) + place + 1}" for place in range(len(rows))), strict=True):
        points = [(place, cell) for place, cell in enumerate(row.cells) if cell.value is not None and place >= skip]
        past = [(place / last, cell.value or 0.0) for place, cell in points if not cell.forecast]
        future = [(place / last, cell.value or 0.0) for place, cell in points if cell.forecast]
        plot.line(past, hue)
        plot.line([*past[-1:], *future], hue, dashed=True)
        plot.named(row.label, hue)
    if heat.has_forecast:
        plot.named("forecast", "soft", "dashed")
    return plot.block()
