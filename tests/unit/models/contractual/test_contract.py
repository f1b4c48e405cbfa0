"""Models of contracts on every business: outcomes in words, answers of every kind of data, persistence, refusals."""

from __future__ import annotations

import inspect
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pytest

import keepers as kp
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, months
from keepers.models.catalogue import load_model
from keepers.models.contractual.contract import ContractModel
from keepers.models.priors import LogNormal, Prior

MODELS: list[type[ContractModel]] = [
    kp.ShiftedBetaGeometric,
    kp.BetaDiscreteWeibull,
    kp.ExponentialGamma,
    kp.WeibullGamma,
]
SMALL = {"tenure": [1.0, 2.0, 4.0, 6.0, 6.0, 3.0], "ended": [1, 1, 1, 0, 0, 1]}
BUSINESSES = {
    "fifty": {"tenure": np.tile([1.0, 2.0, 5.0, 9.0, 12.0], 10), "ended": np.tile([1, 1, 1, 0, 0], 10)},
    "nobody ends": {"tenure": np.arange(1.0, 61.0), "ended": np.zeros(60)},
    "everybody ends at once": {"tenure": np.ones(60), "ended": np.ones(60)},
    "one contract": {"tenure": [3.0], "ended": [0.0]},
    "just begun": {"tenure": np.zeros(60), "ended": np.zeros(60)},
    "alike": {"tenure": np.repeat(np.arange(1.0, 11.0), 40), "ended": np.ones(400)},
    "very old": {"tenure": np.array([5000.0, 4000.0, 1.0] * 30), "ended": np.array([0.0, 1.0, 1.0] * 30)},
}
QUESTIONS = {
    "survival": {"horizon": months(12)},
    "churn_probability": {"horizon": months(12)},
    "renewal_probability": {},
    "expected_residual_tenure": {"cap": months(24)},
    "expected_tenure": {"cap": months(24)},
    "median_residual_tenure": {},
    "discounted_expected_tenure": {"horizon": months(24)},
}


@pytest.mark.parametrize("prior", ["auto", None])
@pytest.mark.parametrize("business", BUSINESSES)
@pytest.mark.parametrize("model", MODELS)
def test_every_business_gets_an_answer(model, business, prior) -> None:
    data = BUSINESSES[business]
    fitted = model(prior).fit(data, unit="month")
    assert isinstance(fitted.outcome_, FitOutcome)
    if fitted.outcome_.usable:
        for question, arguments in QUESTIONS.items():
            answer = getattr(fitted, question)(data, **arguments)[question]
            assert not np.any(np.isnan(answer)), question
            assert np.all(answer >= 0)
    if not np.any(data["ended"]):
        assert fitted.outcome_ is FitOutcome.NO_ENDINGS
        assert "No contract has ended" in fitted.outcome_.value


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_intervals_hold_the_answer(model, question) -> None:
    fitted = model().fit(BUSINESSES["fifty"], unit="month")
    now = {"tenure": [0.0, 3.0, 8.0], "ended": [0, 0, 1]}
    found = fitted.interval(now, question, **QUESTIONS[question])
    plain = getattr(fitted, question)(now, **QUESTIONS[question])[question]
    assert np.array_equal(found[question], plain)
    low, high = found[f"{question}_low"], found[f"{question}_high"]
    assert np.all(low <= high)
    assert np.all(low[:2] < high[:2]) or question == "median_residual_tenure"
    assert np.all((low <= plain) & (plain <= high))
    wider = fitted.interval(now, question, level=98, **QUESTIONS[question])
    assert np.all(wider[f"{question}_low"] <= low)
    assert np.all(wider[f"{question}_high"] >= high)


