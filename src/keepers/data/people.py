"""People seen anywhere, brought together for identity, and rows given the key of the customer they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.format import Format
from keepers.data.identity import PLACEHOLDER_IDS, Identity
from keepers.data.normalise import fill, key_sql
from keepers.data.raw_table import RawTable
from keepers.data.staging import Stage


@dataclass(frozen=True)
class OtherSource:
    """A staged table that is no table of sales."""

    number: int
    raw: RawTable
    format: Format
    staged: Stage

    @property
    def source(self) -> str:
        """What its rows are said to come from."""
        return f"{self.format.name}: {self.raw.source}"


def clean_id(column: str) -> str:
    """An id without a spreadsheet's ".0" and without words that stand for nobody."""
    words = ", ".join(literal(word) for word in PLACEHOLDER_IDS)
    whole = f"WHEN ends_with({column}, '.0') THEN regexp_replace({column}, '^([0-9]+)\\.0+$', '\\1')"
    # A deal of several contacts is the first one's.
    plain = f"CASE {whole} WHEN contains({column}, ';') THEN trim(split_part({column}, ';', 1)) ELSE {column} END"
    return f"CASE WHEN lower({column}) IN ({words}) THEN NULL ELSE {plain} END"


def clean_name(column: str) -> str:
    """A name in the form in which names are compared."""
    words = ", ".join(literal(word) for word in PLACEHOLDER_IDS)
    return f"CASE WHEN lower({column}) IN ({words}) THEN NULL ELSE nullif({key_sql(column)}, '') END"


def whole_name(prefix: str = "") -> str:
    """A person's name from one column or two."""
    return f"coalesce({prefix}name, nullif(concat_ws(' ', {prefix}first_name, {prefix}last_name), ''))"


def gather_people(engine: Engine, facts: str | None, others: Sequence[OtherSource]) -> str:
    """Distinct people of all sources, with ``sales`` for those who bought."""
    selects = []
    if facts is not None:
        selects.append(
            f"""SELECT system, {clean_id("customer_id")} AS customer_id, email, phone, {clean_name("name")} AS name,
                       true AS sales FROM {quoted(facts)} WHERE kind <> 'other'"""
        )
    selects += [
        f"""SELECT {literal(other.format.system)} AS system, {clean_id("customer_id")} AS customer_id, email, phone,
                   {clean_name(whole_name())} AS name, false AS sales FROM {quoted(other.staged.table)}"""
        for other in others
    ]
    if not selects:
        selects.append(
            "SELECT '' AS system, '' AS customer_id, '' AS email, '' AS phone, '' AS name, false AS sales WHERE false"
        )
    return engine.create(
        engine.new_name("people"),
        f"""SELECT system, customer_id, email, phone, name, bool_or(sales) AS sales, false AS phone_shared
            FROM ({" UNION ALL ".join(selects)}) GROUP BY ALL""",
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
            clean_name=clean_name(whole_name()),
        ),
    )
