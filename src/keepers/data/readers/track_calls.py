"""Calls of a web page's tracking script (``analytics.track('Order Completed', {...})``) as events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine
from keepers.data.raw_table import NoRowsError, RawTable
from keepers.data.readers.json_records import read_json
from keepers.data.readers.scratch import scratch_file
from keepers.data.readers.text import first_lines, survey
from keepers.domain.errors import InputError

_LARGEST = 1 << 26
_CALL = re.compile(r"analytics\.(track|identify|page|group)\(", re.ASCII)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"""
    r"""|(?P<word>[A-Za-z_$][\w$]*)|(?P<sign>[{}\[\]:,)]))""",
    re.ASCII,
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}


def read_track_calls(engine: Engine, path: Path, source: str) -> RawTable:
    """Read calls of a tracking script as the service would receive them: type, event, user_id, properties or traits.

    Raises
    ------
    InputError
        The file is too large for a script, or a call cannot be understood.
    """
    if path.stat().st_size > _LARGEST:
        raise InputError(f"{source} is too large for a script of tracking calls. Export the events as JSON lines.")
    text = "".join(first_lines(path, survey(path), _LARGEST))
    with scratch_file(engine, ".jsonl") as lines:
        with lines.open("w", encoding="utf-8") as out:
            for event in _events(text, source):
                out.write(json.dumps(event, ensure_ascii=False) + "\n")
        if not lines.stat().st_size:
            raise NoRowsError(f"{source} has no tracking calls.")
        return read_json(engine, lines, source)


def _events(text: str, source: str) -> Iterator[dict[str, Any]]:
    for call in _CALL.finditer(text):
        tokens = _Tokens(text, call.end(), source)
        arguments = tokens.until(")")
        words = [each for each in arguments if isinstance(each, str)]
        objects = [each for each in arguments if isinstance(each, dict)]
        kind = call[1]
        event: dict[str, Any] = {"type": kind}
        if words:
            event["user_id" if kind == "identify" else "group_id" if kind == "group" else "event"] = words[-1]
        if objects:
            event["traits" if kind in {"identify", "group"} else "properties"] = objects[0]
        yield event


class _Tokens:
    """Reads literals of the script's language from a position on."""

    def __init__(self, text: str, position: int, source: str) -> None:
        self._text = text
        self._position = position
        self._source = source

    def until(self, end: str) -> list[Any]:
        """The values up to a closing sign, separated by commas."""
        values: list[Any] = []
        while True:
            token = self._next()
            if token["sign"] == end:
                return values
            if token["sign"] != ",":
                values.append(self._value(token))

    def _value(self, token: re.Match[str]) -> Any:
        if token["sign"] == "{":
            return self._object()
        if token["sign"] == "[":
            return self.until("]")
        if token["string"] is not None:
            return _unquoted(token["string"])
        if token["number"] is not None:
            return float(token["number"]) if re.search(r"[.eE]", token["number"]) else int(token["number"])
        if token["word"] is not None:
            return _WORDS.get(token["word"], token["word"])
        raise self._error()

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            token = self._next()
            if token["sign"] == "}":
                return found
            if token["sign"] == ",":
                continue
            key = _unquoted(token["string"]) if token["string"] is not None else token["word"] or token["number"]
            if key is None or self._next()["sign"] != ":":
                raise self._error()
            found[key] = self._value(self._next())

    def _next(self) -> re.Match[str]:
        token = _TOKEN.match(self._text, self._position)
        if token is None:
            raise self._error()
        self._position = token.end()
        return token

    def _error(self) -> InputError:
        line = self._text.count("\n", 0, self._position) + 1
        return InputError(
            f"{self._source}: the tracking call in line {line} cannot be understood. Give plain values, "
            "or export the events as JSON lines."
        )


def _unquoted(token: str) -> str:
    inner = token[1:-1]
    if token[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner
