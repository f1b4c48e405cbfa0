"""How any model of spend is fitted to a summary, and which of them the data ask for."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted
from keepers.domain.errors import FitError, InputError
from keepers.models.spend.buying_rates import LEAVING
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.known_fits import known_fit
from keepers.models.spend.signed_spend import SignedSpend
from keepers.models.spend.trait_tests import trait_tests
from keepers.summaries.spend_history import sides_table
from keepers.summaries.summary import Summary

FEWEST = 200
"""Customers with repeat orders below which nothing beside Gamma-Gamma is asked for, unless orders lose money."""


def fit_spend(model: Any, summary: Summary, buying: Any) -> Any:
    """Fit a model of spend to a summary, with the fitted model of buying where it needs one."""
    if getattr(model, "needs_buying", False):
        return model.fit(summary, buying)
    return known_fit(model, summary) if isinstance(model, (GammaGamma, DriftingGammaGamma)) else model.fit(summary)


def default_spending(summary: Summary, buying: Any) -> tuple[Any, ...]:
    """The models of spend that compete, not yet fitted.

    Gamma-Gamma on repeat orders and on all orders always do; SignedSpend where orders lose money; CorrelatedSpend where
    spend goes with the number of orders, or by a score test with rate or leaving; DriftingGammaGamma where the level of
    spend has moved.

    Parameters
    ----------
    summary : Summary
        Of the past that models may see.
    buying : fitted model
        Of buying.
    """
    asked: list[Any] = [GammaGamma(), GammaGamma(include_first=True)]
    if summary.facts.source is None:
        return tuple(asked)
    if summary.margin.per_order and _loses_money(summary):
        asked += [SignedSpend(), SignedSpend(include_first=True)]
    try:
        plain = known_fit(GammaGamma(), summary)
    except InputError:
        return tuple(asked)
    if plain.n_customers_ < FEWEST or not plain.outcome_.trustworthy_parameters:
        return tuple(asked)
    if getattr(buying, "name", "") in LEAVING and not buying.varying_coefficients:
        tests = trait_tests(plain, summary, buying)
        if not plain.independence_.holds or (tests is not None and not tests.holds):
            asked.append(CorrelatedSpend())
    try:
        drifts = known_fit(DriftingGammaGamma(), summary).drift_ != "none"
    except FitError:
        drifts = False
    return (*asked, DriftingGammaGamma()) if drifts else tuple(asked)


def _loses_money(summary: Summary) -> bool:
    sides = quoted(sides_table(summary, True))
    return bool(summary.engine.row(f"SELECT count(*) FROM {sides} WHERE losses > 0 OR zeros > 0")[0])
