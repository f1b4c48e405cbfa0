"""The No-U-Turn sampler: it finds known distributions, says how well, and its draws are a posterior like any other."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, FitError, MissingExtraError
from keepers.domain.time import TimeUnit
from keepers.models.fitting import Problem, fit
from keepers.models.nuts import sample_nuts
from keepers.models.posterior import Posterior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import bg_nbd

DRAWS = {"draws": 400, "chains": 4, "tune": 200}


def log_gamma(point: np.ndarray, _order: int) -> Evaluation:
    """The logarithm of a Gamma(3, 2) variable: mean psi(3) - log 2, variance psi'(3)."""
    (u,) = point
    pull = 2 * np.exp(u)
    return Evaluation(float(3 * u - pull), np.array([3 - pull]), np.array([[-pull]]))


@pytest.fixture(scope="module")
def model() -> kp.BGNBD:
    rng = np.random.default_rng(5)
    T = rng.integers(100, 270, 150) / 7
    x, t_x = bg_nbd.sample_new((0.5, 8.0, 0.8, 3.0), T, rng)
    return kp.BGNBD().fit(Cells.of_customers(x, t_x, T, TimeUnit.WEEK))


@pytest.fixture(scope="module")
def sampled(model: kp.BGNBD) -> Posterior:
    return model.sample_posterior(seed=3, **DRAWS)


def test_it_finds_a_distribution_that_is_known() -> None:
    found = fit(Problem(("u",), log_gamma, [np.zeros(1)], rows=1))
    posterior = sample_nuts(found.evidence, found.posterior, 2000, 4, 300, seed=1)
    u = np.log(posterior.as_arrays()["u"])
    assert u.shape == (4, 2000)
    assert u.mean() == pytest.approx(0.9227843 - np.log(2), abs=0.04)
    assert u.var() == pytest.approx(0.3949341, rel=0.12)
    # Skewed to the left, which no normal is.
    assert np.mean(((u - u.mean()) / u.std()) ** 3) == pytest.approx(-0.4946, abs=0.12)


def test_it_says_how_well_it_did(sampled: Posterior) -> None:
    assert sampled.method == "nuts"
    assert sampled.diagnostic.startswith("4 chains of 400 draws agree (R-hat 1.0")
    assert "independent draws; no path diverged." in sampled.diagnostic
    assert all(0.99 < value < 1.02 for value in sampled.r_hat.values())
    assert 400 < sampled.effective_draws < 4000


def test_its_draws_agree_with_the_corrected_approximation(model: kp.BGNBD, sampled: Posterior) -> None:
    ours = np.log(model.posterior_.draws(1000, np.random.default_rng(1)))
    theirs = np.log(sampled.draws(1600, np.random.default_rng(1)))
    spread = theirs.std(axis=0)
    assert np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) == pytest.approx(0, abs=0.2 * spread.max())
    assert ours.std(axis=0) == pytest.approx(spread, rel=0.15)
    assert sampled.prior_share == model.posterior_.prior_share


def test_arviz_takes_it(model: kp.BGNBD, sampled: Posterior) -> None:
    data = sampled.to_arviz()
    assert list(data.posterior.data_vars) == ["r", "alpha", "a", "b"]
    assert data.posterior["r"].shape == (4, 400)
    assert int(data.sample_stats["diverging"].sum()) == 0
    assert float(data.posterior["alpha"].mean()) == pytest.approx(float(sampled.as_arrays()["alpha"].mean()))
    assert model.posterior_.to_arviz().posterior["r"].shape == (1, 1000)


def test_predictions_and_files_use_it(model: kp.BGNBD, sampled: Posterior, tmp_path) -> None:
    cells = Cells([2.0], [20.0], [38.0], [1.0], TimeUnit.WEEK)
    before = model.predict_cells(cells).expected_purchases_se
    model.posterior_, kept = sampled, model.posterior_
    try:
        assert model.predict_cells(cells).expected_purchases_se == pytest.approx(before, rel=0.3)
        model.save(tmp_path / "model.json")
    finally:
        model.posterior_ = kept
    loaded = kp.load_model(tmp_path / "model.json")
    assert loaded.posterior_.method == "nuts"
    assert loaded.posterior_.diagnostic == sampled.diagnostic
    assert loaded.posterior_.as_arrays()["b"] == pytest.approx(sampled.as_arrays()["b"], rel=1e-5)
    with pytest.raises(FitError, match="read from a file, which keeps the estimates and not the data"):
        loaded.sample_posterior()


def test_chains_that_are_too_short_are_not_praised(model: kp.BGNBD) -> None:
    short, again = (model.sample_posterior(draws=10, chains=2, tune=50, seed=1) for _ in range(2))
    assert "Draw more, and tune longer" in short.diagnostic
    assert np.array_equal(again.as_arrays()["r"], short.as_arrays()["r"]), "chance begins where it is told"
    alone = model.sample_posterior(draws=50, chains=1, tune=50, seed=1)
    assert "only several chains can say" in alone.diagnostic
    assert all(np.isnan(value) for value in alone.r_hat.values())


def test_without_the_extra_it_is_named(model: kp.BGNBD, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def refuse(name: str, *args, **more):
        if name.startswith(("nutpie", "arviz")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return plain(name, *args, **more)

    for name in [name for name in sys.modules if name.startswith(("nutpie", "arviz"))]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"NUTS needs `nutpie`.*pip install 'keepers\[bayes\]'"):
        model.sample_posterior()
    with pytest.raises(MissingExtraError, match=r"`arviz`.*pip install 'keepers\[bayes\]'"):
        model.posterior_.to_arviz()
    plainly = model.sample_posterior(draws=100, chains=2, method="laplace")
    assert plainly.as_arrays()["r"].shape == (2, 100)
    assert "importance correction" in plainly.diagnostic


def test_what_cannot_be_asked(model: kp.BGNBD) -> None:
    with pytest.raises(ConfigError, match='use "nuts" or "laplace"'):
        model.sample_posterior(method="gibbs")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`tune` is 3; NUTS needs at least 50"):
        model.sample_posterior(tune=3)


def test_a_posterior_without_a_start_is_an_error() -> None:
    found = fit(Problem(("u",), log_gamma, [np.zeros(1)], rows=1))

    def nowhere(_point: np.ndarray, _order: int) -> Evaluation:
        return Evaluation(float("nan"), np.zeros(1), np.zeros((1, 1)))

    broken = type(found.evidence)(nowhere, None, np.zeros(1))
    with pytest.raises(FitError, match="NUTS found no place to start"):
        sample_nuts(broken, found.posterior, 10, 1, 50, seed=1)
