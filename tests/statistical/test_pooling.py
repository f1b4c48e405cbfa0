"""Pooled groups beat separate fits and one common fit on groups of mixed sizes."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.numerics.likelihoods import nbd


@pytest.mark.statistical
def test_pooled_forecasts_are_nearer_the_truth():
    rng = np.random.default_rng(12)
    sizes = {f"g{place}": size for place, size in enumerate([15, 20, 25, 30, 40, 60, 80, 120, 200, 400, 1000, 3000])}
    errors = {"pooled": 0.0, "separate": 0.0, "common": 0.0}
    for _ in range(3):
        truth, parts = {}, []
        for label, size in sizes.items():
            theta = np.array([0.8, 9.0]) * np.exp(rng.normal(0, [0.15, 0.35]))
            truth[label] = theta
            T = rng.integers(20, 60, size).astype(float)
            x, t_x = nbd.sample_new(theta, T, rng)
            parts.append((x, t_x, T, np.full(size, label, dtype=object)))
        x, t_x, T, group = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        data = {"frequency": x, "recency": t_x, "T": T, "group": group}
        pooled = kp.PooledModel(kp.NBD(prior=None), by="group").fit(data, "week")
        common = kp.NBD(prior=None).fit(data, "week")
        for label, theta in truth.items():
            own = {name: column[group == label] for name, column in data.items()}
            separate = kp.NBD(prior=None).fit(own, "week")
            cells = (own["frequency"], own["recency"], own["T"], 52.0)
            right = nbd.expected_purchases(theta, *cells)
            for name, model in (("pooled", pooled), ("separate", separate), ("common", common)):
                found = model.expected_purchases(own, kp.weeks(52), unit="week")["expected_purchases"]
                errors[name] += float(np.mean((found - right) ** 2) / np.mean(right**2))
    assert errors["pooled"] < 0.9 * errors["common"]
    assert errors["pooled"] < 0.9 * errors["separate"]
