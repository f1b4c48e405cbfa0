"""Signing in and out, the same for pages and programs: who it is, the session, and the cookie that carries it."""

from __future__ import annotations

import datetime as dt
import re
import secrets

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from keepers.storage.users import User
from keepers.web.access import session_cookie
from keepers.web.secrets import is_password, token_hash
from keepers.web.site import Site

SESSION_DAYS = 7
"""A sign-in lasts for so long."""

_ADDRESS = re.compile(r"[a-z0-9._+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}")


def refuse_other_sites(request: Request) -> None:
    """A page of somebody else could sign a person in as somebody else.

    Raises
    ------
    HTTPException
        403 where a browser says that another site asks.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "Sign in on our own page.")


def begun(site: Site, request: Request, email: str, password: str) -> tuple[User, str] | None:
    """Whoever has this address and password, and their new session; None where nobody has.

    It takes as long for an address that nobody has, and the log says that somebody tried.
    """
    now, address = site.now(), request.client.host if request.client else "unknown"
    who = email.strip().lower()
    with site.state.reading() as books:
        user = books.users.named(who)
    kept = None if user is None or user.disabled_at is not None else user.password_hash
    good = is_password(kept, password)
    with site.state.writing() as books:
        if user is None or not good:
            # Somebody may have written the password into the wrong field, and that may have an @.
            said = who if user is not None or _ADDRESS.fullmatch(who) else "no address"
            books.users.note(said[:320], "sign-in refused", address, now)
            return None
        session = secrets.token_urlsafe(32)
        books.users.begin_session(user, token_hash(session), now, now + dt.timedelta(days=SESSION_DAYS))
        books.users.note(who, "signed in", address, now)
    return user, session


def ended(site: Site, session: str, who: str) -> None:
    """A sign-out."""
    with site.state.writing() as books:
        books.users.end_session(token_hash(session))
        books.users.note(who, "signed out", "", site.now())


def give_cookie(site: Site, request: Request, answer: Response, session: str) -> None:
    """Have the browser keep a session."""
    answer.set_cookie(
        session_cookie(request), session, max_age=SESSION_DAYS * 86_400, httponly=True, samesite="lax",
        secure=site.secure, path="/",
    )  # fmt: skip


def take_cookie(site: Site, request: Request, answer: Response) -> None:
    """Have the browser forget it."""
    answer.delete_cookie(session_cookie(request), path="/", httponly=True, samesite="lax", secure=site.secure)
