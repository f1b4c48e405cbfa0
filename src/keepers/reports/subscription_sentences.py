"""The plain sentences about subscriptions: each says in words what the figures beside it say."""

from __future__ import annotations

import math

from keepers.domain.time import TimeUnit
from keepers.reports.formatting import count, day, finite, horizon, money, number, percent, plural
from keepers.reports.sentences import interval
from keepers.reports.subscriptions import BlindTest, Leaving, PlanRow, Revenue, SubscriptionEquity, Subscriptions

_ENOUGH = 30
"""Subscriptions that a plan needs before it is compared in a sentence."""


def equity_title(found: Subscriptions) -> str:
    """What the large figure is."""
    who = "Your one subscriber is" if found.customers == 1 else f"Your {plural(found.customers, 'subscriber')} are"
    return f"{who} expected to bring in the next {horizon(found.horizon)}"


def equity_note(found: SubscriptionEquity, running: int, currency: str | None) -> str:
    """Whose money the figure is, and what a subscriber brings on average."""
    parts = []
    if finite(found.mean) is not None:
        parts.append(
            f"One who subscribes now is worth {money(found.mean, currency)} on average "
            f"({count(running)} {'does' if running == 1 else 'do'})."
        )
    if found.returning > 0:
        parts.append(
            f"{money(found.returning, currency)} of it is expected of former subscribers who come back, as some did "
            "before."
        )
    return " ".join(parts)


def beside_orders() -> str:
    """Why the two values are not added up."""
    return (
        "This is a value of its own. Where the orders hold the payments of subscriptions, the same money is in both "
        "values: do not add them up."
    )


def revenue(found: Revenue, currency: str | None) -> tuple[str, ...]:
    """How recurring revenue moved over the time that is shown."""
    if len(found.months) < 2:
        return ()
    last = found.months[-min(found.over, len(found.months)) :]
    start = last[0].end - (last[0].new + last[0].reactivation + last[0].expansion - last[0].contraction)
    start += last[0].churned
    gained = sum(row.new + row.reactivation + row.expansion for row in last)
    lost = sum(row.contraction + row.churned for row in last)
    lines = [
        f"Over the last {plural(len(last), 'month')} it went from {money(start, currency)} to "
        f"{money(found.now, currency)} a month: {money(gained, currency)} was won by new subscribers, by some who came "
        f"back and by higher prices, and {money(lost, currency)} was lost by leaving and by lower prices."
    ]
    if found.paused > 0:
        lines.append(
            f"Subscriptions that are paused now bring nothing: their {money(found.paused, currency)} a month counts as "
            "lost in the last month."
        )
    net, gross = finite(found.net_retention), finite(found.gross_retention)
    if net is not None and gross is not None:
        lines.append(
            f"Those who paid {plural(found.over, 'month')} ago bring {percent(net)} of what they brought then; without "
            f"what some of them pay more, {percent(gross)}."
        )
    return (*lines, *_churn(found))


def _churn(found: Revenue) -> tuple[str, ...]:
    """Churn of subscribers and of revenue, as services quote them."""
    logo, money_lost = finite(found.logo_churn), finite(found.revenue_churn)
    if logo is None or money_lost is None:
        return ()
    over = plural(found.churn_months, "month")
    if logo == 0.0:
        return (
            f"Nobody left in the last {over}. That is no churn of zero to build on: what the model expects stands "
            "under “Staying”, and no value here is divided by churn.",
        )
    return (
        f"In a month {percent(logo)} of the subscribers leave (logo churn), and {percent(money_lost)} of recurring "
        f"revenue goes with them (revenue churn): means over the last {over}.",
    )


def quick_ratio(found: Revenue) -> str:
    """The quick ratio as text; nothing was lost where it is infinite."""
    if found.quick_ratio is None or math.isnan(found.quick_ratio):
        return "–"
    return "nothing lost" if math.isinf(found.quick_ratio) else number(found.quick_ratio, 1)


def tenure(periods: float, unit: TimeUnit) -> str:
    """A length of time in periods."""
    if not math.isfinite(periods):
        return "longer than can be told"
    whole = round(periods, 1 if periods < 10 else 0)
    return f"{whole:g} {unit.value}{'' if whole == 1 else 's'}"


