"""Pins of the CDNOW summary: Fader, Hardie, Lee (2005), Marketing Science 24(2), and its note on spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from history import PurchaseRows
from keepers.domain.time import ObservationWindow
from keepers.summaries.summary import Summary, summarise


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    """Weeks, calibration to 1997-09-30, holdout of 39 weeks."""
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30", "week"))


def test_totals_of_the_calibration_and_the_holdout(summary: Summary) -> None:
    found = summary.engine.row(
        "SELECT count(*), sum(frequency), count(CASE WHEN frequency > 0 THEN 1 END), sum(holdout_frequency) "
        f"FROM {summary.name}"
    )
    assert tuple(map(int, found)) == (2357, 2457, 946, 1882)
    assert summary.window.holdout is not None
    assert summary.window.holdout.length == 39


def test_customer_1516(summary: Summary) -> None:
    x, t_x, T = summary.engine.row(f"SELECT frequency, recency, T FROM {summary.name} WHERE customer_key = '1516'")
    assert x == 26
    assert t_x == pytest.approx(30.857143, abs=5e-7)
    assert T == 31


def test_mean_spend_of_repeaters(summary: Summary) -> None:
    """Fader, Hardie (2013), "The Gamma-Gamma Model of Monetary Value": $35.08 over 946 repeaters."""
    spend = summary.spend_cells()
    assert spend.customers == 946
    assert spend.weight @ spend.mean_spend / spend.customers == pytest.approx(35.0778, abs=5e-5)


def test_cells_carry_every_customer(summary: Summary) -> None:
    cells = summary.cells()
    assert cells.customers == 2357
    assert cells.repeat_purchases == 2457
    assert cells.size == 1016
