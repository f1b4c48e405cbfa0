"""Fits of spend to a summary, made once: several models of spend begin with the same Gamma-Gamma, and what a choice has
fitted is used again."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

from keepers.models.priors import Prior
from keepers.summaries.summary import Summary

_known: WeakKeyDictionary[Summary, dict[tuple[object, ...], Any]] = WeakKeyDictionary()
_joint: WeakKeyDictionary[Summary, list[tuple[Any, tuple[object, ...], Any]]] = WeakKeyDictionary()


def known_fit(model: Any, data: Any, buying: Any = None) -> Any:
    """Fit a model of spend to data, or give a copy of what an equal one has found in the same summary before.

    Parameters
    ----------
    model : model of spend
        Not yet fitted. One with covariates is always fitted, and so is one with a prior of its own that needs no
        buying.
    data : summary, SpendCells or frame
        As for `model.fit`; only of a summary fits are kept, as long as it lives.
    buying : fitted model, optional
        Of buying, for a model of spend that needs one: the fit is that with this very one.
    """
    given = () if buying is None else (buying,)
    if not isinstance(data, Summary) or model.covariates is not None:
        return model.fit(data, *given)
    if buying is not None:
        return _known_joint(model, data, buying)
    if isinstance(model.prior, Prior):
        return model.fit(data)
    settings = (type(model), model.include_first, model.prior, getattr(model, "drift", None))
    fits = _known.setdefault(data, {})
    if settings not in fits:
        fits[settings] = copy.copy(model).fit(data)
    return copy.copy(fits[settings])


def _known_joint(model: Any, data: Summary, buying: Any) -> Any:
    asked = (getattr(model, name, None) for name in ("correlation", "leaving"))
    # Whoever fits the same model of buying again gets another fit of spend.
    settings = (type(model), model.include_first, *asked, tuple(buying.parameters_.values()))
    fits = _joint.setdefault(data, [])
    for known, how, found in fits:
        if known is buying and how == settings and found.prior is model.prior:
            return copy.copy(found)
    fits.append((buying, settings, copy.copy(model).fit(data, buying)))
    return copy.copy(fits[-1][-1])
