"""Walking through a service's lists: questions, patience with what goes wrong, and answers page by page."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.connectors.service import BEGINNING, Item, Resource, Service, Since, filled, found
from keepers.domain.errors import ConfigError, EngineError, InputError, KeepersError, MissingExtraError
from keepers.domain.place import named_place

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client.client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import BasePaginator
    from requests import Response, Session

ATTEMPTS = 7
"""How often one question is asked while the service is busy or fails."""

BACKOFF = 1.0
"""Seconds before the second attempt, doubled for each further one; `Retry-After` goes before it."""

LONGEST_WAIT = 300.0
_TIMEOUT = 60.0
_WORDS = 300
_PIECE = 2**20
_BUSY = "{label} allows no more questions for {name} for now. Try later: a pull goes on where it was."


class UnknownListError(KeepersError):
    """The service has no such list, or the token may not read it."""


class Walker:
    """Asks one service.

    Parameters
    ----------
    service : Service
    settings : mapping
        With secrets revealed.

    Raises
    ------
    MissingExtraError
        The loading library is not installed.
    """

    def __init__(self, service: Service, settings: Mapping[str, str]) -> None:
        self._service = service
        self._settings: dict[str, Any] = {**service.defaults, **settings}
        base = service.base(self._settings)
        _check_address(base)
        self._client = _client(service, base)
        self._client.headers = dict(service.headers({**self._settings, "base": base}))
        if service.prepare is not None:
            with self.telling(service.resources[0]):
                self._settings |= service.prepare(self._settings, self.ask)

    def has(self, resource: Resource) -> bool:
        """Whether the service has a list, as far as that was found out beforehand."""
        return not resource.needs or self._settings.get(resource.needs) is not None

    def close(self) -> None:
        """Let go of connections."""
        self._client.session.close()

    def pages(
        self, resource: Resource, size: int, since: dt.datetime | None, token: str | None,
        until: dt.datetime | None = None,
    ) -> Iterator[tuple[list[Item], str | None]]:  # fmt: skip
        """Pages of a list, each with the token that a walk can go on with.

        With `until`, lists that can be asked so end there.

        Raises
        ------
        KeepersError
            The service refuses, fails for long, or answers with something else than the list.
        """
        from keepers.data.connectors.paging import LastId, paginator

        size = min(size, resource.largest)
        with _Told(self._service, resource):
            for start, end in _windows(resource.since, since or BEGINNING, until):
                way = paginator(resource, size, start, token, self._settings)
                for page in self._asked(resource, size, start, end, until is not None, way):
                    items = list(page)
                    if resource.complete is not None and items:
                        resource.complete(items, self.ask)
                    yield items, way.token if isinstance(way, LastId) else None

    def _asked(
        self, resource: Resource, size: int, start: dt.datetime, end: dt.datetime, ends: bool, way: BasePaginator
    ) -> Iterator[Iterable[Item]]:
        """Pages of one span of time, as they come."""
        since = resource.since
        values = {**self._settings, "size": size}
        if since is not None:
            values |= {"since": since.asked(start), "until": since.written.of(end)}
        params = filled(dict(resource.params), **values)
        if ends and since is not None and since.until:
            params[since.until] = values["until"]
        yield from self._client.paginate(
            filled(resource.path, **self._settings),
            method="GET" if resource.body is None else "POST",
            params=params,
            json=None if resource.body is None else filled(dict(resource.body), **values),
            paginator=way,
            data_selector=resource.rows,
            hooks={"response": [self._looking(resource)]},
            allow_redirects=False,
        )

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """One question beside the list; None where there is no such thing."""
        answer = self._client.request(
            filled(path, **self._settings),
            method="POST" if method == "POST" else "GET",
            json=None if body is None else dict(body),
            hooks={"response": [self._looking(None)]},
            allow_redirects=False,
        )
        return answer.json()

    def telling(self, resource: Resource) -> contextlib.AbstractContextManager[None]:
        """Says in words what goes wrong while questions about a list are asked one by one."""
        return _Told(self._service, resource)

    def download(self, url: str, path: Path) -> None:
        """Fetch a file that the service made, whole or not at all; it needs no token, and is not given one."""
        from dlt.sources.helpers.requests import Client, RequestException

        _check_address(url)
        session = Client(
            request_timeout=_TIMEOUT, raise_for_status=False, request_max_attempts=ATTEMPTS,
            request_backoff_factor=BACKOFF, request_max_retry_delay=LONGEST_WAIT,
        ).session  # fmt: skip
        alone(session, url)
        beside = path.with_suffix(".part")
        try:
            with session, session.get(url, stream=True, allow_redirects=False) as answer, beside.open("wb") as file:
                if answer.status_code >= 300:
                    raise EngineError(f"The file of {self._service.label} cannot be had ({answer.status_code}).")
                for piece in answer.iter_content(_PIECE):
                    file.write(piece)
        except RequestException as error:
            raise EngineError(
                f"The file of {self._service.label} cannot be had ({type(error).__name__}). Try later."
            ) from None
        beside.replace(path)

    def _looking(self, resource: Resource | None) -> Callable[..., None]:
        """Complains of an answer that is none; what may pass is asked again around this."""
        service = self._service

        def look(response: Response, *_: Any, **__: Any) -> None:
            # Read whole, so that the connection is free again whatever is raised.
            text = response.content
            if response.is_redirect:
                # It is not followed: a token in a header of the service's own would go along to wherever it leads.
                place = response.headers.get("location", "elsewhere")
                raise ConfigError(f"{service.label} is at another address: it sends to {place}. Write that one.")
            try:
                answer = response.json() if text else None
            except ValueError:
                answer = None
            if service.throttled is not None and service.throttled(answer):
                raise _throttled_error()
            if service.denied is not None and service.denied(answer):
                raise ConfigError(f"{service.label}: the token is refused. {service.account}")
            response.raise_for_status()
            if service.refused is not None and (words := service.refused(answer)):
                if resource is not None and resource.optional:
                    raise UnknownListError(f"{service.label} does not give {resource.name}: {words[:_WORDS]}")
                raise InputError(f"{service.label} refuses the question: {words[:_WORDS]}")
            if resource is not None and not _is_list(answer, resource):
                raise InputError(
                    f"{service.label} answers for {resource.name} with something else than the list that is known. Its "
                    "interface may have changed: update Keepers, or set `version` as docs/connect.md says."
                )

        return look


def _windows(
    since: Since | None, start: dt.datetime, until: dt.datetime | None
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The spans of time that are asked for one after the other."""
    now = dt.datetime.now(dt.UTC)
    end = now if until is None else until
    if since is not None and since.furthest is not None:
        start = max(start, now - since.furthest)
    if since is None or since.window is None:
        yield start, end
        return
    while start < end:
        yield start, min(start + since.window, end)
        start += since.window


