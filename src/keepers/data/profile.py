"""What the columns of a raw table hold, measured on a sample: dates, money, addresses, codes, and how varied they are."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import Engine, literal, quoted
from keepers.data.normalise import text_sql
from keepers.data.raw_table import RawTable
from keepers.data.statuses import STATUS_WORDS
from keepers.data.vocabulary import ISO_CURRENCIES, Header, read_header

SAMPLE_ROWS = 5_000

_DATE = (
    r"^''?[12][0-9]{3}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}([T ].*)?$|^''?[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ]([12][0-9]{3}|[0-9]{2})([ ,T].*)?$|"
    r"^(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{4,6})?$|"
    r"^([A-Za-z]{2,9}\.?,? )?([0-9]{1,2}\.?[- ]?(of |de )?[[:alpha:]\p{L}]{3,10}\.?,?[- ]?(de )?[0-9]{2,4}|[\p{L}]{3,10}\.?[- ][0-9]{1,2}(st|nd|rd|th)?,?[- ]+[0-9]{2,4})\b.*$"
)
_NUMBER = r"^[(+−-]?\s*(\p{L}{1,3}\.?\$?|\p{Sc})?\s*[+−-]?\s*[0-9][0-9.,''’   ]*\s*[-)]?\s*(\p{L}{1,3}\.?|\p{Sc})?\)?$"
_DECIMAL = r"[0-9][.,][0-9]{1,2}([^0-9].*)?$|\p{Sc}"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column: its header and shares, among filled cells of the sample, of what it holds.

    `filled` is the share of cells with something in them; `distinct` the number of different values per filled cell;
    `date`, `number`, `decimal` (numbers with decimals or a currency sign), `email`, `currency` (ISO codes), `status`
    (words such as "paid") are shares of filled cells; `mean` is the mean of the numbers, where they are plain.
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
    mean: float | None
    length: float

    @property
    def empty(self) -> bool:
        """Whether the sample had nothing in it."""
        return self.filled == 0.0


def profile_columns(engine: Engine, raw: RawTable) -> dict[str, ColumnProfile]:
    """Profile every column of a raw table on its first rows."""
    types = {row[0]: str(row[1]) for row in engine.rows(f"DESCRIBE {quoted(raw.table)}")}
    sample = engine.create(engine.new_name("sample"), f"SELECT * FROM {quoted(raw.table)} LIMIT {SAMPLE_ROWS}")
    profiles = {}
    for start in range(0, len(raw.columns), 50):
        names = raw.columns[start : start + 50]
        found = engine.row("SELECT " + ", ".join(_measures(name) for name in names) + f" FROM {quoted(sample)}")
        for position, name in enumerate(names):
            profiles[name] = _profile(name, types[name], found[position])
    engine.drop(sample)
    return profiles


def _measures(name: str) -> str:
    column = quoted(name)
    text = text_sql(column)
    codes = ", ".join(literal(code) for code in sorted(ISO_CURRENCIES))
    words = ", ".join(literal(word) for word in STATUS_WORDS)
    return f"""struct_pack(
        rows := count(*), filled := count({text}), varied := count(DISTINCT {text}),
        dates := count(*) FILTER (regexp_matches({text}, '{_DATE}')),
        numbers := count(*) FILTER (regexp_matches({text}, '{_NUMBER}')),
        decimals := count(*) FILTER (regexp_matches({text}, '{_DECIMAL}') AND regexp_matches({text}, '{_NUMBER}')),
        emails := count(*) FILTER (regexp_matches({text}, '{_EMAIL}')),
        currencies := count(*) FILTER (upper({text}) IN ({codes})),
        statuses := count(*) FILTER (lower({text}) IN ({words})),
        letters := count(*) FILTER (regexp_matches({text}, '\\p{{L}}')),
        mean := avg(TRY_CAST({text} AS DOUBLE)), length := avg(length({text})))"""


def _profile(name: str, type_: str, found: dict[str, float | None]) -> ColumnProfile:
    filled = found["filled"] or 0

    def share(of: str) -> float:
        return (found[of] or 0) / filled if filled else 0.0

    temporal = type_.startswith(("DATE", "TIMESTAMP"))
    numeric = type_.startswith(("DOUBLE", "FLOAT", "DECIMAL")) or "INT" in type_
    return ColumnProfile(
        name=name,
        header=read_header(name),
        type=type_,
        filled=filled / found["rows"] if found["rows"] else 0.0,
        distinct=share("varied"),
        date=1.0 if temporal and filled else share("dates"),
        number=0.0 if temporal else 1.0 if numeric and filled else share("numbers"),
        decimal=1.0 if type_.startswith(("DOUBLE", "FLOAT", "DECIMAL")) and filled else share("decimals"),
        email=share("emails"),
        currency=share("currencies"),
        status=share("statuses"),
        letters=share("letters"),
        mean=found["mean"],
        length=found["length"] or 0.0,
    )
