"""Published numbers of the Pareto/NBD model, each with its source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.money import continuous_rate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow, TimeUnit, weeks
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.numerics.likelihoods import pareto_nbd
from keepers.summaries.summary import Summary, summarise


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    """The CDNOW 1/10 sample in weeks, calibration to 1997-09-30, holdout of 39 weeks."""
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30", "week"))


@pytest.fixture(scope="module")
def model(summary: Summary) -> ParetoNBD:
    """The fit to the calibration."""
    return ParetoNBD().fit(summary)


CUSTOMER_1516 = {"frequency": [26], "recency": [30.857143], "T": [31.0]}


def test_cdnow_fit(model: ParetoNBD) -> None:
    """Fader, Hardie, Lee (2005), "Counting Your Customers the Easy Way", table 2, reports r .553, alpha 10.578, s .606,
    beta 11.669 and -9595.0; the further digits are those of the maximum on the same data."""
    assert model.outcome_ is FitOutcome.CONVERGED
    assert model.log_likelihood_ == pytest.approx(-9594.976179, abs=1e-6)
    expected = {"r": 0.553277, "alpha": 10.577684, "s": 0.606240, "beta": 11.668731}
    for name, value in expected.items():
        assert model.parameters_[name] == pytest.approx(value, rel=2e-6), name


def test_cdnow_standard_errors(model: ParetoNBD) -> None:
    """By the observed information at the maximum, as the R package CLVTools computes them."""
    expected = {"r": 0.04763, "alpha": 0.84272, "s": 0.18728, "beta": 6.2112}
    for name, value in expected.items():
        assert model.standard_errors_[name] == pytest.approx(value, rel=1e-4), name


def test_the_unit_of_time_does_not_change_the_fit(summary: Summary, model: ParetoNBD) -> None:
    in_days = ParetoNBD().fit(summary.cells(), unit=TimeUnit.DAY)
    assert in_days.parameters_["alpha"] == pytest.approx(7 * model.parameters_["alpha"], rel=1e-7)
    assert in_days.parameters_["s"] == pytest.approx(model.parameters_["s"], rel=1e-7)
    shift = float(summary.cells().repeat_purchases) * np.log(7)
    assert in_days.log_likelihood_ == pytest.approx(model.log_likelihood_ - shift, abs=1e-6)


def test_customer_1516(model: ParetoNBD) -> None:
    """The customer of the R package BTYD's walkthrough, here at the maximum of the likelihood on the same data."""
    alive = model.probability_alive(CUSTOMER_1516, unit="week")["probability_alive"][0]
    assert alive == pytest.approx(0.997874, abs=1e-6)
    residual = model.discounted_expected_purchases(
        CUSTOMER_1516, discount=continuous_rate(0.0027, per="week"), unit="week"
    )["discounted_expected_purchases"][0]
    assert residual == pytest.approx(86.0244, abs=5e-5)


def test_holdout_of_39_weeks(summary: Summary, model: ParetoNBD) -> None:
    """Actual purchases 1,882; predicted total, mean absolute error and root mean squared error."""
    rows = summary.to_numpy()
    actual = rows["holdout_frequency"].astype(float)
    data = {name: rows[name] for name in ("frequency", "recency", "T")}
    predicted = model.expected_purchases(data, weeks(39), unit="week")["expected_purchases"]
    assert actual.sum() == 1882
    assert predicted.sum() == pytest.approx(1665.51, abs=0.005)
    assert np.abs(predicted - actual).mean() == pytest.approx(0.75452, abs=5e-6)
    assert np.sqrt(np.mean((predicted - actual) ** 2)) == pytest.approx(1.60285, abs=5e-6)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "log_likelihood", "alive"),
    [(221, 103.42857, 103.57143, -61.58464857, 0.99959605), (161, 94.71429, 98, -87.42925486, 0.74948776)],
)
def test_large_counts(x: float, t_x: float, T: float, log_likelihood: float, alive: float) -> None:
    """Buyers for whom the hypergeometric function of common libraries overflows (CLVTools' tests of its C++ core)."""
    theta = (0.5143, 2.8845, 0.2856, 14.1087)
    assert pareto_nbd.log_likelihood(theta, x, t_x, T)[0] == pytest.approx(log_likelihood, abs=1.5e-8)
    assert pareto_nbd.probability_alive(theta, x, t_x, T)[0] == pytest.approx(alive, abs=1e-8)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "log_likelihood"),
    [(400, 5, 6, 1323.188931), (500, 1, 37, 2594.404455), (500, 4, 37, 1888.821250)],
)
def test_beta_hundreds_of_times_alpha(x: float, t_x: float, T: float, log_likelihood: float) -> None:
    """Counts of hundreds at a scale of purchases 350 times smaller than that of leaving."""
    theta = (10.465, 0.00798565181, 3.0516, 2.820)
    assert pareto_nbd.log_likelihood(theta, x, t_x, T)[0] == pytest.approx(log_likelihood, abs=1e-6)


@pytest.mark.parametrize(("x", "expected"), [(132, 6.2060518), (133, 6.2528722)])
def test_expected_purchases_do_not_break_off(x: float, expected: float) -> None:
    """CET(10) at t_x = T = 200, where code that does not work in logarithms overflows between 132 and 133 purchases.

    There P(alive) = 1 and the answer is elementary: (r + x) / (alpha + T) (beta + T) / (s - 1) (1 - q^(s - 1)) with
    q = (beta + T) / (beta + T + 10); the list of the field prints 6.2528725 for the second, a digit lost in copying.
    """
    theta = (0.55, 10.58, 0.61, 11.67)
    assert pareto_nbd.expected_purchases(theta, x, 200, 200, 10)[0] == pytest.approx(expected, abs=5e-8)


def test_discounted_expected_residual_transactions() -> None:
    """Fader, Hardie, Lee (2005), "RFM and CLV", JMR 42, section on iso-value curves: T = 77.86, .0027 a week."""
    theta = (0.5629966, 12.5590370, 0.4081095, 10.5148048)
    one = pareto_nbd.discounted_expected_purchases(theta, 7, 35, 77.86, 0.0027)[0]
    assert one == pytest.approx(1.864183, abs=5e-7)
    by_count = pareto_nbd.discounted_expected_purchases(theta, np.arange(1.0, 11.0), 30, 77.86, 0.0027)
    published = [2.19916, 2.84353, 2.86713, 2.44541, 1.84050, 1.26242, 0.80962, 0.49480, 0.29202, 0.16793]
    assert by_count == pytest.approx(published, abs=6e-6)
