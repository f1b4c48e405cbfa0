"""What is known of subscribers from the start, which models of contracts may take for covariates."""

from __future__ import annotations

from pathlib import Path

from keepers.data.engine import Engine, literal, quoted
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.models.contractual.contract import ContractModel

COLUMNS = ("channel", "country")
_RARE, _MOST = 30, 12
OTHER, UNKNOWN = "other", "unknown"
_LISTED = "SELECT customer_key, min({name}) AS told FROM {table} GROUP BY customer_key"
_EARLIER = "SELECT customer_key, {name} AS told FROM {table}"
_FIRST_ORDER = (
    "SELECT customer_key, told FROM (SELECT customer_key, {name} AS told, row_number() OVER (PARTITION BY customer_key "
    "ORDER BY occurred_at, order_id) AS place FROM {table} WHERE customer_key IS NOT NULL) AS numbered WHERE place = 1"
)


def subscriber_attributes(
    dataset: Dataset, contracts: Table, model: ContractModel | None = None, earlier: Path | None = None
) -> Table | None:
    """Channel and country of every subscriber, as the list of customers or else their first order tells them.

    Levels with few customers are one level, "other"; what is not known is a level, too.

    Parameters
    ----------
    dataset : Dataset
    contracts : Table
        The canonical table of subscriptions.
    model : ContractModel, optional
        A fitted one, whose levels are then the ones that are told apart.
    earlier : Path, optional
        The subscribers of an earlier result, which tells what the files of today do not.

    Returns
    -------
    Table or None
        `customer_key` and the columns of which two levels are known; None where there is none.
    """
    engine = contracts.engine
    said = "" if earlier is None else f"read_parquet({literal(str(earlier))})"
    before = engine.columns(f"SELECT * FROM {said} LIMIT 0") if said else {}
    told = {name: [*_told(dataset, name), *([(said, _EARLIER)] if name in before else [])] for name in COLUMNS}
    known = {name: sources for name, sources in told.items() if sources}
    levels = _levels_of(model)
    wanted = [name for name in known if model is None or name in levels]
    if not wanted:
        return None
    joins, columns = [], []
    for name in wanted:
        own = []
        for place, (table, sql) in enumerate(known[name]):
            called = f"{name}_{place}"
            joins.append(
                f"LEFT JOIN ({sql.format(table=table, name=quoted(name))}) AS {called} "
                f"ON {called}.customer_key = who.customer_key"
            )
            own.append(f"{called}.told")
        columns.append(f"coalesce({', '.join(own)}, {literal(UNKNOWN)}) AS {quoted(name)}")
    who = f"SELECT DISTINCT customer_key FROM {quoted(contracts.name)} WHERE customer_key IS NOT NULL"
    raw = engine.create(
        engine.new_name("subscriber_origins"),
        f"SELECT who.customer_key, {', '.join(columns)} FROM ({who}) AS who {' '.join(joins)}",
    )
    kept: dict[str, list[str]] = {}
    for name in wanted:
        frequent = levels.get(name) or _frequent(engine, raw, name)
        if len(frequent) > 1 or (model is not None):
            kept[name] = frequent
    if not kept:
        engine.drop(raw)
        return None
    listed = ", ".join(
        f"CASE WHEN {quoted(name)} IN ({', '.join(map(literal, frequent))}) THEN {quoted(name)} "
        f"ELSE {literal(OTHER if model is None or OTHER in frequent else frequent[0])} END AS {quoted(name)}"
        for name, frequent in kept.items()
    )
    made = engine.create(engine.new_name("subscriber_attributes"), f"SELECT customer_key, {listed} FROM {quoted(raw)}")
    engine.drop(raw)
    return Table(engine, made)


def _told(dataset: Dataset, name: str) -> list[tuple[str, str]]:
    """Tables that tell of a column, the best first, with SQL that gives one value a customer."""
    found = []
    customers, orders = dataset.tables.get("customers"), dataset.tables.get("orders")
    if customers is not None and name in customers.columns:
        found.append((quoted(customers.name), _LISTED))
    if orders is not None and {name, "occurred_at", "order_id"} <= set(orders.columns):
        found.append((quoted(orders.name), _FIRST_ORDER))
    return found


def _frequent(engine: Engine, table: str, name: str) -> list[str]:
    rows = engine.rows(
        f"SELECT {quoted(name)}, count(*) FROM {quoted(table)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST}"
    )
    return [str(level) for level, count in rows if count >= _RARE]


def _levels_of(model: ContractModel | None) -> dict[str, list[str]]:
    """Levels that a fitted model knows of each column, the reference first."""
    coding = None if model is None else model.coding_
    return {} if coding is None else {code.column: list(code.levels) for code in coding.codes if code.levels}
