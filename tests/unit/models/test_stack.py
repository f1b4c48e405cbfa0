"""Stacks of models: every answer is the mean of the members', saved and scored as one."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, FitError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import weeks
from keepers.models.realtime import Scorer
from keepers.testing.stores import asked, cells, store
from keepers.valuation.parameter_draws import draw_parameters

WEIGHTS = (0.5, 0.3, 0.2)


@pytest.fixture(scope="module")
def stack() -> kp.Stack:
    return kp.Stack([kp.MBGNBD(), kp.ParetoNBD(), kp.BGNBD()], WEIGHTS).fit(store(800))


def mean(stack: kp.Stack, answer) -> np.ndarray:
    return np.asarray(sum(w * answer(one) for w, one in zip(WEIGHTS, stack.models_, strict=True)))


def test_answers_are_means(stack: kp.Stack) -> None:
    rows, horizon = asked(), weeks(30)
    for answer in (
        lambda m: m.probability_alive(rows, at=horizon),
        lambda m: m.expected_purchases(rows, horizon),
        lambda m: m.purchase_distribution(rows, horizon, 9),
        lambda m: m.discounted_expected_purchases(rows),
        lambda m: m.expected_lifetime(rows, cap=weeks(99)),
        lambda m: m.expected_purchases_new_customer(horizon),
        lambda m: m.predict_cells(rows, horizon).p_zero,
    ):
        assert answer(stack) == pytest.approx(mean(stack, answer), rel=1e-12)
    assert np.isinf(stack.expected_lifetime(rows)).all()


def test_the_variance_knows_that_members_differ(stack: kp.Stack) -> None:
    rows, horizon = asked(), weeks(30)
    table = stack.purchase_distribution(rows, horizon, 300)
    counts = np.arange(301)
    plain = table @ counts**2 - (table @ counts) ** 2
    found = stack.predict_cells(rows, horizon)
    assert found.variance == pytest.approx(plain + found.expected_purchases_se**2, rel=1e-6)
    errors = [one.predict_cells(rows, horizon).expected_purchases_se for one in stack.models_]
    assert np.all(found.expected_purchases_se <= np.max(errors, axis=0))


def test_a_member_that_never_leaves() -> None:
    rows = cells([3.0, 3.0], [35.0, 5.0], 36.0)
    for share, infinite in ((0.8, True), (0.2, False)):
        stack = kp.Stack([kp.NBD(), kp.BGNBD()], [share, 1 - share]).fit(store(800))
        median = stack.median_lifetime(rows)
        assert np.isinf(median).all() == infinite
        if not infinite:
            later = [stack.probability_alive(rows, at=weeks(float(m)))[k] for k, m in enumerate(median) if m > 0]
            assert later == pytest.approx([0.5] * len(later), abs=1e-5)


def test_small_weights_are_left_out_and_the_title_tells_the_others() -> None:
    stack = kp.Stack([kp.MBGNBD(), kp.ParetoNBD(), kp.NBD()], [6, 3.99, 0.01])
    assert [one.name for one in stack.models] == ["MBGNBD", "ParetoNBD"]
    assert stack.title == "stack of 60% MBG/NBD and 40% Pareto/NBD"
    assert stack.infinite["expected_lifetime"].startswith("by MBG/NBD where `a` <= 1")
    assert repr(stack) == "Stack()"


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_weights_that_cannot_be(weights: list[float]) -> None:
    with pytest.raises(ConfigError, match="needs as many weights"):
        kp.Stack([kp.MBGNBD(), kp.ParetoNBD()], weights)


def test_members_that_cannot_be() -> None:
    for models in ([kp.NBD(), kp.NBD()], [kp.NBD(), kp.BGBB()]):
        with pytest.raises(ConfigError, match="models of continuous time, each kind once"):
            kp.Stack(models)


def test_members_given_are_left_as_they_were() -> None:
    member = kp.NBD()
    stack = kp.Stack([member, kp.BGNBD()])
    with pytest.raises(NotFittedError):
        stack.expected_purchases(asked(), weeks(4))
    stack.fit(store(300))
    assert not member.fitted


def test_it_comes_back(tmp_path, stack: kp.Stack) -> None:
    path = stack.save(tmp_path / "stack.json")
    again = kp.load_model(path)
    assert isinstance(again, kp.Stack)
    assert again.title == stack.title
    assert again.outcome_ is stack.outcome_
    found, wanted = (one.predict_cells(asked(), weeks(30)) for one in (again, stack))
    assert found.expected_purchases == pytest.approx(wanted.expected_purchases, rel=1e-14)
    state = stack.state(dt.date(2025, 1, 1)).update(dt.date(2025, 3, 1))
    now = dt.date(2025, 6, 1)
    one, other = (some.score(state, now) for some in (stack, Scorer.load(path)))
    assert one.expected_purchases == pytest.approx(other.expected_purchases, rel=1e-14)


def test_its_outcome_is_that_of_the_worst_member() -> None:
    stack = kp.Stack([kp.MBGNBD(), kp.NBD()]).fit(store(80))
    assert stack.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert stack.prior_ is not None


def test_its_likelihoods_are_the_members(stack: kp.Stack) -> None:
    for ask in (stack.sample_posterior, lambda: stack.sample_posterior(method="laplace"), stack.bootstrap):
        with pytest.raises(FitError, match="A stack has no likelihood of its own"):
            ask()


def test_its_draws_are_the_members(stack: kp.Stack) -> None:
    rows = asked()
    drawn = draw_parameters(stack, None, np.random.default_rng(1), 40)
    found = drawn.orders(rows, weeks(30))
    assert found.shape == (41, rows.size)
    assert found[0] == pytest.approx(stack.expected_purchases(rows, weeks(30)))
    spread = found[1:].std(axis=0)
    assert np.all((spread > 0) & (spread < 2 * stack.predict_cells(rows, weeks(30)).expected_purchases_se + 1e-9))
    assert 0 <= stack.posterior_.prior_share <= 1
    assert stack.posterior_.diagnostic.endswith(".")


def test_a_value_of_every_customer(stack: kp.Stack) -> None:
    data = {"frequency": [0, 3, 9], "recency": [0.0, 20.0, 38.0], "T": [39.0] * 3, "monetary_value": [0, 20, 9]}
    spending = kp.GammaGamma().fit(data)
    found = kp.lifetime_value(stack, spending, data, weeks(52), unit="week")
    parts = [kp.lifetime_value(one, spending, data, weeks(52), unit="week") for one in stack.models_]
    wanted = sum(w * np.asarray(part["clv_predicted_52w"]) for w, part in zip(WEIGHTS, parts, strict=True))
    assert np.asarray(found["clv_predicted_52w"]) == pytest.approx(wanted, rel=1e-9)
