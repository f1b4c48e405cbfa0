"""A raw table under its roles: every value typed, with the reason where one could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from keepers.data.engine import Engine, literal, quoted
from keepers.data.format import Shape
from keepers.data.moments import Moments
from keepers.data.normalise import (
    bare_number_sql,
    decimal_evidence,
    email_sql,
    flag_sql,
    in_main_unit_sql,
    number_sql,
    phone_sql,
    text_sql,
)
from keepers.data.options import ReadOptions
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.data.roles import ROLES
from keepers.data.vocabulary import RoleType, symbol_currency
from keepers.domain.columns import MONEY

SQL_TYPES = {
    RoleType.TEXT: "VARCHAR",
    RoleType.MONEY: MONEY,
    RoleType.NUMBER: "DOUBLE",
    RoleType.MOMENT: "DATE",
    RoleType.FLAG: "BOOLEAN",
}


_AMOUNTS = ("net_amount", "amount", "gross", "line_amount", "unit_price", "spend")


@dataclass(frozen=True)
class Stage:
    """A table of the engine with ``_row``, a typed column for every role asked for, and ``problem``.

    A moment role has two columns: its name is the calendar day, ``<role>_utc`` the moment. `doubts` are what a person
    should look at before they trust the amounts.
    """

    table: str
    roles: frozenset[str]
    notes: tuple[str, ...]
    currency: str | None
    doubts: tuple[str, ...] = ()


def stage(
    engine: Engine, raw: RawTable, recognition: Recognition, wanted: tuple[str, ...], options: ReadOptions
) -> Stage:
    """Type the columns of a raw table that play the wanted roles; roles without a column are empty."""
    builder = _Builder(engine, raw, recognition, options)
    select = ["r._row"]
    for role in wanted:
        select += builder.columns(role)
    skipped = f"WHERE r._row NOT IN ({', '.join(map(str, raw.totals))})" if raw.totals else ""
    bare = ", ".join(["*", *builder.bare])
    if builder.moments.problem:
        builder.helpers["date_problem"] = f"{builder.moments.problem} AS date_problem"
        builder.problems.append("date_problem")
    helpers = f" EXCLUDE ({', '.join(builder.helpers)})" if builder.helpers else ""
    name = engine.new_name("stage")
    engine.create(
        name,
        f"""SELECT *{helpers}, {builder.problem()} AS problem FROM (
                SELECT {", ".join(select + list(builder.helpers.values()))}
                FROM (SELECT {bare} FROM {quoted(raw.table)}) r {" ".join(builder.moments.joins)} {skipped})""",
    )
    for table in builder.moments.temporary:
        engine.drop(table)
    present = frozenset(role for role in wanted if recognition.column(role) or role in recognition.format.constants)
    notes = (*builder.notes, *builder.moments.notes)
    return Stage(name, present, notes, builder.header_currency(), tuple(builder.doubts))


class _Builder:
    """Collects the select list, the joins and the problems of one stage."""

    def __init__(self, engine: Engine, raw: RawTable, recognition: Recognition, options: ReadOptions) -> None:
        self.engine = engine
        self.raw = raw
        self.recognition = recognition
        self.options = options
        self.notes: list[str] = []
        self.doubts: list[str] = []
        self.problems: list[str] = []
        self.bare: list[str] = []
        self.helpers: dict[str, str] = {}
        numbers = {
            found.column: None
            for role, found in recognition.roles.items()
            if ROLES[role].type in (RoleType.MONEY, RoleType.NUMBER) and not self._numeric(found.column)
        }
        names = [quoted(name) for name in numbers]
        self._evidence = decimal_evidence(engine, quoted(raw.table), names, MONEY)
        comma, point = (sum(getattr(e, mark) for e in self._evidence.values()) for mark in ("comma", "point"))
        continental = writes_day_first(recognition)
        self._decimal = "," if comma > point or (comma == point and continental) else "."
        votes = {"dmy": 2 * continental + 2 * (self._decimal == ",")}
        self.moments = Moments(engine, raw, recognition, options, votes, self.header_currency())

    def columns(self, role: str) -> list[str]:
        """The select entries of one role."""
        kind = ROLES[role].type
        name = self.recognition.column(role)
        constant = self.recognition.format.constants.get(role)
        if name is None and role == "currency" and len(set(self._on_amounts.values())) > 1:
            signs = {sign: literal(currency) for sign, currency in self._on_amounts.items()}
            return [f"{_case(_sign_sql(f'r.{self._written_amount()}'), signs)} AS currency"]
        if name is None:
            if kind is RoleType.MOMENT:
                return [f"NULL::DATE AS {role}", f"NULL::TIMESTAMP AS {role}_utc"]
            return [f"{constant or 'NULL'}::{SQL_TYPES[kind]} AS {role}"]
        if kind is RoleType.MOMENT:
            return self.moments.columns(role, name)
        found = self._value(role, name, kind)
        others = [self._value(role, one, kind) for one in self._others(role, name)] if kind is RoleType.TEXT else []
        return [f"coalesce({', '.join([found, *others])}) AS {role}" if others else f"{found} AS {role}"]

    def _others(self, role: str, chosen: str) -> list[str]:
        """Further columns of a role in events, of which each kind has columns of its own."""
        declared = self.recognition.format
        if declared.shape is not Shape.EVENTS:
            return []
        named = {profile.header.key: name for name, profile in reversed(list(self.recognition.profiles.items()))}
        return [named[key] for key in declared.headers.get(role, ()) if named.get(key, chosen) != chosen]

    def _value(self, role: str, name: str, kind: RoleType) -> str:
        """The typed value of a role that is no moment."""
        column = f"r.{quoted(name)}"
        if kind in (RoleType.MONEY, RoleType.NUMBER):
            number = self._number(role, name, SQL_TYPES[kind])
            hundredths = kind is RoleType.MONEY and self.recognition.profiles[name].header.minor
            return in_main_unit_sql(number) if hundredths else number
        if kind is RoleType.FLAG:
            return flag_sql(column)
        special = {"email": email_sql, "phone": phone_sql}.get(role)
        if special:
            return special(column)
        text = text_sql(column)
        if role == "currency":
            return f"upper({text})"
        blank = self.recognition.format.blank.get(role)
        if blank:
            words = ", ".join(literal(word.strip()) for word in blank.split(","))
            return f"CASE WHEN {text} NOT IN ({words}) THEN {text} END"
        return text

    def problem(self) -> str:
        """Why a row cannot be read, as one expression; empty where it can."""
        if not self.problems:
            return "NULL::VARCHAR"
        return f"nullif(concat_ws('; ', {', '.join(self.problems)}), '')"

    def header_currency(self) -> str | None:
        """The currency that stands in a header, or on the amounts themselves if they have one only."""
        for role in _AMOUNTS:
            name = self.recognition.column(role)
            if name and self.recognition.profiles[name].header.currency:
                return self.recognition.profiles[name].header.currency
        return next(iter(self._on_amounts.values())) if len(set(self._on_amounts.values())) == 1 else None

    @cached_property
    def _on_amounts(self) -> dict[str, str]:
        """Signs that stand on the amounts (``$``, ``EUR``), with the currency each means."""
        column = self._written_amount()
        if column is None or self.recognition.column("currency"):
            return {}
        found = self.engine.rows(
            f"SELECT {_sign_sql(column)} AS sign FROM {quoted(self.raw.table)} GROUP BY 1 HAVING sign <> '' LIMIT 50"
        )
        meant = {str(row[0]): symbol_currency(str(row[0])) for row in found}
        signs = {sign: currency for sign, currency in meant.items() if currency}
        if set(signs) == {"$"} and self.options.currency:
            return {"$": self.options.currency}
        if "$" in signs:
            self.notes.append("Amounts with $ were taken as US dollars; give `currency` where they are others.")
        return signs

    def _written_amount(self) -> str | None:
        """The first column of money whose cells are not plain numbers."""
        for role in _AMOUNTS:
            name = self.recognition.column(role)
            if name and not self._numeric(name) and not self._evidence[quoted(name)].plain:
                return quoted(name)
        return None

    def _typed(self, name: str, *types: str) -> bool:
        return self.recognition.profiles[name].type.startswith(types)

    def _numeric(self, name: str) -> bool:
        return self._typed(name, "DOUBLE", "FLOAT", "DECIMAL") or "INT" in self.recognition.profiles[name].type

    def _number(self, role: str, name: str, type_: str) -> str:
        column = f"r.{quoted(name)}"
        if self._numeric(name):
            finite = f"isfinite({column})" if self._typed(name, "DOUBLE", "FLOAT") else "true"
            return f"CASE WHEN {finite} THEN TRY_CAST({column} AS {type_}) END"
        evidence = self._evidence[quoted(name)]
        if evidence.plain:
            return f"TRY_CAST({column} AS {type_})"
        bare = f"bare_{role}"
        self.bare.append(f"{bare_number_sql(quoted(name))} AS {bare}")
        if role != "quantity" or "unit_price" in self.recognition.roles:
            written = f"written_{role}"
            self.helpers[written] = f"{text_sql(column)} AS {written}"
            label = literal(f"`{name}` is ")
            self.problems.append(
                f"CASE WHEN {written} IS NOT NULL AND {role} IS NULL "
                f"THEN {label} || left({written}, 40) || ', which is no number' END"
            )
        decimal = evidence.decide(self._decimal)
        if evidence.either and decimal in evidence.either and role in _AMOUNTS:
            self.doubts.append(
                f"`{name}` of {self.raw.source} has amounts such as {evidence.either}, which may have decimals or "
                "thousands in them, and no amount shows which. They were read as decimals. If that is wrong, export "
                "amounts without a mark of thousands."
            )
        return number_sql(f"r.{bare}", decimal, type_)


def writes_day_first(recognition: Recognition) -> bool:
    """Whether the headers are in a language that writes the day first and a decimal comma."""
    return bool(_FOREIGN & {word for found in recognition.profiles.values() for word in found.header.key.split()})


_FOREIGN = frozenset(
    [
        "datum",
        "bestelldatum",
        "rechnungsdatum",
        "kunde",
        "kundennummer",
        "betrag",
        "umsatz",
        "verkauft",
        "zahlungsdatum",
        "bestellnummer",
        "commande",
        "montant",
        "client",
        "achat",
        "facture",
        "besteldatum",
        "klant",
        "klantnummer",
        "bedrag",
        "omzet",
        "bestelling",
        "fecha",
        "pedido",
        "cliente",
        "importe",
        "compra",
        "factura",
        "valor",
        "venda",
        "fatura",
        "data",
        "ordine",
        "importo",
        "vendita",
    ]
)


def _sign_sql(column: str) -> str:
    """The currency's sign or code that stands on an amount."""
    entities = {"&#36;": "$", "&dollar;": "$", "&#8364;": "€", "&euro;": "€", "&#163;": "£", "&pound;": "£"}
    for entity, sign in entities.items():
        column = f"replace({column}, {literal(entity)}, {literal(sign)})"
    return f"upper(regexp_extract({column}, '(R\\$|[A-Za-z]{{3}}|\\p{{Sc}}|zł|kr)', 1))"


def _case(text: str, values: Mapping[str, str]) -> str:
    whens = " ".join(f"WHEN {literal(word)} THEN {value}" for word, value in values.items())
    return f"CASE {text} {whens} END"
