"""How any model of spend is fitted to a summary, and which of them the data ask for."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted
from keepers.domain.errors import FitError, InputError
from keepers.models.spend.buying_rates import LEAVING
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.known_fits import known_fit
from keepers.models.spend.signed_spend import SignedSpend
from keepers.summaries.spend_history import sides_table
from keepers.summaries.summary import Summary

FEWEST = 200
"""Customers with repeat orders below which nothing beside Gamma-Gamma is asked for, unless orders lose money."""


def fit_spend(model: Any, summary: Summary, buying: Any) -> Any:
    """Fit a model of spend to a summary, with the fitted model of buying where it needs one."""
    if getattr(model, "needs_buying", False):
        return known_fit(model, summary, buying)
    return known_fit(model, summary) if isinstance(model, (GammaGamma, DriftingGammaGamma)) else model.fit(summary)


def default_spending(summary: Summary) -> tuple[Any, ...]:
    """The models of spend that compete, not yet fitted.

    Gamma-Gamma on repeat orders and on all orders always do; SignedSpend where orders lose money; DriftingGammaGamma
    where the level of spend has moved. Spend in step with buying stands in for the better Gamma-Gamma, see
    `goes_in_step`.

    Parameters
    ----------
    summary : Summary
        Of the past that models may see.
    """
    asked: list[Any] = [GammaGamma(), GammaGamma(include_first=True)]
    if summary.facts.source is None:
        return tuple(asked)
    if summary.margin.per_order and _loses_money(summary):
        asked += [SignedSpend(), SignedSpend(include_first=True)]
    if not _tells_enough(summary):
        return tuple(asked)
    try:
        drifts = known_fit(DriftingGammaGamma(), summary).drift_ != "none"
    except FitError:
        drifts = False
    return (*asked, DriftingGammaGamma()) if drifts else tuple(asked)


def goes_in_step(summary: Summary, buying: Any) -> bool:
    """Whether `spend_in_step` can be asked for: of a law whose rates are gamma distributed, with customers enough."""
    alike = getattr(buying, "name", "") in LEAVING and not buying.varying_coefficients
    return alike and summary.facts.source is not None and _tells_enough(summary)


def _tells_enough(summary: Summary) -> bool:
    try:
        plain = known_fit(GammaGamma(), summary)
    except InputError:
        return False
    return bool(plain.n_customers_ >= FEWEST and plain.outcome_.trustworthy_parameters)


def _loses_money(summary: Summary) -> bool:
    sides = quoted(sides_table(summary, True))
    return bool(summary.engine.row(f"SELECT count(*) FROM {sides} WHERE losses > 0 OR zeros > 0")[0])
