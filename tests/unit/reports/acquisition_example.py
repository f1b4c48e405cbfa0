"""Channels of a small shop as the report shows them: one pays, one is slow, one loses money, one is free."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

from keepers.domain.money import MoneyBasis, annual_rate
from keepers.domain.time import years
from keepers.reports.acquisition import AcquisitionRow, Channels, ClaimRow, NextCustomer, QualityLine, Table
from keepers.reports.figures import Estimate, MoneyMeaning


def _around(value: float, spread: float = 0.15) -> Estimate:
    return Estimate(value, value * (1 - spread), value * (1 + spread))


def row(label: str, cac: float | None, value: float, payback: Estimate | None, within: float | None) -> AcquisitionRow:
    """A channel with 200 customers."""
    return AcquisitionRow(
        label=label,
        customers=200,
        new_customers=200 if cac is not None else 0,
        cost=None if cac is None else 200 * cac,
        cac=cac,
        value_90=0.3 * value,
        value_365=0.6 * value,
        predicted=_around(0.65 * value),
        lifetime=_around(value),
        times=None if cac is None else _around(value / cac),
        payback=payback,
        within_target=within,
        at_most=value / 3,
        leads=None,
        cost_per_lead=None,
        lead_at_most=None,
        one_time=0.45,
        prior_share=0.3,
        course=tuple(value * (1 - 0.8 * math.exp(-month / 14)) for month in range(25)),
    )


CHANNELS = Channels(
    rows=(
        row("paid social", 80.0, 40.0, Estimate(math.inf, math.inf, math.inf), 0.0),
        row("influencers", 60.0, 75.0, Estimate(28.0, 17.0, 52.0), 0.02),
        row("paid search", 45.0, 140.0, Estimate(6.5, 5.2, 8.1), 0.99),
        replace(row("craft fairs", None, 60.0, None, None), prior_share=0.6),
    ),
    total=row("all", 46.0, 80.0, Estimate(9.0, 8.0, 10.5), 0.97),
    next_customers=(
        NextCustomer("paid social", 410.0, _around(200.0), _around(41.0)),
        NextCustomer("paid search", 190.0, _around(70.0), _around(142.0)),
        NextCustomer("influencers", None, None, None, "What the next customer costs needs 4 more weeks with spend."),
    ),
    claims=(ClaimRow("paid social", 430.0, 260, 200), ClaimRow("paid search", 220.0, 310, 200)),
    all_orders=2100,
    quality=(
        QualityLine(
            "paid social",
            ((dt.date(2025, 1, 1), 60, 22.0, 20.0, 24.0), (dt.date(2025, 4, 1), 70, 18.0, 16.0, 20.0)),
            Estimate(-0.2, -0.32, -0.08, 0.95),
        ),
        QualityLine(
            "paid search",
            ((dt.date(2025, 1, 1), 50, 41.0, 37.0, 45.0), (dt.date(2025, 4, 1), 55, 42.0, 38.0, 46.0)),
            Estimate(0.02, -0.1, 0.14, 0.95),
        ),
    ),
    others=(Table("Campaign", (row("paid search / brand", 31.0, 120.0, Estimate(2.3, 1.4, 3.3), 1.0),)),),
    first=dt.date(2024, 1, 1),
    last=dt.date(2026, 6, 30),
    payback_months=12.0,
    ratio=3.0,
    overhead=0.0,
    lifetime_words="5 years",
    is_margin=True,
    meaning=MoneyMeaning(
        MoneyBasis.CONTRIBUTION, years(5), "a new customer, from the first order on", False, annual_rate(0.1), 0.45
    ),
    known=800,
    notes=(),
)
"""All of it."""
