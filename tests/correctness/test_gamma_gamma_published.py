"""Published numbers of the Gamma-Gamma model, each with its source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.summary import Summary, summarise


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    """The CDNOW 1/10 sample in weeks, calibration to 1997-09-30."""
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30", "week"))


@pytest.fixture(scope="module")
def model(summary: Summary) -> GammaGamma:
    """The fit to the mean spend of the 946 repeaters, the first purchase excluded."""
    return GammaGamma().fit(summary)


def test_cdnow_fit(model: GammaGamma) -> None:
    """Fader, Hardie (2013), "The Gamma-Gamma Model of Monetary Value", section 5: p 6.25, q 3.74, gamma 15.44."""
    assert model.outcome_ is FitOutcome.CONVERGED
    assert model.n_customers_ == 946
    assert model.log_likelihood_ == pytest.approx(-4055.917695, abs=1e-6)
    expected = {"p": 6.249574, "q": 3.744224, "gamma": 15.443515}
    for name, value in expected.items():
        assert model.parameters_[name] == pytest.approx(value, rel=1e-6), name


def test_expected_spend_of_the_population_and_of_single_customers(model: GammaGamma) -> None:
    """Fader, Hardie (2013), equation 5: p (gamma + x m) / (p x + q - 1)."""
    p, q, gamma = 6.249574, 3.744224, 15.443515
    assert model.mean_spend_ == pytest.approx(p * gamma / (q - 1), rel=1e-6)
    data = {"frequency": [0, 1, 2, 26], "monetary_value": [np.nan, 22.35, 11.77, 35.0]}
    found = model.expected_spend(data)["expected_spend"]
    for row, (x, m) in enumerate([(0, 0.0), (1, 22.35), (2, 11.77), (26, 35.0)]):
        assert found[row] == pytest.approx(p * (gamma + x * m) / (p * x + q - 1), rel=1e-6)


def test_frequency_says_little_about_spend(model: GammaGamma) -> None:
    """Fader, Hardie, Lee (2005), "RFM and CLV": a correlation of .11 among the repeaters, .06 without two outliers."""
    assert model.independence_.correlation == pytest.approx(0.11, abs=0.005)
    assert model.independence_.holds
