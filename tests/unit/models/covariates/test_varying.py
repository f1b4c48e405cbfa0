"""Covariates that vary in time: the calendar, paths of customers, fits, answers and what is refused."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError, MissingExtraError
from keepers.domain.time import ObservationWindow
from keepers.models.covariates.varying import TimeVarying

START = dt.date(2021, 1, 4)
CUT = dt.date(2023, 12, 31)


def calendar(end="2034-01-01"):
    return kp.calendar_covariates(START, end, seasons=1)


def seasonal_orders(customers=700, strength=0.8, seed=2):
    """Customers who buy most in one half of the year, drawn day by day; leaving at purchases."""
    rng = np.random.default_rng(seed)
    paths = calendar()
    sine = np.repeat(paths.values[0, :, 0], 7)
    days = (CUT - START).days + 1
    who, when = [], []
    for customer in range(customers):
        first = int(rng.integers(0, 500))
        rate, chance = rng.gamma(0.9, 1 / 9.0) / 7, rng.beta(0.8, 6.0)
        bought = [first]
        for day in np.flatnonzero(rng.random(days - first - 1) < rate * np.exp(strength * sine[first + 1 : days])):
            bought.append(first + 1 + int(day))
            if rng.random() < chance:
                break
        who += [f"c{customer}"] * len(bought)
        when += bought
    return kp.Orders.from_frame(
        {"who": who, "on": (np.datetime64(START) + np.array(when)).astype("datetime64[D]")}, customer="who", date="on"
    )


@pytest.fixture(scope="module")
def summary():
    window = ObservationWindow(calibration_end=CUT - dt.timedelta(days=91), end=CUT)
    return kp.summarise(seasonal_orders(), window, covariates=calendar())


@pytest.fixture(scope="module")
def fitted(summary):
    columns = ["season_sin_1", "season_cos_1"]
    return kp.BGNBD(prior=None, covariates=kp.Covariates(purchase=columns, varying=calendar())).fit(summary)


def test_the_calendar_says_what_it_should():
    paths = kp.calendar_covariates(
        "2023-01-02", "2024-01-01", seasons=2, paydays=True, holidays=["2023-12-25", "2023-12-26"]
    )
    assert paths.names == ("season_sin_1", "season_cos_1", "season_sin_2", "season_cos_2", "payday", "holiday")
    by_name = dict(zip(paths.names, paths.values[0].T, strict=True))
    assert by_name["holiday"].sum() == by_name["holiday"][51] == 2
    # Twelve ends of a month with two days after them, less the two before the first Monday.
    assert by_name["payday"].sum() == 11 * 3 + 1 + 1
    assert abs(by_name["season_sin_1"].mean()) < 0.01
    assert paths.end == dt.date(2024, 1, 1)


def test_the_holidays_of_a_country(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtraError, match="keepers\\[calendar\\]"):
        kp.calendar_covariates("2023-01-02", "2024-01-01", holidays="DE")

    class Library:
        @staticmethod
        def list_supported_countries():
            return {"DE": []}

        @staticmethod
        def country_holidays(_, years):
            return {dt.date(year, 10, 3): "Tag der Deutschen Einheit" for year in years}

    monkeypatch.setitem(sys.modules, "holidays", Library)
    paths = kp.calendar_covariates("2023-01-02", "2024-12-30", seasons=0, holidays="DE")
    assert paths.values.sum() == 2
    with pytest.raises(ConfigError, match="not known"):
        kp.calendar_covariates("2023-01-02", "2024-12-30", holidays="XX")


def test_the_season_is_found_and_said(fitted, summary):
    sine = next(one for one in fitted.coefficients_ if one.name == "purchase:season_sin_1")
    assert sine.value == pytest.approx(0.8, abs=3.5 * sine.standard_error)
    assert "In weeks with one more of season_sin_1 customers buy" in sine.sentence
    plain = kp.BGNBD(prior=None).fit(summary)
    assert kp.likelihood_ratio_test(plain, fitted).p_value < 1e-6


def test_forecasts_follow_the_season(fitted, summary):
    """The autumn is the season's low: the holdout has fewer purchases than a plain model says."""
    plain = kp.BGNBD(prior=None).fit(summary)
    actual = summary.engine.row(f"SELECT sum(holdout_frequency) FROM {summary.name}")[0]
    horizon = kp.days(91)
    found = [
        model.expected_purchases(summary, horizon).to_numpy()["expected_purchases"].sum() for model in (fitted, plain)
    ]
    assert abs(found[0] - actual) < abs(found[1] - actual)
    assert found[0] == pytest.approx(actual, rel=0.15)


