"""Plain fits of spend to a summary, made once: several models of spend begin with the same Gamma-Gamma."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

from keepers.models.priors import Prior
from keepers.summaries.summary import Summary

_known: WeakKeyDictionary[Summary, dict[tuple[object, ...], Any]] = WeakKeyDictionary()


def known_fit(model: Any, data: Any) -> Any:
    """Fit a model of spend to data, or give a copy of what an equal one has found in the same summary before.

    Parameters
    ----------
    model : GammaGamma or DriftingGammaGamma
        Not yet fitted. One with covariates or a prior of its own is always fitted.
    data : summary, SpendCells or frame
        As for `model.fit`; only of a summary fits are kept, as long as it lives.
    """
    if not isinstance(data, Summary) or model.covariates is not None or isinstance(model.prior, Prior):
        return model.fit(data)
    settings = (type(model), model.include_first, model.prior, getattr(model, "drift", None))
    fits = _known.setdefault(data, {})
    if settings not in fits:
        fits[settings] = model.fit(data)
    return copy.copy(fits[settings])
