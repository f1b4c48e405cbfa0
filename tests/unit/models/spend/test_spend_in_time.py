"""Covariates of spend that vary in time: identities, recovery, what the calendar ahead does to values, and refusals."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit
from keepers.models.covariates.specification import Covariates
from keepers.models.covariates.varying import TimeVarying
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.spend_course import SpendCourse
from keepers.summaries.summary import Summary
from keepers.valuation.equity import equity

START = dt.date(2021, 1, 4)
CUSTOMERS, EFFECT = 500, 0.5


def calendar(weeks: int = 420) -> TimeVarying:
    """A sale every fourth week, and a wave over the year."""
    place = np.arange(weeks)
    values = np.stack([(place % 4 == 0).astype(float), np.sin(2 * np.pi * place / 52.18)], axis=-1)
    return TimeVarying(START, ("sale", "wave"), values[None])


def orders(effect: float = EFFECT, seed: int = 2) -> tuple[kp.Orders, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    count = 1 + rng.poisson(rng.gamma(1.0, 4.0, CUSTOMERS))
    who = np.repeat(np.arange(CUSTOMERS), count)
    day = rng.integers(0, 730, who.size)
    day[np.concatenate(([0], np.cumsum(count)[:-1]))] = rng.integers(0, 5, CUSTOMERS)
    level = 4.0 * 15.0 / rng.gamma(3.5, 1.0, CUSTOMERS)[who]
    week = np.minimum(day // 7, 419)
    z = calendar().values[0, week]
    amount = rng.gamma(4.0, level / 4.0) * np.exp(effect * z[:, 0] - 0.5 * effect * z[:, 1])
    table = {
        "who": np.array([f"c{one}" for one in who], dtype=object), "on": np.datetime64(START) + day, "paid": amount,
    }  # fmt: skip
    return kp.Orders.from_frame(table, customer="who", date="on", amount="paid"), table


BY_TIME = Covariates(spend=["sale", "wave"], varying=calendar())


@pytest.fixture(scope="module")
def shop() -> Summary:
    return kp.summarise(orders()[0], kp.ObservationWindow(calibration_end=START + dt.timedelta(days=729)))


@pytest.fixture(scope="module")
def fitted(shop: Summary) -> GammaGamma:
    return GammaGamma(prior=None, covariates=BY_TIME).fit(shop)


def test_effects_are_recovered_and_kept(fitted: GammaGamma, shop: Summary, tmp_path: Path) -> None:
    truth = {"p": 4.0, "q": 3.5, "spend:sale": EFFECT, "spend:wave": -0.5 * EFFECT}
    for name, value in truth.items():
        assert abs(fitted.parameters_[name] - value) < 3.5 * fitted.standard_errors_[name], name
    assert fitted.within_ == pytest.approx(4.0, rel=0.15)
    assert fitted.coefficients_[0].sentence.startswith("In weeks with one more of sale customers spend ")
    plain = GammaGamma(prior=None).fit(shop)
    assert kp.likelihood_ratio_test(plain, fitted).degrees_of_freedom == 2
    assert kp.likelihood_ratio_test(plain, fitted).p_value < 1e-8
    again = kp.load_model(fitted.save(tmp_path / "spend.json", corrected=False))
    ours, theirs = (one.expected_spend(shop).to_numpy()["expected_spend"] for one in (fitted, again))
    assert theirs == pytest.approx(ours, rel=1e-12)
    assert again.within_ == fitted.within_


def test_standard_errors_are_those_of_the_curvature(fitted: GammaGamma) -> None:
    evidence = fitted._kept_evidence()
    at = fitted.posterior_.mean
    found = evidence.log_posterior(at, 2)
    for place in range(at.size):
        step = np.zeros(at.size)
        step[place] = 1e-4
        more, less = evidence.log_posterior(at + step, 2), evidence.log_posterior(at - step, 2)
        assert (more.value - less.value) / 2e-4 == pytest.approx(found.gradient[place], abs=1e-3)
        assert (more.gradient - less.gradient) / 2e-4 == pytest.approx(found.hessian[place], rel=1e-4, abs=1e-2)


def test_answers_are_of_a_day(fitted: GammaGamma, shop: Summary) -> None:
    sale, plain = START + dt.timedelta(weeks=104), START + dt.timedelta(weeks=105)
    dear, usual = (
        fitted.expected_spend(shop, on=day).to_numpy()["expected_spend"] for day in (sale, plain.isoformat())
    )
    wave = calendar().values[0, [104, 105], 1] @ [1.0, -1.0]
    rise = np.exp(fitted.parameters_["spend:sale"] + fitted.parameters_["spend:wave"] * wave)
    assert dear / usual == pytest.approx(np.full(dear.size, rise))
    # The first day after the data is one of the last week that it has begun.
    assert fitted.expected_spend(shop).to_numpy()["expected_spend"] == pytest.approx(dear)
    row = fitted.interval(shop).to_numpy()
    assert np.all(row["expected_spend_low"] < row["expected_spend_high"])
    with pytest.raises(ConfigError, match="is outside"):
        fitted.expected_spend(shop, on="2040-01-01")
    with pytest.raises(ConfigError, match="the model has none"):
        GammaGamma().fit(shop).expected_spend(shop, on="2023-01-01")


def test_paths_that_do_not_vary_are_a_column_of_customers() -> None:
    source, _ = orders()
    keys = [f"c{one}" for one in range(CUSTOMERS)]
    vip = (np.arange(CUSTOMERS) % 3 == 0).astype(float)
    paths = TimeVarying(START, ("vip",), np.repeat(vip[:, None, None], 30, axis=1), tuple(keys))
    window = kp.ObservationWindow(calibration_end=START + dt.timedelta(days=729))
    summary = kp.summarise(source, window, covariates=[{"customer_key": keys, "is_vip": vip}, paths])
    timed = GammaGamma(prior=None, covariates=Covariates(spend=["vip"], varying=paths)).fit(summary)
    still = GammaGamma(prior=None, covariates=Covariates(spend=["is_vip"])).fit(summary)
    assert timed.log_likelihood_ == pytest.approx(still.log_likelihood_, rel=1e-9)
    for name, value in still.parameters_.items():
        assert timed.parameters_[name.replace("is_vip", "vip")] == pytest.approx(value, rel=1e-4), name
    for name, value in still.standard_errors_.items():
        assert timed.standard_errors_[name.replace("is_vip", "vip")] == pytest.approx(value, rel=1e-4), name
    buying = kp.NBD().fit(summary)
    values = [
        kp.lifetime_value(buying, one, summary, columns=["clv_predicted_12m", "clv_predicted_12m_high"]).to_numpy()
        for one in (timed, still)
    ]
    for name in ("clv_predicted_12m", "clv_predicted_12m_high"):
        order = [np.argsort(one["customer_key"]) for one in values]
        assert values[0][name][order[0]] == pytest.approx(values[1][name][order[1]], rel=2e-3)


def test_no_effect_is_gamma_gamma(shop: Summary) -> None:
    """At coefficients of zero the likelihood is Gamma-Gamma's, and so are answers and values."""
    timed, plain = GammaGamma(prior=None, covariates=BY_TIME).fit(shop), GammaGamma(prior=None).fit(shop)
    at = np.append(plain.posterior_.mean, [0.0, 0.0])
    assert timed._kept_evidence().log_posterior(at, 0).value - _constant(timed) == pytest.approx(
        plain.log_likelihood_, rel=1e-9
    )
    timed.parameters_ |= {**plain.parameters_, "spend:sale": 0.0, "spend:wave": 0.0}
    found, expected = (one.expected_spend(shop).to_numpy()["expected_spend"] for one in (timed, plain))
    assert found == pytest.approx(expected, rel=1e-10)
    buying = kp.MBGNBD().fit(shop)
    found, expected = (kp.lifetime_value(buying, one, shop).stored().to_numpy() for one in (timed, plain))
    for name in ("clv_predicted_12m", "clv_lifetime", "expected_order_value"):
        assert np.sort(found[name]) == pytest.approx(np.sort(expected[name]), rel=1e-9)


