"""Covariates that vary in time: drawn customers, states kept order by order, and stores drawn from a fit."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.special import chdtrc

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.models.customer_states import CustomerStates
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows
from keepers.numerics.clocked_stages import StagedLikelihood
from keepers.numerics.likelihoods import bg_nbd, ggompertz_nbd, mbg_nbd, nbd, pareto_nbd
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric

START, CUT = dt.date(2021, 1, 4), dt.date(2022, 12, 31)


def calendar(end: str = "2034-01-01") -> kp.TimeVarying:
    return kp.calendar_covariates(START, end, seasons=1)


def waves(phase: float) -> np.ndarray:
    """Paths of two covariates over forty periods."""
    periods = np.arange(40)
    values = np.stack([np.sin(periods / 3 + phase), np.cos(periods / 2 + phase)], axis=-1)
    return np.stack([values, -0.5 * values, values**2])


FAMILIES = {
    "nbd": (nbd, [0.7, 0.4]),
    "bg_nbd": (bg_nbd, [0.7, 0.4, 0.9, 2.5]),
    "mbg_nbd": (mbg_nbd, [0.7, 0.4, 0.9, 2.5]),
    "bg_cnbd_3": (ErlangBetaGeometric(0, 3), [1.1, 0.2, 0.9, 2.5]),
    "mbg_cnbd_2": (ErlangBetaGeometric(1, 2), [1.1, 0.25, 0.9, 2.5]),
    "pareto_nbd": (pareto_nbd, [0.7, 0.4, 0.8, 1.2]),
    "ggompertz_nbd": (ggompertz_nbd, [0.7, 0.4, 0.6, 0.9, 0.8]),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_score_of_drawn_customers_is_noise(name: str) -> None:
    """At the truth the gradient has mean zero and the information for variance: whatever is drawn wrongly moves it."""
    family, theta = FAMILIES[name]
    rng = np.random.default_rng(5)
    n, d = 1500, len(theta)
    design = np.zeros((n, d, 1))
    design[:, 1, 0] = -rng.choice([0.0, 1.0], n)
    path = rng.integers(0, 3, n)
    zeros = np.zeros(n)
    rows = ClockedRows(
        zeros, zeros, rng.uniform(1.0, 6.0, n), np.ones(n), rng.uniform(0, 4, n), path, np.zeros((n, 2)), design,
        np.zeros((n, d)),
    )  # fmt: skip
    point = [*np.log(theta), 0.4, 0.8, -0.5]
    if name in ("pareto_nbd", "ggompertz_nbd"):
        of: ClockedLikelihood = LeavingLikelihood(family, rows, waves(0.0), 0.3, waves(1.0)[..., :1])
        point.append(0.7)
    elif "cnbd" in name:
        of = StagedLikelihood(family, rows, waves(0.0), 0.3)
    else:
        of = ClockedLikelihood(family, rows, waves(0.0), 0.3)
    found = of.simulated(np.array(point), rng)(np.array(point), 2)
    statistic = float(found.gradient @ np.linalg.solve(-found.hessian, found.gradient))
    assert chdtrc(len(point), statistic) > 0.005, statistic


@pytest.fixture(scope="module")
def summary() -> kp.Summary:
    """A shop whose customers buy most in one half of the year, drawn by the model itself."""
    rng = np.random.default_rng(3)
    days = (CUT - START).days
    first = rng.integers(0, days, 220)
    paths = calendar()
    pace = np.exp(2.0 * np.repeat(paths.values[0, :, 0], 7))
    who, when = [], []
    for customer, came in enumerate(first):
        rate, leave = rng.gamma(0.9, 1 / 60), rng.gamma(0.8, 1 / 150)
        gone = min(int(rng.exponential(1 / leave)), days - came)
        ahead = came + 1 + np.flatnonzero(rng.random(gone) < rate * pace[came + 1 : came + 1 + gone])
        who += [customer] * (1 + ahead.size)
        when += [came, *ahead]
    on = (np.datetime64(START) + np.array(when)).astype("datetime64[D]")
    frame = {"who": np.array(who).astype(str), "on": on}
    orders = kp.Orders.from_frame(frame, customer="who", date="on")
    return kp.summarise(orders, kp.ObservationWindow(end=CUT), covariates=paths)


def model_of(kind: type, **more: object) -> kp.BGNBD:
    """A model whose buying goes by the season."""
    model: kp.BGNBD = kind(covariates=kp.Covariates(purchase=["season_sin_1"], varying=calendar()), **more)
    return model


MODELS = {
    "NBD": (kp.NBD, {}),
    "MBGCNBD": (kp.MBGCNBD, {"k": 2}),
    "ParetoNBD": (kp.ParetoNBD, {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_drawn_customers_and_states_agree_with_the_answers(name: str, summary: kp.Summary) -> None:
    kind, more = MODELS[name]
    model = model_of(kind, **more).fit(summary)
    horizon = kp.weeks(20)
    keys, states = CustomerStates.of_summary(summary)
    scores = model.score(states, CUT, horizon)
    wanted = model.expected_purchases(summary, horizon).to_numpy()
    alive = model.probability_alive(summary).to_numpy()["probability_alive"]
    order = np.argsort(wanted["customer_key"])
    assert keys.tolist() == wanted["customer_key"][order].tolist()
    np.testing.assert_allclose(scores.expected_purchases, wanted["expected_purchases"][order], rtol=1e-9)
    np.testing.assert_allclose(scores.probability_alive, alive[order], rtol=1e-9)
    one = model.score(model.state(CUT - dt.timedelta(days=40)).update(CUT), CUT, horizon)
    assert one.expected_purchases > 0
    rng = np.random.default_rng(2)
    for day, columns in (("2022-12-31", None), ("2022-04-01", {"first_day": ["2022-04-01"] * 4000})):
        expected = model.expected_purchases_new_customer(horizon, None if columns is None else {"first_day": [day]})
        drawn = model.sample(horizon, rng, customers=4000, attributes=columns)
        error = drawn.x.std() / np.sqrt(4000)
        assert drawn.x.mean() == pytest.approx(expected, abs=4 * error), day
    assert drawn.attributes is not None
    assert np.all(drawn.t_x <= drawn.T)


def test_a_season_is_found_in_drawn_customers(summary: kp.Summary) -> None:
    model = model_of(kp.BGNBD, prior=None).fit(summary)
    model.parameters_["purchase:season_sin_1"] = 3.0
    first = np.datetime64(START) + np.random.default_rng(6).integers(0, 600, 2500)
    drawn = model.sample(kp.weeks(60), np.random.default_rng(7), 2500, {"first_day": first})
    again = model_of(kp.BGNBD, prior=None).fit(drawn)
    error = again.standard_errors_["purchase:season_sin_1"]
    assert again.parameters_["purchase:season_sin_1"] == pytest.approx(3.0, abs=3.5 * error)
    assert error < 0.5


def test_stores_drawn_from_a_fit_scatter_as_the_posterior_says(summary: kp.Summary) -> None:
    model = model_of(kp.NBD, prior=None).fit(summary)
    found = model.bootstrap(40, kind="parametric", seed=3)
    spread, known = (np.sqrt(np.diag(one.covariance)) for one in (found, model.posterior_))
    np.testing.assert_allclose(spread, known, rtol=0.45)


def test_customers_with_paths_of_their_own() -> None:
    rng = np.random.default_rng(8)
    weeks = 104
    frame = {
        "who": np.repeat(["a", "b"], weeks),
        "day": np.tile((np.datetime64(START) + 7 * np.arange(weeks)).astype(str), 2),
        "mails": np.concatenate([rng.integers(0, 2, weeks), np.ones(weeks)]).astype(float),
    }
    paths = kp.TimeVarying.from_frame(frame, date="day", customer="who")
    orders = kp.Orders.from_frame(
        {"who": [*"aabbb"], "on": ["2021-02-01", "2021-05-03", "2021-03-01", "2021-04-05", "2021-08-02"]},
        customer="who", date="on",
    )  # fmt: skip
    few = kp.summarise(orders, kp.ObservationWindow(end="2022-01-02"), covariates=paths)
    model = kp.NBD(covariates=kp.Covariates(purchase=["mails"], varying=paths)).fit(few)
    model.parameters_["purchase:mails"] = 1.5
    horizon = kp.weeks(10)
    keys, states = CustomerStates.of_summary(few)
    scores = model.score(states, dt.date(2022, 1, 2), horizon, attributes={"customer_key": keys})
    wanted = model.expected_purchases(few, horizon).to_numpy()
    for key, value in zip(wanted["customer_key"], wanted["expected_purchases"], strict=True):
        assert scores.expected_purchases[keys.tolist().index(key)] == pytest.approx(value)
    a, b = (model.expected_purchases_new_customer(horizon, {"customer_key": [who]}) for who in "ab")
    assert a < b
    drawn = model.sample(horizon, rng, 3000, {"customer_key": ["b"] * 3000})
    assert drawn.x.mean() == pytest.approx(b, abs=4 * drawn.x.std() / np.sqrt(3000))
    with pytest.raises(InputError, match="lack customer_key"):
        model.score(states, dt.date(2022, 1, 2), horizon, attributes={})
    with pytest.raises(InputError, match=r"no path of covariates \(first: c\)"):
        model.sample(horizon, rng, 1, {"customer_key": ["c"]})


def test_what_is_not_known_is_said(summary: kp.Summary) -> None:
    short = kp.calendar_covariates(START, "2023-03-01", seasons=1)
    covariates = kp.Covariates(purchase=["season_sin_1"], varying=short)
    model = kp.NBD(covariates=covariates).fit(summary)
    rng = np.random.default_rng(1)
    with pytest.raises(ConfigError, match="known for the whole horizon"):
        model.sample(kp.weeks(30), rng, customers=3)
    with pytest.raises(ConfigError, match="known for the whole horizon"):
        model.score(model.state(CUT), CUT, kp.weeks(30))
    assert model.sample(kp.weeks(5), rng, customers=3).size == 3
    with pytest.raises(InputError, match="first bought before"):
        model.sample(kp.weeks(5), rng, 1, {"first_day": ["2020-01-01"]})
    with pytest.raises(ConfigError, match="which is not a day"):
        model.sample(kp.weeks(5), rng, 1, {"first_day": ["soon"]})
