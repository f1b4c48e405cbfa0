"""Spend in step with buying as a business has it by default: believed to be nearly independent, as far as orders do not
show otherwise."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted
from keepers.models.priors import LogNormal, Prior
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.summary import Summary

USUAL_POWER = 0.1
"""By what power of the rate of buying, or of the risk to leave, spend usually goes: who buys six times as often then
spends a fifth more an order."""

IN_STEP = Prior(
    {
        **GammaGamma.weak_prior.beliefs,
        "kappa": LogNormal(1.0, USUAL_POWER),
        "eta": LogNormal(1.0, USUAL_POWER),
    },
    money=True,
)
"""What is believed of spend before any order is seen: few customers leave it independent of buying, many are heard."""


def spend_in_step(include_first: bool = True) -> CorrelatedSpend:
    """The model, not yet fitted: both elasticities as the orders and the belief have them, nothing being tested."""
    return CorrelatedSpend("free", include_first, IN_STEP, leaving="free")


def likelihood_with_money(buying: Any, spend: Any, summary: Summary) -> float:
    """Logarithm of the likelihood of all orders and their money; a part that spend was fitted to stands for all.

    Parameters
    ----------
    buying, spend : fitted models
        To the summary, the latter to all orders.
    """
    paid = summary.engine.row(f"SELECT count(*) FROM {quoted(summary.name)} WHERE monetary_value_all > 0")[0]
    return float(buying.log_likelihood_ + spend.log_likelihood_ / spend.n_customers_ * float(paid))
