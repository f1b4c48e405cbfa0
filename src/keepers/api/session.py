"""Signing in and out, users, tokens and the audit log."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING
from keepers.domain.access import Role, Scope
from keepers.storage.users import ApiToken, User
from keepers.web.access import SESSION, Governor, Reader, TheSite
from keepers.web.secrets import csrf_token, hash_password, is_password, new_token, token_hash

router = APIRouter(tags=["access"], responses=ERRORS)

SESSION_DAYS = 7
"""A sign-in lasts for so long."""


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
    now = site.now()
    email = who.email.strip().lower()
    with site.state.reading() as books:
        user = books.users.named(email)
    kept = None if user is None or user.disabled_at is not None else user.password_hash
    good = is_password(kept, who.password)
    address = request.client.host if request.client else "unknown"
    with site.state.writing() as books:
        if user is None or not good:
            books.users.note(email[:320], "sign-in refused", address, now)
        else:
            session = secrets.token_urlsafe(32)
            books.users.begin_session(user, token_hash(session), now, now + dt.timedelta(days=SESSION_DAYS))
            books.users.note(email, "signed in", address, now)
    if user is None or not good:
        raise HTTPException(401, "No user has this address and password.")
    response.set_cookie(
        SESSION, session, max_age=SESSION_DAYS * 86_400, httponly=True, samesite="lax", secure=site.secure, path="/"
    )
    return Me(
        name=user.email, scopes=sorted(user.visitor.scopes, key=list(Scope).index), csrf_token=csrf_token(session)
    )


@router.delete("/session", status_code=204)
def sign_out(site: TheSite, visitor: Reader, response: Response) -> None:
    """Sign out."""
    if visitor.session is not None:
        with site.state.writing() as books:
            books.users.end_session(token_hash(visitor.session))
            books.users.note(visitor.name, "signed out", "", site.now())
    response.delete_cookie(SESSION, path="/")


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
def add_user(site: TheSite, visitor: Governor, who: NewUser) -> UserShape:
    """Let somebody sign in."""
    kept = hash_password(who.password)
    with site.state.writing() as books:
        user = books.users.add(who.email.strip().lower(), kept, who.role, site.now())
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
def add_token(site: TheSite, visitor: Governor, wish: NewToken) -> TokenShape:
    """Let a program in. `ingest` alone is the write key of an event source."""
    token, now = new_token(), site.now()
    expires = None if wish.days is None else now + dt.timedelta(days=wish.days)
    with site.state.writing() as books:
        made = books.users.add_token(wish.name, token_hash(token), frozenset(wish.scopes), visitor.name, now, expires)
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
