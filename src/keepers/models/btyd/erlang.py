"""What BG/CNBD-k and MBG/CNBD-k share as estimators: the choice of k, and the stages that nobody sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from numbers import Real
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np

from keepers.domain.cells import Cells, FloatArray, GapUse
from keepers.domain.errors import ConfigError, NotFittedError
from keepers.domain.time import TimeUnit
from keepers.models.base import PriorChoice
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.covariates.specification import Covariates
from keepers.models.frames import cells_to_fit
from keepers.models.priors import LogNormal, ParameterPrior, Prior
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.optimise import Optimum, maximise

LARGEST_K = 12
"""The k that are tried are 1 to this; a clock more regular than Erlang-12 is hardly told from it."""

_SAMPLE = 40_000
_SAMPLE_IN_TIME = 3_000
"""Customers on whom the k compete where covariates vary in time, which costs more."""

_NEARLY = 1e-6
_TIME_POWERS = np.array([0.0, 1.0, 0.0, 0.0])


class ErlangModel(BuyingModel):
    """Repeat buying where each purchase is every k-th stage of a random process, so that buying has a rhythm.

    Parameters
    ----------
    k : int, optional
        Stages a purchase, 1 to 12: 1 is buying at random, more is more regular. Chosen by the likelihood if left out.
    prior : "auto", None or Prior
        See `BuyingModel`; the weak prior's `alpha` is stated for k = 1 and divided by k.
    covariates : Covariates, optional
        See `BuyingModel`; k is chosen with them.

    Attributes
    ----------
    k_ : int
        The k of the fit, also in `parameters_`. At 12, the largest tried, buying is at least as regular as that.
    log_likelihoods_by_k_ : dict of int to float
        The maximum for each k that was tried (of likelihood times prior, where there is one).
    """

    symbols: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    gaps: ClassVar[GapUse | None] = "sum"
    chances: ClassVar[int]
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "purchases_infinite": "where `a` <= 1",
            "expected_lifetime": "where `a` <= 1, or where `r` plus `k` times repeat purchases <= 1",
        }
    )
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"alpha": -1.0}, "dropout": {"a": 1.0, "b": 1.0}}
    varying_processes: ClassVar[tuple[str, ...]] = ("purchase",)
    every_purchase: ClassVar[bool] = True
    k_: int
    log_likelihoods_by_k_: dict[int, float]

    def __init__(
        self, k: int | None = None, prior: PriorChoice = "auto", *, covariates: Covariates | None = None
    ) -> None:
        super().__init__(prior, covariates=covariates)
        self.k = None if k is None else _stages(k)

    @property
    def family(self) -> BuyingFamily:
        """The likelihood and the answers at the k of the fit."""
        k = getattr(self, "k_", self.k)
        if k is None:
            raise NotFittedError(self.name)
        return ErlangBetaGeometric(self.chances, k)

    def __repr__(self) -> str:
        text = super().__repr__()
        if self.k is None:
            return text
        return text.replace(f"{self.name}(", f"{self.name}(k={self.k}, ", 1).replace(", )", ")", 1)

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Fit the model to histories.

        A frame may have a column `log_gaps`: the sum of the logarithms of each customer's times between purchases, in
        the frame's unit. Without it k is chosen by the times of the last purchases alone, which say less.

        Parameters
        ----------
        data : summary, Cells or frame
            Histories. A summary made of orders brings the times between purchases itself.
        unit : TimeUnit or str, optional
            Unit of a frame's times, required there; for cells, the unit to fit in.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If the histories are impossible or there are none.
        """
        cells = cells_to_fit(data, unit, self.gaps, self.needed_attributes)
        if self.k is not None:
            self.k_, self.log_likelihoods_by_k_ = self.k, {}
        else:
            self.k_, self.log_likelihoods_by_k_ = self._choose(self._to_fit(cells))
        super().fit(cells)
        self.parameters_ = {"k": float(self.k_), **self.parameters_}
        if self.k is not None:
            self.log_likelihoods_by_k_ = {self.k_: self.log_likelihood_}
        return self

    def _with_gaps(self, drawn: Cells, rng: np.random.Generator) -> Cells:
        if self.varying_coefficients:
            # The moments of all purchases are among the attributes, in whose clock the times between them are counted.
            return drawn
        family = ErlangBetaGeometric(self.chances, self.k_)
        return replace(drawn, log_gaps=family.sample_log_gaps(drawn.x, drawn.t_x, rng))

    def _choose(self, cells: Cells) -> tuple[int, dict[int, float]]:
        """The k with the highest maximum, and all maxima; the simplest where nothing tells them apart."""
        repeaters = float(cells.weight @ (cells.x > 0))
        if repeaters == 0:
            return 1, {}
        scale = float(cells.weight @ cells.T) / cells.customers or 1.0
        tables = CellTables.of(cells, scale)
        self._learn(cells)
        days = cells.unit.days * scale

        def likelihood(k: int) -> Any:
            self.k_ = k
            return self._likelihood(cells, tables, scale)[1]

        def climb(k: int, of: Any, start: FloatArray) -> Optimum:
            belief = self._belief(k, repeaters)[0]
            divisors = (days / (belief or self.weak_prior).unit.days) ** _TIME_POWERS
            return _climb(of, self._prior_with_coefficients(belief, divisors, rescuing=False), start)

        size = _SAMPLE_IN_TIME if self.varying_coefficients else _SAMPLE
        many = min(cells.size, cells.customers) > 3 * size
        found: dict[int, Optimum] = {}
        for k in range(1, LARGEST_K + 1):
            of = likelihood(k).sample(size) if many else likelihood(k)
            if k == 1:
                plain = ErlangBetaGeometric(self.chances, k).starts(tables)
                more = np.zeros(len(self.parameter_names) - len(self.symbols))
                starts = [np.concatenate([start, more]) for start in plain]
            else:
                starts = [found[k - 1].point.copy()]
                starts[0][1] += np.log((k - 1) / k)
            found[k] = max((climb(k, of, start) for start in starts), key=lambda one: one.evaluation.value)
        best = _highest({k: one.evaluation.value for k, one in found.items()})
        if many:
            # The sample has said about where; all customers decide between the neighbours.
            near = [k for k in (best - 1, best, best + 1) if k in found]
            found = {k: climb(k, likelihood(k), found[k].point) for k in near}
            best = _highest({k: one.evaluation.value for k, one in found.items()})
        constant = -cells.repeat_purchases * float(np.log(scale))
        return best, {k: one.evaluation.value + constant for k, one in found.items()}

    def _priors(self, informative_customers: float) -> tuple[Prior | None, Prior | None]:
        return self._belief(self.k_, informative_customers)

    def _belief(self, k: int, informative_customers: float) -> tuple[Prior | None, Prior | None]:
        """The priors at one k: the weak one speaks of purchases, of which k stages make one."""
        chosen, rescue = super()._priors(informative_customers)
        if rescue is None:
            return chosen, rescue
        return (None if chosen is None else _of_stages(chosen, k)), _of_stages(rescue, k)

    def _prior_before_data(self) -> Prior:
        prior = super()._prior_before_data()
        k = getattr(self, "k_", self.k)
        if k is None:
            raise ConfigError(
                "Before a fit nobody knows `k`, and what a prior says depends on it. Give one, such as "
                f"{self.name}(k=2), or fit the model first."
            )
        return prior if isinstance(self.prior, Prior) else _of_stages(prior, k)

    def _settings(self) -> dict[str, Any]:
        maxima = {str(k): value for k, value in self.log_likelihoods_by_k_.items()}
        return {**super()._settings(), "k": self.k, "k_": self.k_, "log_likelihoods_by_k": maxima}

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        model = super()._from_settings(settings)
        model.k = None if settings["k"] is None else int(settings["k"])
        model.k_ = int(settings["k_"])
        model.log_likelihoods_by_k_ = {int(k): float(value) for k, value in settings["log_likelihoods_by_k"].items()}
        return model

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The fitted model that `to_dict` wrote."""
        model = super().from_dict(data)
        assert isinstance(model, cls)
        model.parameters_ = {"k": float(model.k_), **model.parameters_}
        return model


def _climb(
    likelihood: Callable[[FloatArray, int], Evaluation], prior: ParameterPrior | None, start: FloatArray
) -> Optimum:
    def objective(point: FloatArray) -> Evaluation:
        with np.errstate(all="ignore"):
            value = likelihood(point, 2)
        return value if prior is None else value + prior.evaluate(point)

    return maximise(objective, start, tolerance=_NEARLY)


def _of_stages(prior: Prior, k: int) -> Prior:
    alpha = prior.beliefs["alpha"]
    assert isinstance(alpha, LogNormal)
    return replace(prior, beliefs={**prior.beliefs, "alpha": LogNormal(alpha.median / k, alpha.spread)})


def _highest(values: Mapping[int, float]) -> int:
    """The k of the highest value, the smallest of those that differ from it by rounding alone."""
    top = max(values.values())
    return min(k for k, value in values.items() if value >= top - _NEARLY * (1 + abs(top) * 1e-6))


def _stages(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, Real) or given not in range(1, LARGEST_K + 1):
        raise ConfigError(
            f"`k` is {given!r}. Use a whole number from 1 (buying at random) to {LARGEST_K} (very regular), or leave "
            "it out to have it chosen."
        )
    return round(float(given))
