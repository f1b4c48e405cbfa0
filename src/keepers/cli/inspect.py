"""`keepers check` and `keepers backtest`: look before you trust."""

from __future__ import annotations

from typing import Annotated

import typer

from keepers.cli import parameters as p
from keepers.cli.progress import shown


def check(
    files: p.Files,
    customer: p.Customer = None,
    date: p.Date = None,
    amount: p.Amount = None,
    column: p.Column = None,
    format: p.Format = None,
    delimiter: p.Delimiter = None,
    encoding: p.Encoding = None,
    rate: p.Rate = None,
    time_zone: p.TimeZone = None,
    day_first: p.DayFirst = None,
    drop_duplicate_lines: p.DropDuplicateLines = False,
    engine: p.EngineUrl = None,
    memory: p.Memory = None,
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:
    """Say what the data can and cannot support.

    Prints how each file was understood, where every row and every amount went, so that you can compare the totals with
    your shop's own screen, what was set aside and why, and which questions the data answer.
    """
    from keepers.pipeline.options import RunOptions

    options = RunOptions(
        columns=p.columns(customer, date, amount, column),
        format=format,
        delimiter=delimiter,
        encoding=encoding,
        rates=p.rates(rate),
        time_zone=time_zone,
        date_order=p.date_order(day_first),
        drop_duplicate_lines=drop_duplicate_lines,
        memory=memory,
        **p.engine(engine),
    )
    with shown(quiet) as progress:
        from keepers.pipeline.check import check as carry_out

        found = carry_out(files, options, progress)
    from keepers.cli.show_check import show_check

    show_check(found, json)


def backtest(
    files: p.Files,
    origins: Annotated[
        int, typer.Option("--origins", metavar="COUNT", min=1, max=12, help="From how many dates in the past.")
    ] = 3,
    holdout: Annotated[
        str | None,
        typer.Option("--holdout", metavar="LENGTH", help="How far to predict from each, for example 26weeks."),
    ] = None,
    opportunity: Annotated[
        str | None,
        typer.Option(
            "--opportunity",
            metavar="PERIOD",
            help="Count days, weeks, months or years with a purchase instead of purchase days, with BG/BB among the "
            "models: day, week, month or year.",
        ),
    ] = None,
    customer: p.Customer = None,
    date: p.Date = None,
    amount: p.Amount = None,
    column: p.Column = None,
    format: p.Format = None,
    delimiter: p.Delimiter = None,
    encoding: p.Encoding = None,
    rate: p.Rate = None,
    time_zone: p.TimeZone = None,
    day_first: p.DayFirst = None,
    drop_duplicate_lines: p.DropDuplicateLines = False,
    engine: p.EngineUrl = None,
    memory: p.Memory = None,
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:
    """Test every model and naive rule on days it has not seen.

    The last part of the orders is hidden, predicted and compared, from several dates in the past.
    """
    from keepers.pipeline.options import RunOptions

    options = RunOptions(
        columns=p.columns(customer, date, amount, column),
        format=format,
        delimiter=delimiter,
        encoding=encoding,
        rates=p.rates(rate),
        time_zone=time_zone,
        date_order=p.date_order(day_first),
        drop_duplicate_lines=drop_duplicate_lines,
        memory=memory,
        **p.engine(engine),
    )
    with shown(quiet) as progress:
        from keepers.evaluation.backtest import backtest as carry_out
        from keepers.pipeline.reading import read_files

        dataset = read_files(files, options, progress)
        length = None if holdout is None else p.horizon(holdout, "--holdout")
        found = carry_out(
            None, dataset.orders, origins=origins, holdout=length, opportunity=opportunity, progress=progress
        )
    from keepers.cli.show_backtest import show_backtest

    show_backtest(found, json)