def _is_list(answer: Any, resource: Resource) -> bool:
    """Whether an answer is a page of a list, all items with their ids, and says whether there is more."""
    items = answer if resource.rows == "$" else found(answer, resource.rows)
    if items is None and resource.sparse and isinstance(answer, dict):
        return True
    if not isinstance(items, list) or (resource.more and not isinstance(found(answer, resource.more), bool)):
        return False
    return all(isinstance(item, dict) and resource.key_of(item) is not None for item in items)


def _client(service: Service, base: str) -> RESTClient:
    # The library would otherwise look for settings of its own, and report its use to its makers, where it runs whole.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    try:
        from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
        from dlt.sources.helpers.requests import Client
        from dlt.sources.helpers.requests.retry import DEFAULT_RETRY_EXCEPTIONS
        from dlt.sources.helpers.rest_client.client import RESTClient
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "dlt", "connectors", f"Pulling from {service.label}") from None

    session = Client(
        request_timeout=_TIMEOUT,
        raise_for_status=False,
        request_max_attempts=ATTEMPTS,
        request_backoff_factor=BACKOFF,
        request_max_retry_delay=LONGEST_WAIT,
        exceptions=(*DEFAULT_RETRY_EXCEPTIONS, _throttled_error()),
    ).session
    alone(session, base)
    return RESTClient(base_url=base, session=session, config=RuntimeConfiguration(dlthub_telemetry=False))


def alone(session: Session, address: str) -> None:
    """Keep a file of passwords in somebody's home from replacing the token that was given; proxies still hold."""
    from requests.utils import get_environ_proxies

    session.proxies.update(get_environ_proxies(address))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False


@cache
def _throttled_error() -> type[Exception]:
    import requests

    class ThrottledError(requests.RequestException):
        """An answer that looks well says that one has asked too often."""

    return ThrottledError


def _check_address(base: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(base)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise ConfigError(
            f"{named_place(base)} is no address that begins with https://, over which a token would be read by others."
        )


class _Told(contextlib.AbstractContextManager[None]):
    """Errors of the network in words that say what to do."""

    def __init__(self, service: Service, resource: Resource) -> None:
        self._service, self._resource = service, resource

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        import requests

        if not isinstance(error, requests.RequestException):
            return
        label, name = self._service.label, self._resource.name
        status = None if error.response is None else error.response.status_code
        if status in (401, 403):
            if self._resource.optional and status == 403:
                raise UnknownListError(f"{label}: the token may not read {name}.") from None
            word = "is refused" if status == 401 else f"may not read {name}"
            raise ConfigError(f"{label}: the token {word} ({status}). {self._service.account}") from None
        if status == 404:
            if self._resource.optional:
                raise UnknownListError(f"{label} has no {name}.") from None
            raise ConfigError(
                f"{label} has no {name} at this address (404). Check the address, or set `version`."
            ) from None
        if status == 429 or isinstance(error, _throttled_error()):
            raise EngineError(_BUSY.format(label=label, name=name)) from None
        if status is not None and status < 500:
            raise InputError(f"{label} refuses the question for {name} ({status}): {_words(error)}") from None
        why = f"answers with an error ({status})" if status else f"cannot be reached ({type(error).__name__})"
        raise EngineError(
            f"{label} {why}, {ATTEMPTS} times in a row. Try later: a pull goes on where it was."
        ) from None


def _words(error: Any) -> str:
    return " ".join(str(error.response.text).split())[:_WORDS] or "it says no more."
