"""`keepers run`: from files of orders to a folder of values, a summary and a report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from keepers.cli import parameters as p
from keepers.cli.progress import shown
from keepers.pipeline.options import MODELS


def run(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders or database URLs of orders and anything else that belongs to them "
            "(customers, products, refunds, spend, leads), as the shop exports them. In a project, those of "
            "keepers.toml unless named.",
            metavar="FILES",
            show_default=False,
        ),
    ] = None,
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Folder of the results.")] = Path(
        "keepers-result"
    ),
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Your store's name, for the report.")
    ] = None,
    margin: Annotated[
        str | None,
        typer.Option("--margin", metavar="SHARE", help="What is left of revenue after all costs of serving, e.g. 35%."),
    ] = None,
    order_margin: Annotated[
        bool, typer.Option("--order-margin", help="Take the margin from each order's own costs instead of one rate.")
    ] = False,
    horizon: Annotated[
        str, typer.Option("--horizon", metavar="LENGTH", help="What the predicted value covers.")
    ] = "12months",
    lifetime: Annotated[
        str, typer.Option("--lifetime", metavar="LENGTH", help="What the lifetime value covers.")
    ] = "5years",
    discount: Annotated[
        str, typer.Option("--discount", metavar="SHARE", help="Discount a year: what waiting costs you.")
    ] = "10%",
    customer: p.Customer = None,
    date: p.Date = None,
    amount: p.Amount = None,
    column: p.Column = None,
    format: p.Format = None,
    delimiter: p.Delimiter = None,
    encoding: p.Encoding = None,
    rate: p.Rate = None,
    currency: p.Currency = None,
    won_stage: p.WonStage = None,
    time_zone: p.TimeZone = None,
    day_first: p.DayFirst = None,
    drop_duplicate_lines: p.DropDuplicateLines = False,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DAY", help="See the store as it was on this day."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help=f"One of {', '.join(MODELS)}, or of an installed package; otherwise the backtest chooses.",
        ),
    ] = None,
    observed_from: Annotated[
        dt.datetime | None,
        typer.Option(
            "--observed-from",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Day from which endings of subscriptions were recorded, if later than the first of them began.",
        ),
    ] = None,
    learned: Annotated[
        bool,
        typer.Option(
            "--learned",
            help="Also learn value from all that was read (engagement, feedback, products, channels), and use it where "
            "the backtest says that it forecasts better. Takes longer; needs the extra learn.",
        ),
    ] = False,
    backtest: Annotated[
        bool, typer.Option("--backtest/--no-backtest", help="Test the models on the past. Without, name one.")
    ] = True,
    season: Annotated[
        bool,
        typer.Option("--season/--no-season", help="Follow the store's season in all values, where one is found."),
    ] = True,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    csv: Annotated[bool, typer.Option("--csv/--no-csv", help="Write customers.csv beside the Parquet file.")] = True,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Keep orders and summaries in the folder, for `keepers update`. With a report, unless said otherwise.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="COLUMNS",
            help="Columns of the customer table: all, main (history, P(alive), orders and value with intervals, tier) "
            "or names with commas between. Without a report, main; otherwise all.",
        ),
    ] = None,
    engine: p.EngineUrl = None,
    memory: p.Memory = None,
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:
    """Value every customer of a shop, and every subscriber.

    Writes one folder: customers.csv and customers.parquet (a row a customer), summary.json, the fitted models and
    report.html; of subscriptions, subscribers.csv and subscribers.parquet. Files are read as they are exported;
    several belong together: orders, customers, products, subscriptions.

    With --engine the orders stay in a table of a database or cluster, and so do the customers: they are the table
    keepers.customers there.

    In a folder with keepers.toml (`keepers init`) it also remembers: it raises alerts, keeps thresholds of segments
    for a month, and says how the scores it published earlier did.
    """
    from keepers.domain.acquisition import AcquisitionRules
    from keepers.domain.errors import ConfigError
    from keepers.domain.money import Margin, annual_rate
    from keepers.domain.sales_team import LeadRules
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.project import OF_ORDERS, project_of

    project = project_of(Path())
    if not files:
        files = [] if project is None else project.locations
        if not files:
            raise ConfigError(
                "There is nothing to read. Name files, for example: keepers run orders.csv"
                + ("" if project is None else "; or list them under `sources` in keepers.toml.")
            )

    def said(option: str, given: str | None) -> str | None:
        """What the command line says, or else keepers.toml, or else the default."""
        written = None if project is None else getattr(project, option)
        return written if written is not None and _by_default(context, option) else given

    rate_left = margin if order_margin else said("margin", margin)
    if rate_left == OF_ORDERS:
        rate_left, order_margin = None, True
    place = said("into", None) if _by_default(context, "into") else None
    options = RunOptions(
        into=p.folder(into if place is None else Path(place)),
        name=said("name", name),
        margin=Margin(None if rate_left is None else p.share(rate_left, "--margin"), per_order=order_margin),
        horizon=p.horizon(said("horizon", horizon) or horizon, "--horizon"),
        lifetime=p.horizon(said("lifetime", lifetime) or lifetime, "--lifetime"),
        discount=annual_rate(p.share(said("discount", discount) or discount, "--discount")),
        model=model,
        learned=learned,
        backtest=backtest,
        season=season,
        report=report,
        csv=csv,
        keep=keep,
        result_columns=p.result_columns(columns),
        columns=p.columns(customer, date, amount, column),
        rates={**({} if project is None else project.rates), **p.rates(rate)},
        time_zone=said("time_zone", time_zone),
        format=format,
        delimiter=delimiter,
        encoding=encoding,
        currency=said("currency", currency),
        won_stages=tuple(won_stage or ()),
        date_order=p.date_order(day_first),
        drop_duplicate_lines=drop_duplicate_lines,
        as_of=None if as_of is None else as_of.date(),
        memory=memory,
        observed_from=None if observed_from is None else observed_from.date(),
        project=project,
        acquisition=AcquisitionRules() if project is None else project.acquisition,
        leads=LeadRules() if project is None else project.leads,
        channels={} if project is None else project.channels,
        channel_trials=() if project is None else project.channel_trials,
        **p.engine(engine),
    )
    with shown(quiet) as progress:
        from keepers.pipeline.run import run as carry_out

        result = carry_out(files, options, progress)
    from keepers.cli.show import show_result

    show_result(result, json)


def _by_default(context: typer.Context, option: str) -> bool:
    """Whether nobody wrote the option."""
    source = context.get_parameter_source(option)
    return source is None or source.name == "DEFAULT"
