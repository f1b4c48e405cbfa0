"""The ledger of decisions: who was chosen, what for, who was held out, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from keepers.domain.decision import Action, Audience, Decision, DecisionOutcome, EvidenceGrade
from keepers.domain.errors import ConfigError
from keepers.storage.ledger_lists import LedgerRow, count_decisions, ids_between, ledger_rows, rows_of
from keepers.storage.schema import DECISION_CUSTOMERS, DECISIONS, OUTCOMES


class Ledger:
    """Decisions inside one transaction, or for reading; a `keepers.domain.ports.DecisionLedger`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, decision: Decision) -> None:
        """Write one decision; the same decision_id twice is one entry.

        Raises
        ------
        ConfigError
            If another decision has the same id, or a customer is both chosen and held out.
        """
        held = self.decision(decision.decision_id)
        if held is not None:
            if held != decision:
                raise ConfigError(
                    f"The decision {decision.decision_id!r} is in the ledger already and says something else. An entry "
                    "is not changed: record a new decision with an id of its own."
                )
            return
        audience, action = decision.audience, decision.action
        both = set(audience.customer_keys) & set(audience.held_out_keys)
        if both:
            raise ConfigError(
                f"Decision {decision.decision_id!r}: {len(both):,} customers are chosen and held out at once (first: "
                f"{min(both)}). A customer is on one side."
            )
        self._connection.execute(
            insert(DECISIONS).values(
                decision_id=decision.decision_id,
                decided_at=decision.decided_at,
                action_key=action.key,
                action_label=action.label,
                action_cost=action.cost,
                rule=audience.rule,
                expected_gain=decision.expected_gain,
                expected_gain_low=decision.expected_gain_low,
                expected_gain_high=decision.expected_gain_high,
                currency=decision.currency,
                evidence=decision.evidence.value,
                reasons=list(decision.reasons),
            )
        )
        rows = [
            {"decision_id": decision.decision_id, "customer_key": key, "position": position, "held_out": held_out}
            for held_out, keys in ((False, audience.customer_keys), (True, audience.held_out_keys))
            for position, key in enumerate(keys)
        ]
        if rows:
            self._connection.execute(insert(DECISION_CUSTOMERS), rows)

    def observe(self, outcome: DecisionOutcome) -> None:
        """Write what has come of a decision so far; each look is an entry.

        Raises
        ------
        ConfigError
            If the decision is not in the ledger.
        """
        if self.decision(outcome.decision_id) is None:
            raise ConfigError(f"There is no decision {outcome.decision_id!r} in the ledger. Record it first.")
        self._connection.execute(
            insert(OUTCOMES).values(
                decision_id=outcome.decision_id,
                observed_at=outcome.observed_at,
                until=outcome.until,
                gain=outcome.gain,
                gain_low=outcome.gain_low,
                gain_high=outcome.gain_high,
                treated=outcome.treated,
                held_out=outcome.held_out,
                note=outcome.note,
            )
        )

    def decision(self, decision_id: str) -> Decision | None:
        """One decision; None where there is none of that id."""
        row = (
            self._connection.execute(select(DECISIONS).where(DECISIONS.c.decision_id == decision_id)).mappings().first()
        )
        if row is None:
            return None
        who = self._connection.execute(
            select(DECISION_CUSTOMERS.c.held_out, DECISION_CUSTOMERS.c.customer_key)
            .where(DECISION_CUSTOMERS.c.decision_id == decision_id)
            .order_by(DECISION_CUSTOMERS.c.position)
        ).all()
        sides = {side: tuple(key for held_out, key in who if held_out is side) for side in (False, True)}
        return Decision(
            decision_id,
            row["decided_at"],
            Action(row["action_key"], row["action_label"], row["action_cost"]),
            Audience(row["rule"], sides[False], sides[True]),
            row["expected_gain"],
            row["expected_gain_low"],
            row["expected_gain_high"],
            row["currency"],
            EvidenceGrade(row["evidence"]),
            tuple(row["reasons"]),
        )

    def decisions(self) -> tuple[str, ...]:
        """Ids of all decisions, the newest first."""
        query = select(DECISIONS.c.decision_id).order_by(DECISIONS.c.decided_at.desc(), DECISIONS.c.decision_id)
        return tuple(self._connection.execute(query).scalars())

    def rows(self, limit: int = 100, offset: int = 0) -> tuple[LedgerRow, ...]:
        """The newest decisions with what came of them, without the customers whom they are about."""
        return ledger_rows(self._connection, limit, offset)

    def ids_between(self, since: dt.datetime, until: dt.datetime | None = None) -> tuple[str, ...]:
        """Decisions since a moment, and earlier ones whose last outcome came since, before another; newest first."""
        return ids_between(self._connection, since, until)

    def rows_of(self, ids: Sequence[str]) -> tuple[LedgerRow, ...]:
        """Decisions by their ids with what came of them, the newest first, without the customers."""
        return rows_of(self._connection, ids)

    def count(self) -> int:
        """How many decisions there are."""
        return count_decisions(self._connection)

    def outcomes(self, decision_id: str) -> tuple[DecisionOutcome, ...]:
        """What came of a decision, in the order in which somebody looked."""
        query = select(OUTCOMES).where(OUTCOMES.c.decision_id == decision_id).order_by(OUTCOMES.c.id)
        return tuple(
            DecisionOutcome(
                row["decision_id"],
                row["observed_at"],
                row["until"],
                row["gain"],
                row["treated"],
                row["held_out"],
                row["gain_low"],
                row["gain_high"],
                row["note"],
            )
            for row in self._connection.execute(query).mappings()
        )
