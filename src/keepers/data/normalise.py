"""Text, money, numbers, flags, e-mail addresses and phone numbers as expressions of the engine over one column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keepers.data.engine import Engine, literal, template

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

EMPTY_WORDS = ("", "null", "none", "nan", "n/a", "#n/a", "-", "--", "(not set)", "(blank)", "undefined", "<na>", "nil")
"""Words by which programs write that a cell is empty."""

TRUE_WORDS = ("true", "t", "yes", "y", "1", "ja", "oui", "si", "sì", "sí", "sim", "wahr", "vrai", "x", "subscribed")


def fill(sql: str, /, **names: str) -> str:
    """Put relation names and expressions into an SQL template; braces of regular expressions stay."""
    return _PLACEHOLDER.sub(lambda found: names[found.group(1)], sql)


def text_sql(column: str) -> str:
    """Blanks taken off, words that mean "empty" emptied, and a spreadsheet's guard before a number removed."""
    words = ", ".join(literal(word) for word in EMPTY_WORDS)
    plain = f"trim(replace({column}::VARCHAR, chr(160), ' '))"
    unguarded = f"CASE WHEN starts_with({plain}, '''') AND regexp_matches({plain}, '^''[0-9+=@-]') "
    unguarded += f"THEN substr({plain}, 2) ELSE {plain} END"
    return f"CASE WHEN lower({plain}) IN ({words}) THEN NULL ELSE {unguarded} END"


def key_sql(column: str) -> str:
    """A word brought to the form in which words are compared: lower case, no accents, single blanks."""
    return f"trim(regexp_replace(lower(strip_accents({column}::VARCHAR)), '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"


def word_sql(column: str, words: Mapping[str, str]) -> str:
    """What a word of a column means; empty for words that are not among `words`, of which ``open*`` begins many."""
    key, cases = key_sql(column), []
    for word, meaning in words.items():
        begin = word.removesuffix("*")
        same = f"starts_with({key}, {literal(begin)})" if word.endswith("*") else f"{key} = {literal(begin)}"
        cases.append(f"WHEN {same} THEN {literal(meaning)}")
    return f"CASE {' '.join(cases)} END"


def flag_sql(column: str) -> str:
    """Yes and no in several languages; empty where nothing is said."""
    words = ", ".join(literal(word) for word in TRUE_WORDS)
    text = text_sql(column)
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE lower({text}) IN ({words}) END"


def email_sql(column: str) -> str:
    """An e-mail address in lower case; empty where the text is none."""
    text = f"regexp_replace(lower(trim(replace({column}::VARCHAR, chr(160), ' '))), '^(mailto:|'')', '')"
    return f"CASE WHEN regexp_full_match({text}, '[^@\\s,;]+@[^@\\s,;]+\\.[^@\\s,;.]{{2,}}') THEN {text} END"


def phone_sql(column: str) -> str:
    """The digits of a phone number, international ones with their plus; empty below seven digits."""
    digits = f"regexp_replace({column}::VARCHAR, '[^0-9]', '', 'g')"
    plus = f"regexp_matches({column}::VARCHAR, '^[^0-9]*(\\+|00)')"
    bare = f"CASE WHEN {plus} THEN regexp_replace({digits}, '^0+', '') ELSE {digits} END"
    number = f"CASE WHEN {plus} AND starts_with({bare}, '1') AND length({bare}) = 11 THEN substr({bare}, 2) "
    number += f"WHEN {plus} THEN '+' || {bare} ELSE {bare} END"
    return f"CASE WHEN length({bare}) BETWEEN 7 AND 15 THEN {number} END"


def bare_number_sql(column: str) -> str:
    """A number's digits, separators and signs; currency words with their dots, symbols and blanks taken away.

    A text with something else between its digits (``1.25E+03``, ``12 x 30``) stays as it is.
    """
    words = r"&#?[0-9A-Za-z]+;|\p{L}+\.?|[\s\p{Sc}*\x{00A0}\x{202F}\x{2009}]"
    kept = f"regexp_replace({column}::VARCHAR, '{words}', '', 'g')"
    bare = f"regexp_replace(translate({kept}, '−–', '--'), '[.,]-+$', '')"
    return f"CASE WHEN regexp_matches({column}::VARCHAR, '{_BETWEEN}') THEN trim({column}::VARCHAR) ELSE {bare} END"