def test_infinite_means_say_so() -> None:
    table = {"age": [0, 1, 2, 3, 4, 5], "survivors": [1000, 631, 468, 382, 326, 289]}
    model = kp.ShiftedBetaGeometric(prior=None).fit(table, unit="year")
    assert np.isinf(model.expected_tenure_new_customer())
    assert "infinite" in model.remarks_[0]
    found = model.interval({"tenure": [2.0]}, "expected_residual_tenure")
    assert np.isinf(found["expected_residual_tenure"][0])
    assert np.isinf(found["expected_residual_tenure_high"][0])
    model.parameters_ = {"alpha": 3.0, "beta": 8.0}
    assert model.remarks_ == ()
    assert model.expected_tenure_new_customer() == pytest.approx((3 + 8 - 1) / (3 - 1))
    assert model.median_tenure_new_customer() == 3.0


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_frame_comes_back_in_its_kind(library: str) -> None:
    module = pytest.importorskip(library)
    frame = module.table(SMALL) if library == "pyarrow" else module.DataFrame(SMALL)
    model = kp.WeibullGamma().fit(frame, unit="month")
    result = model.survival(frame, months(3))
    assert type(result) is type(frame)
    wide = nw.from_native(model.interval(frame, "survival", horizon=months(3)))
    assert wide.columns == ["tenure", "ended", "survival", "survival_low", "survival_high"]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_comes_back(model, tmp_path: Path) -> None:
    data = {**SMALL, "plan": ["a", "b", "a", "b", "a", "b"]}
    for prior in ("auto", Prior({name: LogNormal(2.0, 1.0) for name in model.symbols}, TimeUnit.MONTH)):
        fitted = model(prior).fit(data, unit="month", by="plan")
        back = load_model(fitted.save(tmp_path / "model.json"))
        assert isinstance(back, model)
        assert repr(back) == repr(fitted)
        for one, other in ((back, fitted), (back.plans_["b"], fitted.plans_["b"])):
            assert one.parameters_ == other.parameters_
        ours, theirs = (one.interval(data, "survival", horizon=months(6)) for one in (back, fitted))
        assert ours["survival"] == pytest.approx(theirs["survival"], rel=1e-12)
        assert ours["survival_low"] == pytest.approx(theirs["survival_low"], rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_cells_give_arrays(model) -> None:
    cells = ContractCells([0, 1, 0], [4, 5, 3], [0, 0, 1], [5, 2, 9], TimeUnit.MONTH)
    fitted = model().fit(cells)
    assert fitted.survival(cells, months(2)).shape == (3,)
    assert fitted.survival(cells, months(2))[2] == 0
    assert set(fitted.interval(cells, "churn_probability", horizon=months(2))) == {
        "churn_probability", "churn_probability_low", "churn_probability_high",
    }  # fmt: skip


def test_every_model_has_every_question() -> None:
    asked = {name for name, member in vars(ContractModel).items() if inspect.isfunction(member) and name[0] != "_"}
    for model in MODELS:
        assert not asked & set(vars(model)), "a model fills the interface's slots and overrides no answer"
    assert set(QUESTIONS) <= asked


def test_what_is_refused() -> None:
    model = kp.ShiftedBetaGeometric()
    with pytest.raises(NotFittedError):
        model.survival(SMALL, months(1))
    with pytest.raises(ConfigError, match="does not say its period"):
        model.fit(SMALL)
    for wrong, message in (
        ({"tenure": [2.5], "ended": [1]}, "whole number of periods"),
        ({"tenure": [2.0], "ended": [2]}, "neither 0 nor 1"),
        ({"tenure": [-1.0], "ended": [0]}, "`tenure` is negative"),
        ({"tenure": [0.0], "ended": [1]}, "must have lasted"),
        ({"tenure": [3.0], "ended": [1], "entry": [4.0]}, "`entry` is larger"),
        ({"tenure": [3.0]}, "lacks `ended`"),
        ({"tenure": [np.nan], "ended": [0]}, "empty or infinite"),
        ({"tenure": ["x"], "ended": [0]}, "not a column of numbers"),
        ({"tenure": [], "ended": []}, "no contract"),
        ({"age": [0, 1], "survivors": [10, 12]}, "rise from 10 at age 0 to 12"),
        ({"age": [0, 0], "survivors": [10, 9]}, "stands twice"),
    ):
        with pytest.raises(InputError, match=message):
            kp.ShiftedBetaGeometric().fit(wrong, unit="month")
    model.fit(SMALL, unit="month")
    with pytest.raises(ConfigError, match="missing its unit"):
        model.survival(SMALL, 12)
    with pytest.raises(ConfigError, match="no question"):
        model.interval(SMALL, "colour")
    with pytest.raises(ConfigError, match="needs `horizon`"):
        model.interval(SMALL, "survival")
    with pytest.raises(ConfigError, match="no argument cap"):
        model.interval(SMALL, "survival", horizon=months(2), cap=months(3))
    with pytest.raises(InputError, match="no fit of the plan"):
        model.survival_new_customer(months(3), plan="gold")
    with pytest.raises(ConfigError, match="do not convert"):
        model.survival(ContractCells([0], [1], [0], [1], TimeUnit.YEAR), months(1))
    with pytest.raises(ConfigError, match="next_renewal"):
        model.discounted_expected_tenure(SMALL, next_renewal=-1.0)


def test_what_cannot_be_drawn_or_told() -> None:
    model = kp.ShiftedBetaGeometric().fit({"age": [0, 1, 2], "survivors": [100, 80, 70]}, unit="month")
    with pytest.raises(ConfigError, match="`level` is 120"):
        model.retention_curve(3, level=120)
    with pytest.raises(ConfigError, match="`customers` is -1; draw one or more"):
        model.sample(-1, np.random.default_rng(1), months(4))
