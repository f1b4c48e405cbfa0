"""`keepers alerts`: who should be looked after now, by whom and until when, and what came of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepers.cli import parameters as p
from keepers.domain.errors import ConfigError

if TYPE_CHECKING:
    from keepers.domain.alert import Alert, AlertStatus
    from keepers.storage.state import State

app = typer.Typer(
    help="Alerts of this project: list them, and record what came of them.",
    invoke_without_command=True,
    no_args_is_help=False,
    rich_markup_mode=None,
)

Number = Annotated[int, typer.Argument(metavar="ID", help="The alert's number.", show_default=False)]
Outcome = Annotated[
    str, typer.Option("--outcome", metavar="TEXT", help="What came of it, in your words.", show_default=False)
]


@app.callback()
def alerts(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    json: p.Json = False,
) -> None:
    """List alerts: open ones by the day they are due.

    `keepers run` raises them in a project (`keepers init`): once a customer and cause, not again while one is open or
    for some time after it was closed.
    """
    if context.invoked_subcommand is not None:
        return
    from keepers.domain.alert import AlertStatus

    with _state() as state, state.reading() as books:
        found = books.alerts.listed(None if everything else AlertStatus.OPEN)
    if json:
        from keepers.cli.tables import print_json

        print_json({"alerts": [alert_values(one) for one in found]})
        return
    _show(found, everything)


@app.command("done")
def done(number: Number, outcome: Outcome, json: p.Json = False) -> None:
    """Close an alert that somebody acted on, with what came of it."""
    from keepers.domain.alert import AlertStatus

    _close(number, AlertStatus.DONE, outcome, json)


@app.command("dismiss")
def dismiss(number: Number, outcome: Outcome, json: p.Json = False) -> None:
    """Close an alert on which nobody needs to act, with the reason."""
    from keepers.domain.alert import AlertStatus

    _close(number, AlertStatus.DISMISSED, outcome, json)


@app.command("reopen")
def reopen(number: Number, json: p.Json = False) -> None:
    """Open an alert again that was closed by mistake."""
    with _state() as state, state.writing() as books:
        alert = books.alerts.reopen(number, dt.datetime.now(dt.UTC))
    _told(alert, json)


def alert_values(one: Alert) -> dict[str, Any]:
    """An alert as plain values, for programs."""
    said = one.proposal
    return {
        "id": one.number,
        "status": one.status.value,
        "customer_key": said.customer_key,
        "kind": said.kind,
        "cause": said.cause,
        "reason": said.reason,
        "action": said.action,
        "owner": one.owner,
        "raised_on": one.raised_on.isoformat(),
        "due_on": one.due_on.isoformat(),
        "churn_probability": said.churn_probability,
        "usual_probability": said.usual_probability,
        "horizon_days": said.horizon_days,
        "expected_loss": said.expected_loss,
        "currency": one.currency or None,
        "outcome": one.outcome or None,
        "history": [
            {"at": event.at.isoformat(timespec="seconds"), "event": event.event, "note": event.note}
            for event in one.history
        ],
    }


def _close(number: int, status: AlertStatus, outcome: str, json: bool) -> None:
    with _state() as state, state.writing() as books:
        alert = books.alerts.close(number, status, outcome, dt.datetime.now(dt.UTC))
    _told(alert, json)


def _told(alert: Alert, json: bool) -> None:
    from keepers.cli.tables import print_json, print_text

    if json:
        print_json(alert_values(alert))
    else:
        said = f": {alert.outcome}" if alert.outcome else ""
        print_text(f"Alert {alert.number} ({alert.proposal.customer_key}) is {alert.status.value}{said}.")


def _show(found: tuple[Alert, ...], everything: bool) -> None:
    from keepers.cli.tables import print_table, print_text

    if not found:
        print_text("There are no alerts." if everything else "There are no open alerts.")
        return
    print_table(
        "Alerts" if everything else "Open alerts",
        (
            "ID",
            "Customer",
            "Why",
            "What to do",
            "Owner",
            "Due",
            "Expected loss",
            *(("Came of it",) if everything else ()),
        ),
        [
            (
                one.number,
                one.proposal.customer_key,
                one.proposal.reason,
                one.proposal.action,
                one.owner,
                one.due_on,
                _money(one),
                *((f"{one.status.value}: {one.outcome}" if one.outcome else one.status.value,) if everything else ()),
            )
            for one in found
        ],
        right=(0, 6),
    )
    if not everything:
        print_text(f"When one is done: keepers alerts done {found[0].number} --outcome 'called, orders again in May'")


def _money(one: Alert) -> str:
    loss = one.proposal.expected_loss
    if loss is None:
        return ""
    currency = "" if one.currency in ("", "unspecified") else f" {one.currency}"
    return f"{loss:,.0f}{currency}"


def _state() -> State:
    from keepers.pipeline.project import project_of

    project = project_of(Path())
    if project is None:
        raise ConfigError("This folder is no project (it has no keepers.toml). Begin one: keepers init FILES")
    return project.open_state()
