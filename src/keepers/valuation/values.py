"""The handle on what every customer is worth, with the facts that say what its money means."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keepers.data.engine import Engine, quoted
from keepers.data.table import Table
from keepers.domain.errors import ConfigError
from keepers.domain.money import MoneyBasis
from keepers.valuation.cell_values import level_suffix
from keepers.valuation.facts import ValueFacts


@dataclass(frozen=True, slots=True)
class Numbered:
    """Values of customers who are called by a number, from which their keys are written when somebody asks for them.

    Parameters
    ----------
    rows : str
        A query of them with the column `number`.
    key : str
        SQL of `customer_key` by it.
    """

    rows: str
    key: str

    @property
    def named(self) -> str:
        """A query of the rows with `customer_key` in place of the number."""
        return f"SELECT {self.key} AS customer_key, * EXCLUDE (number) FROM ({self.rows}) AS valued"


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

    Where only some columns were asked for (`lifetime_value(..., columns=...)`), those and `customer_key` are there.
    """

    def __init__(self, engine: Engine, name: str, facts: ValueFacts, numbered: Numbered | None = None) -> None:
        super().__init__(engine, name)
        self.facts = facts
        self._numbered = numbered

    @property
    def value_column(self) -> str:
        """Name of the column with the value predicted for the horizon."""
        return self.facts.value_column

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
            f"of customers who bought before, discounted at {100 * facts.discount.annual:g}% a year, cost of "
            "acquisition not deducted."
        )

    def interval_columns(self, level: float = 80) -> tuple[str, str]:
        """Names of the columns with the ends of an interval of the value."""
        suffix = level_suffix(level)
        return f"{self.value_column}_low{suffix}", f"{self.value_column}_high{suffix}"

    def needs(self, *columns: str) -> None:
        """Refuse what cannot be computed because columns were left out.

        Raises
        ------
        ConfigError
            Naming the missing columns.
        """
        present = set(self.columns)
        missing = [name for name in columns if name not in present]
        if missing:
            raise ConfigError(
                f"The values lack {', '.join(missing)}, because only some columns were asked for. Leave `columns` out "
                "of `lifetime_value`, or add these."
            )

    def stored(self) -> Values:
        """The same values kept in the engine; a lazy table is computed anew each time it is asked."""
        if self._numbered is None:
            name = self.engine.create(self.engine.new_name("values"), self.sql)
            return Values(self.engine, name, self.facts)
        rows = self.engine.create(self.engine.new_name("valued"), self._numbered.rows)
        kept = replace(self._numbered, rows=f"SELECT * FROM {quoted(rows)}")
        return Values(self.engine, create_view(self.engine, kept.named), self.facts, kept)


def create_view(engine: Engine, sql: str) -> str:
    """Make a lazy table of a query; gives its name."""
    return engine.create_view(engine.new_name("values"), sql)
