"""One reading: raw tables recognised, typed, joined to canonical tables, and accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keepers.data.account import account_for_sales
from keepers.data.canonical import Sales, assemble_sales, free_name
from keepers.data.deals import as_sales
from keepers.data.engine import Engine, quoted
from keepers.data.facts import gather_facts
from keepers.data.format import Shape
from keepers.data.formats import find_format
from keepers.data.identity import resolve
from keepers.data.one_table import one_table
from keepers.data.options import ReadOptions
from keepers.data.others import WITH_PEOPLE, Others, wanted_roles
from keepers.data.people import OtherSource, columns_without_role, gather_people
from keepers.data.plain import read_plain
from keepers.data.quality import check_sales
from keepers.data.quarantine import Quarantine
from keepers.data.raw_table import RawTable
from keepers.data.recognise import recognise
from keepers.data.recognition import Recognition
from keepers.data.reconciliation import FileReport, Reconciliation
from keepers.data.sales import SALES_ROLES, SalesSource, sales_facts
from keepers.data.staging import Stage, stage
from keepers.data.visitors import OF_EVENTS, Events, name_visitors
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.ports import Progress, silent

_UNUSABLE = {
    Shape.SPEND: (
        ("date IS NULL", "it has no day; download the report by day"),
        ("spend IS NULL AND date IS NOT NULL", "it has no amount"),
    ),
    Shape.SUBSCRIPTIONS: (("coalesce(created_at, started_on) IS NULL", "it has no day on which it began"),),
}
"""Rows of tables other than sales that cannot be placed."""


_OF_A_DEAL = {"closed_on": "close date", "amount": "amount"}
"""What a won deal needs to be a purchase."""


@dataclass
class Source:
    """One table of a location: what it was taken for, and which column plays which role."""

    raw: RawTable
    recognition: Recognition
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file (and sheet or table) it was read from."""
        return self.raw.source

    @property
    def format(self) -> str:
        """Name of the format it was taken for."""
        return self.recognition.format.name

    @property
    def confidence(self) -> float:
        """How sure that is, from 0 to 1."""
        return self.recognition.confidence

    @property
    def roles(self) -> dict[str, str]:
        """The column of each role."""
        return {role: found.column for role, found in self.recognition.roles.items()}


@dataclass(frozen=True)
class ReadTables:
    """What a reading made: the names of its tables in the engine, and the account of it."""

    sales: Sales | None
    others: dict[str, str]
    sources: list[Source]
    reading: Reading

    @property
    def currency(self) -> str:
        """Currency of the counted orders, or "unspecified"."""
        return self.reading.currency

    @property
    def has_sales(self) -> bool:
        """Whether any source tells of sales: events do only where a purchase is among them."""
        shapes = {source.recognition.format.shape for source in self.sources}
        return Shape.SALES in shapes or self.reading.account(self.sales).count("counted") > 0

    @property
    def quarantine(self) -> str:
        """The table of rows put aside."""
        return self.reading.quarantine.name

    def reconciliation(self) -> Reconciliation:
        """Where every row and every amount went."""
        return self.reading.account(self.sales)


