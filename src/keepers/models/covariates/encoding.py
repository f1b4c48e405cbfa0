"""How columns become numbers and coefficients move log parameters, learned from the customers of a fit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes, check_known
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError, InputError
from keepers.models.covariates.specification import PROCESSES, Covariates

BOTH = "both"
"""Stands before a coefficient that buying and leaving share."""

_MODELS = {"purchase": "ParetoNBD", "dropout": "ParetoNBD", "spend": "GammaGamma"}

Shifts = Mapping[str, Mapping[str, float]]
"""By process, the parameters whose logarithm moves by so many times gamma z: {"purchase": {"alpha": -1.0}}."""


@dataclass(frozen=True, eq=False)
class ColumnCode:
    """One column of attributes.

    Parameters
    ----------
    column : str
        Its name.
    levels : tuple of str
        Levels of a column of words, the reference first; empty for numbers.
    centre, spread : float
        Of numbers: what is subtracted, and the standard deviation.
    """

    column: str
    levels: tuple[str, ...] = ()
    centre: float = 0.0
    spread: float = 1.0

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of its numbers."""
        return tuple(f"{self.column}[{level}]" for level in self.levels[1:]) if self.levels else (self.column,)

    def encoded(self, values: Any, unseen: str) -> FloatArray:
        """Its numbers of each pattern, shape (p, m)."""
        if not self.levels:
            if values.dtype.kind != "f":
                raise InputError(
                    f"The covariate `{self.column}` was numbers when the model was fitted and is words now (first: "
                    f"{values[0]!r}). Give numbers."
                )
            return np.asarray(values[:, None] - self.centre)
        texts = [level_text(value) for value in values]
        known = {level: place for place, level in enumerate(self.levels)}
        new = sorted({text for text in texts if text not in known})
        if new:
            said = (
                f"`{self.column}` has {'levels' if len(new) > 1 else 'a level'} that the fit did not see: "
                f"{', '.join(new[:5])}{' ...' if len(new) > 5 else ''} (seen: {', '.join(self.levels[:8])})."
            )
            if unseen == "error":
                raise InputError(
                    f'{said} Fit again with such customers, or take them for "{self.levels[0]}" by '
                    'Covariates(..., unseen="reference").'
                )
            warnings.warn(f'{said} They are taken for the reference, "{self.levels[0]}".', stacklevel=2)
        places = np.array([known.get(text, 0) for text in texts], dtype=np.int64)
        return np.asarray(places[:, None] == np.arange(1, len(self.levels)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one coefficient acts.

    Parameters
    ----------
    process : str
        "purchase", "dropout", or with the parameter where a process has two.
    parameter : int
        Place of the parameter whose logarithm moves by sign times coefficient times number.
    sign : float
        See `parameter`.
    name, label : str
        Of the coefficient, and of the number that it is multiplied with.
    free : int
        Place among the estimated coefficients; -1 where it is known.
    value : float
        The known one.
    """

    process: str
    parameter: int
    sign: float
    name: str
    label: str
    free: int
    value: float


@dataclass(frozen=True, eq=False)
class Coding:
    """Everything between attributes and log parameters.

    Parameters
    ----------
    covariates : Covariates
        What the user asked for.
    codes : tuple of ColumnCode
        One a column.
    symbols : tuple of str
        Parameters of the family.
    names : tuple of str
        Coefficients that are estimated.
    places : tuple of Place
        Where coefficients act.
    """

    covariates: Covariates
    codes: tuple[ColumnCode, ...]
    symbols: tuple[str, ...]
    names: tuple[str, ...]
    places: tuple[Place, ...]
    memory: list[Any] = field(default_factory=list, repr=False)
    """The last design, as one set of cells is asked again and again."""

    @classmethod
    def learn(
        cls,
        covariates: Covariates,
        attributes: Attributes,
        weight: FloatArray,
        symbols: tuple[str, ...],
        shifts: Shifts,
    ) -> Coding:
        """Learn levels, centres and names from patterns with their numbers of customers."""
        codes = tuple(_code(name, attributes, weight, covariates) for name in covariates.columns)
        return cls.arranged(covariates, codes, symbols, shifts)

    @classmethod
    def arranged(
        cls, covariates: Covariates, codes: tuple[ColumnCode, ...], symbols: tuple[str, ...], shifts: Shifts
    ) -> Coding:
        """Name the coefficients and tie those that shall be equal or are known."""
        labels = {code.column: code.labels for code in codes}
        tied = {name: "=".join(group) for group in covariates.equal for name in group}
        alone: dict[str, None] = {}
        names: dict[str, int] = {}
        places: list[Place] = []
        for process in PROCESSES:
            columns = covariates.of(process)
            moved = shifts.get(process, {})
            if columns and not moved:
                raise ConfigError(
                    f"This model has no {process} process that covariates could change, but `{process}` names "
                    f"{', '.join(columns)}. Leave it out, or use a model that has, such as {_MODELS[process]}."
                )
            for symbol, sign in moved.items():
                title = process if len(moved) == 1 else f"{process}_{symbol}"
                for column in columns:
                    for label in labels[column]:
                        name = f"{BOTH}:{label}" if column in covariates.same else f"{title}:{label}"
                        alone[name] = None
                        name = tied.get(name, name)
                        value = covariates.fixed.get(name)
                        free = -1 if value is not None else names.setdefault(name, len(names))
                        places.append(Place(title, symbols.index(symbol), sign, name, label, free, value or 0.0))
        for option, named in (("fixed", covariates.fixed), ("equal", tied)):
            unknown = [name for name in named if name not in alone]
            if unknown:
                raise ConfigError(
                    f"`{option}` names {', '.join(unknown)}, which is no coefficient of this model. There are: "
                    f"{', '.join(alone)}."
                )
        return cls(covariates, codes, symbols, tuple(names), tuple(places))

    @property
    def coefficient_scale(self) -> FloatArray:
        """What a coefficient per standard deviation is multiplied with to count per one of the column, shape (k,)."""
        by_label = {label: 1.0 / code.spread for code in self.codes for label in code.labels}
        found = {place.name: by_label[place.label] for place in self.places}
        return np.array([found[name] for name in self.names], dtype=np.float64)

    def encoded(self, attributes: Attributes) -> dict[str, FloatArray]:
        """Numbers of each label, shape (p,)."""
        missing = [code.column for code in self.codes if code.column not in attributes.columns]
        if missing:
            raise InputError(
                f"The model needs {', '.join(missing)} of each customer (there is: "
                f"{', '.join(attributes.names) or 'nothing'}). Add the column to the frame, or to a summary with "
                "`summary.with_columns(table)`."
            )
        found: dict[str, FloatArray] = {}
        for code in self.codes:
            values = attributes.columns[code.column]
            check_known({code.column: values})
            numbers = code.encoded(values, self.covariates.unseen)
            found.update({label: numbers[:, place] for place, label in enumerate(code.labels)})
        return found

    def design(self, attributes: Attributes) -> tuple[FloatArray, FloatArray]:
        """How estimated coefficients move the log parameters of each pattern, and what known ones add.

        Returns
        -------
        design : array, shape (p, d, k)
        offset : array, shape (p, d)
        """
        if self.memory and self.memory[0] is attributes:
            return self.memory[1], self.memory[2]
        numbers = self.encoded(attributes)
        size = attributes.size
        design = np.zeros((size, len(self.symbols), len(self.names)))
        offset = np.zeros((size, len(self.symbols)))
        for place in self.places:
            moved = place.sign * numbers[place.label]
            if place.free < 0:
                offset[:, place.parameter] += place.value * moved
            else:
                design[:, place.parameter, place.free] += moved
        self.memory[:] = [attributes, design, offset]
        return design, offset

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "covariates": self.covariates.to_dict(),
            "codes": [[code.column, list(code.levels), code.centre, code.spread] for code in self.codes],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], symbols: tuple[str, ...], shifts: Shifts) -> Coding:
        """The coding that `to_dict` wrote."""
        codes = tuple(ColumnCode(one[0], tuple(one[1]), float(one[2]), float(one[3])) for one in data["codes"])
        return cls.arranged(Covariates.from_dict(data["covariates"]), codes, symbols, shifts)


def _code(name: str, attributes: Attributes, weight: FloatArray, covariates: Covariates) -> ColumnCode:
    if name not in attributes.columns:
        raise InputError(
            f"The data have no column `{name}`, which the covariates name (there is: "
            f"{', '.join(attributes.names) or 'nothing'}). Add it, or join it with `summary.with_columns(table)`."
        )
    values = attributes.columns[name]
    seen = weight > 0
    check_known({name: np.where(seen, values, 0.0) if values.dtype.kind == "f" else values})
    if values.dtype.kind == "f" and name not in covariates.reference:
        values, seen_weight = values[seen], weight[seen]
        if not np.all(np.isfinite(values)):
            raise InputError(f"The covariate `{name}` has infinite values. Check how it was computed.")
        if np.all(values == values[0]):
            raise InputError(
                f"The covariate `{name}` is {values[0]:g} for every customer, so nothing can be learned of it. "
                "Leave it out."
            )
        if np.isin(values, (0.0, 1.0)).all():
            return ColumnCode(name)
        centre = float(np.average(values, weights=seen_weight))
        return ColumnCode(name, (), centre, float(np.sqrt(np.average((values - centre) ** 2, weights=seen_weight))))
    counts: dict[str, float] = {}
    for value, customers in zip(values, weight, strict=True):
        if customers > 0:
            counts[level_text(value)] = counts.get(level_text(value), 0.0) + float(customers)
    if len(counts) < 2:
        raise InputError(
            f"The covariate `{name}` is {next(iter(counts), None)!r} for every customer, so nothing can be learned of "
            "it. Leave it out."
        )
    first = covariates.reference.get(name, max(sorted(counts), key=lambda level: counts[level]))
    if str(first) not in counts:
        raise ConfigError(f"The reference {first!r} of `{name}` is no level of it. There are: {', '.join(counts)}.")
    return ColumnCode(name, (str(first), *sorted(set(counts) - {str(first)})))


def level_text(value: Any) -> str:
    """A level as text; whole numbers without a point."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def pattern_weights(pattern: IntArray, weight: FloatArray, size: int) -> FloatArray:
    """Customers of each pattern, shape (p,)."""
    return np.bincount(pattern, weights=weight, minlength=size).astype(np.float64)
