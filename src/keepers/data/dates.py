"""Dates as people write them: which order of day and month a column has, and every value as a moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.normalise import fill, text_sql
from keepers.data.zones import ABBREVIATIONS, SUMMER_NORTH, WINTER_NORTH
from keepers.domain.errors import AmbiguousColumnsError, ConfigError

_MONTHS = (
    "JAN JANUARY JANUAR JANVIER JANUARI ENERO ENE JANEIRO GENNAIO GEN JANV STYCZNIA LEDNA",
    "FEB FEBRUARY FEBRUAR FEVRIER FEVR FEV FEBRUARI FEBRERO FEVEREIRO FEBBRAIO LUTEGO",
    "MAR MARCH MARZ MAERZ MARS MAART MRT MARZO MARCO MRZ MARCA",
    "APR APRIL AVRIL AVR ABRIL ABR APRILE KWIETNIA",
    "MAY MAI MEI MAYO MAIO MAGGIO MAG MAJ MAJA",
    "JUN JUNE JUNI JUIN JUNIO JUNHO GIUGNO GIU CZERWCA",
    "JUL JULY JULI JUILLET JUIL JULIO JULHO LUGLIO LUG LIPCA",
    "AUG AUGUST AOUT AUGUSTUS AGOSTO AGO AUGUSTI SIERPNIA",
    "SEP SEPT SEPTEMBER SEPTEMBRE SEPTIEMBRE SETEMBRO SET SETTEMBRE WRZESNIA",
    "OCT OCTOBER OKT OKTOBER OCTOBRE OCTUBRE OUTUBRO OUT OTTOBRE OTT PAZDZIERNIKA",
    "NOV NOVEMBER NOVEMBRE NOVIEMBRE NOVEMBRO LISTOPADA",
    "DEC DECEMBER DEZ DEZEMBER DECEMBRE DICIEMBRE DIC DEZEMBRO DICEMBRE GRUDNIA DES DESEMBER",
)
DATE_ORDERS = ("dmy", "mdy")


@dataclass(frozen=True, slots=True)
class DateHints:
    """What else in a file speaks for day before month or month before day.

    Attributes
    ----------
    order : str, optional
        What a person said: "dmy" or "mdy".
    elsewhere : str, optional
        The order that another column of dates in the file shows.
    votes : dict of str to int
        Signs from elsewhere in the file (language of headers, decimal comma, currency), with their weight.
    """

    order: str | None = None
    elsewhere: str | None = None
    votes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DateColumn:
    """A column's distinct texts with the moment each one stands for, as a table of the engine.

    The table has `text`, `local` (wall clock), `offset_minutes` (east of UTC, empty where the text does not say) and
    `problem` (why it is no date).
    """

    table: str
    order: str | None
    notes: tuple[str, ...] = ()
    zoned: bool = False


def _map(pairs: dict[str, int]) -> str:
    keys = ", ".join(literal(key) for key in pairs)
    values = ", ".join(str(value) for value in pairs.values())
    return f"MAP([{keys}], [{values}])"


def _month_map() -> str:
    return _map({word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()})


def read_dates(
    engine: Engine, relation: str, column: str, label: str, hints: DateHints, zone_column: str | None = None
) -> DateColumn:
    """Read a text column's dates.

    Parameters
    ----------
    relation : str
        Table with ``_row`` and the column.
    column : str
        The column as an SQL expression.
    label : str
        Its name for people.
    hints : DateHints
        Signs from elsewhere, used only where the column itself shows no order of day and month.
    zone_column : str, optional
        Column of time zone abbreviations; summer time in winter speaks against an order.

    Raises
    ------
    AmbiguousColumnsError
        Nothing tells whether the day or the month comes first.
    """
    zone = f"max(upper(trim({zone_column}::VARCHAR)))" if zone_column else "NULL::VARCHAR"
    distinct = engine.create(
        engine.new_name("date_texts"),
        f"""SELECT {column}::VARCHAR AS text, count(*) AS n, min(_row) AS first_row, {zone} AS zone
            FROM {relation} WHERE {text_sql(column)} IS NOT NULL GROUP BY 1""",
    )
    tokens = engine.create(
        engine.new_name("date_tokens"),
        fill(
            template("keepers.data.sql", "date_tokens"),
            distinct=quoted(distinct),
            months=_month_map(),
            zones=_map(ABBREVIATIONS),
        ),
    )
    order, notes = _decide_order(engine, tokens, distinct, label, hints)
    built = engine.create(engine.new_name("dates"), _resolve(tokens, order))
    zoned = bool(engine.row(f"SELECT coalesce(bool_or(offset_minutes IS NOT NULL), false) FROM {built}")[0])
    engine.drop(tokens)
    engine.drop(distinct)
    return DateColumn(built, order, tuple(notes), zoned)


def _resolve(tokens: str, order: str | None) -> str:
    day, month = ("first_part", "second_part") if order == "dmy" else ("second_part", "first_part")
    stamp = (
        "TRY_CAST(printf('%04d-%02d-%02d %02d:%02d:%02d', year, {month}, {day}, hour, minute, second) AS TIMESTAMP)"
        " + to_microseconds((coalesce(fraction, 0) * 1000000)::BIGINT)"
    )
    closed, opened = (
        stamp.replace("{month}", m).replace("{day}", d) for m, d in (("first_part", "second_part"), (month, day))
    )
    swapped = stamp.replace("{month}", day).replace("{day}", month)
    other = "month before day" if order == "dmy" else "day before month"
    rest = "day before month" if order == "dmy" else "month before day"
    return f"""
        WITH read AS (
            SELECT *, CASE WHEN direct IS NOT NULL THEN direct WHEN open_order THEN {opened}
                           WHEN kind <> 'none' THEN {closed} END AS moment,
                   CASE WHEN open_order THEN {swapped} END AS swapped_moment
            FROM {quoted(tokens)}
        )
        SELECT text, CASE WHEN year(moment) BETWEEN 1900 AND 2199 THEN moment END AS local, offset_minutes,
               CASE WHEN year(moment) BETWEEN 1900 AND 2199 THEN NULL
                    WHEN swapped_moment IS NOT NULL THEN 'its date has the {other}, the rest of the column {rest}'
                    ELSE 'its date cannot be read' END AS problem
        FROM read"""


def _decide_order(
    engine: Engine, tokens: str, distinct: str, label: str, hints: DateHints
) -> tuple[str | None, list[str]]:
    day_first, month_first, both, total, example, dotted = engine.row(
        f"""SELECT coalesce(sum(n) FILTER (first_part > 12 AND second_part <= 12), 0),
                   coalesce(sum(n) FILTER (second_part > 12 AND first_part <= 12), 0),
                   coalesce(sum(n) FILTER (first_part <= 12 AND second_part <= 12 AND first_part <> second_part), 0),
                   coalesce(sum(n), 0), min(text), bool_and(regexp_matches(text, '^[0-9]+[.][0-9]+[.]'))
            FROM {quoted(tokens)} WHERE open_order"""
    )
    if not total:
        return None, []
    if hints.order is not None:
        if hints.order not in DATE_ORDERS:
            raise ConfigError(f"`date_order` is {hints.order!r}; it must be 'dmy' (day first) or 'mdy' (month first).")
        return hints.order, []
    if day_first and month_first:
        return _mixed(label, int(day_first), int(month_first), int(both))
    if day_first or month_first:
        return ("dmy" if day_first else "mdy"), []
    if not both or dotted:
        return "dmy", []
    return _by_signs(engine, tokens, distinct, label, hints, str(example))


def _by_signs(
    engine: Engine, tokens: str, distinct: str, label: str, hints: DateHints, example: str
) -> tuple[str, list[str]]:
    """The order of day and month from what stands beside the dates, where the dates themselves do not show it."""
    lead = hints.votes.get("dmy", 0) - hints.votes.get("mdy", 0)
    for order, why in (
        (hints.elsewhere, "as in the file's other dates."),
        (_season_evidence(engine, tokens, distinct), "as the summer or winter time beside the dates shows."),
        (_sequence_evidence(engine, tokens), "since the rows are in order of time that way only."),
        (
            None if not lead else "dmy" if lead > 0 else "mdy",
            f"judging by the file's language and currency: {example} could be read two ways. To say it "
            "yourself: date_order='dmy' or 'mdy'; on the command line --day-first or --month-first.",
        ),
    ):
        if order is not None:
            return order, [f"`{label}`: the {'day' if order == 'dmy' else 'month'} comes first, {why}"]
    raise AmbiguousColumnsError(
        f"`{label}` has dates such as {example}, and nothing in the file says whether the day or the month comes "
        "first. Say it: date_order='dmy' (day first) or 'mdy' (month first); on the command line --day-first or "
        "--month-first.",
        {"date_order": list(DATE_ORDERS)},
    )


def _mixed(label: str, day_first: int, month_first: int, both: int) -> tuple[str, list[str]]:
    order = "dmy" if day_first >= month_first else "mdy"
    minority = min(day_first, month_first)
    if minority > 0.05 * (day_first + month_first) and both:
        raise AmbiguousColumnsError(
            f"`{label}` mixes two orders of day and month: {day_first:,} dates can only be day first, {month_first:,} "
            f"only month first, and {both:,} could be either. Split the file where the order changes, write the dates "
            "as YYYY-MM-DD, or give date_order='dmy' or 'mdy' (on the command line --day-first or --month-first) to "
            "have the others put aside as unreadable.",
            {"date_order": list(DATE_ORDERS)},
        )
    return order, [
        f"`{label}` mixes two orders of day and month: {minority:,} rows differ from the rest and were put aside."
    ]


def _season_evidence(engine: Engine, tokens: str, distinct: str) -> str | None:
    wrong_dmy, wrong_mdy = engine.row(
        fill(
            template("keepers.data.sql", "season_evidence"),
            tokens=quoted(tokens),
            distinct=quoted(distinct),
            summer=", ".join(literal(word) for word in SUMMER_NORTH),
            winter=", ".join(literal(word) for word in WINTER_NORTH),
        )
    )
    if bool(wrong_dmy) == bool(wrong_mdy):
        return None
    return "mdy" if wrong_dmy else "dmy"


def _sequence_evidence(engine: Engine, tokens: str) -> str | None:
    """The order of day and month under which the rows are sorted by time, if only one of them is."""
    count, rising_dmy, falling_dmy, rising_mdy, falling_mdy = engine.row(
        fill(template("keepers.data.sql", "sequence_evidence"), tokens=quoted(tokens))
    )
    if count < 4:
        return None
    dmy = max(rising_dmy, falling_dmy) / count
    mdy = max(rising_mdy, falling_mdy) / count
    if max(dmy, mdy) < 0.95 or abs(dmy - mdy) < 0.2:
        return None
    return "dmy" if dmy > mdy else "mdy"
