"""What a shop sells and who bought what when, as numbers: a code a product, a row a customer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.columns import CANONICAL
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.retention.trials import PACKAGE
from keepers.summaries.feature_sources import Known, Shop, orders_of, tables_of
from keepers.summaries.purchases import BEGINNING, day_literal

MOST = 60
"""Products that are told apart, those that are bought most; the others count as something of their category."""
FEWEST = 30
"""Customers who must have bought a product for anything to be said of it."""
_CATEGORIES = 20
_NOBODY = dt.date(9999, 1, 1)
_BY_LINES = """
    SELECT placed.customer_key, placed.day, placed.voided_on, coalesce(line.product, line.sku) AS product,
           line.category, CAST(line.amount AS DOUBLE) AS paid,
           CAST(line.unit_cost AS DOUBLE) * line.quantity AS cost, line.quantity
    FROM {orders} AS placed INNER JOIN {lines} AS line ON line.order_id = placed.order_id
    WHERE placed.counted AND placed.customer_key IS NOT NULL"""
_BY_ORDERS = """
    SELECT customer_key, day, voided_on, product, category, CAST(amount AS DOUBLE) AS paid,
           CAST(amount - contribution AS DOUBLE) AS cost, 1 AS quantity
    FROM {orders} AS placed
    WHERE counted AND customer_key IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Item:
    """A product that can be recommended, or a category where products are too many.

    Attributes
    ----------
    name, category : str
        The latter empty where unknown; the same as the name where categories are told apart.
    price : float
        Mean price of a piece.
    worth : float
        What a line of it brings on average, in the basis of the margin.
    customers : int
        Who bought it.
    """

    name: str
    category: str
    price: float
    worth: float
    customers: int


@dataclass(frozen=True, eq=False)
class Bought:
    """Lines of a span of days, an entry a customer and code: the customer's row, the code, lines, what they brought."""

    row: IntArray
    code: IntArray
    lines: FloatArray
    worth: FloatArray

    def table(self, rows: IntArray, codes: int, what: str = "lines") -> FloatArray:
        """A dense table of some customers, shape (rows, codes); `rows` ascending."""
        place = np.searchsorted(rows, self.row)
        inside = place < rows.size
        inside[inside] = rows[place[inside]] == self.row[inside]
        made = np.zeros((rows.size, codes))
        made[place[inside], self.code[inside]] = getattr(self, what)[inside]
        return made

    def totals(self, codes: int) -> FloatArray:
        """Lines of each code, shape (codes,)."""
        return np.asarray(np.bincount(self.code, self.lines, codes), dtype=np.float64)


