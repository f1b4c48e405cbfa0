"""Intervals of answers: the spread of the posterior through every question, in the kind of data that came."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import keepers as kp
from keepers.domain.cells import Cells, SpendCells
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.models.buying_intervals import OF_NEW, OF_ROWS
from keepers.numerics.likelihoods import gamma_gamma, nbd

HORIZON = {"horizon": kp.weeks(26)}
ARGUMENTS = {
    "expected_purchases": HORIZON,
    "purchase_distribution": {**HORIZON, "max_purchases": 2},
    "expected_purchases_new_customer": HORIZON,
    "purchase_distribution_new_customer": {**HORIZON, "max_purchases": 2},
}
DATA = {"frequency": [0, 3, 3, 1], "recency": [0.0, 20.0, 20.0, 2.0], "T": [38.0, 30.0, 30.0, 38.0]}


@pytest.fixture(scope="module")
def model() -> kp.NBD:
    rng = np.random.default_rng(2)
    T = rng.integers(100, 270, 300) / 7
    x, t_x = nbd.sample_new((0.8, 6.0), T, rng)
    return kp.NBD().fit(Cells.of_customers(x, t_x, T, TimeUnit.WEEK))


@pytest.fixture(scope="module")
def fading() -> kp.MBGNBD:
    data = {"frequency": [0, 1, 4, 2] * 30, "recency": [0, 5, 30, 20] * 30, "T": [39, 39, 38, 30] * 30}
    return kp.MBGNBD().fit(data, unit="week")


@pytest.mark.parametrize("question", OF_ROWS)
def test_every_question_has_one(fading: kp.MBGNBD, question: str) -> None:
    cells = Cells([0.0, 3.0], [0.0, 20.0], [38.0, 30.0], [1.0, 1.0], TimeUnit.WEEK)
    name = "probability" if question == "purchase_distribution" else question
    found = fading.interval(cells, question, draws=40, **ARGUMENTS.get(question, {}))
    plain = getattr(fading, question)(cells, **ARGUMENTS.get(question, {}))
    assert np.array_equal(found[name], plain)
    assert np.all(found[f"{name}_low"] <= plain)
    assert np.all(found[f"{name}_high"] >= plain)
    assert not any(np.isnan(column).any() for column in found.values())


@pytest.mark.parametrize("question", OF_NEW)
def test_a_new_customer_has_one(fading: kp.MBGNBD, question: str) -> None:
    found = fading.interval(None, question, draws=40, **ARGUMENTS.get(question, {}))
    assert np.all(found[f"{question}_low"] <= found[question])
    assert np.all(found[question] <= found[f"{question}_high"])
    assert np.any(found[f"{question}_low"] < found[f"{question}_high"])


@pytest.mark.parametrize(
    "given", [kp.HierarchicalParetoNBD(draws=8), kp.Stack([kp.MBGNBD(), kp.BGNBD()], [0.7, 0.3]), kp.MBGCNBD(k=2)]
)
def test_models_that_are_not_one_set_of_parameters_have_one(given: kp.Stack) -> None:
    model = given.fit(DATA, unit="week")
    for question, data in (("expected_purchases", DATA), ("expected_purchases_new_customer", None)):
        found = model.interval(data, question, draws=20, **HORIZON)
        assert np.all(found[f"{question}_low"] <= found[question])
        assert np.all(found[question] <= found[f"{question}_high"])
        assert np.all(found[f"{question}_low"] < found[f"{question}_high"])


def test_it_is_the_posterior_s_spread(model: kp.NBD) -> None:
    found = model.interval(DATA, "expected_purchases", level=90, draws=400, **HORIZON)
    r, alpha = model.posterior_.draws(20_000, np.random.default_rng(3)).T
    for row, (x, T) in enumerate(zip(DATA["frequency"], DATA["T"], strict=True)):
        exact = (r + x) * 26 / (alpha + T)
        low, high = np.quantile(exact, [0.05, 0.95])
        assert found["expected_purchases_low"][row] == pytest.approx(low, abs=0.15 * (high - low))
        assert found["expected_purchases_high"][row] == pytest.approx(high, abs=0.15 * (high - low))
    # The delta method says nearly the same.
    cells = Cells([3.0], [20.0], [30.0], [1.0], TimeUnit.WEEK)
    spread = model.predict_cells(cells, kp.weeks(26)).expected_purchases_se[0]
    width = found["expected_purchases_high"][1] - found["expected_purchases_low"][1]
    assert width == pytest.approx(2 * 1.645 * spread, rel=0.25)


def test_equal_questions_get_equal_answers(model: kp.NBD) -> None:
    one, two = (model.interval(DATA, "expected_purchases", **HORIZON) for _ in range(2))
    assert one["expected_purchases_low"].tolist() == two["expected_purchases_low"].tolist()
    wider = model.interval(DATA, "expected_purchases", level=95, **HORIZON)
    assert np.all(wider["expected_purchases_low"] < one["expected_purchases_low"])


def test_data_come_back_in_their_kind(model: kp.NBD) -> None:
    frame = pd.DataFrame(DATA, index=[7, 8, 9, 10])
    found = model.interval(frame, "expected_purchases", **HORIZON)
    names = ["expected_purchases", "expected_purchases_low", "expected_purchases_high"]
    assert list(found.columns) == [*DATA, *names]
    assert list(found.index) == [7, 8, 9, 10]
    assert found.loc[8, names].tolist() == found.loc[9, names].tolist()
    assert set(model.interval(DATA, "expected_purchases", **HORIZON)) == {*DATA, *names}
    shares = model.interval(frame, "purchase_distribution", **ARGUMENTS["purchase_distribution"])
    assert {"probability_0", "probability_low_2", "probability_high_1"} <= set(shares.columns)


def test_a_summary_gives_a_table(cdnow_path) -> None:
    window = kp.ObservationWindow(calibration_end="1997-09-30", end="1998-06-30", unit="week")
    summary = kp.summarise(kp.read_orders(str(cdnow_path)), window)
    table = kp.NBD().fit(summary).interval(summary, "expected_purchases", draws=20, horizon=kp.weeks(39)).to_pandas()
    assert len(table) == 2357
    assert (table["expected_purchases_low"] < table["expected_purchases"]).all()
    assert (table["expected_purchases"] < table["expected_purchases_high"]).all()
    assert table.groupby(["frequency", "T"])["expected_purchases_low"].nunique().max() == 1


def test_spend_has_one_too() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, 300).astype(float)
    m = gamma_gamma.sample_new((6.0, 4.0, 15.0), x, rng)
    model = kp.GammaGamma().fit(SpendCells.of_customers(x, m))
    data = {"frequency": [0, 2, 3], "monetary_value": [float("nan"), 20.0, 60.0]}
    for question, arguments in (
        ("expected_spend", {}),
        ("spend_quantile", {"quantile": 0.9}),
        ("probability_spend_above", {"threshold": 30.0}),
    ):
        found = model.interval(data, question, **arguments)
        assert np.all(found[f"{question}_low"] < found[question])
        assert np.all(found[question] < found[f"{question}_high"])
    with pytest.raises(ConfigError, match="There is no interval for 'sample_spend'"):
        model.interval(data, "sample_spend")
    with pytest.raises(ConfigError, match=r"needs `quantile`, .* quantile=0\.9"):
        model.interval(data, "spend_quantile")
    with pytest.raises(ConfigError, match="missing a required argument: 'threshold'"):
        model.interval(data, "probability_spend_above")


def test_what_cannot_be_asked(model: kp.NBD) -> None:
    with pytest.raises(ConfigError, match="between 0 and 100"):
        model.interval(DATA, "expected_purchases", level=0.0, **HORIZON)
    with pytest.raises(ConfigError, match=r"There is no interval for 'sample'\. Ask for one of: probability_alive"):
        model.interval(DATA, "sample")
    with pytest.raises(ConfigError, match="about customers: give them as `data`"):
        model.interval(None, "probability_alive")
    with pytest.raises(ConfigError, match="at least 20"):
        model.interval(DATA, "probability_alive", draws=3)
    with pytest.raises(ConfigError, match=r"`expected_purchases` cannot be asked like this: missing .*'horizon'"):
        model.interval(DATA, "expected_purchases")
    with pytest.raises(ConfigError, match="unexpected keyword argument 'horizn'"):
        model.interval(None, "expected_purchases_new_customer", horizn=kp.weeks(4), **HORIZON)
