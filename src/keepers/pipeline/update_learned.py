"""Learned and early value in an updated result: worked out anew where orders alone tell all, else as they were."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keepers.data.engine import literal, quoted
from keepers.data.orders import Orders
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import InputError, MissingExtraError
from keepers.models.catalogue import load_model
from keepers.pipeline.early import LEVEL, newcomers, with_early
from keepers.pipeline.learned import DIVIDED
from keepers.pipeline.learned_columns import EARLY_FILE, LEARNED_FILE, MIX_FILE, Mix, with_learned
from keepers.pipeline.learned_said import EARLY, LEARNED
from keepers.summaries.features import Features, features_at
from keepers.summaries.summary import Summary
from keepers.valuation.values import Values, create_view

ANEW, KEPT = "anew", "kept"
"""What became of learned value: worked out at the new last day, or as it was."""

UNMIXED = "The values of customers are those of the models of buying and spend alone, since orders were added."
"""What is said where the mix was used and cannot be."""

_AGAIN = "Run `keepers run --learned` over all files to learn anew."


@dataclass(frozen=True)
class UpdatedLearned:
    """Values with what was learned of customers.

    Attributes
    ----------
    values : Values
    told : dict
        The part `learned` of the summary, where there is one.
    remarks : tuple of str
        What a person must know of it.
    """

    values: Values
    told: dict[str, Any]
    remarks: tuple[str, ...] = ()


def update_learned(
    earlier: dict[str, Any],
    place: Path,
    folder: Path,
    values: Values,
    summary: Summary,
    dataset: Dataset,
    contracts: Table | None,
) -> UpdatedLearned:
    """Let customers of an updated result have learned and early value, and the models that know them.

    Where everything that the models learned from is told by the orders that a result keeps (and its contracts), they
    are asked anew for everybody at the new last day, and the mix divides values as in the run. Otherwise everybody
    has what the run before said, whoever came since has nothing, and values are those of the models of buying and
    spend alone.

    Parameters
    ----------
    earlier : dict
        The summary of the earlier result.
    place, folder : Path
        Of the earlier result, and of the new one.
    values : Values
        Of all customers at the new last day.
    summary : Summary
        What they were valued from.
    dataset : Dataset
        All orders, with what was delivered.
    contracts : Table or None
        All contracts, where any are kept.
    """
    said = earlier.get("learned")
    if said is None:
        return UpdatedLearned(values, {})
    if not (place / LEARNED_FILE).exists() or not values.has_money:
        return UpdatedLearned(values, {}, (f"Learned value is not there any more. {_AGAIN}",))
    files = [name for name in (LEARNED_FILE, MIX_FILE, EARLY_FILE) if (place / name).exists()]
    for name in files:
        shutil.copyfile(place / name, folder / name)
    told = {**said, "learned_on": said.get("learned_on", earlier["store"]["last_day"])}
    why = "the run kept nothing of the mix of forecasts"
    # An update before may have left the mix out, which the run used.
    mixed = said["used"] or said.get("unmixed")
    if not mixed or MIX_FILE in files:
        why = "it rests on more than the orders that are kept"
        try:
            found = _anew(told, place, values, summary, dataset, contracts)
        except (InputError, MissingExtraError) as error:
            found, why = None, f"it cannot be asked ({error})"
        if found is not None:
            return found
    return _kept(told, place, values, said.get("as_of", earlier["store"]["last_day"]), why)


def _anew(
    said: dict[str, Any], place: Path, values: Values, summary: Summary, dataset: Dataset, contracts: Table | None
) -> UpdatedLearned | None:
    """Everybody asked anew; None where the models ask for more than is kept."""
    models: list[Any] = [load_model(place / name) for name in (LEARNED_FILE, EARLY_FILE) if (place / name).exists()]
    known = _known(dataset, contracts)
    cut = summary.calibration_end
    features = features_at(known, cut)
    try:
        if not _tells_all(features, models):
            return None
        mix = Mix.read(place / MIX_FILE) if (place / MIX_FILE).exists() else None
        values = with_learned(values, summary, known.orders, models[0], features, mix)
    finally:
        features.engine.drop(features.name)
    # An update before may have left the mix out.
    sentences = [one.replace(UNMIXED, DIVIDED) for one in said["sentences"]]
    told = {**said, "used": mix is not None, "unmixed": False, "as_of": cut.isoformat(), "update": ANEW}
    told |= {"sentences": sentences}
    for model in models[1:]:
        first = model.predict(known, level=LEVEL, customers=newcomers(values, model.horizon))
        new, values = with_early(values, model, first, cut)
        spent, expected = (float(first[name][new].sum()) for name in ("so_far", "value"))
        told["early"] = {**said["early"], "newcomers": int(new.sum()), "spent": spent, "expected": expected}
    remark = f"Learned value is said anew at {cut} by what was learned on {said['learned_on']}. {_AGAIN}"
    return UpdatedLearned(values, told, (remark,))


def _known(dataset: Dataset, contracts: Table | None) -> Dataset:
    """What is known of everybody: of the other tables only what was delivered is there."""
    orders: Orders = dataset.orders
    tables: dict[str, Table] = {"orders": orders}
    tables |= {} if orders.refunds is None else {"refunds": orders.refunds}
    tables |= {} if contracts is None else {"subscriptions": contracts}
    return replace(dataset, tables=tables)


def _tells_all(features: Features, models: list[Any]) -> bool:
    """Whether features have all that models of learned and of early value ask for."""
    asked = set(models[0].known_features)
    for early in models[1:]:
        asked |= {name for one in early.models_.values() for name in one.known_features}
    return asked <= set(features.names)


def _kept(said: dict[str, Any], place: Path, values: Values, as_of: str, why: str) -> UpdatedLearned:
    """What the earlier result says; of early value only for those who still are newcomers."""
    engine = values.engine
    file = f"read_parquet({literal(str(place / 'customers.parquet'))})"
    there = [str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {file}")]
    columns = [f"was.{quoted(name)}" for name in there if name.startswith(LEARNED)]
    early = [name for name in there if name.startswith(EARLY)]
    if early and "age_days" in values.columns:
        model: Any = load_model(place / EARLY_FILE)
        young = f"v.age_days < {round(model.horizon.days)}"
        columns += [f"CASE WHEN {young} THEN was.{quoted(name)} END AS {quoted(name)}" for name in early]
    query = (
        f"SELECT v.*, {', '.join(columns)} FROM {quoted(values.name)} AS v LEFT JOIN {file} AS was "
        "ON was.customer_key = v.customer_key"
    )
    joined = Values(engine, create_view(engine, query), values.facts)
    sentences = [one.replace(DIVIDED, UNMIXED) for one in said["sentences"]]
    mixed = bool(said["used"] or said.get("unmixed"))
    told = {**said, "used": False, "unmixed": mixed, "as_of": as_of, "update": KEPT, "sentences": sentences}
    remark = (
        f"Learned value is that of {as_of}: {why}, so that new orders do not change it and who has come since has none."
    )
    more = f" {UNMIXED} Before, they were mixed with it." if mixed else ""
    return UpdatedLearned(joined, told, (f"{remark}{more} {_AGAIN}",))
