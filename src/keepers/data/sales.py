"""From a staged source of sales to facts: one row an order, payment or refund, classified and valued."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.format import Format, Shape
from keepers.data.naming import clean_id, person_sql, whole_name
from keepers.data.normalise import bare_number_sql, fill, number_sql, text_sql
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.data.roles import ROLES
from keepers.data.staging import SQL_TYPES, Stage
from keepers.data.statuses import kind_of, state_of
from keepers.data.vocabulary import RoleType, read_header
from keepers.domain.columns import MONEY

SALES_ROLES = (
    "order_id", "transaction_id", "reference", "customer_id", "email", "phone", "name", "first_name", "last_name",
    "date", "refunded_at", "cancelled_at", "paid_at", "status", "type", "mode", "currency", "amount", "net_amount",
    "gross", "tax", "shipping", "discount", "refunded", "settled_amount", "settled_refunded", "settled_currency",
    "fully_refunded", "disputed", "dispute_status", "refund_items", "invoice", "tip", "adjusted_total", "quantity",
    "unit_price", "line_amount", "line_discount", "unit_cost", "order_cost", "contribution", "sku", "product",
    "category", "channel", "campaign", "country", "discount_code",
)  # fmt: skip
"""Roles that a table of orders, lines or payments can have."""

_LINE_ROLES = frozenset(
    {
        "quantity",
        "unit_price",
        "line_amount",
        "line_discount",
        "unit_cost",
        "sku",
        "product",
        "category",
        "contribution",
    }
)

_LINE_MONEY = ("unit_price", "line_amount", "line_discount", "unit_cost", "contribution")

_ALIKE = (
    "hash(order_id, kind, customer_id, email, phone, name, first_name, last_name, date_utc, revenue, charged, product)"
)
"""Equal for rows that say the same."""

_TWINS = "s.order_id, s.type, s.sku, s.product, quantity, unit_price, line_amount, date_utc"
"""What two identical lines of one order have in common."""

SHIPPING_WORDS = (
    r"\b(postage|carriage|(shipping|delivery)( cost| charge| fee)?|freight|p&p|versand(kosten|pauschale)?|porto|"
    r"frais de (port|livraison)|verzendkosten|gastos de env[ií]o|frete|spese di spedizione)\s*(\||$)|"
    r"\| (post|dot|c2|ship|shipping|versand)$"
)
FEE_WORDS = (
    r"^(bank charges?|amazon fee|paypal fee|.* fees?|adjust(ment)? bad debt|adjust(ment)?( by .*)?|cruk commission|"
    r".*\bcommission|gebühren?) \||\| (bank charges|amazonfee|amazon fee|cruk|b|adjust2?)$"
)


@dataclass(frozen=True)
class LinesAside:
    """Lines of orders that need a word: how many, what they are worth, and whether they are counted all the same."""

    lines: int = 0
    amount: Decimal = Decimal(0)
    counted: bool = True


@dataclass(frozen=True)
class SalesSource:
    """Facts and lines of one source."""

    facts: str
    lines: str | None
    unknown_states: dict[str, int]
    unknown_kinds: dict[str, int]
    twins: LinesAside
    unreadable: LinesAside


def sales_facts(
    engine: Engine, number: int, raw: RawTable, recognition: Recognition, staged: Stage, keep_twins: bool = True
) -> SalesSource:
    """Bring the rows of one staged source to facts, one table a source.

    `keep_twins` says whether identical lines of one order are several pieces or one line written twice.
    """
    declared = recognition.format
    of_events = declared.shape is Shape.EVENTS
    lines = None
    if declared.lines:
        lines, orders = _orders_of_lines(engine, staged, number, declared, keep_twins)
    else:
        orders = _orders_of_rows(engine, staged)
        lines = _wide_lines(engine, staged, number, raw, recognition)
    states, unknown_states = _words(engine, staged, "status", declared)
    kinds, unknown_kinds = _words(engine, staged, "type", declared)
    mode_test = (
        "coalesce(regexp_matches(lower(mode), '^(test|sandbox|true|yes|1)') AND NOT (lower(mode) = 'live'), false)"
    )
    if (column := recognition.column("mode")) and recognition.profiles[column].header.key in ("livemode", "live mode"):
        mode_test = "coalesce(lower(mode) IN ('false', 'no', '0', 'test'), false)"
    facts = engine.create(
        engine.new_name("facts"),
        fill(
            template("keepers.data.sql", "sales_facts"),
            orders=quoted(orders),
            states=quoted(states),
            kinds=quoted(kinds),
            amount=declared.amount,
            gross=declared.gross,
            refund=declared.refund,
            wanted="kind <> 'other'" if of_events else "true",
            # Calls that say who somebody is, or which page was seen, name no event.
            nameless_are_other=str(of_events and "type" in staged.roles).lower(),
            signed=str(declared.signed).lower(),
            payments=str(declared.payments).lower(),
            same_order=str(declared.same_order).lower(),
            refund_whole=str(declared.refund_whole).lower(),
            clean_id=clean_id("customer_id"),
            whole_name=whole_name(),
            person=person_sql(literal(declared.system)),
            alike=_ALIKE,
            source_no=str(number),
            source=literal(f"{declared.name}: {raw.source}"),
            system=literal(declared.system),
            row_id=f"{literal(f'{raw.source} row ')} || _row",
            currency=declared.currency,
            file_currency=literal(staged.currency) if staged.currency else "NULL::VARCHAR",
            test_mode=mode_test if "mode" in staged.roles else "false",
            unpaid="(paid_at IS NULL)" if "paid_at" in staged.roles else "false",
        ),
    )
    engine.drop(states)
    engine.drop(kinds)
    if declared.lines:
        engine.drop(orders)
    twins = bad = LinesAside()
    if declared.lines:
        found = engine.row(_sql("twin_lines", stage=quoted(staged.table), twins=_TWINS))
        twins, bad = LinesAside(int(found[0]), found[1], keep_twins), LinesAside(int(found[2]), found[3], False)
    return SalesSource(facts, lines, unknown_states, unknown_kinds, twins, bad)


def _orders_of_lines(engine: Engine, staged: Stage, number: int, declared: Format, keep_twins: bool) -> tuple[str, str]:
    words = {"shipping_words": SHIPPING_WORDS.replace("'", "''"), "fee_words": FEE_WORDS.replace("'", "''")}
    classes = engine.create(engine.new_name("line_classes"), _sql("line_classes", stage=quoted(staged.table), **words))
    lines = engine.new_name("lines")
    query = _sql(
        "order_lines",
        stage=quoted(staged.table),
        classes=quoted(classes),
        source_no=str(number),
        only_once="" if keep_twins else f"QUALIFY row_number() OVER (PARTITION BY {_TWINS} ORDER BY s._row) = 1",
    )
    engine.execute(f"CREATE VIEW {quoted(lines)} AS {query}")
    firsts = []
    for role in SALES_ROLES:
        if role not in _LINE_ROLES and role not in ("order_id", "type"):
            firsts += _of_the_order(role, staged, declared)
    firsts += [f"NULL::{MONEY} AS {role}" for role in _LINE_MONEY]
    query = _sql("lines_to_orders", lines=quoted(lines), first_values=", ".join(firsts), group_by="order_id, type")
    return lines, engine.create(engine.new_name("orders_of_lines"), query)


def _of_the_order(role: str, staged: Stage, declared: Format) -> list[str]:
    """A value of the order from its lines: what the first one with it says; a sum where the lines share it out."""
    kind = ROLES[role].type
    moment = kind is RoleType.MOMENT
    if role not in staged.roles:
        empty = [f"NULL::{SQL_TYPES[kind]} AS {role}"]
        return [*empty, f"NULL::TIMESTAMP AS {role}_utc"] if moment else empty
    if role in declared.sums:
        return [f"sum({role}) AS {role}"]
    if moment:
        return [f"min({role}) AS {role}", f"min({role}_utc) AS {role}_utc"]
    if kind is RoleType.TEXT:
        return [f"min({role}) AS {role}"]
    return [f"arg_min({role}, _row) AS {role}"]


def _orders_of_rows(engine: Engine, staged: Stage) -> str:
    total = f"coalesce(line_amount, quantity * unit_price - coalesce(line_discount, 0))::{MONEY}"
    name = engine.new_name("orders_of_rows")
    query = _sql("rows_as_orders", stage=quoted(staged.table), total=total)
    engine.execute(f"CREATE VIEW {quoted(name)} AS {query}")
    return name


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)


def _wide_lines(engine: Engine, staged: Stage, number: int, raw: RawTable, recognition: Recognition) -> str | None:
    """Lines that stand side by side in the rows of their orders, one below the other."""
    by_key = {profile.header.key: name for name, profile in recognition.profiles.items()}
    parts = []
    for position in range(1, len(raw.columns)):
        columns = {
            role: by_key.get(read_header(header.format(n=position)).key)
            for role, header in recognition.format.wide_lines.items()
        }
        if not any(columns.values()):
            break
        cells = [f"{quoted(name)}::VARCHAR AS {role}" if name else f"NULL AS {role}" for role, name in columns.items()]
        parts.append(f"SELECT _row, {', '.join(cells)} FROM {quoted(raw.table)}")
    if not parts:
        return None
    return engine.create(
        engine.new_name("lines"),
        fill(
            template("keepers.data.sql", "wide_lines"),
            cells=" UNION ALL ".join(parts),
            stage=quoted(staged.table),
            source_no=str(number),
            product=text_sql("product"),
            sku=text_sql("sku"),
            quantity=number_sql("bare_quantity", ".", "DOUBLE"),
            amount=number_sql("bare_amount", "."),
            bare_quantity=bare_number_sql("quantity"),
            bare_amount=bare_number_sql("line_amount"),
        ),
    )


def _words(engine: Engine, staged: Stage, role: str, declared: Format) -> tuple[str, dict[str, int]]:
    """A table from each word of a role to what it says, and the words that say nothing known, with their rows."""
    found = engine.rows(f"SELECT {role}, count(*) FROM {quoted(staged.table)} WHERE {role} IS NOT NULL GROUP BY 1")
    said = "state" if role == "status" else "kind"
    name = engine.new_name(f"{role}_words")
    engine.execute(f"CREATE TABLE {quoted(name)} (word VARCHAR, {said} VARCHAR)")
    unknown = {}
    for word, rows in found:
        meaning = state_of(word, declared.statuses) if role == "status" else kind_of(word, declared.types)
        if meaning is None:
            unknown[str(word)] = int(rows)
        engine.execute(f"INSERT INTO {quoted(name)} VALUES (?, ?)", [word, meaning])
    # A column none of whose types is known says something else ("new", "returning").
    return name, {} if role == "type" and len(unknown) == len(found) else unknown
