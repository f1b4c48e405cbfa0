"""Signing in and out, users, tokens and the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING
from keepers.domain.access import Role, Scope
from keepers.storage.users import ApiToken, User
from keepers.web.access import Governor, Reader, TheSite
from keepers.web.once import OnceHeader
from keepers.web.secrets import csrf_token, hash_password, new_token, token_hash
from keepers.web.signing_in import begun, ended, give_cookie, refuse_other_sites, take_cookie

router = APIRouter(tags=["access"], responses=ERRORS)

_SHOWN = (
    "The token was made when this was sent first, and shown in the answer to that alone. Where that answer was lost, "
    "revoke the token and make another one."
)


class SignIn(BaseModel):
    """Who wants to come in."""

    email: str = Field(max_length=320)
    password: str = Field(max_length=1_000)


class Me(BaseModel):
    """Who is signed in, what they may do, and what a page sends back with a change."""

    name: str
    scopes: list[Scope]
    csrf_token: str | None = None


class NewUser(BaseModel):
    """A user to be."""

    email: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    password: str = Field(max_length=1_000)
    role: Role = Role.VIEWER


class UserShape(BaseModel):
    """A user."""

    email: str
    role: Role
    created_at: dt.datetime
    disabled: bool


class NewToken(BaseModel):
    """A token to be."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[Scope] = Field(min_length=1)
    days: int | None = Field(default=None, ge=1, le=3_650, description="how long it holds; for good without it")


class TokenShape(BaseModel):
    """A token; what lets a program in is shown once, when it is made."""

    number: int
    name: str
    scopes: list[Scope]
    made_by: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked: bool
    token: str | None = None
    note: str | None = Field(default=None, description="why an answer that might show the token does not")


class DeedShape(BaseModel):
    """A line of the audit log."""

    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@router.post("/session")
def sign_in(site: TheSite, request: Request, response: Response, who: SignIn) -> Me:
    """Sign in; the answer sets the cookie."""
    refuse_other_sites(request)
    found = begun(site, request, who.email, who.password)
    if found is None:
        raise HTTPException(401, "No user has this address and password.")
    user, session = found
    give_cookie(site, request, response, session)
    return Me(
        name=user.email, scopes=sorted(user.visitor.scopes, key=list(Scope).index), csrf_token=csrf_token(session)
    )


@router.delete("/session", status_code=204)
def sign_out(site: TheSite, visitor: Reader, request: Request, response: Response) -> None:
    """Sign out."""
    if visitor.session is not None:
        ended(site, visitor.session, visitor.name)
    take_cookie(site, request, response)


@router.get("/session")
def me(visitor: Reader) -> Me:
    """Who is signed in."""
    form = None if visitor.session is None else csrf_token(visitor.session)
    return Me(name=visitor.name, scopes=sorted(visitor.scopes, key=list(Scope).index), csrf_token=form)


@router.get("/users")
def users(site: TheSite, visitor: Governor) -> list[UserShape]:
    """Who may sign in."""
    del visitor
    with site.state.reading() as books:
        return [_user(one) for one in books.users.listed()]


@router.post("/users", status_code=201)
def add_user(site: TheSite, visitor: Governor, who: NewUser, once: OnceHeader = "") -> UserShape:
    """Let somebody sign in."""
    kept = hash_password(who.password)
    once = once and f"user {once}"
    with site.state.writing() as books:
        before = books.once.said(visitor.name, once, site.now())
        known = None if before is None else books.users.named(before["email"])
        if known is not None:
            return _user(known)
        user = books.users.add(who.email.strip().lower(), kept, who.role, site.now())
        books.once.keep(visitor.name, once, {"email": user.email}, site.now())
        books.users.note(visitor.name, "user added", user.email, site.now(), {"role": user.role.value})
    return _user(user)


@router.delete("/users/{email}", responses=MISSING)
def shut_out(site: TheSite, visitor: Governor, email: str) -> UserShape:
    """Let somebody no longer sign in; what they did stays in the audit log."""
    with site.state.writing() as books:
        if books.users.named(email) is None:
            raise HTTPException(404, f"There is no user {email!r}.")
        user = books.users.change(email, disabled_at=site.now())
        books.users.note(visitor.name, "user shut out", email, site.now())
    return _user(user)


@router.get("/tokens")
def tokens(site: TheSite, visitor: Governor) -> list[TokenShape]:
    """What lets programs in."""
    del visitor
    with site.state.reading() as books:
        return [_token(one) for one in books.users.tokens()]


@router.post("/tokens", status_code=201)
def add_token(site: TheSite, visitor: Governor, wish: NewToken, once: OnceHeader = "") -> TokenShape:
    """Let a program in. `ingest` alone is the write key of an event source.

    What is sent again under one `Idempotency-Key` makes no other token; the answer says so in `note`, without the
    secret, of which only a hash is kept.
    """
    token, now = new_token(), site.now()
    expires = None if wish.days is None else now + dt.timedelta(days=wish.days)
    once = once and f"token {once}"
    with site.state.writing() as books:
        before = books.once.said(visitor.name, once, now)
        if before is not None:
            known = next(one for one in books.users.tokens() if one.number == before["number"])
            return _token(known).model_copy(update={"note": _SHOWN})
        made = books.users.add_token(wish.name, token_hash(token), frozenset(wish.scopes), visitor.name, now, expires)
        books.once.keep(visitor.name, once, {"number": made.number}, now)
        books.users.note(visitor.name, "token made", wish.name, now, {"scopes": [one.value for one in wish.scopes]})
    return _token(made).model_copy(update={"token": token})


@router.delete("/tokens/{number}", status_code=204, responses=MISSING)
def revoke_token(site: TheSite, visitor: Governor, number: int) -> None:
    """Shut a program out."""
    with site.state.writing() as books:
        if not any(one.number == number and one.revoked_at is None for one in books.users.tokens()):
            raise HTTPException(404, f"There is no token {number} that still holds.")
        books.users.revoke(number, site.now())
        books.users.note(visitor.name, "token revoked", str(number), site.now())
    site.forget_tokens()


@router.get("/audit")
def audit(site: TheSite, visitor: Governor, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> list[DeedShape]:
    """The newest lines of the audit log."""
    del visitor
    with site.state.reading() as books:
        deeds = books.users.deeds(limit)
    return [
        DeedShape(at=one.at, actor=one.actor, action=one.action, subject=one.subject, detail=dict(one.detail))
        for one in deeds
    ]


def _user(one: User) -> UserShape:
    return UserShape(email=one.email, role=one.role, created_at=one.created_at, disabled=one.disabled_at is not None)


def _token(one: ApiToken) -> TokenShape:
    return TokenShape(
        number=one.number, name=one.name, scopes=sorted(one.scopes, key=list(Scope).index), made_by=one.made_by,
        created_at=one.created_at, expires_at=one.expires_at, revoked=one.revoked_at is not None,
    )  # fmt: skip
