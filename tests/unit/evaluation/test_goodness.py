"""Tests of fit pass on a model's own law, fail on another's, and say so in sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.domain.time import TimeUnit
from keepers.evaluation.frequency_fit import frequency_fit
from keepers.models.btyd.nbd import NBD
from keepers.models.frames import cells_to_fit
from keepers.testing.stores import cells
from shop import shop_orders

WINDOW = kp.ObservationWindow("2022-12-31", "2023-06-24")


@pytest.fixture(scope="module")
def summary():
    return kp.summarise(shop_orders(2500), WINDOW)


def test_a_model_fits_its_own_law(summary) -> None:
    found = kp.goodness_of_fit(kp.ParetoNBD().fit(summary), summary)
    assert not found.poor
    assert found.sentence == "Pareto/NBD describes this store well enough."
    assert found.frequencies.p_value > 0.01
    assert found.tracking is not None
    assert found.activity is not None
    assert found.activity.p_value > 0.001
    assert abs(found.tracking.total_error or 0) < 0.1
    assert all(sentence.endswith(".") for sentence in found.sentences)
    json.dumps(found.to_dict(), allow_nan=False)


def test_groups_and_bins_account_for_everybody(summary) -> None:
    found = kp.goodness_of_fit(kp.MBGNBD().fit(summary), summary)
    assert sum(found.frequencies.observed) == pytest.approx(summary.customers)
    assert sum(found.frequencies.expected) == pytest.approx(summary.customers, rel=1e-6)
    assert min(found.frequencies.expected) >= 5
    assert found.frequencies.bins[-1][1] is None
    assert sum(group.customers for group in found.activity.groups) == pytest.approx(summary.customers)
    alive = [group.probability_alive for group in found.activity.groups]
    assert alive == sorted(alive)
    repeats = summary.engine.row(f"SELECT sum(frequency) FROM {summary.name}")[0]
    assert sum(point.actual for point in found.tracking.points) == repeats


def test_who_never_leaves_is_found_out(summary) -> None:
    found = kp.goodness_of_fit(NBD().fit(summary), summary)
    assert found.activity.error > kp.goodness_of_fit(kp.MBGNBD().fit(summary), summary).activity.error
    assert found.activity.p_value < 0.001
    assert "more than chance explains" in found.activity.sentence


def test_a_histogram_of_another_law() -> None:
    """Customers of whom half buy every week and half never: no gamma distribution of rates has two summits."""
    x = np.where(np.arange(2000) % 2, 0.0, 30.0 + np.arange(2000) % 7)
    data = Cells.of_customers(x, np.where(x > 0, 39.0, 0.0), np.full(2000, 40.0), TimeUnit.WEEK)
    found = frequency_fit(NBD(prior=None).fit(data), data)
    assert found.poor
    assert found.moved > 0.2
    assert found.p_value < 0.001
    assert "far from what NBD expects" in found.sentence


def test_without_orders_or_holdout_it_says_what_is_missing() -> None:
    data = cells([0.0, 3.0, 8.0], [0.0, 20.0, 39.0], 40.0, [900.0, 80.0, 20.0])
    found = kp.goodness_of_fit(kp.MBGNBD().fit(data), data)
    assert found.tracking is None
    assert found.activity is None
    assert found.sentences[1] == "Without orders nothing can be followed over time."
    assert "make the summary with a window that has one" in found.sentences[2]


def test_one_time_buyers_only() -> None:
    data = cells([0.0], 0.0, 30.0, 400.0)
    found = kp.goodness_of_fit(kp.ParetoNBD().fit(data), data)
    assert found.frequencies.p_value == 1.0 or found.frequencies.moved < 0.1
    assert not found.poor


def test_opportunities_and_stacks_are_tested_too() -> None:
    from keepers.testing.stores import store

    data = store(1500)
    assert not kp.goodness_of_fit(kp.BGBB().fit(data), data).poor
    assert not kp.goodness_of_fit(kp.Stack().fit(data), data).poor


def test_what_is_refused() -> None:
    data = cells([0.0, 3.0], [0.0, 20.0], 40.0)
    with pytest.raises(ConfigError, match="not for NaiveRate"):
        kp.goodness_of_fit(kp.NaiveRate().fit(data), data)
    with pytest.raises(NotFittedError):
        kp.goodness_of_fit(kp.NBD(), data)
    with pytest.raises(InputError, match="no customers"):
        kp.goodness_of_fit(kp.NBD().fit(data), cells([0.0], 0.0, 4.0, 0.0))


def test_a_model_with_covariates_is_tested_over_its_customers() -> None:
    rng = np.random.default_rng(4)
    channel = rng.choice(["ads", "shop"], 900)
    T = rng.uniform(20.0, 80.0, 900)
    rate = rng.gamma(0.8, np.where(channel == "ads", 0.15, 0.05))
    times = np.cumsum(rng.exponential(1 / rate[:, None], (900, 60)), axis=1)
    seen = times <= T[:, None]
    frame = {
        "frequency": seen.sum(axis=1), "recency": np.where(seen, times, 0.0).max(axis=1), "T": T, "channel": channel,
    }  # fmt: skip
    model = kp.NBD(covariates=kp.Covariates(purchase=["channel"])).fit(frame, unit="week")
    known = cells_to_fit(frame, "week", attributes=["channel"])
    assert kp.goodness_of_fit(model, known).frequencies.p_value > 0.01
    plain = kp.NBD().fit(frame, unit="week")
    assert model.log_likelihood_ > plain.log_likelihood_ + 10
    paths = kp.calendar_covariates("2022-01-01", "2030-01-01")
    days = (np.datetime64("2022-01-03") + rng.integers(0, 400, 300)).astype(str)
    orders = kp.Orders.from_frame({"who": rng.integers(0, 90, 300).astype(str), "on": days}, customer="who", date="on")
    summary = kp.summarise(orders, covariates=paths)
    seasonal = kp.NBD(covariates=kp.Covariates(purchase=["season_sin_1"], varying=paths)).fit(summary)
    with pytest.raises(ConfigError, match="depends on the days"):
        kp.goodness_of_fit(seasonal, summary)
