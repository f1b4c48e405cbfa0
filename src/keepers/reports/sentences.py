"""The plain sentences of the report: each says in words what the figures beside it say."""

from __future__ import annotations

from itertools import pairwise

from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon
from keepers.evaluation.verdict import Trust
from keepers.reports.content import (
    Activity,
    AtRisk,
    Equity,
    Lever,
    LeverKind,
    Levers,
    RiskGroup,
    Store,
    Verdict,
)
from keepers.reports.evidence import FormulaUnit
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.reports.formatting import count, days_long, finite, horizon, money, number, percent, plural, word

STALE_DAYS = 31
"""Data whose last order is older than this when the report is written are called old."""

GROUP_WORDS = {
    "Champions": "bought lately, often and for much",
    "Loyal": "buy often or for much, and not long ago",
    "Active": "bought lately, with middling orders and spend",
    "New": "bought lately for the first time or nearly so",
    "Recent": "bought lately, still few orders",
    "Promising": "bought fairly lately, few orders so far",
    "Needs attention": "middling customers who have been silent for a while",
    "Almost lost": "few orders, silent for long",
    "At risk": "bought well, silent for long",
    "Previously loyal": "among the best once, silent the longest",
    "Inactive": "few orders, silent the longest",
    "Dormant": "few orders, silent the longest",
}
"""What each RFM group is like; the exact rule stands beside it."""

VERDICT_HEADLINES = {
    Trust.GOOD: "You can work with these numbers",
    Trust.CAUTION: "Use these numbers with care",
    Trust.NAIVE: "No model beat a simple rule on your data",
    Trust.NONE: "No model describes your store",
    Trust.UNTESTED: "These numbers have not been tested",
}


def span(value: Horizon | Span) -> str:
    """A horizon as part of the money note."""
    if isinstance(value, Horizon):
        return f"next {horizon(value)}"
    return {
        Span.PAST: "so far",
        Span.PAST_YEAR: "last 12 months",
        Span.UNLIMITED: "without an end",
        Span.A_MONTH: "a month, as of the last day",
    }[value]


def basis(meaning: MoneyMeaning) -> str:
    """The basis as part of the money note."""
    if meaning.basis is MoneyBasis.CONTRIBUTION and meaning.margin is not None:
        return f"contribution margin, {percent(meaning.margin)} of net revenue"
    return meaning.basis.value


def discount(meaning: MoneyMeaning) -> str:
    """The discount rate as part of the money note."""
    rate = meaning.discount
    if rate is None or rate.per_day == 0:
        return "not discounted"
    return f"discounted at {percent(rate.annual, 0 if abs(rate.annual * 100 % 1) < 1e-6 else 1)} a year"


def acquisition(meaning: MoneyMeaning) -> str:
    """The acquisition cost as part of the money note."""
    return f"acquisition cost {'deducted' if meaning.acquisition_cost_deducted else 'not deducted'}"


def money_note(meaning: MoneyMeaning) -> str:
    """The five things in one line."""
    parts = (basis(meaning), span(meaning.horizon), meaning.population, acquisition(meaning), discount(meaning))
    line = " · ".join(parts)
    return line[0].upper() + line[1:]


def money_note_rows(meaning: MoneyMeaning) -> tuple[tuple[str, str, str], ...]:
    """The five things with what each of them means: name, value, explanation."""
    bases = {
        MoneyBasis.REVENUE: "What customers paid, before refunds, tax and shipping are taken off.",
        MoneyBasis.NET_REVENUE: "What customers paid after discounts and refunds, and without tax and shipping where "
        "the data show them. What the goods cost you is not taken off.",
        MoneyBasis.CONTRIBUTION: "What is left of net revenue after the cost of what was sold.",
    }
    spans = {
        Span.PAST: "Everything up to the last day of the data.",
        Span.PAST_YEAR: "The 12 months up to the last day of the data.",
        Span.UNLIMITED: "All of the future, however far.",
        Span.A_MONTH: "What comes in in a month at the prices of that day; a year's price counts as a twelfth of it.",
    }
    ahead = spans[meaning.horizon] if isinstance(meaning.horizon, Span) else "Counted from the last day of the data."
    paid = (
        "What was paid to win these customers has been taken off."
        if meaning.acquisition_cost_deducted
        else "What you paid to win these customers has not been taken off."
    )
    rate = meaning.discount
    worth = "Money is counted in full, whenever it comes in."
    if rate is not None and rate.per_day > 0:
        worth = f"100 that come in a year from now count as {100 * rate.factor(365.25):.1f} today."
    return (
        ("Money", basis(meaning), bases[meaning.basis]),
        ("Time", span(meaning.horizon), ahead),
        ("Customers", meaning.population, "Whose money is counted."),
        ("Acquisition cost", acquisition(meaning).removeprefix("acquisition cost "), paid),
        ("Discount", discount(meaning).removeprefix("discounted at "), worth),
    )


