"""The parts of the report: which of them a content fills, their charts, and their HTML, alone or as the whole page."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from keepers.reports import (
    acquisition_sentences,
    attribution_sentences,
    breakdowns,
    budget_sentences,
    cohorts,
    decision_sentences,
    findings,
    formatting,
    lead_sentences,
    loyalty,
    next_plans,
    recommendations,
    retention_sentences,
    sentences,
    subscription_sentences,
)
from keepers.reports.charts.attribution import attribution_chart
from keepers.reports.charts.calibration import calibration_chart
from keepers.reports.charts.channels import channel_charts
from keepers.reports.charts.chart import Chart
from keepers.reports.charts.cohort_curves import cohort_curves, short_text
from keepers.reports.charts.concentration import concentration_chart
from keepers.reports.charts.converted import converted
from keepers.reports.charts.leads import lead_charts
from keepers.reports.charts.months import acquisition_chart, totals_chart
from keepers.reports.charts.moves import moves_chart
from keepers.reports.charts.profit import profit_chart
from keepers.reports.charts.response import response_chart
from keepers.reports.charts.season import season_chart
from keepers.reports.charts.subscriptions import subscription_charts
from keepers.reports.charts.tracking import tracking_charts
from keepers.reports.compiled import Kept
from keepers.reports.content import ReportContent
from keepers.reports.groups import Breakdown, CohortMeasure, CohortTriangle, Dimension
from keepers.reports.highlights import highlights
from keepers.reports.kept import HIDDEN

_HERE = Path(__file__).parent
_CURVES = 6
"""Channels whose response is drawn."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: its anchor, its name in the menu, and whether the content fills it."""

    id: str
    menu: str
    filled: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Some parts of the report as HTML, for a page that holds more than them."""

    html: Markup
    """The parts, each a section with its anchor."""
    chart_data: Markup
    """Their charts as JSON, for the element with the id `chart-data` that the report's script reads."""
    charts: int
    """How many charts."""


class Drill:
    """Where the customers behind a row are; the report knows no such place, pages of the dashboard do."""

    hidden = HIDDEN
    """Stands for a name that may not be seen."""

    def customer(self, customer_key: str | None) -> str | None:
        """The address of a customer's page."""
        del customer_key
        return None

    def subscriber(self, customer_key: str | None) -> str | None:
        """The address of a subscriber's page."""
        del customer_key
        return None

    def group(self, division: str, name: str) -> str | None:
        """The address of the list of a group, as the division calls it."""
        del division, name
        return None

    def won(self, first: dt.date, last: dt.date) -> str | None:
        """The address of the list of who first bought from one day to another."""
        del first, last
        return None


def render_sections(content: ReportContent, ids: Sequence[str], drill: Drill | None = None) -> Shown:
    """Some parts of the report, in this order, the verdict first; those that the content does not fill are left out."""
    filled = {section.id: section for section in sections_of(content) if section.filled}
    wanted = [filled[one] for one in ids if one in filled]
    known = variables(content, drill)
    html = environment().get_template("parts.html.j2").render(known, sections=wanted, verdict="verdict" in ids)
    charts = {name: chart for name, chart in known["charts"].items() if f'id="chart-{name}"' in html}
    return Shown(Markup(html), chart_data(charts, formatting.rate_of(content.store.currency)), len(charts))


def variables(content: ReportContent, drill: Drill | None = None) -> dict[str, Any]:
    """What the templates of the parts know."""
    currency = content.store.currency
    return {
        "content": content,
        "drill": drill or Drill(),
        "currency": currency,
        "money": partial(formatting.money, currency=currency),
        "short_money": partial(formatting.short_money, currency=currency),
        "charts": charts_of(content),
        "triangles": [(triangle, cohorts.heatmap(triangle)) for triangle in _triangles(content)],
        "tables": [b for b in content.breakdowns if b.dimension is not Dimension.ACQUISITION_MONTH and _named(b)],
        "months": _acquisition(content),
        "running_cohorts": _running(content),
        "highlights": highlights(content),
    }


def chart_data(charts: Mapping[str, Chart], rate: float = 1.0) -> Markup:
    """Charts as the report's script reads them, their amounts multiplied where another currency is shown."""
    return embedded_json({chart.id: _drawn(chart, rate) for chart in charts.values()})


