"""What a table of values means and was made of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepers.domain.reach import horizon_label

if TYPE_CHECKING:
    from keepers.domain.money import DiscountRate, Margin
    from keepers.domain.time import Horizon
    from keepers.summaries.rfm_groups import RfmRule
    from keepers.summaries.summary import Summary
    from keepers.valuation.cell_values import Buying, CellValues
    from keepers.valuation.spend_forecast import SpendModel
    from keepers.valuation.tiers import TierRule

__all__ = ["ValueFacts", "horizon_label"]


@dataclass(frozen=True, slots=True)
class ValueFacts:
    """What a table of values means and was made of."""

    summary: Summary
    """The customers and their histories."""
    buying: Buying
    """The model of buying."""
    spending: SpendModel | None
    """The model of spend; None without money."""
    cells: CellValues
    """Predictions by cell."""
    horizon: Horizon
    """What "predicted" covers."""
    discount: DiscountRate
    """What later money is worth now."""
    lifetime: Horizon
    """What "lifetime" covers."""
    margin: Margin
    """From order value to contribution."""
    levels: tuple[float, ...]
    """Levels of intervals in per cent; 80 is that of `_low` and `_high`."""
    tiers: TierRule
    """The rule of `clv_tier`."""
    rfm: RfmRule | None
    """The rule of `rfm_group`; None where no column of the scores was asked for."""
    scored_at: dt.datetime | None
    """When, as the caller's clock says."""
    lifetime_interval: bool = False
    """Whether `clv_lifetime` has intervals, and the orders of the lifetime are told."""
    also: CellValues | None = None
    """Predictions of the same cells for the second horizon; None without one."""

    @property
    def value_column(self) -> str:
        """Name of the column with the value predicted for the horizon."""
        return f"clv_predicted_{horizon_label(self.horizon)}"

    @property
    def also_column(self) -> str | None:
        """The same for the second horizon; None without one."""
        return None if self.also is None else f"clv_predicted_{horizon_label(self.also.horizon)}"
