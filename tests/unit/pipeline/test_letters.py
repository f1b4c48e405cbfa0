"""Letters of a project: what they tell, and that each is sent once to a real mail server, whatever breaks meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import email.policy
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlalchemy import event
from sqlalchemy.engine import Engine

from keepers.domain.decision import Action, Audience, Decision, DecisionOutcome, EvidenceGrade
from keepers.domain.errors import ConfigError
from keepers.exports.mail import MailError, MailServer, Outcome, composed, send
from keepers.pipeline import letters
from keepers.pipeline.letter_settings import LetterSettings, letter_settings
from keepers.pipeline.project import Project
from keepers.reports import letter_sentences as say
from keepers.reports.content import ReportContent
from keepers.reports.figures import Estimate
from keepers.reports.kept import FILE, keep_content
from keepers.reports.letter_facts import Decided
from keepers.reports.run_figures import figures_of
from keepers.storage.letters import LEASE
from keepers.storage.state import State
from unit.reports.content_example import example_content

NOW = dt.datetime(2025, 7, 1, 7, tzinfo=dt.UTC)
TO = ("ada@example.com", "ben@example.com")
PASSWORD = "correct-horse"
CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""With its key: of localhost, for a hundred years, trusted by nobody but these tests."""


@dataclass
class Mailbox:
    """What a mail server was given, and how it behaves."""

    taken: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What it says to the next messages instead of taking them."""
    refused: str = ""
    """An address that it does not know."""
    attempts: int = 0
    hold: str = ""
    """Where it lets everybody wait: "addresses", or "message", which it has by then."""
    held: threading.Event = field(default_factory=threading.Event)

    async def _wait(self, place: str) -> None:
        if self.hold == place:
            self.held.set()
            await asyncio.sleep(20)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Who gets it."""
        del server, session, options
        await self._wait("addresses")
        if address == self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """The message itself."""
        del session
        self.attempts += 1
        if self.answers:
            answer = self.answers.pop(0)
            if answer == "hang up":
                server.transport.close()
            return answer
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        await self._wait("message")
        return "250 taken"


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """A mail server that listens, and its port."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=_free())
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def _project(folder: Path, port: int = 25) -> Project:
    settings = LetterSettings(TO, "Keepers <keepers@example.com>", "127.0.0.1", port, "none")
    return Project(folder, name="Tea & Pots", time_zone="Europe/Berlin", letter=settings)


def _run(state: State, folder: Path, content: ReportContent, made: dt.datetime) -> int:
    folder.mkdir(exist_ok=True)
    keep_content(content, folder / FILE)
    with state.writing() as books:
        number = books.runs.begin(made, content.store.last_day, "0.1.0", folder, content.store.customers)
        books.runs.describe(number, figures_of(content).to_dict())
    return number


def _a_week_before(content: ReportContent) -> ReportContent:
    store, equity = content.store, content.equity
    assert store.orders is not None
    assert store.revenue is not None
    assert equity is not None
    earlier = replace(
        store, last_day=store.last_day - dt.timedelta(days=7), customers=store.customers - 1, orders=store.orders - 12,
        revenue=store.revenue - 600.0,
    )  # fmt: skip
    return replace(content, store=earlier, equity=replace(equity, total=Estimate(equity.total.value - 3_000.0)))


def test_a_first_letter_compares_with_nothing(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        with pytest.raises(ConfigError, match="nothing to write of"):
            letters.letter_of(_project(tmp_path), state, NOW)
        _run(state, tmp_path / "result", example_content(), NOW)
        letter, run = letters.letter_of(_project(tmp_path), state, NOW)
    assert run.number == 1
    changed = letter.parts[0]
    assert (changed.title, changed.said[0][:24]) == ("What has changed", "There is no earlier run ")
    assert all(figure.change == "" for figure in letter.figures)


def test_what_changed_is_told_against_the_run_of_the_letter_before(tmp_path: Path) -> None:
    content = example_content()
    with State(tmp_path) as state:
        first = _run(state, tmp_path / "first", _a_week_before(content), NOW - dt.timedelta(days=7))
        project = _project(tmp_path)
        kept = letters.keep_letter(project, state, NOW - dt.timedelta(days=7), NOW - dt.timedelta(days=7))
        assert kept is not None
        assert kept.run_id == first
        with state.writing() as books:
            books.letters.sent(kept.number, "taken", NOW - dt.timedelta(days=7))
        again, _ = letters.letter_of(project, state, NOW)
        assert again.parts[0].said[0].startswith("Nothing was valued anew since the letter before")
        _run(state, tmp_path / "second", content, NOW)
        action = Action("postcard", "Send a postcard", 0.75)
        decision = Decision(
            "p", NOW - dt.timedelta(days=2), action, Audience("all", ("a", "b"), ("c",)), 120.0, -10.0, 260.0, "EUR",
            EvidenceGrade.EXPERIMENTAL,
        )  # fmt: skip
        with state.writing() as books:
            books.ledger.record(decision)
            books.ledger.observe(DecisionOutcome("p", NOW, NOW.date(), 80.0, 2, 1, 20.0, 140.0))
        letter, _ = letters.letter_of(project, state, NOW)
    said = " ".join(letter.parts[0].said)
    assert "In 7 days there were 12 orders for €600 after refunds, and 1 customer came" in said
    assert "rose by €3,000 (0.6%)" in said
    assert "0.6% more than on 24" in letter.subject
    assert letter.figures[0].change == "+€3,000"
    (row,) = next(part.rows for part in letter.parts if part.title.startswith("What was decided"))
    assert (row.title, row.figure) == ("Send a postcard", "€120 expected")
    assert "of 2 customers; 1 was held out as control" in row.text
    assert "it has earned €80.00 (€20.00 to €140)" in row.note


def test_a_decision_without_a_range_or_a_currency_claims_none() -> None:
    decided = Decided("Call leads", NOW, 0, 0, 652.0, 652.0, 652.0, "", EvidenceGrade.PREDICTIVE)
    assert (say.expected(decided), say.decided(decided)) == ("652 expected", "Decided on 1\xa0Jul\xa02025.")


def test_nobody_is_named(tmp_path: Path) -> None:
    content = example_content()
    assert content.at_risk is not None
    with State(tmp_path) as state:
        _run(state, tmp_path / "result", content, NOW)
        kept = letters.keep_letter(_project(tmp_path), state, NOW, NOW)
    assert kept is not None
    names = {row.name for row in content.at_risk.customers}
    names |= {row.name for warned in content.warnings for row in warned.rows}
    assert names
    assert not any(name in kept.plain or name in kept.html for name in names)


def test_a_letter_is_sent_once_as_text_and_html(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    project = _project(tmp_path, port)
    with State(tmp_path) as state:
        _run(state, tmp_path / "result", example_content(), NOW)
        kept = letters.keep_letter(project, state, NOW, NOW)
        assert kept is not None
        assert letters.keep_letter(project, state, NOW, NOW) is None, "the moment has its letter"
        done = letters.deliver(project, state, kept.number, lambda: NOW)
        assert done is not None
        assert (done.status, done.sent_at, done.attempts) == ("sent", NOW, 1)
        assert letters.deliver(project, state, kept.number, lambda: NOW) is None
    (message,) = box.taken
    assert message["To"] == ", ".join(TO)
    assert message["Message-ID"] == kept.message_id
    assert message["Message-ID"].endswith("@example.com>")
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert "What to do this week" in plain.get_content()
    assert max(map(len, plain.get_content().splitlines())) <= 72
    page = html.get_content()
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"<script|<img|<link|src=|url\(", page), "nothing is fetched when it is opened"


def test_failures_that_pass_are_tried_again_and_others_are_not(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    project = _project(tmp_path, port)
    with State(tmp_path) as state:
        _run(state, tmp_path / "result", example_content(), NOW)
        first = letters.keep_letter(project, state, NOW, NOW)
        assert first is not None
        box.answers = ["451 busy", "451 busy"]
        done = letters.deliver(project, state, first.number, lambda: NOW)
        assert done is not None
        assert (done.status, box.attempts, len(box.taken)) == ("sent", 3, 1)
        second = letters.keep_letter(project, state, NOW + dt.timedelta(days=7), NOW)
        assert second is not None
        box.answers = ["451 busy"] * 3
        waits = letters.deliver(project, state, second.number, lambda: NOW)
        assert waits is not None
        assert (waits.status, "451 busy" in waits.said) == ("waiting", True)
        assert letters.deliver(project, state, second.number, lambda: NOW) is None, "not so soon"
        box.answers = ["550 not from you"]
        failed = letters.deliver(project, state, second.number, lambda: NOW + dt.timedelta(hours=1))
        assert failed is not None
        assert (failed.status, "550 not from you" in failed.said) == ("failed", True)
        assert len(box.taken) == 1


def test_what_may_have_been_sent_is_not_sent_again(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    project = _project(tmp_path, port)
    with State(tmp_path) as state:
        _run(state, tmp_path / "result", example_content(), NOW)
        first = letters.keep_letter(project, state, NOW, NOW)
        assert first is not None
        box.answers = ["hang up"]
        done = letters.deliver(project, state, first.number, lambda: NOW)
        assert done is not None
        assert (done.status, box.attempts) == ("unclear", 1)
        second = letters.keep_letter(project, state, NOW + dt.timedelta(days=7), NOW)
        assert second is not None
        with state.writing() as books:
            assert books.letters.take(second.number, NOW) is not None
            books.letters.hand_over(second.number, NOW)
        # The process is gone here; another one comes.
        later = NOW + LEASE
        with state.writing() as books:
            assert books.letters.mark_unclear(later) == 1
            assert books.letters.waiting(later) == ()
        assert letters.deliver(project, state, second.number, lambda: later) is None
        assert box.taken == []


SENDING = """
import datetime as dt, sys
from pathlib import Path
from keepers.pipeline.letter_settings import LetterSettings
from keepers.pipeline.letters import deliver
from keepers.pipeline.project import Project
from keepers.storage.state import State
folder, port, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
project = Project(folder, letter=LetterSettings(("ada@example.com",), "k@example.com", "127.0.0.1", port, "none"))
with State(folder) as state:
    deliver(project, state, number, lambda: dt.datetime(2025, 7, 1, 7, tzinfo=dt.UTC))
