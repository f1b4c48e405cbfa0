"""Errors as programs read them: problem+json (RFC 9457), with what is wrong and what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from keepers.domain.errors import ConfigError, InputError, KeepersError
from keepers.web.logs import route_of

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("keepers.service")


class Problem(BaseModel):
    """What went wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


class _Answer(JSONResponse):
    """A problem, in which nothing that was asked comes back as a tag, whoever shows it."""

    def render(self, content: Any) -> bytes:
        return super().render(content).replace(b"<", rb"\u003c")


def problem(
    status: int, detail: str, errors: list[dict[str, Any]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    """An answer that says what is wrong."""
    said = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return _Answer(said.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def add_problems(app: FastAPI, shown: Callable[[Request, int, str], Response | None]) -> None:
    """Let every error of an app be a problem, or what `shown` makes of it: a page, where a person looks."""

    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _say_problems(describe())
        return describe()

    # As FastAPI's documentation has it for a description that is changed.
    app.openapi = described  # type: ignore[method-assign]

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        page = shown(request, error.status_code, str(error.detail))
        return page or problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        page = shown(request, 422, "The form does not say what it should. Go back and look at its fields.")
        if page is not None:
            return page
        found = [{"where": ".".join(str(part) for part in one["loc"]), "what": one["msg"]} for one in error.errors()]
        return problem(422, "The request does not say what it should.", found)

    @app.exception_handler(KeepersError)
    async def _known(request: Request, error: KeepersError) -> Response:
        status = 422 if isinstance(error, ConfigError | InputError) else 503
        return shown(request, status, str(error)) or problem(status, str(error))

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        _LOG.exception(
            "%s %s failed", request.method, route_of(request.scope), exc_info=error,
            extra={"request": request.scope.get("request_id", "")},
        )  # fmt: skip
        said = "Something went wrong that Keepers did not foresee. The log says more."
        return shown(request, 500, said) or problem(500, said)


def _say_problems(description: dict[str, Any]) -> None:
    """Describe errors by what they are sent as."""
    problems = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for calls in description["paths"].values():
        for call in calls.values():
            for status, answer in call["responses"].items():
                if status.startswith(("4", "5")) and "application/json" in answer.get("content", {}):
                    answer["content"] = problems
