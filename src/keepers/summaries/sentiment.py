"""The feeling of what customers write, by a small lexicon of our own in several languages, inside the engine."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib import resources

import numpy as np

from keepers.data.engine import Engine, template
from keepers.data.normalise import fill
from keepers.summaries.purchases import PACKAGE

_ROLES = {
    "common": ("common", 0.0),
    "negations": ("negation", 0.0),
    "glad": ("feeling", 1.0),
    "sour": ("feeling", -1.0),
}
"""Role and feeling of the words of each list."""


@cache
def lexicon() -> tuple[tuple[str, str, bool, str, float], ...]:
    """Language, word, whether it stands for all that begin so, its role and its feeling."""
    text = resources.files("keepers.summaries").joinpath("sentiment.toml").read_text(encoding="utf-8")
    return tuple(
        (language, _plain(word.rstrip("*")), word.endswith("*"), role, score)
        for language, lists in tomllib.loads(text).items()
        for name, (role, score) in _ROLES.items()
        for word in dict.fromkeys(lists[name].split())
    )


def _plain(word: str) -> str:
    """Without accents, as texts are read."""
    apart = unicodedata.normalize("NFD", word.replace("ß", "ss"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def sentiments(engine: Engine, feedback: str) -> str:
    """Make a table of `text` and `sentiment` of the distinct texts of a relation with a column `text`.

    Parameters
    ----------
    engine : Engine
    feedback : str
        SQL of the relation.

    Returns
    -------
    str
        Name of the table. `sentiment` lies between -1 and 1: feeling words summed, those after a negation turned, and
        divided by one more than their number. It is 0 for words without feeling in a language that is known, and empty
        where the language is not, or two are as likely and disagree.
    """
    words = lexicon()
    names, kinds = ("language", "word", "begins", "role", "score"), (object, object, np.bool_, object, np.float64)
    columns = {
        name: np.array([row[place] for row in words], dtype=np.dtype(kind))
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    table = engine.from_columns(engine.new_name("lexicon"), columns)
    query = fill(template(PACKAGE, "features_sentiment"), feedback=feedback, lexicon=table)
    made = engine.create(engine.new_name("sentiments"), query)
    engine.drop(table)
    return made


def sentiment_of(texts: list[str]) -> list[float | None]:
    """The feeling of some texts; empty where their language is not known.

    >>> sentiment_of(["I love it, thank you!", "Leider ist der Service zu langsam.", "ok", "Отлично"])
    [0.6666666666666666, -0.6666666666666666, None, None]
    """
    engine = Engine()
    said = engine.from_columns("said", {"text": np.array(texts, dtype=object)})
    found = dict(engine.rows(f"SELECT text, sentiment FROM {sentiments(engine, said)}"))
    engine.close()
    return [found.get(text) for text in texts]
