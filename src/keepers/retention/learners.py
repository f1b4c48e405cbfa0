"""Regularised regressions on what is known of customers: splines, and boosted trees where LightGBM is there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, MissingExtraError
from keepers.numerics.spline_ridge import fit_spline_ridge

Learner = Literal["auto", "splines", "trees"]


class Fitted(Protocol):
    """A fitted regression."""

    def predict(self, rows: FloatArray) -> FloatArray:
        """The mean of the outcome at rows, shape (n,)."""


Fit = Callable[[FloatArray, FloatArray], Fitted]


class Constant:
    """The same for everybody."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, rows: FloatArray) -> FloatArray:
        """The constant, shape (n,)."""
        return np.full(rows.shape[0], self.value)


class Trees:
    """Boosted trees by LightGBM: shallow, slow to learn, on one thread."""

    def __init__(self, rows: FloatArray, outcome: FloatArray) -> None:
        import lightgbm

        settings = {
            "objective": "regression", "learning_rate": 0.05, "num_leaves": 8, "max_depth": 3,
            "min_data_in_leaf": max(20, rows.shape[0] // 60), "lambda_l2": 10.0, "feature_fraction": 0.7,
            "bagging_fraction": 0.7, "bagging_freq": 1, "max_bin": 63, "num_threads": 1, "seed": 1,
            "deterministic": True, "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        data = lightgbm.Dataset(rows, outcome, params={"verbosity": -1, "max_bin": 63})
        self._booster = lightgbm.train(settings, data, num_boost_round=80)

    def predict(self, rows: FloatArray) -> FloatArray:
        """The mean of the outcome at rows, shape (n,)."""
        return np.asarray(self._booster.predict(rows, num_threads=1), dtype=np.float64)


def regressions(learner: Learner) -> dict[str, Fit]:
    """The regressions that a learner stands for, by name.

    Raises
    ------
    MissingExtraError
        Trees were asked for and LightGBM is not installed.
    """
    if learner not in ("auto", "splines", "trees"):
        raise ConfigError(f"`learner` is {learner!r}; it must be 'auto', 'splines' or 'trees'.")
    there = importlib.util.find_spec("lightgbm") is not None
    if learner == "trees" and not there:
        raise MissingExtraError("lightgbm", "learn", "Learning effects with trees")
    found: dict[str, Fit] = {}
    if learner != "trees":
        found["splines"] = fit_spline_ridge
    if learner != "splines" and there:
        found["trees"] = Trees
    return found
