"""What the book of letters is filled with in tests: the same letters, in every database."""

from __future__ import annotations

import datetime as dt

from keepers.storage.letters import LEASE, KeptLetter
from keepers.storage.state import Books, State
from unit.storage.books import DAY, NOW

LETTER = KeptLetter(NOW, NOW, None, DAY, "A subject", "plain", "<p>html</p>", ("ada@example.com",), "<1@keepers>")


def fill_letters(state: State) -> None:
    """A letter, and a run with figures."""
    with state.writing() as books:
        run = books.runs.begin(NOW, DAY, "0.1.0", state.folder / "result", 3)
        books.runs.describe(run, {"customers": 3})
        kept = books.letters.add(LETTER)
        assert kept is not None
        assert books.letters.add(LETTER) is None, "a moment has one letter"


def check_letters(books: Books) -> None:
    """Everything is there as it was written."""
    (letter,) = books.letters.listed()
    assert (letter.due_at, letter.subject, letter.recipients) == (NOW, "A subject", ("ada@example.com",))
    assert (letter.status, letter.plain, letter.html) == ("waiting", "plain", "<p>html</p>")
    assert any(one.figures == {"customers": 3} for one in books.runs.listed())


def change_letters(state: State) -> None:
    """One process sends a letter, puts it off, hands it over; what is not certain is not sent again."""
    later = NOW + dt.timedelta(hours=1)
    with state.writing() as books:
        (letter,) = books.letters.waiting(NOW)
        assert books.letters.take(letter.number, NOW) is not None
        assert books.letters.take(letter.number, NOW) is None, "somebody else has it"
        assert books.letters.waiting(NOW) == ()
        assert len(books.letters.waiting(NOW + LEASE)) == 1, "whoever had it is dead"
        books.letters.put_off(letter.number, "refused", later)
    with state.writing() as books:
        assert books.letters.take(letter.number, NOW) is None
        again = books.letters.take(letter.number, later)
        assert again is not None
        assert (again.attempts, again.said) == (2, "refused")
        books.letters.hand_over(letter.number, later)
        assert books.letters.mark_unclear(later) == 0, "it may still be at work"
        assert books.letters.mark_unclear(later + LEASE) == 1
        assert books.letters.waiting(later + 9 * LEASE) == ()
        assert books.letters.listed()[0].status == "unclear"
        books.letters.sent(letter.number, "accepted", later)
        assert books.letters.listed(statuses=["sent"])[0].sent_at == later
