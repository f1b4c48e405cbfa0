"""Who asks, and whether they may: tokens of programs, sessions of people, forged requests, and how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from keepers.domain.access import Scope, Visitor
from keepers.web.secrets import is_csrf_token
from keepers.web.site import Site

SESSION = "keepers_session"
"""Name of the cookie."""

CSRF_HEADER = "x-csrf-token"
_SAFE = ("GET", "HEAD", "OPTIONS")


async def site_of(request: Request) -> Site:
    """The running system behind a request."""
    return the_site(request)


def the_site(request: Request) -> Site:
    """The same, outside of dependencies."""
    site: Site = request.app.state.site
    return site


async def visitor_of(request: Request) -> Visitor:
    """Whoever asks. Looking up a key takes less than handing the work to a thread.

    Raises
    ------
    HTTPException
        401 for nobody, 403 where a page of somebody else asks in the name of a person.
    """
    site = the_site(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        visitor = site.of_token(token.strip())
        if visitor is None:
            raise _unknown("The token is not known, has been revoked or is too old.")
        return visitor
    session = request.cookies.get(SESSION)
    visitor = None if session is None else site.of_session(session)
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


TheSite = Annotated[Site, Depends(site_of)]
Reader = Annotated[Visitor, Depends(needs(Scope.READ))]
Decider = Annotated[Visitor, Depends(needs(Scope.DECIDE))]
Governor = Annotated[Visitor, Depends(needs(Scope.ADMIN))]


def _unknown(why: str) -> HTTPException:
    return HTTPException(401, why, {"WWW-Authenticate": 'Bearer realm="keepers"'})
