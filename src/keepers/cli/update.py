"""`keepers update`: new orders into an earlier result, without fitting again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepers.cli import parameters as p
from keepers.cli.progress import shown


def update(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="Folder that `keepers run` wrote.", show_default=False)
    ],
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES",
            help="What is new: files, folders or database URLs. They may hold orders that the result has already.",
            show_default=False,
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="FOLDER", help="Folder of the new result; in place of the earlier one otherwise."
        ),
    ] = None,
    refit: Annotated[bool, typer.Option("--refit", help="Fit the same models again to all customers.")] = False,
    csv: Annotated[bool, typer.Option("--csv/--no-csv", help="Write customers.csv beside the Parquet file.")] = True,
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
    memory: p.Memory = None,
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:
    """Add new orders to an earlier result.

    Counts anew the customers whom the new orders, refunds and cancellations concern, and values everybody at the day of
    the last order, with the models of the earlier run: no model is chosen, tested or (without --refit) fitted, and no
    report is made. Files are read as they were then; say here only what is different.
    """
    from keepers.pipeline.options import RunOptions

    options = RunOptions(
        into=p.folder(into or result),
        csv=csv,
        columns=p.columns(customer, date, amount, column),
        rates=p.rates(rate),
        time_zone=time_zone,
        format=format,
        delimiter=delimiter,
        encoding=encoding,
        currency=currency,
        won_stages=tuple(won_stage or ()),
        date_order=p.date_order(day_first),
        memory=memory,
    )
    with shown(quiet) as progress:
        from keepers.pipeline.update import update as carry_out

        made = carry_out(p.folder(result), files, options, refit=refit, progress=progress)
    from keepers.cli.show import show_result

    show_result(made, json)
