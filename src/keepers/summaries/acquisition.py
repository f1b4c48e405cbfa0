"""How each customer came: channel, product and country of the first order, as far as orders carry them."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted, template
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError
from keepers.summaries.purchases import PACKAGE, PurchaseSource

DIMENSIONS = ("product", "category", "country", "channel", "campaign")
"""What may be known of a first order."""


def known_dimensions(orders: Table) -> tuple[str, ...]:
    """The columns of `DIMENSIONS` that any order carries."""
    counts = orders.engine.row(
        f"SELECT {', '.join(f'count({name})' for name in DIMENSIONS)} FROM {quoted(orders.name)}"
    )
    return tuple(name for name, count in zip(DIMENSIONS, counts, strict=True) if count)


def first_orders(summary: Table, orders: Table) -> Table | None:
    """A row a customer with what is known of the first order; None where orders carry nothing of the kind.

    Parameters
    ----------
    summary : Summary
        The customers.
    orders : Orders
        The canonical orders that the summary was made of.
    """
    if not known_dimensions(orders):
        return None
    engine = summary.engine
    sql = template(PACKAGE, "first_orders").format(orders=quoted(orders.name), summary=quoted(summary.name))
    return Table(engine, engine.create(engine.new_name("first_orders"), sql))


def with_covariates(summary: Any, orders: PurchaseSource, covariates: Any) -> Any:
    """The summary with attributes from a table, or from the first orders; see `keepers.summarise`."""
    if hasattr(covariates, "join_to"):
        joined = covariates.join_to(summary)
        summary.engine.drop(summary.name)
        return joined
    if isinstance(covariates, list):
        for one in covariates:
            summary = with_covariates(summary, orders, one)
        return summary
    table = covariates
    if isinstance(covariates, str):
        known = known_dimensions(orders) if isinstance(orders, Table) else ()
        if covariates != "first order" or not isinstance(orders, Table):
            raise ConfigError(f'`covariates` is {covariates!r}. Give a table of attributes, or "first order".')
        table = first_orders(summary, orders) if known else None
        if table is None:
            raise InputError("The orders carry neither channel, campaign, product, category nor country.")
        joined = summary.with_columns(table, columns=known)
    else:
        joined = summary.with_columns(table)
    summary.engine.drop(summary.name)
    return joined
