"""What a run with spend, leads and an experiment adds to a folder of results, made by hand."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from keepers.acquisition.response import ChannelResponse, ResponseCurves
from keepers.acquisition.response_file import FILE, save_curves
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.decision import EvidenceGrade
from keepers.domain.money import MoneyBasis
from keepers.domain.time import months
from keepers.numerics.response_curve import CurveDraws
from keepers.pipeline.budget_planning import BudgetWish, planned
from keepers.pipeline.budgeting import Budgeted

DRAWS = 60
LAST = dt.date(2023, 6, 30)


def won_curves(unsure: bool = False) -> ResponseCurves:
    """A channel that is full and one that has room; where `unsure`, nobody knows which is which."""
    rng = np.random.default_rng(5)
    spread = 1.0 if unsure else 0.05

    def draws(middle: float, width: float = 0.05) -> Any:
        return middle * np.exp(width * rng.standard_normal(DRAWS))

    def channel(name: str, ceiling: float, today: float) -> ChannelResponse:
        curve = CurveDraws(
            draws(2.0), draws(20.0, spread), np.full(DRAWS, 1.0), draws(ceiling, spread), draws(0.2),
            np.full(DRAWS, 1.0),
        )  # fmt: skip
        course = (np.array([0.0, 30.0, 365.25]), np.array([20.0, 40.0, 80.0]))
        return ChannelResponse(
            name, curve, np.full(DRAWS, today / 7), draws(75.0, spread), course, today, (0.5 * today, 1.4 * today), 60,
            200, 0.2, EvidenceGrade.ADJUSTED, 1.0, np.full(DRAWS, 0.1),
        )  # fmt: skip

    sizes = ((2.0, 200.0), (2.0, 200.0)) if unsure else ((1.5, 700.0), (4.0, 140.0))
    channels = tuple(channel(name, *size) for name, size in zip(("old & full", "fresh"), sizes, strict=True))
    return ResponseCurves(
        channels, months(12), "USD", MoneyBasis.NET_REVENUE, 0.1, dt.date(2022, 1, 1), LAST
    )  # fmt: skip


def add_won(result: Path, unsure: bool = False) -> None:
    """Let a folder of results be that of a run with spend, leads and an experiment."""
    curves = won_curves(unsure)
    save_curves(curves, result / FILE)
    plan, more = planned(curves, BudgetWish(), AcquisitionRules())
    path = result / "summary.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["acquisition"] = {
        "channels": _channels(), "budget": Budgeted(curves, plan, more).to_dict(), "attribution": None,
        "leads": {
            "leads": 90, "won": 20, "lost": 67, "open": 3, "currency": "USD", "meaning": "Chance times value.",
            "this_week": {
                "room": 2, "from_pace": True, "capacity": {"Ann": 1, "Bo": 1}, "chosen": 2, "moved": 1,
                "one_more_is_worth": 30.0, "leave_alone": 0,
            },
        },
        "notes": ["There are no touches."],
    }  # fmt: skip
    said["offers"] = [
        {
            "experiment": "welcome",
            "from": "2023-01-01",
            "days": 60,
            "customers": 900,
            "evidence": "experimental",
            "basis": "net revenue",
            "effects": [],
            "personalised": True,
            "verdict": "choosing pays",
            "chosen": {"gift": 8},
            "held_out": 2,
            "leave_alone": 5,
            "problems": [],
            "gain_a_customer": {"mean": 3.0, "low": 1.0, "high": 5.0},
        }
    ]
    path.write_text(json.dumps(said), encoding="utf-8")
    _write(_LEADS, result / "leads.parquet")
    keys = f"SELECT customer_key, row_number() OVER (ORDER BY customer_key) AS n FROM '{result / 'customers.parquet'}'"
    _write(
        "SELECT customer_key, 'welcome' AS experiment, CASE WHEN n <= 10 THEN 'gift' ELSE 'nothing' END AS offer, "
        "n IN (3, 7) AS held_out, 20.0 / n AS expected_gain, 1.5 AS expected_outlay, n > 15 AS leave_alone, "
        f"'experimental' AS evidence FROM ({keys}) WHERE n <= 20",
        result / "offers.parquet",
    )
    _write(_GROUPS, result / "channels.parquet")


def _write(query: str, path: Path) -> None:
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def _channels() -> dict[str, Any]:
    rows = [
        _row("old & full", 100, 30.0, 20.0, 18.0, 0.1), _row("fresh", 50, 10.0, 25.0, 3.0, 0.9),
        _row("radio", 30, 60.0, 20.0, None, 0.05),
    ]  # fmt: skip
    return {
        "basis": "net revenue", "currency": "USD", "horizon_days": 365.25, "lifetime_days": 1826.25,
        "discount_annual": 0.1, "costs_from": "2023-01-01", "costs_to": "2023-06-29",
        "targets": {"payback_months": 12.0, "ratio": 3.0, "overhead": 0.0}, "told_by": {}, "rows": rows,
        "total": _row("all", 180, 29.0, 22.0, 9.0, 0.6), "marginal": [], "claims": None, "quality": [],
    }  # fmt: skip


def _row(label: str, new: int, cost: float, most: float, months: float | None, chance: float) -> dict[str, Any]:
    return {
        "label": label, "new_customers": new, "cac_loaded": cost, "max_cac": most, "max_cac_low": most - 2,
        "max_cac_high": most + 2, "payback_months": months, "payback_probability": chance,
    }  # fmt: skip


_LEADS = """
SELECT * FROM (VALUES
    ('L1', 'c1', 'Harbor Books', 'fresh', 'Ann', DATE '2023-06-20', 10, 0.5, 0.4, 0.6, 200.0, 100.0, 60.0, 150.0, 1,
     true, 'Bo', 'asked to be called (+40); owner: Ann (+10)', 0.1, '40; 10'),
    ('L2', 'c2', '=SUM(1)', 'radio', 'Bo', DATE '2023-06-01', 29, 0.4, 0.3, 0.5, 125.0, 50.0, 30.0, 70.0, 2, true,
     'Ann', 'size: 3 (+5)', 0.1, '5.0'),
    ('L3', 'c3', 'Granite Law', 'fresh', NULL, DATE '2023-05-01', 60, 0.1, 0.05, 0.2, 100.0, 10.0, 5.0, 20.0, 3, false,
     NULL, '', 0.3, '')
) AS lead(lead_id, customer_key, company, channel, owner, came_on, age_days, probability, probability_low,
    probability_high, value_if_won, expected_value, expected_value_low, expected_value_high, rank, this_week,
    assigned_to, reasons, prior_share, reason_gains)
"""

_GROUPS = """
SELECT *, predicted * 2 AS value_lifetime, predicted * 1.9 AS value_lifetime_low, predicted * 2.1 AS value_lifetime_high
FROM (VALUES
    ('channel', 'fresh', 50, 120.0, 0.2, 0.25), ('channel', 'old & full', 100, 80.0, 0.1, NULL),
    ('channel', 'all', 180, 100.0, 0.3, 0.2), ('campaign', 'spring', 20, 150.0, 0.4, NULL),
    ('campaign', 'tiny', 2, 900.0, 0.9, NULL), ('first_product', 'Teapot', 60, 110.0, 0.5, NULL),
    ('cohort', '2023-01', 30, 100.0, 0.1, NULL)
) AS one(dimension, label, customers, predicted, prior_share, lead_conversion)
"""
_GROUPS = _GROUPS.replace(
    "SELECT *,",
    "SELECT *, predicted AS value_predicted, predicted * 0.95 AS value_predicted_low, "
    "predicted * 1.05 AS value_predicted_high,",
)
