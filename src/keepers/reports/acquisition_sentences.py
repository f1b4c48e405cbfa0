"""The plain sentences about channels: which of them pay, what may be paid, and what platforms say too much."""

from __future__ import annotations

import math

from keepers.reports.acquisition import AcquisitionRow, Channels, ClaimRow, NextCustomer, QualityLine
from keepers.reports.formatting import HARD_SPACE, MISSING, count, day, finite, money, number, percent, plural

_SURE = 0.8


def lead(found: Channels, currency: str | None) -> str:
    """What was spent, on whom, and what comes back."""
    total = found.total
    if total.cost is None or total.cac is None:
        return (
            f"What customers bring who came through each channel. What channels cost is not known, so nothing can be "
            f"said of what a customer may cost: {count(found.known)} of {plural(total.customers, 'customer')} have a "
            "known channel."
        )
    text = (
        f"From {day(found.first)} to {day(found.last)} you spent {money(total.cost, currency)} and won "
        f"{plural(total.new_customers, 'customer')}: {money(total.cac, currency)} each"
    )
    if total.lifetime is None:
        return f"{text}. The orders carry no amounts, so what they bring is not known."
    times = total.times
    back = "" if times is None else f", {number(times.value, 1)} times that"
    kind = "leave" if found.is_margin else "pay"
    return f"{text}. Over {found.lifetime_words} they {kind} {money(total.lifetime.value, currency)} each{back}."


def verdicts(found: Channels, currency: str | None) -> tuple[str, ...]:
    """Which channels pay, which do not, and of which it is not certain."""
    paid = [row for row in found.rows if row.times is not None]
    good = [row for row in paid if (row.times.low or 0.0) >= 1 and (row.within_target or 0.0) >= _SURE]  # type: ignore[union-attr]
    bad = [row for row in paid if (row.times.high or math.inf) < 1]  # type: ignore[union-attr]
    slow = [row for row in paid if row not in good and row not in bad]
    months = f"{found.payback_months:g} months"
    said = []
    if good:
        said.append(f"Customers of {_listed(good)} bring back what they cost within {months}: that is certain enough.")
    for row in bad:
        assert row.lifetime is not None
        said.append(
            f"You lose money with {row.label}: a customer costs {money(row.cac, currency)} and brings "
            f"{money(row.lifetime.value, currency)} over {found.lifetime_words}."
        )
    said.extend(f"Customers of {row.label} {_slow(row, found)}." for row in slow)
    return tuple(said)


def _slow(row: AcquisitionRow, found: Channels) -> str:
    months = None if row.payback is None else finite(row.payback.value)
    chance = percent(row.within_target)
    target = f"{found.payback_months:g} months"
    if months is None:
        return f"may not bring back what they cost within {found.lifetime_words} (chance of {chance} within {target})"
    return f"take about {_months(months)} to bring back what they cost (chance of {chance} within {target})"


def payback(row: AcquisitionRow) -> str:
    """When the cost is back, in a cell of a table."""
    if row.payback is None:
        return MISSING
    months = finite(row.payback.value)
    if months is None:
        return "not in sight"
    if months < 0.05:
        return "first order"
    low, high = finite(row.payback.low), finite(row.payback.high)
    digits = 0 if months >= 10 else 1
    ends = "" if low is None else f" ({number(low, digits)}–{'…' if high is None else number(high, digits)})"
    return f"{number(months, digits)}{HARD_SPACE}months{ends}"


def at_most(found: Channels) -> str:
    """What the most that may be paid rests on."""
    text = (
        f"“At most” is what one more customer may cost if it is to be back within {found.payback_months:g} months and "
        f"come back {found.ratio:g} times over in {found.lifetime_words}."
    )
    if found.overhead:
        text += " Costs have their part of the overhead in them, spread by spend."
    if not found.is_margin:
        text += " No margin was given, so this is revenue: what goods cost is not taken off. Say it with --margin."
    return text


def leaning(found: Channels) -> str:
    """Which channels lean on the others."""
    rows = [row for row in found.rows if (row.prior_share or 0.0) > 0.5]
    if not rows:
        return ""
    return (
        f"There are few customers of {_listed(rows)}: how often they buy is taken from all channels by more than half."
    )


def next_customer(one: NextCustomer, currency: str | None) -> str:
    """Whether one more customer pays at today's spend."""
    if one.cost is None or one.value is None or one.sentence is not None:
        return one.sentence or ""
    low, high = finite(one.value.low), finite(one.value.high)
    cheapest, dearest = finite(one.cost.low), finite(one.cost.high)
    if low is not None and dearest is not None and low > dearest:
        return "pays: spend more, a step at a time"
    if high is not None and cheapest is not None and high < cheapest:
        gap = one.cost.value - one.value.value
        return f"loses about {money(gap, currency)}: spend less"
    return "about even: leave it, or test a step"


def claims(found: Channels) -> str:
    """What platforms claim together, against all orders."""
    total = sum(row.claimed for row in found.claims)
    orders = sum(row.orders or 0 for row in found.claims)
    text = f"Platforms claim {count(total)} conversions. "
    if any(row.orders is not None for row in found.claims):
        text += f"{plural(orders, 'order')} came through them, of {count(found.all_orders)} in all."
    worst = max(found.claims, key=over_claim)
    if over_claim(worst) > 1.1:
        text += (
            f" For {worst.channel} they claim {number(over_claim(worst), 1)} conversions for each new customer: do not "
            "steer by that account."
        )
    return text


def over_claim(row: ClaimRow) -> float:
    """Claimed conversions for each new customer; zero where there is none."""
    return row.claimed / row.new_customers if row.new_customers else 0.0


def quality(found: Channels) -> str:
    """Which channels bring better or worse customers than they did."""
    worse = [one for one in found.quality if one.change is not None and (one.change.high or 0.0) < 0]
    better = [one for one in found.quality if one.change is not None and (one.change.low or 0.0) > 0]
    if not worse and not better:
        return "No channel’s customers have become better or worse by more than chance explains."
    parts = [f"Customers of {one.channel} are worse than they were: {_change(one)}." for one in worse]
    parts += [f"Customers of {one.channel} are better than they were: {_change(one)}." for one in better]
    return " ".join(parts)


def _change(one: QualityLine) -> str:
    assert one.change is not None
    ends = f"{percent(one.change.low, signed=True)} to {percent(one.change.high, signed=True)}"
    return f"{percent(one.change.value, signed=True)} a year ({ends})"


def _months(value: float) -> str:
    return plural(round(value), "month") if value >= 1.5 else "a month"


def _listed(rows: list[AcquisitionRow]) -> str:
    names = [row.label for row in rows]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
