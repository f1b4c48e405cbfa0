"""What valuation asks of a model of spend, whichever it is."""

from __future__ import annotations

from typing import Any, Protocol

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import FitError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import Horizon
from keepers.models.spend.forecast import GammaForecast, SignedForecast, SpendForecast, SpendQuestion

__all__ = ["GammaForecast", "SignedForecast", "SpendForecast", "SpendModel", "SpendQuestion", "spend_forecast"]


class SpendPosterior(Protocol):
    """What is known of spend parameters."""

    @property
    def covariance(self) -> FloatArray:
        """Of the logarithms of the parameters."""

    def draws(self, n: int, rng: Any) -> FloatArray:
        """Natural parameters, shape (n, d)."""


class SpendModel(Protocol):
    """A fitted model of spend: GammaGamma, SignedSpend, DriftingGammaGamma, CorrelatedSpend."""

    include_first: bool
    parameters_: dict[str, float]
    outcome_: FitOutcome
    remarks_: tuple[str, ...]

    @property
    def posterior_(self) -> SpendPosterior:
        """What is known of the parameters."""

    def forecast(self, question: SpendQuestion) -> Any:
        """What valuation needs of the customers of a summary, a `SpendForecast`."""


def spend_forecast(spending: SpendModel, cells: Cells, summary: Any, buying: Any, horizon: Horizon) -> SpendForecast:
    """The spend of the customers of a summary, by cell and as SQL.

    Parameters
    ----------
    spending : fitted model
        Of spend.
    cells : Cells
        Histories.
    summary : Summary
        Of the customers, with money.
    buying : fitted model
        Of buying.
    horizon : Horizon
        How far ahead values look.

    Raises
    ------
    FitError
        If the spend model is not fitted or its fit failed.
    """
    if not hasattr(spending, "parameters_"):
        raise FitError("The spend model is not fitted. Call its `fit` first, such as `GammaGamma().fit(summary)`.")
    if not spending.outcome_.usable:
        raise FitError(f"The spend model has no usable fit: {spending.outcome_.value} Values in money need one.")
    found: SpendForecast = spending.forecast(SpendQuestion(cells, summary, buying, horizon))
    return found
