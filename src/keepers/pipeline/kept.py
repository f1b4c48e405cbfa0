"""What a run leaves for updates: the base of orders and summaries, and how files were read."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keepers.data.read import Dataset
from keepers.pipeline.contacts import keep_contacts
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.summaries.base_subscriptions import write_contracts
from keepers.summaries.customer_base import CustomerBase

FOLDER = "kept"
"""Where in a result the base is."""

_READING = "reading.json"
_REMEMBERED = (
    "columns", "rates", "time_zone", "format", "delimiter", "encoding", "date_order", "currency", "won_stages",
    "observed_from", "drop_duplicate_lines",
)  # fmt: skip
"""Options that say how files are read, and from when endings of contracts are in them."""


def keep(dataset: Dataset, scored: Scored, options: RunOptions, folder: Path) -> None:
    """Keep the orders and summaries of a run in its folder of results."""
    summary = scored.summary
    CustomerBase.create(
        dataset.orders,
        folder / FOLDER,
        unit=summary.unit,
        margin=summary.margin,
        identities=dataset.tables.get("identities"),
        summary=summary,
        subscriptions=dataset.tables.get("subscriptions"),
    )
    keep_contacts(dataset, folder / FOLDER)
    remember(options, folder)


def keep_contracts(dataset: Dataset, options: RunOptions, folder: Path) -> None:
    """Keep the contracts of a run without orders, and what else is known of subscribers, for their pages."""
    place = folder / FOLDER
    place.mkdir()
    write_contracts(dataset.tables["subscriptions"], place)
    keep_contacts(dataset, place)
    remember(options, folder)


def remember(options: RunOptions, folder: Path) -> None:
    """Write how files were read beside the base."""
    told = {name: getattr(options, name) for name in _REMEMBERED}
    said: dict[str, Any] = {
        name: dict(value) if name in ("columns", "rates") else value for name, value in told.items() if value
    }
    if "observed_from" in said:
        said["observed_from"] = said["observed_from"].isoformat()
    (folder / FOLDER / _READING).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def as_remembered(options: RunOptions, result: Path) -> RunOptions:
    """The options with what they leave open of reading as the earlier run had it."""
    path = result / FOLDER / _READING
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = {field.name for field in fields(options)}
    open_ones = {name: value for name, value in said.items() if name in known and not getattr(options, name)}
    if "won_stages" in open_ones:
        open_ones["won_stages"] = tuple(open_ones["won_stages"])
    if "observed_from" in open_ones:
        open_ones["observed_from"] = dt.date.fromisoformat(open_ones["observed_from"])
    return replace(options, **open_ones)
