"""One reading: raw tables recognised, typed, joined to canonical tables, and accounted for."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepers.data.account import account_for_sales
from keepers.data.canonical import Sales, free_name
from keepers.data.doubts import doubts
from keepers.data.engine import Engine, quoted
from keepers.data.format import Shape
from keepers.data.formats import find_format
from keepers.data.options import ReadOptions
from keepers.data.plain import read_plain
from keepers.data.quality import check_sales
from keepers.data.quarantine import Quarantine
from keepers.data.raw_table import RawTable
from keepers.data.recognise import recognise
from keepers.data.reconciliation import FileReport, Reconciliation
from keepers.data.source import Source
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.ports import Progress, silent

if TYPE_CHECKING:
    from keepers.data.sales import SalesSource


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

    def accounting(self) -> contextlib.AbstractContextManager[None]:
        """Draw up the account in a thread of its own meanwhile, where it is not drawn up yet."""
        return self.reading.accounting(self.sales)


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
        self._drawn: Future[tuple[str, Reconciliation]] | None = None
        self._sales: Sales | None = None
        self.made: dict[str, str] = {}
        self._rows: dict[int, int] = {}
        self._on_the_way: list[str] = []

    def run(self, raws: list[RawTable]) -> ReadTables:
        """Bring raw tables to canonical ones."""
        self.raws = raws
        self._recognise()
        for source in self.sources:
            self.quarantine.add_rejected(source.raw)
        sales = self._plain() or self._join()
        if sales is None or not sales.plain:
            self.account(sales)
        self._forget()
        return ReadTables(sales, self.made, self.sources, self)

    def _plain(self) -> Sales | None:
        only, raw = self.sources[0], self.sources[0].raw
        if len(self.sources) > 1:
            from keepers.data.one_table import one_table

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

    def _join(self) -> Sales | None:
        """Go the long way; its modules are loaded where it is gone."""
        from keepers.data.joining import Joining

        joining = Joining(self.engine, self.sources, self.options, self.quarantine, self.reconciliation, self.progress)
        joined = joining.run()
        self.sales, self.made, self._on_the_way = joining.sales, joining.made, joining.on_the_way
        return joined

    def account(self, sales: Sales | None) -> Reconciliation:
        """The account of the reading; a clean table's is drawn up when somebody asks for it."""
        if not self._accounted:
            if sales is not None:
                drawn = self._draw_up(self.engine, sales) if self._drawn is None else self._drawn.result()
                self.currency, self.reconciliation = drawn
            self._accounted = True
            self._sales = sales
            self.reconciliation.quarantine = self.quarantine.summary()
            self._report_files()
        return self.reconciliation

    @contextlib.contextmanager
    def accounting(self, sales: Sales | None) -> Iterator[None]:
        """Draw up a clean table's account meanwhile: models are fitted by Python on one core, sums by the engine."""
        if self._accounted or sales is None or sales.by_customer is None:
            yield
            return
        _ = sales.by_customer.totals  # Kept with it, so that the other thread does not ask this one's connection.
        with self.engine.beside() as engine, ThreadPoolExecutor(1, "account") as pool:
            self._drawn = pool.submit(self._draw_up, engine, sales)
            try:
                yield
            except BaseException:
                self._drawn = None  # Whoever asks for the account all the same has it drawn up anew.
                engine.connection.interrupt()
                raise

    def _draw_up(self, engine: Engine, sales: Sales) -> tuple[str, Reconciliation]:
        """The currency of what is counted, and what is known so far with what is in the sales."""
        into = copy.deepcopy(self.reconciliation)
        currency = account_for_sales(engine, sales, self.sales, into)
        check_sales(engine, sales, self.sales, currency, self.options, into)
        return currency, into

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
            for key, text in doubts(self.engine, raw, found):
                self.reconciliation.note(key, text, warn=True)
        if failures and not self.sources:
            raise failures[0][1]
        for raw, failure in failures:
            self.reconciliation.note(
                "not used",
                f"{raw.source} was not used: {str(failure).replace(f'{raw.source} has', 'it has', 1)}",
                warn=True,
            )

    def _columns_for(self, raw: RawTable) -> Mapping[str, str]:
        """Columns named by hand, for the tables that have them (all tables, if there is but one)."""
        wanted = self.options.columns
        if len(self.raws) == 1 or not wanted:
            return wanted
        have = {name.casefold() for name in raw.columns}
        return wanted if all(column.casefold() in have for column in wanted.values()) else {}

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
