"""The log of the running system: a line for what is worth reading, for people or as JSON, and of nobody's life."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

from starlette.types import Scope

LOG = logging.getLogger("keepers.service")

Kind = Literal["human", "json"]

SLOW = 1.0
"""Seconds from which an answer is worth a line of its own."""

REQUEST_ID = "x-request-id"

_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
# From its beginning and without going back: a long text that somebody sends would take its square otherwise.
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")
_SECRET = re.compile(r"\bkp_[\w-]+|(?i:\b(basic|bearer)\s+)[\w+/=.-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_TWICE = "Exception in ASGI application"


def begin_logs(kind: Kind = "human", to: TextIO | None = None) -> None:
    """Write the log of this process to standard error.

    Parameters
    ----------
    kind : {"human", "json"}
        Lines for people, or a JSON object a line: `event`, `level`, `logger`, `timestamp`, and what belongs to it, such
        as `request`, `route`, `status`, `ms` and `exception`.
    to : TextIO, optional
        Where to, if not to standard error.
    """
    import structlog

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _of_nobody,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if kind == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    handler.addFilter(lambda record: not str(record.msg).startswith(_TWICE))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    LOG.setLevel(logging.INFO)


def request_id(scope: Scope) -> str:
    """What a request is called in the log and in its answer: as a proxy before us called it, or anew."""
    given = next((value for name, value in scope["headers"] if name == REQUEST_ID.encode()), b"").decode("latin-1")
    return given if _GIVEN.fullmatch(given) else secrets.token_hex(8)


def route_of(scope: Scope) -> str:
    """The path with the names of its parameters in place of what they were, which may be of a person."""
    if scope.get("route") is None:
        return "other"
    path, named = scope["path"], {str(value): name for name, value in scope.get("path_params", {}).items()}
    for value in (value for value in named if "/" in value):
        path = path.replace(f"/{value}", f"/{{{named[value]}}}", 1)
    return "/".join(f"{{{named[part]}}}" if part in named else part for part in path.split("/"))


def without_persons(text: str) -> str:
    """A text without what looks like an e-mail address, a token or a password.

    >>> without_persons("no user ada@example.com with Bearer kp_abcdefgh at postgresql://ada:secret@db/shop")
    'no user *** with *** at postgresql://***@db/shop'
    """
    return _ADDRESS.sub("***", _SECRET.sub("***", text))


def _of_nobody(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in said.items():
        if isinstance(value, str):
            said[name] = without_persons(value)
    return said
