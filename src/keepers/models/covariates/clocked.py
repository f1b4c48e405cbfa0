"""Models with covariates of time: between their attributes and the arrays that likelihood and answers take."""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import ConfigError, InputError
from keepers.models.covariates.answers import attributes_of, pattern_of
from keepers.models.covariates.encoding import Coding
from keepers.models.covariates.varying import WEEK, TimeVarying
from keepers.models.covariates.varying_parts import chosen, paths, standard
from keepers.numerics.clock import Clock
from keepers.numerics.clocked_answers import ClockedAnswers
from keepers.numerics.clocked_draws import (
    DrawnHistories,
    LeavingParameters,
    Newcomers,
    PurchaseTimes,
    draw_histories,
)
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_leaving_answers import LeavingAnswers
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows
from keepers.numerics.clocked_stages import StagedLikelihood
from keepers.numerics.leaving_risk import Risk
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.summaries.varying import DAYS, PATH, START, sum_of

_YEAR = 52


def likelihood_of(family: BuyingFamily, coding: Coding, cells: Cells, scale: float) -> ClockedLikelihood:
    """The log-likelihood in log parameters and coefficients per standard deviation, times being divided by `scale`."""
    covariates, length = coding.covariates, WEEK / cells.unit.days / scale
    rows = _rows(coding, cells, scale, standard(covariates, "purchase")[1], coding.coefficient_scale)
    buying, leaving = (
        (chosen(covariates, process) - centre) / spread
        for process, (centre, spread) in ((one, standard(covariates, one)) for one in ("purchase", "dropout"))
    )
    if _leaves_any_time(family):
        return LeavingLikelihood(family, rows, buying, length, leaving)
    if isinstance(family, ErlangBetaGeometric):
        return StagedLikelihood(family, replace(rows, bought=_purchases(cells, scale)), buying, length)
    return ClockedLikelihood(family, rows, buying, length)


def answer_in_time(
    family: BuyingFamily, coding: Coding, question: str, theta: FloatArray, cells: Cells, *further: Any
) -> Any:
    """The family's answer for every row of cells, with what is known of the time ahead."""
    covariates, varying = coding.covariates, paths(coding.covariates)
    rows = _rows(coding, cells, 1.0, np.ones(len(covariates.varying_of("purchase"))), np.ones(len(coding.names)))
    length = WEEK / cells.unit.days
    _check_known(varying, question, rows, length, further)
    season = _YEAR if varying.keys is None else 1
    buying, leaving = (
        chosen(covariates, process) - standard(covariates, process)[0] for process in ("purchase", "dropout")
    )
    if _leaves_any_time(family):
        return LeavingAnswers(family, rows, buying, length, season, leaving).ask(question, theta, *further)
    alpha = coding.symbols.index("alpha")
    return ClockedAnswers(family, rows, buying, length, alpha, season).ask(question, theta, *further)


def _leaves_any_time(family: BuyingFamily) -> bool:
    """Whether customers leave between purchases: by a rate (Pareto/NBD) or a growing risk (GGompertz/NBD)."""
    return "s" in family.PARAMETERS


def _rows(coding: Coding, cells: Cells, scale: float, spread: FloatArray, coefficient_scale: FloatArray) -> ClockedRows:
    attributes, pattern = attributes_of(cells), pattern_of(cells)
    names = coding.covariates.varying_of("purchase")
    centre, _ = standard(coding.covariates, "purchase")
    design, offset = coding.design(attributes)
    known = (START, PATH, *(sum_of(name) for name in names))
    columns = {name: np.asarray(attributes.columns[name], dtype=np.float64)[pattern] for name in known}
    seen = np.stack([columns[sum_of(name)] for name in names], axis=1) if names else np.zeros((cells.size, 0))
    return ClockedRows(
        cells.x,
        cells.t_x / scale,
        cells.T / scale,
        cells.weight,
        columns[START] / cells.unit.days / scale,
        columns[PATH].astype(np.int64),
        (seen - cells.x[:, None] * centre) / spread,
        design[pattern] * coefficient_scale,
        offset[pattern],
    )


