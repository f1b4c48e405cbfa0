"""The customer table that a person gets: who they are, what they did, what they are worth, which group they are in."""

from __future__ import annotations

from pathlib import Path

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.exports.files import write_csv_for_people
from keepers.summaries.acquisition import first_orders
from keepers.valuation.values import Values

_FIRST = ("product", "category", "country", "channel", "campaign")


def customer_table(dataset: Dataset, values: Values) -> Values:
    """The same values, kept in the engine, with names in front and what is known of the first order behind.

    Parameters
    ----------
    dataset : Dataset
        Where persons and orders come from.
    values : Values
        One row a customer, mostly not computed yet.
    """
    engine = values.engine
    rest = [f"v.{quoted(name)}" for name in values.columns if name != "customer_key"]
    joins, identity, groups = "", [], []
    persons = dataset.tables.get("persons")
    if persons is not None:
        joins += (
            f" LEFT JOIN (SELECT customer_key, max(name) AS name, max(email) AS email FROM {quoted(persons.name)} "
            "GROUP BY customer_key) AS p ON p.customer_key = v.customer_key"
        )
        identity = ["p.name", "p.email"]
    first = first_orders(values.facts.summary, dataset.orders)
    if first is not None:
        known = [name for name in _FIRST if name in first.columns]
        joins += f" LEFT JOIN {quoted(first.name)} AS f ON f.customer_key = v.customer_key"
        groups = [f"f.{name} AS first_{name}" for name in known]
    columns = ", ".join(["v.customer_key", *identity, *rest, *groups])
    name = engine.create(engine.new_name("customers"), f"SELECT {columns} FROM {quoted(values.name)} AS v{joins}")
    return Values(engine, name, values.facts)


def write_customers(customers: Values, folder: Path, csv: bool) -> list[Path]:
    """Write the table for programs (Parquet) and, if wanted, for people (CSV, most valuable customers first)."""
    written = [customers.write_parquet(folder / "customers.parquet")]
    if csv:
        has_money = customers.has_money
        money = [
            name for name in customers.columns
            if name in ("revenue", "expected_order_value", "money_at_risk")
            or (name.startswith("clv_") and name not in _NO_MONEY)
        ]  # fmt: skip
        order = customers.value_column if has_money else "expected_orders"
        written.append(
            write_csv_for_people(customers, folder / "customers.csv", order_by=order, money=money if has_money else ())
        )
    return written


_NO_MONEY = ("clv_percentile", "clv_tier", "clv_basis", "clv_model_version", "clv_scored_at")
