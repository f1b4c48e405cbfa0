"""People seen anywhere, brought together for identity, and rows given the key of the customer they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.format import Format
from keepers.data.identity import Identity
from keepers.data.naming import clean_id, clean_name, person_sql, whole_name
from keepers.data.normalise import fill
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.data.staging import Stage


@dataclass(frozen=True)
class OtherSource:
    """A staged table that is no table of sales."""

    number: int
    raw: RawTable
    format: Format
    staged: Stage
    others: Mapping[str, str] = field(default_factory=dict)
    """Columns that play no role and could tell of a person, by the name under which they are kept."""

    @property
    def source(self) -> str:
        """What its rows are said to come from."""
        return f"{self.format.name}: {self.raw.source}"


def gather_people(engine: Engine, facts: str | None, others: Sequence[OtherSource]) -> str:
    """Distinct people of all sources, with ``sales`` for those who bought."""
    named = ("system", "customer_id", "email", "phone")
    once = ", ".join(f"any_value({column}) AS {column}" for column in named)
    selects = []
    if facts is not None:
        selects.append(
            f"""SELECT person, {once}, {clean_name("any_value(name)")} AS name, true AS sales
                FROM {quoted(facts)} WHERE kind <> 'other' GROUP BY person"""
        )
    for other in others:
        system = literal(other.format.system)
        selects.append(
            f"""SELECT {person_sql(system)} AS person, {system} AS system, {clean_id("customer_id")} AS customer_id,
                       email, phone, {clean_name(whole_name())} AS name, false AS sales
                FROM {quoted(other.staged.table)}"""
        )
    if not selects:
        nobody = ", ".join(f"''::VARCHAR AS {column}" for column in (*named, "name"))
        selects.append(f"SELECT hash('') AS person, {nobody}, false AS sales WHERE false")
    return engine.create(
        engine.new_name("people"),
        f"""SELECT person, {once}, any_value(name) AS name, bool_or(sales) AS sales, false AS phone_shared
            FROM ({" UNION ALL ".join(selects)}) GROUP BY person""",
    )


def with_keys(engine: Engine, other: OtherSource, identity: Identity) -> str:
    """The rows of a staged source with ``customer_key``, ``source_name`` and ``system``."""
    return engine.create(
        engine.new_name("keyed"),
        fill(
            template("keepers.data.sql", "keyed"),
            stage=quoted(other.staged.table),
            keys=quoted(identity.keys),
            source=literal(other.source),
            system=literal(other.format.system),
            clean_id=clean_id("customer_id"),
            person=person_sql(literal(other.format.system)),
        ),
    )


MOST_ATTRIBUTES = 60
"""Columns of a list of people beyond the schema that are kept."""
_FEW = 0.3
"""A text that differs in more of the rows than this names somebody or something; it tells nothing of others."""
_MOSTLY = 0.9


def columns_without_role(recognition: Recognition) -> dict[str, str]:
    """Columns that play no role and could tell of a person, by the name under which they are kept.

    Categories, numbers and days are kept; names, addresses and free texts are not.
    """
    taken = {found.column for found in recognition.roles.values()}
    kept: dict[str, str] = {}
    for column, profile in recognition.profiles.items():
        name = profile.header.key.replace(" ", "_")
        counts = profile.number >= _MOSTLY or profile.date >= _MOSTLY
        tells = not profile.empty and (counts or profile.distinct <= _FEW) and profile.email < 1 - _MOSTLY
        if column not in taken and name and name not in kept and tells and len(kept) < MOST_ATTRIBUTES:
            kept[name] = column
    return kept
