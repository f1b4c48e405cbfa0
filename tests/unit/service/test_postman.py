"""Letters are written when they are due, once, by whichever process looks first, and late where no server ran."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from keepers.domain.errors import ConfigError
from keepers.exports import mail
from keepers.pipeline import letters
from keepers.pipeline.letter_settings import LetterSettings
from keepers.pipeline.project import Project
from keepers.reports.kept import FILE, keep_content
from keepers.service.postman import Postman
from keepers.storage.state import State
from keepers.web.schedule import Schedule
from keepers.web.site import Site
from unit.reports.content_example import example_content

MONDAY = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)
"""Seven in the morning in Berlin."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Subjects of what was handed to the mail server."""
    found: list[str] = []

    def send(server: mail.MailServer, message: object, recipients: object, handing_over: Callable[[], None]) -> str:
        del server, recipients
        handing_over()
        found.append(str(message["Subject"]))  # type: ignore[index]
        return "Sent."

    monkeypatch.setattr(letters, "send", send)
    return found


def _site(folder: Path, state: State, at: list[dt.datetime]) -> Site:
    settings = LetterSettings(("ada@example.com",), "k@example.com", "mail.example.com", when="0 7 * * 1")
    project = Project(folder, name="Tea & Pots", time_zone="Europe/Berlin", letter=settings)
    return Site(project, state, clock=lambda: at[0])


def test_each_monday_has_one_letter(tmp_path: Path, sent: list[str]) -> None:
    at = [MONDAY - dt.timedelta(minutes=1)]
    with State(tmp_path, pooled=True) as state:
        site = _site(tmp_path, state, at)
        first, second = Postman(site), Postman(site)
        first.look()
        assert sent == []
        at[0] = MONDAY + dt.timedelta(seconds=10)
        with pytest.raises(ConfigError, match="nothing to write of"):
            first.look()
        first.look()
        keep_content(example_content(), tmp_path / FILE)
        with state.writing() as books:
            books.runs.begin(MONDAY, example_content().store.last_day, "0.1.0", tmp_path, 3)
        at[0] += dt.timedelta(minutes=11)
        first.look()
        second.look()
        Postman(site).look()
        assert len(sent) == 1
        # No server ran on the next Monday; the one after has its own letter.
        at[0] = MONDAY + dt.timedelta(days=7, hours=5)
        Postman(site).look()
        Postman(site).look()
        assert len(sent) == 2
        with state.reading() as books:
            kept = books.letters.listed()
        assert [one.due_at for one in kept] == [MONDAY + dt.timedelta(days=7), MONDAY]
        assert {one.status for one in kept} == {"sent"}


def test_letters_with_a_time_need_somebody_to_go_to(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        site = Site(Project(tmp_path, letter=LetterSettings(when="0 7 * * 1")), state)
        with pytest.raises(ConfigError, match="does not say `to` and `from` and `host`"):
            Postman(site)
        wrong = LetterSettings(("a@b.example",), "k@b.example", "mail", when="every Monday")
        with pytest.raises(ConfigError, match=r"\[letter\] when = 'every Monday'"):
            Postman(Site(Project(tmp_path, letter=wrong), state))


@pytest.mark.parametrize(("crontab", "day"), [("0 7 * * 1", 0), ("0 7 * * 0", 6), ("0 7 * * 7", 6), ("0 7 * * 5-6", 4)])
def test_days_of_the_week_are_those_of_a_crontab(crontab: str, day: int) -> None:
    due = Schedule(crontab, "UTC", "[letter] when").after(dt.datetime(2026, 11, 30, 8, tzinfo=dt.UTC))
    assert due is not None
    assert due.weekday() == day
