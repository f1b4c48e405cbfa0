"""How pages follow each other, for what the loading library does not bring: by the last id, and onward in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dlt.sources.helpers.rest_client.paginators import (
    BaseNextUrlPaginator,
    BasePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    SinglePagePaginator,
)
from requests import Response

from keepers.data.connectors.service import Paging, Resource, filled, found, moment_of
from keepers.domain.errors import InputError


def paginator(
    resource: Resource, size: int, since: dt.datetime, token: str | None, values: Mapping[str, Any]
) -> BasePaginator:
    """The way through the pages of a list; `values` fill placeholders of its questions."""
    if resource.paging is Paging.LINKS:
        return HeaderLinks()
    if resource.paging is Paging.NEXT:
        return NextLinks(resource.cursor)
    if resource.paging is Paging.CURSOR:
        by_body = resource.body is not None
        return Cursor(
            resource.following,
            resource.cursor,
            cursor_param=None if by_body else resource.after,
            cursor_body_path=resource.after if by_body else None,
            has_more_path=resource.more or None,
        )
    if resource.paging is Paging.LAST_ID:
        return LastId(resource, token)
    if resource.paging is Paging.ONWARD:
        return Onward(resource, size, since, values)
    return SinglePagePaginator()


class Links(BaseNextUrlPaginator):
    """Behind links to where the first page came from, and nowhere else: the token goes along with every question."""

    def update_request(self, request: Any) -> None:
        """Ask for the next one.

        Raises
        ------
        InputError
            A link leads elsewhere.
        """
        here = _place(request.url)
        super().update_request(request)
        # Behind the last page there is no address.
        if request.url is not None and _place(request.url) != here:
            raise InputError(
                f"The list is at {here[1]}, and its next page is said to be at {request.url[:200]}. The token is not "
                "sent there: write the address of the service as it is."
            )


class HeaderLinks(Links, HeaderLinkPaginator):
    """Links in a header of the answer."""


class NextLinks(Links, JSONLinkPaginator):
    """Links in the answer itself."""


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


class Cursor(JSONResponseCursorPaginator):
    """Behind a cursor, as long as there is one, and something else beside it where `following` names it."""

    def __init__(self, following: str, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._following = following

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look at a page."""
        super().update_state(response, data)
        if self._following and not found(response.json(), self._following):
            self._has_next_page = False


class LastId(BasePaginator):
    """Newest first; the next page begins after the last item's id, which is where a walk can go on, too."""

    def __init__(self, resource: Resource, token: str | None) -> None:
        super().__init__()
        self._resource = resource
        self.token = token

    def init_request(self, request: Any) -> None:
        """Go on where a walk was interrupted."""
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look at a page."""
        last = str(found(data[-1], self._resource.key)) if data else None
        self._has_next_page = bool(found(response.json(), self._resource.more)) and last not in (None, self.token)
        self.token = last or self.token

    def update_request(self, request: Any) -> None:
        """Ask for the next one."""
        if self.token is not None:
            request.params = {**(request.params or {}), self._resource.after: self.token}


class Onward(BasePaginator):
    """Oldest change first; each page asks from the last item's change on.

    Pages by number, or behind a cursor, lose items where something changes meanwhile: it moves to the end, and all
    behind it move up. Asking by time loses none. Where a whole page changed at once, the service's own paging goes on.
    """

    def __init__(self, resource: Resource, size: int, since: dt.datetime, values: Mapping[str, Any]) -> None:
        super().__init__()
        assert resource.since is not None
        self._resource, self._size, self._how, self._since = resource, size, resource.since, since
        self._page: Any = None
        self._values = values

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look at a page."""
        items = data or []
        moments = [moment for item in items if (moment := moment_of(found(item, self._how.field))) is not None]
        answer = response.json()
        following = found(answer, self._resource.cursor) if self._resource.cursor else None
        more = following is not None if self._resource.cursor else len(items) >= self._size
        self._has_next_page = bool(items) and more
        onward = max(moments, default=self._since)
        if self._how.asked(onward) != self._how.asked(self._since):
            self._since, self._page = onward, None
        else:
            self._page = following if self._resource.cursor else self._next()

    def _next(self) -> int:
        """The number of the next page, or of the items before it."""
        return (self._page or 0) + self._size if self._resource.by_offset else (self._page or 1) + 1

    def update_request(self, request: Any) -> None:
        """Ask for the next one."""
        values = {**self._values, "since": self._how.asked(self._since), "size": self._size}
        if self._resource.body is None:
            request.params = filled(dict(self._resource.params), **values)
            if self._page is not None:
                request.params[self._resource.after] = self._page
        else:
            request.json = filled(dict(self._resource.body), **values)
            if self._page is not None:
                request.json[self._resource.after] = self._page