def _constant(model: Any) -> float:
    """What the kept likelihood lacks of the model's own, money being counted in another unit there."""
    at = model.posterior_.mean
    return float(model._kept_evidence().log_posterior(at, 0).value - model.log_likelihood_)


def test_values_weigh_the_calendar_ahead(fitted: GammaGamma, shop: Summary) -> None:
    """The factor of a customer who buys evenly is the mean effect of the weeks ahead; sums are sums of values."""
    buying = kp.NBD().fit(shop)
    values = kp.lifetime_value(buying, fitted, shop, kp.weeks(8), discount=kp.annual_rate(0.0)).stored()
    course = values.facts.cells.spend.course
    weeks = np.arange(104, 112)
    # The first day ahead is the third last of week 104, so that part of week 112 is ahead too.
    days = (730 + np.arange(56)) // 7
    assert course.factor(kp.weeks(8)) == pytest.approx(fitted._effects[0, days].mean(), rel=1e-3)
    assert weeks[0] == days[0]
    table = values.to_numpy()
    total = equity(values, draws=8).total
    assert total.value == pytest.approx(table["clv_predicted_8w"].sum(), rel=1e-6)
    assert total.low < total.value < total.high
    expected = table["expected_orders"] * table["expected_order_value"]
    assert table["clv_predicted_8w"] == pytest.approx(expected, rel=1e-9)
    # Discounting: later sales count less.
    steep = course.factor(kp.weeks(104), kp.continuous_rate(3.0, per="year"))
    assert steep.mean() != pytest.approx(course.factor(kp.weeks(104)).mean(), rel=1e-3)


