"""Engines by URL: a team's database or a cluster, whose tables are used where they stand."""

from __future__ import annotations

from typing import Any

from keepers.data.backends.choose import backend_of
from keepers.data.engine import Engine


def connect(url: str, schema: str = "keepers", **options: Any) -> Engine:
    """An engine on a database or a cluster.

    Use it where the orders are in a warehouse already: summaries, cells, values and tiers are computed there, and
    only distinct histories come to this process, however many customers there are.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database``; ``spark://local[2]``, ``spark://host:7077`` or ``spark://yarn``; or the
        scheme of an installed package (entry point group ``keepers.engines``).
    schema : str
        Schema or database of the results that a run publishes.
    **options
        Further options of the engine; for Spark, ``config={"spark.executor.memory": "8g"}``.

    Returns
    -------
    Engine
        To be given to `keepers.read_orders` with the name of a table.

    Raises
    ------
    ConfigError
        No engine has such URLs.
    EngineError
        It cannot be reached.
    MissingExtraError
        What it needs is not installed.

    Examples
    --------
    >>> import keepers as kp
    >>> engine = kp.connect("postgresql://analyst@db.example.com/shop")  # doctest: +SKIP
    >>> orders = kp.read_orders("sales.orders", engine=engine, columns={"amount": "net_total"})  # doctest: +SKIP
    >>> summary = kp.summarise(orders)  # doctest: +SKIP
    """
    return Engine(backend=backend_of(url, {"schema": schema, **options}))
