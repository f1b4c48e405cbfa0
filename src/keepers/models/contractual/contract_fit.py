"""The fit of a model of contracts to cells, with covariates or without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.domain.outcome import FitOutcome
from keepers.models.contractual.paces import check_ahead, paces_of, spread_of
from keepers.models.evidence import Likelihood, Resampling
from keepers.models.fitting import Problem, fit
from keepers.models.priors import ParameterPrior, Prior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.contract_clock import PacedLikelihood
from keepers.numerics.likelihoods.contract_family import (
    ContractFamily,
    ContractTables,
    log_likelihood_sum,
    log_likelihood_sums,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A log-likelihood as a fit asks for it, with what it is made of.

    Parameters
    ----------
    of : callable
        The log-likelihood.
    many : callable or None
        The same at many points at once.
    reweighted : callable
        That of other numbers of contracts.
    rows : int
        Terms of an evaluation.
    at_moments : float
        Contracts whose end has a density.
    stretch : array, shape (k,)
        What coefficients are divided by in the search.
    """

    of: Likelihood
    many: Callable[[FloatArray], FloatArray] | None
    reweighted: Callable[[FloatArray], Likelihood]
    rows: int
    at_moments: float
    stretch: FloatArray


def fit_cells(model: Any, cells: ContractCells) -> None:
    """Fit a model of contracts, which takes the result over.

    Parameters
    ----------
    model : ContractModel
        Not yet fitted, or to be fitted anew; its coding has been learned where it has covariates.
    cells : ContractCells
        Distinct histories.
    """
    family, endings = model.family, cells.endings
    scale = 1.0 if family.DISCRETE else float(cells.weight @ cells.tenure) / cells.customers or 1.0
    scaled = cells.scaled(scale)
    exposure = float(scaled.weight @ (scaled.tenure - scaled.entry))
    powers = np.array([family.TIME_POWERS.get(name, 0) for name in model.symbols], dtype=float)
    chosen, rescue = model._priors(endings)
    asked = _plain(family, scaled) if model.coding_ is None else _with_covariates(model, cells, scaled, scale)

    def on_scaled(prior: Prior | None, rescuing: bool = False) -> ParameterPrior | None:
        divisors = (cells.unit.days * scale / (prior or model.weak_prior).unit.days) ** powers
        found: ParameterPrior | None = model._prior_with_coefficients(prior, divisors, rescuing)
        return found

    none = np.zeros(asked.stretch.size)
    result = fit(
        Problem(
            parameters=model.parameter_names,
            likelihood=asked.of,
            likelihoods=asked.many,
            starts=[
                np.concatenate([start, none]) for start in family.starts(endings / exposure if exposure > 0 else 0.0)
            ],
            rows=asked.rows,
            prior=on_scaled(chosen),
            rescue=None if rescue is None else on_scaled(rescue, rescuing=True),
            without_events=endings == 0,
            coefficients=model.parameter_names[len(model.symbols) :],
            resampling=Resampling(scaled.weight, asked.reweighted, None),
        )
    )
    used = chosen if chosen is not None or result.prior is None else rescue
    # A density of the moments of ending: counting time in units `scale` times as long multiplies it by the scale.
    constant = -asked.at_moments * float(np.log(scale))
    model._adopt(result, powers * np.log(scale), constant, cells.customers, used, asked.stretch)
    if model.outcome_ is FitOutcome.NO_REPEAT_PURCHASES:
        model.outcome_ = FitOutcome.NO_ENDINGS


def _plain(family: ContractFamily, cells: ContractCells) -> _Asked:
    tables = ContractTables.of(cells, family.DISCRETE)

    def likelihood_of(some: ContractTables) -> Likelihood:
        def likelihood(point: FloatArray, order: int) -> Evaluation:
            return log_likelihood_sum(family, np.exp(point).tolist(), some, order)

        return likelihood

    def reweighted(weight: FloatArray) -> Likelihood:
        return likelihood_of(ContractTables.of(replace(cells, weight=weight), family.DISCRETE))

    def likelihoods(points: FloatArray) -> FloatArray:
        return log_likelihood_sums(family, np.exp(points), tables)

    at_moments = float(tables.ended_at.sum())
    return _Asked(likelihood_of(tables), likelihoods, reweighted, tables.size, at_moments, np.empty(0))


def _with_covariates(model: Any, cells: ContractCells, scaled: ContractCells, scale: float) -> _Asked:
    attributes, pattern = cells.attributes, cells.pattern
    assert attributes is not None
    assert pattern is not None
    oldest = np.zeros(attributes.size)
    np.maximum.at(oldest, pattern, cells.tenure)
    check_ahead(model.coding_, attributes, oldest, cells.unit)
    stretch = np.concatenate([model.coding_.coefficient_scale, 1.0 / spread_of(model.coding_)])
    paces = paces_of(model.coding_, attributes, cells.unit, model.family.DISCRETE, oldest).scaled(scale, stretch)
    likelihood = PacedLikelihood(model.family, scaled, paces)
    return _Asked(
        likelihood, None, likelihood.reweighted, likelihood.effort, likelihood.endings_at_moments, stretch
    )  # fmt: skip
