"""The part of the quarterly report on what customers are worth, and how that and the business went over quarters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from keepers.reports import paper, sentences
from keepers.reports.content import ReportContent
from keepers.reports.formatting import MISSING, count, day, money, short_money
from keepers.reports.paper import Block, Part
from keepers.reports.plot import Plot, places
from keepers.reports.quarters import QuarterRow, quarter_rows
from keepers.reports.run_figures import RunFigures, figures_of


def worth(content: ReportContent, runs: Sequence[RunFigures]) -> Part | None:
    """What customers are worth, and how that and the business went over quarters."""
    equity, currency, blocks = content.equity, content.store.currency, list[Block]()
    if equity is not None:
        known = sentences.interval(equity.total, currency) or ""
        items = [
            paper.figure(
                sentences.equity_title(equity, content.store.customers), money(equity.total.value, currency), known
            )
        ]
        if equity.lifetime is not None:
            items.append(
                paper.figure(
                    sentences.lifetime_label(equity), money(equity.lifetime.value, currency),
                    sentences.interval(equity.lifetime, currency) or "",
                )
            )  # fmt: skip
        if equity.historic is not None:
            items.append(paper.figure("They have brought so far", money(equity.historic, currency)))
        blocks += [paper.figures(*items)]
        spread = (sentences.equity_spread(equity, content.store.customers), sentences.lower_half(equity))
        blocks += paper.say(
            f"An average customer is worth {money(equity.mean, currency)}, the one in the middle "
            f"{money(equity.median, currency)}. "
            + " ".join(one for one in spread if one)
        )  # fmt: skip
    rows = quarter_rows(content, runs)
    if len(rows) > 1:
        blocks += [
            paper.head("Quarter by quarter"),
            *_business(rows, currency),
            *_told(rows, figures_of(content), currency),
        ]
    return Part("What your customers are worth", tuple(blocks)) if blocks else None


def _business(rows: Sequence[QuarterRow], currency: str | None) -> list[Block]:
    columns, has_money = ["Quarter", "Orders"], any(one.revenue is not None for one in rows)
    columns += ["Revenue", "Given back"] if has_money else []
    columns += ["New customers"] if any(one.new_customers is not None for one in rows) else []
    told = []
    for one in rows:
        cells = [_named(one), count(one.orders)]
        if has_money:
            cells += [money(one.revenue, currency), money(one.refunds, currency)]
        if "New customers" in columns:
            cells.append(count(one.new_customers))
        told.append(cells)
    blocks: list[Block] = [paper.table("Orders and customers by quarter", columns, told)]
    heights = [(one.revenue if has_money else float(one.orders)) or 0.0 for one in rows]
    if max(heights, default=0.0) > 0:
        what = "Revenue" if has_money else "Orders"
        written = partial(short_money, currency=currency) if has_money else count
        plot = Plot(
            f"{what} by quarter", f"Bar chart: {what.lower()} of each quarter, as in the table above.",
            min(0.0, *heights), max(heights), written, 95,
        )  # fmt: skip
        centres = places(len(rows))
        plot.x = [(x, str(one.quarter)) for x, one in zip(centres, rows, strict=True)]
        for x, one, height in zip(centres, rows, heights, strict=True):
            plot.bar(x, 0.62 / len(rows), height, "accent" if one.whole else "soft")
        if not rows[-1].whole:
            plot.named("whole quarter", "accent", "bar")
            plot.named("not over yet", "soft", "bar")
        blocks.append(plot.block())
    return blocks


def _told(rows: Sequence[QuarterRow], now: RunFigures, currency: str | None) -> list[Block]:
    """Value as it was told in each quarter; only what can be compared with today's."""
    told = [
        (one, one.told)
        for one in rows
        if one.told is not None and one.told.value is not None and one.told.same_money(now)
    ]
    if len(told) < 2:
        return paper.small(
            "What customers were worth in earlier quarters is shown from the second quarter on in which Keepers values "
            "them the same way."
        )
    cells = []
    for one, figures in told:
        assert figures.value is not None
        low, high = figures.value.low, figures.value.high
        between = MISSING if low is None or high is None else f"{money(low, currency)} to {money(high, currency)}"
        cells.append([
            f"{one.quarter}, on {day(figures.as_of)}", money(figures.value.value, currency), between,
            count(figures.customers), money(figures.at_risk, currency),
        ])  # fmt: skip
    ends = [
        end
        for _, one in told
        if one.value is not None
        for end in (one.value.low, one.value.high, one.value.value)
        if end
    ]
    plot = Plot(
        "Expected value of all customers, as it was told in each quarter, with 80% intervals",
        "Dots with intervals: the value of all customers as told at the last run of each quarter, as in the table.",
        0.0, max(ends), lambda tick: short_money(tick, currency), 95,
    )  # fmt: skip
    for x, (one, figures) in zip(places(len(told)), told, strict=True):
        assert figures.value is not None
        plot.x.append((x, str(one.quarter)))
        if figures.value.low is not None and figures.value.high is not None:
            plot.span(x, figures.value.low, figures.value.high, "accent")
        plot.dot(x, figures.value.value, "accent")
    columns = ["Quarter", "Expected", "80% interval", "Customers", "At risk"]
    return [paper.table("What all customers were expected to bring", columns, cells), plot.block()]


def _named(row: QuarterRow) -> str:
    return str(row.quarter) if row.whole else f"{row.quarter}, not over"
