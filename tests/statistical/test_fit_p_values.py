"""The p-value of the histogram of purchases is right although the parameters were estimated from the same customers."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.evaluation.frequency_fit import frequency_fit
from keepers.numerics.likelihoods import bg_nbd, nbd

LAWS = [(kp.NBD, nbd, (0.6, 9.0)), (kp.BGNBD, bg_nbd, (0.6, 9.0, 0.9, 2.5))]


@pytest.mark.statistical
@pytest.mark.parametrize(("kind", "family", "theta"), LAWS, ids=["NBD", "BG/NBD"])
def test_p_values_are_uniform_where_the_model_is_true(kind, family, theta) -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(40):
        ages = rng.integers(10, 60, 700).astype(float)
        x, t_x = family.sample_new(theta, ages, rng)
        data = Cells.of_customers(x, t_x, ages, TimeUnit.WEEK)
        found.append(frequency_fit(kind(prior=None).fit(data), data).p_value)
    shares = np.searchsorted(np.sort(found), [0.1, 0.25, 0.5, 0.75]) / len(found)
    assert shares == pytest.approx([0.1, 0.25, 0.5, 0.75], abs=0.2)
