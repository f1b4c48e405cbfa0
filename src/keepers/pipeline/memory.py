"""What a run takes from the state of its project, and leaves there: all of it, or nothing where the run fails."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from keepers.data.engine import Engine, literal, quoted
from keepers.data.table import Table
from keepers.domain.alert import Alert, AlertProposal
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.segments import SegmentMove
from keepers.domain.version import VERSION
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project

if TYPE_CHECKING:
    from keepers.pipeline.scoring import Scored
    from keepers.pipeline.subscriptions import ScoredSubscriptions
    from keepers.reports.content import ReportContent
    from keepers.retention.segments import BehaviourRule
    from keepers.retention.warnings import EarlyWarnings
    from keepers.storage.scores import PublishedScores
    from keepers.storage.state import Books, State
    from keepers.summaries.rfm_groups import RfmRule
    from keepers.summaries.summary import Summary
    from keepers.valuation.values import Values

CUSTOMERS, SUBSCRIBERS = "customers", "subscribers"
_KEPT = (
    "customer_key", "probability_alive", "expected_orders", "expected_orders_low", "expected_orders_high",
    "clv_tier", "rfm_group", "behaviour_segment",
)  # fmt: skip
_A_MONTH = 28
"""Days that should lie between two runs whose segments are compared."""
_KEPT_OF_SUBSCRIBERS = ("customer_key", "plan", "state", "churn_probability", "renewal_probability", "mrr")


@dataclass
class Memory:
    """The state of a project during a run; enter it before the results' folder, so that it is changed after that.

    What a run has to write is gathered and written in one go at its end: whoever else writes meanwhile, as the running
    system does with every event, does not wait for the run.

    Parameters
    ----------
    project : Project
        Whose state.
    """

    project: Project
    _state: State | None = None
    _deeds: list[Callable[[Books], None]] = field(default_factory=list)
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
            if kind is None and self._deeds:
                with self._state.writing() as books:
                    self._do_all(books)
        except BaseException:
            kind = BaseException
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
        folder = Path(os.path.abspath(options.into))

        def begun(books: Books) -> None:
            self._run = books.runs.begin(now, as_of, VERSION, folder, customers)

        self.do(begun)

    def describe(self, content: ReportContent) -> None:
        """Keep what the run found in a few figures."""
        from keepers.reports.run_figures import figures_of

        told = figures_of(content).to_dict()
        self.do(lambda books: books.runs.describe(self._run, told))

    def do(self, deed: Callable[[Books], None]) -> None:
        """Do something to the state when the run has ended well."""
        self._deeds.append(deed)

    def _do_all(self, books: Books) -> None:
        for deed in self._deeds:
            deed(books)

    def behaviour(self, values: Values) -> BehaviourRule:
        """The rule of the behaviour segments: the frozen one for a month, then a new one."""
        from keepers.retention.segments import BehaviourRule, behaviour_rule

        with self.state.reading() as books:
            said = books.divisions.rule("behaviour", values.facts.summary.calibration_end)
        return behaviour_rule(values, None if said is None else BehaviourRule.from_dict(said))

    def compared(self, day: dt.date) -> PublishedScores | None:
        """The earlier run that segments are compared with: a month ago, or else the oldest there is."""
        earlier = self.earlier(CUSTOMERS, day)
        month = [one for one in earlier if (day - one.as_of).days >= _A_MONTH]
        return month[0] if month else earlier[-1] if earlier else None

    def publish(
        self, scored: Scored, options: RunOptions, now: dt.datetime, warnings: EarlyWarnings | None,
        behaviour: BehaviourRule | None,
    ) -> None:  # fmt: skip
        """Keep every customer's scores, to be graded later; of customers who stay in a warehouse only the rules."""
        values, summary = scored.values, scored.summary
        rule = values.facts.rfm
        if rule is not None:
            self._freeze(f"rfm:{rule.grid}", rule.frozen_on, rule.to_dict())
        if behaviour is not None:
            self._freeze("behaviour", behaviour.frozen_on, behaviour.to_dict())
        if not values.engine.is_embedded:
            return
        value, present = values.value_column, set(values.columns)
        wanted = [*_KEPT, *((value, f"{value}_low", f"{value}_high") if values.has_money else ())]
        columns = [f"v.{quoted(name)} AS {name.replace(value, 'value')}" for name in wanted if name in present]
        nodes, joins = self._nodes(scored)
        columns += [f"node.{name}" for name in nodes]
        churn = options.horizon.days
        if warnings is not None:
            churn = warnings.horizon.days
            columns.append("w.churn_probability")
            joins += f" LEFT JOIN {quoted(warnings.name)} AS w ON w.customer_key = v.customer_key"
        query = f"SELECT {', '.join(columns)} FROM {quoted(values.name)} AS v{joins}"
        spend = "" if scored.spending is None else f"+{type(scored.spending).__name__}"
        self._keep(
            values.engine, query, CUSTOMERS, now, summary.calibration_end, values.facts.buying.name + spend,
            (options.horizon.days, churn), values.basis.value if values.has_money else None, values.currency,
        )  # fmt: skip

    def _nodes(self, scored: Scored) -> tuple[list[str], str]:
        """Orders expected within a month, a quarter and half a year, to grade them before the horizon is over."""
        from keepers.domain.time import days
        from keepers.evaluation.published_snapshots import NODES

        summary, engine, cells = scored.summary, scored.values.engine, scored.values.facts.cells
        keyed = summary.keyed_cells()
        found = {f"expected_orders_{node}": cells.buying.expected_purchases(keyed.cells, days(node)) for node in NODES}
        table = engine.from_columns(engine.new_name("nodes"), {**keyed.key, **found})
        listed = ", ".join(f"cell.{name}" for name in found)
        join = (
            f" INNER JOIN (SELECT summary.customer_key, {listed} FROM {quoted(summary.name)} AS summary INNER JOIN "
            f"{quoted(table)} AS cell ON {summary.same_cell}) AS node ON node.customer_key = v.customer_key"
        )
        return list(found), join

    def publish_subscribers(self, found: ScoredSubscriptions, options: RunOptions, now: dt.datetime) -> None:
        """The same of subscribers."""
        values = found.values
        value = values.value_column
        wanted = (*_KEPT_OF_SUBSCRIBERS, *((value, f"{value}_low", f"{value}_high") if values.has_money else ()))
        present = set(values.columns)
        columns = [f"{quoted(name)} AS {name.replace(value, 'value')}" for name in wanted if name in present]
        self._keep(
            values.engine, f"SELECT {', '.join(columns)} FROM {quoted(values.name)}", SUBSCRIBERS, now,
            found.summary.facts.cut, found.model.name, (options.horizon.days, options.horizon.days),
            values.basis.value if values.has_money else None, values.currency,
        )  # fmt: skip

    def raise_alerts(
        self, proposals: Sequence[AlertProposal], on: dt.date, now: dt.datetime, currency: str
    ) -> tuple[Alert, ...]:
        """Raise alerts; gives those that are open now, new ones and older ones."""
        named = "" if currency == UNSPECIFIED_CURRENCY else currency

        def raised(books: Books) -> None:
            books.alerts.raise_all(proposals, self.project.alerts, on, now, self._run, named)

        self.do(raised)
        with self.state.trying() as books:
            self._do_all(books)
            return books.alerts.listed()

    def record_moves(self, division: str, since: dt.date, until: dt.date, moves: Sequence[SegmentMove]) -> None:
        """Keep how customers moved between the segments of a division."""
        self.do(lambda books: books.divisions.record(division, since, until, moves))

    def _freeze(self, division: str, on: dt.date, rule: dict[str, Any]) -> None:
        self.do(lambda books: books.divisions.freeze(division, on, rule))

    def _keep(
        self, engine: Engine, query: str, kind: str, now: dt.datetime, as_of: dt.date, model: str,
        horizons: tuple[float, float], basis: str | None, currency: str,
    ) -> None:  # fmt: skip
        from keepers.storage.scores import PublishedScores

        view = engine.create_view(engine.new_name("published"), query)
        path = self.state.write_snapshot(Table(engine, view), f"{kind}-{as_of.isoformat()}")
        self._written.append(path)
        rows = engine.row(f"SELECT count(*) FROM read_parquet({literal(str(path))})")[0]
        scores = PublishedScores(kind, now, as_of, model, *horizons, basis, currency, int(rows), path)
        self.do(lambda books: books.runs.publish(self._run, scores))
