"""The handle on early warnings: every customer's risk, what each reason adds in probability and money, and words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import Engine, literal, quoted
from keepers.data.table import Table
from keepers.domain.alert import AlertProposal
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.time import Horizon
from keepers.retention.reason_words import said
from keepers.retention.reasons import Reason
from keepers.retention.risk import Risk

ALERTING = 0.10
"""An alert needs a risk at least so much above usual: below it a person would be called for next to nothing."""


@dataclass(frozen=True, eq=False)
class WarningFacts:
    """What warnings mean and were made of.

    Parameters
    ----------
    kind : str
        ``"customer"`` or ``"subscriber"``.
    horizon : Horizon
        How far they look ahead.
    day : date
        From which day.
    reasons : tuple of Reason
        Whose contributions the columns hold.
    risk : Risk
        The fitted risk, with its test.
    model : str
        Title of the model behind the usual risk.
    has_money : bool
        Whether losses are in money.
    currency : str
        Which.
    """

    kind: str
    horizon: Horizon
    day: dt.date
    reasons: tuple[Reason, ...]
    risk: Risk
    model: str
    has_money: bool
    currency: str = UNSPECIFIED_CURRENCY


@dataclass(frozen=True, slots=True)
class Part:
    """What one reason adds to a customer's risk.

    Parameters
    ----------
    reason : Reason
        Which.
    risk : float
        In probability.
    loss : float or None
        In money.
    words : str
        What is the matter, in a clause.
    """

    reason: Reason
    risk: float
    loss: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Warned:
    """One customer who may be leaving, with the reasons that add to the risk, the heaviest first."""

    customer_key: str
    churn_probability: float
    usual_probability: float
    value_at_stake: float | None
    expected_loss: float | None
    parts: tuple[Part, ...]

    @property
    def reason(self) -> str:
        """The reasons that matter, in a sentence."""
        total = sum(part.risk for part in self.parts)
        clauses = [part.words for part in self.parts if part.risk >= 0.15 * total][:3]
        text = "; ".join(clauses)
        return f"{text[:1].upper()}{text[1:]}."


class EarlyWarnings(Table):
    """A table of the engine, one row a customer who is not lost, the greatest expected loss first.

    Columns:

    - `customer_key`, `churn_probability` within `churn_horizon_days`, and `usual_probability`: what it would be were
      nothing the matter
    - `value_at_stake`: what the customer would bring within the horizon of values, were they certainly to stay;
      `expected_loss`: of it, the risk above usual
    - `cause`: the reason that weighs most; empty where nothing is the matter
    - `risk_REASON`, `loss_REASON`: what each reason adds; they sum to the risk above usual, and to the expected loss
    - what was seen: `silence_days`, `usual_gap_days`, `recent_45`, `usual_45`, `unhappy_score`, ...
    """

    def __init__(self, engine: Engine, name: str, facts: WarningFacts) -> None:
        super().__init__(engine, name)
        self.facts = facts

    @property
    def horizon(self) -> Horizon:
        """How far the warnings look ahead."""
        return self.facts.horizon

    def top(self, count: int = 50, least: float = ALERTING) -> tuple[Warned, ...]:
        """The customers with the greatest expected loss, in words.

        Parameters
        ----------
        count : int
            How many at most.
        least : float
            Smallest risk above usual.
        """
        where = f"churn_probability - usual_probability >= {least!r} AND cause IS NOT NULL"
        columns = self.columns
        rows = self.engine.rows(
            f"SELECT * FROM {quoted(self.name)} WHERE {where} ORDER BY {self.order} LIMIT {int(count)}"
        )
        return tuple(self._warned(dict(zip(columns, row, strict=True))) for row in rows)

    @property
    def order(self) -> str:
        """SQL of the order of urgency."""
        risk = "churn_probability - usual_probability DESC, customer_key"
        return f"expected_loss DESC NULLS LAST, {risk}" if self.facts.has_money else risk

    def proposals(self, count: int = 50) -> list[AlertProposal]:
        """Alerts for the customers with the greatest expected loss, the most urgent first."""
        return [
            AlertProposal(
                one.customer_key,
                one.parts[0].reason.key,
                self.facts.kind,
                one.churn_probability,
                one.usual_probability,
                self.horizon.days,
                one.expected_loss,
                one.reason,
                one.parts[0].reason.action,
            )
            for one in self.top(count)
        ]

    def _warned(self, row: dict[str, Any]) -> Warned:
        parts = [
            Part(
                reason,
                float(row[f"risk_{reason.key}"]),
                None if row[f"loss_{reason.key}"] is None else float(row[f"loss_{reason.key}"]),
                said(reason, row),
            )
            for reason in self.facts.reasons
            if row[f"risk_{reason.key}"] and row[f"risk_{reason.key}"] > 0
        ]
        return Warned(
            str(row["customer_key"]),
            float(row["churn_probability"]),
            float(row["usual_probability"]),
            None if row["value_at_stake"] is None else float(row["value_at_stake"]),
            None if row["expected_loss"] is None else float(row["expected_loss"]),
            tuple(sorted(parts, key=lambda part: -part.risk)),
        )


def scored(engine: Engine, seen: str, facts: WarningFacts) -> EarlyWarnings:
    """Score every row of a table of signals.

    Parameters
    ----------
    engine : Engine
        Where the table is.
    seen : str
        Table with `customer_key`, `logit_usual`, the columns that inputs are made of, and `value_at_stake`.
    facts : WarningFacts
        The risk and what it means.
    """
    risk, reasons = facts.risk, facts.reasons
    weights = dict(zip((one.name for one in risk.inputs), np.asarray(risk.coefficients).tolist(), strict=True))
    added = {
        reason.key: " + ".join(f"{weights[one.name]!r} * ({one.sql})" for one in reason.inputs) for reason in reasons
    }
    base = f"{risk.intercept!r} + {risk.slope!r} * logit_usual"
    listed = ", ".join(f"{sql} AS odds_{key}" for key, sql in added.items())
    total = " + ".join(f"odds_{key}" for key in added)
    loss = "greatest(value_at_stake, 0) * (churn_probability - usual_probability)"

    def share(key: str) -> str:
        return f"CASE WHEN odds_all > 0 THEN odds_{key} / odds_all ELSE 0 END"

    above = "churn_probability - usual_probability"
    heaviest = (
        f"greatest({', '.join(f'odds_{key}' for key in added)})" if len(added) > 1 else f"odds_{next(iter(added))}"
    )
    causes = " ".join(f"WHEN odds_{key} = heaviest THEN {literal(key)}" for key in added)
    sql = f"""
    WITH reasoned AS (SELECT *, {base} AS odds_usual, {listed} FROM {quoted(seen)}),
    summed AS (SELECT *, {total} AS odds_all, {heaviest} AS heaviest FROM reasoned),
    risked AS (
        SELECT
            *,
            1.0 / (1.0 + exp(-(odds_usual + odds_all))) AS churn_probability,
            1.0 / (1.0 + exp(-odds_usual)) AS usual_probability
        FROM summed
    )
    SELECT
        customer_key,
        churn_probability,
        usual_probability,
        CAST({round(facts.horizon.days)} AS INTEGER) AS churn_horizon_days,
        value_at_stake,
        {loss} AS expected_loss,
        CASE WHEN odds_all > 0 THEN CASE {causes} END END AS cause,
        {", ".join(f"({above}) * {share(key)} AS risk_{key}" for key in added)},
        {", ".join(f"({loss}) * {share(key)} AS loss_{key}" for key in added)},
        silence_days,
        usual_gap_days,
        recent_45,
        usual_45,
        unsubscribed_days,
        unhappy_days,
        unhappy_score,
        complained_days,
        refunded_days,
        failed_days,
        past_due,
        bought,
        discounted
    FROM risked
    """
    name = engine.create(engine.new_name("warnings"), sql)
    found = EarlyWarnings(engine, name, facts)
    ordered = engine.create(engine.new_name("warnings"), f"SELECT * FROM {quoted(name)} ORDER BY {found.order}")
    engine.drop(name)
    return EarlyWarnings(engine, ordered, facts)