_BETWEEN = r"[0-9][.,]?\s*(\p{L}+\.?|\p{Sc})\s*[+-]?[0-9]"
_EXPONENT = r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]{1,3}"
"""A number as spreadsheets shorten it. Its first part has no thousands, so its mark is the decimal one."""


def number_sql(bare: str, decimal: str = ".", type_: str = "DECIMAL(18, 4)") -> str:
    """The value of a bare number: thousands marks taken out; brackets or a minus are below zero.

    The text is taken only where it is a well-formed number under the given decimal mark or has an exponent; everything
    else is empty, so that ``1,23`` is never read as 123. `bare` is the name of a column made with `bare_number_sql`.
    """
    digits = f"translate({bare}, '()+-', '')"
    other, thousands, point = (",", ",", r"\.") if decimal == "." else (".", r"\.", ",")
    mark = f"(?:{thousands}|''|’)"
    shape = f"(?:[0-9]+|[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}})(?:{point}[0-9]*)?|{point}[0-9]+"
    plain = f"translate({digits}, '{other}''’', '')"
    if decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    negative = f"regexp_matches({bare}, '^-|-$|[(]|[+]-')"
    value = f"TRY_CAST({plain} AS {type_})"
    signed = f"CASE WHEN {negative} THEN -{value} ELSE {value} END"
    shortened = f"TRY_CAST(TRY_CAST(replace({bare}, ',', '.') AS DOUBLE) AS {type_})"
    return (
        f"CASE WHEN regexp_full_match({digits}, '{shape}') THEN {signed} "
        f"WHEN regexp_full_match({bare}, '{_EXPONENT}') THEN {shortened} END"
    )


def in_main_unit_sql(hundredths: str) -> str:
    """Amounts that are written in cents, in the currency's main unit."""
    return f"CAST(({hundredths}) / 100 AS DECIMAL(18, 4))"


@dataclass(frozen=True, slots=True)
class DecimalEvidence:
    """How often a column's values show which mark is the decimal one, and whether all are plain numbers anyway.

    `either` is a value that is a number under both marks, and another one; only where no value shows the mark.
    """

    comma: int = 0
    point: int = 0
    plain: bool = False
    either: str | None = None

    def decide(self, fallback: str = ".") -> str:
        """The decimal mark: the one with more evidence; the fallback where there is none."""
        if self.plain:
            return "."
        if self.comma == self.point:
            return fallback
        return "," if self.comma > self.point else "."


def decimal_evidence(engine: Engine, relation: str, columns: Sequence[str], type_: str) -> dict[str, DecimalEvidence]:
    """For each text column of numbers, count values that can be read with only one decimal mark.

    ``1.234,56`` and ``99,9`` speak for the comma, ``1,234.56`` and ``99.9`` for the point; ``1,234`` alone and
    ``1.234`` alone could be either. A column is plain where every filled cell is a number as the engine writes them.
    """
    if not columns:
        return {}
    # A column of "3.400" is as good a number as "3.4" to the engine, and three thousand to a German.
    counted = engine.row(
        "SELECT "
        + ", ".join(
            f"count(*) FILTER (trim({c}) <> '' AND TRY_CAST({c} AS {type_}) IS NULL), count(*) FILTER (contains({c}, "
            "'.')), "
            f"count(*) FILTER (contains({c}, '.') AND regexp_full_match(trim({c}), '-?[0-9]{{1,3}}([.][0-9]{{3}})+'))"
            for c in columns
        )
        + f" FROM {relation}"
    )
    found = {
        column: DecimalEvidence(plain=True)
        for column, odd, pointed, grouped in zip(columns, counted[::3], counted[1::3], counted[2::3], strict=True)
        if not odd and not (pointed and pointed == grouped)
    }
    written = [column for column in columns if column not in found]
    if written:
        cells = " UNION ALL ".join(
            f"SELECT {position} AS c, {column} AS v, count(*) AS n FROM {relation} WHERE {column} <> '' GROUP BY "
            f"{column}"
            for position, column in enumerate(written)
        )
        sql = fill(template("keepers.data.sql", "decimal_evidence"), cells=cells, bare=bare_number_sql("v"))
        evidence = {row[0]: DecimalEvidence(int(row[1]), int(row[2]), either=row[3]) for row in engine.rows(sql)}
        found |= {column: evidence.get(position, DecimalEvidence()) for position, column in enumerate(written)}
    return found
