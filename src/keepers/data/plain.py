"""The short way for clean tables of orders: one row a purchase, one customer column, nothing to join or to repair."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keepers.data.by_customer import ByCustomer
from keepers.data.by_number import Bounds, Ids, customers_by_number
from keepers.data.canonical import Sales, free_name
from keepers.data.distinct import filled_and_distinct
from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.identity import Identity
from keepers.data.naming import PLACEHOLDER_IDS
from keepers.data.normalise import EMPTY_WORDS, fill, in_main_unit_sql
from keepers.data.options import ReadOptions
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.domain.columns import MONEY, ORDERS, REFUNDS
from keepers.domain.money import UNSPECIFIED_CURRENCY

if TYPE_CHECKING:
    from keepers.data.moments import Moments

_MONEY_ROLES = ("net_amount", "amount", "gross")
_ATTRIBUTES = ("product", "category", "channel", "campaign", "country", "discount_code")
_ALLOWED = frozenset({"customer_id", "date", "order_id", "currency", "quantity", *_MONEY_ROLES, *_ATTRIBUTES})


def read_plain(
    engine: Engine, raw: RawTable, recognition: Recognition, options: ReadOptions, straight_only: bool = False
) -> Sales | None:
    """Bring a clean table to the canonical orders in one pass; None where it needs the long way.

    Clean means: one column names the customer, there is at most one amount and none below zero, every row has a date
    and an amount, order numbers do not repeat. With `straight_only` ids, days and amounts must be good as they are.
    """
    if not _simple(recognition, options) or raw.totals:
        return None
    straight = _straight(engine, raw, recognition, options)
    if straight is not None or straight_only:
        return straight
    narrow, notes = _narrow(engine, raw, recognition, options)
    has_money = any(recognition.column(role) for role in _MONEY_ROLES)
    ids = Ids.in_text(engine, quoted(narrow))
    bounds = Bounds.of(engine, quoted(narrow), ids, has_money)
    clean = bounds.clean and bounds.last_day is not None and bounds.last_day <= options.received_at.date()
    if not clean or not _numbered_once(engine, recognition, narrow, bounds.orders):
        engine.drop(narrow)
        return None
    found = None if ids is None else customers_by_number(engine, quoted(narrow), bounds, ids, has_money)
    grouped = None
    if found is not None:
        grouped = ByCustomer.of_sorted(engine, found, narrow, has_money, bounds)
    made = _canonical(engine, raw, recognition, options, narrow, all_known=grouped is not None)
    return replace(made, notes=notes, by_customer=grouped)


def _straight(engine: Engine, raw: RawTable, recognition: Recognition, options: ReadOptions) -> Sales | None:
    """Leave a typed file where it lies, without a copy, if its ids, days and amounts are good as they are; else None.

    The rows are grouped by customer once, which shows whether they are clean and is most of a summary.
    """
    if not raw.lasting or not _typed(recognition):
        return None
    key = _id(recognition, "customer_id")
    name = recognition.roles["customer_id"].column
    type_ = recognition.profiles[name].type
    as_written = quoted(name) if type_ == "VARCHAR" else key
    narrow = engine.new_name("plain")
    select = _columns(recognition, as_written, _dates(recognition))
    engine.execute(f"CREATE VIEW {quoted(narrow)} AS SELECT {', '.join(select)} FROM {quoted(raw.table)} r")
    purchases = quoted(narrow)
    if as_written == key:
        numbered = [*select, f"{_number(quoted(name), type_)} AS customer_number"]
        purchases = f"(SELECT {', '.join(numbered)} FROM {quoted(raw.table)} r)"
    ids = Ids.in_column("customer_number") if as_written == key else Ids.in_text(engine, purchases)
    has_money = any(recognition.column(role) for role in _MONEY_ROLES)
    bounds = Bounds.of(engine, purchases, ids, has_money)
    clean = bounds.clean and bounds.last_day is not None and bounds.last_day <= options.received_at.date()
    clean = clean and _numbered_once(engine, recognition, narrow, bounds.orders)
    grouped = None
    if clean and ids is not None and (found := customers_by_number(engine, purchases, bounds, ids, has_money)):
        grouped = ByCustomer.of_sorted(engine, found, narrow, has_money, bounds)
    elif clean:
        grouped = ByCustomer.of(engine, narrow, has_money)
        if not grouped.all_named("false" if as_written == key else _MENDED.format(words=_words())):
            grouped.drop()
            grouped = None
    if grouped is None:
        engine.drop(narrow)
        return None
    return replace(_canonical(engine, raw, recognition, options, narrow, all_known=True), by_customer=grouped)


def _numbered_once(engine: Engine, recognition: Recognition, narrow: str, rows: int) -> bool:
    """Whether all rows are in one currency, and each has an order number of its own, where there are such columns."""
    if recognition.column("currency"):
        (currencies,) = engine.row(f"SELECT count(DISTINCT currency) FROM {quoted(narrow)}")
        if currencies != 1:
            return False
    return (
        not recognition.column("order_id") or filled_and_distinct(engine, "order_id", quoted(narrow), rows)[1] == rows
    )


_MENDED = """
    CASE WHEN customer_key >= '0' AND customer_key < ':'
         THEN ends_with(customer_key, '.0') OR ends_with(customer_key, ' ')
         ELSE starts_with(customer_key, chr(39)) OR starts_with(customer_key, ' ') OR ends_with(customer_key, ' ')
              OR lower(customer_key) IN ({words}) END"""
"""Whether an id may be another one, or nobody's, once it is read as `_id` reads it; mistaken on the safe side."""


