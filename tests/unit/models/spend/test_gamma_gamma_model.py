"""The Gamma-Gamma estimator: what it takes, what it leaves out, what it says, and where data run out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest

from history import PurchaseRows
from keepers.data.table import Table
from keepers.domain.cells import SpendCells
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow
from keepers.models.catalogue import load_model
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.bins import coarsened
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.likelihoods import gamma_gamma
from keepers.summaries.summary import summarise

THETA = (5.0, 3.5, 20.0)


def simulated(customers: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Customers with one to about ten orders of known mean."""
    rng = np.random.default_rng(seed)
    x = 1.0 + rng.poisson(2.0, customers)
    return {"frequency": x, "monetary_value": gamma_gamma.sample_new(THETA, x, rng)}


@pytest.fixture(scope="module")
def model() -> GammaGamma:
    return GammaGamma().fit(simulated(3000))


def test_frames_come_back_as_they_came(model):
    data = {"frequency": [0, 2, 3], "monetary_value": [None, 25.0, 90.0]}
    from_pandas = model.expected_spend(pd.DataFrame(data, index=["a", "b", "c"]))
    from_polars = model.expected_spend(pl.DataFrame(data))
    assert isinstance(from_pandas, pd.DataFrame)
    assert list(from_pandas.index) == ["a", "b", "c"]
    assert isinstance(from_polars, pl.DataFrame)
    assert from_pandas["expected_spend"].to_list() == pytest.approx(from_polars["expected_spend"].to_list())
    assert from_pandas["expected_spend"].iloc[0] == pytest.approx(model.mean_spend_)


def test_a_summary_gets_a_column_in_the_engine():
    rows = [("a", "2024-01-01", 10.0), ("a", "2024-01-09", 30.0), ("b", "2024-01-02", 99.0), ("c", "2024-01-03", 5.0)]
    rows += [("c", "2024-02-03", 8.0), ("c", "2024-03-03", 9.0)]
    summary = summarise(PurchaseRows(rows), ObservationWindow(end="2024-04-01"))
    for include_first, mean in ((False, "monetary_value"), (True, "monetary_value_all")):
        model = GammaGamma(include_first=include_first).fit(summary)
        assert model.n_customers_ == (3 if include_first else 2)
        found = model.expected_spend(summary)
        assert isinstance(found, Table)
        by_engine = summary.engine.rows(
            f"SELECT customer_key, {model.expected_spend_sql()} FROM {summary.name} ORDER BY 1"
        )
        by_array = summary.engine.rows(f"SELECT customer_key, expected_spend FROM {found.name} ORDER BY 1")
        assert [row[1] for row in by_array] == pytest.approx([row[1] for row in by_engine], rel=1e-12)
        known = dict(by_array)
        assert (known["b"] == pytest.approx(model.mean_spend_)) is not include_first
        assert mean in found.columns


def test_the_first_order_counts_when_asked():
    data = {"frequency": [0, 0, 1, 3], "monetary_value_all": [500.0, 5.0, 40.0, 35.0]}
    model = GammaGamma(include_first=True).fit(data)
    rich, poor = model.expected_spend(data)["expected_spend"][:2]
    assert rich > 2 * poor
    with pytest.raises(InputError, match="monetary_value_all"):
        model.expected_spend({"frequency": [1], "monetary_value": [5.0]})
    with pytest.raises(InputError, match=r"lacks monetary_value .*first excluded"):
        GammaGamma().fit(data)


def test_orders_without_money_are_left_out_and_counted():
    data = simulated(500)
    clean = GammaGamma().fit(data)
    x = np.concatenate([data["frequency"], [1.0, 2.0, 4.0, 0.0]])
    m = np.concatenate([data["monetary_value"], [0.0, -12.0, np.nan, np.nan]])
    model = GammaGamma().fit({"frequency": x, "monetary_value": m})
    assert model.parameters_ == pytest.approx(clean.parameters_, rel=1e-9)
    assert model.remarks_ == (
        "2 customers whose orders bring zero or less were left out of the fit (0.4%).",
        "1 customer whose orders have no amount was left out of the fit (0.2%).",
    )
    found = model.expected_spend({"frequency": x[-4:], "monetary_value": m[-4:]})["expected_spend"]
    assert np.all(found > 0)
    assert found[1] < found[0] < model.mean_spend_
    assert found[2:] == pytest.approx(model.mean_spend_)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"frequency": [0, 0], "monetary_value": [np.nan, np.nan]}, r"No customer has a repeat order .*include_first"),
        ({"frequency": [1], "monetary_value": [-3.0]}, "money above zero"),
        ({"frequency": [1.5], "monetary_value": [3.0]}, r"`frequency` is impossible in 1 row \(first: row 1, 1.5\)"),
        ({"frequency": [1], "monetary_value": ["a lot"]}, "not a column of numbers"),
        ({"orders": [1]}, r"lacks frequency, monetary_value \(it has: orders\)"),
        ({"frequency": [1], "monetary_value": [3.0], "weight": [-1.0]}, "`weight` is impossible"),
    ],
)
def test_impossible_data_are_refused(data, message):
    with pytest.raises(InputError, match=message):
        GammaGamma().fit(data)


@pytest.mark.parametrize("customers", [1, 3, 10, 50])
def test_few_customers_get_an_answer_that_leans_on_the_prior(customers):
    data = simulated(customers)
    model = GammaGamma().fit(data)
    assert model.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert 0 < model.posterior_.prior_share < 1
    found = model.expected_spend(data)["expected_spend"]
    assert np.all((found > 0) & (found < 3 * data["monetary_value"].max()))


