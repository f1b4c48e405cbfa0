"""Erasing people from a project: whom is meant, what goes, and which files still name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.data.engine import Engine, literal
from keepers.domain.errors import ConfigError
from keepers.pipeline.connections import forget_person
from keepers.pipeline.erased_uploads import take_out_of_uploads
from keepers.pipeline.live_events import names_in
from keepers.pipeline.project import Project

if TYPE_CHECKING:
    from keepers.storage.erasing import Erasure

_DEFAULT = "keepers-result"
RESULTS = "results"
"""Where the running system has its results, inside the state's folder."""

FOLDER = ".keepers"


@dataclass(frozen=True)
class Erased:
    """What was erased from a project.

    Attributes
    ----------
    keys : tuple of str
        Customers.
    erasure : Erasure
        Entries of the state.
    still : tuple of Path
        Files of the results that still name them.
    pulled : int
        Items and rows of sources that were pulled.
    uploaded : int
        Rows of uploaded files.
    uploads : tuple of Path
        Uploaded files that name them still, or may.
    """

    keys: tuple[str, ...]
    erasure: Erasure
    still: tuple[Path, ...]
    pulled: int = 0
    uploaded: int = 0
    uploads: tuple[Path, ...] = ()


def erase(project: Project, who: Sequence[str]) -> Erased:
    """Erase people from the state of a project.

    Parameters
    ----------
    project : Project
    who : sequence of str
        Customer keys, e-mail addresses or numbers of leads, as the results of the project name them.

    Raises
    ------
    ConfigError
        If somebody is not known, or not told from somebody else; nothing is erased then.
    """
    result = project.folder / (project.into or _DEFAULT)
    served = sorted((project.folder / FOLDER / RESULTS).glob("run-*"))
    folders = (result, *served)
    tables = [
        path for folder in folders for name in ("customers", "subscribers", "leads")
        if (path := folder / f"{name}.parquet").is_file()
    ]  # fmt: skip
    engine = Engine()
    with project.open_state() as state:
        named = {one: sorted({*_keys_of(engine, tables, one), *state.addressed(one)}) for one in who}
        asked = sorted({key for one, keys in named.items() for key in (one, *keys)})
        known = state.known(asked)
        unknown = [one for one, keys in named.items() if not keys and one not in known]
        if unknown:
            raise ConfigError(
                f"Nobody is known as {unknown[0]!r}, neither in {state.where} nor in {result}. Name the customer_key "
                "of customers.csv, or the e-mail address there. Nothing was erased."
            )
        keys = sorted(known | {key for keys in named.values() for key in keys})
        with state.reading() as books:
            told = [email for _, email in books.live.persons(keys).values() if email]
        addresses = {one for one in (*who, *keys) if "@" in one} | {*told} | _addresses_of(engine, tables, keys)
        pulled = sum(forget_person(project.folder, source, sorted(addresses)) for source in project.connections)
        taken = take_out_of_uploads(project, keys, addresses, state.called(keys))
        erasure = state.erase(keys, names_in)
    still = [path for folder in folders for path in _still(engine, folder, keys)]
    engine.close()
    return Erased(tuple(keys), erasure, tuple(still), pulled, taken.rows, taken.still)


def _still(engine: Engine, folder: Path, keys: Sequence[str]) -> list[Path]:
    """Files of a folder of results that name any of them."""
    found = [path for path in sorted(folder.glob("*.parquet")) if _holds(engine, path, keys)]
    if not found:
        return []
    beside = (*(one.with_suffix(".csv") for one in found), folder / "report.html", folder / "report.json")
    kept = (folder / "alerts.csv", folder / "kept")
    return [*found, *(path for path in beside if path.is_file()), *(path for path in kept if path.exists())]


def _addresses_of(engine: Engine, tables: Sequence[Path], keys: Sequence[str]) -> set[str]:
    """E-mail addresses of customers, as results name them."""
    found: set[str] = set()
    listed = ", ".join(literal(key) for key in keys)
    for path in tables:
        read = f"read_parquet({literal(str(path))})"
        if listed and "email" in [str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {read}")]:
            rows = engine.rows(f"SELECT email FROM {read} WHERE customer_key IN ({listed}) AND email IS NOT NULL")
            found |= {str(row[0]) for row in rows}
    return found


def _keys_of(engine: Engine, tables: Sequence[Path], who: str) -> list[str]:
    """Keys of whoever has this key, address or number of a lead.

    Raises
    ------
    ConfigError
        If it is the key of one and the number of another.
    """
    found: set[str] = set()
    leads: set[str] = set()
    for path in tables:
        read = f"read_parquet({literal(str(path))})"
        columns = [str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {read}")]
        match = f"customer_key = {literal(who)}"
        if "email" in columns:
            match += f" OR lower(email) = {literal(who.strip().lower())}"
        key = "coalesce(customer_key, lead_id)" if "lead_id" in columns else "customer_key"
        found |= {str(row[0]) for row in engine.rows(f"SELECT DISTINCT {key} FROM {read} WHERE {match}")}
        if "lead_id" in columns:
            same = f"SELECT DISTINCT {key} FROM {read} WHERE lead_id = {literal(who)}"
            leads |= {str(row[0]) for row in engine.rows(same)}
    if found and leads - found:
        raise ConfigError(
            f"{who!r} is the key of a customer and the number of a lead who is somebody else. Name whom you mean by "
            "e-mail address, or the lead by the customer_key of leads.csv. Nothing was erased."
        )
    return sorted(found | leads)


def _holds(engine: Engine, path: Path, keys: Sequence[str]) -> bool:
    read = f"read_parquet({literal(str(path))})"
    columns = [str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {read}")]
    if "customer_key" not in columns:
        return False
    listed = ", ".join(literal(key) for key in keys)
    key = "coalesce(customer_key, lead_id)" if "lead_id" in columns else "customer_key"
    return bool(engine.rows(f"SELECT 1 FROM {read} WHERE {key} IN ({listed}) LIMIT 1"))
