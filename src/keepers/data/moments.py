"""Columns of dates as expressions of the engine: the business's calendar day and the moment in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from keepers.data.dates import DateHints, read_dates
from keepers.data.engine import Engine, literal, quoted
from keepers.data.normalise import text_sql
from keepers.data.options import ReadOptions
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.data.zones import ABBREVIATIONS, zone_name

_DAY_FIRST_CURRENCIES = frozenset(
    ("EUR", "GBP", "BRL", "CHF", "DKK", "NOK", "SEK", "PLN", "AUD", "NZD", "INR", "ZAR", "ARS", "MXN", "CLP", "COP")
)
_ISO = (
    "[12][0-9]{3}-[01][0-9]-[0-3][0-9]([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
    " ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ZONED = "(Z|UTC|[+-][0-9]{2}:?[0-9]{2})$"
_MOST_ZONES = 500


@dataclass(frozen=True)
class _Moment:
    """A wall clock and its minutes east of UTC, as expressions; no offset where the text never has one."""

    local: str
    offset: str | None = None


class Moments:
    """Reads a raw table's columns of dates, and keeps what its stage needs for that.

    Attributes
    ----------
    joins : list of str
        Joins of dictionaries that the stage's query needs.
    temporary : list of str
        Tables that may go once the stage is made.
    notes : list of str
        What was noticed.
    problem : str or None
        Expression of why the order's own date cannot be read.
    """

    def __init__(
        self,
        engine: Engine,
        raw: RawTable,
        recognition: Recognition,
        options: ReadOptions,
        votes: Mapping[str, int],
        currency: str | None,
    ) -> None:
        self.engine = engine
        self.raw = raw
        self.recognition = recognition
        self.options = options
        self.votes = votes
        self.currency = currency
        self.joins: list[str] = []
        self.temporary: list[str] = []
        self.notes: list[str] = []
        self.problem: str | None = None

    def columns(self, role: str, name: str) -> list[str]:
        """The select entries of a role: its calendar day under the role's name, its moment as ``<role>_utc``."""
        moment = self._typed(name) or self._iso(role, name) or self._dictionary(role, name)
        local = moment.local
        clock = self.recognition.column("time") if role == "date" else None
        if clock and clock != name:
            local = f"({local} + coalesce({_clock_sql('r.' + quoted(clock))}, INTERVAL 0 SECOND))"
        profiles = self.recognition.profiles
        utc_said = profiles[name].header.zone or (clock and profiles[clock].header.zone)
        minutes, named = self._row_zone
        offsets = [offset for offset in (moment.offset, "0" if utc_said else None, minutes) if offset]
        return self._day_and_utc(role, local, f"coalesce({', '.join(offsets)})" if offsets else None, named)

    def _day_and_utc(self, role: str, local: str, offset: str | None, named: str | None) -> list[str]:
        business = self.options.time_zone
        assumed = f"timezone('UTC', timezone({literal(business)}, {local}))" if business else local
        whens, zoned = [], []
        if offset:
            whens.append(f"WHEN {offset} IS NOT NULL THEN {local} - to_minutes({offset})")
            zoned.append(f"{offset} IS NOT NULL")
        if named:
            whens.append(f"WHEN {named} IS NOT NULL THEN timezone('UTC', timezone({named}, {local}))")
            zoned.append(f"{named} IS NOT NULL")
        utc = f"CASE {' '.join(whens)} ELSE {assumed} END" if whens else assumed
        day = f"{local}::DATE"
        if business and zoned:
            there = f"timezone({literal(business)}, timezone('UTC', {utc}))::DATE"
            day = f"CASE WHEN {' OR '.join(zoned)} THEN {there} ELSE {day} END"
        return [f"{day} AS {role}", f"{utc} AS {role}_utc"]

    def _typed(self, name: str) -> _Moment | None:
        column, type_ = f"r.{quoted(name)}", self.recognition.profiles[name].type
        if type_.startswith("TIMESTAMP WITH TIME ZONE"):
            return _Moment(f"timezone('UTC', {column})", "0")
        if type_.startswith(("DATE", "TIMESTAMP")):
            return _Moment(f"{column}::TIMESTAMP")
        return None

    def _iso(self, role: str, name: str) -> _Moment | None:
        """The short way for a column that is written as ISO 8601 throughout."""
        column = quoted(name)
        if self.recognition.profiles[name].type != "VARCHAR":
            return None
        odd, offsets = self.engine.row(
            f"""SELECT count(*) FILTER (trim({column}) <> '' AND NOT regexp_full_match(trim({column}), '{_ISO}')),
                       count(*) FILTER (length({column}) > 16 AND regexp_matches({column}, '{_ZONED}'))
                FROM {quoted(self.raw.table)}"""
        )
        if odd:
            return None
        text = f"trim(r.{column})"
        stamp = f"TRY_CAST(regexp_extract({text}, '^[0-9-]+([ T][0-9:.]+)?') AS TIMESTAMP)"
        if role == "date":
            self._note_problem(name, f"{text} <> '' AND {stamp} IS NULL", text, "'its date cannot be read'")
        if not offsets:
            return _Moment(stamp)
        sign = f"regexp_extract({text}, ':[0-9.]+ ?([+-])[0-9]{{2}}:?[0-9]{{2}}$', 1)"
        hours = f"regexp_extract({text}, '[+-]([0-9]{{2}}):?[0-9]{{2}}$', 1)"
        minutes = f"TRY_CAST({hours} AS INT) * 60 + TRY_CAST(right({text}, 2) AS INT)"
        offset = f"CASE {sign} WHEN '+' THEN {minutes} WHEN '-' THEN -({minutes}) "
        offset += f"ELSE CASE WHEN ends_with({text}, 'Z') OR ends_with({text}, 'UTC') THEN 0 END END"
        return _Moment(stamp, f"({offset})")

    def _dictionary(self, role: str, name: str) -> _Moment:
        """The way for everything else: each distinct text is read once and joined back."""
        zone = self.recognition.column("time_zone")
        dates = read_dates(
            self.engine,
            quoted(self.raw.table),
            quoted(name),
            name,
            DateHints(self.options.date_order, self._order_elsewhere(name), self._votes()),
            quoted(zone) if zone else None,
        )
        alias = f"d_{role}"
        self.joins.append(f"LEFT JOIN {quoted(dates.table)} {alias} ON r.{quoted(name)}::VARCHAR = {alias}.text")
        self.temporary.append(dates.table)
        self.notes += [note for note in dates.notes if note not in self.notes]
        if role == "date":
            self._note_problem(name, f"{alias}.problem IS NOT NULL", f"{alias}.text", f"{alias}.problem")
        return _Moment(f"{alias}.local", f"{alias}.offset_minutes" if dates.zoned else None)

    def _note_problem(self, name: str, condition: str, text: str, reason: str) -> None:
        label = literal(f"`{name}` is ")
        self.problem = f"CASE WHEN {condition} THEN {label} || left({text}, 40) || ': ' || {reason} END"

    @cached_property
    def _row_zone(self) -> tuple[str | None, str | None]:
        """Expressions of the row's own offset in minutes and of its named zone."""
        name = self.recognition.column("time_zone")
        if name is None:
            return None, None
        text = text_sql(quoted(name))
        found = self.engine.rows(
            f"SELECT DISTINCT {text} FROM {quoted(self.raw.table)} WHERE {text} IS NOT NULL LIMIT {_MOST_ZONES}"
        )
        words = [str(row[0]) for row in found]
        minutes = {word: str(ABBREVIATIONS[word.upper()]) for word in words if word.upper() in ABBREVIATIONS}
        named = {word: literal(zone) for word in words if (zone := zone_name(word))}
        unknown = [word for word in words if word not in minutes and word not in named]
        if unknown:
            shown = ", ".join(unknown[:3])
            self.notes.append(f"`{name}` has time zones that are not known ({shown}); their times were taken as local.")
        text = text_sql(f"r.{quoted(name)}")
        return _case(text, minutes), _case(text, named)

    def _votes(self) -> dict[str, int]:
        """What the file's currencies say of the order of day and month, beside its language."""
        votes = dict(self.votes)
        codes = {self.currency or ""}
        column = self.recognition.column("currency")
        if column:
            text = f"upper(trim({quoted(column)}::VARCHAR))"
            codes |= {
                str(row[0])
                for row in self.engine.rows(f"SELECT DISTINCT {text} FROM {quoted(self.raw.table)} LIMIT 50")
            }
        if codes & _DAY_FIRST_CURRENCIES:
            votes["dmy"] = votes.get("dmy", 0) + 1
        elif "USD" in codes:
            votes["mdy"] = votes.get("mdy", 0) + 1
        return votes

    def _order_elsewhere(self, name: str) -> str | None:
        """The order of day and month that the file's other columns of dates show."""
        others = [
            quoted(other)
            for other, profile in self.recognition.profiles.items()
            if other != name and profile.type == "VARCHAR" and profile.date >= 0.9
        ]
        if not others:
            return None
        late = "(1[3-9]|2[0-9]|3[01])"
        counts = [
            " + ".join(f"count(*) FILTER (regexp_matches({other}, '{pattern}'))" for other in others)
            for pattern in (f"^{late}[-/.][0-9]{{1,2}}[-/.]", f"^[0-9]{{1,2}}[-/.]{late}[-/.]")
        ]
        day, month = self.engine.row(f"SELECT {', '.join(counts)} FROM {quoted(self.raw.table)}")
        if bool(day) == bool(month):
            return None
        return "dmy" if day else "mdy"


def _case(text: str, values: Mapping[str, str]) -> str | None:
    if not values:
        return None
    whens = " ".join(f"WHEN {literal(word)} THEN {value}" for word, value in values.items())
    return f"CASE {text} {whens} END"


def _clock_sql(column: str) -> str:
    """A time of day as an interval."""
    formats = "['%H:%M:%S', '%H:%M', '%I:%M:%S %p', '%I:%M %p', '%H:%M:%S.%f', '%Hh%M', '%H.%M']"
    clock = f"try_strptime(upper(trim({column}::VARCHAR)), {formats})"
    return f"to_microseconds(date_diff('microsecond', {clock}::DATE::TIMESTAMP, {clock}))"
