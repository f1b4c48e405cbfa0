"""Priors: printable, in the unit of the data, and off where data are enough."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.priors import LogNormal, Prior, automatic_strength


def test_strength_fades_to_exactly_nothing() -> None:
    assert [automatic_strength(n) for n in (0, 200, 300, 400, 946, 1e6)] == [1.0, 1.0, 0.5, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("wrong", [(0.0, 1.0), (1.0, 0.0), (float("nan"), 1.0), (1.0, float("inf"))])
def test_a_belief_must_be_possible(wrong) -> None:
    with pytest.raises(ConfigError, match="positive median and spread"):
        LogNormal(*wrong)


def test_a_prior_must_name_every_parameter() -> None:
    prior = Prior({"r": LogNormal(1, 1)})
    with pytest.raises(ConfigError, match="says nothing about alpha"):
        prior.on(("r", "alpha"), np.ones(2))


def test_derivatives_and_units() -> None:
    prior = Prior({"r": LogNormal(0.5, 1.0), "alpha": LogNormal(10.0, 2.0)}, TimeUnit.WEEK, strength=0.5)
    found = prior.on(("r", "alpha"), np.array([1.0, 1 / 7]))
    assert np.exp(found.centre) == pytest.approx([0.5, 70.0])
    at = found.evaluate(np.array([0.3, 2.0]))
    step = np.array([1e-5, 0.0])
    moved = (
        found.evaluate(np.array([0.3, 2.0]) + step).value - found.evaluate(np.array([0.3, 2.0]) - step).value
    ) / 2e-5
    assert at.gradient[0] == pytest.approx(moved, rel=1e-6)
    assert np.diag(at.hessian) == pytest.approx([-0.5, -0.125])


def test_it_prints_and_comes_back() -> None:
    prior = BGNBD.weak_prior.with_strength(0.25)
    assert "strength 0.25" in str(prior)
    assert "alpha  about 8" in str(prior)
    assert Prior.from_dict(prior.to_dict()) == prior


def test_a_model_says_what_a_prior_may_be() -> None:
    with pytest.raises(ConfigError, match='Use "auto"'):
        BGNBD(prior="strong")  # type: ignore[arg-type]
