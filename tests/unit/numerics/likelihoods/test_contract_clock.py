"""The likelihood of contracts at paces of their own: exact derivatives, one pattern at a time, and what lies ahead."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from keepers.domain.attributes import Attributes
from keepers.numerics.likelihoods import beta_discrete_weibull as bdw
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods import exponential_gamma as eg
from keepers.numerics.likelihoods import shifted_beta_geometric as sbg
from keepers.numerics.likelihoods import weibull_gamma as wg
from keepers.numerics.likelihoods.contract_clock import PacedLikelihood, Paces
from keepers.numerics.likelihoods.contract_family import ContractTables, log_likelihood_sum
from keepers.numerics.likelihoods.contract_pace import Pace, Paced
from keepers.testing.contract_subject import book

LAWS = [(sbg, (0.8, 6.0)), (bdw, (1.3, 6.0, 1.2)), (eg, (1.4, 6.0)), (wg, (1.2, 6.0, 0.8))]
PATTERNS, PIECES = 4, 30
EFFECTS = np.array([0.2, -0.3, 0.15, 0.25])


def paces(discrete: bool) -> Paces:
    rng = np.random.default_rng(3)
    edges = np.arange(1.0, PIECES + 1)[None] if discrete else np.sort(rng.uniform(0, 35, (PATTERNS, PIECES)), axis=1)
    steady, varying = rng.normal(size=(PATTERNS, 2)), rng.normal(size=(PATTERNS, PIECES + 1, 2))
    return Paces(edges, steady, varying, 0.1 * rng.normal(size=PATTERNS))


def contracts():
    cells = book(300)
    pattern = np.random.default_rng(1).integers(0, PATTERNS, cells.size)
    return replace(cells, pattern=pattern, attributes=Attributes({"place": np.arange(float(PATTERNS))}))


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_derivatives_are_exact(family, theta) -> None:
    likelihood = PacedLikelihood(family, contracts(), paces(family.DISCRETE))
    point, step = np.concatenate([np.log(theta), EFFECTS]), 1e-5
    found = likelihood(point, 2)
    moves = step * np.eye(point.size)
    ends = [(likelihood(point + move, 1), likelihood(point - move, 1)) for move in moves]
    gradient = np.array([(up.value - down.value) / (2 * step) for up, down in ends])
    hessian = np.array([(up.gradient - down.gradient) / (2 * step) for up, down in ends])
    assert found.gradient == pytest.approx(gradient, rel=1e-6, abs=1e-5)
    assert found.hessian == pytest.approx(hessian, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_without_effects_the_family_itself(family, theta) -> None:
    cells, given = contracts(), paces(family.DISCRETE)
    likelihood = PacedLikelihood(family, cells, replace(given, offset=np.zeros(PATTERNS)))
    plain = log_likelihood_sum(family, theta, ContractTables.of(cells, family.DISCRETE))
    found = likelihood(np.concatenate([np.log(theta), np.zeros(4)]), 2)
    d = len(theta)
    assert found.value == pytest.approx(plain.value, rel=1e-13)
    assert found.gradient[:d] == pytest.approx(plain.gradient, rel=1e-9, abs=1e-9)
    assert found.hessian[:d, :d] == pytest.approx(plain.hessian, rel=1e-9, abs=1e-9)


def one_pace(family, theta) -> tuple[Paced, list[float]]:
    rng = np.random.default_rng(8)
    law = Paced(family, Pace(np.arange(1.0, 13.0), rng.normal(size=(13, 1)), np.zeros(13)))
    return law, [*theta, 0.6]


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_what_lies_ahead_follows_survival(family, theta) -> None:
    law, point = one_pace(family, theta)
    age, delta = np.array([0.0, 5.0, 40.0]), 0.02

    def kept(begin: float, later: np.ndarray) -> np.ndarray:
        return np.exp(law.log_retention(point, np.full(later.shape, begin), begin + later) - delta * later)

    endless, capped = (outlook.discounted_tenure(law, point, age, delta, end, np.ones(3)) for end in (None, 20.0))
    for row, begin in enumerate(age):
        if family.DISCRETE:
            terms = kept(begin, np.arange(1.0, 4000.0))
            assert [endless[row], capped[row]] == pytest.approx([terms.sum(), terms[:20].sum()], rel=1e-9)
            continue
        ends = [*range(21), 60, 200, 500, 2000]
        parts = [
            quad(lambda s, b=begin: float(kept(b, np.array([s]))[0]), low, high, epsabs=1e-11)[0]
            for low, high in pairwise(ends)
        ]
        assert [endless[row], capped[row]] == pytest.approx([sum(parts), sum(parts[:20])], rel=1e-7)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_draws_and_columns_of_parameters_agree_with_survival(family, theta) -> None:
    law, point = one_pace(family, theta)
    ages = np.array([0.0, 3.0, 7.0])
    columns = [np.full((4, 1), value) for value in point]
    wanted = outlook.residual_tenure(law, point, ages, 15.0)
    assert outlook.residual_tenure(law, columns, ages, 15.0)[2] == pytest.approx(wanted, rel=1e-12)
    assert outlook.median_residual(law, columns, ages)[3] == pytest.approx(outlook.median_residual(law, point, ages))
    rng = np.random.default_rng(5)
    start = np.full(40_000, 3.0)
    last = law.residual(point, start, law.rates(point, start, rng), rng.standard_exponential(start.shape))
    for later in (1.0, 4.0, 15.0):
        share = float(np.mean(last > 3.0 + later))
        kept = float(outlook.survival(law, point, np.array([3.0]), later)[0])
        assert share == pytest.approx(kept, abs=4 * np.sqrt(kept * (1 - kept) / start.size))
