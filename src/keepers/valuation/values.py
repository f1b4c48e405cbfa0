"""The handle on what every customer is worth, with the facts that say what its money means."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.data.engine import Engine, literal, quoted
from keepers.data.table import Table
from keepers.domain.money import DiscountRate, Margin, MoneyBasis
from keepers.domain.time import Horizon, TimeUnit
from keepers.summaries.rfm_groups import RfmRule
from keepers.summaries.summary import Summary
from keepers.valuation.cell_values import Buying, CellValues, level_suffix
from keepers.valuation.spend_forecast import SpendModel
from keepers.valuation.tiers import TierRule

_LETTERS = {TimeUnit.DAY: "d", TimeUnit.WEEK: "w", TimeUnit.MONTH: "m", TimeUnit.YEAR: "y"}


def horizon_label(horizon: Horizon) -> str:
    """A horizon as it stands in names of columns.

    >>> from keepers.domain.time import months, weeks
    >>> horizon_label(months(12)), horizon_label(weeks(52)), horizon_label(weeks(6.5))
    ('12m', '52w', '6_5w')
    """
    return f"{horizon.length:g}".replace(".", "_") + _LETTERS[horizon.unit]


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
    rfm: RfmRule
    """The rule of `rfm_group`."""
    scored_at: dt.datetime | None
    """When, as the caller's clock says."""


class Values(Table):
    """A table of the engine, one row a customer, with what the customer is worth.

    Columns, where 12m stands for the horizon (``months(12)``; ``weeks(52)`` makes it 52w):

    - `customer_key`, `first_order_date`, `last_order_date`, `orders`, `revenue`, `frequency`, `recency_days`,
      `age_days`
    - `days_since_last_order`, `usual_gap_days`, `silence_probability`: the customer's own rhythm, see
      `keepers.valuation.rhythm`
    - `probability_alive` now, `probability_alive_end` at the end of the horizon; `churn_probability`: of no order
      within `churn_horizon_days`
    - `expected_orders` within the horizon, with `_low` and `_high`; `expected_next_order_date`: median day of the next
      order, empty for whoever is less likely a customer than not
    - `at_risk_by_model`, `at_risk_by_rhythm`, `customer_state`: active, at risk or lost, see
      `keepers.valuation.states`
    - `clv_historic`: what the customer brought so far; `clv_predicted_12m`: expected within the horizon, discounted;
      `clv_lifetime`: within the stated lifetime; `clv_infinite`: without end
    - `..._low`, `..._high`: ends of the 80% interval of what the customer will really bring; other levels have a
      suffix, `..._low_95`
    - `expected_order_value`, before the margin; `clv_if_active`: within the horizon were the customer certainly still
      one; `money_at_risk`: the part of it that is in doubt for customers at risk
    - `clv_percentile`, `clv_tier`, `r_score`, `f_score`, `m_score`, `rfm_group`
    - `clv_basis`, `clv_model_version`, `churn_horizon_days`, and `clv_scored_at` if the caller has a clock
    """

    def __init__(self, engine: Engine, name: str, facts: ValueFacts) -> None:
        super().__init__(engine, name)
        self.facts = facts

    @property
    def value_column(self) -> str:
        """Name of the column with the value predicted for the horizon."""
        return f"clv_predicted_{horizon_label(self.facts.horizon)}"

    @property
    def has_money(self) -> bool:
        """Whether values in money are there; without amounts their columns are empty."""
        return self.facts.spending is not None

    @property
    def basis(self) -> MoneyBasis:
        """What the money is."""
        return self.facts.margin.basis

    @property
    def currency(self) -> str:
        """Currency, or "unspecified"."""
        return self.facts.summary.currency

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of how the values were made."""
        spend = self.facts.cells.spend
        own = () if spend is None or spend.remark is None else (spend.remark,)
        return (*self.facts.summary.remarks, *own)

    @property
    def meaning(self) -> str:
        """The five things that say what a sum of `value_column` means, in one sentence."""
        facts = self.facts
        margin = f" at {facts.margin.rate:.0%}" if facts.margin.rate is not None else ""
        cut = facts.summary.window.calibration_end
        return (
            f"{self.basis.value.capitalize()}{margin} over {facts.horizon} from {cut or 'the age T'}, "
            f"of customers who bought before, discounted at {facts.discount.annual:.1%} a year, cost of acquisition "
            "not deducted."
        )

    def interval_columns(self, level: float = 80) -> tuple[str, str]:
        """Names of the columns with the ends of an interval of the value."""
        suffix = level_suffix(level)
        return f"{self.value_column}_low{suffix}", f"{self.value_column}_high{suffix}"

    def stored(self) -> Values:
        """The same values kept in the engine; a lazy table is computed anew each time it is asked."""
        name = self.engine.create(self.engine.new_name("values"), self.sql)
        return Values(self.engine, name, self.facts)

    def constants_sql(self) -> str:
        """Columns that are the same in every row."""
        return constants_sql(self.facts)


def constants_sql(facts: ValueFacts) -> str:
    """The columns of values that are the same in every row, as SQL."""
    spending = "" if facts.spending is None else f"+{type(facts.spending).__name__}"
    scored = ""
    if facts.scored_at is not None:
        moment = facts.scored_at
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        scored = f", TIMESTAMP {literal(moment.isoformat(sep=' ', timespec='seconds'))} AS clv_scored_at"
    return (
        f"CAST({round(facts.horizon.days)} AS INTEGER) AS churn_horizon_days, "
        f"{literal(facts.margin.basis.value)} AS clv_basis, "
        f"{literal(facts.buying.name + spending)} AS clv_model_version{scored}"
    )


def create_view(engine: Engine, sql: str) -> str:
    """Make a lazy table of a query; gives its name."""
    name = engine.new_name("values")
    engine.execute(f"CREATE VIEW {quoted(name)} AS {sql}")
    return name
