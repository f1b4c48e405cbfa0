"""What each offer earns with each customer beyond what the customer would have brought anyway.

The worth of arm a for customer i is scored doubly robust, with what the outcome was expected to be by models that have
not seen the customer (cross-fitting; Chernozhukov and others 2018, Econometrics Journal 21):

    score(i, a) = m(x_i, a) + 1{a_i = a} (y_i - m(x_i, a)) / chance(i, a)

Its mean over any group that was chosen without looking at the outcomes is the mean worth of giving the group arm a,
without bias where chances are known, however wrong m is. The effect as a function of what is known is the regression of
score(i, a) - score(i, control) on it (Kennedy 2023, Electronic Journal of Statistics 17), by several learners whose
mixture is fitted to scores they have not seen. What customers would buy anyway, by a model of buying of their history,
is among what is known (`keepers.retention.usual`), and one learner sees nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import ndtri

from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.evaluation.policy.gate import doubly_robust_scores
from keepers.evaluation.policy.logged import logged_decisions
from keepers.numerics.spline_ridge import fit_spline_ridge, spline_basis
from keepers.retention.learners import Constant, Fit, Fitted, Learner, regressions
from keepers.retention.overlap import estimated_chances, overlap_problems
from keepers.retention.trials import Trial, trial_of
from keepers.retention.usual import UsualBuying, UsualSplines, usual_buying
from keepers.summaries.feature_sources import Shop

FOLDS = 5
_FEW = 40
"""With fewer customers of an arm than this in a fit, their mean is the model."""


class Asked(Protocol):
    """Customers of whom effects are asked, such as `Features` of today."""

    def matrix(self, names: Sequence[str], levels: Mapping[str, Sequence[str]]) -> tuple[NDArray[Any], FloatArray]:
        """Their keys, and what is known of them in the columns and codes of the trial."""


@dataclass(frozen=True, slots=True)
class MeanEffect:
    """What an offer earned on average, a customer, against the control.

    Attributes
    ----------
    offer : str
    customers : int
        Who got it.
    gain, standard_error, low, high : float
        Money a customer, net of what the offer cost, with the interval of `level`.
    level : float
    """

    offer: str
    customers: int
    gain: float
    standard_error: float
    low: float
    high: float
    level: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval lies on one side of nothing."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class EffectModel:
    """The effect of one offer as a function of what is known of a customer: a mean and a mixture of regressions."""

    mean: float
    parts: tuple[tuple[float, float, Fitted], ...]

    def predict(self, rows: FloatArray) -> FloatArray:
        """Net gain at rows, shape (n,)."""
        found = np.full(rows.shape[0], self.mean)
        for weight, center, fitted in self.parts:
            found += weight * (fitted.predict(rows) - center)
        return found


@dataclass(frozen=True, eq=False)
class OfferEffects:
    """Effects of the offers of a trial.

    Attributes
    ----------
    trial : Trial
    scores : array, shape (n, k)
        Doubly robust worth of each arm for each customer; columns as `trial.arms`.
    gain : array, shape (n, k)
        Learned net gain of each arm over the control, for each customer by models that have not seen the customer.
    outlay : array, shape (n, k)
        What each arm is expected to take: costs and discounts beyond those of the control.
    models : tuple of EffectModel
        One an offer, fitted to everybody, for customers who were not in the trial.
    outlay_models : tuple
        The same of the outlay.
    problems : tuple of str
        Why the effects may be wrong; empty where nothing is known against them.
    usual : UsualBuying or None
        What customers would buy anyway, where their histories are known.
    """

    trial: Trial
    scores: FloatArray
    gain: FloatArray
    outlay: FloatArray
    models: tuple[EffectModel, ...]
    outlay_models: tuple[Fitted, ...]
    problems: tuple[str, ...]
    usual: UsualBuying | None = None

    @property
    def offers(self) -> tuple[str, ...]:
        """The arms beside the control."""
        return self.trial.arms[1:]

    @property
    def evidence(self) -> EvidenceGrade:
        """How the effects are known."""
        return self.trial.evidence

    def mean_effects(self, level: float = 0.9) -> tuple[MeanEffect, ...]:
        """What each offer earned on average."""
        reach = float(ndtri(0.5 + level / 2.0))
        found = []
        for place, offer in enumerate(self.offers, start=1):
            gain = self.scores[:, place] - self.scores[:, 0]
            mean, error = float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(gain.size))
            count = self.trial.count(place)
            found.append(MeanEffect(offer, count, mean, error, mean - reach * error, mean + reach * error, level))
        return tuple(found)

    def predict(self, features: Asked) -> tuple[NDArray[Any], FloatArray, FloatArray]:
        """Keys, net gain and outlay of every arm for customers with the same features, shape (n, k)."""
        keys, plain = features.matrix(self.trial.names, self.trial.levels)
        rows = plain if self.usual is None else self.usual.added_to(plain)
        gain = np.column_stack([np.zeros(keys.size), *(model.predict(rows) for model in self.models)])
        outlay = [np.maximum(model.predict(plain), 0.0) for model in self.outlay_models]
        return keys, gain, np.column_stack([np.zeros(keys.size), *outlay])


def offer_effects(
    source: Shop | Orders | Trial,
    experiment: str | None = None,
    *,
    learner: Learner = "auto",
    folds: int = FOLDS,
    seed: int = 0,
    **options: Any,
) -> OfferEffects:
    """Learn what each offer of an experiment earns with each customer, net of what it costs.

    Parameters
    ----------
    source : Dataset, Store or Trial
        The data, with treatments and orders; or an experiment that was read already.
    experiment : str, optional
        Which; the latest if left out.
    learner : str
        ``"splines"``, ``"trees"`` (extra `learn`), or ``"auto"``: both where they are there, mixed as the data say.
        Splines are of everything known, and of what customers would buy anyway alone.
    folds : int
        Portions; each is predicted by models of the others.
    seed : int
        Of the portions.
    options
        Of `keepers.retention.trials.trial_of`: days, margin, features.

    Returns
    -------
    OfferEffects
        Experimental where the treatments carry the probability with which they were assigned; otherwise adjusted:
        chances are estimated from what is known, which is right only where nothing else decided who got what.

    Raises
    ------
    InputError
        Where there is no experiment, or an arm has too few customers.

    Examples
    --------
    >>> import keepers as kp
    >>> effects = kp.offer_effects(kp.read("orders.csv", "offers.csv"))  # doctest: +SKIP
    """
    trial = source if isinstance(source, Trial) else trial_of(source, experiment, **options)
    small = [name for place, name in enumerate(trial.arms) if trial.count(place) < 2 * folds]
    if small:
        raise InputError(
            f"“{small[0]}” was given to {trial.count(trial.arms.index(small[0]))} customers; at least {2 * folds} are "
            "needed to say anything."
        )
    fold = _folds(trial.arm, folds, seed)
    problems: tuple[str, ...] = ()
    chance = trial.chance
    if chance is None:
        every = estimated_chances(trial.rows, trial.arm, len(trial.arms), fold)
        problems = overlap_problems(every, trial.arms)
        chance = every[np.arange(trial.size), trial.arm]
    usual = usual_buying(trial.rows, trial.names, trial.days)
    rows = trial.rows if usual is None else usual.added_to(trial.rows)
    scores = _scores(trial, rows, chance, fold)
    fits: dict[str, Fit] = regressions(learner)
    if usual is not None and learner != "trees":
        fits["usual"] = UsualSplines
    gains, models = [np.zeros(trial.size)], []
    for place in range(1, len(trial.arms)):
        gain, model = _effect(rows, scores[:, place] - scores[:, 0], fold, fits)
        gains.append(gain)
        models.append(model)
    outlays, outlay_models = _outlays(trial)
    return OfferEffects(
        trial, scores, np.column_stack(gains), outlays, tuple(models), tuple(outlay_models), problems, usual
    )


def _folds(arm: IntArray, folds: int, seed: int) -> IntArray:
    """Portions with the same mix of arms."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(arm.size)
    order = order[np.argsort(arm[order], kind="stable")]
    fold = np.empty(arm.size, dtype=np.int64)
    fold[order] = np.arange(arm.size) % folds
    return fold


