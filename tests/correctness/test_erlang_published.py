"""Published numbers of BG/CNBD-k and MBG/CNBD-k on the CDNOW sample, as the R package BTYDplus prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from history import PurchaseRows
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow
from keepers.models.btyd.bg_cnbd import BGCNBD
from keepers.models.btyd.erlang import ErlangModel
from keepers.models.btyd.mbg_cnbd import MBGCNBD
from keepers.summaries.summary import Summary, summarise

FITS: list[tuple[type[ErlangModel], dict[str, float], float]] = [
    (BGCNBD, {"r": 0.226917, "alpha": 1.462919, "a": 0.944002, "b": 2.074329}, -9855.326974),
    (MBGCNBD, {"r": 0.579896, "alpha": 2.288149, "a": 1.134453, "b": 1.584974}, -9853.253129),
]


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    """The CDNOW 1/10 sample in weeks, calibration to 1997-09-30."""
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30", "week"))


@pytest.mark.parametrize(("kind", "parameters", "log_likelihood"), FITS, ids=["BG/CNBD-2", "MBG/CNBD-2"])
def test_cdnow_fit(summary, kind, parameters, log_likelihood) -> None:
    model = kind(k=2).fit(summary)
    assert model.outcome_ is FitOutcome.CONVERGED
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=2e-6)
    assert model.parameters_ == pytest.approx({"k": 2.0, **parameters}, abs=2e-6)
    # The same in days: a density of 2,457 times of repeat purchases.
    in_days = kind(k=2).fit(summary.cells(gaps="sum"), unit="day")
    assert in_days.parameters_["alpha"] == pytest.approx(7 * model.parameters_["alpha"], rel=1e-7)


@pytest.mark.parametrize("kind", [BGCNBD, MBGCNBD])
def test_cdnow_buys_at_random(summary, kind) -> None:
    """No k beats k = 1 there, whose maximum is that of the parent model (-9582.429207 and -9582.135716)."""
    model = kind().fit(summary)
    assert model.k_ == 1
    assert len(model.log_likelihoods_by_k_) == 12
    assert model.log_likelihood_ == pytest.approx(-9582.429207 if kind is BGCNBD else -9582.135716, abs=2e-6)