class Reading:
    """One run from locations or raw tables to the canonical tables."""

    def __init__(self, engine: Engine, options: ReadOptions, progress: Progress = silent) -> None:
        self.engine = engine
        self.options = options
        self.progress = progress
        self.reconciliation = Reconciliation()
        self.sources: list[Source] = []
        self.sales: list[SalesSource] = []
        self.currency = UNSPECIFIED_CURRENCY
        self.quarantine = Quarantine(engine, free_name(engine, "quarantine"))
        self._accounted = False
        self._sales: Sales | None = None
        self._keep_twins = options.duplicate_lines == "keep"
        self.made: dict[str, str] = {}
        self._rows: dict[int, int] = {}
        self._on_the_way: list[str] = []

    def run(self, raws: list[RawTable]) -> ReadTables:
        """Bring raw tables to canonical ones."""
        self.raws = raws
        self._recognise()
        for source in self.sources:
            self.quarantine.add_rejected(source.raw)
        sales = self._plain() or self._joined()
        if sales is None or not sales.plain:
            self.account(sales)
        self._forget()
        return ReadTables(sales, self.made, self.sources, self)

    def _plain(self) -> Sales | None:
        only, raw = self.sources[0], self.sources[0].raw
        if len(self.sources) > 1:
            whole = one_table(self.engine, [(source.raw, source.recognition) for source in self.sources])
            if whole is None:
                return None
            raw = whole
        self.progress(f"Reading {raw.source}", None)
        plain = read_plain(self.engine, raw, only.recognition, self.options, straight_only=raw is not only.raw)
        if plain is not None:
            self.currency = plain.currency
            only.notes += plain.notes
        return plain

    def _joined(self) -> Sales | None:
        selling: list[int] = []
        staged: list[Stage] = []
        others: list[OtherSource] = []
        events: list[Events] = []
        for number, source in enumerate(self.sources):
            self.progress(f"Reading {source.name}", None)
            shape = source.recognition.format.shape
            if shape in (Shape.SALES, Shape.EVENTS):
                selling.append(number)
                staged.append(self._stage_sales(source))
            if shape is not Shape.SALES:
                others.append(self._stage_other(number, source))
            if shape is Shape.EVENTS:
                events.append(Events(source.recognition.format.system, staged[-1], others[-1].staged))
        name_visitors(self.engine, events)
        for number, stage_ in zip(selling, staged, strict=True):
            raw, recognition = self.sources[number].raw, self.sources[number].recognition
            self.sales.append(sales_facts(self.engine, number, raw, recognition, stage_, self._keep_twins))
        if not selling:
            selling = self._deals()
        self.progress("Joining orders, customers and refunds", None)
        facts = gather_facts(self.engine, self.sales, self.options, self.reconciliation) if selling else None
        rest = Others(self.engine, others, self.options)
        known = [other for other in others if other.format.shape in WITH_PEOPLE]
        identity = resolve(self.engine, gather_people(self.engine, facts.table if facts else None, known))
        products = rest.products()
        sales = None
        if facts is not None:
            sales = assemble_sales(self.engine, facts, self.sales, identity, products, self.options)
            for number in selling:
                self.quarantine.add_missing(self.sources[number].raw, number, sales.facts)
        rest.people(identity, sales.facts if sales else None)
        rest.rest()
        self.made = rest.made
        self._on_the_way += [source.facts for source in self.sales] + [other.staged.table for other in others]
        return sales

    def _deals(self) -> list[int]:
        """Stage won deals as sales, where nothing else tells of sales."""
        selling = []
        for number, source in enumerate(self.sources):
            if source.recognition.format.shape is Shape.LEADS and "stage" in source.recognition.roles:
                deals = as_sales(source.recognition, self.options.won_stages)
                if deals is None:
                    missing = [word for role, word in _OF_A_DEAL.items() if role not in source.recognition.roles]
                    source.notes.append(
                        f"Won deals cannot be counted as purchases: the file has no {' and no '.join(missing)}."
                    )
                    continue
                staged = stage(self.engine, source.raw, deals, SALES_ROLES, self.options)
                self.sales.append(sales_facts(self.engine, number, source.raw, deals, staged))
                selling.append(number)
        return selling

    def _stage_other(self, number: int, source: Source) -> OtherSource:
        recognition = source.recognition
        staged = stage(self.engine, source.raw, recognition, wanted_roles(recognition.format), self.options)
        source.notes += [note for note in staged.notes if note not in source.notes]
        if recognition.format.shape is not Shape.EVENTS:
            self.quarantine.add_problems(source.raw, staged.table)
        if recognition.format.shape is Shape.LEADS and "created_at" not in recognition.roles:
            source.notes.append(
                "The file does not say when its leads were made; they are dated the day they were read."
            )
        for condition, reason in _UNUSABLE.get(recognition.format.shape, ()):
            self.quarantine.add_unusable(source.raw, staged.table, condition, reason)
        others = columns_without_role(recognition) if recognition.format.shape is Shape.LEADS else {}
        return OtherSource(number, source.raw, recognition.format, staged, others)

    def account(self, sales: Sales | None) -> Reconciliation:
        """The account of the reading; a clean table's is drawn up when somebody asks for it."""
        if not self._accounted:
            self._accounted = True
            self._sales = sales
            if sales is not None:
                self.currency = account_for_sales(self.engine, sales, self.sales, self.reconciliation)
                check_sales(self.engine, sales, self.sales, self.currency, self.options, self.reconciliation)
            self.reconciliation.quarantine = self.quarantine.summary()
            self._report_files()
        return self.reconciliation

    def _forget(self) -> None:
        """Free the memory of what was only on the way: raw and staged rows."""
        for number, source in enumerate(self.sources):
            self._rows_of(number, source)
            if source.raw.stored:
                source.raw.drop(self.engine)
        for table in self._on_the_way:
            self.engine.drop(table)

    def _rows_of(self, number: int, source: Source) -> int:
        """Rows of a source, counted once."""
        if number not in self._rows:
            known = source.raw.rows
            query = f"SELECT count(*) FROM {quoted(source.raw.table)}"
            self._rows[number] = int(self.engine.row(query)[0]) if known is None else known
        return self._rows[number]

    def _recognise(self) -> None:
        named = find_format(self.options.format) if self.options.format else None
        failures: list[tuple[RawTable, InputError]] = []
        for raw in self.raws:
            try:
                found = recognise(self.engine, raw, self._columns_for(raw), named)
            except InputError as error:
                failures.append((raw, error))
                continue
            self.sources.append(Source(raw, found, list(raw.notes)))
        if failures and not self.sources:
            raise failures[0][1]
        for raw, failure in failures:
            self.reconciliation.note("not used", f"{raw.source} was not used: {failure}", warn=True)

    def _columns_for(self, raw: RawTable) -> Mapping[str, str]:
        """Columns named by hand, for the tables that have them (all tables, if there is but one)."""
        wanted = self.options.columns
        if len(self.raws) == 1 or not wanted:
            return wanted
        have = {name.casefold() for name in raw.columns}
        return wanted if all(column.casefold() in have for column in wanted.values()) else {}

    def _stage_sales(self, source: Source) -> Stage:
        of_events = OF_EVENTS if source.recognition.format.shape is Shape.EVENTS else ()
        staged = stage(self.engine, source.raw, source.recognition, (*SALES_ROLES, *of_events), self.options)
        source.notes += staged.notes
        self.quarantine.add_problems(source.raw, staged.table)
        self._on_the_way.append(staged.table)
        return staged

    def _report_files(self) -> None:
        merged = self._merged()
        put_aside = self.quarantine.rows_by_source()
        for number, source in enumerate(self.sources):
            if source.raw.totals:
                several = len(source.raw.totals) > 1
                source.notes.append(f"{len(source.raw.totals)} row{'s' * several} of totals left out.")
            read_rows = self._rows_of(number, source) + source.raw.rejected_count
            aside = int(put_aside.get(source.name, 0))
            self.reconciliation.files.append(
                FileReport(
                    source=source.name,
                    format=source.format,
                    label=source.recognition.format.label,
                    confidence=source.confidence,
                    rows_read=read_rows,
                    rows_loaded=read_rows - aside - len(source.raw.totals),
                    rows_quarantined=aside,
                    rows_merged=merged.get(number, 0),
                    roles=source.roles,
                    notes=tuple(source.notes),
                )
            )

    def _merged(self) -> dict[int, int]:
        """Orders of each source that count as another record's."""
        if self._sales is None or self._sales.superseded is None:
            return {}
        query = f"SELECT fact_id >> 40, count(*) FROM {quoted(self._sales.superseded)} GROUP BY 1"
        return {int(number): int(rows) for number, rows in self.engine.rows(query)}
