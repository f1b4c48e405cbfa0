"""The beta-discrete-Weibull model as an estimator: chances of ending differ between contracts and change with age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from keepers.domain.time import TimeUnit
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.questions import without_end
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import beta_discrete_weibull
from keepers.numerics.likelihoods.contract_family import ContractFamily


class BetaDiscreteWeibull(ContractModel):
    """Contracts that are renewed or not at the end of each period, with chances of ending that change with age.

    The shifted-beta-geometric with one parameter more: with c above 1 each contract's chance of ending rises with its
    age, below 1 it falls, and at 1 it stays. Prefer it where many periods were observed.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `ContractModel`.

    References
    ----------
    Fader, Hardie, Liu, Davin, Steenburgh (2018), "How to Project Customer Retention Revisited: The Role of Duration
    Dependence", Journal of Interactive Marketing 43.

    Examples
    --------
    >>> table = {"age": [0, 1, 2, 3, 4], "survivors": [1000, 869, 743, 653, 593]}
    >>> model = BetaDiscreteWeibull().fit(table, unit="year")
    >>> [round(float(value), 3) for value in model.survival_new_customer([5, 6, 7])]
    [0.547, 0.51, 0.481]
    """

    name: ClassVar[str] = "BetaDiscreteWeibull"
    title: ClassVar[str] = "BdW"
    symbols: ClassVar[tuple[str, ...]] = beta_discrete_weibull.PARAMETERS
    family: ClassVar[ContractFamily] = beta_discrete_weibull
    infinite: ClassVar[Mapping[str, str]] = without_end("`a c`")
    weak_prior: ClassVar[Prior] = Prior(
        {"a": LogNormal(0.8, 1.0), "b": LogNormal(10.0, 1.25), "c": LogNormal(1.0, 0.4)}, TimeUnit.MONTH
    )
