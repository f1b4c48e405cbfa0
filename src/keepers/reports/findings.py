"""The sentences under the charts: what each chart shows on this store's own data."""

from __future__ import annotations

from keepers.reports.breakdowns import largest
from keepers.reports.charts.cohort_curves import value_text
from keepers.reports.cohorts import Heatmap
from keepers.reports.evidence import Backtest, BacktestRow, Calibration, Formulas, FormulaUnit, Reconciliation, Tracking
from keepers.reports.formatting import count, finite, horizon, money, number, percent, plural, shortened
from keepers.reports.groups import AliveMap, Breakdown, BreakdownRow, CohortMeasure, Dimension, Grouping

ENOUGH = 10
"""Customers that a cell needs before a sentence is made of it."""

ENOUGH_FOR_A_MEAN = 30
"""Customers that a row needs before its mean value is compared in a sentence: one large buyer sways a smaller row."""


def tracking(found: Tracking) -> str:
    """How the blind prediction came out."""
    blind = [p for p in found.points if p.day > found.calibration_end]
    actual = [finite(p.actual) for p in blind]
    predicted = [finite(p.predicted) for p in blind]
    known = [(a, p) for a, p in zip(actual, predicted, strict=True) if a is not None and p is not None]
    total_actual, total_predicted = sum(a for a, _ in known), sum(p for _, p in known)
    if not known or total_actual <= 0:
        return "Solid is what happened, dashed what the model predicts from the orders it had seen."
    off = total_predicted / total_actual - 1
    verb = "exactly as many" if abs(off) < 0.0005 else f"{percent(abs(off))} too {'many' if off > 0 else 'few'}"
    return (
        f"In the shaded {plural(len(known), found.unit.value)}, which the model had not seen, it predicted "
        f"{count(total_predicted)} repeat purchases; {count(total_actual)} happened: {verb}."
    )


def calibration(found: Calibration) -> str:
    """How the top group's prediction came out."""
    if not found.groups:
        return ""
    top = found.groups[-1]
    return (
        "Customers are ranked by what was predicted for them and cut into groups of about equal size; the two bars of "
        f"a group should be equally high. For the {plural(top.customers, 'customer')} of whom most was predicted, "
        f"{number(top.predicted, 1)} purchases each were predicted in {horizon(found.holdout)}, and "
        f"{number(top.actual, 1)} happened."
    )


def backtest(found: Backtest) -> str:
    """Who won the backtest, by the error that ranks the candidates."""
    chosen = next((row for row in found.rows if row.chosen), None)
    if chosen is None:
        return ""
    scored = finite(chosen.score) is not None
    errors = [(_error(row, scored), row) for row in found.rows if row.baseline]
    naive = min(((error, row) for error, row in errors if error is not None), key=lambda pair: pair[0], default=None)
    own = _error(chosen, scored)
    if naive is None or own is None or not naive[0]:
        return ""
    gain = 1 - own / naive[0]
    what = "Its error" if scored else "Its mean error a customer"
    against = f"that of the best simple rule (“{naive[1].name}”)"
    if gain <= 0:
        return f"The values come from {chosen.name}. {what} was not smaller than {against}."
    return f"The values come from {chosen.name}. {what} was {percent(gain)} smaller than {against}."


def _error(row: BacktestRow, scored: bool) -> float | None:
    return finite(row.score) if scored else finite(row.mae)


def cohorts(heat: Heatmap, measure: CohortMeasure, currency: str | None) -> str:
    """Whether newer cohorts do better than older ones at the same age, on observed cells alone."""
    age, older, newer = _comparison(heat)
    if older is None or newer is None or older <= 0:
        return ""
    change = newer / older - 1
    verdict = "about the same" if abs(change) < 0.03 else f"{percent(abs(change))} {'more' if change > 0 else 'less'}"
    subject = {
        CohortMeasure.ACTIVE_SHARE: f"In {heat.period} {age}, the share that ordered was",
        CohortMeasure.CUMULATIVE_VALUE: f"Up to the end of {heat.period} {age}, a customer had brought",
        CohortMeasure.RUNNING_SHARE: f"After {heat.period} {age}, the share still subscribed was",
        CohortMeasure.CUMULATIVE_ORDERS: f"Up to the end of {heat.period} {age}, a customer had placed",
    }[measure]
    thing = " orders" if measure is CohortMeasure.CUMULATIVE_ORDERS else ""
    then, now = value_text(older, measure, currency), value_text(newer, measure, currency)
    return f"{subject} {then}{thing} in the older half of the cohorts and {now}{thing} in the newer half: {verdict}."


def _comparison(heat: Heatmap) -> tuple[int, float | None, float | None]:
    """The latest age at which at least six cohorts (or all, if fewer) are mature, and both halves' weighted means."""
    need = min(6, len(heat.rows))
    for age in range(len(heat.ages) - 1, 0, -1):
        mature = [
            (row.customers, row.cells[age].value or 0.0)
            for row in heat.rows
            if row.cells[age].value is not None and not row.cells[age].forecast
        ]
        if len(mature) >= max(need, 2):
            half = len(mature) // 2
            return heat.ages[age], _mean(mature[:half]), _mean(mature[half:])
    return 0, None, None


def _mean(pairs: list[tuple[int, float]]) -> float | None:
    weight = sum(w for w, _ in pairs)
    return sum(w * v for w, v in pairs) / weight if weight else None


def knows_leaving(found: AliveMap) -> bool:
    """Whether the model ever doubts that somebody is still a customer."""
    return any(p is not None and p < 0.995 for row in found.probability for p in row)


