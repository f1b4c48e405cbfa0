"""Answers that are smooth in a contract's age, asked at a few hundred ages however many there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.chebyshev import ChebyshevGrid, relative_tail

_SIZE = 24
_SETTLED = 3e-13
_DEEPEST = 6
_CHUNK = 200_000


def by_age(ask: Callable[[FloatArray], FloatArray], age: FloatArray) -> FloatArray:
    """The answer at every age: asked at each where there are few, else by Chebyshev's series on intervals of ages.

    Survival is analytic in the age but for zero, so that intervals from an age to twice that age suit every scale. One
    whose series has not settled to twelve digits is halved; where halving does not help, its ages are asked one by one.

    Parameters
    ----------
    ask : callable
        Gives answers of shape (m,) or (D, m) for ages of shape (m,).
    age : array, shape (n,)
        Zero or more.

    Returns
    -------
    array, shape (n,) or (D, n)
    """
    distinct, row = np.unique(age, return_inverse=True)
    begun = distinct[distinct > 0]
    octaves = int(np.ceil(np.log2(begun[-1] / begun[0]) + 1e-9)) if begun.size > 1 else 0
    if distinct.size <= 2 * _SIZE * max(octaves, 1):
        return np.asarray(ask(distinct)[..., row])
    edges = begun[0] * 2.0 ** np.arange(max(octaves, 1) + 1)
    found: FloatArray | None = None
    alone = distinct == 0
    panels = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    for depth in range(_DEEPEST + 1):
        held = [np.flatnonzero((distinct >= low) & (distinct < high) & ~alone) for low, high in panels]
        if depth == 0 and distinct[-1] >= edges[-1]:
            held[-1] = np.append(held[-1], distinct.size - 1)
        for rows in held:
            # Where so few ages lie, asking them is cheaper than a series.
            alone[rows[: rows.size if rows.size <= _SIZE else 0]] = True
        asked = [(panel, rows) for panel, rows in zip(panels, held, strict=True) if rows.size > _SIZE]
        if not asked:
            break
        grids = [ChebyshevGrid(low, high, _SIZE) for (low, high), _ in asked]
        values = ask(np.concatenate([grid.points for grid in grids]))
        if found is None:
            found = np.empty((*values.shape[:-1], distinct.size))
        panels = []
        for place, (grid, ((low, high), rows)) in enumerate(zip(grids, asked, strict=True)):
            own = values[..., place * _SIZE : (place + 1) * _SIZE]
            # An answer without end for one set of parameters is so at every age.
            endless = ~np.isfinite(own).all(axis=-1, keepdims=True)
            series = grid.coefficients(np.where(endless, 0.0, own))
            if relative_tail(series) > _SETTLED:
                if depth == _DEEPEST:
                    alone[rows] = True
                middle = 0.5 * (low + high)
                panels += [(low, middle), (middle, high)]
                continue
            for some in np.array_split(rows, rows.size // _CHUNK + 1):
                found[..., some] = np.where(endless, np.inf, series @ grid.polynomials(distinct[some]))
    if found is None or alone.any():
        values = ask(distinct[alone])
        found = np.empty((*values.shape[:-1], distinct.size)) if found is None else found
        found[..., alone] = values
    return np.asarray(found[..., row])
