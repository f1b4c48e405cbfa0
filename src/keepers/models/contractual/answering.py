"""The fits that answer for contracts, by plan and by pattern of covariates, for whoever computes with their laws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray
from keepers.models.contractual.contract import ContractModel
from keepers.models.posterior import Posterior
from keepers.numerics.likelihoods.contract_family import ContractLaw
from keepers.numerics.likelihoods.contract_pace import reaching
from keepers.numerics.patterns import groups_of
from keepers.summaries.varying import START


@dataclass(frozen=True, eq=False)
class Answering:
    """The law of some contracts, with the fit that its parameters are of.

    Parameters
    ----------
    model : ContractModel
        The fit.
    law : ContractLaw
        Of contracts that are there already.
    anew : ContractLaw
        Of contracts that begin now; the same unless covariates vary in time.
    """

    model: ContractModel
    law: ContractLaw
    anew: ContractLaw

    @classmethod
    def of(cls, model: ContractModel) -> Answering:
        """A fit without covariates."""
        return cls(model, model.family, model.family)

    @property
    def discrete(self) -> bool:
        """Whether contracts end at renewals only."""
        return self.law.DISCRETE

    @property
    def theta(self) -> list[float]:
        """The parameters."""
        found: list[float] = self.model._theta().tolist()
        return found

    @property
    def posterior(self) -> Posterior:
        """What is known of the parameters."""
        return self.model.posterior_

    def reaching(self, age: float, anew: float) -> Answering:
        """The same for questions that reach no further than an age, or another one where contracts begin now."""
        own = reaching(self.law, age)
        return replace(self, law=own, anew=own if self.anew is self.law else reaching(self.anew, anew))

    def at(self, model: ContractModel) -> Answering:
        """The same law with the parameters of another fit."""
        return replace(self, model=model)


def answering(
    fit: ContractModel,
    rows: IntArray,
    age: FloatArray,
    attributes: Attributes | None,
    pattern: IntArray | None,
    reach: float = 0.0,
) -> Iterator[tuple[Answering, IntArray]]:
    """The laws of a fit for some contracts: one, or with covariates one a pattern, each with the rows it answers for.

    Parameters
    ----------
    fit : ContractModel
        Of the contracts' plan.
    rows : array of int, shape (m,)
        Contracts among n.
    age : array, shape (n,)
        In the fit's periods; 0 where a contract ended.
    attributes, pattern : Attributes, array of int of shape (n,)
        What is known of the contracts, where the fit has covariates.
    reach : float
        Periods ahead that will be asked of.
    """
    if fit.coding_ is None or attributes is None or pattern is None:
        yield Answering.of(fit), rows
        return
    here, place = np.unique(pattern[rows], return_inverse=True)
    place = place.ravel()
    oldest = np.zeros(here.size)
    np.maximum.at(oldest, place, age[rows])
    known = attributes.take(here)
    law = fit._law(known, oldest, reach)
    begun = _anew(fit, known, reach)
    for alike in groups_of(place):
        one = int(place[alike[0]])
        own = law(one)
        yield Answering(fit, own, own if begun is None else begun[one]), rows[alike]


def _anew(fit: ContractModel, known: Attributes, reach: float) -> list[ContractLaw] | None:
    """The law of contracts that begin now for each pattern, the same object for all that differ in their start alone.

    None where nothing varies in time, so that contracts that begin now are as those that are there.
    """
    if START not in known.columns:
        return None
    who, which = Attributes.of_rows({name: column for name, column in known.columns.items() if name != START})
    began = Attributes({**who.columns, START: np.full(who.size, fit.now_)})
    law = fit._law(began, np.zeros(who.size), reach)
    made = [law(one) for one in range(who.size)]
    return [made[int(one)] for one in which]
