"""Passwords and tokens: made, hashed and checked; what is kept is of no use to whoever reads it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from keepers.domain.errors import ConfigError, EngineError, MissingExtraError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
"""Characters of a password at least (NIST SP 800-63B asks for 8 where there is a second factor, 15 where not)."""

_LONGEST = 1_000
_HASHING = threading.BoundedSemaphore(2)
"""Each hash takes 64 MB on purpose: many at once, which anybody can ask for, would take the memory of the machine."""

_PATIENCE = 5.0
_PREFIX = "kp_"


def hash_password(password: str) -> str:
    """A password as it is kept: argon2id with the parameters of RFC 9106.

    Raises
    ------
    ConfigError
        If it is too short, or too long to be one.
    """
    if not SHORTEST <= len(password) <= _LONGEST:
        raise ConfigError(f"A password has at least {SHORTEST} characters. Some words in a row make a good one.")
    with _in_turn():
        return _hasher().hash(password)


def is_password(kept: str | None, given: str) -> bool:
    """Whether a password is the one that is kept; takes as long where there is none to compare with.

    Raises
    ------
    EngineError
        Too many are being compared.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(given) > _LONGEST:
        return False
    try:
        with _in_turn():
            return _hasher().verify(kept or _nobody(), given) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """A token that nobody can guess; shown once, kept as its hash."""
    return _PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token. A fast hash is enough, as tokens are long and random."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(session: str) -> str:
    """What a page of a session must send back with a change, and no page of somebody else can know."""
    return hmac.new(session.encode(), b"keepers form", hashlib.sha256).hexdigest()


def is_csrf_token(session: str, given: str) -> bool:
    """Whether a form came from a page of the session."""
    return hmac.compare_digest(csrf_token(session), given)


@contextmanager
def _in_turn() -> Iterator[None]:
    if not _HASHING.acquire(timeout=_PATIENCE):
        raise EngineError("Too many people sign in at this moment. Try again in some seconds.")
    try:
        yield
    finally:
        _HASHING.release()


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError:
        raise MissingExtraError("argon2-cffi", "service", "Signing in") from None
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
