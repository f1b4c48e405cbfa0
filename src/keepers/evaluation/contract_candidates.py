"""Who competes in a backtest of contracts: models for all, with a fit of each plan, and with covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.engine import quoted
from keepers.models.contractual.beta_discrete_weibull import BetaDiscreteWeibull
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.exponential_gamma import ExponentialGamma
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.models.contractual.weibull_gamma import WeibullGamma
from keepers.models.covariates.specification import Covariates
from keepers.summaries.subscriptions import SubscriptionSummary

_ENDINGS_OF_A_PLAN = 30
"""Contracts that must have ended in each of two plans before models that tell plans apart compete."""
_SHRINKAGE = 0.5
"""Spread of the effects of covariates that are tried: seven in ten change a rate by less than two thirds."""


@dataclass(frozen=True, slots=True)
class ContractCandidate:
    """A model of contracts as it competes: fitted to all contracts together, with a fit of each plan, or covariates."""

    model: ContractModel
    by: str | None = None

    @property
    def _with(self) -> str:
        covariates = self.model.covariates
        return "" if covariates is None else f" with {', '.join(covariates.dropout)}"

    @property
    def name(self) -> str:
        """Class of the model, whether plans are told apart, and its covariates."""
        return type(self.model).__name__ + (" by plan" if self.by else "") + self._with

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.model.title + (" by plan" if self.by else "") + self._with


def default_contract_models() -> tuple[ContractModel, ...]:
    """The models that compete unless others are named."""
    return ShiftedBetaGeometric(), BetaDiscreteWeibull(), ExponentialGamma(), WeibullGamma()


def candidates_of(
    models: Sequence[ContractModel],
    earliest: SubscriptionSummary | None,
    by_plan: bool | None,
    columns: Sequence[str],
) -> dict[str, ContractCandidate]:
    """Who competes, by name.

    Parameters
    ----------
    models : sequence of models of contracts
    earliest : SubscriptionSummary or None
        Contracts as known at the earliest cut; None where there is none.
    by_plan : bool, optional
        Whether models compete with a fit of each plan, too; if left out, where plans have endings enough.
    columns : sequence of str
        Columns of the summary that models without covariates of their own may take for covariates.
    """
    apart = (earliest is not None and _plans_differ(earliest)) if by_plan is None else by_plan
    telling = () if earliest is None else _telling(earliest, columns)
    found: dict[str, ContractCandidate] = {}
    for model in models:
        own = [ContractCandidate(model)]
        # Whoever comes with covariates competes with these.
        if apart and model.covariates is None:
            own.append(ContractCandidate(model, "plan"))
        if telling and model.covariates is None:
            own.append(ContractCandidate(_with_covariates(model, telling)))
        for one in own:
            found.setdefault(one.name, one)
    return found


def _plans_differ(summary: SubscriptionSummary) -> bool:
    """Whether two plans or more have enough endings for a fit of their own, at the earliest cut."""
    cells = summary.contract_cells(whole=True)
    return sum(one.endings >= _ENDINGS_OF_A_PLAN for one in cells.values()) > 1


def _telling(summary: SubscriptionSummary, columns: Sequence[str]) -> tuple[str, ...]:
    """Columns of which two levels or more have enough endings to tell them apart, at the earliest cut."""
    found = []
    for name in columns:
        sql = f"SELECT count(*) FILTER (ended) FROM {quoted(summary.name)} GROUP BY {quoted(name)}"
        counts = [int(row[0]) for row in summary.engine.rows(sql)]
        if sum(count >= _ENDINGS_OF_A_PLAN for count in counts) > 1:
            found.append(name)
    return tuple(found)


def _with_covariates(model: ContractModel, columns: Sequence[str]) -> ContractModel:
    """The model with these columns as covariates, effects being shrunk, since many levels are rare."""
    covariates = Covariates(dropout=columns, prior=_SHRINKAGE, unseen="reference")
    return type(model)(model.prior, covariates=covariates)