def _typed(recognition: Recognition) -> bool:
    """Whether ids, days and amounts have types that are theirs."""
    profiles, roles = recognition.profiles, recognition.roles
    customer, date = (profiles[roles[role].column].type for role in ("customer_id", "date"))
    amounts = [profiles[column].type for role in _MONEY_ROLES if (column := recognition.column(role))]
    return (
        (customer == "VARCHAR" or "INT" in customer)
        and (date == "DATE" or (date.startswith("TIMESTAMP") and "ZONE" not in date))
        and all(of.startswith(("DOUBLE", "FLOAT", "DECIMAL")) or "INT" in of for of in amounts)
    )


def _simple(recognition: Recognition, options: ReadOptions) -> bool:
    roles = set(recognition.roles)
    moneys = roles & set(_MONEY_ROLES)
    return (
        roles <= _ALLOWED
        and {"customer_id", "date"} <= roles
        and len(moneys) <= 1
        and ("quantity" not in roles or bool(moneys))
        and recognition.format.name == "orders"
        and not recognition.format.lines
        and not options.rates
        and not (options.currency and "currency" in roles)
        and not options.time_zone
        and not any(recognition.profiles[recognition.roles[role].column].grouped for role in moneys)
        and recognition.profiles[recognition.roles["date"].column].header.zone is None
    )


def _narrow(
    engine: Engine, raw: RawTable, recognition: Recognition, options: ReadOptions
) -> tuple[str, tuple[str, ...]]:
    """A table of the columns that are there, typed, and what was noticed of the dates."""
    from keepers.data.moments import Moments
    from keepers.data.staging import writes_day_first

    moments = Moments(engine, raw, recognition, options, {"dmy": 2 * writes_day_first(recognition)}, None)
    select = _columns(recognition, _id(recognition, "customer_id"), _dates(recognition, moments))
    joins = " ".join(moments.joins)
    name = engine.create(engine.new_name("plain"), f"SELECT {', '.join(select)} FROM {quoted(raw.table)} r {joins}")
    for table in moments.temporary:
        engine.drop(table)
    return name, tuple(moments.notes)


def _columns(recognition: Recognition, customer: str, dates: list[str]) -> list[str]:
    """The columns that are there, typed, as a list to select."""
    select = ["_row", f"{customer} AS customer_key", *dates]
    for name in filter(None, map(recognition.column, _MONEY_ROLES)):
        amount = f"TRY_CAST({quoted(name)} AS {MONEY})"
        select.append(f"{in_main_unit_sql(amount) if recognition.profiles[name].header.minor else amount} AS amount")
    if recognition.column("order_id"):
        select.append(f"{_id(recognition, 'order_id')} AS order_id")
    select += [f"nullif(trim({quoted(c)}::VARCHAR), '') AS {r}" for r in _ATTRIBUTES if (c := recognition.column(r))]
    if found := recognition.column("currency"):
        select.append(f"upper(trim({quoted(found)})) AS currency")
    return select


def _dates(recognition: Recognition, moments: Moments | None = None) -> list[str]:
    """The day of the order, and its moment where there is a time of day."""
    name = recognition.roles["date"].column
    column, profile = quoted(name), recognition.profiles[name]
    if profile.type == "DATE":
        return [f"{column} AS day"]
    if profile.type.startswith("TIMESTAMP") and "ZONE" not in profile.type:
        return [f"{column}::DATE AS day", f"{column}::TIMESTAMP AS moment"]
    if profile.type == "VARCHAR" and profile.iso == 1.0:
        # A day that is none, or has more behind, is left empty, and the table goes the long way.
        return [f"CASE WHEN length({column}) <= 10 THEN TRY_CAST({column} AS DATE) END AS day"]
    assert moments is not None
    day, moment = moments.columns("date", name)
    day = day.removesuffix(" AS date") + " AS day"
    if profile.type == "VARCHAR" and profile.length <= 10 and profile.number < 0.5:
        return [day]
    return [day, moment.removesuffix(" AS date_utc") + " AS moment"]


