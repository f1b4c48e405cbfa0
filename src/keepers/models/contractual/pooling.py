"""Plans that learn from each other: what each one's fit may believe before its own contracts are seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.contract_family import ContractFamily, ContractTables, log_likelihood_sum
from keepers.numerics.pooling import Likelihood, pool


def pooled_prior(whole: Any, plans: Mapping[str, ContractCells]) -> Prior:
    """The belief about a plan that all plans together teach: a common centre, and how far plans lie around it.

    Parameters
    ----------
    whole : ContractModel
        Fitted to all contracts as one.
    plans : mapping of str to ContractCells
        Contracts of each plan.
    """
    symbols, family = whole.symbols, whole.family
    unit = next(iter(plans.values())).unit
    contracts = sum(cells.customers for cells in plans.values())
    time = sum(float(cells.weight @ cells.tenure) for cells in plans.values())
    scale = 1.0 if family.DISCRETE else time / contracts or 1.0
    powers = np.array([family.TIME_POWERS.get(name, 0) for name in symbols], dtype=float)
    start = np.log(whole._theta()) - powers * np.log(scale)
    belief = (start, np.zeros(len(symbols)))
    if whole.prior_ is not None:
        known = whole.prior_.on(symbols, (unit.days * scale / whole.prior_.unit.days) ** powers)
        belief = (known.centre, known.precision_at(start))
    found = pool([_likelihood_of(family, cells.scaled(scale)) for cells in plans.values()], start, belief)
    centre = np.exp(found.centre + powers * np.log(scale))
    beliefs = zip(symbols, centre.tolist(), found.spread.tolist(), strict=True)
    return Prior({name: LogNormal(median, spread) for name, median, spread in beliefs}, unit)


def _likelihood_of(family: ContractFamily, cells: ContractCells) -> Likelihood:
    tables = ContractTables.of(cells, family.DISCRETE)

    def likelihood(point: FloatArray, order: int) -> Evaluation:
        return log_likelihood_sum(family, np.exp(point).tolist(), tables, order)

    return likelihood
