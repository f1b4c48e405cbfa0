"""One vocabulary of channels over everything that was read: touches, spend, leads, visits, orders and customers."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from keepers.data.engine import quoted
from keepers.data.table import Table
from keepers.summaries.channel_words import Named, canonical_channel, channel_key, is_place_of_sale

TABLES = ("spend", "touches", "leads", "visits", "orders", "customers")
"""Canonical tables that name channels."""


@dataclass(frozen=True, slots=True)
class Written:
    """A channel as a table writes it."""

    table: str
    channel: str | None
    medium: str | None
    campaign: bool


@dataclass(frozen=True, eq=False)
class ChannelNames:
    """What the channels of a dataset are called.

    Parameters
    ----------
    names : dict of Written to str or None
        The canonical name of each way in which a channel is written; None where the words name no channel.
    sentences : tuple of str
        What a person should know of it: platforms that were counted under their family.
    """

    names: Mapping[Written, str | None]
    sentences: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """All canonical names, in alphabetical order."""
        return tuple(sorted({name for name in self.names.values() if name is not None}))

    def renamed(self, dataset: Any) -> Any:
        """The same dataset with canonical channels in every table; the tables that were read stay as they are.

        Parameters
        ----------
        dataset : Dataset
            What the names were made of.
        """
        engine = dataset.engine
        tables = dict(dataset.tables)
        for name in TABLES:
            mine = {written: to for written, to in self.names.items() if written.table == name}
            if not mine:
                continue
            columns = {
                "channel": [written.channel for written in mine],
                "medium": [written.medium for written in mine],
                "campaign": [written.campaign for written in mine],
                "name": ["" if to is None else to for to in mine.values()],
            }
            words = engine.from_columns(engine.new_name("channel_names"), columns)
            tables[name] = _renamed(tables[name], words)
        return replace(dataset, tables=tables)


def channel_names(dataset: Any, own: Mapping[str, str] | None = None) -> ChannelNames:
    """The canonical names of all channels that a dataset writes.

    Names differ between sources: an advertising account says "facebook", a campaign link "fb" with the medium "cpc", a
    report "Paid social". Each is brought to one name by `keepers.summaries.channels.toml`; what it does not know keeps
    its own name, in lower case. Where one table says only the family of a platform ("paid social") and another the
    platform, both count as the family, since nobody can tell which platform the former means.

    Parameters
    ----------
    dataset : Dataset
        What `keepers.read` gave; a simulated store works too.
    own : mapping of str to str, optional
        The user's names: from a channel as it is written, or its canonical name, to what it shall be called. They go
        before everything else.
    """
    own = {channel_key(old): new.strip().lower() for old, new in (own or {}).items()}
    found: dict[Written, Named] = {}
    for table in TABLES:
        if table in dataset.tables:
            for written in _written(dataset.tables[table], table):
                found[written] = _named(written, own)
    own_names = {
        named.name for written, named in found.items() if written.table != "touches" and named.name is not None
    }
    names: dict[Written, str | None] = {}
    for written, named in found.items():
        # A newsletter's source is e-mail by its medium, unless spend, leads or orders know it as a channel.
        by_medium = named.medium is not None and named.name not in own_names
        names[written] = named.medium if by_medium else named.name
    sentences = _gather(names, found)
    for written, name in names.items():
        if name is not None and channel_key(name) in own:
            names[written] = own[channel_key(name)]
    return ChannelNames(names, sentences)


def _named(written: Written, own: Mapping[str, str]) -> Named:
    text = written.channel or ""
    if channel_key(text) in own:
        return Named(own[channel_key(text)])
    if written.table in ("orders", "customers") and is_place_of_sale(text):
        return Named(None)
    return canonical_channel(text, written.medium, campaign=written.campaign, spend=written.table == "spend")


def _gather(names: dict[Written, str | None], found: Mapping[Written, Named]) -> tuple[str, ...]:
    """Count platforms under their family where another table says only that; gives what happened in words."""
    platforms: dict[str, set[str]] = defaultdict(set)
    told_apart: dict[str, set[str]] = defaultdict(set)
    for written, named in found.items():
        if named.family is not None and names[written] is not None:
            platforms[named.family].add(str(names[written]))
            told_apart[named.family].add(written.table)
    sentences = []
    for family, members in platforms.items():
        vague = {written.table for written, name in names.items() if name == family}
        if not vague:
            continue
        for written, named in found.items():
            if named.family == family:
                names[written] = family
        listed = " and ".join(sorted(members))
        sentences.append(
            f"{listed[:1].upper()}{listed[1:]} are counted together as {family}, because the {_tables(vague)} say only "
            "that. Names of your own can be given in keepers.toml under [channels]."
            if len(members) > 1
            else f"{listed[:1].upper()}{listed[1:]} is counted as {family}, because the {_tables(vague)} say only that."
        )
    return tuple(sentences)


def _tables(names: set[str]) -> str:
    return " and ".join(sorted(names))


def _written(table: Table, name: str) -> list[Written]:
    """The distinct ways in which a table writes channels."""
    medium = "medium" if "medium" in table.columns else "CAST(NULL AS VARCHAR)"
    campaign = "campaign IS NOT NULL" if "campaign" in table.columns else "false"
    rows = table.engine.rows(
        f"SELECT DISTINCT channel, {medium} AS medium, {campaign} AS campaign FROM {quoted(table.name)} "
        "ORDER BY channel, medium, campaign"
    )
    return [Written(name, row[0], row[1], bool(row[2])) for row in rows]


def _renamed(table: Table, words: str) -> Any:
    """A view of a table with canonical channels, of the same kind as the table."""
    columns = table.columns
    listed = ", ".join(
        "nullif(word.name, '') AS channel" if name == "channel" else f"told.{quoted(name)}" for name in columns
    )
    medium = " AND word.medium IS NOT DISTINCT FROM told.medium" if "medium" in columns else ""
    campaign = " AND word.campaign = (told.campaign IS NOT NULL)" if "campaign" in columns else ""
    sql = (
        f"SELECT {listed} FROM {quoted(table.name)} AS told LEFT JOIN {quoted(words)} AS word "
        f"ON word.channel IS NOT DISTINCT FROM told.channel{medium}{campaign}"
    )
    renamed = copy.copy(table)
    renamed.name = table.engine.create_view(table.engine.new_name("renamed"), sql)
    return renamed
