"""The models by name, loaded when asked for, and saved models read back."""

from __future__ import annotations

import importlib
import os
from typing import cast

from keepers.domain.errors import ConfigError, InputError
from keepers.models import persistence
from keepers.models.base import Model

CATALOGUE: dict[str, str] = {
    "NBD": "keepers.models.btyd.nbd",
    "BGNBD": "keepers.models.btyd.bg_nbd",
    "MBGNBD": "keepers.models.btyd.mbg_nbd",
    "ParetoNBD": "keepers.models.btyd.pareto_nbd",
    "GammaGamma": "keepers.models.spend.gamma_gamma",
}
"""Module of each model; the class has the same name."""


def model_class(name: str) -> type[Model]:
    """The class of a model.

    Raises
    ------
    ConfigError
        If there is no such model.

    Examples
    --------
    >>> model_class("BGNBD").title
    'BG/NBD'
    """
    wanted = _plain(name)
    for known, module in CATALOGUE.items():
        if _plain(known) == wanted:
            return cast(type[Model], getattr(importlib.import_module(module), known))
    raise ConfigError(f"There is no model {name!r}. Use one of: {', '.join(CATALOGUE)}.")


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model that `save` wrote.

    Raises
    ------
    InputError
        If the file is not a saved model, is damaged, or was written by a later version.
    """
    data = persistence.read(path)
    try:
        return model_class(str(data["model"])).from_dict(data)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The saved model {os.fspath(path)} is damaged ({error!r}). Fit and save it again.") from error


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
