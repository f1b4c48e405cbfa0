"""Constant covariates of time equal those of customers, and a silent calendar equals none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.domain.time import ObservationWindow
from keepers.models.covariates.varying import TimeVarying
from keepers.models.frames import cells_to_fit
from keepers.numerics.distinct import CellTables

START = dt.date(2022, 1, 3)


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(6)
    who, when = [], []
    for customer in range(400):
        first = rng.integers(0, 200)
        rate = rng.gamma(1.0, 1 / 60.0) * np.exp(0.5 * (customer % 3))
        gaps = np.cumsum(np.maximum(1, rng.exponential(1 / rate, 40)).astype(int))
        stays = rng.exponential(1 / rng.gamma(1.5, 1 / 450.0))
        days = [first, *(first + gaps[(first + gaps < 700) & (gaps < stays)])]
        who += [f"c{customer}"] * len(days)
        when += days
    days = (np.datetime64(START) + np.array(when)).astype("datetime64[D]")
    return kp.Orders.from_frame({"who": who, "on": days}, customer="who", date="on")


@pytest.mark.parametrize("model", [kp.NBD, kp.BGNBD, kp.MBGNBD, kp.ParetoNBD])
def test_constant_paths_equal_columns(orders, model):
    z = np.array([0.5 * (customer % 3) for customer in range(400)])
    keys = [f"c{customer}" for customer in range(400)]
    paths = TimeVarying(START, ("pace",), np.repeat(z[:, None, None], 104, axis=1), tuple(keys))
    window = ObservationWindow(end=START + dt.timedelta(days=699))
    static = kp.summarise(orders, window, covariates={"id": keys, "pace": z})
    moving = kp.summarise(orders, window, covariates=paths)
    one = model(prior=None, covariates=kp.Covariates(purchase=["pace"])).fit(static)
    other = model(prior=None, covariates=kp.Covariates(purchase=["pace"], varying=paths)).fit(moving)
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_, abs=1e-8 * abs(one.log_likelihood_))
    for name in (*one.symbols, "purchase:pace"):
        assert other.parameters_[name] == pytest.approx(one.parameters_[name], rel=1e-6)
    theta = np.array(list(one.parameters_.values()))
    by_column, by_path = static.cells(), moving.cells()
    for question, further in (
        ("expected_purchases", (26.0,)), ("probability_alive", ()), ("probability_alive", (10.0,)),
        ("discounted_expected_purchases", (0.0, 30.0)), ("median_waiting_time", ()), ("median_lifetime", ()),
    ):  # fmt: skip
        left, right = one.answer(question, theta, by_column, *further), other.answer(question, theta, by_path, *further)
        np.testing.assert_allclose(
            np.average(np.where(np.isfinite(left), left, 0), weights=by_column.weight),
            np.average(np.where(np.isfinite(right), right, 0), weights=by_path.weight),
            rtol=1e-8,
        )
        np.testing.assert_allclose([left.min(), left.max()], [right.min(), right.max()], rtol=1e-8)
    discounted, endless = (
        [
            np.average(fitted.answer("discounted_expected_purchases", theta, cells, 0.002, end), weights=cells.weight)
            for cells, fitted in ((by_column, one), (by_path, other))
        ]
        for end in (60.0, None)
    )
    assert discounted[1] == pytest.approx(discounted[0], rel=1e-4)
    assert endless[1] == pytest.approx(endless[0], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "symbols", "process"),
    [
        ("GGompertzNBD", (0.7, 8.0, 0.02, 0.8, 1.5), "purchase"),
        ("GGompertzNBD", (0.7, 8.0, 0.02, 0.8, 1.5), "dropout"),
        ("ParetoNBD", (0.7, 8.0, 0.8, 20.0), "dropout"),
        ("MBGCNBD", (0.7, 3.0, 0.8, 5.0), "purchase"),
    ],
)
def test_constant_paths_equal_columns_at_given_parameters(orders, name, symbols, process):
    """The models that cost more: no fit, but the same parameters in both."""
    z = np.array([0.5 * (customer % 3) for customer in range(400)])
    keys = [f"c{customer}" for customer in range(400)]
    paths = TimeVarying(START, ("pace",), np.repeat(z[:, None, None], 104, axis=1), tuple(keys))
    window = ObservationWindow(end=START + dt.timedelta(days=699))
    theta, found = np.array([*symbols, 0.4]), []
    for table, varying in (({"id": keys, "pace": z}, None), (paths, paths)):
        summary = kp.summarise(orders, window, covariates=table)
        kind = {"k": 2} if name == "MBGCNBD" else {}
        covariates = kp.Covariates(**{process: ["pace"]}, varying=varying)
        model = getattr(kp, name)(prior=None, covariates=covariates, **kind)
        cells = cells_to_fit(summary, None, model.gaps, model.needed_attributes)
        model._learn(cells)
        model.unit_ = cells.unit
        stretch, likelihood = model._likelihood(cells, CellTables.of(cells, 1.0), 1.0)
        # Coefficients of the search are per standard deviation, and what is centred on moves with the table.
        point = np.array([*np.log(symbols), 0.4 / stretch[0]])
        if varying is None:
            spread_over = cells.weight @ cells.attributes.columns["pace"][cells.pattern] / cells.customers
        else:
            spread_over = z.mean()
        found.append((spread_over, likelihood(point, 0).value, model, cells))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-9)
    for question, further in (
        ("expected_purchases", (26.0,)), ("probability_alive", ()), ("probability_alive", (10.0,)),
        ("discounted_expected_purchases", (0.0, 30.0)), ("median_waiting_time", ()), ("median_lifetime", ()),
        ("purchase_moments", (26.0,)), ("truncated_lifetime", (52.0,)), ("expected_lifetime", ()),
    ):  # fmt: skip
        means = [
            [np.average(np.where(np.isfinite(part), part, 0.0), weights=cells.weight) for part in np.atleast_2d(answer)]
            for _, _, model, cells in found
            for answer in [model.answer(question, theta, cells, *further)]
        ]
        # BG/CNBD-k's lifetime within a cap is summed over steps of weeks, medians are searched for.
        near = 1e-5 if "lifetime" in question and name == "MBGCNBD" else 1e-8
        np.testing.assert_allclose(means[1], means[0], rtol=near)


@pytest.mark.parametrize("model", [kp.BGNBD, kp.ParetoNBD])
def test_a_calendar_without_effect_equals_none(orders, model):
    paths = kp.calendar_covariates(START, "2040-01-02")
    window = ObservationWindow(end=START + dt.timedelta(days=699))
    summary = kp.summarise(orders, window, covariates=paths)
    plain = model(prior=None).fit(summary)
    seasonal = model(prior=None, covariates=kp.Covariates(purchase=["season_sin_1"], varying=paths)).fit(summary)
    theta = np.array([*plain.parameters_.values(), 0.0])
    cells = summary.cells()
    for question, further in (
        ("expected_purchases", (26.0,)),
        ("probability_alive", (9.0,)),
        ("purchase_distribution", (26.0, 5)),
        ("purchase_moments", (26.0,)),
        ("truncated_lifetime", (52.0,)),
        ("median_lifetime", ()),
        ("median_waiting_time", ()),
    ):
        # Medians are searched for, and lifetimes summed over the weeks.
        np.testing.assert_allclose(
            seasonal.answer(question, theta, cells, *further), plain.answer(question, theta[:-1], cells, *further),
            rtol=1e-6 if question.startswith("median") or "lifetime" in question else 1e-8, atol=1e-12,
        )  # fmt: skip
