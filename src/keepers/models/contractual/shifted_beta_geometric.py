"""The shifted-beta-geometric model as an estimator: every contract has its own chance of ending at each renewal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.questions import without_end
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import shifted_beta_geometric
from keepers.numerics.likelihoods.contract_family import ContractFamily


class ShiftedBetaGeometric(ContractModel):
    """Contracts that are renewed or not at the end of each period, each with a chance of ending of its own.

    The reference model of subscriptions with a fixed period. Retention rises with age because those most prone to leave
    leave first; nobody's own chance changes. Chances are Beta(alpha, beta) over contracts. Where they do change with
    age, see `BetaDiscreteWeibull`.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `ContractModel`.

    References
    ----------
    Fader, Hardie (2007), "How to Project Customer Retention", Journal of Interactive Marketing 21; (2010),
    "Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity", Marketing Science 29.

    Examples
    --------
    >>> table = {"age": [0, 1, 2, 3, 4], "survivors": [1000, 869, 743, 653, 593]}
    >>> model = ShiftedBetaGeometric().fit(table, unit="year")
    >>> [round(value, 2) for value in model.parameters_.values()]
    [1.28, 7.79]
    >>> [round(float(value), 3) for value in model.survival_new_customer([5, 6, 7])]
    [0.534, 0.486, 0.444]
    >>> model.renewal_probability({"tenure": [1, 4]})["renewal_probability"].round(2).tolist()
    [0.87, 0.9]
    """

    name: ClassVar[str] = "ShiftedBetaGeometric"
    title: ClassVar[str] = "sBG"
    symbols: ClassVar[tuple[str, ...]] = shifted_beta_geometric.PARAMETERS
    family: ClassVar[ContractFamily] = shifted_beta_geometric
    infinite: ClassVar[Mapping[str, str]] = without_end("`alpha`")
    weak_prior: ClassVar[Prior] = Prior({"alpha": LogNormal(0.8, 1.0), "beta": LogNormal(10.0, 1.25)}, TimeUnit.MONTH)
