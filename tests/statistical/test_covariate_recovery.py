"""Effects of covariates are recovered, and their 80% intervals hold the truth about 80% of the time."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.models.buying import BuyingModel
from keepers.numerics.likelihoods import bg_nbd, pareto_nbd


def drawn(family, theta, moved: dict[int, FloatArray], T: FloatArray, rng: np.random.Generator):
    """Histories of customers whose parameters differ between two groups and by a number in steps."""
    logs = np.tile(np.log(theta), (T.size, 1))
    for place, shift in moved.items():
        logs[:, place] += shift
    x, t_x = np.zeros(T.size), np.zeros(T.size)
    for own, rows in zip(*_groups(np.exp(logs)), strict=True):
        x[rows], t_x[rows] = family.sample_new(own, T[rows], rng)
    return x, t_x


def _groups(table: FloatArray):
    distinct, group = np.unique(table, axis=0, return_inverse=True)
    return distinct, [np.flatnonzero(group.ravel() == place) for place in range(len(distinct))]


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("model", "family", "theta", "signs", "replicates"),
    [
        (kp.BGNBD, bg_nbd, (0.7, 8.0, 0.8, 2.5), {"purchase": (1, -1.0)}, 40),
        (kp.ParetoNBD, pareto_nbd, (0.7, 8.0, 0.7, 11.0), {"purchase": (1, -1.0), "dropout": (3, -1.0)}, 12),
    ],
)
def test_intervals_hold_what_they_promise(model: type[BuyingModel], family, theta, signs, replicates):
    rng = np.random.default_rng(31)
    truth = {"purchase:channel[shop]": 0.5, "purchase:age": -0.03, "dropout:channel[shop]": -0.6, "dropout:age": 0.0}
    held, errors = [], []
    for _ in range(replicates):
        channel = rng.choice(["ads", "shop"], 1500, p=[0.6, 0.4])
        age = rng.integers(2, 7, 1500) * 10.0
        moved = {}
        for process, (place, sign) in signs.items():
            shop = truth[f"{process}:channel[shop]"] * (channel == "shop")
            moved[place] = sign * (shop + truth[f"{process}:age"] * (age - 40.0))
        T = rng.integers(30, 80, 1500).astype(float)
        x, t_x = drawn(family, theta, moved, T, rng)
        data = {"frequency": x, "recency": t_x, "T": T, "channel": channel, "age": age}
        columns = {process: ["channel", "age"] for process in signs}
        fitted = model(prior=None, covariates=kp.Covariates(**columns, reference={"channel": "ads"})).fit(data, "week")
        for one in fitted.coefficients_:
            held.append(one.low <= truth[one.name] <= one.high)
            errors.append((one.value - truth[one.name]) / one.standard_error)
    assert np.mean(held) == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / len(held)))
    assert np.mean(errors) == pytest.approx(0.0, abs=4 / np.sqrt(len(errors)))
