"""Answers by age through series: as exact as asked one by one, at the price of a few hundred ages."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods import contract_outlook, exponential_gamma, weibull_gamma
from keepers.numerics.likelihoods.contract_ages import by_age
from keepers.numerics.likelihoods.contract_integrals import integral_without_end

AGES = np.append(0.0, np.random.default_rng(1).uniform(1e-3, 120.0, 60_000))
SOME = slice(None, None, 911)


@pytest.mark.parametrize("theta", [(0.8, 20.0, 1.2), (2.0, 30.0, 0.4), (1.0, 12.0, 9.0), (3.0, 0.5, 0.9)])
@pytest.mark.parametrize("horizon", [None, 12.0])
def test_discounted_tenure_of_many_ages_is_that_of_each(theta: tuple[float, ...], horizon: float | None) -> None:
    found = contract_outlook.discounted_tenure(weibull_gamma, theta, AGES, 0.008, horizon)
    each = [contract_outlook.discounted_tenure(weibull_gamma, theta, AGES[n : n + 1], 0.008, horizon)[0]
            for n in range(0, AGES.size, 911)]  # fmt: skip
    np.testing.assert_allclose(found[SOME], each, rtol=1e-12)


def test_a_few_hundred_ages_are_asked() -> None:
    asked: list[int] = []

    def ask(ages: FloatArray) -> FloatArray:
        asked.append(ages.size)
        return integral_without_end(weibull_gamma, (0.8, 20.0, 1.2), ages, 0.008)

    by_age(ask, AGES)
    assert sum(asked) < 1_500


def test_draws_and_answers_without_end() -> None:
    theta = tuple(np.array([[one], [other]]) for one, other in ((0.5, 2.0), (20.0, 30.0), (1.5, 1.0)))
    found = contract_outlook.residual_tenure(weibull_gamma, theta, AGES)
    assert np.isinf(found[0]).all()
    np.testing.assert_allclose(found[1], 30.0 * (1.0 + AGES / 30.0), rtol=1e-11)
    plain = contract_outlook.residual_tenure(exponential_gamma, (3.0, 10.0), AGES)
    np.testing.assert_allclose(plain, (10.0 + AGES) / 2.0, rtol=1e-11)


def test_what_has_no_series_is_asked_one_by_one() -> None:
    rough = by_age(lambda ages: np.abs(np.sin(40.0 * ages)), AGES)
    np.testing.assert_allclose(rough, np.abs(np.sin(40.0 * AGES)), atol=1e-11)
    assert by_age(lambda ages: ages + 1.0, np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
    assert by_age(lambda ages: ages, np.array([])).size == 0
