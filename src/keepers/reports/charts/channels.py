"""Channels in pictures: cost against value with the line of break-even, when cost is back, quality over time."""

from __future__ import annotations

from keepers.reports.acquisition import AcquisitionRow, Channels, QualityLine
from keepers.reports.acquisition_sentences import payback
from keepers.reports.charts.chart import Chart, DataTable, LegendItem, Option, axis_format, colour, frame, line
from keepers.reports.formatting import MISSING, count, finite, money, number, percent, prefix_of, shortened

_MOST = 7
_HUES = tuple(f"ramp{place}" for place in (7, 5, 3, 1, 6, 4, 2))
"""Colours far from each other first."""


def channel_charts(found: Channels, currency: str | None) -> list[Chart]:
    """The charts for which there is enough."""
    charts = []
    priced = [row for row in found.rows if row.cac is not None and row.lifetime is not None]
    if priced:
        if all(row.within(found.over)[0] is not None for row in priced):
            charts.append(cost_chart(priced, found, currency))
        curves = [row for row in priced if row.course and row.cac][:_MOST]
        if curves:
            charts.append(payback_chart(curves, found))
    if any(len(one.quarters) > 1 for one in found.quality):
        charts.append(quality_chart(found, currency))
    return charts


def cost_chart(rows: list[AcquisitionRow], found: Channels, currency: str | None) -> Chart:
    """Every channel by what a customer costs and brings; above the line they bring more than they cost."""
    prefix = prefix_of(currency)
    worth = {row.label: found_worth for row in rows if (found_worth := row.within(found.over)[0]) is not None}
    times = {row.label: row.within(found.over)[1] for row in rows}
    name = f"{found.value_label[0].lower()}{found.value_label[1:]} of a customer"
    option = frame((), axis_format("money", prefix), name=name, gap=False)
    widest = max(row.cac or 0.0 for row in rows) * 1.15 or 1.0
    highest = max(one.value for one in worth.values()) * 1.1
    option["xAxis"].update({"type": "value", "data": None, "min": 0, "max": _round(widest)})
    option["xAxis"] |= {
        "splitLine": {"show": False}, "name": "cost of a customer", "nameLocation": "middle", "nameGap": 26,
        "nameTextStyle": {"color": colour("muted"), "fontSize": 12},
    }  # fmt: skip
    option["xAxis"]["axisLabel"] = {**option["xAxis"]["axisLabel"], "formatter": axis_format("money", prefix)}
    option["yAxis"].update({"min": 0, "max": _round(max(highest, widest))})
    option["grid"]["bottom"] = 24
    points = line("Channels", [], "accent")
    points |= {
        "lineStyle": {"width": 0}, "showSymbol": True, "symbolSize": 10, "z": 3,
        "data": [_point(row, worth[row.label].value, widest) for row in rows],
    }  # fmt: skip
    top = _round(max(highest, widest))
    option["series"] = [
        points,
        _through_zero("Break-even", 1.0, widest, top, "warm", dashed=False),
        # The target is one of the lifetime.
        *([] if found.over else [_through_zero("Target", found.ratio, widest, top, "muted", dashed=True)]),
    ]
    table = DataTable(
        "What a customer costs and brings, by channel",
        ("Channel", "Costs", "Brings", "Between", "Times the cost"),
        tuple(
            (
                row.label, money(row.cac, currency), money(worth[row.label].value, currency),
                f"{money(worth[row.label].low, currency)} and {money(worth[row.label].high, currency)}",
                number(ratio.value, 1) if (ratio := times[row.label]) is not None else MISSING,
            )
            for row in rows
        ),
    )  # fmt: skip
    above = sum(worth[row.label].value > (row.cac or 0.0) for row in rows)
    return Chart(
        "channel-costs",
        f"Chart: {above} of {len(rows)} channels lie above the line at which a customer brings what they cost. The "
        "table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3, 4),
        (
            LegendItem("brings what it costs", "warm"),
            *([] if found.over else [LegendItem(f"brings {found.ratio:g} times what it costs", "muted", "dashed")]),
        ),
        320,
    )


