"""The report's part about contacts, put together from what a run has found."""

from __future__ import annotations

from keepers.acquisition.attribution.credits import NO_CONTACT, Attribution, Credit
from keepers.pipeline.options import RunOptions
from keepers.reports import attribution as report
from keepers.reports.figures import Estimate, MoneyMeaning


def attribution_content(found: Attribution, options: RunOptions) -> report.Attribution:
    """All methods side by side, by channel."""
    money = found.total is not None
    rows = tuple(_row(found, channel, money) for channel in found.channels if channel != NO_CONTACT)
    meaning = None
    if money:
        meaning = MoneyMeaning(
            found.basis,
            options.horizon,
            f"{found.customers:,} customers won in these days, with what they have brought since their first order",
            discount=options.discount,
            margin=options.margin.rate,
        )
    return report.Attribution(
        rows=rows,
        rest=_row(found, NO_CONTACT, money),
        has_money=money,
        total=float(found.customers) if found.total is None else found.total,
        customers=found.customers,
        unled=found.unled,
        lost_ways=found.lost,
        unresolved=found.unresolved,
        later=found.later,
        unseen=found.unseen,
        since=found.since,
        until=found.until,
        look_back=found.look_back,
        half_life=found.half_life,
        order=found.order,
        notes=found.notes,
        meaning=meaning,
    )


def _row(found: Attribution, channel: str, money: bool) -> report.AttributionRow:
    caused = found.method("incremental").of(channel)
    customers = Estimate(caused.customers, caused.customers_low, caused.customers_high)
    worth = customers
    if caused.value is not None:
        worth = Estimate(caused.value, caused.value_low, caused.value_high)
    return report.AttributionRow(
        channel=channel,
        caused=worth,
        customers=customers,
        share=caused.share,
        lost=caused.lost_value if money else caused.lost,
        rules=tuple(_credited(found.method(name).of(channel)) for name in report.RULES),
        experimental=caused.is_experimental,
    )


def _credited(one: Credit) -> float:
    return one.customers if one.value is None else one.value