def interval(estimate: Estimate, currency: str | None = None, *, is_money: bool = True) -> str | None:
    """Where the truth lies with which probability; None where no interval is known."""
    low, high = finite(estimate.low), finite(estimate.high)
    if low is None or high is None:
        return None
    ends = [money(end, currency) if is_money else count(end) for end in (low, high)]
    return f"between {ends[0]} and {ends[1]} with {percent(estimate.level)} probability"


def freshness(store: Store) -> str | None:
    """A warning where the data end long before the report was written; None where they are fresh."""
    age = (store.generated_at.date() - store.last_day).days
    if age <= STALE_DAYS:
        return None
    if store.orders is None:
        return (
            f"The last change of a subscription is {days_long(age)} older than this page. Everything here is seen from "
            "that day: export them again to see your subscribers as they are now."
        )
    return (
        f"The last order is {days_long(age)} older than this page. Everything here is seen from that day: export newer "
        "orders to see your customers as they are now."
    )


def verdict(found: Verdict) -> tuple[str, ...]:
    """What stands under the headline of the verdict, without its reservations."""
    rule = f" ({found.naive_rule})" if found.naive_rule else ""
    lines: list[str] = []
    if found.trust is Trust.UNTESTED:
        lines.append(
            f"The figures are the {found.model} model’s best estimate; nothing has checked them on your store. A test "
            f"hides the latest {found.hidden}, predicts them, and compares."
        )
    elif found.trust is Trust.NAIVE:
        lines.append(
            f"The simple rule{rule} predicted at least as well as every model that was tried. The figures come from "
            f"{found.model}; do not trust them further than the simple rule."
        )
    elif found.trust is Trust.NONE:
        lines.append(
            f"Even the best model, {found.model}, fails the tests of fit badly. Who is ahead of whom may be right; the "
            "sums of money are not to be planned with."
        )
    better = finite(found.improvement)
    if found.trust is not Trust.UNTESTED:
        test = _test(found)
        if test and better is not None and found.trust is not Trust.NAIVE:
            size = "smaller than" if better > 0 else "larger than" if better < 0 else "as large as"
            share = f"{percent(abs(better))} " if better else ""
            lines.append(f"{test} The {found.model} model’s error was {share}{size} that of the simple rule{rule}.")
        elif test:
            lines.append(test)
    off = finite(found.total_error)
    if off is not None and found.trust is not Trust.UNTESTED:
        lines.append(_total_error(off, found.counted))
    return tuple(lines)


def _test(found: Verdict) -> str:
    if found.origins < 1 or found.holdout is None:
        return ""
    length = horizon(found.holdout)
    if found.origins == 1:
        return f"The last {length} of orders were hidden from the model, and it predicted them blind."
    return (
        f"From {word(found.origins)} dates in the past, the {length} that followed were hidden from the model, and it "
        "predicted them blind."
    )


def _total_error(off: float, counted: str) -> str:
    if abs(off) < 0.005:
        return f"It predicted the total number of {counted} to within half a percent."
    return f"It predicted {percent(abs(off))} too {'many' if off > 0 else 'few'} {counted} in total."


def equity_title(equity: Equity, customers: int) -> str:
    """What the large figure is."""
    who = "Your one customer is" if customers == 1 else f"Your {plural(customers, 'customer')} are"
    return f"{who} expected to bring {_during(equity.meaning)}"


def lifetime_label(equity: Equity) -> str:
    """What the figure over the lifetime is."""
    return f"Expected {_during(equity.lifetime_meaning)}" if equity.lifetime_meaning else "Expected over their life"


def also_ahead(equity: Equity, currency: str | None) -> str | None:
    """What they will bring within the second horizon; None where nobody worked it out."""
    if equity.also is None or equity.also_meaning is None:
        return None
    known = interval(equity.also, currency)
    text = f"{_during(equity.also_meaning)} they are expected to bring {money(equity.also.value, currency)}"
    return f"{text[0].upper()}{text[1:]}{f', {known}' if known else ''}."


def _during(meaning: MoneyMeaning) -> str:
    if isinstance(meaning.horizon, Horizon):
        return f"in the next {horizon(meaning.horizon)}"
    return "over all the future" if meaning.horizon is Span.UNLIMITED else span(meaning.horizon)


