"""The models by name, of the house and of other packages, loaded when asked for; and saved models read back."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, cast

from keepers.domain.errors import ConfigError, InputError
from keepers.models import persistence
from keepers.models.base import Model

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

CATALOGUE: dict[str, str] = {
    "NBD": "keepers.models.btyd.nbd",
    "BGNBD": "keepers.models.btyd.bg_nbd",
    "MBGNBD": "keepers.models.btyd.mbg_nbd",
    "ParetoNBD": "keepers.models.btyd.pareto_nbd",
    "GGompertzNBD": "keepers.models.btyd.ggompertz_nbd",
    "HierarchicalParetoNBD": "keepers.models.btyd.hierarchical_pareto_nbd",
    "ParetoNBDAbe": "keepers.models.btyd.pareto_nbd_abe",
    "ParetoGGG": "keepers.models.btyd.pareto_ggg",
    "BGBB": "keepers.models.btyd.bg_bb",
    "ShiftedBetaGeometric": "keepers.models.contractual.shifted_beta_geometric",
    "BetaDiscreteWeibull": "keepers.models.contractual.beta_discrete_weibull",
    "ExponentialGamma": "keepers.models.contractual.exponential_gamma",
    "WeibullGamma": "keepers.models.contractual.weibull_gamma",
    "BGCNBD": "keepers.models.btyd.bg_cnbd",
    "MBGCNBD": "keepers.models.btyd.mbg_cnbd",
    "GammaGamma": "keepers.models.spend.gamma_gamma",
    "DriftingGammaGamma": "keepers.models.spend.drifting_gamma_gamma",
    "SignedSpend": "keepers.models.spend.signed_spend",
    "CorrelatedSpend": "keepers.models.spend.correlated_spend",
}
"""Module of each model; the class has the same name."""

COMBINED: dict[str, str] = {"PooledModel": "keepers.models.pooled", "Stack": "keepers.models.stack"}
"""Models that are made of others, by the same rule."""

LEARNED: dict[str, str] = {
    "LearnedValue": "keepers.models.learned.learned_value",
    "EarlyValue": "keepers.models.learned.early_value",
}
"""What learns from features, by the same rule; it is saved and read like a model."""

PLUGINS = "keepers.models"
"""Group of entry points under which another package names its models: ``BetterNBD = "better.nbd:BetterNBD"``."""


def model_class(name: str) -> type[Model]:
    """The class of a model, of the house or of an installed package that names it under `PLUGINS`.

    Raises
    ------
    ConfigError
        If there is no such model, or the package that has it cannot be loaded.

    Examples
    --------
    >>> model_class("BGNBD").title
    'BG/NBD'
    """
    wanted = _plain(name)
    for known, module in (CATALOGUE | COMBINED).items():
        if _plain(known) == wanted:
            return cast(type[Model], getattr(importlib.import_module(module), known))
    others = _plugins()
    for entry in others:
        if _plain(entry.name) == wanted:
            return _loaded(entry)
    raise ConfigError(f"There is no model {name!r}. Use one of: {', '.join([*CATALOGUE, *plugin_names()])}.")


def is_known(name: str) -> bool:
    """Whether a model of the house or of an installed package has this name."""
    return _plain(name) in map(_plain, [*CATALOGUE, *COMBINED, *plugin_names()])


def plugin_names() -> list[str]:
    """Names of the models that installed packages bring."""
    return sorted(entry.name for entry in _plugins())


def model_names() -> tuple[str, ...]:
    """The names of all models, those of the house first and those of other installed packages after them."""
    return (*CATALOGUE, *sorted(entry.name for entry in _plugins()))


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model that `save` wrote.

    Raises
    ------
    InputError
        If the file is not a saved model, is damaged, or was written by a later version.
    """
    data = persistence.read(path)
    try:
        learned = LEARNED.get(str(data["model"]))
        if learned is not None:
            return cast(Model, getattr(importlib.import_module(learned), str(data["model"])).from_dict(data))
        return model_class(str(data["model"])).from_dict(data)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The saved model {os.fspath(path)} is damaged ({error!r}). Fit and save it again.") from error


def _plugins() -> list[EntryPoint]:
    # Looking through what is installed takes a while; it is done only for names that the house does not know.
    from importlib.metadata import entry_points

    ours = {_plain(name) for name in CATALOGUE | COMBINED}
    return [entry for entry in entry_points(group=PLUGINS) if _plain(entry.name) not in ours]


def _loaded(entry: EntryPoint) -> type[Model]:
    """The class that an entry point names."""
    package = entry.dist.name if entry.dist is not None else entry.value
    try:
        found = entry.load()
    except Exception as error:
        raise ConfigError(
            f"The package {package} names a model {entry.name} that cannot be loaded "
            f"({type(error).__name__}: {error}). Update or uninstall the package."
        ) from error
    if not (isinstance(found, type) and issubclass(found, Model) and found.name == entry.name):
        raise ConfigError(
            f"The package {package} names a model {entry.name}, but {entry.value} is no class of models with that "
            "name. Its author can run keepers.testing.check_model on it."
        )
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
