"""Beliefs about one parameter: densities, derivatives, units, draws, words, files."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.models.beliefs import Gamma, LogNormal, PenalisedComplexity, from_plain, to_plain
from keepers.models.priors import Prior
from keepers.numerics.likelihoods import nbd

BELIEFS = [LogNormal(2.0, 0.7), Gamma(3.0, 1.0), Gamma(0.5, 4.0), PenalisedComplexity(2.0, 0.05)]


def id_of(belief) -> str:
    return str(belief)[:30]


@pytest.mark.parametrize("belief", BELIEFS, ids=id_of)
@pytest.mark.parametrize("u", [-3.0, 0.0, 1.7])
def test_derivatives(belief, u: float) -> None:
    step = 1e-5
    low, middle, high = (belief.log_density(u + by) for by in (-step, 0.0, step))
    assert middle[1] == pytest.approx((high[0] - low[0]) / (2 * step), abs=1e-6)
    assert middle[2] == pytest.approx((high[1] - low[1]) / (2 * step), abs=1e-6)
    assert middle[2] < 0


@pytest.mark.parametrize("belief", BELIEFS, ids=id_of)
def test_draws_follow_the_density(belief) -> None:
    drawn = np.log(belief.draw(np.random.default_rng(1), 4000))
    u = np.linspace(drawn.min() - 5, drawn.max() + 5, 20_001)
    density = np.exp([belief.log_density(value)[0] for value in u])
    distribution = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn, lambda at: np.interp(at, u, distribution)).pvalue > 0.01


@pytest.mark.parametrize("belief", BELIEFS, ids=id_of)
def test_another_unit_is_the_same_belief(belief) -> None:
    other = belief.divided(7.0)
    gap = [belief.log_density(u)[0] - other.log_density(u - np.log(7.0))[0] for u in (-1.0, 0.5, 2.0)]
    assert gap == pytest.approx([gap[0]] * 3)


@pytest.mark.parametrize("belief", BELIEFS, ids=id_of)
def test_it_comes_back_from_a_file(belief) -> None:
    assert from_plain(to_plain(belief)) == belief


def test_what_the_words_promise() -> None:
    rng = np.random.default_rng(2)
    assert (Gamma(2.0, 1.0).draw(rng, 20_000) < 5.99).mean() == pytest.approx(0.95, abs=0.006)
    shapes = PenalisedComplexity(3.0, 0.05).draw(rng, 20_000)
    assert (1 / np.sqrt(shapes) > 3.0).mean() == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize(
    "wrong", [lambda: Gamma(0.0, 1.0), lambda: Gamma(1.0, -1.0), lambda: PenalisedComplexity(2.0, 1.0)]
)
def test_a_belief_must_be_possible(wrong) -> None:
    with pytest.raises(ConfigError, match="Write for example"):
        wrong()


def test_a_model_is_fitted_with_them_and_remembers(tmp_path) -> None:
    rng = np.random.default_rng(3)
    T = rng.integers(100, 270, 80) / 7
    x, t_x = nbd.sample_new((0.8, 6.0), T, rng)
    cells = Cells.of_customers(x, t_x, T, TimeUnit.WEEK)
    prior = Prior({"r": PenalisedComplexity(1.0, 0.01), "alpha": Gamma(mean=6.0, shape=5.0)}, TimeUnit.WEEK)
    weeks = kp.NBD(prior=prior).fit(cells)
    days = kp.NBD(prior=prior).fit(cells, unit="day")
    assert weeks.parameters_["r"] == pytest.approx(days.parameters_["r"], rel=1e-6)
    assert weeks.parameters_["alpha"] * 7 == pytest.approx(days.parameters_["alpha"], rel=1e-6)
    assert 0 < weeks.posterior_.prior_share < 1
    # Alike customers are preferred: the shape is larger than without the prior.
    assert weeks.parameters_["r"] > kp.NBD(prior=None).fit(cells).parameters_["r"]
    loaded = kp.load_model(weeks.save(tmp_path / "nbd.json"))
    assert loaded.prior_ == prior


class Pinned:
    """A belief of one's own: a normal of the logarithm so narrow that the parameter hardly moves."""

    def log_density(self, u: float) -> tuple[float, float, float]:
        return -5e5 * u * u, -1e6 * u, -1e6

    def divided(self, by: float):
        assert by == 1.0
        return self

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return np.exp(1e-3 * rng.standard_normal(n))


def test_a_belief_of_ones_own(tmp_path) -> None:
    cells = Cells([0.0, 1.0, 4.0, 2.0], [0.0, 5.0, 30.0, 20.0], [39.0, 39.0, 38.0, 30.0], np.ones(4), TimeUnit.WEEK)
    model = kp.NBD(prior=Prior({"r": Pinned(), "alpha": LogNormal(8.0, 1.0)})).fit(cells)
    assert model.parameters_["r"] == pytest.approx(1.0, abs=0.01)
    with pytest.raises(ConfigError, match="cannot name a belief of class Pinned"):
        model.save(tmp_path / "nbd.json")