def _scores(trial: Trial, rows: FloatArray, chance: FloatArray, fold: IntArray) -> FloatArray:
    expected = np.empty((trial.size, len(trial.arms)))
    for held in range(int(fold.max()) + 1):
        learn, ask = fold != held, fold == held
        basis = spline_basis(rows[learn])
        for place in range(len(trial.arms)):
            those = learn & (trial.arm == place)
            outcome = trial.outcome[those]
            few = outcome.size < _FEW
            fitted: Fitted = Constant(float(outcome.mean())) if few else fit_spline_ridge(rows[those], outcome, basis)
            expected[ask, place] = fitted.predict(rows[ask])
    log = logged_decisions(trial.arm, trial.outcome, chance, len(trial.arms))
    return doubly_robust_scores(log, expected)


def _effect(
    rows: FloatArray, target: FloatArray, fold: IntArray, fits: Mapping[str, Fit]
) -> tuple[FloatArray, EffectModel]:
    """The effect of one offer: out of fold for everybody, and the model of all."""
    held_out = np.empty((target.size, len(fits)))
    mean = np.empty(target.size)
    number = int(fold.max()) + 1
    for held in range(number):
        learn, ask = fold != held, fold == held
        mean[ask] = target[learn].mean()
        for column, fit in enumerate(fits.values()):
            fitted = fit(rows[learn], target[learn])
            held_out[ask, column] = fitted.predict(rows[ask]) - fitted.predict(rows[learn]).mean()
    gain = np.empty(target.size)
    for held in range(number):
        others, ask = fold != held, fold == held
        gain[ask] = mean[ask] + held_out[ask] @ _mixture(held_out[others], target[others] - mean[others])
    weights = _mixture(held_out, target - mean)
    parts = []
    for weight, fit in zip(weights, fits.values(), strict=True):
        if weight > 0:
            fitted = fit(rows, target)
            parts.append((float(weight), float(fitted.predict(rows).mean()), fitted))
    return gain, EffectModel(float(target.mean()), tuple(parts))