def _words() -> str:
    return ", ".join(literal(word) for word in (*EMPTY_WORDS, *PLACEHOLDER_IDS))


def _id(recognition: Recognition, role: str) -> str:
    """An id as text; whole numbers as they are, text without blanks, guards and words that name nobody."""
    name = recognition.roles[role].column
    column, type_ = quoted(name), recognition.profiles[name].type
    if "INT" in type_:
        return f"{_number(column, type_)}::VARCHAR"
    if type_.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        column = _number(column, type_)
    if type_ != "VARCHAR":
        return f"regexp_replace({column}::VARCHAR, '^([0-9]+)\\.0+$', '\\1')"
    plain = f"trim({column})"
    whole = (
        f"CASE WHEN ends_with({plain}, '.0') THEN regexp_replace({plain}, '^([0-9]+)\\.0+$', '\\1') ELSE {plain} END"
    )
    guarded = f"starts_with({plain}, '''') AND regexp_matches({plain}, '^''[0-9+=@-]')"
    # Most ids begin with a digit: they need no comparison with words. Of IN with so many words the engine makes a join,
    # for which it reads ids even where nobody asks for them.
    nobody = f"list_position([{_words()}], lower({plain})) > 0"
    return (
        f"CASE WHEN {plain} >= '0' AND {plain} < ':' THEN {whole} WHEN {nobody} THEN NULL "
        f"WHEN {guarded} THEN substr({plain}, 2) ELSE {plain} END"
    )


def _number(column: str, type_: str) -> str:
    """An id in a column of numbers, of which -1 stands for nobody, as it does in text."""
    return column if type_.startswith("U") else f"nullif({column}, -1)"


def _canonical(
    engine: Engine, raw: RawTable, recognition: Recognition, options: ReadOptions, narrow: str, all_known: bool = False
) -> Sales:
    present = {row[0] for row in engine.rows(f"DESCRIBE {quoted(narrow)}")}
    header = next(
        (recognition.profiles[c].header.currency for role in _MONEY_ROLES if (c := recognition.column(role))), None
    )
    amount = "amount" if "amount" in present else f"NULL::{MONEY}"
    moment = "moment" if "moment" in present else "day::TIMESTAMP"
    order = "order_id" if "order_id" in present else f"{literal(f'{raw.source} row ')} || _row"
    currency = "currency" if "currency" in present else literal(header or options.currency or UNSPECIFIED_CURRENCY)
    number = "order_id" if "order_id" in present else "NULL"
    content = f"md5(concat_ws('|', customer_key, {moment}::VARCHAR, {amount}::VARCHAR, {number}))"
    twins = f"row_number() OVER (PARTITION BY customer_key, {moment}, {amount} ORDER BY _row)"
    made = {
        "event_id": f"{content} || '-' || {twins}",
        "source": literal(f"orders: {raw.source}"),
        "source_id": number,
        "occurred_at": moment,
        "received_at": literal(options.received_at.isoformat(sep=" ")),
        "customer_key": "customer_key",
        "day": "day",
        "order_id": order,
        "status": "'paid'",
        "counted": "true",
        "currency": currency,
        "gross": amount,
        "amount": amount,
        **{role: role for role in _ATTRIBUTES if role in present},
    }
    columns = ", ".join(f"{made.get(c.name, 'NULL')}::{c.type} AS {c.name}" for c in ORDERS.columns)
    orders = free_name(engine, ORDERS.name)
    engine.execute(f"CREATE VIEW {quoted(orders)} AS SELECT {columns} FROM {quoted(narrow)}")
    shown = header or options.currency or UNSPECIFIED_CURRENCY
    if "currency" in present:
        shown = str(engine.row(f"SELECT coalesce(max(currency), '{UNSPECIFIED_CURRENCY}') FROM {quoted(narrow)}")[0])
    facts = engine.new_name("facts")
    # Where every row is known to have a customer, the account need not read the ids.
    unknown = "false" if all_known else "customer_key IS NULL"
    account = fill(
        template("keepers.data.sql", "plain_facts"),
        plain=quoted(narrow), currency=currency, amount=amount, unknown=unknown,
    )  # fmt: skip
    engine.execute(f"CREATE VIEW {facts} AS {account}")
    refunds = engine.create_empty(REFUNDS, free_name(engine, REFUNDS.name))
    return Sales(
        facts=facts, order_lines=None, orders=orders, refunds=refunds, parts=None, superseded=None,
        identity=Identity(narrow, ("id",), 0, 0), has_money="amount" in present, plain=True, currency=shown,
    )  # fmt: skip
