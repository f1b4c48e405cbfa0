"""Letters of a project: what each is written from, and how it is sent once."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from keepers.data.staged_folder import MARK
from keepers.domain.alert import Alert, AlertStatus
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, KeepersError, MissingExtraError
from keepers.domain.proposal import Proposal, by_money
from keepers.evaluation.published_changes import ScoreChanges, score_changes
from keepers.exports.mail import MailError, MailServer, Outcome, composed, new_message_id, send
from keepers.pipeline.lead_list import leads_there
from keepers.pipeline.letter_settings import LetterSettings
from keepers.pipeline.memory import CUSTOMERS, SUBSCRIBERS
from keepers.pipeline.offer_list import customers_offered
from keepers.pipeline.project import Project
from keepers.pipeline.secrets import hidden, secret
from keepers.pipeline.this_week import proposals
from keepers.reports.content import ReportContent
from keepers.reports.formatting import day, plural
from keepers.reports.kept import FILE, read_content
from keepers.reports.letter import Letter, write_letter
from keepers.reports.letter_facts import AlertCounts, Decided, LetterFacts
from keepers.reports.letter_page import letter_html, letter_text
from keepers.reports.run_figures import RunFigures, figures_of
from keepers.storage.letters import SENT, UNCLEAR, KeptLetter
from keepers.storage.scores import KnownRun
from keepers.storage.state import Books, State

_A_WEEK = dt.timedelta(days=7)
_ALMOST = dt.timedelta(days=6)
"""A run of so many days before is compared with where there is no letter before."""
_TRIES = 3
"""Attempts in a row, before a letter is put off."""
_NEXT = dt.timedelta(minutes=15)
_TAKEN = re.compile(r":\d{8}T\d{6}(:\d+)?$")
"""Ends the ids of what somebody decided on."""
_BY_RUNS = ("budget:", "offer-")
"""Begin those of what runs write down, too."""
_LATEST = dt.timedelta(days=2)
"""A letter that could not be sent for so long is given up: the next one says more."""


@dataclass(frozen=True, slots=True)
class NewestRun:
    """The newest run of a project with a report, and what that says."""

    number: int
    content: ReportContent
    folder: Path


def newest_run(state: State) -> NewestRun:
    """The run that a letter tells of.

    Raises
    ------
    ConfigError
        No run has left a report that can still be read.
    """
    with state.reading() as books:
        runs = books.runs.listed()
    problem = ""
    for run in runs:
        if not (run.folder / FILE).is_file():
            continue
        try:
            content = read_content(run.folder / FILE)
        except (OSError, KeepersError) as error:
            problem = f" {error}"
            continue
        if content.store.last_day == run.as_of:
            return NewestRun(run.number, content, run.folder)
    raise ConfigError(
        f"There is nothing to write of yet: no run of this project has left a report. Start one: keepers run{problem}"
    )


def letter_of(project: Project, state: State, now: dt.datetime) -> tuple[Letter, NewestRun]:
    """Write the letter of a project's newest run.

    Raises
    ------
    ConfigError
        There is no run to write of.
    """
    run = newest_run(state)
    figures = figures_of(run.content)
    with state.reading() as books:
        earlier = books.letters.listed(1, (SENT, UNCLEAR))
        last = earlier[0] if earlier else None
        runs = books.runs.listed()
        before = _before(runs, run.number, figures.as_of, last)
        known = None if before is None else RunFigures.from_dict(before.figures)
        changes = None if before is None or known is None else _changes(books, before.number, run.number)
        since = last.due_at if last is not None else now - _A_WEEK
        facts = LetterFacts(
            now.astimezone(ZoneInfo(project.time_zone or "UTC")),
            figures,
            before=known,
            changes=changes,
            same_run=last is not None and last.run_id == run.number,
            decisions=decided_since(books, since),
            alerts=alerts_since(books, since),
            to_do=to_do(books, run, now.date()),
            link=project.letter.link,
        )
    return write_letter(run.content, facts), run


def keep_letter(
    project: Project, state: State, due: dt.datetime, now: dt.datetime, once: tuple[str, str] = ("", "")
) -> KeptLetter | None:
    """Write the letter of a due moment into the state; None where that moment has one already.

    Who wishes for it, and under which name, may be said by `once`: a wish that was fulfilled writes no other letter.

    Raises
    ------
    ConfigError
        There is no run to write of, or nobody to send it to.
    """
    settings = project.letter
    settings.ready()
    letter, run = letter_of(project, state, now)
    kept = KeptLetter(
        due, now, run.number, letter.as_of, letter.subject, letter_text(letter), letter_html(letter), settings.to,
        new_message_id(settings.sender),
    )  # fmt: skip
    with state.writing() as books:
        if books.once.said(*once, now) is not None:
            return None
        added = books.letters.add(kept)
        books.once.keep(*once, {}, now)
        return added


def deliver(project: Project, state: State, number: int, clock: Callable[[], dt.datetime]) -> KeptLetter | None:
    """Send a kept letter, which one process does once; gives it as it stands then, None where somebody else has it.

    Temporary failures are tried again at once and then later, until they have lasted for two days. What may have been
    sent is never sent again by itself.

    Raises
    ------
    ConfigError
        The settings make no sense, or the password is not where they say; the letter goes on waiting.
    """
    settings = project.letter
    settings.ready()
    server = _server(settings, project.folder)
    with state.writing() as books:
        taken = books.letters.take(number, clock())
    if taken is None:
        return None
    message = composed(
        settings.sender, taken.recipients, taken.subject, taken.plain, taken.html, taken.message_id, taken.made_at
    )

    def handing_over() -> None:
        with state.writing() as books:
            books.letters.hand_over(number, clock())

    try:
        said = _persistently(lambda: send(server, message, taken.recipients, handing_over))
    except MailError as error:
        _failed(state, taken, error.outcome, hidden(str(error), [server.password]), clock())
    else:
        with state.writing() as books:
            books.letters.sent(number, said, clock())
    with state.reading() as books:
        return books.letters.numbered(number)


def _persistently(attempt: Callable[[], str]) -> str:
    try:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter
    except ModuleNotFoundError:
        raise MissingExtraError("tenacity", "service", "Sending letters") from None

    def may_succeed(error: BaseException) -> bool:
        return isinstance(error, MailError) and error.outcome is Outcome.LATER

    again = Retrying(
        retry=retry_if_exception(may_succeed), stop=stop_after_attempt(_TRIES), reraise=True,
        wait=wait_exponential_jitter(initial=1, max=10, jitter=1),
    )  # fmt: skip
    return again(attempt)


def _failed(state: State, letter: KeptLetter, outcome: Outcome, said: str, now: dt.datetime) -> None:
    with state.writing() as books:
        if outcome is Outcome.UNCLEAR:
            books.letters.unclear(letter.number, said)
        elif outcome is Outcome.NEVER or now - letter.due_at > _LATEST:
            books.letters.give_up(letter.number, said)
        else:
            books.letters.put_off(letter.number, said, now + min(_NEXT * letter.attempts, dt.timedelta(hours=4)))


def _server(settings: LetterSettings, folder: Path) -> MailServer:
    password = secret(settings.password, "[letter] password", folder) if settings.password else ""
    return MailServer(settings.host, settings.port, settings.security, settings.user, password)


def _before(runs: tuple[KnownRun, ...], number: int, as_of: dt.date, last: KeptLetter | None) -> KnownRun | None:
    """The run to compare with: that of the letter before, or else the youngest that is about a week older."""
    if last is not None and last.run_id is not None:
        told = next((one for one in runs if one.number == last.run_id), None)
        if told is not None and told.figures is not None:
            return told
    return earlier_run(runs, number, as_of)


def earlier_run(runs: tuple[KnownRun, ...], number: int | None, as_of: dt.date) -> KnownRun | None:
    """The youngest run with figures that rests on data about a week older, or more; None where there is none yet."""
    older = [one for one in runs if one.number != number and one.figures is not None and as_of - one.as_of >= _ALMOST]
    return max(older, key=lambda one: (one.as_of, one.made_at), default=None)


def _changes(books: Books, before: int, now: int) -> ScoreChanges | None:
    if before == now:
        return None
    for kind in (CUSTOMERS, SUBSCRIBERS):
        earlier, later = (books.runs.scores_of(number, kind) for number in (before, now))
        if earlier is not None and later is not None:
            return score_changes(earlier.snapshot, later.snapshot)
    return None


def to_do(books: Books, run: NewestRun, today: dt.date) -> tuple[Proposal, ...]:
    """What a run proposes that nobody has answered, the most money first; of alerts how many, as nobody is named."""
    try:
        said = json.loads((run.folder / MARK).read_text(encoding="utf-8"))
    except OSError:
        said = {}
    leads = run.content.leads
    week = None if leads is None else leads.week
    found = proposals(said, leads_there(run.folder, books.live.current()), week, customers_offered(run.folder))
    held = books.answers.holding(today)
    waiting = books.alerts.listed()
    return tuple(sorted((*(one for one in found if one.key not in held), *_looked_after(waiting)), key=by_money))


def _looked_after(waiting: tuple[Alert, ...]) -> tuple[Proposal, ...]:
    if not waiting:
        return ()
    losses = [one.proposal.expected_loss for one in waiting if one.proposal.expected_loss is not None]
    people = len({one.proposal.customer_key for one in waiting})
    first = min(one.due_on for one in waiting)
    why = (
        f"{plural(len(waiting), 'alert')} {'waits' if len(waiting) == 1 else 'wait'} for somebody; the first is due on "
        f"{day(first)}. The list says whom, why, and what to do."
    )
    ahead = round(max(one.proposal.horizon_days for one in waiting))
    return (
        Proposal(
            "alerts", "customer", f"Look after {plural(people, 'customer')} who may be leaving", why,
            sum(losses) if losses else None, None, None, f"at stake if nobody does anything within {ahead} days",
            waiting[0].currency, EvidenceGrade.PREDICTIVE, "/leaving",
        ),
    )  # fmt: skip


def decided_since(books: Books, since: dt.datetime, until: dt.datetime | None = None) -> tuple[Decided, ...]:
    """Decisions since a moment, and earlier ones of which something has come since; of both only those before another.

    What runs write down by themselves is no decision: nobody may have acted on it.
    """
    ids = books.ledger.ids_between(since, until)
    taken = [name for name in ids if not name.startswith(_BY_RUNS) or _TAKEN.search(name)]
    return tuple(
        Decided(
            one.action, one.decided_at, one.customers, one.held_out, one.gain, one.low, one.high, one.currency,
            one.evidence, new=one.decided_at > since, got=one.earned, got_low=one.earned_low, got_high=one.earned_high,
            until=one.seen_until,
        )
        for one in books.ledger.rows_of(taken)
    )  # fmt: skip


def alerts_since(books: Books, since: dt.datetime, until: dt.datetime | None = None) -> AlertCounts:
    """What became of alerts since a moment, before another, and how many are open now."""
    everything = books.alerts.listed(None)
    end = dt.datetime.max.replace(tzinfo=dt.UTC) if until is None else until
    closed = [one for one in everything if one.closed_at is not None and since < one.closed_at < end]
    done = [one for one in closed if one.status is AlertStatus.DONE]
    stakes = [one.proposal.expected_loss for one in done if one.proposal.expected_loss is not None]
    raised = sum(any(event.event == "raised" and since < event.at < end for event in one.history) for one in everything)
    return AlertCounts(
        raised,
        len(done),
        sum(one.status is AlertStatus.DISMISSED for one in closed),
        sum(one.status is AlertStatus.LAPSED for one in closed),
        sum(one.status is AlertStatus.OPEN for one in everything),
        sum(stakes) if stakes else None,
    )
