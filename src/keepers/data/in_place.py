"""Orders in tables of a warehouse, used where they stand: columns recognised on a sample, rows never copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keepers.data.backends.backend import SourceTable
from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.in_place_account import InPlaceAccount
from keepers.data.naming import PLACEHOLDER_IDS
from keepers.data.normalise import EMPTY_WORDS, fill, in_main_unit_sql
from keepers.data.options import ReadOptions
from keepers.data.orders import Orders
from keepers.data.profile import SAMPLE_ROWS
from keepers.data.raw_table import RawTable
from keepers.data.recognise import recognise
from keepers.data.recognition import Recognition
from keepers.data.source import Source
from keepers.data.statuses import state_of
from keepers.data.vocabulary import read_header
from keepers.domain.columns import MONEY
from keepers.domain.errors import ConfigError, InputError

_SIMPLE = {"VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "DECIMAL", "DOUBLE", "BIGINT", "BOOLEAN", "UUID"}
_NUMBERS = {"DECIMAL", "DOUBLE", "BIGINT"}
_MONEY_ROLES = ("line_amount", "net_amount", "amount", "gross")
_ATTRIBUTES = ("channel", "campaign", "product", "category", "country", "discount_code")
_MOST_STATUSES = 200


@dataclass(frozen=True)
class InPlace:
    """Orders of a table in place, what it was taken for, and the account of it."""

    orders: Orders
    source: Source
    account: InPlaceAccount


def orders_in_place(engine: Engine, name: str | Sequence[str], options: ReadOptions) -> InPlace:
    """See a table of the engine, or several that hold parts of the orders, as orders.

    Parameters
    ----------
    engine : Engine
        A warehouse, or the embedded engine.
    name : str or sequence of str
        The table, with its schema where it needs one; or several, such as one a year. Rows of all of them count, and
        of their columns those that all have, of one type.
    options : ReadOptions
        Columns named by hand, time zone, currency; what is about files is refused.

    Raises
    ------
    InputError
        The table is not there or may not be read, or has no column for the customer or the day.
    AmbiguousColumnsError
        Two columns could both play a role.
    ConfigError
        An option is of files only.
    """
    _refuse(options)
    parts = [engine.backend.source(one) for one in ([name] if isinstance(name, str) else name)]
    source, apart = _together(parts)
    names = {f"c{place}": column for place, column in enumerate(source.columns)}
    view = _written(engine, parts, names)
    raw, recognition = _recognised(engine, view, source, names, options)
    columns = {column: key for key, column in names.items()}
    made = _Columns(engine, view, source, recognition, {c: f"written.{k}" for c, k in columns.items()}, options)
    if apart:
        made.notes.append(f"Columns that not all tables have, of one type, were left out: {', '.join(apart)}.")
    rows = engine.create_view(
        engine.new_name("placed"),
        _sql(
            "in_place_rows",
            priced="TRUE" if made.amount else "FALSE",
            today=f"DATE {literal(options.received_at.date().isoformat())}",
            columns=", ".join(f"{sql} AS {key}" for key, sql in made.all().items()),
            source=quoted(view),
        ),
    )
    account = InPlaceAccount(engine, rows, raw, recognition, made.notes, numbered=made.has("order_id"))
    orders = engine.create_view(
        engine.new_name("orders"), _sql("in_place_lines" if account.lines else "in_place_orders", rows=quoted(rows))
    )
    account.orders = orders
    found = Orders(
        engine,
        orders,
        currency=options.currency or account.currency,
        has_money=made.amount is not None,
        has_contribution=made.has("contribution"),
        voids=False,
        totals=account.totals,
    )
    return InPlace(found, Source(raw, recognition, list(made.notes)), account)


def _together(parts: Sequence[SourceTable]) -> tuple[SourceTable, list[str]]:
    """What several tables are as one: the columns of all of them that can be used; and which columns are not."""
    named = ", ".join(part.name for part in parts)
    seen = {column: of for part in reversed(parts) for column, of in part.columns.items()}
    everywhere = {column: of for column, of in seen.items() if all(part.columns.get(column) == of for part in parts)}
    usable = {column: of for column, of in everywhere.items() if of in _SIMPLE}
    if not usable:
        what = f"The table {named} has" if len(parts) == 1 else f"The tables {named} have together"
        raise InputError(f"{what} no column of text, numbers or days. Name another table.")
    return SourceTable(named, parts[0].relation, usable), [column for column in seen if column not in everywhere]


def _written(engine: Engine, parts: Sequence[SourceTable], names: Mapping[str, str]) -> str:
    """A view of the rows of all tables, under names of ours."""
    views = []
    for part in parts:
        views.append(engine.new_name("written"))
        engine.backend.view_source(views[-1], part, names)
    if len(views) == 1:
        return views[0]
    listed = ", ".join(names)
    union = " UNION ALL ".join(f"SELECT {listed} FROM {quoted(view)}" for view in views)
    return engine.create_view(engine.new_name("written"), union)


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


def _refuse(options: ReadOptions) -> None:
    of_files = {
        "--format": options.format, "--delimiter": options.delimiter, "--encoding": options.encoding,
        "--day-first": options.date_order, "--rate": options.rates, "--won-stage": options.won_stages,
        "--drop-duplicate-lines": options.duplicate_lines == "drop",
    }  # fmt: skip
    given = [name for name, value in of_files.items() if value]
    if given:
        raise ConfigError(
            f"{', '.join(given)} is for files. A table in place has its own types; where it needs more, make a view of "
            "it in the warehouse (with amounts in one currency, say) and name that."
        )


def _recognised(
    engine: Engine, view: str, source: SourceTable, names: Mapping[str, str], options: ReadOptions
) -> tuple[RawTable, Recognition]:
    """What the table is, told from its first rows by the same rules as for files."""
    sample = engine.columns(f"SELECT * FROM {quoted(view)} LIMIT {SAMPLE_ROWS}")
    written = {column: sample[key] for key, column in names.items()}
    if not len(next(iter(written.values()))):
        raise InputError(f"The table {source.name} has no rows.")
    here = Engine(threads=1)
    try:
        held = here.from_columns("sampled", {"_row": range(1, len(next(iter(written.values()))) + 1), **written})
        raw = RawTable(
            table=held,
            columns=tuple(written),
            source=source.name,
            kind=engine.backend.label,
            first_row=1,
            typed=True,
        )
        return raw, recognise(here, raw, options.columns)
    finally:
        here.close()


class _Columns:
    """The table's columns as SQL of ours."""

    def __init__(
        self,
        engine: Engine,
        view: str,
        source: SourceTable,
        recognition: Recognition,
        places: Mapping[str, str],
        options: ReadOptions,
    ) -> None:
        self._engine, self._view, self._source, self._options = engine, view, source, options
        self._recognition, self._places = recognition, places
        self.notes: list[str] = []
        self.amount = next((column for role in _MONEY_ROLES if (column := recognition.column(role))), None)

    def has(self, role: str) -> bool:
        """Whether a column plays a role."""
        return self._recognition.column(role) is not None

    def all(self) -> dict[str, str]:
        """Every column of ours."""
        day, moment = self._times()
        return {
            "customer_key": self._customer(),
            "day": day,
            "occurred_at": moment,
            "order_id": self._text("order_id"),
            "state": self._state(),
            "currency": f"upper({self._text('currency')})" if self.has("currency") else self._nothing("VARCHAR"),
            "amount": self._money(self.amount),
            "contribution": self._money(self._recognition.column("contribution")),
            **{name: self._text(name) for name in _ATTRIBUTES},
        }

    def _of(self, role: str) -> tuple[str, str, str] | None:
        """The column of a role: its name, its SQL, its type."""
        column = self._recognition.column(role)
        return None if column is None else (column, self._places[column], self._source.columns[column])

    @staticmethod
    def _nothing(of: str) -> str:
        return f"CAST(NULL AS {of})"

    def _text(self, role: str) -> str:
        found = self._of(role)
        return self._nothing("VARCHAR") if found is None else f"nullif(trim(CAST({found[1]} AS VARCHAR)), '')"

    def _customer(self) -> str:
        found = self._of("customer_id") or self._of("email")
        if found is None:
            raise InputError(
                f"No column of {self._source.name} names the customer. Name it: --customer COLUMN. It has: "
                f"{', '.join(self._source.columns)}."
            )
        column, sql, of = found
        if of in _NUMBERS:
            return f"CAST(nullif(CAST({sql} AS BIGINT), -1) AS VARCHAR)"
        if of != "VARCHAR":
            return f"CAST({sql} AS VARCHAR)"
        words = ", ".join(literal(word) for word in (*EMPTY_WORDS, *PLACEHOLDER_IDS))
        plain = f"trim({sql})"
        known = plain if self._of("customer_id") is not None else f"lower({plain})"
        del column
        return f"CASE WHEN lower({plain}) IN ({words}) THEN NULL ELSE {known} END"

    def _times(self) -> tuple[str, str]:
        """The day of an order in the business's zone, and its moment in UTC."""
        found = self._of("date")
        zone = self._options.time_zone
        if found is None:
            raise InputError(
                f"No column of {self._source.name} holds the day of the order. Name it: --date COLUMN. It has: "
                f"{', '.join(self._source.columns)}."
            )
        column, sql, of = found
        if of == "DATE":
            return sql, f"CAST({sql} AS TIMESTAMP)"
        if of not in ("TIMESTAMP", "TIMESTAMPTZ"):
            raise InputError(
                f"`{column}` of {self._source.name} is {of}, not a date or a timestamp. Make a view of the table with "
                "it cast to one, and name that view."
            )
        if of == "TIMESTAMPTZ":
            day = f"CAST({sql} AT TIME ZONE {literal(zone or 'UTC')} AS DATE)"
            if zone is None:
                self.notes.append(f"Days are those of UTC, as `{column}` is a moment. Say --time-zone for your own.")
            return day, f"CAST({sql} AT TIME ZONE 'UTC' AS TIMESTAMP)"
        local = sql if zone is None else f"({sql} AT TIME ZONE 'UTC') AT TIME ZONE {literal(zone)}"
        return f"CAST({local} AS DATE)", sql

    def _money(self, column: str | None) -> str:
        if column is None:
            return self._nothing(MONEY)
        of = self._source.columns[column]
        if of not in _NUMBERS:
            raise InputError(
                f"`{column}` of {self._source.name} is {of}, not a number. Make a view of the table with it cast to "
                "numeric, and name that view."
            )
        amount = f"CAST({self._places[column]} AS {MONEY})"
        return in_main_unit_sql(amount) if read_header(column).minor else amount

    def _state(self) -> str:
        """What an order's status says, from the words there are; one row a word comes out of the engine."""
        if not self.has("status"):
            return "'paid'"
        text = self._text("status")
        words = self._engine.rows(
            f"SELECT {text} AS status, count(*) AS rows_of FROM {quoted(self._view)} AS written GROUP BY 1 "
            f"ORDER BY 2 DESC, 1 LIMIT {_MOST_STATUSES}"
        )
        cases, unknown = [], []
        for word, _ in words:
            state = None if word is None else state_of(str(word), {})
            if word is not None and state is None:
                unknown.append(str(word))
            if state not in (None, "paid"):
                cases.append(f"WHEN {literal(str(word))} THEN {literal('void' if state == 'refunded' else str(state))}")
        if unknown:
            self.notes.append(
                f"What the status {', '.join(unknown[:5])} means is not known; such orders count as paid."
            )
        return f"CASE {text} {' '.join(cases)} ELSE 'paid' END" if cases else "'paid'"
