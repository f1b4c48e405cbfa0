"""What is known of customers as numbers alone: categories become a column for each of their largest labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray

MOST_LABELS = 6


@dataclass(frozen=True, eq=False)
class KnownColumns:
    """A table of numbers, shape (n, q), the feature that each column is of, and its label where that is a category."""

    rows: FloatArray
    names: tuple[str, ...]
    labels: tuple[str, ...]


def known_columns(rows: FloatArray, names: Sequence[str], levels: Mapping[str, Sequence[str]]) -> KnownColumns:
    """Spread categories out.

    Parameters
    ----------
    rows : array, shape (n, p)
        Categories as codes.
    names : sequence of str
        Of the columns.
    levels : mapping
        Labels of the categories in the order of their codes.

    >>> found = known_columns(np.array([[1.0, 0.0], [2.0, 1.0]]), ["age", "channel"], {"channel": ["ads", "shop"]})
    >>> found.labels, found.rows.tolist()
    (('', 'ads', 'shop'), [[1.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    """
    columns: list[FloatArray] = []
    owners: list[str] = []
    labels: list[str] = []
    for place, name in enumerate(names):
        column = rows[:, place]
        if name not in levels:
            columns.append(column)
            owners.append(name)
            labels.append("")
            continue
        sizes = [int((column == code).sum()) for code in range(len(levels[name]))]
        largest = sorted(np.argsort(sizes, kind="stable")[::-1][:MOST_LABELS])
        for code in largest:
            if sizes[code]:
                columns.append((column == code).astype(np.float64))
                owners.append(name)
                labels.append(levels[name][code])
    table = np.column_stack(columns) if columns else np.zeros((rows.shape[0], 0))
    return KnownColumns(table, tuple(owners), tuple(labels))
