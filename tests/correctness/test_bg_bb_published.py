"""BG/BB on the donations of a radio station's supporters: Fader, Hardie, Shang (2010), Marketing Science 29(6).

11,104 people who first gave in 1995, and in which of the six years after it they gave again, as the `lifetimes`
distribution ships them.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.money import periodic_rate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, years
from keepers.models.btyd.bg_bb import BGBB
from keepers.numerics.likelihoods import bg_bb


@pytest.fixture(scope="module")
def donations(donations_path: Path) -> Cells:
    """The 22 cells."""
    with donations_path.open(encoding="utf-8") as file:
        rows = [
            [float(row[name]) for name in ("frequency", "recency", "periods", "weights")]
            for row in csv.DictReader(file)
        ]
    table = np.array(rows)
    return Cells(table[:, 0], table[:, 1], table[:, 2], table[:, 3], TimeUnit.YEAR)


@pytest.fixture(scope="module")
def fitted(donations: Cells) -> BGBB:
    """The fit by maximum likelihood."""
    return BGBB().fit(donations)


def asked(x: list[float], t_x: list[float]) -> Cells:
    """Histories of six years."""
    return Cells(np.array(x), np.array(t_x), np.full(len(x), 6.0), np.ones(len(x)), TimeUnit.YEAR)


def test_the_fit(donations: Cells, fitted: BGBB) -> None:
    assert donations.customers == 11_104
    assert donations.size == 22
    assert fitted.outcome_ is FitOutcome.CONVERGED
    assert fitted.prior_ is None
    assert list(fitted.parameters_.values()) == pytest.approx([1.203522, 0.749716, 0.656718, 2.783442], abs=2e-6)
    assert fitted.log_likelihood_ == pytest.approx(-33225.581274, abs=1e-6)


def test_expected_donations_of_a_new_donor(fitted: BGBB) -> None:
    published = [0.4985, 0.9233, 1.2969, 1.6323, 1.9381, 2.2202, 2.4826, 2.7285, 2.9603, 3.1798, 3.3887]
    found = [fitted.expected_purchases_new_customer(years(n)) for n in range(1, 12)]
    assert found == pytest.approx(published, abs=5e-5)


def test_who_is_still_a_donor(fitted: BGBB) -> None:
    assert fitted.probability_alive(asked([0, 2, 6], [0, 4, 6])) == pytest.approx([0.11, 0.59, 0.93], abs=0.005)


def test_donations_in_the_next_ten_years(fitted: BGBB) -> None:
    assert fitted.expected_purchases(asked([0], [0]), years(10))[0] == pytest.approx(0.1302169, abs=2e-6)


def test_discounted_expected_residual_transactions() -> None:
    """The appendix of the paper's supplement: rounded parameters, ten percent a year."""
    theta = (1.20, 0.75, 0.66, 2.78)
    delta = periodic_rate(0.1).continuous(TimeUnit.YEAR)
    assert delta == pytest.approx(math.log(1.1))
    one = bg_bb.discounted_expected_purchases(theta, np.array([3.0]), np.array([4.0]), np.array([6.0]), delta)
    assert one[0] == pytest.approx(1.62138, abs=5e-6)
    counts = np.arange(1.0, 7.0)
    found = bg_bb.discounted_expected_purchases(theta, counts, np.full(6, 6.0), np.full(6, 6.0), delta)
    assert found == pytest.approx([1.8020, 2.6212, 3.4403, 4.2594, 5.0785, 5.8976], abs=1e-4)
