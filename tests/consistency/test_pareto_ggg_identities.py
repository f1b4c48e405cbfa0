"""The Pareto/GGG is the Pareto/NBD where everybody buys at random, and treats silence by each customer's own rhythm."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.likelihoods import pareto_nbd
from keepers.numerics.likelihoods.pareto_ggg import ParetoGGGFamily

AT_RANDOM = (0.55, 10.6, 1.6, 31.7, 4e6, 4e6)
X, T_X, T = np.array([[0, 0, 1, 3, 7, 26.0], [0, 0, 38, 35, 12, 30.0], [0, 39, 39, 36, 39, 31.0]])
GAPS = np.array([0, 0, np.log(38), 5.0, 2.0, -3.0])


def test_with_k_of_one_for_everybody_it_is_the_pareto_nbd() -> None:
    """k is 1 within 0.05% of everybody, so that answers agree to about the square of that and the counts' leverage."""
    family, plain, about = ParetoGGGFamily(GAPS), AT_RANDOM[:4], (X, T_X, T)
    same = {"rtol": 2e-5, "atol": 1e-7}
    np.testing.assert_allclose(
        family.log_likelihood(AT_RANDOM, *about), pareto_nbd.log_likelihood(plain, *about), atol=2e-5
    )
    questions = {
        "probability_alive": (0.0,),
        "expected_purchases": (26.0,),
        "purchase_distribution": (26.0, 30),
        "discounted_expected_purchases": (0.002, 52.0),
        "expected_lifetime": (),
        "truncated_lifetime": (100.0,),
        "median_lifetime": (),
        "median_waiting_time": (),
    }
    for question, further in questions.items():
        found = getattr(family, question)(AT_RANDOM, *about, *further)
        np.testing.assert_allclose(
            found, getattr(pareto_nbd, question)(plain, *about, *further), **same, err_msg=question
        )
    for delta in (0.002, 0.0):
        endless = family.discounted_expected_purchases(AT_RANDOM, *about, delta, None)
        wanted = pareto_nbd.discounted_expected_purchases(plain, *about, delta, None)
        np.testing.assert_allclose(endless, wanted, **same)
    for found, wanted in zip(
        family.purchase_moments(AT_RANDOM, *about, 26.0), pareto_nbd.purchase_moments(plain, *about, 26.0), strict=True
    ):
        np.testing.assert_allclose(found, wanted, **same)
    gradient = family.expected_purchases_gradient(AT_RANDOM, *about, 26.0)[:, :4]
    np.testing.assert_allclose(
        gradient, pareto_nbd.expected_purchases_gradient(plain, *about, 26.0), rtol=1e-4, atol=1e-5
    )


def test_silence_says_more_of_whoever_bought_regularly() -> None:
    theta = (1.0, 8.0, 0.8, 20.0, 1.2, 0.4)
    regular, clumpy = 6 * np.log(5.0), np.log(0.5**5 * 27.5)
    x, t_x = np.full(2, 6.0), np.full(2, 30.0)
    family = ParetoGGGFamily(np.array([regular, clumpy]))
    overdue = family.probability_alive(theta, x, t_x, np.full(2, 50.0))
    assert overdue[0] < overdue[1] - 0.2
    # Before the next purchase is due there is nothing to wonder at.
    early = family.probability_alive(theta, x, t_x, np.full(2, 34.0))
    assert early[0] > early[1]
    wait = family.median_waiting_time(theta, x, t_x, np.full(2, 34.0))
    assert wait[0] == pytest.approx(1.0, abs=0.8)
    assert wait[1] > 2 * wait[0]
