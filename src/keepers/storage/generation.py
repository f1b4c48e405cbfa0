"""The values of one run as they are served, and who was erased since."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from keepers.storage.service_schema import GENERATIONS

FORGOTTEN = "forgotten"
"""Where among the settings of a generation stands who was erased since its run."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The values of one run as they are served.

    Attributes
    ----------
    number : int
        Which.
    folder : str
        The run's folder of results.
    as_of, made_at : date, datetime
        Last day of its data, and when it was made.
    customers : int
        How many the run valued.
    settings : mapping
        What its numbers mean: currency, basis, horizon, discount, margin, thresholds.
    base_event, applied_event : int
        The last received event that was among the run's orders, and the last one that the values know of.
    """

    number: int
    folder: str
    as_of: dt.date
    made_at: dt.datetime
    customers: int
    settings: Mapping[str, Any]
    base_event: int
    applied_event: int

    @property
    def forgotten(self) -> tuple[str, ...]:
        """Who was erased since its run, whose results still name them, as `forgotten_as` has it."""
        return tuple(self.settings.get(FORGOTTEN, ()))

    def forgets(self, customer_key: str | None) -> bool:
        """Whether somebody is one of these."""
        gone = self.forgotten
        return bool(gone) and customer_key is not None and forgotten_as(customer_key) in gone

    @classmethod
    def of(cls, connection: Connection, status: str) -> Generation | None:
        """The one that is being filled, or is served; None where there is none."""
        query = select(GENERATIONS).where(GENERATIONS.c.status == status)
        row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return cls(
            row["id"], row["folder"], row["as_of"], row["made_at"], row["customers"], row["settings"],
            row["base_event"], row["applied_event"],
        )  # fmt: skip


def forgotten_as(customer_key: str) -> str:
    """What stands for somebody who was erased, until results come that do not name them; it names nobody.

    >>> forgotten_as("c1")
    'd0f631ca1ddba8db3bcfcb9e057cdc98'
    """
    return hashlib.sha256(customer_key.encode(errors="replace")).hexdigest()[:32]


FORGOTTEN_AS = "left(sha256(customer_key), 32)"
"""The same in the engine."""
