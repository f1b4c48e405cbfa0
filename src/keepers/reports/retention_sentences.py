"""What the report says about keeping customers, in whole sentences."""

from __future__ import annotations

from keepers.reports.formatting import count, day, money, percent, plural
from keepers.reports.retention import Moves, Promise, Referrals, Segments, Warnings, WarningTest


def warnings(found: Warnings, currency: str | None) -> tuple[str, ...]:
    """How many may be leaving, and what that is expected to cost."""
    whose = f"{found.whose}s"
    lines = [
        f"Of {plural(found.customers, found.whose)} who are not lost, {count(found.warned)} "
        f"{'has' if found.warned == 1 else 'have'} a chance of "
        f"{found.event} that is at least ten points above what is usual for them."
    ]
    if found.expected_loss is not None:
        lines.append(
            f"The risk above usual of all {whose} is expected to cost {money(found.expected_loss, currency)}: for "
            "each, that risk times what they would bring were they to stay."
        )
    return tuple(lines)


def warning_test(found: WarningTest, event: str) -> str:
    """How the warnings did in the past, in words, the best other way beside them."""
    own = next(row for row in found.rows if row.chosen)
    rivals = [row for row in found.rows if not row.chosen]
    text = (
        f"One horizon ago {plural(found.customers, 'customer')} were judged by what was known then; "
        f"{percent(found.base_rate)} of them left ({event}). Of the tenth with the highest risk, "
        f"{percent(own.precision)} did."
    )
    if rivals:
        best = max(rivals, key=lambda row: row.auc)
        better = "better" if own.auc > best.auc + 0.0005 else "no better"
        text += (
            f" Over all customers the warnings rank {better} than {best.name}: {own.auc:.3f} against {best.auc:.3f}, "
            "where 1 is a perfect order and 0.5 is chance."
        )
    return text


def moves(found: Moves) -> str:
    """How many stayed where they were, and the largest move."""
    size = range(len(found.names))
    pairs = [(found.counts[i][j], i, j) for i in size for j in size if i != j]
    text = (
        f"{percent(found.stayed)} of those who were customers on {day(found.since)} are in the same {found.division}."
    )
    if pairs and max(pairs)[0]:
        people, start, end = max(pairs)
        text += f" The largest move: {plural(people, 'customer')} from {found.names[start]} to {found.names[end]}."
    return text


def service(found: Segments) -> str:
    """What the gain of service rests on."""
    costed = [row for row in found.service if row.cost_each is not None]
    text = (
        "“May cost” is what serving one customer a year may cost so that it just pays, if it saves "
        f"{percent(found.saved)} of what the warnings expect the tier to lose in a year. That share is an assumption, "
        "not a finding: leave some customers of a tier without the service for a while, and compare."
    )
    if not costed:
        text += " Write what your service costs under [service] in keepers.toml to see what it gains."
    return text


def referrals(found: Referrals, currency: str | None) -> tuple[str, ...]:
    """What referrals bring, and why it is no further value."""
    return (
        f"{plural(found.referrers, 'customer')} brought {plural(found.brought, 'other')}, who are worth "
        f"{money(found.counted_twice, currency)} of the {money(found.total, currency)} that all customers are worth. "
        "What the brought will buy stands in their own value and counts once in every total; beside the referrer’s it "
        "says what would be missing without them.",
        "“With them” is at most due to the referrer: some would have come anyway. How many, only an experiment tells.",
    )


def promise(found: Promise, currency: str | None) -> str:
    """We said, you got."""
    off = found.orders_said / found.orders_got - 1.0 if found.orders_got else None
    verdict = "" if off is None else f": {percent(abs(off))} too {'many' if off > 0 else 'few'}"
    text = (
        f"On {day(found.published)} we said {count(found.orders_said)} orders by {day(found.until)} of "
        f"{plural(found.customers, 'customer')}; you got {count(found.orders_got)}{verdict}."
    )
    if found.value_said is not None and found.value_got is not None:
        text += f" We said {money(found.value_said, currency)}, you got {money(found.value_got, currency)}."
    if found.inside is not None:
        text += f" Of the 80% ranges {percent(found.inside)} held what came."
    if found.left_said is not None and found.left_got is not None:
        text += f" We said {percent(found.left_said)} would not order in time, and {percent(found.left_got)} did not."
    if not found.whole:
        text += " The horizon is not over; what was said is brought to the days that have passed."
    return text
