"""Models whose customers buy in a clock: between their attributes and the arrays that likelihood and answers take."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import ConfigError
from keepers.models.covariates.answers import attributes_of, pattern_of
from keepers.models.covariates.encoding import Coding
from keepers.models.covariates.varying import WEEK, TimeVarying
from keepers.numerics.clocked_answers import ClockedAnswers
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_leaving_answers import LeavingAnswers
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows
from keepers.numerics.likelihoods import pareto_nbd
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.summaries.varying import PATH, START, sum_of

_YEAR = 52


def varying_attributes(names: tuple[str, ...]) -> tuple[str, ...]:
    """Attributes that a model with these covariates needs of each customer."""
    return (START, PATH, *(sum_of(name) for name in names)) if names else ()


def standard(varying: TimeVarying, names: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """Centre and spread of the covariates, shape (k,) each; zeros and ones are left as they are."""
    values = _chosen(varying, names)
    flat = values.reshape(-1, values.shape[2])
    plain = np.isin(flat, (0.0, 1.0)).all(axis=0)
    spread = flat.std(axis=0)
    if np.any(spread == 0):
        raise ConfigError(
            f"`{names[int(np.argmin(spread))]}` never changes, so it says nothing. Leave it out, or take it for a "
            "column of the customers."
        )
    return np.where(plain, 0.0, flat.mean(axis=0)), np.where(plain, 1.0, spread)


def likelihood_of(
    family: BuyingFamily, coding: Coding, names: tuple[str, ...], cells: Cells, scale: float
) -> ClockedLikelihood:
    """The log-likelihood in log parameters and coefficients per standard deviation, times being divided by `scale`."""
    varying = _paths(coding)
    leaving = family is pareto_nbd
    if not leaving and not hasattr(family, "log_likelihood_clocked"):
        raise ConfigError(
            "Covariates that vary in time need a model in which leaving keeps the pace of buying or has one constant "
            "pace. Use NBD, BGNBD, MBGNBD or ParetoNBD."
        )
    centre, spread = standard(varying, names)
    rows = _rows(coding, names, cells, scale, spread)
    static = ClockedRows(
        rows.x, rows.t_x, rows.T, rows.weight, rows.start, rows.path, rows.seen,
        rows.design * coding.coefficient_scale, rows.offset,
    )  # fmt: skip
    values = (_chosen(varying, names) - centre) / spread
    kind = LeavingLikelihood if leaving else ClockedLikelihood
    return kind(family, static, values, WEEK / cells.unit.days / scale)


def answer_in_time(
    family: BuyingFamily,
    coding: Coding,
    names: tuple[str, ...],
    question: str,
    theta: FloatArray,
    cells: Cells,
    *further: Any,
) -> Any:
    """The family's answer for every row of cells, with what is known of the time ahead."""
    varying = _paths(coding)
    centre, _ = standard(varying, names)
    rows = _rows(coding, names, cells, 1.0, np.ones(len(names)))
    length = WEEK / cells.unit.days
    _check_known(varying, question, rows, length, further)
    season = _YEAR if varying.keys is None else 1
    alpha = coding.symbols.index("alpha")
    kind = LeavingAnswers if family is pareto_nbd else ClockedAnswers
    return kind(family, rows, _chosen(varying, names) - centre, length, alpha, season).ask(question, theta, *further)


def _paths(coding: Coding) -> TimeVarying:
    assert coding.covariates.varying is not None
    return coding.covariates.varying


def _chosen(varying: TimeVarying, names: tuple[str, ...]) -> FloatArray:
    return np.asarray(varying.values[..., [varying.names.index(name) for name in names]])


def _rows(coding: Coding, names: tuple[str, ...], cells: Cells, scale: float, spread: FloatArray) -> ClockedRows:
    attributes, pattern = attributes_of(cells), pattern_of(cells)
    centre, _ = standard(_paths(coding), names)
    design, offset = coding.design(attributes)
    columns = {name: np.asarray(attributes.columns[name], dtype=np.float64) for name in varying_attributes(names)}
    seen = np.column_stack([columns[sum_of(name)][pattern] for name in names])
    return ClockedRows(
        cells.x,
        cells.t_x / scale,
        cells.T / scale,
        cells.weight,
        columns[START][pattern] / cells.unit.days / scale,
        columns[PATH][pattern].astype(np.int64),
        (seen - cells.x[:, None] * centre) / spread,
        design[pattern],
        offset[pattern],
    )


def _check_known(
    varying: TimeVarying, question: str, rows: ClockedRows, length: float, further: tuple[Any, ...]
) -> None:
    """A calendar must reach as far as is asked; what was done to customers is carried forward instead."""
    if varying.keys is not None or not rows.size:
        return
    asked = {"forecast": (0, 2), "discounted_expected_purchases": (1,)}.get(question, (0,))
    lengths = [further[place] for place in asked if place < len(further)]
    reach = max([0.0, *(float(one) for one in lengths if isinstance(one, (int, float)))])
    end, latest = length * varying.values.shape[1], float((rows.start + rows.T).max())
    if latest + reach > end + 1e-9:
        raise ConfigError(
            f"The calendar ends on {varying.end}, and the answer needs it {latest + reach - end:.0f} units of the "
            "model's time further. Make it with a later `end` in `calendar_covariates`, for both fit and predictions."
        )
