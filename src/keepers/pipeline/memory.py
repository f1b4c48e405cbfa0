"""What a run takes from the state of its project, and leaves there: all of it, or nothing where the run fails."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from keepers.data.engine import literal, quoted
from keepers.data.table import Table
from keepers.domain.alert import Alert, AlertProposal
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.version import VERSION
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project

if TYPE_CHECKING:
    from keepers.pipeline.scoring import Scored
    from keepers.pipeline.subscriptions import ScoredSubscriptions
    from keepers.storage.scores import PublishedScores
    from keepers.storage.state import Books, State
    from keepers.summaries.rfm_groups import RfmRule
    from keepers.summaries.summary import Summary

CUSTOMERS, SUBSCRIBERS = "customers", "subscribers"
_KEPT = (
    "customer_key", "probability_alive", "churn_probability", "expected_orders", "expected_orders_low",
    "expected_orders_high", "clv_if_active", "money_at_risk", "clv_tier", "rfm_group", "behaviour_segment",
)  # fmt: skip
_KEPT_OF_SUBSCRIBERS = ("customer_key", "plan", "state", "churn_probability", "renewal_probability", "mrr")


@dataclass
class Memory:
    """The state of a project during a run; enter it before the results' folder, so that it commits after that.

    Parameters
    ----------
    project : Project
        Whose state.
    """

    project: Project
    _state: State | None = None
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _books: Books | None = None
    _run: int = 0
    _written: list[Path] = field(default_factory=list)

    def __enter__(self) -> Self:
        # Opened first, so that what is wrong with it is said before the work rather than after it.
        self._state = self.project.open_state()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._state is not None
        try:
            self._held.__exit__(kind, error, trace)
        except BaseException:
            kind = kind or BaseException
            raise
        finally:
            if kind is not None:
                for path in self._written:
                    path.unlink(missing_ok=True)
            self._state.close()

    @property
    def state(self) -> State:
        """The open state."""
        assert self._state is not None
        return self._state

    def rfm(self, summary: Summary) -> RfmRule:
        """The rule of the RFM groups: the frozen one for a month, then a new one."""
        from keepers.summaries.rfm_groups import RfmRule, rfm_rule

        with self.state.reading() as books:
            said = books.divisions.rule("rfm:quintiles", summary.calibration_end)
        return rfm_rule(summary, previous=None if said is None else RfmRule.from_dict(said))

    def earlier(self, kind: str, before: dt.date) -> tuple[PublishedScores, ...]:
        """What was published of earlier days, the newest first."""
        with self.state.reading() as books:
            return books.runs.published(kind, before - dt.timedelta(days=1))

    def begin(self, options: RunOptions, now: dt.datetime, as_of: dt.date, customers: int) -> None:
        """Begin to write; whatever follows becomes part of the state when the run has ended well."""
        self._books = self._held.enter_context(self.state.writing())
        self._run = self._books.runs.begin(now, as_of, VERSION, Path(os.path.abspath(options.into)), customers)

    @property
    def books(self) -> Books:
        """What is being written."""
        assert self._books is not None
        return self._books

    def publish(self, scored: Scored, options: RunOptions, now: dt.datetime) -> None:
        """Keep every customer's scores, to be graded later; of customers who stay in a warehouse only the rules."""
        values, summary = scored.values, scored.summary
        rule = values.facts.rfm
        if rule is not None:
            self.books.divisions.freeze(f"rfm:{rule.grid}", rule.frozen_on, rule.to_dict())
        if not values.engine.is_embedded:
            return
        value = values.value_column
        wanted = (*_KEPT, *(f"{value}{end}" for end in ("", "_low", "_high")))
        self._keep(
            Table(values.engine, values.name), wanted, value, CUSTOMERS, now, summary.calibration_end,
            values.facts.buying.name + ("" if scored.spending is None else f"+{type(scored.spending).__name__}"),
            options, options.horizon.days, values.basis.value if values.has_money else None, values.currency,
        )  # fmt: skip

    def publish_subscribers(self, found: ScoredSubscriptions, options: RunOptions, now: dt.datetime) -> None:
        """The same of subscribers."""
        values = found.values
        value = values.value_column
        wanted = (*_KEPT_OF_SUBSCRIBERS, *(f"{value}{end}" for end in ("", "_low", "_high")))
        self._keep(
            Table(values.engine, values.name), wanted, value, SUBSCRIBERS, now, found.summary.facts.cut,
            found.model.name, options, options.horizon.days, values.basis.value if values.has_money else None,
            values.currency,
        )  # fmt: skip

    def raise_alerts(
        self, proposals: Sequence[AlertProposal], on: dt.date, now: dt.datetime, currency: str
    ) -> tuple[Alert, ...]:
        """Raise alerts; gives those that are open now, new ones and older ones."""
        named = "" if currency == UNSPECIFIED_CURRENCY else currency
        self.books.alerts.raise_all(proposals, self.project.alerts, on, now, self._run, named)
        return self.books.alerts.listed()

    def _keep(
        self, table: Table, wanted: Sequence[str], value: str, kind: str, now: dt.datetime, as_of: dt.date,
        model: str, options: RunOptions, horizon: float, basis: str | None, currency: str,
    ) -> None:  # fmt: skip
        from keepers.storage.scores import PublishedScores

        engine, present = table.engine, set(table.columns)
        listed = ", ".join(f"{quoted(name)} AS {name.replace(value, 'value')}" for name in wanted if name in present)
        view = engine.create_view(engine.new_name("published"), f"SELECT {listed} FROM {quoted(table.name)}")
        path = self.state.write_snapshot(Table(engine, view), f"{kind}-{as_of.isoformat()}")
        self._written.append(path)
        rows = engine.row(f"SELECT count(*) FROM read_parquet({literal(str(path))})")[0]
        self.books.runs.publish(
            self._run,
            PublishedScores(kind, now, as_of, model, horizon, options.horizon.days, basis, currency, int(rows), path),
        )
