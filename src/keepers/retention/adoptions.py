"""What customers bring after they first buy from a category, against like customers who bought something else then."""

from __future__ import annotations

import datetime as dt

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.retention.drivers import FEWEST, Contrast, Driver, adjusted_driver
from keepers.retention.shelf import Shelf, customers_of

_MOST = 6
_SAMPLE = 60_000


def adoptions(shelf: Shelf, length: int) -> tuple[Driver, ...]:
    """The worth of a first purchase from each of the largest categories, the largest first.

    Customers are those who had bought before, but never of the category, and came again within a time of `length` days:
    some of them took something of the category then, the others something else. Both are made comparable in what was
    known of them before (orders, lines, money, days since the first and the last, share of each category), and what
    they brought in the `length` days after that day is compared, whatever it was of: what they would have bought anyway
    and what the category takes from others is in it. Adjusted, not proven: what led them to the category may lead on.

    Parameters
    ----------
    shelf : Shelf
    length : int
        Days in which customers come again, and days after that in which money is counted.
    """
    end = shelf.last_day - dt.timedelta(days=length)
    begin = end - dt.timedelta(days=length)
    names = shelf.categories
    if len(names) < 2 or begin <= shelf.first_day:
        return ()
    start = shelf.first_orders(begin, end, length)
    before = shelf.bought(begin)
    known, _ = customers_of(before, shelf.keys.size)
    rows = np.intersect1d(known, start["row"].astype(np.int64))
    if rows.size > _SAMPLE:
        rows = np.sort(np.random.default_rng(0).choice(rows, _SAMPLE, replace=False))
    if rows.size < 2 * FEWEST:
        return ()
    history = before.table(rows, shelf.codes)
    of = _by_category(history, shelf.category_of, len(names))
    place = np.searchsorted(rows, start["row"])
    inside = (place < rows.size) & (rows[np.minimum(place, rows.size - 1)] == start["row"])
    took = np.zeros((rows.size, len(names)), dtype=bool)
    category = shelf.category_of[start["code"][inside].astype(np.int64)]
    took[place[inside][category >= 0], category[category >= 0]] = True
    later = np.zeros(rows.size)
    later[place[inside]] = start["later"][inside]
    facts = _facts(shelf, rows, begin, before.table(rows, shelf.codes, "worth"), history, of)
    found = []
    for number, name in enumerate(names[:_MOST]):
        new = of[:, number] <= 0
        has = took[new, number]
        if min(int(has.sum()), int((~has).sum())) < FEWEST:
            continue
        columns = tuple(range(facts.shape[1]))
        contrast = Contrast(
            f"adopted:{name}", f"first purchase of {name}", has, columns,
            f"recommend {name} to half of the customers who never bought of it, drawn by lot",
        )  # fmt: skip
        found.append(adjusted_driver(contrast, facts[new], later[new]))
    return tuple(sorted(found, key=lambda driver: -driver.gain))


def _by_category(history: FloatArray, category_of: IntArray, categories: int) -> FloatArray:
    """Lines of each category, shape (n, categories)."""
    made = np.zeros((history.shape[0], categories))
    for code, category in enumerate(category_of):
        if category >= 0:
            made[:, category] += history[:, code]
    return made


def _facts(
    shelf: Shelf, rows: IntArray, begin: dt.date, worth: FloatArray, history: FloatArray, of: FloatArray
) -> FloatArray:
    """What was known of customers before: visits, lines, money, how long ago they came, and shares of categories."""
    visits, first, last = shelf.visits(begin, rows)
    lines = history.sum(axis=1)
    money = worth.sum(axis=1)
    share = of / np.maximum(lines, 1.0)[:, None]
    plain = (np.log1p(visits), np.log1p(lines), np.log1p(np.maximum(money, 0.0)), money / visits, first, last)
    return np.column_stack([*plain, (of > 0).sum(axis=1), share])