def formula_number(value: float | None, unit: FormulaUnit, currency: str | None) -> str:
    """An input or a result of a formula in its own unit."""
    if unit is FormulaUnit.MONEY:
        return money(value, currency)
    if unit is FormulaUnit.SHARE:
        return percent(value, 1)
    whole = finite(value) is not None and float(value or 0).is_integer()
    text = number(value, 0 if whole else 2)
    return f"{text} years" if unit is FormulaUnit.YEARS and finite(value) is not None else text


def equity_spread(equity: Equity, customers: int) -> str:
    """How the value is spread over customers."""
    top = max(round(customers * equity.top_customers), 1)
    return (
        f"The most valuable {percent(equity.top_customers)} of your customers ({count(top)} of {count(customers)}) "
        f"hold {percent(equity.top_share)} of the predicted value."
    )


def lower_half(equity: Equity) -> str | None:
    """What the less valuable half holds."""
    points = equity.concentration
    for (left, low), (right, high) in pairwise(points):
        if left <= 0.5 <= right and right > left:
            half = finite(low + (high - low) * (0.5 - left) / (right - left))
            return None if half is None else f"The less valuable half of them holds {percent(max(1 - half, 0.0))}."
    return None


def activity(found: Activity, customers: int) -> str:
    """How many are still customers."""
    alive = found.still_customers
    if customers and alive.value >= customers * (1 - 1e-9):
        return (
            f"The model that is used here knows no leaving: it takes all of your {count(customers)} customers as "
            "customers still. Look at how long they have been silent, too."
        )
    known = interval(alive, is_money=False)
    share = f" ({percent(alive.value / customers)})" if customers else ""
    return (
        f"About {count(alive.value)} of your {count(customers)} customers{share} can be expected to be customers still"
        f"{f' ({known})' if known else ''}. Nobody tells a shop when they leave, so this is estimated from each "
        "customer’s rhythm and silence."
    )


def expected_orders(found: Activity) -> str:
    """Orders that today's customers will place."""
    known = interval(found.expected_orders, is_money=False)
    return (
        f"They are expected to order {count(found.expected_orders.value)} times in the next {horizon(found.horizon)}"
        f"{f' ({known})' if known else ''}."
    )


def money_at_risk(group: RiskGroup) -> float | None:
    """What the group would bring were all of them still customers, less what is expected of them."""
    active, expected = finite(group.value_if_active), finite(group.value_expected)
    return None if active is None or expected is None else max(active - expected, 0.0)


def at_risk(found: AtRisk, currency: str | None) -> tuple[str, ...]:
    """Who is at risk and how much money that is."""
    people = found.either.customers
    if people == 0:
        return ("No customer is at risk by either rule today.",)
    are = "is" if people == 1 else "are"
    how = "by the model’s estimate, by their own rhythm, or by both" if found.by_rhythm else "by the model’s estimate"
    lines = [f"{plural(people, 'customer')} {are} at risk: {how}."]
    gone = money_at_risk(found.either)
    if gone is not None and found.meaning is not None:
        active, expected = (
            money(value, currency) for value in (found.either.value_if_active, found.either.value_expected)
        )
        lines.append(
            f"Were all of them certainly still customers, they would bring {active} ({span(found.meaning.horizon)}). "
            f"Counting the chance that they have left, {expected} remains. The difference, {money(gone, currency)}, is "
            "the money at risk."
        )
    return tuple(lines)


def lever_action(lever: Lever) -> str:
    """What is improved by how much."""
    if lever.kind is LeverKind.RETENTION:
        points = lever.change * 100
        one = abs(points - 1) < 1e-9
        return f"Keep {'one more customer' if one else f'{points:g} more customers'} in a hundred each year"
    by = percent(lever.change)
    return f"Raise the average order by {by}" if lever.kind is LeverKind.ORDER_VALUE else f"Get {by} more orders"


def lever_detail(lever: Lever) -> str:
    """The lever in exact words."""
    if lever.kind is LeverKind.RETENTION:
        points = lever.change * 100
        return f"{points:g} percentage point{'' if abs(points - 1) < 1e-9 else 's'} of yearly retention"
    if lever.kind is LeverKind.ORDER_VALUE:
        return "larger orders, just as many of them"
    return "customers order more often while they stay"


def lever_note(lever: Lever, levers: Levers, currency: str | None) -> str:
    """The gain's interval, and the gain as a share of today's value."""
    known = interval(lever.gain, currency)
    parts = [f"{percent(lever.gain.value / levers.base)} of today’s value" if levers.base else "", known or ""]
    text = "; ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def best_lever(levers: Levers) -> Lever | None:
    """The lever with the largest gain."""
    return max(levers.rows, key=lambda lever: finite(lever.gain.value) or 0.0, default=None)
