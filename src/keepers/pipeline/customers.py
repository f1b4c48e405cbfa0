"""The customer table that a person gets: who they are, what they did, what they are worth, which group they are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keepers.data.engine import literal, quoted
from keepers.data.read import Dataset
from keepers.exports.files import write_csv_for_people
from keepers.summaries.acquisition import first_orders
from keepers.valuation.columns import Columns
from keepers.valuation.values import Values, create_view

if TYPE_CHECKING:
    from keepers.retention.segments import BehaviourRule

_PERSON = ("name", "email")
_FIRST = ("product", "category", "country", "channel", "campaign")
_NO_MONEY = ("clv_percentile", "clv_tier", "clv_basis", "clv_model_version", "clv_scored_at", "clv_early_day")


def value_names(wanted: Columns) -> Columns:
    """What is to be valued of the columns of a customer table; the others are known of the customer anyway."""
    if isinstance(wanted, str):
        return wanted
    known = {"customer_key", *_PERSON, *(f"first_{name}" for name in _FIRST)}
    return tuple(name for name in wanted if name not in known)


def customer_table(
    dataset: Dataset,
    values: Values,
    wanted: Columns = "all",
    behaviour: BehaviourRule | None = None,
    before: Path | None = None,
) -> Values:
    """The same values, still to be computed, with names in front and what is known of the first order behind.

    Parameters
    ----------
    dataset : Dataset
        Where persons and orders come from.
    values : Values
        One row a customer, mostly not computed yet.
    wanted : "all", "main" or sequence of str
        The columns to be there. The main ones have the names, and nothing of the first order.
    behaviour : BehaviourRule, optional
        The rule of the column `behaviour_segment`.
    before : Path, optional
        The published scores of an earlier run of the project, for `rfm_group_previous`.
    """
    engine = values.engine
    rest = [f"v.{quoted(name)}" for name in values.columns if name != "customer_key"]
    joins, identity, groups = "", [], []
    persons = dataset.tables.get("persons")
    named = [name for name in _PERSON if isinstance(wanted, str) or name in wanted]
    if persons is not None and named:
        joins += (
            f" LEFT JOIN (SELECT customer_key, max(name) AS name, max(email) AS email FROM {quoted(persons.name)} "
            "GROUP BY customer_key) AS p ON p.customer_key = v.customer_key"
        )
        identity = [f"p.{name}" for name in named]
    asked = [name for name in _FIRST if wanted == "all" or (wanted != "main" and f"first_{name}" in wanted)]
    first = first_orders(values.facts.summary, dataset.orders) if asked else None
    if first is not None:
        known = [name for name in asked if name in first.columns]
        joins += f" LEFT JOIN {quoted(first.name)} AS f ON f.customer_key = v.customer_key"
        groups = [f"f.{name} AS first_{name}" for name in known]
    segments: list[str] = []
    if behaviour is not None:
        share, join = _discount_share(dataset, values)
        joins += join
        segments.append(f"{behaviour.sql(share)} AS behaviour_segment")
    if before is not None:
        joins += f" LEFT JOIN read_parquet({literal(str(before))}) AS earlier ON earlier.customer_key = v.customer_key"
        segments.append("earlier.rfm_group AS rfm_group_previous")
    columns = ", ".join(["v.customer_key", *identity, *rest, *segments, *groups])
    return Values(engine, create_view(engine, f"SELECT {columns} FROM {quoted(values.name)} AS v{joins}"), values.facts)


def _discount_share(dataset: Dataset, values: Values) -> tuple[str, str]:
    """SQL of the share of a customer's orders with a discount, and the join that it needs."""
    orders = dataset.orders
    if not values.engine.is_embedded or not {"discount", "discount_code"} <= set(orders.columns):
        return "NULL", ""
    join = (
        " LEFT JOIN (SELECT customer_key, "
        "avg(CASE WHEN discount > 0 OR discount_code IS NOT NULL THEN 1.0 ELSE 0.0 END) "
        f"AS discounted FROM {quoted(orders.name)} WHERE counted GROUP BY customer_key) AS reduced "
        "ON reduced.customer_key = v.customer_key"
    )
    return "reduced.discounted", join


def write_customers(customers: Values, folder: Path, csv: bool) -> Values:
    """Write the table for programs (Parquet) and, if wanted, for people (CSV, most valuable customers first).

    Rows that are still to be computed go straight into the file. Gives back what was written, to be summed up.
    """
    file = customers.write_parquet(folder / "customers.parquet")
    written = Values(
        customers.engine,
        create_view(customers.engine, f"SELECT * FROM read_parquet({literal(str(file))})"),
        customers.facts,
    )
    if csv:
        present = written.columns
        money = [
            name for name in present
            if name in ("revenue", "expected_order_value", "money_at_risk")
            or (name.startswith("clv_") and name not in _NO_MONEY)
        ]  # fmt: skip
        by = [customers.value_column] if customers.has_money else []
        order = next((name for name in (*by, "expected_orders", "revenue") if name in present), None)
        write_csv_for_people(
            written, folder / "customers.csv", order_by=order, money=money if customers.has_money else ()
        )
    return written
