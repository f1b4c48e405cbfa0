"""Who asks, and whether they may: tokens of programs, sessions of people, forged requests, and how often."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from keepers.domain.access import Scope, Visitor
from keepers.web.secrets import is_csrf_token
from keepers.web.site import Site

SESSION = "keepers_session"
"""Begins the name of the cookie; see `session_cookie`."""

CSRF_HEADER = "x-csrf-token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_PORT = re.compile(r":(\d{1,5})$")


async def site_of(request: Request) -> Site:
    """The running system behind a request."""
    return the_site(request)


def the_site(request: Request) -> Site:
    """The same, outside of dependencies."""
    site: Site = request.app.state.site
    return site


def session_cookie(request: Request) -> str:
    """What the cookie of a session is called where a browser asks.

    A browser sends the cookies of a machine to every port of it, so that of two projects on one machine each would
    sign people out of the other: the port is part of the name. Over TLS no other site of the domain, and nobody without
    TLS, can set a cookie of this name.
    """
    port = _PORT.search(request.headers.get("host", ""))
    name = f"{SESSION}_{port[1]}" if port else SESSION
    return f"__Host-{name}" if the_site(request).secure else name


async def visitor_of(request: Request) -> Visitor:
    """Whoever asks.

    Raises
    ------
    HTTPException
        401 for nobody, 403 where a page of somebody else asks in the name of a person.
    """
    site = the_site(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        visitor = await site.of_token(token.strip())
        if visitor is None:
            raise _unknown("The token is not known, has been revoked or is too old.")
        return visitor
    session = request.cookies.get(session_cookie(request))
    visitor = None if session is None else await site.of_session(session)
    if visitor is None:
        raise _unknown("Sign in, or send a token: `Authorization: Bearer kp_...`.")
    assert session is not None
    if request.method not in _SAFE and not is_csrf_token(session, request.headers.get(CSRF_HEADER, "")):
        raise HTTPException(403, f"A change needs the header {CSRF_HEADER} with the token of the page it comes from.")
    return visitor


def needs(scope: Scope) -> Callable[[Visitor], Awaitable[Visitor]]:
    """Lets in who has a right."""

    async def allowed(visitor: Annotated[Visitor, Depends(visitor_of)]) -> Visitor:
        if not visitor.may(scope):
            raise HTTPException(403, f"{visitor.name} may not do this: it takes the right `{scope.value}`.")
        return visitor

    return allowed


class QuickRoute(APIRoute):
    """A route for programs that ask hundreds of times a second, to which the way there is most of the work.

    Its function is described like any other, takes a site, a visitor who may read, and the names in the path as they
    are, and gives a response that is sent as it is.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers: the function, without an examination of each of its parameters."""
        allowed, endpoint = needs(Scope.READ), self.endpoint

        async def answer(request: Request) -> Response:
            visitor = await allowed(await visitor_of(request))
            response: Response = await endpoint(the_site(request), visitor, **request.path_params)
            return response

        return answer


TheSite = Annotated[Site, Depends(site_of)]
Reader = Annotated[Visitor, Depends(needs(Scope.READ))]
Decider = Annotated[Visitor, Depends(needs(Scope.DECIDE))]
Governor = Annotated[Visitor, Depends(needs(Scope.ADMIN))]


def _unknown(why: str) -> HTTPException:
    return HTTPException(401, why, {"WWW-Authenticate": 'Bearer realm="keepers"'})
