"""Published numbers of NBD, BG/NBD and MBG/NBD, each with its source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow, weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.buying import BuyingModel
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd
from keepers.summaries.summary import Summary, summarise

FITS: list[tuple[type[BuyingModel], dict[str, float], float, dict[str, float]]] = [
    (NBD, {"r": 0.384766, "alpha": 12.072022}, -9763.657615, {}),
    (
        BGNBD,
        {"r": 0.2425945, "alpha": 4.4136022, "a": 0.7929219, "b": 2.4259062},
        -9582.429207,
        {"r": 0.01256, "alpha": 0.37822, "a": 0.18573, "b": 0.70541},
    ),
    (
        MBGNBD,
        {"r": 0.5248431, "alpha": 6.1830849, "a": 0.8913595, "b": 1.6140030},
        -9582.135716,
        {"r": 0.08327, "alpha": 0.69562, "a": 0.15479, "b": 0.53750},
    ),
]
CUSTOMER_1516 = {"frequency": [26], "recency": [30.857143], "T": [31.0]}


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    """The CDNOW 1/10 sample in weeks, calibration to 1997-09-30, holdout of 39 weeks."""
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30", "1998-06-30", "week"))


@pytest.fixture(scope="module")
def model(summary: Summary) -> BGNBD:
    """BG/NBD at the maximum."""
    return BGNBD().fit(summary)


@pytest.mark.parametrize(("kind", "parameters", "log_likelihood", "errors"), FITS, ids=["NBD", "BG/NBD", "MBG/NBD"])
def test_cdnow_fit(summary, kind, parameters, log_likelihood, errors) -> None:
    """NBD and BG/NBD: Fader, Hardie, Lee (2005), Marketing Science 24(2), table 2, with the further digits of the same
    maximum; MBG/NBD and standard errors: the R packages BTYDplus and CLVTools on the same data. With 946 repeat
    customers `prior="auto"` has to be maximum likelihood exactly."""
    fitted = kind().fit(summary)
    assert fitted.outcome_ is FitOutcome.CONVERGED
    assert fitted.prior_ is None
    assert fitted.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-6)
    for name, value in parameters.items():
        # Published parameters stop where the log-likelihood is flat to rounding: the seventh digit is the program's.
        assert fitted.parameters_[name] == pytest.approx(value, rel=6e-7), name
    for name, value in errors.items():
        assert fitted.standard_errors_[name] == pytest.approx(value, abs=1.01e-5), name
    exact = kind(prior=None).fit(summary)
    assert exact.parameters_ == fitted.parameters_


def test_expected_purchases_of_the_paper(model: BGNBD) -> None:
    """Fader, Hardie, Lee, "Implementing the BG/NBD Model in Excel" (2005): x = 2, t_x = 30.43, T = 38.86, 39 weeks."""
    customer = {"frequency": [2], "recency": [30.43], "T": [38.86]}
    assert model.expected_purchases(customer, weeks(39))["expected_purchases"][0] == pytest.approx(1.226, abs=5e-4)


def test_customer_1516(model: BGNBD) -> None:
    """The R package BTYD's walkthrough has 25.75659 and .9688523, from a search that stops at the fourth digit of b;
    the closed form with 2F1 at the maximum itself gives what is asserted closely."""
    alive = model.probability_alive(CUSTOMER_1516)["probability_alive"][0]
    expected = model.expected_purchases(CUSTOMER_1516, weeks(52))["expected_purchases"][0]
    assert alive == pytest.approx(0.9688523, abs=3e-6)
    assert expected == pytest.approx(25.75659, abs=1e-3)
    at_published = (0.2425945, 4.4136022, 0.7929219, 2.4259062)
    assert bg_nbd.expected_purchases(at_published, 26, 30.857143, 31, 52)[0] == pytest.approx(25.75733822, abs=1e-7)


def test_expected_purchases_of_new_customers(model: BGNBD) -> None:
    """The tracking curve of "Implementing the BG/NBD Model in Excel", cumulative by week."""
    lengths = np.array([0.1429, 1, 3, 31.8571, 32, 78])
    expected = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    found = bg_nbd.expected_purchases_new(tuple(model.parameters_.values()), lengths)
    assert found[:5] == pytest.approx(expected[:5], abs=5.1e-5)
    # The last digits of the last one belong to the search of BTYD, as with customer 1516.
    assert found[5] == pytest.approx(expected[5], abs=5e-4)


def test_purchase_distribution_of_new_customers() -> None:
    """The R package BTYD, `bgnbd.pmf` at the rounded parameters of the paper."""
    theta = (0.243, 4.414, 0.793, 2.426)
    assert bg_nbd.purchase_distribution_new(theta, 39.0, 0)[0] == pytest.approx(0.5737864, abs=5e-8)
    assert bg_nbd.purchase_distribution_new(theta, 2.0, 10)[10] == pytest.approx(1.07869e-7, rel=5e-6)
    found = bg_nbd.purchase_distribution_new(theta, 30.0, 13)[11:]
    assert found == pytest.approx([0.0019995214, 0.0015170236, 0.0011633150], abs=5.1e-11)


@pytest.mark.parametrize(("family", "values"), [(bg_nbd, (-0.59947382, 100.7957)), (mbg_nbd, (-0.41792826, 100.7869))])
def test_stress(family, values) -> None:
    """Log-likelihood of single customers with many purchases, as the Python package lifetimes has in its tests."""
    found = family.log_likelihood((0.25, 4.0, 0.8, 2.5), [0, 200], [0, 38], [40, 40])
    assert found[0] == pytest.approx(values[0], abs=5e-9)
    assert found[1] == pytest.approx(values[1], abs=5e-5)
