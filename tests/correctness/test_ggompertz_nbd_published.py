"""What is published of the GGompertz/NBD model on the CDNOW sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from history import PurchaseRows
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow
from keepers.models.btyd.ggompertz_nbd import GGompertzNBD
from keepers.summaries.summary import summarise


def test_cdnow_is_the_pareto_nbd_and_the_fit_says_so(cdnow_path: Path) -> None:
    """The maximum is where b vanishes, which is the Pareto/NBD's -9594.976 (CLVTools' walkthrough reports the same for
    both models); single parameters mean nothing there."""
    summary = summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30", "week"))
    model = GGompertzNBD(prior=None).fit(summary)
    assert model.log_likelihood_ == pytest.approx(-9594.976, abs=1e-3)
    assert model.outcome_ is FitOutcome.NOT_IDENTIFIED
    assert not model.outcome_.trustworthy_parameters
    assert model.parameters_["beta"] / model.parameters_["b"] == pytest.approx(11.668731, rel=1e-3)
