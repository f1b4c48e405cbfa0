"""One reading: raw tables recognised, typed, joined to canonical tables, and accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keepers.data import quarantine
from keepers.data.account import account_for_sales
from keepers.data.canonical import Sales, assemble_sales
from keepers.data.engine import Engine, quoted
from keepers.data.format import Shape
from keepers.data.formats import find_format
from keepers.data.options import ReadOptions
from keepers.data.plain import read_plain
from keepers.data.quality import check_sales
from keepers.data.raw_table import RawTable
from keepers.data.recognise import recognise
from keepers.data.recognition import Recognition
from keepers.data.reconciliation import FileReport, Reconciliation
from keepers.data.sales import SALES_ROLES, SalesSource, sales_facts
from keepers.data.staging import Stage, stage
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.ports import Progress, silent


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
    sources: list[Source]
    reading: Reading

    @property
    def currency(self) -> str:
        """Currency of the counted orders, or "unspecified"."""
        return self.reading.currency

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
        self._accounted = False

    def run(self, raws: list[RawTable]) -> ReadTables:
        """Bring raw tables to canonical ones."""
        quarantine.create(self.engine)
        self.raws = raws
        self._recognise()
        for source in self.sources:
            quarantine.add_rejected(self.engine, source.raw)
        selling = [n for n, source in enumerate(self.sources) if source.recognition.format.shape is Shape.SALES]
        sales = self._sales(selling) if selling else None
        if sales is None or not sales.plain:
            self.account(sales)
        return ReadTables(sales, self.sources, self)

    def account(self, sales: Sales | None) -> Reconciliation:
        """The account of the reading; a clean table's is drawn up when somebody asks for it."""
        if not self._accounted:
            self._accounted = True
            if sales is not None:
                self.currency = account_for_sales(self.engine, sales, self.reconciliation)
                check_sales(self.engine, sales, self.sales, self.currency, self.reconciliation)
            self.reconciliation.quarantine = quarantine.summary(self.engine)
            self._report_files()
        return self.reconciliation

    def _sales(self, selling: list[int]) -> Sales:
        if len(self.sources) == 1:
            only = self.sources[0]
            self.progress(f"Reading {only.name}", None)
            plain = read_plain(self.engine, only.raw, only.recognition, self.options)
            if plain is not None:
                self.currency = plain.currency
                return plain
        for number in selling:
            source = self.sources[number]
            self.progress(f"Reading {source.name}", None)
            self._stage_sales(number, source)
        self.progress("Joining orders, customers and refunds", None)
        sales = assemble_sales(self.engine, self.sales, [], self.options)
        for number in selling:
            quarantine.add_missing(self.engine, self.sources[number].raw, number, sales.facts)
        return sales

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

    def _stage_sales(self, number: int, source: Source) -> Stage:
        staged = stage(self.engine, source.raw, source.recognition, SALES_ROLES, self.options)
        source.notes += staged.notes
        quarantine.add_problems(self.engine, source.raw, staged.table)
        self.sales.append(sales_facts(self.engine, number, source.raw, source.recognition, staged))
        return staged

    def _report_files(self) -> None:
        put_aside = dict(self.engine.rows(f"SELECT source, count(DISTINCT line) FROM {quarantine.NAME} GROUP BY 1"))
        for source in self.sources:
            rows = source.raw.rows
            if rows is None:
                rows = int(self.engine.row(f"SELECT count(*) FROM {quoted(source.raw.table)}")[0])
            read_rows = rows + source.raw.rejected_count
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
                    rows_merged=0,
                    roles=source.roles,
                    notes=tuple(source.notes),
                )
            )
