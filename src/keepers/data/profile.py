"""What the columns of a raw table hold, measured on its first rows: dates, money, addresses, codes."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.normalise import fill, text_sql
from keepers.data.raw_table import RawTable
from keepers.data.statuses import STATUS_WORDS
from keepers.data.vocabulary import ISO_CURRENCIES, Header, read_header

SAMPLE_ROWS = 5_000

_LETTER = r"[A-Za-z\x{00AA}\x{00B5}\x{00BA}\x{00C0}-\x{1FFF}\x{2C00}-\x{D7FF}\x{F900}-\x{FFFF}]"
"""The blocks that letters stand in: the class of all letters takes the engine a hundred times longer to compile."""

_DATE = (
    r"^''?[12][0-9]{3}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}([T ].*)?$|"
    r"^[12][0-9]{3}年[0-9]{1,2}月[0-9]{1,2}日.*$|"
    r"^''?[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ]([12][0-9]{3}|[0-9]{2})([ ,T].*)?$|"
    r"^(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{4,6})?$|"
    rf"^({_LETTER}{{2,9}}\.?,? )?([0-9]{{1,2}}\.?[- ]?(of |de )?{_LETTER}{{3,10}}\.?,?[- ]?(de )?[0-9]{{2,4}}|"
    rf"{_LETTER}{{3,10}}\.?[- ][0-9]{{1,2}}(st|nd|rd|th)?,?[- ]+[0-9]{{2,4}})\b.*$"
)
_NUMBER = (
    rf"^[(+−-]?\s*({_LETTER}{{1,3}}\.?\$?|\p{{Sc}})?\s*[+−-]?\s*[0-9][0-9.,''’\x{{00A0}}\x{{202F}} ]*"
    rf"\s*[-)]?\s*({_LETTER}{{1,3}}\.?|\p{{Sc}})?\)?$|"
    r"^[+-]?[0-9]([.,][0-9]+[eE][+-]?|[eE][+-])[0-9]{1,3}$"
)
_DECIMAL = r"[0-9][.,][0-9]{1,2}([^0-9].*)?$|\p{Sc}"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_MEASURES = (
    "filled", "varied", "dates", "numbers", "decimals", "emails", "currencies", "statuses", "letters", "digits",
    "mean", "length", "pointed", "grouped", "iso",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column: its header and shares, among filled cells of the sample, of what it holds.

    `filled` is the share of cells with something in them; `distinct` the number of different values per filled cell;
    `date`, `number`, `decimal` (numbers with decimals or a currency sign), `email`, `currency` (ISO codes), `status`
    (words such as "paid") are shares of filled cells; `mean` is the mean of the numbers, where they are plain;
    `grouped` is whether every point stands before three digits, so that it may be a thousands mark; `iso` is the share
    of days written as 2026-05-01 with nothing behind.
    """

    name: str
    header: Header
    type: str
    filled: float
    distinct: float
    date: float
    number: float
    decimal: float
    email: float
    currency: float
    status: float
    letters: float
    digits: float
    mean: float | None
    length: float
    grouped: bool
    iso: float

    @property
    def empty(self) -> bool:
        """Whether the sample had nothing in it."""
        return self.filled == 0.0


def profile_columns(engine: Engine, raw: RawTable) -> dict[str, ColumnProfile]:
    """Profile every column of a raw table on its first rows."""
    types = {row[0]: str(row[1]) for row in engine.rows(f"DESCRIBE {quoted(raw.table)}")}
    sample = engine.create(engine.new_name("sample"), f"SELECT * FROM {quoted(raw.table)} LIMIT {SAMPLE_ROWS}")
    rows = engine.row(f"SELECT count(*) FROM {quoted(sample)}")[0]
    # One long column of cells: each pattern is compiled once, however many columns there are.
    cells = " UNION ALL ".join(
        f"SELECT {position} AS c, {quoted(name)}::VARCHAR AS v FROM {quoted(sample)}"
        for position, name in enumerate(raw.columns)
    )
    measured = {
        found[0]: dict(zip(_MEASURES, found[1:]))
        for found in engine.rows(
            fill(
                template("keepers.data.sql", "profile"),
                cells=cells,
                text=text_sql("v"),
                date=_DATE,
                number=_NUMBER,
                decimal=_DECIMAL,
                email=_EMAIL,
                currencies=", ".join(literal(code) for code in sorted(ISO_CURRENCIES)),
                statuses=", ".join(literal(word) for word in STATUS_WORDS),
            )
        )
    }
    engine.drop(sample)
    return {
        name: _profile(name, types[name], rows, measured.get(position, {})) for position, name in enumerate(raw.columns)
    }


def _profile(name: str, type_: str, rows: int, found: dict[str, float | None]) -> ColumnProfile:
    filled = found.get("filled") or 0

    def share(of: str) -> float:
        return (found.get(of) or 0) / filled if filled else 0.0

    temporal = type_.startswith(("DATE", "TIMESTAMP"))
    numeric = type_.startswith(("DOUBLE", "FLOAT", "DECIMAL")) or "INT" in type_
    return ColumnProfile(
        name=name,
        header=read_header(name),
        type=type_,
        filled=filled / rows if rows else 0.0,
        distinct=share("varied"),
        date=1.0 if temporal and filled else share("dates"),
        number=0.0 if temporal else 1.0 if numeric and filled else share("numbers"),
        decimal=1.0 if type_.startswith(("DOUBLE", "FLOAT", "DECIMAL")) and filled else share("decimals"),
        email=share("emails"),
        currency=share("currencies"),
        status=share("statuses"),
        letters=share("letters"),
        digits=share("digits"),
        mean=found.get("mean"),
        length=found.get("length") or 0.0,
        grouped=bool(found.get("pointed")) and found.get("pointed") == found.get("grouped"),
        iso=share("iso"),
    )
