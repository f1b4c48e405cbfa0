"""The files of a kept customer base: segments that are never changed, later ones replacing rows of earlier ones."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from keepers.data.engine import Engine, literal
from keepers.domain.columns import MONEY
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.domain.time import TimeUnit

MARK = "base.json"
"""The file by which a folder is known as a kept base."""

FORMAT = "keepers-base"
VERSION = 1

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "orders": {
        "ref": "UBIGINT", "numbered": "BOOLEAN", "customer_key": "VARCHAR", "day": "DATE", "counted": "BOOLEAN",
        "voided_on": "DATE", "amount": MONEY, "contribution": MONEY, "delivered": "DATE",
    },
    "refunds": {
        "event": "UBIGINT", "order_ref": "UBIGINT", "customer_key": "VARCHAR", "day": "DATE", "amount": MONEY,
        "restates": "BOOLEAN",
    },
    "removed_orders": {"ref": "UBIGINT"},
    "removed_refunds": {"event": "UBIGINT"},
    "identities": {"known_as": "UBIGINT", "customer_key": "VARCHAR"},
    "customers": {
        "customer_key": "VARCHAR", "frequency": "BIGINT", "monetary_value": "DOUBLE", "monetary_value_all": "DOUBLE",
        "first_day": "DATE", "last_day": "DATE", "orders": "BIGINT", "revenue": MONEY,
    },
}  # fmt: skip
"""Columns of each kind of file. A customer without `frequency` is one no more: every order was taken back."""

KINDS = tuple(COLUMNS)


@dataclass(frozen=True)
class BaseFacts:
    """What a kept base is, as `base.json` says it.

    Attributes
    ----------
    segments : tuple of int
        Numbers of its files, in the order in which they were written.
    currency : str
    has_money : bool
    unit : TimeUnit
        Unit of `recency` and `T`.
    margin : Margin
    first_day, last_day : date
        Of the counted orders of known customers; the last is the day that ages count up to.
    updated : int
        How often orders were added.
    """

    segments: tuple[int, ...]
    currency: str
    has_money: bool
    unit: TimeUnit
    margin: Margin
    first_day: dt.date
    last_day: dt.date
    updated: int = 0

    def write(self, folder: Path) -> None:
        """Write `base.json`."""
        said = {
            **asdict(self),
            "unit": self.unit.value,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
        }
        text = json.dumps({"format": FORMAT, "version": VERSION, **said}, indent=1)
        (folder / MARK).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `base.json`.

        Raises
        ------
        InputError
            There is no kept base in the folder, it is damaged, or a later Keepers wrote it.
        """
        path = folder / MARK
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            kind, version = said.pop("format"), said.pop("version")
        except FileNotFoundError:
            raise InputError(
                f"There is no kept customer base in {folder} (no {MARK}). A run keeps one with its report, or with "
                "--keep; from Python, `keepers.CustomerBase.create(orders, folder)` makes one."
            ) from None
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise InputError(f"{path} cannot be read as a kept customer base ({error!r}). Make it anew.") from error
        if kind != FORMAT or version != VERSION:
            raise InputError(
                f"{path} has format {kind!r}, version {version!r}; this Keepers reads {FORMAT!r}, version {VERSION}. "
                "Update Keepers, or make the base anew."
            )
        try:
            return cls(
                **{
                    **said,
                    "segments": tuple(said["segments"]),
                    "unit": TimeUnit.parse(said["unit"]),
                    "margin": Margin(**said["margin"]),
                    "first_day": dt.date.fromisoformat(said["first_day"]),
                    "last_day": dt.date.fromisoformat(said["last_day"]),
                }
            )
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"{path} is damaged ({error!r}). Make the base anew with a run.") from error


def file_of(folder: Path, kind: str, segment: int) -> Path:
    """The file of a kind of rows in a segment."""
    return folder / f"{kind}-{segment:04d}.parquet"


def live(folder: Path, kind: str, segments: Sequence[int]) -> str:
    """A query of the rows of a kind that no later segment has replaced.

    Parameters
    ----------
    folder : Path
    kind : "orders", "refunds", "identities" or "customers"
    segments : sequence of int
        Numbers, in order.
    """
    removed, column = {
        "orders": ("removed_orders", "ref"),
        "refunds": ("removed_refunds", "event"),
        "customers": ("customers", "customer_key"),
        "identities": ("identities", "known_as"),
    }[kind]
    parts = []
    for place, number in enumerate(segments):
        rows = f"SELECT * FROM {_read(folder, kind, number)}"
        later = [f"SELECT {column} FROM {_read(folder, removed, after)}" for after in segments[place + 1 :]]
        if later:
            rows += f" ANTI JOIN ({' UNION ALL '.join(later)}) AS later USING ({column})"
        parts.append(f"({rows})")
    return " UNION ALL ".join(parts)


def write_segment(engine: Engine, folder: Path, segment: int, queries: Mapping[str, str]) -> None:
    """Write the files of a segment; kinds without a query get an empty file.

    Parameters
    ----------
    queries : mapping of kind to SQL
        A query of its columns each.
    """
    for kind, columns in COLUMNS.items():
        query = queries.get(kind)
        typed = ", ".join(f"CAST({name if query else 'NULL'} AS {type_}) AS {name}" for name, type_ in columns.items())
        sql = f"SELECT {typed} FROM ({query}) AS made" if query else f"SELECT {typed} WHERE FALSE"
        target = literal(str(file_of(folder, kind, segment)))
        engine.execute(f"COPY ({sql}) TO {target} (FORMAT parquet, COMPRESSION zstd)")


def link_segments(source: Path, target: Path, segments: Sequence[int]) -> None:
    """Have the unchanged segments of one base in another: the same files under a second name, copies where need be."""
    for number in segments:
        for kind in KINDS:
            old, new = file_of(source, kind, number), file_of(target, kind, number)
            try:
                os.link(old, new)
            except OSError:
                shutil.copy2(old, new)


def with_segment(facts: BaseFacts, segment: int, **changes: Any) -> BaseFacts:
    """The facts of a base that has one segment more."""
    return replace(facts, segments=(*facts.segments, segment), **changes)


def _read(folder: Path, kind: str, segment: int) -> str:
    return f"read_parquet({literal(str(file_of(folder, kind, segment)))})"