def embedded_json(value: Any) -> Markup:
    """JSON that can stand inside a script element whatever its texts hold; NaN is refused rather than written."""
    text = json.dumps(_rounded(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _rounded(value: Any) -> Any:
    """The same with six digits a number: more than a chart can show, and half the size."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def sections_of(content: ReportContent) -> list[Section]:
    """All parts in their order, and whether the content fills them."""
    breakdown = any(_named(b) for b in content.breakdowns)
    tested = bool(content.tracking or content.calibration or content.backtest or content.promises)
    subscribed = content.subscriptions
    return [
        Section("value", "Value", content.equity is not None),
        Section("activity", "Customers", content.equity is None and content.activity is not None),
        Section("risk", "At risk", content.at_risk is not None),
        Section("warnings", "Warnings", any(found.rows for found in content.warnings)),
        Section("channels", "Channels", content.channels is not None),
        Section("attribution", "Contacts", content.attribution is not None),
        Section("leads", "Leads", content.leads is not None),
        Section("budget", "Budget", content.budget is not None),
        Section("offers", "Offers", content.offers is not None),
        Section("drivers", "Drivers", content.drivers is not None),
        Section("next", "Next product", content.next_products is not None),
        Section("loyalty", "Loyalty", content.loyalty is not None),
        Section("levers", "Levers", bool(content.levers and content.levers.rows)),
        Section("groups", "Groups", bool(_rows(content.tiers) or _rows(content.rfm))),
        Section("segments", "Segments", content.segments is not None),
        Section("origin", "Where from", breakdown),
        Section("cohorts", "Cohorts", any(triangle.rows for triangle in content.cohorts)),
        Section("season", "Season", content.season is not None),
        Section("alive", "Still there?", bool(content.alive_map and content.alive_map.order_bands)),
        Section("trust", "Trust", tested),
        Section("subscriptions", "Subscriptions", content.subscriptions is not None),
        Section("staying", "Staying", content.subscriptions is not None),
        Section("leaving", "Leaving", content.subscriptions is not None),
        Section("plans", "Next plan", bool(subscribed and (subscribed.next_plans or subscribed.plans_made))),
        Section("formulas", "Formulas", bool(content.formulas and content.formulas.rows)),
        Section("data", "Data", content.reconciliation is not None),
        Section("method", "Method", True),
    ]


def _rows(part: Any) -> bool:
    return bool(part and part.rows)


def _named(breakdown: Breakdown) -> bool:
    if breakdown.dimension is Dimension.ACQUISITION_MONTH:
        return any(row.month for row in breakdown.rows)
    return sum(bool(row.label.strip()) and row.customers > 0 for row in breakdown.rows) > 0


def _acquisition(content: ReportContent) -> Breakdown | None:
    found = (b for b in content.breakdowns if b.dimension is Dimension.ACQUISITION_MONTH and _named(b))
    return next(found, None)


def _triangles(content: ReportContent) -> list[CohortTriangle]:
    """Money first, as that is what an owner asks for first."""
    order = (CohortMeasure.CUMULATIVE_VALUE, CohortMeasure.ACTIVE_SHARE, CohortMeasure.CUMULATIVE_ORDERS)
    return sorted((found for found in content.cohorts if found.rows), key=lambda found: order.index(found.measure))


def _running(content: ReportContent) -> cohorts.Heatmap | None:
    found = None if content.subscriptions is None else content.subscriptions.cohorts
    return None if found is None else cohorts.heatmap(found)


def charts_of(content: ReportContent) -> dict[str, Chart]:
    """Every chart that the content fills, by its id."""
    currency = content.store.currency
    charts: list[Chart] = []
    if content.equity is not None and len(content.equity.concentration) > 1:
        charts.append(concentration_chart(content.equity))
    acquired = _acquisition(content)
    if acquired is not None:
        charts.append(acquisition_chart(breakdowns.coarse_months(acquired), currency))
    for triangle in _triangles(content):
        chart = cohort_curves(cohorts.heatmap(triangle), triangle.measure, currency)
        if chart.legend:
            charts.append(chart)
    if content.season is not None:
        charts.append(season_chart(content.season))
    if content.tracking is not None and content.tracking.points:
        charts.extend(tracking_charts(content.tracking))
    if content.calibration is not None and content.calibration.groups:
        charts.append(calibration_chart(content.calibration))
    if content.segments is not None:
        charts.extend(moves_chart(found, place) for place, found in enumerate(content.segments.moves))
    if content.offers is not None:
        offered = enumerate(content.offers.experiments, start=1)
        charts.extend(profit_chart(experiment, number, currency) for number, experiment in offered)
    charts.extend(_winning(content))
    if content.subscriptions is not None:
        charts.extend(subscription_charts(content.subscriptions, currency))
    if content.reconciliation is not None and content.reconciliation.months:
        charts.append(totals_chart(content.reconciliation.months, currency))
    return {chart.id: chart for chart in charts}


def _winning(content: ReportContent) -> list[Chart]:
    """The charts about winning customers."""
    currency = content.store.currency
    charts: list[Chart] = []
    if content.channels is not None:
        charts.extend(channel_charts(content.channels, currency))
    if content.attribution is not None:
        charts.append(attribution_chart(content.attribution, currency))
    if content.leads is not None:
        charts.extend(lead_charts(content.leads, currency))
    if content.budget is not None:
        plan = content.budget
        paid = enumerate(plan.channels[:_CURVES], start=1)
        charts.extend(response_chart(channel, place, currency, plan.recommended) for place, channel in paid)
    return charts


def _drawn(chart: Chart, rate: float) -> Mapping[str, Any]:
    table = chart.table_of or chart.id
    return {
        "option": converted(chart.option, rate),
        "table": table,
        "columns": chart.tooltip_columns,
        "height": chart.height,
    }


def compile_templates() -> None:
    """Have all templates ready, for a report that is written later."""
    for name in environment().list_templates(extensions=["j2"]):
        environment().get_template(name)


@cache
def environment() -> jinja2.Environment:
    """Where the templates find words and figures."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=Kept(_HERE / "templates"),
    )
    made.globals.update(
        say=sentences,
        subs=subscription_sentences,
        plans=next_plans,
        keep=retention_sentences,
        decide=decision_sentences,
        won=acquisition_sentences,
        calls=lead_sentences,
        spendings=budget_sentences,
        nexts=recommendations,
        loyal=loyalty,
        paths=attribution_sentences,
        find=findings,
        fmt=formatting,
        largest=breakdowns.largest,
        cell_value=short_text,
    )
    return made
