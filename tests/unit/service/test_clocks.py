"""A clock that is set forth and back while a system runs, by an hour, a day, a year: nothing is lost or done twice."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from keepers.domain.access import Role
from keepers.domain.keeping import KeepingTimes
from keepers.pipeline.letter_settings import LetterSettings
from keepers.pipeline.project import Project
from keepers.reports.kept import FILE, keep_content
from keepers.service.caretaker import Caretaker
from keepers.service.postman import Postman
from keepers.service.runs import Worker
from keepers.storage.letters import SENDING, UNCLEAR
from keepers.storage.state import State
from keepers.web.site import Site
from unit.reports.content_example import example_content

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
"""A Monday."""

HOUR, DAY, YEAR = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=365)
JUMPS = (HOUR, DAY, YEAR)


class Clock:
    """The time of a test."""

    def __init__(self) -> None:
        self.now, self.passed = NOW, 0.0

    def run(self, by: dt.timedelta) -> None:
        """Time passes, and the clock goes on with it."""
        self.now += by
        self.passed += by.total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """A site of which the letter is due on Mondays at seven."""
    letter = LetterSettings(("ada@example.com",), "k@example.com", "mail.example.com", when="0 7 * * 1")
    project = Project(tmp_path, letter=letter, time_zone="UTC", keeping=KeepingTimes(audit_days=30))
    with State(tmp_path, pooled=True) as state:
        yield Site(project, state, clock=lambda: clock.now)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_session_lasts_no_longer_for_a_clock_that_is_put_back(site: Site, jump: dt.timedelta) -> None:
    with site.state.writing() as books:
        user = books.users.add("ada@example.com", "hash", Role.OWNER, NOW)
        books.users.begin_session(user, "x" * 64, NOW, NOW + 7 * DAY)
    with site.state.reading() as books:
        assert (books.users.of_session("x" * 64, NOW - jump) is not None) == (jump == HOUR)
        assert (books.users.of_session("x" * 64, NOW + jump) is not None) == (jump < YEAR)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_nightly_run_is_asked_for_each_night_whatever_the_clock_did(
    site: Site, clock: Clock, jump: dt.timedelta
) -> None:
    worker = Worker(site, "0 3 * * *")

    def ask() -> int:
        worker._ask_when_due()
        with site.state.writing() as books:
            asked = [job for job in books.jobs.listed() if job.status == "waiting"]
            for job in asked:
                taken = books.jobs.take(clock.now, "a")
                assert taken == books.jobs.numbered(job.number)
                assert books.jobs.end(job.number, "a", True, "", clock.now)
        return len(asked)

    clock.run(DAY)
    assert [ask(), ask()] == [1, 0]
    clock.now += jump
    assert ask() == (jump >= DAY), "what was due by the new clock is due once"
    clock.now -= jump
    assert ask() == 0
    assert Worker(site, "0 3 * * *")._ask_when_due() is None
    for night in range(3):
        clock.run(DAY)
        done = night == 0 and jump >= DAY
        assert [ask(), ask()] == [0 if done else 1, 0], "what was due next has been done while the clock was ahead"


@pytest.mark.parametrize("jump", JUMPS)
def test_a_job_whose_process_was_killed_is_done_by_another(site: Site, clock: Clock, jump: dt.timedelta) -> None:
    with site.state.writing() as books:
        books.jobs.ask("run", "ada", clock.now)
        assert books.jobs.take(clock.now, "killed") is not None
    clock.now -= jump
    # After an hour at most, however far the clock went.
    clock.run(min(jump, HOUR) + dt.timedelta(minutes=1))
    with site.state.writing() as books:
        assert books.jobs.any_to_do(clock.now)
        assert books.jobs.take(clock.now, "another") is not None


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, site: Site) -> list[str]:
    """Letters that were handed over, of a run that there is something to write of."""
    found: list[str] = []

    def send(server: object, message: object, recipients: object, handing_over: Callable[[], None]) -> str:
        del server, recipients
        handing_over()
        found.append(str(message["Message-ID"]))  # type: ignore[index]
        return "Sent."

    monkeypatch.setattr("keepers.pipeline.letters.send", send)
    content, folder = example_content(), site.project.folder
    keep_content(content, folder / FILE)
    with site.state.writing() as books:
        books.runs.begin(NOW - YEAR, content.store.last_day, "0.1.0", folder, 3)
    return found


@pytest.mark.parametrize("jump", JUMPS)
def test_each_monday_has_its_letter_once(site: Site, clock: Clock, sent: list[str], jump: dt.timedelta) -> None:
    clock.now = NOW - HOUR * 6
    postman = Postman(site)
    clock.run(2 * HOUR)
    postman.look()
    assert len(sent) == 1
    clock.now += jump
    postman.look()
    ahead = len(sent)
    assert ahead == (2 if jump == YEAR else 1), "a letter of the newest Monday by the new clock"
    clock.now -= jump
    for week in range(1, 4):
        clock.run(7 * DAY)
        for _ in "twice":
            postman.look()
            Postman(site).look()
        assert len(sent) == ahead + week
    assert len(set(sent)) == len(sent)


def test_a_letter_under_way_when_the_clock_was_put_back_is_not_sent_again(
    site: Site, clock: Clock, sent: list[str]
) -> None:
    clock.now = NOW - HOUR * 6
    postman = Postman(site)
    clock.run(2 * HOUR)
    postman.look()
    with site.state.writing() as books:
        (letter,) = books.letters.listed()
        # As if the process had been killed while it handed the letter over.
        books.letters.hand_over(letter.number, clock.now)
        assert books.letters.listed(statuses=(SENDING,))
    clock.now -= YEAR
    postman.look()
    with site.state.reading() as books:
        assert books.letters.listed()[0].status == UNCLEAR
    assert len(sent) == 1


def test_nothing_is_removed_by_a_clock_that_was_set_a_moment_ago(
    site: Site, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caretaker = Caretaker(site, passed=lambda: clock.passed)
    half = site.state.folder / "results" / ".run-000001.part-1"
    half.mkdir(parents=True)
    clock.now = dt.datetime.now(dt.UTC)
    caretaker._at = (clock.now, clock.passed)
    with site.state.writing() as books:
        books.users.note("ada@example.com", "looked", "", clock.now)

    def left() -> tuple[int, bool]:
        caretaker.tidy()
        with site.state.reading() as books:
            return len(books.users.deeds()), half.exists()

    with caplog.at_level(logging.WARNING):
        clock.now += YEAR
        assert left() == (1, True)
        clock.now -= YEAR
        assert left() == (1, True)
    assert len(caplog.records) == 2
    clock.run(3 * HOUR)
    assert left() == (1, True), "the clock is right again"
    for _ in range(13):
        clock.run(HOUR / 6)
    clock.now += 31 * DAY
    assert left() == (1, True)
    for _ in range(13):
        clock.run(HOUR / 6)
        found = left()
    assert found == (0, False), "two hours later it is believed"


@pytest.mark.parametrize("jump", JUMPS)
def test_a_limit_on_guesses_outlasts_no_clock_that_was_put_back(
    jump: dt.timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [NOW.timestamp()]
    for module in ("limits.strategies", "limits.storage.memory"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(time=lambda: at[0]))
    window, rate = SlidingWindowCounterRateLimiter(MemoryStorage()), parse("20/minute")

    def guessed() -> int:
        return sum(window.hit(rate, "/sign-in", "192.0.2.7") for _ in range(30))

    assert guessed() == 20
    for seconds in (jump.total_seconds(), -jump.total_seconds()):
        at[0] += seconds
        assert guessed() <= 20
        at[0] += 121
        assert guessed() == 20, "two minutes later one may try again, whatever the clock did"
