"""The report's part about channels: what they cost and bring."""

from __future__ import annotations

import math

from keepers.acquisition.marginal import Marginal
from keepers.acquisition.results import ChannelEconomics, Economics
from keepers.domain.money import MoneyBasis
from keepers.domain.reach import horizon_label
from keepers.pipeline.acquiring import Acquired
from keepers.pipeline.options import RunOptions
from keepers.reports import acquisition as report
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import horizon
from keepers.valuation.equity import Interval

_ROWS = 12
"""Rows of a table beside that of channels; every row is in the file."""
_NAMES = {
    "campaign": "Campaign",
    "landing_page": "Landing page",
    "first_product": "First product",
    "discount_code": "Coupon",
    "cohort": "Month",
}


def channels_content(acquired: Acquired | None, options: RunOptions) -> report.Channels | None:
    """What the report says of channels; None where nothing is known of them."""
    if acquired is None or acquired.channels is None:
        return None
    found = acquired.channels
    return report.Channels(
        rows=tuple(_row(row) for row in found.rows),
        total=_row(found.total),
        next_customers=tuple(_next(row) for row in found.rows if row.marginal is not None),
        claims=() if found.claims is None else tuple(
            report.ClaimRow(one.channel, one.conversions, one.orders, one.new_customers) for one in found.claims.rows
        ),
        all_orders=None if found.claims is None else found.claims.all_orders,
        quality=tuple(
            report.QualityLine(
                one.channel,
                tuple((q.start, q.customers, q.value.value, q.value.low, q.value.high) for q in one.quarters),
                _estimate(one.change),
            )
            for one in found.quality
        ),
        others=tuple(_table(one) for one in acquired.others),
        first=found.first,
        last=found.last,
        payback_months=found.rules.payback_months,
        ratio=found.rules.ratio,
        overhead=found.rules.overhead,
        lifetime_words=horizon(found.lifetime_horizon),
        is_margin=found.basis is MoneyBasis.CONTRIBUTION,
        meaning=None if found.total.lifetime is None else MoneyMeaning(
            found.basis, found.lifetime_horizon, "a new customer, from the first order on", False, found.discount,
            options.margin.rate,
        ),
        known=sum(found.told_by.values()),
        notes=acquired.notes,
    )  # fmt: skip


def _table(found: ChannelEconomics) -> report.Table:
    rows = found.rows[-_ROWS:] if found.by == "cohort" else found.rows[:_ROWS]
    return report.Table(_NAMES[found.by], tuple(_row(row) for row in rows))


def _row(row: Economics) -> report.AcquisitionRow:
    back = row.payback
    return report.AcquisitionRow(
        label=row.label,
        customers=row.customers,
        new_customers=row.new_customers,
        cost=None if row.cost is None else row.cost.cost + row.overhead,
        cac=row.cac_loaded,
        value_90=row.value_at(90).value,
        value_365=row.value_at(365).value,
        predicted=_estimate(row.predicted),
        lifetime=_estimate(row.lifetime),
        times=_estimate(row.ratio),
        payback=None if back is None else Estimate(_months(back.months), back.low, back.high),
        within_target=None if back is None else back.probability,
        at_most=None if row.max_cac is None else row.max_cac.value,
        leads=None if row.leads is None else row.leads.leads,
        cost_per_lead=row.cost_per_lead,
        lead_at_most=row.max_cost_per_lead,
        one_time=row.one_time,
        prior_share=row.prior_share,
        ahead=tuple(
            report.ValueAhead(horizon_label(one.horizon), _interval(one.value), _estimate(one.ratio))
            for one in row.ahead
        ),
        course=() if row.course is None else tuple(float(value) for value in row.course.value),
    )  # fmt: skip


def _next(row: Economics) -> report.NextCustomer:
    found = row.marginal
    if not isinstance(found, Marginal):
        return report.NextCustomer(row.label, None, None, None, found)
    worth = None
    if row.lifetime is not None:
        # Both are uncertain, each in its own right: the ends are put together as of a product of two lognormals.
        value, ratio = row.lifetime, found.value_ratio
        middle = value.value * ratio.value
        down = math.hypot(_log(value.low, value.value), _log(ratio.low, ratio.value))
        up = math.hypot(_log(value.high, value.value), _log(ratio.high, ratio.value))
        worth = Estimate(middle, middle * math.exp(-down), middle * math.exp(up))
    return report.NextCustomer(row.label, found.weekly_spend, _estimate(found.cost), worth)


def _log(end: float, middle: float) -> float:
    return abs(math.log(max(end, 1e-9) / middle)) if middle > 0 else 0.0


def _estimate(found: Interval | None) -> Estimate | None:
    return None if found is None else _interval(found)


def _interval(found: Interval) -> Estimate:
    return Estimate(found.value, found.low, found.high, found.level)


def _months(value: float | None) -> float:
    return math.inf if value is None else value
