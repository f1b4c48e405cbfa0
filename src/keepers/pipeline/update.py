"""An earlier result with new orders: whom they concern is counted anew, and everybody is valued at the new last day."""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, literal, quoted
from keepers.data.orders import Orders
from keepers.data.read import Dataset
from keepers.data.staged_folder import MARK, staged
from keepers.domain.columns import ORDERS
from keepers.domain.errors import InputError
from keepers.domain.money import DEFAULT_DISCOUNT, annual_rate
from keepers.domain.ports import Progress, silent
from keepers.domain.reach import reaches
from keepers.domain.time import LIFETIME_CAP, Horizon, TimeUnit
from keepers.evaluation.verdict import Trust, Verdict
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import load_model
from keepers.models.spend.fitting import fit_spend
from keepers.pipeline.contacts import carry_contacts
from keepers.pipeline.customers import write_customers
from keepers.pipeline.insights import insights, season_carried
from keepers.pipeline.kept import FOLDER, as_remembered, remember
from keepers.pipeline.live_values import columns_of
from keepers.pipeline.options import RunOptions
from keepers.pipeline.reading import read_files
from keepers.pipeline.run import RunResult
from keepers.pipeline.scoring import Scored
from keepers.pipeline.summary_file import run_summary, write_summary
from keepers.pipeline.update_decisions import keep_decisions
from keepers.pipeline.update_learned import update_learned
from keepers.pipeline.update_names import with_names
from keepers.pipeline.update_subscriptions import update_subscribers, write_updated
from keepers.summaries.base_subscriptions import NO_CONTRACTS
from keepers.summaries.clocked import by_clock
from keepers.summaries.customer_base import CustomerBase
from keepers.summaries.summary import Summary
from keepers.valuation.columns import Columns, main_columns
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values, create_view

OLD_FIT_DAYS = 90
"""An age of the models in days from which a result says that they should be fitted again."""

_OLD_FIT_SHARE = 0.2
"""And the share of orders that are newer than the models."""


@dataclass(frozen=True)
class _Earlier:
    """What an earlier result says of itself."""

    folder: Path
    said: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> _Earlier:
        path = folder / MARK
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(
                f"There is no result of Keepers in {folder} (no {MARK}). Name the folder that `keepers run` wrote."
            ) from None
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}). Make the result anew with `keepers run`.") from error
        if said["store"]["orders"] is None:
            raise InputError(
                f"The result in {folder} is of subscriptions alone, of which the newest export says everything: run "
                "`keepers run` over it. Updates add to a result with orders."
            )
        if not (folder / FOLDER).is_dir():
            raise InputError(
                f"The result in {folder} has nothing kept to which orders could be added. Run `keepers run` again with "
                "--keep (a run with a report keeps it, too, unless --as-of is given)."
            )
        return cls(folder, said)

    def horizon(self, key: str, otherwise: Horizon) -> Horizon:
        told = self.said["horizon"] if key == "horizon" else (self.said["money"] or {}).get(key)
        return otherwise if told is None else Horizon(told["length"], TimeUnit.parse(told["unit"]))

    @property
    def fitted_to(self) -> str:
        """Last day of the data that the models were fitted to."""
        return str((self.said.get("update") or {}).get("fitted_to") or self.said["store"]["last_day"])

    @property
    def fitted_orders(self) -> int:
        """Orders that the models were fitted to."""
        return int((self.said.get("update") or {}).get("fitted_orders") or self.said["store"]["orders"])

    @property
    def interval_levels(self) -> dict[float, float] | None:
        test = self.said["backtest"]
        return None if test is None else {float(level): own for level, own in test["interval_levels"].items()}

    @property
    def verdict(self) -> Verdict:
        told = self.said["verdict"]
        fit = [one for one in told["reservations"] if not one.startswith(_AGED)]
        return Verdict(Trust(told["trust"]), told["sentence"], tuple(fit))


_AGED = "The models were fitted to orders up to "


