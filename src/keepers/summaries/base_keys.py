"""Customers of a delivery under the keys by which a kept base knows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.data.engine import Engine, quoted
from keepers.data.table import Table

_KNOWN_AS = "md5_number_lower(concat_ws('|', system, external_id))"
"""An address or id is kept as a number from which it cannot be read."""


@dataclass(frozen=True)
class Keys:
    """How keys change with a delivery.

    Attributes
    ----------
    table : str or None
        Table (old_key, customer_key) of the keys, of delivery or base, that become others; None where none do.
    identities : str
        Table (known_as, customer_key) of what the delivery says about who is who.
    merged : int
        Customers of the base who were found to be the same as another one.
    """

    table: str | None
    identities: str
    merged: int


def match_keys(engine: Engine, identities: Table | None, kept: str, customers: str) -> Keys:
    """Find the customers of a delivery in the base by what both know of them: e-mail addresses and ids of systems.

    A customer whom the base knows keeps the key there. Where a delivery shows that two customers of the base are one,
    the shortest key stays, the first of these in the alphabet.

    Parameters
    ----------
    identities : Table, optional
        Canonical table of the delivery; without it keys are taken as they are.
    kept : str
        Query of the base's (known_as, customer_key).
    customers : str
        Query of the base's `customer_key`.
    """
    told = engine.new_name("told_identities")
    if identities is None:
        engine.create(told, "SELECT 0::UBIGINT AS known_as, '' AS customer_key WHERE FALSE")
        return Keys(None, told, 0)
    named = f"FROM {quoted(identities.name)} WHERE system <> 'phone' AND customer_key IS NOT NULL"
    engine.create(told, f"SELECT DISTINCT {_KNOWN_AS} AS known_as, customer_key {named}")
    same = f"SELECT customer_key AS fresh, customer_key AS kept {named}"
    if not engine.row(f"SELECT count(*) FROM ({kept}) AS kept")[0]:
        # Files without addresses have ids for keys, whatever their system.
        same += f" UNION ALL SELECT customer_key, external_id {named} AND system <> 'email'"
    links = engine.columns(
        f"""WITH known AS (SELECT known_as, customer_key FROM ({kept}) AS kept SEMI JOIN {told} USING (known_as)),
            link AS (
                SELECT told.customer_key AS fresh, known.customer_key AS kept
                FROM {told} AS told INNER JOIN known USING (known_as)
                UNION
                SELECT fresh, kept FROM ({same}) AS same
                SEMI JOIN ({customers}) AS customer ON customer.customer_key = same.kept
            )
            SELECT fresh, kept FROM link ORDER BY fresh, kept"""
    )
    fresh, kept_keys = (np.asarray(links[name], dtype=object) for name in ("fresh", "kept"))
    if not fresh.size:
        return Keys(None, told, 0)
    old, new, merged = _components(fresh.astype(str), kept_keys.astype(str))
    if not old.size:
        return Keys(None, told, 0)
    table = engine.from_columns(engine.new_name("other_keys"), {"old_key": old, "customer_key": new})
    engine.create(
        told,
        f"SELECT DISTINCT known_as, coalesce(other.customer_key, told.customer_key) AS customer_key "
        f"FROM {told} AS told LEFT JOIN {table} AS other ON other.old_key = told.customer_key",
    )
    return Keys(table, told, merged)


def _components(
    fresh: np.ndarray[tuple[int], np.dtype[np.str_]], kept: np.ndarray[tuple[int], np.dtype[np.str_]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.str_]], np.ndarray[tuple[int], np.dtype[np.str_]], int]:
    """Keys that become others, what they become, and how many of the base's are among them."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    fresh_keys, fresh_index = np.unique(fresh, return_inverse=True)
    kept_keys, kept_index = np.unique(kept, return_inverse=True)
    size = fresh_keys.size + kept_keys.size
    edges = coo_array((np.ones(fresh.size), (fresh_index, fresh_keys.size + kept_index)), shape=(size, size))
    _, label = connected_components(edges, directed=False)
    of_fresh, of_kept = label[: fresh_keys.size], label[fresh_keys.size :]
    # The shortest first, then the alphabet; the first of each component is its winner.
    order = np.lexsort((kept_keys, np.char.str_len(kept_keys)))
    components, place = np.unique(of_kept[order], return_index=True)
    winner = kept_keys[order][place]
    fresh_new, kept_new = (winner[np.searchsorted(components, one)] for one in (of_fresh, of_kept))
    other_fresh, other_kept = fresh_keys != fresh_new, kept_keys != kept_new
    old = np.concatenate([fresh_keys[other_fresh], kept_keys[other_kept]])
    new = np.concatenate([fresh_new[other_fresh], kept_new[other_kept]])
    _, once = np.unique(old, return_index=True)
    return old[once], new[once], int(other_kept.sum())
