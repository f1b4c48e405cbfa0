"""Features: what every canonical table told of each customer by a day, or by an age, and nothing that came later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.table import Table, register_frame
from keepers.domain.cells import FloatArray
from keepers.domain.columns import CANONICAL, ORDERS
from keepers.domain.errors import InputError
from keepers.domain.time import parse_day
from keepers.summaries.attributes import KEYS
from keepers.summaries.feature_parts import Part, Parts
from keepers.summaries.feature_sources import Known, tables_of
from keepers.summaries.feature_templates import Feature
from keepers.summaries.purchases import PACKAGE, day_literal

MOST_LEVELS = 255
"""Labels of a category that have a code of their own, the most frequent ones; the others share one."""

OTHER = "(other)"
"""The label of those others."""

ROWS_AT_ONCE = 100_000
"""Rows that leave the engine together."""


class Features(Table):
    """A table of the engine with a row a customer: `customer_key`, `as_of`, `first_day` and the features.

    Attributes
    ----------
    at : date or None
        The day up to which everything was known; None where each customer has a day of their own (`as_of`).
    age : int or None
        Days after the first purchase at which everybody was looked at, where that is how rows were made.
    names : tuple of str
        The columns that are features.
    catalogue : dict of str to Feature
        What each means: the canonical table it is made of, the meaning in words, and the unit.
    """

    def __init__(
        self, engine: Engine, name: str, at: dt.date | None, features: Sequence[Feature], age: int | None = None
    ) -> None:
        super().__init__(engine, name)
        self.at = at
        self.age = age
        self.catalogue = {feature.name: feature for feature in features}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are features."""
        return tuple(self.catalogue)

    @property
    def categories(self) -> tuple[str, ...]:
        """The features whose values are words."""
        return tuple(name for name, feature in self.catalogue.items() if feature.is_category)

    @cached_property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """The labels of each category in the order of their codes; rare ones share the last code, `OTHER`."""
        found = {}
        for name in self.categories:
            column = quoted(name)
            rows = self.engine.rows(
                f"SELECT {column}, count(*) FROM {quoted(self.name)} WHERE {column} IS NOT NULL GROUP BY {column} "
                f"ORDER BY 2 DESC, 1 LIMIT {MOST_LEVELS + 1}"
            )
            labels = sorted(str(row[0]) for row in rows[:MOST_LEVELS])
            found[name] = (*labels, OTHER) if len(rows) > MOST_LEVELS else tuple(labels)
        return found

    def matrix(
        self, names: Sequence[str] | None = None, levels: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[NDArray[Any], FloatArray]:
        """All customers in the order of their keys, with their features as numbers.

        Parameters
        ----------
        names : sequence of str, optional
            Which features; all if left out. Those that are not there are missing throughout, so that a model gets
            the columns it was fitted on.
        levels : mapping, optional
            Labels of the categories in the order of their codes, as `levels` of other features gives them; a label
            that is not among them has the code of `OTHER`, and is missing without one.

        Returns
        -------
        keys : array, shape (n,)
        values : array of float64, shape (n, p)
            NaN where nothing is known; categories as codes, flags as 0 and 1.
        """
        wanted = self.names if names is None else tuple(names)
        count = len(self)
        keys: NDArray[Any] = np.empty(count, dtype=object)
        values = np.full((count, len(wanted)), np.nan)
        start = 0
        for some_keys, some in self.batches(names, levels):
            keys[start : start + some_keys.size] = some_keys
            values[start : start + some_keys.size] = some
            start += some_keys.size
        return keys, values

    def batches(
        self,
        names: Sequence[str] | None = None,
        levels: Mapping[str, Sequence[str]] | None = None,
        rows: int = ROWS_AT_ONCE,
    ) -> Iterator[tuple[NDArray[Any], FloatArray]]:
        """The same as `matrix` in portions of `rows` customers, so that memory does not grow with their number."""
        wanted = self.names if names is None else tuple(names)
        coded = {name: tuple(of) for name, of in (self.levels if levels is None else levels).items()}
        there = [name for name in wanted if name in self.catalogue]
        codes = _codes(self.engine, {name: coded.get(name, ()) for name in there if name in self.categories})
        columns, joins = [], []
        for place, name in enumerate(there):
            column = f"feature.{quoted(name)}"
            if name in self.categories:
                other = coded[name].index(OTHER) if OTHER in coded.get(name, ()) else None
                alias = f"l{place}"
                same = f"{alias}.feature = '{name}' AND {alias}.label = {column}"
                joins.append(f"LEFT JOIN {quoted(codes)} AS {alias} ON {same}")
                code = f"{alias}.code" if other is None else f"coalesce({alias}.code, {other})"
                column = f"CASE WHEN {column} IS NOT NULL THEN {code} END"
            columns.append(f"CAST({column} AS DOUBLE) AS {quoted(name)}")
        listed = ", ".join(["feature.customer_key AS customer_key", *columns])
        source = f"{quoted(self.name)} AS feature {' '.join(joins)}"
        starts = self.engine.rows(
            f"SELECT customer_key FROM (SELECT customer_key, row_number() OVER (ORDER BY customer_key) AS place "
            f"FROM {quoted(self.name)}) AS numbered WHERE place % {int(rows)} = {1 % int(rows)} ORDER BY customer_key"
        )
        bounds = [row[0] for row in starts]
        try:
            for low, high in zip(bounds, [*bounds[1:], None], strict=True):
                within = "feature.customer_key >= $low" + ("" if high is None else " AND feature.customer_key < $high")
                parameters = {"low": low} if high is None else {"low": low, "high": high}
                found = self.engine.columns(
                    f"SELECT {listed} FROM {source} WHERE {within} ORDER BY feature.customer_key", parameters
                )
                block = np.full((found["customer_key"].size, len(wanted)), np.nan)
                for place, name in enumerate(wanted):
                    if name in self.catalogue:
                        block[:, place] = found[name]
                yield found["customer_key"], block
        finally:
            self.engine.drop(codes)


def _codes(engine: Engine, levels: Mapping[str, Sequence[str]]) -> str:
    """A table with the code of every label of every category."""
    rows = [(name, label, code) for name, labels in levels.items() for code, label in enumerate(labels)]
    columns = {
        "feature": np.array([row[0] for row in rows] or [""], dtype=object),
        "label": np.array([row[1] for row in rows] or [""], dtype=object),
        "code": np.array([row[2] for row in rows] or [0], dtype=np.int64),
    }
    return engine.from_columns(engine.new_name("feature_levels"), columns)


def features_at(source: Any, at: dt.date | str, *, customers: Any = None) -> Features:
    """What every canonical table told of each customer by the end of a day, and nothing that came later.

    Orders are net of the refunds and cancellations known by then; a contract that ended later runs; a referral has
    succeeded only if the referred person had bought; an outcome, acceptance or count that carries no date of its own
    is left out. What is not among the data is no column: nothing is made up.

    Parameters
    ----------
    source : Dataset, Store or Orders
        What `keepers.read`, `keepers.read_orders` or `keepers.simulate` give; all tables are in one engine.
    at : date or ISO text
        The day, its end included.
    customers : frame, Table or sequence of keys, optional
        Whose rows to make, whether they bought by then or not; everybody who had bought or subscribed if left out.

    Returns
    -------
    Features

    Raises
    ------
    InputError
        If nobody had bought or subscribed by the day.

    Examples
    --------
    >>> import keepers as kp
    >>> frame = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-01-15", "2024-01-08"], "paid": [10.0, 20.0, 5.0]}
    >>> orders = kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")
    >>> features = kp.features_at(orders, "2024-01-10")
    >>> features.catalogue["days_since_last"].meaning
    'time since the last purchase'
    >>> features.engine.rows(f"SELECT customer_key, orders, days_since_last FROM {features.name} ORDER BY 1")
    [('a', 1, 9), ('b', 1, 2)]
    """
    engine, tables = tables_of(source)
    day = parse_day(at, "at")
    chosen = None if customers is None else _chosen(engine, customers)
    known = Known(engine, tables, day, chosen)
    made = _make(known, day, None)
    if chosen is not None:
        engine.drop(chosen)
    if not len(made):
        engine.drop(made.name)
        raise InputError(f"Nobody who can be named had bought or subscribed by {day}. Choose a later day (`at`).")
    return made


def features_at_age(source: Any, days: int, *, customers: Any = None) -> Features:
    """The features of each customer as they were known so many days after their first purchase.

    Customers whose first purchase is less than `days` before the last day of the data are left out: nobody knows yet.
    Whether the first order was called off later does not matter for who is in; only one called off on its own day
    was never a purchase.

    Parameters
    ----------
    source : Dataset, Store or Orders
        As in `features_at`.
    days : int
        Age at which customers are looked at: 0 is the end of the day of the first purchase.
    customers : frame, Table or sequence of keys, optional
        Of whom; of everybody if left out.

    Returns
    -------
    Features
        `at` is None and `as_of` each customer's own day.

    Raises
    ------
    InputError
        If there are no orders, or nobody is old enough.
    """
    engine, tables = tables_of(source)
    if days < 0:
        raise InputError(f"`days` is {days}; an age is 0 or more.")
    if "orders" not in tables:
        raise InputError("An age is counted from the first purchase, and there are no orders among these data.")
    known = Known(engine, tables, None)
    last = known.end(ORDERS.name)
    if last is None:
        raise InputError("No order counts as a purchase of a known customer; see `keepers check`.")
    query = fill(
        template(PACKAGE, "features_cuts"),
        orders=known.relation(ORDERS), age=str(int(days)), last_day=day_literal(last),
    )  # fmt: skip
    if customers is not None:
        chosen = _chosen(engine, customers)
        query = f"SELECT * FROM ({query}) AS start WHERE customer_key IN (SELECT customer_key FROM {quoted(chosen)})"
    known.cuts = engine.create(engine.new_name("feature_cuts"), query)
    made = _make(known, None, int(days))
    engine.drop(known.cuts)
    if not len(made):
        engine.drop(made.name)
        raise InputError(f"No customer's first purchase is {days} days before the last order ({last}) or earlier.")
    return made


def _make(known: Known, at: dt.date | None, age: int | None) -> Features:
    """Make the table of features of everybody who has a row."""
    engine = known.engine
    made: list[str] = []

    def create(stem: str, query: str) -> str:
        made.append(engine.create(engine.new_name(stem), query))
        return made[-1]

    try:
        orders, refunds = known.orders(), known.refunds()
        placed = create("features_placed", fill(template(PACKAGE, "features_placed"), orders=orders, refunds=refunds))
        days = create("features_days", fill(template(PACKAGE, "features_days"), placed=quoted(placed)))
        base = fill(template(PACKAGE, "features_base"), days=quoted(days), chosen=_rows(known, days))
        known.base = create("features_base", base)
        asked = Parts(known, placed, days)
        parts = [(create("features_part", part.sql), part) for part in asked]
        made += asked.made
        joins = " ".join(
            f"LEFT JOIN {quoted(table)} AS p{n} ON p{n}.customer_key = base.customer_key"
            for n, (table, _) in enumerate(parts)
        )
        columns = ", ".join(
            _column(f"p{n}", feature, part, known) for n, (_, part) in enumerate(parts) for feature in part.features
        )
        query = fill(template(PACKAGE, "features"), base=quoted(known.base), features=columns, joins=joins)
        with engine.in_order() if engine.is_embedded else engine.steady():
            name = engine.create(engine.new_name("features"), query)
    finally:
        for table in made:
            engine.drop(table)
    return Features(engine, name, at, [feature for _, part in parts for feature in part.features], age)


def _column(alias: str, feature: Feature, part: Part, known: Known) -> str:
    """A feature of a customer of whom its table may say nothing."""
    column = f"{alias}.{quoted(feature.name)}"
    if feature.zero:
        column = f"coalesce({column}, 0)"
        if part.since is not None and (known.at is None or known.at < part.since):
            column = f"CASE WHEN base.cut >= {day_literal(part.since)} THEN {column} END"
    return f"{column} AS {quoted(feature.name)}"


def _rows(known: Known, days: str) -> str:
    """A query of who has a row, and each one's cut."""
    if known.at is None:
        assert known.cuts is not None
        return f"SELECT customer_key, cut FROM {quoted(known.cuts)}"
    cut = day_literal(known.at)
    if known.cuts is not None:
        return f"SELECT customer_key, {cut} AS cut FROM {quoted(known.cuts)}"
    buyers = f"SELECT customer_key FROM {quoted(days)} AS purchase WHERE bought"
    if known.has("subscriptions"):
        contracts = known.relation(CANONICAL["subscriptions"])
        buyers += f" UNION SELECT customer_key FROM {contracts} AS contract WHERE started_on <= {cut}"
    return f"SELECT DISTINCT customer_key, {cut} AS cut FROM ({buyers}) AS buyer WHERE customer_key IS NOT NULL"


def _chosen(engine: Engine, customers: Any) -> str:
    """A table of the customers that were asked for."""
    if isinstance(customers, Sequence | np.ndarray) and not isinstance(customers, str):
        customers = {"customer_key": np.asarray(customers, dtype=object)}
    table = register_frame(engine, customers)
    key = next((name for name in KEYS if name in table.columns), None)
    if key is None:
        raise InputError(f"`customers` has no column `customer_key`. It has: {', '.join(table.columns)}.")
    query = f"SELECT DISTINCT CAST({quoted(key)} AS VARCHAR) AS customer_key FROM {quoted(table.name)} AS asked"
    return engine.create(engine.new_name("feature_customers"), f"{query} WHERE {quoted(key)} IS NOT NULL")
