"""The bootstrap over customers: it scatters as it should, keeps the prior, and says what went wrong."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells, SpendCells
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.time import TimeUnit
from keepers.numerics.likelihoods import gamma_gamma, nbd

REPLICATES = 60


def cells(customers: int, seed: int = 2) -> Cells:
    rng = np.random.default_rng(seed)
    T = rng.integers(100, 270, customers) / 7
    x, t_x = nbd.sample_new((0.8, 6.0), T, rng)
    return Cells.of_customers(x, t_x, T, TimeUnit.WEEK)


@pytest.fixture(scope="module")
def model() -> kp.NBD:
    return kp.NBD(prior=None).fit(cells(3000))


@pytest.mark.parametrize("kind", ["customers", "parametric"])
def test_under_the_model_it_scatters_as_the_curvature_says(model: kp.NBD, kind: str) -> None:
    found = model.bootstrap(300, seed=1, kind=kind)
    assert found.covariance == pytest.approx(model.posterior_.covariance, rel=0.35, abs=5e-4)
    assert found.mean == pytest.approx(model.posterior_.mean, abs=0.03)
    assert found.method == ("bootstrap" if kind == "customers" else "parametric bootstrap")
    assert found.diagnostic.startswith("The estimates of 300 stores drawn from the")
    assert found.as_arrays()["r"].shape == (1, 300)
    assert np.isnan(found.r_hat["r"])


def test_where_customers_are_not_as_the_model_says_it_scatters_more() -> None:
    # Rates with a tail far longer than a gamma distribution's: the curvature knows nothing of it.
    rng = np.random.default_rng(3)
    T = rng.integers(100, 270, 2000) / 7
    x = rng.poisson(0.05 * np.exp(1.8 * rng.standard_normal(2000)) * T).astype(float)
    model = kp.NBD(prior=None).fit(Cells.of_customers(x, nbd.last_of(x, T, rng), T, TimeUnit.WEEK))
    scatter = np.sqrt(np.diag(model.bootstrap(100, seed=1).covariance))
    assert scatter[1] > 1.25 * np.sqrt(model.posterior_.covariance[1, 1])
    as_said = np.sqrt(np.diag(model.bootstrap(100, seed=1, kind="parametric").covariance))
    assert as_said == pytest.approx(np.sqrt(np.diag(model.posterior_.covariance)), rel=0.25)


def test_each_replicate_is_the_fit_to_its_customers(model: kp.NBD) -> None:
    data = cells(3000)
    rng = np.random.default_rng(7)
    counts = rng.multinomial(3000, data.weight / 3000)
    again = kp.NBD(prior=None).fit(Cells(data.x, data.t_x, data.T, counts.astype(float), data.unit))
    first = model.bootstrap(20, seed=7).as_arrays()
    assert [first["r"][0, 0], first["alpha"][0, 0]] == pytest.approx(list(again.parameters_.values()), rel=1e-3)


def test_equal_seeds_give_equal_stores(model: kp.NBD) -> None:
    one, two = (model.bootstrap(20, seed=5).as_arrays()["alpha"] for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, model.bootstrap(20, seed=6).as_arrays()["alpha"])


def test_a_prior_stays_in_force() -> None:
    few = kp.BGNBD().fit(cells(60))
    found = few.bootstrap(REPLICATES, seed=1)
    assert np.all(np.diag(found.covariance) < 1.25**2)
    assert found.prior_share == few.posterior_.prior_share


def test_spend_is_resampled_too() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, 800).astype(float)
    nobody = np.zeros(800)
    m = gamma_gamma.sample_future((6.0, 4.0, 15.0), nobody, nobody, x, rng) / x
    model = kp.GammaGamma(prior=None).fit(SpendCells.of_customers(x, m))
    for kind in ("customers", "parametric"):
        found = model.bootstrap(REPLICATES, seed=1, kind=kind)
        assert found.mean == pytest.approx(model.posterior_.mean, abs=0.15)
        assert np.sqrt(np.diag(found.covariance)) == pytest.approx(
            np.sqrt(np.diag(model.posterior_.covariance)), rel=0.45
        )


def test_stores_at_the_edge_are_counted() -> None:
    # Nobody ever leaves, so that half of the resamples hold no sign of leaving.
    found = kp.MBGNBD(prior=None).fit(cells(400)).bootstrap(20, seed=1)
    assert "at the edge" in found.diagnostic
    assert "not to be relied on" in found.diagnostic


def test_what_cannot_be_asked(model: kp.NBD, tmp_path) -> None:
    with pytest.raises(ConfigError, match="at least 20"):
        model.bootstrap(5)
    with pytest.raises(ConfigError, match="`kind` is 'rows'"):
        model.bootstrap(kind="rows")  # type: ignore[arg-type]
    loaded = kp.load_model(model.save(tmp_path / "nbd.json"))
    with pytest.raises(FitError, match="Fit it again to the summary"):
        loaded.bootstrap()
