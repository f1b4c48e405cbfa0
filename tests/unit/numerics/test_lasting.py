"""The part of a total's error that is carried over to other days."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.lasting import lasting_gap


def test_what_lasts_is_told_from_chance() -> None:
    rng = np.random.default_rng(1)
    expected = rng.gamma(0.5, 100.0, 40_000)
    came = 1.3 * expected * rng.gamma(1.0, 1.0, expected.size)
    many = lasting_gap(expected, came)
    assert many == pytest.approx(np.log(1.3), abs=0.02)
    # Of few customers the same is mostly chance, unless it is far beyond chance.
    level = came[:150] * (expected[:150].sum() / came[:150].sum())
    assert 0.0 < lasting_gap(expected[:150], np.exp(0.05) * level) < 0.2 * 0.05
    assert lasting_gap(expected[:150], np.exp(1.5) * level) > 0.95 * 1.5
    # Rows of one customer go together, so that twice the rows are not twice the evidence.
    few, some = expected[:400], came[:400]
    twice = lasting_gap(np.tile(few, 2), np.tile(some, 2), np.tile(np.arange(400), 2))
    assert twice == pytest.approx(lasting_gap(few, some), rel=1e-9)
    assert lasting_gap(np.full(5, np.nan), np.ones(5)) == lasting_gap(few, np.zeros(400)) == 0.0
    # What reached far beyond its history is believed less.
    assert lasting_gap(few, some, reach=2.0) < lasting_gap(few, some, reach=0.2)