def test_a_customer_who_leaves_soon_meets_the_first_weeks() -> None:
    rising = np.ones((1, 300))
    rising[0, 26:] = 2.0

    class Leaving:
        name = "BGNBD"

        def expected_purchases(self, cells: Any, horizon: Any) -> np.ndarray:
            return 1.0 - np.exp(-cells.x * horizon.days / 364.0)

    two = Cells(np.array([1.0, 40.0]), np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.ones(2), TimeUnit.WEEK)
    course = SpendCourse(
        Leaving(), two, kp.weeks(52), rising, np.zeros((1, 300, 1)), np.zeros(1), np.zeros(2, dtype=int), 0, 7, False
    )
    late, soon = course.factor(kp.weeks(52))
    share = (np.exp(-0.5) - np.exp(-1.0)) / (1 - np.exp(-1.0))
    assert late == pytest.approx(1.0 + share, rel=5e-3)
    assert soon == pytest.approx(1.0, abs=1e-3)


def test_the_backtest_takes_the_calendar() -> None:
    source, _ = orders(0.8)
    chosen = kp.choose_model(
        source, models=[kp.NBD()], origins=1, spending=[GammaGamma(), GammaGamma(covariates=BY_TIME)]
    )
    rows = {row.model for row in chosen.backtest.rows if row.of == "value"}
    assert {"NBD+GammaGamma", "NBD+GammaGamma(covariates=sale+wave)"} <= rows, rows


def test_what_is_refused(shop: Summary) -> None:
    short = Covariates(spend=["sale", "wave"], varying=calendar(110))
    with pytest.raises(ConfigError, match="The calendar of spend ends"):
        kp.lifetime_value(kp.NBD().fit(shop), GammaGamma(covariates=short).fit(shop), shop).to_numpy()
    with pytest.raises(ConfigError, match=r"no calendar of what orders are worth\. Use GammaGamma"):
        kp.DriftingGammaGamma(covariates=BY_TIME)
    with pytest.raises(InputError, match="need single orders"):
        GammaGamma(covariates=BY_TIME).fit({"frequency": [2.0], "monetary_value": [3.0]})
    with pytest.raises(ConfigError, match="a customer's mean is not enough"):
        GammaGamma(covariates=BY_TIME).fit(shop).expected_spend_sql()
    with pytest.raises(ConfigError, match="no clock of buying"):
        GammaGamma(covariates=Covariates(purchase=["sale"], varying=calendar()))
    late = TimeVarying(START + dt.timedelta(days=70), ("sale",), calendar().values[:, :, :1])
    with pytest.raises(InputError, match="where the covariates begin"):
        GammaGamma(covariates=Covariates(spend=["sale"], varying=late)).fit(shop)
