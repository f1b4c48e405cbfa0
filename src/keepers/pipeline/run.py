"""The whole way, from files to a folder of results: read, summarise, choose, fit, value, report."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.read import Dataset
from keepers.data.staged_folder import MARK, staged
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY, MoneyBasis
from keepers.domain.ports import Progress, silent
from keepers.pipeline.ahead import importing
from keepers.pipeline.options import RunOptions
from keepers.pipeline.reading import open_engine, read_files

if TYPE_CHECKING:
    from keepers.pipeline.acquiring import Acquired
    from keepers.pipeline.decisions import Decided
    from keepers.pipeline.insights import Insights
    from keepers.pipeline.keeping import Keeping
    from keepers.pipeline.learned import LearnedRun
    from keepers.pipeline.memory import Memory
    from keepers.pipeline.scoring import Scored
    from keepers.pipeline.subscriptions import ScoredSubscriptions
    from keepers.reports.content import ReportContent
    from keepers.retention.loyalty import LoyaltyProgramme

_VALUING = (
    "keepers.pipeline.scoring", "keepers.numerics.likelihoods.bg_nbd", "keepers.models.btyd.bg_nbd",
    "keepers.pipeline.insights", "keepers.pipeline.summary_file",
)  # fmt: skip
_TESTING = ("keepers.evaluation.compare",)
_REPORTING = ("keepers.reports.page", "keepers.pipeline.content")


@dataclass(frozen=True)
class RunResult:
    """What a run has made.

    Attributes
    ----------
    folder : Path
        The folder of results.
    summary : dict
        The content of summary.json, described in the documentation of results.
    """

    folder: Path
    summary: dict[str, Any]

    @property
    def report(self) -> Path | None:
        """The report, if one was made."""
        path = self.folder / "report.html"
        return path if path.exists() else None


def run(
    locations: Sequence[str],
    options: RunOptions | None = None,
    progress: Progress = silent,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> RunResult:
    """Value every customer in the files and write one folder of results.

    Parameters
    ----------
    locations : sequence of str
        Files, folders or database URLs; with `RunOptions.engine`, tables of that engine that hold orders.
    options : RunOptions, optional
        What a person may choose.
    progress : Progress
        Told of each step.
    now : callable
        The clock.

    Raises
    ------
    KeepersError
        With what is wrong and what to do; an earlier result in the folder is then unchanged.

    Examples
    --------
    >>> import keepers as kp
    >>> result = kp.run(["orders.csv"])  # doctest: +SKIP
    """
    options = options or RunOptions()
    later = (*_VALUING, *(_TESTING if options.backtest else ()))
    with contextlib.ExitStack() as held:
        # Entered first and so left last: the state is changed when the results stand in their place.
        memory = held.enter_context(remembering(options))
        folder = held.enter_context(staged(options.into))
        with importing(later):
            engine = held.enter_context(contextlib.closing(open_engine(options)))
            held.enter_context(engine.steady())
            if not engine.is_embedded:
                engine.backend.prepare_results()
            dataset = read_files(locations, options, progress, engine)
        # Imported here, since at the top they would be loaded before the reading rather than beside it.
        from keepers.pipeline.customers import customer_table, write_customers
        from keepers.pipeline.insights import insights
        from keepers.pipeline.keeping import look_after, segments_before
        from keepers.pipeline.summary_file import run_summary, write_summary

        if _subscriptions_alone(dataset):
            from keepers.pipeline.subscription_run import subscription_run

            return RunResult(options.into, subscription_run(dataset, options, folder, progress, now, memory))
        scored, learned, remarks = _scored(dataset, options, now(), progress, memory)
        behaviour, before = segments_before(scored, options, memory)
        customers = customer_table(dataset, scored.values, options.wanted, behaviour, before)
        if options.report or not engine.is_embedded:
            customers = customers.stored()
        progress("Writing customers", None)
        written = write_customers(customers, folder, options.csv) if engine.is_embedded else customers
        progress("Drawing conclusions", None)
        scored = replace(scored, values=customers if options.report else written)
        found = insights(dataset, scored, options)
        progress("Writing results", None)
        subscribed, told, notes = _subscribed(dataset, options, folder, memory, now(), progress)
        if subscribed is not None:
            found.models["contract"] = subscribed.model
        kept = look_after(dataset, scored, subscribed, behaviour, options, memory, folder, now(), progress)
        _save_models(found, learned, options, folder)
        _keep(dataset, scored, options, folder, progress)
        decided = _decided(dataset, scored, options, folder, memory, now(), progress)
        acquired = _acquired(dataset, scored, options, folder, memory, now(), progress)
        tiers = _loyalty(dataset, scored, options, decided)
        if options.report:
            said = _write_report(
                dataset, scored, found, options, now(), subscribed, (*notes, *remarks), learned, kept, decided,
                acquired, tiers, folder, progress,
            )  # fmt: skip
            if memory is not None:
                memory.describe(said)
        names = sorted(path.name for path in folder.iterdir())
        summary = run_summary(dataset, scored, found, options, now(), names, told, learned, kept.to_dict())
        summary |= _told(decided, acquired, tiers)
        if not engine.is_embedded:
            from keepers.pipeline.warehouse_results import publish

            progress("Publishing customers", None)
            summary["engine"] = publish(customers, scored, dataset.sources[0].name, now())
        write_summary(summary, folder / MARK)
    return RunResult(options.into, summary)


def _scored(
    dataset: Dataset, options: RunOptions, now: dt.datetime, progress: Progress, memory: Memory | None
) -> tuple[Scored, LearnedRun | None, tuple[str, ...]]:
    """Customers by the models, and by what features tell where that was asked for; and why not, where not."""
    from keepers.pipeline.scoring import score

    rfm = None if memory is None else memory.rfm
    with importing(_REPORTING, _templates) if options.report else contextlib.nullcontext(), dataset.accounting():
        scored = score(dataset.orders, options, now, progress, rfm, dataset if options.learned else None)
    if not options.learned:
        return scored, None, ()
    from keepers.pipeline.learned import learned_values

    return learned_values(dataset, scored, options, progress)


def _templates() -> None:
    from keepers.reports.sections import compile_templates

    compile_templates()


def _keep(dataset: Dataset, scored: Scored, options: RunOptions, folder: Path, progress: Progress) -> None:
    """Keep orders for updates, where that was asked for."""
    if options.kept:
        from keepers.pipeline.kept import keep

        progress("Keeping orders for updates", None)
        keep(dataset, scored, options, folder)


def _save_models(found: Insights, learned: LearnedRun | None, options: RunOptions, folder: Path) -> None:
    for role, model in found.models.items():
        model.save(folder / f"model-{role}.json", corrected=options.report)
    if learned is not None:
        learned.save(folder)


def _decided(
    dataset: Dataset,
    scored: Scored,
    options: RunOptions,
    folder: Path,
    memory: Memory | None,
    now: dt.datetime,
    progress: Progress,
) -> Decided | None:
    """What experiments have shown, what drives value and what comes next, where the data tell more than orders."""
    from keepers.pipeline.rich import sells_more_than_one, tells_more

    if not tells_more(dataset) and not sells_more_than_one(dataset):
        return None
    from keepers.pipeline.decisions import decide

    return decide(dataset, scored, options, folder, memory, now, progress)


def _loyalty(dataset: Dataset, scored: Scored, options: RunOptions, decided: Decided | None) -> LoyaltyProgramme | None:
    """Whether loyalty tiers pay, with a report and a margin."""
    given = options.project is not None and bool(options.project.loyalty)
    judged = options.report and scored.values.has_money and scored.values.basis is MoneyBasis.CONTRIBUTION
    if not given and not judged:
        return None
    from keepers.pipeline.loyalty import loyalty

    return loyalty(dataset, scored, options, [] if decided is None else [one.effects for one in decided.offers])


def _told(decided: Decided | None, acquired: Acquired | None, tiers: LoyaltyProgramme | None) -> dict[str, Any]:
    """The keys of summary.json of what was decided, of how customers were won, and of loyalty tiers."""
    nothing: dict[str, Any] = {"offers": [], "offers_made": [], "drivers": None, "next_products": None}
    offered = nothing if decided is None else decided.to_dict()
    offered |= {"acquisition": None if acquired is None else acquired.to_dict(), "loyalty": None}
    if tiers is None:
        return offered
    from keepers.pipeline.loyalty import loyalty_told

    return {**offered, "loyalty": loyalty_told(tiers)}


def _acquired(
    dataset: Dataset,
    scored: Scored,
    options: RunOptions,
    folder: Path,
    memory: Memory | None,
    now: dt.datetime,
    progress: Progress,
) -> Acquired | None:
    """What winning customers costs and brings, where anything beside orders tells it."""
    from keepers.pipeline.rich import tells_of_acquisition

    if not tells_of_acquisition(dataset):
        return None
    from keepers.pipeline.acquiring import acquire

    return acquire(dataset, scored, options, folder, memory, now, progress)


def _write_report(
    dataset: Dataset,
    scored: Scored,
    found: Insights,
    options: RunOptions,
    now: dt.datetime,
    subscribed: ScoredSubscriptions | None,
    notes: Sequence[str],
    learned: LearnedRun | None,
    kept: Keeping,
    decided: Decided | None,
    acquired: Acquired | None,
    tiers: LoyaltyProgramme | None,
    folder: Path,
    progress: Progress,
) -> ReportContent:
    progress("Writing the report", None)
    from keepers.pipeline.content import report_content
    from keepers.reports.page import write_report

    present = {path.name for path in folder.iterdir()}
    notes = (*notes, *(() if decided is None else decided.notes))
    if acquired is not None and acquired.channels is None:
        notes = (*notes, *acquired.notes)
    if tiers is None and options.project is not None and options.project.loyalty:
        from keepers.pipeline.loyalty import UNJUDGED

        notes = (*notes, UNJUDGED)
    said = report_content(
        dataset, scored, found, options, now, subscribed, present, notes, learned, kept, decided, acquired
    )
    if tiers is not None:
        from keepers.pipeline.loyalty import loyalty_content

        said = replace(said, loyalty=loyalty_content(tiers, options))
    write_report(said, folder / "report.html")
    return said


def remembering(options: RunOptions) -> contextlib.AbstractContextManager[Memory | None]:
    """The state of the project, where the run is one of a project."""
    if options.project is None:
        return contextlib.nullcontext()
    from keepers.pipeline.memory import Memory

    return Memory(options.project)


def _subscriptions_alone(dataset: Dataset) -> bool:
    return "subscriptions" in dataset.tables and not (dataset.has_orders and len(dataset.tables["orders"]))


def _subscribed(
    dataset: Dataset, options: RunOptions, folder: Path, memory: Memory | None, now: dt.datetime, progress: Progress
) -> tuple[ScoredSubscriptions | None, dict[str, Any] | None, tuple[str, ...]]:
    """The subscribers of a shop, written, and what the summary says of them; or a sentence why they are not valued."""
    if "subscriptions" not in dataset.tables:
        return None, None, ()
    from keepers.pipeline.plans_made import plans_made
    from keepers.pipeline.subscription_run import subscription_summary
    from keepers.pipeline.subscriptions import score_subscriptions, write_subscribers

    try:
        found = score_subscriptions(dataset, options, now, progress)
    except InputError as error:
        return None, None, (f"The subscriptions could not be valued. {error}",)
    assert found is not None
    currencies = {dataset.currency, found.values.currency} - {UNSPECIFIED_CURRENCY}
    if found.values.has_money and dataset.orders.has_money and len(currencies) > 1:
        why = (
            f"The subscriptions are in {found.values.currency} and the orders in {dataset.currency}, so that one page "
            "cannot hold both. Run the subscriptions alone to value them."
        )
        return None, None, (why,)
    found = replace(found, made=plans_made(found.values, memory, now, options.time_zone))
    write_subscribers(found, folder, options.csv)
    return found, subscription_summary(found, options), ()
