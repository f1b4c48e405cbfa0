"""Who may come in: users with their sessions, tokens of programs, and the log of what they did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from keepers.domain.access import RIGHTS, Role, Scope, Visitor
from keepers.domain.errors import ConfigError
from keepers.storage.service_schema import API_TOKENS, AUDIT_LOG, USER_SESSIONS, USERS


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in; `password_hash` is made by whoever checks it."""

    number: int
    email: str
    password_hash: str
    role: Role
    created_at: dt.datetime
    disabled_at: dt.datetime | None

    @property
    def visitor(self) -> Visitor:
        """The user as a visitor, without a session."""
        return Visitor(self.email, RIGHTS[self.role])


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's way in."""

    number: int
    name: str
    scopes: frozenset[Scope]
    made_by: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the audit log."""

    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


_CLOCKS = dt.timedelta(hours=1)
"""By how much clocks may differ, or be put back, before what was to last for a while counts as over."""


class UserBook:
    """Users, sessions, tokens and the audit log inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, email: str, password_hash: str, role: Role, now: dt.datetime) -> User:
        """A new user.

        Raises
        ------
        ConfigError
            If there is one with this address.
        """
        if self.named(email) is not None:
            raise ConfigError(f"There is a user {email} already. Change the password or the role instead.")
        row = {"email": email, "password_hash": password_hash, "role": role.value, "created_at": now}
        self._connection.execute(insert(USERS).values(**row))
        found = self.named(email)
        assert found is not None
        return found

    def named(self, email: str) -> User | None:
        """The user with an address."""
        row = self._connection.execute(select(USERS).where(USERS.c.email == email)).mappings().first()
        return None if row is None else _user(row)

    def listed(self) -> tuple[User, ...]:
        """All users by address."""
        rows = self._connection.execute(select(USERS).order_by(USERS.c.email)).mappings()
        return tuple(_user(row) for row in rows)

    def change(
        self, email: str, *, password_hash: str | None = None, role: Role | None = None,
        disabled_at: dt.datetime | None = None, enable: bool = False,
    ) -> User:  # fmt: skip
        """Change a user; a new password, a lesser role or being shut out ends their sessions.

        Raises
        ------
        ConfigError
            If there is no such user, or nobody would be left who may govern.
        """
        user = self.named(email)
        if user is None:
            raise ConfigError(f"There is no user {email}. `keepers users` lists them.")
        loses = (role is not None and role is not Role.OWNER) or disabled_at is not None
        if user.role is Role.OWNER and user.disabled_at is None and loses and self._owners() == 1:
            raise ConfigError(f"{email} is the only owner. Make somebody else an owner first.")
        new: dict[str, Any] = {}
        if password_hash is not None:
            new["password_hash"] = password_hash
        if role is not None:
            new["role"] = role.value
        if disabled_at is not None or enable:
            new["disabled_at"] = disabled_at
        if new:
            self._connection.execute(update(USERS).where(USERS.c.id == user.number).values(**new))
            self._connection.execute(delete(USER_SESSIONS).where(USER_SESSIONS.c.user_id == user.number))
        found = self.named(email)
        assert found is not None
        return found

    def begin_session(self, user: User, token_hash: str, now: dt.datetime, expires_at: dt.datetime) -> None:
        """A sign-in; sessions that are over go."""
        self._connection.execute(delete(USER_SESSIONS).where(USER_SESSIONS.c.expires_at <= now))
        row = {"token_hash": token_hash, "user_id": user.number, "created_at": now, "expires_at": expires_at}
        self._connection.execute(insert(USER_SESSIONS).values(**row))

    def of_session(self, token_hash: str, now: dt.datetime) -> User | None:
        """Whose session it is, while it lasts and the user may come in."""
        query = (
            select(USERS)
            .join(USER_SESSIONS, USER_SESSIONS.c.user_id == USERS.c.id)
            .where(
                USER_SESSIONS.c.token_hash == token_hash,
                USER_SESSIONS.c.expires_at > now,
                # The clock was put back meanwhile: it would last for as much longer.
                USER_SESSIONS.c.created_at <= now + _CLOCKS,
                USERS.c.disabled_at.is_(None),
            )
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _user(row)

    def end_session(self, token_hash: str) -> None:
        """A sign-out."""
        self._connection.execute(delete(USER_SESSIONS).where(USER_SESSIONS.c.token_hash == token_hash))

    def add_token(
        self, name: str, token_hash: str, scopes: frozenset[Scope], made_by: str, now: dt.datetime,
        expires_at: dt.datetime | None = None,
    ) -> ApiToken:  # fmt: skip
        """A way in for a program."""
        row = {
            "name": name, "token_hash": token_hash, "scopes": sorted(scope.value for scope in scopes),
            "made_by": made_by, "created_at": now, "expires_at": expires_at,
        }  # fmt: skip
        self._connection.execute(insert(API_TOKENS).values(**row))
        query = select(API_TOKENS).where(API_TOKENS.c.token_hash == token_hash)
        return _token(self._connection.execute(query).mappings().one())

    def of_token(self, token_hash: str, now: dt.datetime) -> ApiToken | None:
        """The token with a hash, while it holds."""
        query = select(API_TOKENS).where(API_TOKENS.c.token_hash == token_hash, API_TOKENS.c.revoked_at.is_(None))
        row = self._connection.execute(query).mappings().first()
        if row is None or (row["expires_at"] is not None and row["expires_at"] <= now):
            return None
        return _token(row)

    def tokens(self) -> tuple[ApiToken, ...]:
        """All tokens, the newest first."""
        rows = self._connection.execute(select(API_TOKENS).order_by(API_TOKENS.c.id.desc())).mappings()
        return tuple(_token(row) for row in rows)

    def revoke(self, number: int, now: dt.datetime) -> None:
        """Shut a program out.

        Raises
        ------
        ConfigError
            If there is no such token.
        """
        changed = self._connection.execute(
            update(API_TOKENS)
            .where(API_TOKENS.c.id == number, API_TOKENS.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        if not changed.rowcount:
            raise ConfigError(f"There is no token {number} that still holds. `keepers tokens` lists them.")

    def note(
        self, actor: str, action: str, subject: str, now: dt.datetime, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Write down what somebody did."""
        row = {"at": now, "actor": actor, "action": action, "subject": subject, "detail": dict(detail or {})}
        self._connection.execute(insert(AUDIT_LOG).values(**row))

    def deeds(self, limit: int = 100, before: int | None = None) -> tuple[Deed, ...]:
        """The newest lines of the audit log."""
        query = select(AUDIT_LOG).order_by(AUDIT_LOG.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDIT_LOG.c.id < before)
        rows = self._connection.execute(query).mappings()
        return tuple(Deed(row["at"], row["actor"], row["action"], row["subject"], row["detail"]) for row in rows)

    def forget_deeds(self, before: dt.datetime) -> int:
        """Remove lines of the audit log from before a moment; gives how many."""
        return self._connection.execute(delete(AUDIT_LOG).where(AUDIT_LOG.c.at < before)).rowcount

    def forget_sessions(self, now: dt.datetime) -> int:
        """Remove sessions that are over; gives how many."""
        return self._connection.execute(delete(USER_SESSIONS).where(USER_SESSIONS.c.expires_at <= now)).rowcount

    def _owners(self) -> int:
        query = select(func.count()).where(USERS.c.role == Role.OWNER.value, USERS.c.disabled_at.is_(None))
        return int(self._connection.execute(query).scalar_one())


def _user(row: RowMapping) -> User:
    return User(row["id"], row["email"], row["password_hash"], Role(row["role"]), row["created_at"], row["disabled_at"])


def _token(row: RowMapping) -> ApiToken:
    return ApiToken(
        row["id"], row["name"], frozenset(Scope(one) for one in row["scopes"]), row["made_by"], row["created_at"],
        row["expires_at"], row["revoked_at"],
    )  # fmt: skip
