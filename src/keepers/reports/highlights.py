"""Where an owner should look first: at most four things, each with a figure, a sentence and the way to its section."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.reports import sentences
from keepers.reports.breakdowns import largest
from keepers.reports.content import ReportContent
from keepers.reports.figures import MoneyMeaning
from keepers.reports.findings import ENOUGH_FOR_A_MEAN
from keepers.reports.formatting import finite, money, percent, plural, shortened
from keepers.reports.groups import BreakdownRow, Dimension


@dataclass(frozen=True, slots=True)
class Highlight:
    """One thing to look at."""

    title: str
    figure: str
    text: str
    anchor: str
    meaning: MoneyMeaning | None = None


def highlights(content: ReportContent) -> tuple[Highlight, ...]:
    """What the content gives reason to look at, in the order in which an owner can act on it."""
    found = (_win_back(content), _look_after(content), _improve(content), _find_more(content), _plan(content))
    return tuple(one for one in found if one is not None)[:4]


def _win_back(content: ReportContent) -> Highlight | None:
    risk = content.at_risk
    if risk is None or risk.either.customers == 0:
        return None
    gone = sentences.money_at_risk(risk.either)
    people = plural(risk.either.customers, "customer")
    if gone is None or risk.meaning is None:
        return Highlight("Win back", people, "have been silent for long enough to worry.", "risk")
    text = f"is at risk with {people} who may be leaving. The list names them."
    return Highlight("Win back", money(gone, content.store.currency), text, "risk", risk.meaning)


def _look_after(content: ReportContent) -> Highlight | None:
    equity = content.equity
    if equity is None:
        return None
    top = max(round(content.store.customers * equity.top_customers), 1)
    text = f"of the predicted value is held by your best {plural(top, 'customer')}."
    return Highlight("Look after", percent(equity.top_share), text, "value", equity.meaning)


def _improve(content: ReportContent) -> Highlight | None:
    levers = content.levers
    best = sentences.best_lever(levers) if levers is not None else None
    if levers is None or best is None or (finite(best.gain.value) or 0.0) <= 0:
        return None
    text = f"is what it would bring to {_lower(sentences.lever_action(best))}: the best of your levers."
    return Highlight(
        "Improve", money(best.gain.value, content.store.currency, signed=True), text, "levers", levers.meaning
    )


def _find_more(content: ReportContent) -> Highlight | None:
    by = {found.dimension: found for found in content.breakdowns}
    for dimension in (Dimension.CHANNEL, Dimension.PRODUCT, Dimension.CATEGORY, Dimension.COUNTRY):
        found = by.get(dimension)
        if found is None:
            continue
        rows = [row for row in largest(found) if row.customers >= ENOUGH_FOR_A_MEAN and row.value is not None]
        rows = [row for row in rows if row.label != "not known" and not row.label.endswith(" others")]
        people = sum(row.customers for row in found.rows)
        total = sum(row.value or 0.0 for row in found.rows)
        best = max(rows, key=_mean, default=None)
        if best is None or len(rows) < 2 or total <= 0:
            continue
        text = (
            f"is the predicted value of an average customer at “{shortened(best.label, 30)}” ({dimension.value}), "
            f"against {money(total / people, content.store.currency)} overall."
        )
        return Highlight(
            "Find more like them", money(_mean(best), content.store.currency), text, "origin", found.meaning
        )
    return None


def _plan(content: ReportContent) -> Highlight | None:
    soon = None if content.activity is None else content.activity.expected_orders_next_month
    if soon is None:
        return None
    text = "are expected from today’s customers in the next month."
    anchor = "value" if content.equity is not None else "activity"
    return Highlight("Plan", plural(soon.value, "order"), text, anchor)


def _mean(row: BreakdownRow) -> float:
    return (row.value or 0.0) / row.customers


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
