"""A model under test: unfitted copies, a fit to ordinary data, and the histories it is asked about."""

from __future__ import annotations

import copy
import inspect
import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError
from keepers.testing.stores import asked, store

_SHARED = {5: ((0, 1, 2, 3, 4),), 6: ((0, 1, 2, 4), (1, 2, 3, 5))}
"""By number of parameters: sets of them of which an even number are made small together. What is left has every pair
and triple in every combination."""


@dataclass(eq=False)
class Tested:
    """What promises are tested on, whatever kind of model it is.

    Parameters
    ----------
    given : class or instance
        The model; an instance carries its settings.
    tolerance : float
        Relative accuracy that its answers have.
    seed : int
        Seed of all chance.
    data, rows : cells
        Ordinary data that it is fitted to, and the histories that questions are put to.
    """

    given: Any
    tolerance: float = 1e-6
    seed: int = 20_050_514
    data: Any = None
    rows: Any = None

    @property
    def name(self) -> str:
        """Class of the model."""
        return str((self.given if inspect.isclass(self.given) else type(self.given)).__name__)

    @property
    def kind(self) -> Any:
        """The class itself."""
        return self.given if inspect.isclass(self.given) else type(self.given)

    @property
    def parametric(self) -> bool:
        """Whether the model is a family of likelihoods, with parameters and exact derivatives."""
        return hasattr(self.kind, "family")

    @property
    def infinite(self) -> dict[str, str]:
        """Questions whose answer may be infinite, and when, as the model declares."""
        return dict(getattr(self.fresh(), "infinite", {}))

    def fresh(self) -> Any:
        """An unfitted model."""
        if not inspect.isclass(self.given):
            return copy.copy(self.given)
        try:
            return self.given()
        except TypeError as error:
            raise ConfigError(f"{self.name} cannot be made without arguments ({error}); give an instance.") from error

    @cached_property
    def fit(self) -> tuple[Any, Any]:
        """A model, and what its `fit` to the ordinary data gave back, which must be the same."""
        fresh = self.fresh()
        return fresh, fresh.fit(self.data)

    @property
    def fitted(self) -> Any:
        """The model fitted to the ordinary data."""
        return self.fit[1]

    def rng(self) -> np.random.Generator:
        """A source of chance that is the same at every call."""
        return np.random.default_rng(self.seed)

    def probed(self) -> list[Any]:
        """The fitted model with each parameter a quarter and four times of what was fitted, in all combinations."""
        saved = self.fitted.to_dict()
        symbols = list(saved["parameters"])
        found = []
        for factors in itertools.product((0.25, 4.0), repeat=len(symbols)):
            moved = {name: saved["parameters"][name] * factor for name, factor in zip(symbols, factors, strict=True)}
            found.append(self.kind.from_dict({**saved, "parameters": moved}))
        return found


@dataclass(eq=False)
class Subject(Tested):
    """A model of buying, on the purchases of an ordinary store.

    Parameters
    ----------
    drawn : int
        New customers whose histories are drawn, where chance is to prove something.
    futures : int
        Futures that are drawn of each history that questions are put to.
    """

    data: Cells = field(default_factory=lambda: store(1500))
    rows: Cells = field(default_factory=asked)
    drawn: int = 8000
    futures: int = 4000

    @property
    def discrete(self) -> bool:
        """Whether the model's time passes in opportunities, of which none is a part of another."""
        return bool(getattr(self.kind, "discrete", False))

    @property
    def parametric(self) -> bool:
        """Whether the model is a family of likelihoods, with parameters and exact derivatives."""
        return super().parametric and not self.pooled

    @property
    def pooled(self) -> bool:
        """Whether answers are a mean over models, so that histories drawn from it are not what it learns from."""
        return bool(getattr(self.kind, "pooled", False))

    def probed(self) -> list[Any]:
        """The fitted model with each parameter a quarter and four times of what was fitted.

        Up to four parameters in all combinations; of more, in a half or quarter that has every pair and triple.
        """
        model, theta = self.fitted, self.fitted._theta()
        shared = _SHARED.get(theta.shape[-1], ())
        corners = [
            one
            for one in itertools.product((0.25, 4.0), repeat=theta.shape[-1])
            if all(sum(one[place] < 1 for place in places) % 2 == 0 for places in shared)
        ]
        return [model._at(theta * np.array(factors)) for factors in corners]