def _purchases(cells: Cells, scale: float) -> PurchaseTimes:
    """The ages at all repeat purchases, which the attribute holds as days in a text."""
    texts = attributes_of(cells).columns[DAYS].tolist()
    days = np.fromstring(" ".join(filter(None, texts)), dtype=np.float64, sep=" ")
    counts = np.fromiter(map(str.count, texts, repeat(" ")), np.int64, len(texts))
    counts += np.fromiter(map(bool, texts), np.int64, len(texts))
    found = PurchaseTimes(days / (cells.unit.days * scale), counts).take(pattern_of(cells))
    wrong = np.flatnonzero(found.counts != cells.x)
    if wrong.size:
        raise InputError(
            f"`{DAYS}` names {found.counts[wrong[0]]} days of purchases where {cells.x[wrong[0]]:g} repeat purchases "
            f"are counted (in {wrong.size:,} histories). Make the summary of orders anew, with "
            "`keepers.summarise(orders, window, covariates=paths)`."
        )
    return found


def draw_in_time(
    family: BuyingFamily,
    coding: Coding,
    theta: FloatArray,
    who: Attributes,
    pattern: IntArray,
    T: FloatArray,
    unit_days: float,
    rng: np.random.Generator,
) -> DrawnHistories:
    """Draw the histories of customers with these attributes, START and PATH, observed to the ages T.

    Covariates in `seen` are counted from their centres, as in the likelihood.
    """
    covariates, length = coding.covariates, WEEK / unit_days
    design, offset = coding.design(who)
    d, j = design.shape[1:]
    own = (theta[:d] * np.exp(offset + design @ theta[d : d + j]))[pattern]
    start, path = (np.asarray(who.columns[name], dtype=np.float64)[pattern] for name in (START, PATH))
    new = Newcomers(path.astype(np.int64), start / unit_days, T, own)
    buying, leaving = (
        chosen(covariates, process) - standard(covariates, process)[0] for process in ("purchase", "dropout")
    )
    clock = Clock(buying, length, theta[d + j : d + j + buying.shape[2]])
    risk = None
    if _leaves_any_time(family):
        growth = LeavingParameters.of(family).growth(theta)
        risk = Risk(leaving, length, theta[d + j + buying.shape[2] :], growth)
    return draw_histories(family, new, clock, risk, rng)


def _check_known(
    varying: TimeVarying, question: str, rows: ClockedRows, length: float, further: tuple[Any, ...]
) -> None:
    """A question's horizon must be known; an endless one goes on as the last year that is."""
    if not rows.size:
        return
    asked = {"forecast": (0, 2), "discounted_expected_purchases": (1,)}.get(question, (0,))
    lengths = [further[place] for place in asked if place < len(further)]
    ahead = max([0.0, *(float(one) for one in lengths if isinstance(one, (int, float)))])
    check_reach(varying, float((rows.start + rows.T).max()) + ahead, WEEK / length)


def check_reach(varying: TimeVarying, latest: float, unit_days: float) -> None:
    """A calendar must reach as far as is asked; what was done to customers is carried forward instead.

    Parameters
    ----------
    varying : TimeVarying
        The paths.
    latest : float
        The latest moment that matters, since their start, in the model's unit.
    unit_days : float
        Length of that unit.

    Raises
    ------
    ConfigError
        If the calendar ends before it.
    """
    beyond = latest * unit_days - WEEK * varying.values.shape[1]
    if varying.keys is None and beyond > 1e-6:
        raise ConfigError(
            f"The calendar ends on {varying.end}, and the answer needs it {beyond:.0f} days further: what varies in "
            "time must be known for the whole horizon. Make it with a later `end` in `calendar_covariates`, for both "
            "fit and predictions."
        )