def update(
    result: str | os.PathLike[str],
    locations: Sequence[str],
    options: RunOptions | None = None,
    *,
    refit: bool = False,
    progress: Progress = silent,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> RunResult:
    """Add new orders to an earlier result, without fitting and testing models again.

    Use it between runs, daily say: it costs a small part of a run, and customers are valued at the last order's day.
    Orders that the result has already are known again, so that exports may overlap; refunds, cancellations and
    corrections of old orders count from their day. Contracts are updated too, where the result holds any: of each the
    newest export counts. Who gets which offer stays as it was decided; learned value is said anew where it rests on
    orders alone and is kept as it was otherwise, as the summary tells (`update.remarks`). Run `keepers.run` over all
    files again where models are to be chosen and tested anew, and for the report.

    Parameters
    ----------
    result : path
        The folder that `keepers.run` wrote.
    locations : sequence of str
        Files with what is new.
    options : RunOptions, optional
        `into`, if the result is to stand elsewhere than in place of the earlier one, `csv`, `memory`, `threads`, and
        how to read, where the new files differ from the earlier ones. Everything else is as it was.
    refit : bool
        Fit the same models again to all customers.
    progress : Progress
        Told of each step.
    now : callable
        The clock.

    Raises
    ------
    KeepersError
        With what is wrong and what to do; the earlier result is then unchanged.

    Examples
    --------
    >>> import keepers as kp
    >>> result = kp.update("keepers-result", ["orders-of-today.csv"])  # doctest: +SKIP
    """
    place = Path(os.path.abspath(result))
    earlier = _Earlier.read(place)
    given = options or RunOptions(into=place)
    money = earlier.said["money"] or {}
    said = as_remembered(given, place)
    with staged(given.into) as folder:
        dataset = read_files(locations, said, progress)
        progress("Adding orders", None)
        base = CustomerBase.open(place / FOLDER).updated_with(
            _delivered(dataset),
            folder / FOLDER,
            dataset.tables.get("identities"),
            dataset.tables.get("subscriptions"),
        )
        chosen = replace(
            said, into=given.into, name=earlier.said["store"]["name"], margin=base.facts.margin,
            horizon=earlier.horizon("horizon", given.horizon), lifetime=earlier.horizon("lifetime", LIFETIME_CAP),
            discount=DEFAULT_DISCOUNT if not money else annual_rate(money["discount_annual"]), unit=base.facts.unit,
            report=False, result_columns="main", simulated=earlier.said["store"]["simulated"],
        )  # fmt: skip
        carry_contacts(place / FOLDER, folder / FOLDER)
        remember(said, folder)
        summary = base.summary(dataset.engine)
        assert isinstance(summary.facts.source, Orders)
        dataset = replace(dataset, tables={**dataset.tables, "orders": summary.facts.source})
        progress("Fitting the models" if refit else "Valuing customers", None)
        buying, spending = _models(place, summary, refit)
        columns, further = _columns(place, dataset.engine, chosen, spending is not None)
        values = lifetime_value(
            buying, spending, summary, chosen.horizon, chosen.discount, lifetime=chosen.lifetime, scored_at=now(),
            interval_levels=earlier.interval_levels, columns=columns, lifetime_interval=further,
            also=chosen.also if further else None,
        )  # fmt: skip
        age = _age(earlier, base, summary, refit)
        verdict = _verdict(earlier.verdict, age)
        contracts = base.subscriptions(dataset.engine)
        learned = update_learned(earlier.said, place, folder, values, summary, dataset, contracts)
        values = learned.values
        named = with_names(values.engine, values.name, values.columns, dataset, place / "customers.parquet")
        customers = Values(values.engine, create_view(values.engine, named), values.facts)
        written = write_customers(customers, folder, chosen.csv)
        scored = Scored(summary, buying, spending, None, verdict, written)
        found = insights(dataset, scored, chosen)
        for role, model in found.models.items():
            model.save(folder / f"model-{role}.json", corrected=False)
        subscribed = update_subscribers(earlier.said["subscriptions"], place, contracts, dataset, chosen, now(), refit)
        write_updated(subscribed, folder, chosen.csv)
        if subscribed.scored is not None:
            found.models["contract"] = subscribed.scored.model
        assert base.changes is not None
        decided = keep_decisions(earlier.said, place, folder, chosen.csv)
        files = sorted(path.name for path in folder.iterdir())
        plain = run_summary(dataset, scored, found, chosen, now(), files, subscribed.told)
        plain |= decided.told | ({"learned": learned.told} if learned.told else {})
        plain["backtest"] = earlier.said["backtest"]
        plain["season"] = season_carried(earlier.said.get("season"), base.facts.last_day)
        plain["verdict"]["tested"] = earlier.said["verdict"]["tested"]
        plain["update"] = {
            "of": earlier.said["keepers"]["generated_at"],
            "updates_since_run": base.facts.updated,
            "refitted": refit,
            **age,
            **base.changes.to_dict(),
            "contracts": (base.contract_changes or NO_CONTRACTS).to_dict(),
            "remarks": [
                *decided.remarks,
                *learned.remarks,
                *([] if subscribed.remark is None else [subscribed.remark]),
            ],
        }
        write_summary(plain, folder / MARK)
        dataset.engine.close()
    return RunResult(given.into, plain)


def _columns(place: Path, engine: Engine, options: RunOptions, money: bool) -> tuple[Columns, bool]:
    """What customers are valued at, and whether at all horizons: the main columns, with those of the other horizons at
    which the earlier result has them."""
    others = [one for one in reaches(options.horizon, options.also, options.lifetime) if not one.own]
    names = [name for one in others for name in columns_of(one)]
    file = f"SELECT * FROM read_parquet({literal(str(place / 'customers.parquet'))})"
    there = {str(row[0]) for row in engine.rows(f"DESCRIBE {file}")}
    if not money or options.also is None or not there.issuperset(names):
        return "main", False
    return (*main_columns(options.horizon), *names), True


def _delivered(dataset: Dataset) -> Orders:
    """The new orders; refunds of old orders alone are good, and so are contracts alone."""
    found = dataset.tables.get("orders")
    if isinstance(found, Orders) and found.refunds is not None:
        return found
    if "subscriptions" in dataset.tables and not (dataset.has_orders and len(dataset.tables["orders"])):
        engine = dataset.engine
        return Orders(engine, engine.create_empty(ORDERS, engine.new_name("no_orders")), has_money=False)
    return dataset.orders


def _models(place: Path, summary: Summary, refit: bool) -> tuple[BuyingModel, Any]:
    """The models of the earlier result; fitted again if asked for."""
    buying = load_model(place / "model-buying.json")
    assert isinstance(buying, BuyingModel)
    path = place / "model-spend.json"
    spending: Any = load_model(path) if path.exists() else None
    if refit:
        summary = by_clock(summary, buying.clock_)
        buying = copy.copy(buying).fit(summary)
        spending = None if spending is None else fit_spend(copy.copy(spending), summary, buying)
    return buying, spending


def _age(earlier: _Earlier, base: CustomerBase, summary: Summary, refit: bool) -> dict[str, Any]:
    """How old the models are, by days and by orders."""
    orders = int(summary.engine.row(f"SELECT sum(orders) FROM {quoted(summary.name)}")[0])
    fitted_to = base.facts.last_day.isoformat() if refit else earlier.fitted_to
    return {
        "fitted_to": fitted_to,
        "days_since_fit": (base.facts.last_day - dt.date.fromisoformat(fitted_to)).days,
        "fitted_orders": orders if refit else earlier.fitted_orders,
    }


def _verdict(known: Verdict, age: dict[str, Any]) -> Verdict:
    """The verdict of the earlier run, with a word on the models' age where it matters."""
    days = age["days_since_fit"]
    if days < OLD_FIT_DAYS:
        return known
    aged = (
        f"{_AGED}{age['fitted_to']}, {days:,} days before the last one. Fit them again: --refit, or run over all files."
    )
    return replace(known, reservations=(*known.reservations, aged))
