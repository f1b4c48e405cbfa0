"""How each customer came: channel, product and country of the first order, as far as orders carry them."""

from __future__ import annotations

from keepers.data.engine import quoted, template
from keepers.data.table import Table
from keepers.summaries.purchases import PACKAGE

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