def payback_chart(rows: list[AcquisitionRow], found: Channels) -> Chart:
    """How much of what a customer cost is back, by months since the first order."""
    months = min(len(row.course) for row in rows)
    labels = [str(month) for month in range(months)]
    option = frame(labels, axis_format("percent"), name="share of the cost that is back, by month", gap=False)
    shares = [[value / (row.cac or 1.0) for value in row.course[:months]] for row in rows]
    option["series"] = [line(row.label, share, hue) for row, share, hue in zip(rows, shares, _HUES, strict=False)]
    # A channel that costs next to nothing would press all others to the floor.
    option["yAxis"].update({"min": 0, "max": min(4.0, max(1.5, max(share[-1] for share in shares) * 1.05))})
    option["series"][0]["markLine"] = {
        "silent": True,
        "symbol": "none",
        "label": {"show": False},
        "lineStyle": {"color": colour("warm"), "type": "solid", "width": 1.5},
        "data": [{"yAxis": 1}, _target(found.payback_months, months)],
    }
    table = DataTable(
        "Share of the cost of a customer that is back, by months since the first order",
        ("Month", *(shortened(row.label, 24) for row in rows)),
        tuple(
            (label, *(percent(share[month]) for share in shares)) for month, label in enumerate(labels)
        ),
    )  # fmt: skip
    said = "; ".join(f"{row.label}: {payback(row)}" for row in rows)
    return Chart(
        "payback",
        f"Line chart: how much of the cost of a customer is back by months since the first order. {said}. The table "
        "below it holds the same numbers.",
        option,
        table,
        tuple(range(1, len(rows) + 1)),
        (
            *(LegendItem(row.label, hue) for row, hue in zip(rows, _HUES, strict=False)),
            LegendItem("all of it, and the target", "warm"),
        ),
        300,
    )


def quality_chart(found: Channels, currency: str | None) -> Chart:
    """Early value of customers by quarter of their first order, as a share of the channel's own mean."""
    shown = [one for one in found.quality if len(one.quarters) > 1][:_MOST]
    starts = sorted({quarter[0] for one in shown for quarter in one.quarters})
    labels = [f"Q{(start.month + 2) // 3} {start.year}" for start in starts]
    name = "90-day value, the mean being 100%"
    option = frame(labels, axis_format("percent"), name=name, gap=False)
    option["yAxis"]["scale"] = True
    by_start = [{quarter[0]: quarter for quarter in one.quarters} for one in shown]
    means = [_mean(one) for one in shown]
    option["series"] = [
        line(one.channel, [finite(of[start][2] / mean) if start in of else None for start in starts], hue)
        for one, of, mean, hue in zip(shown, by_start, means, _HUES, strict=False)
    ]
    table = DataTable(
        "Value in the first 90 days by quarter of the first order, chance held down (customers in brackets)",
        ("First order in", *(shortened(one.channel, 24) for one in shown)),
        tuple(
            (
                label,
                *(
                    f"{money(of[start][2], currency)} ({count(of[start][1])})" if start in of else MISSING
                    for of in by_start
                ),
            )
            for label, start in zip(labels, starts, strict=True)
        ),
    )
    return Chart(
        "channel-quality",
        "Line chart: value of customers in their first 90 days by quarter of the first order, as a share of their "
        "channel’s mean, a line a channel. The table below it holds the numbers in money.",
        option,
        table,
        tuple(range(1, len(shown) + 1)),
        tuple(LegendItem(one.channel, hue) for one, hue in zip(shown, _HUES, strict=False)),
        260,
    )


def _mean(one: QualityLine) -> float:
    """Mean early value over all quarters."""
    customers = sum(quarter[1] for quarter in one.quarters)
    return sum(quarter[1] * quarter[2] for quarter in one.quarters) / customers if customers else 1.0


def _point(row: AcquisitionRow, worth: float, widest: float) -> Option:
    right = (row.cac or 0.0) > 0.6 * widest
    return {
        "value": [finite(row.cac), finite(worth)],
        "label": {
            "show": True, "formatter": shortened(row.label, 24), "position": "left" if right else "right",
            "color": colour("ink"), "fontSize": 12,
        },
    }  # fmt: skip


def _through_zero(name: str, slope: float, widest: float, highest: float, hue: str, *, dashed: bool) -> Option:
    end = min(_round(widest), highest / slope)
    series = line(name, [], hue, dashed=dashed, width=1.5)
    return series | {"data": [[0, 0], [end, end * slope]]}


def _target(target: float, months: int) -> Option:
    """The target month as a vertical line, where it is on the axis."""
    return {"xAxis": min(round(target), months - 1), "lineStyle": {"type": "dashed", "width": 1}}


def _round(value: float) -> float:
    """The next number with one digit, so that axes end at a number people read."""
    unit = 10.0 ** (len(str(int(max(value, 1.0)))) - 1) / 2
    return float(-(-value // unit) * unit)
