"""Gamma-Gamma inside the engine: what valuation needs of the customers of a summary, and answers as SQL."""

from __future__ import annotations

from dataclasses import replace

from keepers.data.engine import quoted
from keepers.domain.cells import SpendCells
from keepers.domain.errors import ConfigError
from keepers.models.spend.forecast import GammaForecast, SpendQuestion
from keepers.models.spend.gamma_forecast import gamma_forecast
from keepers.models.spend.gamma_gamma_in_time import InTimeModel
from keepers.models.spend.spend_effects import CellEffects, factors_of
from keepers.models.spend.spend_rows import summary_columns
from keepers.models.spend.spend_sql import posterior_sql


class GammaGammaInEngine(InTimeModel):
    """What Gamma-Gamma says of customers where they are."""

    def forecast(self, question: SpendQuestion) -> GammaForecast:
        """What valuation needs of the customers of a summary."""
        theta = self._theta()
        effects = None
        if self.coding_ is not None:
            effects = CellEffects.of(self.coding_, theta, question.cells, question.buying, question.horizon)

        course, join = self._course(question), ""
        if course is not None:
            levels = quoted(self._levels(question.summary))
            join = f"LEFT JOIN {levels} AS spend ON spend.customer_key = summary.customer_key"

        def observed() -> SpendCells:
            cells: SpendCells = question.summary.spend_cells(self.include_first, attributes=self.needed_attributes)
            return replace(cells, mean_spend=cells.mean_spend / factors_of(self.coding_, theta, cells))

        return gamma_forecast(
            (float(theta[0]), float(theta[1]), float(theta[2])),
            self.posterior_.covariance,
            question.cells.x,
            self.include_first,
            observed,
            mean="spend.level" if course is not None else f"summary.{summary_columns(self.include_first)[1]}",
            join=join,
            effects=effects,
            course=course,
        )

    def expected_spend_sql(self, orders: str | None = None, mean: str | None = None) -> str:
        """The same as `expected_spend` as an SQL expression over a summary's columns, for use inside the engine.

        Parameters
        ----------
        orders, mean : str, optional
            SQL of the number of orders and of their mean value; the summary's own columns if left out.
        """
        self._check_still()
        return posterior_sql(self._theta(), self.coding_, self.include_first, orders, mean).mean

    def spend_second_moment_sql(self, orders: str | None = None, mean: str | None = None) -> str:
        """Expected square of each customer's mean spend as an SQL expression; infinite where p x + q <= 2.

        With n future orders the second moment of their total is this times (E[n] / p + E[n^2]).
        """
        self._check_still()
        return posterior_sql(self._theta(), self.coding_, self.include_first, orders, mean).second_moment

    def _check_still(self) -> None:
        if self.varying_coefficients:
            raise ConfigError(
                "With covariates of spend that vary in time a customer's mean is not enough, so there is no such SQL. "
                "Ask `expected_spend(summary)`, or `keepers.lifetime_value`."
            )