def alive_map(found: AliveMap) -> tuple[str, ...]:
    """What silence means for frequent and for rare buyers."""
    lines = []
    if not knows_leaving(found):
        return ("The model that is used here knows no leaving, so the map shows how many customers are how silent.",)
    ones = [p for p, n in zip(found.probability[0], found.customers[0], strict=True) if p is not None and n]
    if found.order_bands[:1] == ("1",) and ones and min(ones) > 0.995:
        lines.append(
            "For customers with one order the model always says (almost) 100%: it cannot see them leave. Judge them by "
            "how long they have been silent."
        )
    contrast = _contrast(found)
    if contrast is not None:
        column, rare, frequent = contrast
        chance = [found.probability[row][column] for row in (rare, frequent)]
        lines.append(
            f"The same silence means more from a frequent buyer. Last order {found.silence_bands[column]} ago: with "
            f"{_orders(found.order_bands[frequent])} the chance of still being a customer is {percent(chance[1])}, "
            f"with {_orders(found.order_bands[rare])} it is {percent(chance[0])}."
        )
    return tuple(lines)


def _contrast(found: AliveMap) -> tuple[int, int, int] | None:
    """Column and rows with the largest fall from a rarer to a more frequent buyer, among well-filled cells."""
    best: tuple[float, int, int, int] | None = None
    start = 1 if len(found.order_bands) > 2 else 0
    for column in range(len(found.silence_bands)):
        filled = [
            (row, finite(found.probability[row][column]))
            for row in range(start, len(found.order_bands))
            if found.customers[row][column] >= ENOUGH
        ]
        known = [(row, p) for row, p in filled if p is not None]
        if len(known) < 2:
            continue
        (rare, high), (frequent, low) = known[0], known[-1]
        if high - low > 0.10 and (best is None or high - low > best[0]):
            best = (high - low, column, rare, frequent)
    return None if best is None else best[1:]


def _orders(band: str) -> str:
    return f"{band} order" if band == "1" else f"{band} orders"


def grouping(found: Grouping) -> str:
    """What share of value the first group holds."""
    total = sum(row.value or 0.0 for row in found.rows)
    people = sum(row.customers for row in found.rows)
    best = max(found.rows, key=lambda row: row.value or 0.0, default=None)
    if best is None or total <= 0 or not people or not best.value:
        return ""
    size, share = percent(best.customers / people), percent(best.value / total)
    return f"{best.name}: {size} of the customers, {share} of the predicted value."


def breakdown(found: Breakdown, currency: str | None) -> str:
    """The largest row, and the most valuable customer on average among rows with enough customers."""
    rows = [row for row in largest(found) if row.value is not None]
    every = [row for row in rows if row.label != "not known" and not row.label.endswith(" others")]
    named = [row for row in every if row.customers >= ENOUGH_FOR_A_MEAN]
    total = sum(row.value or 0.0 for row in found.rows)
    if found.dimension is Dimension.ACQUISITION_MONTH or len(named) < 2 or total <= 0:
        return ""
    first = max(every, key=lambda row: row.value or 0.0)
    mean = max(named, key=lambda row: (row.value or 0.0) / row.customers)
    worst = min(named, key=lambda row: (row.value or 0.0) / row.customers)
    who = "A customer" if len(named) == len(every) else f"Where {ENOUGH_FOR_A_MEAN} or more are, a customer"
    return (
        f"The largest part of the predicted value, {percent((first.value or 0.0) / total)}, is at "
        f"“{shortened(first.label)}”. {who} is worth most at “{shortened(mean.label)}” "
        f"({_mean_value(mean, currency)} on average) and least at “{shortened(worst.label)}” "
        f"({_mean_value(worst, currency)})."
    )


def _mean_value(row: BreakdownRow, currency: str | None) -> str:
    return money((row.value or 0.0) / row.customers, currency)


def formulas(found: Formulas, currency: str | None) -> str:
    """Between which values the simple formulas lie, beside the model's."""
    in_money = (finite(row.result) for row in found.rows if row.unit is FormulaUnit.MONEY and row.of_a_customer)
    results = [value for value in in_money if value is not None]
    if not results:
        return ""
    low, high = money(min(results), currency), money(max(results), currency)
    spread = f"give {low}" if low == high else f"give between {low} and {high}"
    return (
        f"For the same customers the simple formulas {spread}; the model says "
        f"{money(found.model_value, currency)}. A formula knows averages alone: it takes everybody as an average "
        "customer, whereas the model weighs who is probably gone, who buys often and who spends much. The formulas "
        "also look at other stretches of time and other money, as each row says."
    )


def reconciliation(found: Reconciliation) -> tuple[str, ...]:
    """How many rows were read, used and set aside, and what belongs to nobody."""
    read = sum(file.rows_read for file in found.files)
    aside = sum(file.rows_set_aside for file in found.files)
    lines = []
    if read:
        left = (
            "every one of them could be used"
            if aside == 0
            else f"{plural(aside, 'row')} ({percent(aside / read)}) {'was' if aside == 1 else 'were'} set aside"
        )
        files = plural(len(found.files), "file")
        lines.append(f"{plural(read, 'row')} {'was' if read == 1 else 'were'} read from {files}; {left}.")
    nobody = finite(found.orders_without_customer_share)
    if nobody is not None and nobody > 0:
        share = finite(found.revenue_without_customer_share)
        lines.append(
            f"{percent(nobody)} of orders{f' ({percent(share)} of revenue)' if share is not None else ''} name no "
            "customer; they are part of nobody’s value."
        )
    return tuple(lines)
