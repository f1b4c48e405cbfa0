"""The plain sentences about contacts: how far methods agree, and what to believe."""

from __future__ import annotations

from keepers.reports.attribution import RULES, Attribution, AttributionRow
from keepers.reports.formatting import count, day, finite, money, percent, plural
from keepers.reports.sentences import interval

_WIDE = 1.5
"""Upper end by lower end from which what a channel caused counts as open."""

_NEAR = 0.1
"""Relative difference up to which two methods agree."""

METHOD_NAMES = {
    "last": "Last contact",
    "first": "First contact",
    "linear": "All alike",
    "position": "Ends most",
    "decay": "Late ones more",
    "shapley": "Shapley",
    "markov": "Markov chain",
}
"""Descriptive methods as a page calls them."""


def figure(value: float | None, found: Attribution, currency: str | None) -> str:
    """An amount of money, or a number of customers where there is no money."""
    return money(value, currency) if found.has_money else count(value)


def lead(found: Attribution, currency: str | None) -> str:
    """Whom it is about, and what they are worth."""
    when = "" if found.since is None else f" between {day(found.since)} and {day(found.until)}"
    text = (
        f"{plural(found.customers, 'customer')} whose ways began{when}, and {plural(found.lost_ways, 'way')} that led "
        "to no order."
    )
    if not found.has_money:
        return text
    worth = money(found.total, currency)
    return f"{text} They have brought, and are expected to bring, {worth}; each method divides that."


def verdict(row: AttributionRow) -> str:
    """What to make of a channel, in a few words."""
    low, high, last = finite(row.caused.low), finite(row.caused.high), row.rules[0]
    if row.experimental:
        return "set right by an experiment"
    if low is None or high is None:
        return ""
    if last > high:
        return "the last contact gives it too much"
    if last < low:
        return "the last contact gives it too little"
    off = last - row.caused.value
    if abs(off) > _NEAR * row.caused.value:
        return f"probably {'less' if off > 0 else 'more'} than the last contact says"
    return "methods agree" if high <= _WIDE * max(low, 0.0) else "methods agree, but much is open"


def open_question(found: Attribution, currency: str | None) -> str:
    """The channel on which most depends that is not known, and how to know it."""
    asked = [row for row in found.rows if not row.experimental and _width(row) > 0]
    if not asked:
        return ""
    row = max(asked, key=_width)
    if row.caused.low is None or row.caused.high is None or row.caused.high <= _WIDE * max(row.caused.low, 0.0):
        return ""
    return (
        f"Most depends on {row.channel}: its contacts caused between {figure(row.caused.low, found, currency)} and "
        f"{figure(row.caused.high, found, currency)}. Many contacts fall on the day of the order, and no record of "
        "contacts tells whether such a one brought the order or was on the way to it. Switch it off in some places, or "
        "for some people, for a few weeks: keepers.toml takes what comes out, and this table is set right by it."
    )


def _width(row: AttributionRow) -> float:
    low, high = finite(row.caused.low), finite(row.caused.high)
    return 0.0 if low is None or high is None else high - low


def surprise(found: Attribution, currency: str | None) -> str:
    """The channel that the last contact misjudges most beyond doubt."""
    off = {row.channel: _beyond(row) for row in found.rows}
    row = max(found.rows, key=lambda one: abs(off[one.channel]), default=None)
    if row is None or off[row.channel] == 0.0:
        return ""
    more = "more" if off[row.channel] > 0 else "less"
    return (
        f"The last contact credits {row.channel} with {figure(row.rules[0], found, currency)}, {more} than its "
        f"contacts caused: {figure(row.caused.value, found, currency)}, "
        f"{interval(row.caused, currency, is_money=found.has_money)}."
    )


def _beyond(row: AttributionRow) -> float:
    """How far the last contact's credit lies outside the interval."""
    low, high = finite(row.caused.low), finite(row.caused.high)
    if low is None or high is None:
        return 0.0
    return max(row.rules[0] - high, 0.0) + min(row.rules[0] - low, 0.0)


def anyway(found: Attribution, currency: str | None) -> str:
    """What would have come without any contact."""
    return (
        f"{figure(found.rest.caused.value, found, currency)} ({percent(found.rest.share)}) would have come without any "
        "contact that is known."
    )


def limits(found: Attribution) -> tuple[str, ...]:
    """What is left out, and why."""
    said = []
    if found.later:
        said.append(
            f"{plural(found.later, 'contact')} after the first order {'is' if found.later == 1 else 'are'} not in this "
            "table: it is about winning customers, and no contact is credited with what came before it."
        )
    if found.unseen:
        said.append(
            f"{plural(found.unseen, 'customer')} came before contacts were recorded long enough, or so lately that the "
            "ways of those days are not all over, and are left out."
        )
    if found.unresolved:
        said.append(f"{plural(found.unresolved, 'way')} may still end in an order and count as neither.")
    return (*said, *found.notes)


def how(found: Attribution) -> str:
    """How what was caused was found."""
    fades = ""
    if found.half_life is not None:
        days = (
            plural(found.half_life, "day") if found.half_life == int(found.half_life) else f"{found.half_life:g} days"
        )
        fades = f" An effect fades by half in about {days}."
    back = f" A contact counts for {plural(found.look_back, 'day')}." if found.look_back is not None else ""
    memory = "contact" if found.order == 1 else f"{count(found.order)} contacts"
    return (
        "“Caused” asks which contacts moved the day of the first order, against visitors who met them and did not buy; "
        f"all of it and what would have come anyway add up to the whole.{fades}{back} The Markov chain remembers the "
        f"last {memory}."
    )


def method_names() -> tuple[str, ...]:
    """Names of the descriptive methods, in the order of a row's `rules`."""
    return tuple(METHOD_NAMES[name] for name in RULES)