class Shelf:
    """The items of a shop, and who bought them; lines stay in the engine.

    Attributes
    ----------
    engine : Engine
    items : tuple of Item
        Codes 0 to ``len(items) - 1``; later codes are other things of a category, and the last one the rest.
    level : str
        ``"product"``, or ``"category"`` where no sixty products make up half of what is bought.
    category_of : array of int, shape (codes,)
        Number of the category of each code, -1 where unknown.
    categories : tuple of str
        Names of categories by number, the largest first.
    keys : array of str, shape (n,)
        Customers, in order.
    first_day, last_day : date
        Of what was bought.
    """

    def __init__(self, source: Shop | Orders, margin: Margin) -> None:
        engine, tables = tables_of(source)
        known = Known(engine, tables, None)
        self.engine: Engine = engine
        self.last_day = orders_of(source).last_day
        self.first_day = orders_of(source).first_day
        lined = known.has("order_lines")
        orders, lines = known.relation(CANONICAL["orders"]), known.relation(CANONICAL["order_lines"])
        bought = fill(_BY_LINES if lined else _BY_ORDERS, orders=orders, lines=lines)
        worth = self._worth(bought, margin)
        kinds = self._kinds(bought, worth, "product, category")
        self.items, self.level, shelf, self.category_of, self.categories = _shelved(kinds)
        if self.level == "category":
            count = dict(
                zip(*(self._kinds(bought, worth, "category")[n] for n in ("category", "customers")), strict=True)
            )
            self.items = tuple(replace(item, customers=int(count[item.name])) for item in self.items)
        self.codes = int(self.category_of.size)
        whole = f"SELECT DISTINCT customer_key FROM ({bought}) AS bought"
        who = engine.create(
            engine.new_name("shelf_who"),
            f"SELECT customer_key, row_number() OVER (ORDER BY customer_key) - 1 AS row FROM ({whole}) AS buyer",
        )
        coded = engine.from_columns(engine.new_name("shelf"), shelf)
        self._lines = engine.create(
            engine.new_name("shelf_lines"),
            fill(
                template(PACKAGE, "item_lines"), bought=bought, who=quoted(who), shelf=quoted(coded), worth=worth,
                other=str(self.codes - 1),
            ),
        )  # fmt: skip
        self.keys: NDArray[Any] = engine.columns(f"SELECT customer_key FROM {quoted(who)} ORDER BY row")["customer_key"]
        engine.drop(who)
        engine.drop(coded)

    @property
    def purchase_days(self) -> int:
        """Days with a purchase, each customer's counted, which is what models of buying count."""
        return int(
            self.engine.row(
                f"SELECT count(*) FROM (SELECT DISTINCT row, day FROM {quoted(self._lines)} AS line "
                "WHERE voided_on IS NULL) AS visit"
            )[0]
        )

    def close(self) -> None:
        """Let go of the lines."""
        self.engine.drop(self._lines)

    def bought(self, until: dt.date, after: dt.date = BEGINNING) -> Bought:
        """What was bought after a day and up to another, as known on the latter: orders cancelled later still stand."""
        found = self.engine.columns(
            f"SELECT row, code, count(*) AS lines, sum(worth) AS worth FROM {quoted(self._lines)} AS line "
            f"WHERE day > {day_literal(after)} AND day <= {day_literal(until)} "
            f"AND coalesce(voided_on, {day_literal(_NOBODY)}) > {day_literal(until)} GROUP BY row, code"
        )
        return Bought(
            found["row"].astype(np.int64), found["code"].astype(np.int64), found["lines"].astype(np.float64),
            found["worth"].astype(np.float64),
        )  # fmt: skip

    def first_orders(self, after: dt.date, until: dt.date, days: int) -> dict[str, NDArray[Any]]:
        """Each customer's first day with a purchase in a span, with the codes of that day and money of `days` after it.

        Columns row, code (one entry a code), day, later (money after that day, the same in every entry of a customer).
        """
        lines = quoted(self._lines)
        first = (
            f"SELECT row, min(day) AS first FROM {lines} AS line WHERE day > {day_literal(after)} AND "
            f"day <= {day_literal(until)} AND voided_on IS NULL GROUP BY row"
        )
        return self.engine.columns(
            f"SELECT start.row AS row, start.first AS day, line.code AS code, max(coalesce(money.later, 0)) AS later "
            f"FROM ({first}) AS start INNER JOIN {lines} AS line ON line.row = start.row AND line.day = start.first "
            f"LEFT JOIN (SELECT begun.row AS row, sum(line.worth) AS later FROM ({first}) AS begun INNER JOIN {lines} "
            f"AS line ON line.row = begun.row AND line.day > begun.first AND "
            f"date_diff('day', begun.first, line.day) <= {int(days)} WHERE line.voided_on IS NULL GROUP BY begun.row) "
            f"AS money ON money.row = start.row WHERE line.voided_on IS NULL GROUP BY start.row, start.first, line.code"
        )

    def visits(self, until: dt.date, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Days with a purchase up to a day of some customers, and how many days ago the first and the last were."""
        found = self.engine.columns(
            f"SELECT row, count(DISTINCT day) AS visits, date_diff('day', min(day), {day_literal(until)}) AS first, "
            f"date_diff('day', max(day), {day_literal(until)}) AS last FROM {quoted(self._lines)} AS line "
            f"WHERE day <= {day_literal(until)} AND coalesce(voided_on, {day_literal(_NOBODY)}) > {day_literal(until)} "
            "GROUP BY row ORDER BY row"
        )
        place = np.searchsorted(found["row"], rows)
        visits, first, last = (found[name][place].astype(np.float64) for name in ("visits", "first", "last"))
        return visits, first, last

    def _worth(self, bought: str, margin: Margin) -> str:
        """The SQL of what a line brings."""
        if not margin.per_order:
            return f"paid * {margin.factor!r}"
        known, cost = self.engine.row(
            f"SELECT sum(paid) FILTER (cost IS NOT NULL), sum(cost) FROM ({bought}) AS bought"
        )
        if not known:
            raise InputError("The margin is to be each order's own, but no line carries its cost.")
        share = 1.0 - float(cost) / float(known)
        return f"coalesce(paid - cost, paid * {share!r})"

    def _kinds(self, bought: str, worth: str, by: str) -> dict[str, NDArray[Any]]:
        """Every product and category with how much it is bought."""
        return self.engine.columns(
            f"SELECT {by}, count(*) AS lines, count(DISTINCT customer_key) AS customers, "
            f"coalesce(sum({worth}), 0) AS worth, coalesce(sum(paid), 0) AS paid, "
            f"coalesce(sum(CAST(quantity AS DOUBLE)), 0) AS pieces FROM ({bought}) AS bought "
            f"GROUP BY {by} ORDER BY lines DESC, {by}"
        )


def _shelved(
    kinds: dict[str, NDArray[Any]],
) -> tuple[tuple[Item, ...], str, dict[str, NDArray[Any]], IntArray, tuple[str, ...]]:
    """Items, what they are, the code of every product and category, the category of every code, and categories."""
    product = _texts(kinds["product"])
    category = _texts(kinds["category"])
    lines, customers = kinds["lines"].astype(np.float64), kinds["customers"].astype(np.int64)
    worth, paid = kinds["worth"].astype(np.float64), kinds["paid"].astype(np.float64)
    pieces = np.maximum(kinds["pieces"].astype(np.float64), 1e-9)
    by_category: dict[str, float] = {}
    for name, count in zip(category, lines, strict=True):
        if name:
            by_category[name] = by_category.get(name, 0.0) + float(count)
    categories = sorted(by_category, key=lambda name: (-by_category[name], name))[:_CATEGORIES]
    number = {name: place for place, name in enumerate(categories)}
    known = [place for place, name in enumerate(product) if name and customers[place] >= FEWEST][:MOST]
    covered = float(lines[known].sum()) / max(float(lines.sum()), 1.0)
    code = np.full(product.size, -1, dtype=np.int64)
    if known and (covered >= 0.5 or len(categories) < 2):
        items = tuple(
            Item(
                str(product[p]),
                str(category[p]),
                float(paid[p] / pieces[p]),
                float(worth[p] / lines[p]),
                int(customers[p]),
            )
            for p in known
        )
        code[known] = np.arange(len(known))
        of = [number.get(str(category[p]), -1) for p in known] + list(range(len(categories))) + [-1]
        rest = [len(known) + number[str(name)] if name in number else -1 for name in category]
        code = np.where(code >= 0, code, rest)
        level = "product"
    else:
        level = "category"
        code = np.array([number.get(str(name), -1) for name in category], dtype=np.int64)
        items = tuple(
            Item(
                name, name, float(paid[code == place].sum() / pieces[code == place].sum()),
                float(worth[code == place].sum() / lines[code == place].sum()), int(customers[code == place].max()),
            )
            for name, place in number.items()
        )  # fmt: skip
        of = [*range(len(categories)), -1]
    some = code >= 0
    shelf = {"product": product[some], "category": category[some], "code": code[some]}
    if not some.any():
        shelf = {"product": np.array([""], object), "category": np.array([""], object), "code": np.array([len(of) - 1])}
    return items, level, shelf, np.array(of, dtype=np.int64), tuple(categories)


def _texts(column: NDArray[Any]) -> NDArray[Any]:
    """Texts, empty where there is none."""
    return np.array(["" if text is None or text is np.ma.masked else str(text) for text in column], dtype=object)


def customers_of(bought: Bought, rows: int) -> tuple[IntArray, FloatArray]:
    """Rows of customers who bought anything, ascending, and the lines of each, shape (rows,)."""
    lines = np.asarray(np.bincount(bought.row, bought.lines, rows), dtype=np.float64)
    return np.flatnonzero(lines > 0), lines