"""


@pytest.mark.parametrize(("place", "status", "taken"), [("addresses", "sent", 1), ("message", "unclear", 1)])
def test_a_process_that_is_killed_leaves_one_letter(
    tmp_path: Path, mailbox: tuple[Mailbox, int], place: str, status: str, taken: int
) -> None:
    box, port = mailbox
    box.hold = place
    with State(tmp_path) as state:
        _run(state, tmp_path / "result", example_content(), NOW)
        kept = letters.keep_letter(_project(tmp_path, port), state, NOW, NOW)
        assert kept is not None
        arguments = [sys.executable, "-c", SENDING, str(tmp_path), str(port), str(kept.number)]
        with subprocess.Popen(arguments) as process:
            assert box.held.wait(60)
            process.kill()
        box.hold = ""
        later = NOW + LEASE
        with state.writing() as books:
            books.letters.mark_unclear(later)
        for _ in range(2):
            letters.deliver(_project(tmp_path, port), state, kept.number, lambda: later)
        with state.reading() as books:
            assert books.letters.listed()[0].status == status
    assert len(box.taken) == taken


def test_one_address_that_is_refused_does_not_keep_it_from_others(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    box.refused = "ben@example.com"
    handed: list[bool] = []
    server = MailServer("127.0.0.1", port, "none")
    message = composed("k@example.com", TO, "A\nsubject ünd", "plain", "<p>html</p>", "<1@example.com>", NOW)
    said = send(server, message, TO, lambda: handed.append(True))
    assert said == "Sent, but the mail server refused ben@example.com."
    assert (handed, box.taken[0]["Subject"]) == ([True], "A subject ünd")
    box.refused = "ada@example.com"
    with pytest.raises(MailError, match="no such person") as refused:
        send(server, message, TO[:1], lambda: handed.append(True))
    assert (refused.value.outcome, len(handed)) == (Outcome.NEVER, 1)


def test_the_password_goes_over_tls_alone_and_into_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    box = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    seen: list[bytes] = []

    def allowed(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        del server, session, envelope, mechanism
        seen.append(data.password)
        return AuthResult(success=data.login == b"keepers", handled=False)

    controller = Controller(
        box, hostname="127.0.0.1", port=_free(), tls_context=context, require_starttls=True, authenticator=allowed,
        auth_required=True,
    )  # fmt: skip
    controller.start()
    port = controller.port
    trusted = ssl.create_default_context(cafile=str(CERTIFICATE))
    try:
        with monkeypatch.context() as patched, State(tmp_path) as state:
            patched.setattr(ssl, "create_default_context", lambda: trusted)
            _run(state, tmp_path / "result", example_content(), NOW)
            settings = replace(
                _project(tmp_path, port).letter, host="localhost", security="starttls", user="keepers",
                password="{env:MAIL_PASSWORD}",
            )  # fmt: skip
            project = replace(_project(tmp_path), letter=settings)
            kept = letters.keep_letter(project, state, NOW, NOW)
            assert kept is not None
            done = letters.deliver(project, state, kept.number, lambda: NOW)
            assert done is not None
            assert (done.status, seen) == ("sent", [PASSWORD.encode()])
            stranger = replace(project, letter=replace(settings, user="somebody"))
            second = letters.keep_letter(stranger, state, NOW + dt.timedelta(days=7), NOW)
            assert second is not None
            refused = letters.deliver(stranger, state, second.number, lambda: NOW)
            assert refused is not None
            assert refused.status == "failed"
            assert "535" in refused.said
            assert PASSWORD not in refused.said
        with pytest.raises(MailError, match="certificate") as distrusted:
            send(
                MailServer("localhost", port),
                composed("k@x.example", TO, "s", "p", "h", "<1@x>", NOW),
                TO,
                lambda: None,
            )
        assert distrusted.value.outcome is Outcome.NEVER
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"to": "ada@example.com"}, "list of addresses"),
        ({"to": ["ada"]}, "no e-mail address"),
        ({"to": ["ada@example.com\nBcc: x@y"]}, "no e-mail address"),
        ({"smtp": "x"}, "has no `smtp`"),
        ({"port": "587"}, "whole number"),
        ({"security": "ssl"}, "starttls, tls or none"),
        ({"password": "{env:X}"}, "no `user`"),
        ({"host": "mail.example.com", "security": "none", "user": "k", "password": "{env:X}"}, "everybody to read"),
        ({"link": "keepers.example.com"}, "no address"),
    ],
)
def test_settings_that_make_no_sense_are_named(said: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        letter_settings(Path("keepers.toml"), said)


def test_a_password_of_the_wrong_kind_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match="password should be a text") as raised:
        letter_settings(Path("keepers.toml"), {"user": "k", "password": 12345678})
    assert "12345678" not in str(raised.value)


def test_what_is_missing_to_send_is_named() -> None:
    found = letter_settings(Path("keepers.toml"), {"to": ["Ada <ada@example.com>"], "security": "tls"})
    assert found.port == 465
    with pytest.raises(ConfigError, match="does not say `from` and `host`"):
        found.ready()


def test_what_a_run_writes_down_or_comes_after_is_no_decision_of_the_time(tmp_path: Path) -> None:
    def entry(name: str, at: dt.datetime) -> Decision:
        audience = Audience("customers of “spring” who get “tea”", ("a", "b"), ("c",))
        return Decision(name, at, Action("tea", name), audience, 5.0, 1.0, 9.0, "EUR", EvidenceGrade.EXPERIMENTAL)

    day, after = dt.timedelta(days=1), NOW + dt.timedelta(days=2)
    with State(tmp_path) as state:
        with state.writing() as books:
            for name in ("offer-08d40b70af42:2025-07-02:1", "budget:2025-07-02:ads"):
                books.ledger.record(entry(name, NOW + day))
                books.ledger.observe(DecisionOutcome(name, NOW + day, NOW.date(), 80.0, 2, 1, 20.0, 140.0))
            taken = ("offer-08d40b70af42:20250702T070000:1", "budget:2025-07-02:ads:20250702T070000", "lead-1")
            for name in taken:
                books.ledger.record(entry(name, NOW + day))
            books.ledger.record(entry("later", after))
            books.ledger.record(entry("earlier", NOW - day))
            books.ledger.observe(DecisionOutcome("earlier", after, NOW.date(), 80.0, 2, 1, 20.0, 140.0))
        with state.reading() as books:
            assert {one.label for one in letters.decided_since(books, NOW, after)} == set(taken)
            asked: list[str] = []

            def heard(*said: Any) -> None:
                asked.append(said[2])

            event.listen(Engine, "before_cursor_execute", heard)
            try:
                found = {one.label: one for one in letters.decided_since(books, NOW)}
            finally:
                event.remove(Engine, "before_cursor_execute", heard)
            assert set(found) == {*taken, "later", "earlier"}
            # Customers are counted where they are, and not carried out of the ledger.
            assert not any("customer_key" in one for one in asked)
            assert len(asked) <= 5
        assert (found["earlier"].got, found["earlier"].got_high, found["earlier"].new) == (80.0, 140.0, False)
        assert (found["lead-1"].customers, found["lead-1"].held_out, found["lead-1"].got) == (2, 1, None)
