"""Lists as files for a spreadsheet: all of one moment, however long they are and whoever writes beside; and noted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Protocol

from starlette.responses import Response, StreamingResponse

from keepers.dashboard.kept_lists import chosen_of
from keepers.dashboard.looking import View, view_of
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.exports.files import BYTE_ORDER_MARK, lines_for_people
from keepers.storage.live_lists import GROUPS
from keepers.web.site import Site

_IN_MEMORY = 4 * 2**20
"""Bytes of a file that need no disk."""

_PART = 2**16

_TYPE = "text/csv; charset=utf-8"

_OF_VALUE = ("value", "value_low", "value_high", "money_at_risk")
_COLUMNS = (
    "first_day", "last_day", "orders", "revenue", "probability_alive", "expected_orders", *_OF_VALUE, *GROUPS,
)  # fmt: skip
NAMES = (
    "customer_key", "name", "email", "first_order_date", "last_order_date", *_COLUMNS[2:], "value_covers", "basis",
    "currency",
)  # fmt: skip


class Asked(Protocol):
    """What a list was narrowed to."""

    @property
    def search(self) -> str:
        """Words that were searched for."""

    def address(self, **changed: Any) -> str:
        """Where it is shown."""


def note_export(site: Site, visitor: Visitor, asked: Asked) -> None:
    """Keep who took a list along; whom somebody searched for stays out of the log, which outlasts them."""
    said = asked.address(search="…" if asked.search else None)
    with site.state.writing() as books:
        books.users.note(visitor.name, "list exported", said, site.now())


def sent(name: str, file: IO[bytes]) -> Response:
    """A file that is downloaded a part at a time."""
    return StreamingResponse(parts(file), media_type=_TYPE, headers=_headers(name))


def table(name: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> Response:
    """A short table as a file."""
    return Response(BYTE_ORDER_MARK + lines_for_people([names, *rows]), media_type=_TYPE, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}


def list_file(site: Site, visitor: Visitor, wanted: Wanted) -> IO[bytes]:
    """The whole list as lines, to be read from the beginning and closed."""
    return written(_lines(site, visitor, wanted))


def written(lines: Iterable[str]) -> IO[bytes]:
    """Lines as a file, to be read from the beginning and closed.

    It is written before anybody downloads it: the store is read in one go, in which a run that ends cannot put other
    values in place of those that were read first, and a slow reader holds nothing of the store.
    """
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (whoever reads it closes it)
    try:
        for some in lines:
            file.write(some.encode())
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def parts(file: IO[bytes]) -> Iterator[bytes]:
    """The file, a part at a time; it is closed at the end, or when nobody reads on."""
    with file:
        while part := file.read(_PART):
            yield part


def _lines(site: Site, visitor: Visitor, wanted: Wanted) -> Iterator[str]:
    yield BYTE_ORDER_MARK + ",".join(NAMES) + "\r\n"
    persons = visitor.may(Scope.PERSONS)
    with site.state.reading() as books:
        generation = books.live.current()
        if generation is None:
            return
        view = view_of(generation, wanted)
        chosen = chosen_of(books, visitor, view, wanted, persons)
        lists = books.lists(generation.number, view.reach)
        wanted = wanted.as_sortable(lists.has_learned)
        for some in lists.stretches(chosen, wanted.sort, not wanted.ascending):
            who = books.live.persons([one["customer_key"] for one in some]) if persons else {}
            yield lines_for_people([_row(one, who, view) for one in some])


def _row(one: dict[str, Any], who: dict[str, tuple[str | None, str | None]], view: View) -> tuple[object, ...]:
    told = {
        **one, "revenue": _times(one["revenue"], view.rate),
        **{name: _times(one[name], view.factor * view.rate) for name in _OF_VALUE},
    }  # fmt: skip
    name, email = who.get(one["customer_key"], (None, None))
    meant = (view.reach.words, view.basis, view.currency)
    return (one["customer_key"], name, email, *(told[column] for column in _COLUMNS), *meant)


def _times(amount: float | None, factor: float) -> float | None:
    return None if amount is None else amount * factor