def _mixture(predictions: FloatArray, target: FloatArray) -> FloatArray:
    """Weights, none negative and at most 1 in all, by which predictions explain targets they have not seen."""
    weights, _ = nnls(predictions, target)
    return np.asarray(weights / max(float(weights.sum()), 1.0), dtype=np.float64)


def _outlays(trial: Trial) -> tuple[FloatArray, Sequence[Fitted]]:
    """What each arm takes beyond the control, as a function of what is known."""
    base = _fit_outlay(trial, 0)
    models: list[Fitted] = []
    columns = [np.zeros(trial.size)]
    for place in range(1, len(trial.arms)):
        model = _Difference(_fit_outlay(trial, place), base)
        models.append(model)
        columns.append(np.maximum(model.predict(trial.rows), 0.0))
    return np.column_stack(columns), models


def _fit_outlay(trial: Trial, place: int) -> Fitted:
    those = trial.arm == place
    outlay = trial.outlay[those]
    if outlay.size < _FEW or float(outlay.std()) < 1e-9:
        return Constant(float(outlay.mean()))
    return fit_spline_ridge(trial.rows[those], outlay)


@dataclass(frozen=True, eq=False)
class _Difference:
    treated: Fitted
    control: Fitted

    def predict(self, rows: FloatArray) -> FloatArray:
        return self.treated.predict(rows) - self.control.predict(rows)
