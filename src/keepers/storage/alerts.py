"""The book of alerts: each raised once, with an owner and a due day, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, case, func, insert, select, update

from keepers.domain.alert import Alert, AlertEvent, AlertProposal, AlertRules, AlertStatus
from keepers.domain.errors import ConfigError
from keepers.storage.schema import ALERT_EVENTS, ALERTS

_AT_ONCE = 500
"""Names in one query: a database admits only so many."""


class AlertBook:
    """Alerts inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def raise_all(
        self,
        proposals: Sequence[AlertProposal],
        rules: AlertRules,
        on: dt.date,
        now: dt.datetime,
        run_id: int | None = None,
        currency: str = "",
    ) -> tuple[Alert, ...]:
        """Raise what is new among proposals, and bring up to date what is open already.

        Nothing is raised for a customer and cause of which an alert is open, or was closed less than the cool-down
        before; nothing beyond `rules.most`. Open alerts that are long overdue lapse.

        Parameters
        ----------
        proposals : sequence of AlertProposal
            The most urgent first; of a customer and cause only the first counts.
        rules : AlertRules
            To whom, until when, how many.
        on : date
            Last day of the data, from which due days are counted.
        now : datetime
            The present moment.
        run_id : int, optional
            The run that raises them.
        currency : str
            Of expected losses.

        Returns
        -------
        tuple of Alert
            The new ones.
        """
        self._lapse(rules, on, now)
        known = self._known({one.customer_key for one in proposals})
        fresh: list[AlertProposal] = []
        seen: set[tuple[str, str]] = set()
        for proposal in proposals:
            # Somebody who buys and subscribes may be proposed twice for one cause: the more urgent proposal counts.
            if (proposal.customer_key, proposal.cause) in seen:
                continue
            seen.add((proposal.customer_key, proposal.cause))
            status, closed = known.get((proposal.customer_key, proposal.cause), (None, None))
            if status == AlertStatus.OPEN.value:
                self._connection.execute(
                    update(ALERTS)
                    .where(
                        ALERTS.c.customer_key == proposal.customer_key,
                        ALERTS.c.cause == proposal.cause,
                        ALERTS.c.status == AlertStatus.OPEN.value,
                    )
                    .values(_said(proposal))
                )
            elif len(fresh) < rules.most and (closed is None or (now - closed).days >= rules.cool_down_days):
                fresh.append(proposal)
        return tuple(self._raise(one, rules, on, now, run_id, currency) for one in fresh)

    def listed(
        self, status: AlertStatus | None = AlertStatus.OPEN, number: int | None = None, customer: str | None = None
    ) -> tuple[Alert, ...]:
        """Alerts with their history: open ones by due day and loss, others last closed first.

        Parameters
        ----------
        status : AlertStatus, optional
            Only these; all of them where None.
        number : int, optional
            Only this one.
        customer : str, optional
            Only those of a customer, by key.
        """
        query = select(ALERTS).order_by(
            case((ALERTS.c.status == AlertStatus.OPEN.value, 0), else_=1),
            ALERTS.c.closed_at.desc(),
            ALERTS.c.due_on,
            ALERTS.c.expected_loss.desc(),
            ALERTS.c.id,
        )
        if number is not None:
            query = query.where(ALERTS.c.id == number)
        elif status is not None:
            query = query.where(ALERTS.c.status == status.value)
        if customer is not None:
            query = query.where(ALERTS.c.customer_key == customer)
        rows = self._connection.execute(query).mappings().all()
        history = self._history([row["id"] for row in rows])
        return tuple(_alert(row, history.get(row["id"], ())) for row in rows)

    def counts(self) -> dict[AlertStatus, int]:
        """How many there are of each status."""
        query = select(ALERTS.c.status, func.count()).group_by(ALERTS.c.status)
        found = {status: int(size) for status, size in self._connection.execute(query)}
        return {one: found.get(one.value, 0) for one in AlertStatus}

    def close(self, number: int, status: AlertStatus, outcome: str, now: dt.datetime) -> Alert:
        """Record what came of an alert.

        Raises
        ------
        ConfigError
            If there is no such alert, it is closed already, or the outcome says nothing.
        """
        if not outcome.strip():
            raise ConfigError("Say what came of it: --outcome 'called, will order again in May'.")
        found = self.listed(number=number)
        if not found:
            raise ConfigError(f"There is no alert {number}. `keepers alerts` lists those that are open.")
        if found[0].status is not AlertStatus.OPEN:
            raise ConfigError(f"Alert {number} is closed already ({found[0].status.value}: {found[0].outcome}).")
        self._connection.execute(
            update(ALERTS)
            .where(ALERTS.c.id == number)
            .values(status=status.value, closed_at=now, outcome=outcome.strip())
        )
        self._note(number, now, status.value, outcome.strip())
        return self.listed(number=number)[0]

    def reopen(self, number: int, now: dt.datetime) -> Alert:
        """Open a closed alert again, as when it was closed by mistake.

        Raises
        ------
        ConfigError
            If there is no such alert, it is open, or another one of the same customer and cause is.
        """
        found = self.listed(number=number)
        if not found or found[0].status is AlertStatus.OPEN:
            raise ConfigError(f"There is no closed alert {number}. `keepers alerts --all` lists all of them.")
        said = found[0].proposal
        status, _ = self._known({said.customer_key}).get((said.customer_key, said.cause), (None, None))
        if status == AlertStatus.OPEN.value:
            raise ConfigError(f"A newer alert of {said.customer_key} for the same cause is open; close that one.")
        self._connection.execute(
            update(ALERTS)
            .where(ALERTS.c.id == number)
            .values(status=AlertStatus.OPEN.value, closed_at=None, outcome=None)
        )
        self._note(number, now, "reopened", "")
        return self.listed(number=number)[0]

    def _raise(
        self, one: AlertProposal, rules: AlertRules, on: dt.date, now: dt.datetime, run_id: int | None, currency: str
    ) -> Alert:
        row = {
            "customer_key": one.customer_key,
            "cause": one.cause,
            "kind": one.kind,
            "status": AlertStatus.OPEN.value,
            "raised_at": now,
            "raised_on": on,
            "run_id": run_id,
            "currency": currency,
            "owner": rules.owner,
            "due_on": on + dt.timedelta(days=rules.due_days),
            **_said(one),
        }
        number = self._connection.execute(insert(ALERTS).values(row)).inserted_primary_key[0]  # type: ignore[index]
        self._note(number, now, "raised", one.reason)
        return self.listed(number=number)[0]

    def _lapse(self, rules: AlertRules, on: dt.date, now: dt.datetime) -> None:
        late = on - dt.timedelta(days=rules.lapse_days)
        found = select(ALERTS.c.id).where(ALERTS.c.status == AlertStatus.OPEN.value, ALERTS.c.due_on < late)
        for (number,) in self._connection.execute(found).all():
            why = f"nobody closed it within {rules.lapse_days} days of its due day"
            self._connection.execute(
                update(ALERTS)
                .where(ALERTS.c.id == number)
                .values(status=AlertStatus.LAPSED.value, closed_at=now, outcome=why)
            )
            self._note(number, now, AlertStatus.LAPSED.value, why)

    def _known(self, customers: Iterable[str]) -> dict[tuple[str, str], tuple[str, dt.datetime | None]]:
        """Status and moment of closing of the newest alert of customers, by customer and cause."""
        found: dict[tuple[str, str], tuple[str, dt.datetime | None]] = {}
        names = sorted(customers)
        for start in range(0, len(names), _AT_ONCE):
            query = (
                select(ALERTS.c.customer_key, ALERTS.c.cause, ALERTS.c.status, ALERTS.c.closed_at)
                .where(ALERTS.c.customer_key.in_(names[start : start + _AT_ONCE]))
                .order_by(case((ALERTS.c.status == AlertStatus.OPEN.value, 1), else_=0), ALERTS.c.closed_at)
            )
            for customer, cause, status, closed in self._connection.execute(query):
                found[customer, cause] = (status, closed)
        return found

    def _note(self, number: int, at: dt.datetime, event: str, note: str) -> None:
        self._connection.execute(insert(ALERT_EVENTS).values(alert_id=number, at=at, event=event, note=note))

    def _history(self, numbers: list[int]) -> dict[int, tuple[AlertEvent, ...]]:
        found: dict[int, tuple[AlertEvent, ...]] = {}
        for start in range(0, len(numbers), _AT_ONCE):
            part = numbers[start : start + _AT_ONCE]
            query = select(ALERT_EVENTS).where(ALERT_EVENTS.c.alert_id.in_(part)).order_by(ALERT_EVENTS.c.id)
            for row in self._connection.execute(query).mappings():
                event = AlertEvent(row["at"], row["event"], row["note"])
                found[row["alert_id"]] = (*found.get(row["alert_id"], ()), event)
        return found


def _said(one: AlertProposal) -> dict[str, Any]:
    """What a newer run says anew of an open alert."""
    return {
        "churn_probability": one.churn_probability,
        "usual_probability": one.usual_probability,
        "horizon_days": one.horizon_days,
        "expected_loss": one.expected_loss,
        "reason": one.reason,
        "action": one.action,
    }


def _alert(row: RowMapping, history: tuple[AlertEvent, ...]) -> Alert:
    said = AlertProposal(
        row["customer_key"],
        row["cause"],
        row["kind"],
        row["churn_probability"],
        row["usual_probability"],
        row["horizon_days"],
        row["expected_loss"],
        row["reason"],
        row["action"],
    )
    return Alert(
        row["id"],
        said,
        AlertStatus(row["status"]),
        row["raised_on"],
        row["due_on"],
        row["owner"],
        row["currency"] or "",
        row["outcome"] or "",
        row["closed_at"],
        history,
    )