def test_the_prior_weighs_less_the_more_is_known():
    shares = [GammaGamma().fit(simulated(n)).posterior_.prior_share for n in (3, 30, 150, 500)]
    assert all(more < less for less, more in pairwise(shares))
    assert shares[-1] == 0


@pytest.mark.parametrize("prior", ["auto", None])
@pytest.mark.parametrize("customers", [40, 1000])
def test_equal_spend_gives_that_spend(customers, prior):
    x = 1.0 + np.arange(customers) % 7
    model = GammaGamma(prior=prior).fit({"frequency": x, "monetary_value": np.full(customers, 35.0)})
    assert model.outcome_.usable
    found = model.expected_spend({"frequency": [0, 1, 9], "monetary_value": [np.nan, 35.0, 35.0]})
    assert found["expected_spend"] == pytest.approx([35.0] * 3, rel=1e-3)
    assert "cannot be told" in model.independence_.sentence


def test_a_tail_without_a_mean_is_said():
    rng = np.random.default_rng(2)
    x = 1.0 + rng.poisson(3.0, 4000)
    model = GammaGamma().fit({"frequency": x, "monetary_value": gamma_gamma.sample_new((3.0, 0.7, 10.0), x, rng)})
    assert model.outcome_ is FitOutcome.INFINITE_MEAN
    assert model.mean_spend_ == np.inf
    assert "mean spend over all customers is infinite" in model.remarks_[0]
    known = model.expected_spend({"frequency": [0, 2], "monetary_value": [np.nan, 40.0]})["expected_spend"]
    assert np.isinf(known[0])
    assert np.isfinite(known[1])


@pytest.mark.parametrize(("slope", "words"), [(0.6, "too high"), (-0.6, "too low"), (0.0, "says nothing")])
def test_dependence_of_spend_on_frequency_is_said(slope, words):
    rng = np.random.default_rng(4)
    x = 1.0 + rng.poisson(3.0, 4000)
    m = 30 * x**slope * rng.gamma(5.0, 0.2, x.size)
    found = GammaGamma().fit({"frequency": x, "monetary_value": m}).independence_
    assert words in found.sentence
    assert found.holds is (slope == 0)


def test_bins_are_fitted_as_well_as_rows():
    data = simulated(60_000)
    exact = GammaGamma().fit(data)
    assert exact.grid_error_ == 0
    log_m, width = np.log(data["monetary_value"]), 0.1
    keys, index = np.unique(np.column_stack([data["frequency"], np.floor(log_m / width)]), axis=0, return_inverse=True)
    index = index.ravel()
    weight = np.bincount(index).astype(float)
    mean = np.bincount(index, weights=log_m) / weight
    spread = np.bincount(index, weights=(log_m - mean[index]) ** 2) / weight
    cells = SpendCells(keys[:, 0], np.exp(mean), weight, spread)
    binned = GammaGamma().fit(cells)
    errors = np.array([exact.standard_errors_[name] for name in exact.symbols])
    moved = np.array([binned.parameters_[name] - exact.parameters_[name] for name in exact.symbols]) / errors
    assert np.abs(moved).max() < 0.01
    assert 0 < binned.grid_error_ < 0.05
    assert binned.log_likelihood_ == pytest.approx(exact.log_likelihood_, abs=0.05)
    merged = coarsened(cells)
    assert merged.customers == cells.customers
    assert merged.size < 0.6 * cells.size
    assert merged.weight @ np.log(merged.mean_spend) == pytest.approx(weight @ mean)


def test_quantiles_and_probabilities_agree(model):
    data = {"frequency": [0, 2], "monetary_value": [np.nan, 25.0]}
    amount = model.spend_quantile(data, 0.8, orders=3)["spend_quantile"]
    above = [
        model.probability_spend_above(data, float(value), orders=3)["probability_spend_above"][row]
        for row, value in enumerate(amount)
    ]
    assert above == pytest.approx([0.2, 0.2])
    drawn = model.sample_spend(
        {"frequency": [2] * 50_000, "monetary_value": [25.0] * 50_000}, 3, np.random.default_rng(1)
    )["spend"]
    assert np.mean(drawn > amount[1]) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("level", [0.0, 1.0, 80])
def test_impossible_questions_are_refused(model, level):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        model.spend_quantile({"frequency": [1], "monetary_value": [5.0]}, level)
    with pytest.raises(ConfigError, match="above zero"):
        model.probability_spend_above({"frequency": [1], "monetary_value": [5.0]}, 3.0, orders=0)


def test_a_model_is_the_same_after_saving(model, tmp_path):
    again = load_model(model.save(tmp_path / "spend.json"))
    assert isinstance(again, GammaGamma)
    assert again.parameters_ == model.parameters_
    assert again.mean_spend_ == model.mean_spend_
    assert again.independence_ == model.independence_
    assert again.remarks_ == model.remarks_
    first = GammaGamma(include_first=True).fit({"frequency": [1.0, 2.0], "monetary_value_all": [3.0, 4.0]})
    loaded = load_model(first.save(tmp_path / "first.json"))
    assert loaded.include_first is True
    assert loaded.prior_ == first.prior_


def test_a_prior_of_time_is_not_one_of_money():
    beliefs = {"p": LogNormal(2, 1), "q": LogNormal(3, 1), "gamma": LogNormal(1, 1)}
    with pytest.raises(ConfigError, match="money=True"):
        GammaGamma(prior=Prior(beliefs))
    fitted = GammaGamma(prior=Prior(beliefs, money=True)).fit(simulated(20))
    assert fitted.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert "money in mean order values" in str(fitted.prior_)


def test_nothing_is_answered_before_a_fit():
    with pytest.raises(NotFittedError):
        GammaGamma().expected_spend({"frequency": [1], "monetary_value": [5.0]})
