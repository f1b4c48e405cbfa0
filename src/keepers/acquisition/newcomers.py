"""Customers with what brought them: origin, first and repeat money and early value, as one table in the engine."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.acquisition.origins import Origins
from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.table import Table
from keepers.domain.money import Margin, MoneyBasis
from keepers.summaries.summary import Summary

PACKAGE = "keepers.acquisition.sql"
AGES = (30, 90, 365)
"""Ages in days up to which value is stated as it was."""
RETURN_WITHIN = 365
"""Days within which a customer who comes back does so, for the share of one-time buyers."""


@dataclass(frozen=True, eq=False)
class Newcomers:
    """One row a customer: the columns of `Origins`, `T_days`, `frequency`, `first_money`, `repeat_money`, `returned`
    (within a year) and `value_0` to `value_365`, the latter empty for who is younger.

    Money is in the basis of the summary, before a margin of one rate.
    """

    table: Table
    summary: Summary
    origins: Origins
    margin: Margin

    @property
    def engine(self) -> Engine:
        """Where they are."""
        return self.table.engine

    @property
    def basis(self) -> MoneyBasis:
        """What money becomes once the margin is applied."""
        return self.margin.basis

    @property
    def factor(self) -> float:
        """What money in the rows is multiplied with."""
        return self.margin.factor


def newcomers(summary: Summary, origins: Origins, margin: Margin) -> Newcomers:
    """Put together what is known of how customers came and what they brought early on."""
    ages = (0, *AGES)
    by_age = ", ".join(f"sum(CASE WHEN age <= {age} THEN money ELSE 0 END) AS value_{age}" for age in ages)
    mature = ", ".join(f"CASE WHEN summary.T_days >= {age} THEN early.value_{age} END AS value_{age}" for age in ages)
    engine = summary.engine
    sql = fill(
        template(PACKAGE, "newcomers"),
        purchase_days=summary.purchase_days_sql(),
        summary=quoted(summary.name),
        origins=quoted(origins.table.name),
        within=str(RETURN_WITHIN),
        by_age=by_age,
        mature=mature,
    )
    return Newcomers(Table(engine, engine.create(engine.new_name("newcomers"), sql)), summary, origins, margin)
