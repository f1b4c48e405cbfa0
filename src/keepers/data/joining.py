"""The long way of a reading: sources staged, facts and people gathered, customers found, orders assembled."""

from __future__ import annotations

from collections.abc import Sequence

from keepers.data.canonical import Sales, assemble_sales
from keepers.data.deals import as_sales
from keepers.data.engine import Engine
from keepers.data.facts import gather_facts
from keepers.data.format import Shape
from keepers.data.identity import resolve
from keepers.data.options import ReadOptions
from keepers.data.others import WITH_PEOPLE, Others, wanted_roles
from keepers.data.people import OtherSource, columns_without_role, gather_people
from keepers.data.quarantine import Quarantine
from keepers.data.reconciliation import Reconciliation
from keepers.data.sales import SALES_ROLES, SalesSource, sales_facts
from keepers.data.source import Source
from keepers.data.staging import Stage, stage
from keepers.data.visitors import OF_EVENTS, Events, name_visitors
from keepers.domain.ports import Progress

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


class Joining:
    """One way from recognised sources of any number and shape to the canonical tables.

    Attributes
    ----------
    sales : list of SalesSource
        The sources that tell of sales, as facts.
    made : dict of str to str
        Canonical tables beside orders: their names in the engine.
    on_the_way : list of str
        Tables that nobody needs afterwards.
    """

    def __init__(
        self,
        engine: Engine,
        sources: Sequence[Source],
        options: ReadOptions,
        quarantine: Quarantine,
        reconciliation: Reconciliation,
        progress: Progress,
    ) -> None:
        self.engine = engine
        self.sources = sources
        self.options = options
        self.quarantine = quarantine
        self.reconciliation = reconciliation
        self.progress = progress
        self.sales: list[SalesSource] = []
        self.made: dict[str, str] = {}
        self.on_the_way: list[str] = []
        self._keep_twins = options.duplicate_lines == "keep"

    def run(self) -> Sales | None:
        """Join all sources; None where nothing tells of sales."""
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
        self.on_the_way += [source.facts for source in self.sales] + [other.staged.table for other in others]
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

    def _stage_sales(self, source: Source) -> Stage:
        of_events = OF_EVENTS if source.recognition.format.shape is Shape.EVENTS else ()
        staged = stage(self.engine, source.raw, source.recognition, (*SALES_ROLES, *of_events), self.options)
        source.notes += staged.notes
        for doubt in staged.doubts:
            self.reconciliation.note("amounts in two ways", doubt, warn=True)
        self.quarantine.add_problems(source.raw, staged.table)
        self.on_the_way.append(staged.table)
        return staged
