"""Draws that a sampler or a bootstrap made, with how well they did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import MissingExtraError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Equally likely draws of log parameters.

    Parameters
    ----------
    method : str
        "nuts", "bootstrap" or "parametric bootstrap".
    points : array, shape (chains, draws, d)
        The draws; a bootstrap is one chain.
    r_hat, effective : arrays, shape (d,)
        How far chains disagree (1 is not at all, NaN without chains), and how many independent draws they are worth.
    sentence : str
        Whether they can be relied on.
    diverged : array of bool, shape (chains, draws), optional
        Draws at which NUTS left its path.
    """

    method: str
    points: FloatArray
    r_hat: FloatArray
    effective: FloatArray
    sentence: str
    diverged: NDArray[np.bool_] | None = None

    def shifted(self, by: FloatArray, times: FloatArray | float = 1.0) -> Samples:
        """The draws of parameters whose logarithms are `times` as large, and then larger by `by`."""
        return replace(self, points=self.points * times + by)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "method": self.method,
            "points": np.round(self.points, 6).tolist(),
            "r_hat": [None if np.isnan(value) else float(value) for value in self.r_hat],
            "effective": self.effective.tolist(),
            "sentence": self.sentence,
            "diverged": None if self.diverged is None else self.diverged.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Samples:
        """The draws that `to_dict` wrote."""
        return cls(
            str(data["method"]),
            np.array(data["points"], dtype=float),
            np.array([np.nan if value is None else value for value in data["r_hat"]], dtype=float),
            np.array(data["effective"], dtype=float),
            str(data["sentence"]),
            None if data["diverged"] is None else np.array(data["diverged"], dtype=bool),
        )


def to_inference_data(draws: Mapping[str, FloatArray], samples: Samples | None) -> Any:
    """ArviZ' own container of draws, each an array of shape (chains, draws)."""
    arviz = import_bayes("arviz", "The ArviZ form of a posterior")
    diverged = None if samples is None else samples.diverged
    statistics = None if diverged is None else {"diverging": diverged}
    return arviz.from_dict(posterior=dict(draws), sample_stats=statistics)


def import_bayes(library: str, purpose: str) -> Any:
    """A library of the extra `bayes`, without the announcements that it makes when it is imported.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    import importlib
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(library)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] != library:
                raise
            raise MissingExtraError(library, "bayes", purpose) from None
