"""How a template of features is read: the query, and what each of its columns means, in one place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from keepers.data.engine import template
from keepers.summaries.purchases import PACKAGE

WINDOWS = (7, 28, 90, 365)
"""Lengths, in days, of the windows in which things are counted."""

_LINE = re.compile(r"^ {4}(?P<sql>.+ AS (?P<name>[a-z0-9_{}]+)),? -- (?P<meaning>.+) \[(?P<unit>[^\]]+)\](?P<rest>.*)$")
_REPEATED = ("window", "kind", "purpose", "number", "word")

Words = Mapping[str, Sequence[Mapping[str, str]]]
"""For each name after which lines are repeated: what is filled in, one mapping a repetition."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of features.

    Parameters
    ----------
    name : str
        The column.
    table : str
        Canonical table that it is made of.
    meaning : str
        In words.
    unit : str
        What it is counted in; ``"category"`` for words, ``"flag"`` for 0 and 1.
    zero : bool
        Whether a customer of whom the table says nothing has 0, and not nothing.
    """

    name: str
    table: str
    meaning: str
    unit: str
    zero: bool = False

    @property
    def is_category(self) -> bool:
        """Whether its values are words."""
        return self.unit == "category"


def read_part(name: str, table: str, present: Collection[str], words: Words) -> tuple[str, tuple[Feature, ...]]:
    """A template with its lines repeated where they name a window or a kind, and only the features that can be told.

    A feature stands on a line of its own, ``expression AS name, -- meaning [unit] zero needs column other|another``.

    Parameters
    ----------
    name : str
        The template, ``features_orders``.
    table : str
        Canonical table it is of.
    present : collection of str
        What is there of that table: its columns that are filled, and other words a template may need.
    words : mapping
        What lines that name ``{kind}`` and the like are repeated with.

    Returns
    -------
    tuple of str and tuple of Feature
        The query, its relations still to be filled in, and its features; none where nothing can be told.
    """
    repeats = {"window": [{"window": str(days)} for days in WINDOWS], **words}
    before: list[str] = []
    chosen: list[tuple[str, Feature]] = []
    after: list[str] = []
    for line in template(PACKAGE, name).splitlines():
        named = [word for word in _REPEATED if f"{{{word}}}" in line or f"{{{word}_literal}}" in line]
        for combination in itertools.product(*(repeats.get(word, []) for word in named)):
            filled = line
            for key, value in (item for one in combination for item in one.items()):
                filled = filled.replace(f"{{{key}}}", value)
            found = _LINE.match(filled)
            if found is None:
                (after if chosen else before).append(filled)
            elif _is_known(found["rest"], present):
                zero = found["rest"].split(" needs ")[0].strip() == "zero"
                feature = Feature(found["name"], table, found["meaning"], found["unit"], zero)
                chosen.append((found["sql"], feature))
    listed = ",\n".join(f"    {sql}" for sql, _ in chosen)
    return "\n".join([*before, listed, *after]), tuple(feature for _, feature in chosen)


def written_features(name: str, table: str) -> tuple[Feature, ...]:
    """The features of a template as they are written, ``{window}`` and the like standing for what is repeated."""
    found = (_LINE.match(line) for line in template(PACKAGE, name).splitlines())
    return tuple(Feature(one["name"], table, one["meaning"], one["unit"]) for one in found if one is not None)


def _is_known(rest: str, present: Collection[str]) -> bool:
    _, _, needs = rest.partition(" needs ")
    return all(any(one in present for one in need.split("|")) for need in needs.split())
