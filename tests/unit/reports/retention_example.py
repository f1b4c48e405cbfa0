"""The example report's parts about keeping customers."""

from __future__ import annotations

import datetime as dt

from keepers.domain.time import days
from keepers.reports.groups import Group, Grouping
from keepers.reports.retention import (
    AlertRow,
    CauseRow,
    Moves,
    Promise,
    PromiseRow,
    RankRow,
    Referrals,
    ReferrerRow,
    Segments,
    ServiceRow,
    WarnedRow,
    Warnings,
    WarningTest,
)
from unit.reports.evidence_example import AHEAD, PAST


def warnings() -> Warnings:
    """Warnings with alerts and a test."""
    rows = tuple(
        WarnedRow(
            name,
            reason,
            0.81 - 0.02 * place,
            0.22,
            420.0 - 11 * place,
            (0.59 - 0.02 * place) * (420.0 - 11 * place),
            (("overdue", 0.7), ("falling engagement", 0.3)),
        )
        for place, (name, reason) in enumerate(
            [("Zoë van der Heijden", "No order for 74 days, usually one every 31; opened or visited nothing.")] * 12
            + [("a.customer.with.a.very.long.address@an-even-longer-domain.example.com", "Gave 2 of 10.")] * 6
        )
    )  # fmt: skip
    return Warnings(
        event="no order within 3 months",
        horizon=days(90),
        customers=1250,
        warned=312,
        whose="customer",
        causes=(
            CauseRow("overdue", "silent for longer than their own gaps", 210, 8300.0),
            CauseRow("falling engagement", "fewer mails opened and visits than usual", 92, 4100.0),
            CauseRow("negative feedback", "a low score or review in the last months", 10, 300.0),
        ),
        rows=rows,
        expected_loss=12700.0,
        meaning=AHEAD,
        test=WarningTest(
            1180,
            0.61,
            (
                RankRow("these warnings", True, 0.97, 0.884),
                RankRow("days since the last order", False, 0.94, 0.801),
                RankRow("the chance of having left, P(alive)", False, 0.95, 0.846),
            ),
            ((0.12, 0.14, 118), (0.95, 0.96, 118)),
        ),
        alerts=(
            AlertRow(3, "Zoë van der Heijden", "Remind them.", "Ada", dt.date(2025, 7, 8), dt.date(2025, 7, 1), 247.8),
            AlertRow(4, "Sören Weiß", "Call them.", "Ada", dt.date(2025, 7, 8), dt.date(2025, 7, 1), 120.0),
        ),
        remembers=True,
    )


def segments() -> Segments:
    """Two segments with moves and service."""
    groups = Grouping(
        (
            Group("Regulars", "orders on 3 days or more", 400, 50_000.0, 90_000.0, 0.9, 1200.0),
            Group("Slipping away", "fewer orders, at risk", 300, 2_000.0, 30_000.0, 0.3, 60.0),
        ),
        "Every customer by what they do. Numbers were taken on 2025-06-30 and hold for a month.",
        AHEAD,
        PAST,
    )
    moved = Moves(
        "behaviour segment",
        dt.date(2025, 5, 31),
        ("Regulars", "Slipping away"),
        ((380, 30), (15, 260)),
        (5, 10),
        (0, 2),
    )
    assert moved.before == (410, 277)
    assert moved.now == (400, 300)
    service = (
        ServiceRow("Platinum", "personal", "a named person", 35, 30_000.0, 9_000.0, 20.0, 200.0, 25.7),
        ServiceRow("Bronze", "self-service", "clear pages", 350, 900.0, 400.0, None, None, 0.11),
    )
    brought = Referrals(
        40, 61, 260_000.0, 21_000.0, 610.0,
        (ReferrerRow("Zoë van der Heijden", 900.0, 4, 1_300.0, 410.0), ReferrerRow("Sören", 0.0, 1, 80.0, -5.0)), AHEAD,
    )  # fmt: skip
    return Segments(groups, (moved,), service, brought)


def promises() -> tuple[Promise, ...]:
    """One that is still running and one that is over."""
    fifths = (PromiseRow("least", 240, 0.1, 0.2), PromiseRow("most", 240, 3.1, 2.9))
    return (
        Promise(dt.date(2025, 5, 31), dt.date(2025, 6, 30), False, "Pareto/NBD", 1200, 310.4, 298, 14_000.0, 13_100.0,
                None, None, None, fifths, AHEAD),
        Promise(dt.date(2024, 6, 30), dt.date(2025, 6, 30), True, "Pareto/NBD", 900, 2410.0, 2380, 91_000.0, 94_200.0,
                0.83, 0.55, 0.57, fifths, AHEAD),
    )  # fmt: skip
