"""BG/CNBD-k and MBG/CNBD-k as estimators: the choice of k, priors, and stores that are not ordinary."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, NotFittedError
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.bg_cnbd import BGCNBD
from keepers.models.btyd.mbg_cnbd import MBGCNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.catalogue import load_model
from keepers.models.covariates.specification import Covariates
from keepers.models.priors import Prior
from keepers.models.realtime import Scorer
from keepers.models.stack import Stack
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric
from keepers.testing.stores import store
from keepers.valuation.parameter_draws import draw_parameters


def regular(customers: int, k: int, seed: int = 1) -> Cells:
    """Customers of the MBG/CNBD-k model with the times between their purchases."""
    family, rng = ErlangBetaGeometric(1, k), np.random.default_rng(seed)
    ages = rng.uniform(20, 80, customers)
    x, t_x = family.sample_new((2.0, 8.0 / k, 0.8, 4.0), ages, rng)
    return Cells(x, t_x, ages, np.ones(customers), TimeUnit.WEEK, family.sample_log_gaps(x, t_x, rng))


def test_k_is_found_and_shown() -> None:
    model = MBGCNBD().fit(regular(800, 4))
    assert model.k_ == 4
    assert list(model.parameters_) == ["k", "r", "alpha", "a", "b"]
    assert "k=4, r=" in repr(model)
    assert repr(MBGCNBD(k=4)) == "MBGCNBD(k=4)"
    assert repr(MBGCNBD()) == "MBGCNBD()"
    assert max(model.log_likelihoods_by_k_, key=model.log_likelihoods_by_k_.get) == 4
    assert model.log_likelihoods_by_k_[4] == pytest.approx(model.log_likelihood_, abs=1e-4)


def test_without_the_gaps_the_last_purchases_still_say_something() -> None:
    cells = regular(3000, 6)
    plain = {"frequency": cells.x, "recency": cells.t_x, "T": cells.T}
    assert 3 <= MBGCNBD().fit(plain, unit="week").k_ <= 12
    assert MBGCNBD().fit({**plain, "log_gaps": cells.log_gaps}, unit="week").k_ == 6


def test_many_cells_are_chosen_on_a_sample_and_settled_on_all(monkeypatch) -> None:
    from keepers.models.btyd import erlang

    cells = regular(2000, 3)
    whole = MBGCNBD().fit(cells)
    monkeypatch.setattr(erlang, "_SAMPLE", 300)
    sampled = MBGCNBD().fit(cells)
    assert sampled.k_ == whole.k_ == 3
    assert set(sampled.log_likelihoods_by_k_) == {2, 3, 4}
    assert sampled.log_likelihoods_by_k_[3] == pytest.approx(whole.log_likelihoods_by_k_[3], abs=1e-3)


def test_the_weak_prior_speaks_of_purchases() -> None:
    model = BGCNBD(k=4).fit(store(50))
    assert model.prior_ is not None
    assert model.prior_.beliefs["alpha"].median == pytest.approx(BGCNBD.weak_prior.beliefs["alpha"].median / 4)
    given = Prior(BGCNBD.weak_prior.beliefs)
    assert BGCNBD(k=4, prior=given).fit(store(50)).prior_ is given


@pytest.mark.parametrize("k", [0, 13, 2.5, True, -1, "many", float("nan"), [2]])
def test_k_must_be_a_number_of_stages(k) -> None:
    with pytest.raises(ConfigError, match="Use a whole number from 1"):
        BGCNBD(k=k)


def test_nothing_is_predicted_before_the_fit() -> None:
    with pytest.raises(NotFittedError):
        BGCNBD().expected_purchases(store(5), weeks(4))


@pytest.mark.parametrize("kind", [BGCNBD, MBGCNBD])
def test_nobody_came_back(kind) -> None:
    """Nothing tells one k from another then, and the simplest is taken."""
    cells = Cells([0.0], [0.0], [30.0], [500.0], TimeUnit.WEEK, [0.0])
    model = kind().fit(cells)
    assert model.k_ == 1
    assert model.outcome_.name == "NO_REPEAT_PURCHASES"
    assert np.all(np.isfinite(model.expected_purchases(cells, weeks(52))))


def test_perfectly_regular_buyers_are_as_regular_as_can_be_said() -> None:
    x = np.arange(2.0, 22.0, 4.0)
    cells = Cells(x, 4.0 * x, 4.0 * x + 3.0, np.full(x.size, 20.0), TimeUnit.WEEK, 20 * x * np.log(4.0))
    model = MBGCNBD().fit(cells)
    assert model.k_ == 12
    assert model.outcome_.usable
    wait = model.expected_next_purchase(cells)
    # The next purchase is due a week from now.
    assert np.all(wait < 2.5)
    assert np.all(model.predict_cells(cells).p_alive > 0.8)


def test_a_saved_model_and_its_scorer_answer_as_before(tmp_path) -> None:
    cells = regular(500, 5)
    for model in (MBGCNBD().fit(cells), MBGCNBD(k=2).fit(cells)):
        path = model.save(tmp_path / "model.json")
        again = load_model(path)
        assert repr(again) == repr(model)
        assert again.k_ == model.k_
        assert again.log_likelihoods_by_k_ == model.log_likelihoods_by_k_
        state = model.state(dt.date(2025, 1, 1)).update(dt.date(2025, 2, 1)).update(dt.date(2025, 3, 1))
        scores = [scorer.score(state, dt.date(2025, 3, 20)) for scorer in (model, Scorer.load(path))]
        assert scores[0].expected_purchases == pytest.approx(scores[1].expected_purchases, rel=1e-12)
        assert scores[0].days_to_next_purchase[0] > 0


def test_samples_carry_the_times_between_purchases() -> None:
    model = MBGCNBD(k=5).fit(regular(1500, 5))
    drawn = model.sample(weeks(60), np.random.default_rng(3), customers=1500)
    assert drawn.log_gaps is not None
    assert MBGCNBD().fit(drawn).k_ == 5


def test_a_stack_and_a_valuation_know_its_k(tmp_path) -> None:
    """k is among the parameters that are shown, not among those that have a posterior."""
    cells = regular(300, 3)
    stack = Stack([MBGNBD(), MBGCNBD(k=3)], [0.4, 0.6]).fit(cells)
    path = stack.save(tmp_path / "stack.json")
    state = stack.state(dt.date(2025, 1, 1)).update(dt.date(2025, 2, 1))
    one, other = (scorer.score(state, dt.date(2025, 3, 20)) for scorer in (stack, Scorer.load(path)))
    assert one.probability_alive == pytest.approx(other.probability_alive, rel=1e-12)
    assert load_model(path).expected_purchases(cells, weeks(9)) == pytest.approx(
        stack.expected_purchases(cells, weeks(9)), rel=1e-12
    )
    for model in (stack, stack.models_[1]):
        drawn = draw_parameters(model, None, np.random.default_rng(1), 5)
        orders = drawn.orders(cells, weeks(9))
        assert orders[0] == pytest.approx(model.expected_purchases(cells, weeks(9)), rel=1e-9)
        assert orders.shape == (6, cells.size)


def test_covariates_move_the_clock_and_k_is_chosen_with_them() -> None:
    family, rng = ErlangBetaGeometric(1, 3), np.random.default_rng(5)
    ages, ads = rng.uniform(20, 80, 1600), np.arange(1600) % 2
    x, t_x = (np.zeros(1600) for _ in range(2))
    for group, alpha in ((0, 4.0), (1, 2.0)):
        rows = ads == group
        x[rows], t_x[rows] = family.sample_new((2.0, alpha, 0.8, 4.0), ages[rows], rng)
    data = {"frequency": x, "recency": t_x, "T": ages, "ads": ads, "log_gaps": family.sample_log_gaps(x, t_x, rng)}
    plain = MBGCNBD().fit(data, unit="week")
    model = MBGCNBD(covariates=Covariates(purchase=["ads"])).fit(data, unit="week")
    assert model.k_ == 3
    effect = model.coefficients_[0]
    assert model.parameters_[effect.name] == pytest.approx(np.log(2.0), abs=0.2)
    assert model.log_likelihood_ > plain.log_likelihood_ + 50
    assert model.log_likelihoods_by_k_[3] == pytest.approx(model.log_likelihood_, abs=0.5)
    drawn = model.sample(weeks(40), rng, customers=200)
    assert drawn.log_gaps is not None
    assert drawn.attributes is not None
    known = MBGCNBD(covariates=Covariates(purchase=["ads"], fixed={"purchase:ads": 0.0})).fit(data, unit="week")
    assert known.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-10)
