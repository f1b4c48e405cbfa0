"""Wishes that are fulfilled once however often they are sent: by a field of forms, or a header of calls."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Form, Header

LONGEST = 100
"""Characters of a wish's name."""

OnceField = Annotated[str, Form(max_length=LONGEST)]
"""The name of what a form wishes: another one each time that the page is made, and the same for two clicks."""

OnceHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=LONGEST,
        description="any text of your own: what is sent again with it within two days is not done again, and answered "
        "as it was",
    ),
]
"""The name of what a call wishes, as the draft standard has it."""


def new_name() -> str:
    """A name that no other wish has."""
    return secrets.token_urlsafe(12)
