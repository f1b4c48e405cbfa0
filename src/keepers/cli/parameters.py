"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepers.domain.errors import ConfigError

if TYPE_CHECKING:
    from keepers.domain.time import Horizon
    from keepers.valuation.columns import Columns

Files = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders or database URLs of orders and anything else that belongs to them "
        "(customers, products, refunds, spend, leads), as the shop exports them.",
        metavar="FILES",
        show_default=False,
    ),
]
Customer = Annotated[str | None, typer.Option("--customer", metavar="COLUMN", help="Column that names the customer.")]
Date = Annotated[str | None, typer.Option("--date", metavar="COLUMN", help="Column with the day of the order.")]
Amount = Annotated[str | None, typer.Option("--amount", metavar="COLUMN", help="Column with the order's value.")]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="ROLE=COLUMN", help="Any other column by its role, for example order_id=Invoice."),
]
Rate = Annotated[
    list[str] | None,
    typer.Option(
        "--rate", metavar="CUR=PRICE", help="Price of a currency in your main one: --rate EUR=1 --rate USD=0.92"
    ),
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="Zone of your business, for example Europe/Berlin.")
]
DayFirst = Annotated[
    bool | None,
    typer.Option("--day-first/--month-first", help="How to read 03/04/2025, where the data themselves do not tell."),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Format of the files, where recognition should not decide."),
]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", metavar="SIGN", help="What stands between columns, where it is not plain.")
]
Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="Encoding of text files, for example windows-1252.")
]
Currency = Annotated[str | None, typer.Option("--currency", metavar="CODE", help="Your main currency.")]
WonStage = Annotated[
    list[str] | None, typer.Option("--won-stage", metavar="STAGE", help="A deal stage that means won, in your words.")
]
DropDuplicateLines = Annotated[
    bool,
    typer.Option(
        "--drop-duplicate-lines",
        help="Leave out lines that are identical to another of the same order, where an export tells lines twice.",
    ),
]
EngineUrl = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="URL",
        help="Database or cluster whose table FILES names: postgresql://user@host/database, spark://local[2]. "
        "Otherwise [engine] of keepers.toml, or this machine.",
    ),
]
Memory = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="Most memory for the engine, for example 2GB.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the result.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]


def engine(url: str | None) -> dict[str, Any]:
    """The options of a run that say where the work is done: as named by hand, or in keepers.toml of this folder."""
    from keepers.pipeline.config import engine_settings

    found = engine_settings(Path(), url)
    if found.url is None or found.url.startswith("duckdb:"):
        return {}
    return {"engine": found.url, "engine_options": found.options}


def columns(customer: str | None, date: str | None, amount: str | None, others: list[str] | None) -> dict[str, str]:
    """Columns named by hand, by their role."""
    named = {"customer": customer, "date": date, "amount": amount}
    named.update(pairs(others, "--column", "order_id=Invoice"))
    return {role: column for role, column in named.items() if column}


def result_columns(text: str | None) -> Columns | None:
    """Columns of the customer table: "all", "main", or names."""
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if names == ("all",):
        return "all"
    return "main" if names == ("main",) else names or None


def date_order(day_first: bool | None) -> str | None:
    """The reading's word for whether days come before months."""
    return None if day_first is None else "dmy" if day_first else "mdy"


def rates(texts: list[str] | None) -> dict[str, float]:
    """Prices of currencies in the main one."""
    found = {}
    for currency, price in pairs(texts, "--rate", "USD=0.92").items():
        try:
            found[currency.upper()] = float(price)
        except ValueError:
            raise ConfigError(f"`--rate {currency}={price}` has no number. Write for example --rate USD=0.92") from None
    return found


def pairs(texts: list[str] | None, option: str, example: str) -> dict[str, str]:
    """Texts of the form NAME=VALUE."""
    found = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise ConfigError(f"`{option} {text}` is not NAME=VALUE. Write for example {option} {example}")
        found[name.strip()] = value.strip()
    return found


def horizon(text: str, option: str) -> Horizon:
    """A length of time written as 12 months, 52weeks, 5y or 90d."""
    from keepers.domain.time import Horizon, TimeUnit

    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*", text.lower())
    if match is None:
        raise ConfigError(f"`{option} {text}` is not a length of time. Write for example 12months, 52weeks or 5years.")
    word = {"d": "day", "w": "week", "m": "month", "y": "year"}.get(match[2], match[2])
    return Horizon(float(match[1]), TimeUnit.parse(word))


def share(text: str, option: str) -> float:
    """A share written as 0.35 or 35%."""
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise ConfigError(f"`{option} {text}` is not a share. Write for example 35% or 0.35.") from None


def folder(text: Path) -> Path:
    """A folder as a person writes it, with ~ for their home."""
    return text.expanduser()
