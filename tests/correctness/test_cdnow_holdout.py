"""Forecasts of the CDNOW holdout: totals and errors at the maxima of likelihood that are pinned beside this file.

CDNOW 1/10 sample, calibration to 1997-09-30, 39 weeks of holdout with 1,882 purchases (the split of Fader, Hardie, Lee
2005, Marketing Science 24(2), section 4). The naive rate is frequency / T times 39 weeks.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from history import PurchaseRows
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow
from keepers.evaluation.grading import grade_purchases
from keepers.evaluation.origin import Origin, open_origin
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD


@pytest.fixture(scope="module")
def origin(cdnow_path: Path) -> Origin:
    found = open_origin(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30"), Margin())
    assert isinstance(found, Origin)
    return found


@pytest.mark.parametrize(
    ("model", "total", "mae", "rmse"),
    [
        (BGNBD(), "1653.41", "0.78545", "1.60798"),
        (ParetoNBD(), "1665.51", "0.75452", "1.60285"),
        (MBGNBD(), "1576.7", "0.7648", "1.607"),
        (NaiveRate(), "2930.1", "1.024", None),
    ],
    ids=["BG/NBD", "Pareto/NBD", "MBG/NBD", "naive rate"],
)
def test_totals_and_errors(origin: Origin, model, total: str, mae: str, rmse: str | None) -> None:
    found = grade_purchases(model.fit(origin.outcomes.cells), origin.outcomes).metrics
    assert found.customers == 2357
    assert found.actual == 1882
    for value, printed in ((found.predicted, total), (found.mae, mae), (found.rmse, rmse)):
        if printed is not None:
            digits = len(printed.partition(".")[2])
            assert value == pytest.approx(float(printed), abs=0.5001 * 10**-digits)


def test_intervals_hold_the_holdout(origin: Origin) -> None:
    for model in (BGNBD(), ParetoNBD(), MBGNBD()):
        for one in grade_purchases(model.fit(origin.outcomes.cells), origin.outcomes).coverage:
            assert one.plain >= one.level
            assert one.randomised == pytest.approx(one.level, abs=0.03)