def survival(found: Subscriptions) -> str:
    """How long subscriptions last, in a sentence or two."""
    known = interval_of_share(found.kept.low, found.kept.high)
    lines = [
        f"Of a hundred new subscriptions {percent(found.kept.value).removesuffix('%')} can be expected to run after a "
        f"year{known}."
    ]
    if math.isfinite(found.median_tenure):
        lines.append(f"Half of them have ended after {tenure(found.median_tenure, found.period)}.")
    points = [point for point in found.survival if point.observed is not None]
    if len(points) > 2 and found.survival[-1].age > points[-1].age:
        lines.append(
            f"So far they were seen up to {plural(points[-1].age, found.period.value)} of age; the dashed line goes on "
            "from there."
        )
    early, late = _renewals(found)
    if early is not None and late is not None and late > early + 0.005:
        lines.append(
            f"The curve flattens: {percent(early)} outlast their first {found.period.value}, {percent(late)} each "
            f"{found.period.value} once they are old. Who is quick to leave leaves early; those who remain are loyal."
        )
    return " ".join(lines)


def interval_of_share(low: float | None, high: float | None) -> str:
    """The range of a share, as an insertion."""
    a, b = finite(low), finite(high)
    return "" if a is None or b is None else f" (between {percent(a)} and {percent(b)} with 80% probability)"


def _renewals(found: Subscriptions) -> tuple[float | None, float | None]:
    values = [point.predicted.value for point in found.survival]
    if len(values) < 4 or values[1] <= 0 or values[-2] <= 0:
        return None, None
    return values[1] / values[0], values[-1] / values[-2]


def plans(rows: tuple[PlanRow, ...]) -> str:
    """Which plan is kept longest."""
    known = [row for row in rows if row.contracts >= _ENOUGH]
    if len(known) < 2:
        return ""
    best, worst = max(known, key=lambda row: row.kept.value), min(known, key=lambda row: row.kept.value)
    if best.kept.value - worst.kept.value < 0.005:
        return "Subscriptions to all plans are kept alike."
    text = (
        f"“{best.name}” is kept longest: {percent(best.kept.value)} of new subscriptions run after a year, against "
        f"{percent(worst.kept.value)} of “{worst.name}”."
    )
    overlap = (finite(worst.kept.high) or 0.0) > (finite(best.kept.low) or 1.0)
    return f"{text} Their ranges overlap, so that chance may explain it." if overlap else text


def blind(found: BlindTest) -> str:
    """How the forecast came out."""
    start, last = found.points[0], found.points[-1]
    off = last.predicted - last.actual
    verb = (
        "as predicted"
        if abs(off) < 0.5
        else f"the model, which had not seen what came after, predicted {count(last.predicted)}"
    )
    return (
        f"Of {plural(start.actual, 'subscription')} that ran on {day(start.day)}, {count(last.actual)} still ran on "
        f"{day(last.day)}; {verb}."
    )


def leaving(found: Leaving, currency: str | None) -> tuple[str, ...]:
    """Who may leave, and the money."""
    known = interval(found.soon, is_money=False)
    aside = f" ({known})" if known else ""
    lines = [
        f"About {plural(found.soon.value, 'subscription')}{aside} can be expected to end in the next "
        f"{horizon(found.within)}."
    ]
    if found.soon_mrr is not None:
        span = interval(found.soon_mrr, currency)
        lines[0] = (
            f"{lines[0][:-1]}, and with them {money(found.soon_mrr.value, currency)} a month"
            f"{f' ({span})' if span else ''}."
        )
    if found.at_risk is not None and found.certain is not None:
        lines.append(
            f"If nobody ever left, those who subscribe now would bring {money(found.certain, currency)}; "
            f"{money(found.certain - found.at_risk, currency)} of it can be expected. The difference, "
            f"{money(found.at_risk, currency)}, is the money at risk."
        )
    return tuple(lines)


def reasons(found: Leaving) -> str:
    """How many ended because a payment failed: those can often be kept."""
    if not found.ended or not found.failed_payments:
        return ""
    share = percent(found.failed_payments / found.ended)
    return (
        f"{share} of the subscriptions that ended did so because a payment failed, not because somebody decided to "
        "leave: reminders and a second attempt at the card often keep them."
    )