@pytest.fixture(scope="module")
def few():
    window = ObservationWindow(end=CUT)
    return kp.summarise(seasonal_orders(40, seed=5), window, covariates=calendar())


@pytest.mark.parametrize(
    ("model", "dropout"),
    [(kp.BGNBD, []), (kp.ParetoNBD, ["season_cos_1"]), (kp.GGompertzNBD, ["season_cos_1"]), (kp.MBGCNBD, [])],
)
def test_every_question_is_answered(model, dropout, few, tmp_path):
    summary = few
    columns = ["season_sin_1"]
    fitted = model(covariates=kp.Covariates(purchase=columns, dropout=dropout, varying=calendar())).fit(summary)
    rng = np.random.default_rng(4)
    t = kp.weeks(20)
    for answer in (
        fitted.probability_alive(summary), fitted.probability_alive(summary, t), fitted.expected_purchases(summary, t),
        fitted.purchase_distribution(summary, t, 3), fitted.discounted_expected_purchases(summary, t),
        fitted.discounted_expected_purchases(summary), fitted.expected_lifetime(summary, kp.weeks(52)),
        fitted.median_lifetime(summary), fitted.expected_next_purchase(summary), fitted.sample_future(summary, t, rng),
    ):  # fmt: skip
        columns = answer.to_numpy()
        name = next(reversed(columns))
        assert (np.asarray(columns[name]) >= 0).all(), name
    cells = fitted_cells(fitted, summary)
    theta = fitted._theta()
    # In two halves of the horizon as much is bought as in the whole.
    near, far = (fitted.answer("discounted_expected_purchases", theta, cells, 0.0, end) for end in (10.0, 20.0))
    whole = fitted.answer("expected_purchases", theta, cells, 20.0)
    np.testing.assert_allclose(far, whole, rtol=1e-9)
    assert np.all(near < far + 1e-12)
    assert np.all(fitted.answer("discounted_expected_purchases", theta, cells, 0.002, 20.0) < whole + 1e-12)
    distribution = fitted.answer("purchase_distribution", theta, cells, 20.0, 60)
    np.testing.assert_allclose(distribution.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(distribution @ np.arange(61), whole, rtol=1e-4, atol=1e-4)
    predicted = fitted.predict_cells(cells, t)
    assert np.all(predicted.expected_purchases_se > 0)
    assert np.all(predicted.discounted_purchases_infinite >= predicted.discounted_purchases_lifetime * (1 - 1e-6))
    assert fitted.expected_purchases_new_customer(t) > 0
    assert fitted.purchase_distribution_new_customer(t, 60).sum() == pytest.approx(1.0, abs=1e-4)
    again = kp.load_model(fitted.save(tmp_path / "model.json"))
    np.testing.assert_allclose(again.answer("expected_purchases", theta, cells, 20.0), whole)
    assert again.expected_purchases_new_customer(t) == pytest.approx(fitted.expected_purchases_new_customer(t))
    values = kp.lifetime_value(fitted, None, summary, kp.months(6))
    assert np.isfinite(values.to_numpy()["expected_orders"]).all()


def fitted_cells(model, summary):
    return summary.cells().in_unit(model.unit_)


def test_a_backtest_takes_paths():
    orders = seasonal_orders(300, seed=9)
    model = kp.MBGNBD(covariates=kp.Covariates(purchase=["season_sin_1"], varying=calendar()))
    assert "MBGNBD" in {row.model for row in kp.backtest([model], orders, origins=1, covariates=calendar()).rows}


def test_what_is_refused(fitted, summary):
    short = kp.calendar_covariates(START, CUT)
    model = kp.NBD(covariates=kp.Covariates(purchase=["season_sin_1"], varying=short)).fit(summary)
    with pytest.raises(ConfigError, match="later `end`"):
        model.expected_purchases(summary, kp.weeks(52))
    with pytest.raises(ConfigError, match="name none"):
        kp.Covariates(purchase=["channel"], varying=calendar())
    with pytest.raises(ConfigError, match="`same` names season_sin_1"):
        kp.Covariates(purchase=["season_sin_1"], dropout=["season_sin_1"], same=["season_sin_1"], varying=calendar())
    with pytest.raises(ConfigError, match="known for the whole horizon"):
        fitted.sample(kp.years(11), np.random.default_rng(1), customers=4)
    with pytest.raises(ConfigError, match="known for the whole horizon"):
        fitted.score(fitted.state(CUT), CUT, kp.years(11))
    with pytest.raises(InputError, match="lack varying:start"):
        fitted.expected_purchases({"frequency": [1], "recency": [2.0], "T": [9.0]}, kp.weeks(4))
    with pytest.raises(InputError, match="first bought before"):
        kp.summarise(seasonal_orders(20), covariates=kp.calendar_covariates("2022-01-03", "2030-01-01"))
    with pytest.raises(ConfigError, match="not after"):
        kp.calendar_covariates("2022-01-03", "2022-01-03")
    with pytest.raises(ConfigError, match="Ask for something"):
        kp.calendar_covariates("2022-01-03", "2023-01-03", seasons=0)


def test_each_model_carries_what_it_can():
    """The table of the documentation: what a model refuses names one that has it."""
    buying = kp.Covariates(purchase=["season_sin_1"], varying=calendar())
    leaving = kp.Covariates(dropout=["season_sin_1"], varying=calendar())
    carried = {kp.NBD: 1, kp.BGNBD: 1, kp.MBGNBD: 1, kp.BGCNBD: 1, kp.MBGCNBD: 1, kp.ParetoNBD: 2, kp.GGompertzNBD: 2,
               kp.ParetoNBDAbe: 0, kp.BGBB: 0}  # fmt: skip
    for model, processes in carried.items():
        for covariates, there in ((buying, processes >= 1), (leaving, processes == 2)):
            if there:
                assert model(covariates=covariates).covariates is covariates
                continue
            with pytest.raises(
                ConfigError, match=r"names season_sin_1, which varies in time.*ParetoNBD or GGompertzNBD"
            ):
                model(covariates=covariates)
    with pytest.raises(ConfigError, match=r"has no covariates\. Use ParetoNBD"):
        kp.HierarchicalParetoNBD(covariates=buying)


def test_what_moves_leaving_is_said(few):
    fitted = kp.ParetoNBD(covariates=kp.Covariates(dropout=["season_sin_1"], varying=calendar())).fit(few)
    (only,) = fitted.coefficients_
    assert only.name == "dropout:season_sin_1"
    assert "In weeks with one more of season_sin_1 customers leave at a rate" in only.sentence
    assert fitted.parameters_[only.name] == only.value


def test_days_of_purchases_must_agree(few):
    model = kp.BGCNBD(k=2, covariates=kp.Covariates(purchase=["season_sin_1"], varying=calendar()))
    cells = few.cells()
    wrong = replace(cells, x=cells.x + (cells.x > 0))
    with pytest.raises(InputError, match="names 1 days of purchases where 2 repeat purchases"):
        model.fit(wrong)


def test_paths_of_customers():
    frame = {"who": ["a", "a", "b", "b"], "day": ["2024-01-01", "2024-01-08"] * 2, "mails": [1.0, 0.0, 0.0, 2.0]}
    paths = TimeVarying.from_frame(frame, date="day", customer="who")
    assert paths.keys == ("a", "b")
    assert paths.values[:, :, 0].tolist() == [[1.0, 0.0], [0.0, 2.0]]
    with pytest.raises(InputError, match="1 weeks have no values"):
        TimeVarying.from_frame({name: column[:3] for name, column in frame.items()}, date="day", customer="who")
    with pytest.raises(InputError, match="lacks when"):
        TimeVarying.from_frame(frame, date="when")
    with pytest.raises(InputError, match="no numbers"):
        TimeVarying.from_frame({**frame, "mails": ["x"] * 4}, date="day", customer="who")
    orders = kp.Orders.from_frame({"who": ["a", "c"], "on": ["2024-01-02", "2024-01-03"]}, customer="who", date="on")
    with pytest.raises(InputError, match=r"no path of covariates \(first: c\)"):
        kp.summarise(orders, covariates=paths)
