"""The one way in which a model is fitted: several starts, exact derivatives, priors, and an outcome in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import FitError
from keepers.domain.outcome import FitOutcome
from keepers.models.evidence import Evidence, Likelihood, Resampling
from keepers.models.posterior import Posterior, Target
from keepers.models.priors import ParameterPrior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.optimise import LOG_BOUND, TOLERANCE, Optimum, maximise

FloatArray = NDArray[np.float64]
LEAST_INFORMATION = 0.1
"""A direction of the log parameters known worse than to a factor exp(1 / sqrt(0.1)), about 24, is a flat ridge."""

NO_INFORMATION = 1e-4
"""A direction known worse than to a factor exp(100) is not identified at all."""

_SAME_MAXIMUM = 1e-6
_ILL_POSED = (
    FitOutcome.AT_BOUND, FitOutcome.SEPARABLE, FitOutcome.FLAT_RIDGE, FitOutcome.NOT_IDENTIFIED, FitOutcome.FAILED,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is to be maximised.

    Parameters
    ----------
    parameters : tuple of str
        Symbols.
    likelihood : callable
        The log-likelihood of all data.
    starts : sequence of arrays, shape (d,)
        Log parameters from which to search.
    rows : int
        Rows that one evaluation costs.
    rough : sequence of callables
        The log-likelihoods of samples of the data, small ones first, where the data are many: the starts compete on the
        first, the best end is polished on the others, and the exact search begins there.
    prior : ParameterPrior, optional
        Prior to use from the outset.
    rescue : ParameterPrior, optional
        Prior to fall back to where the likelihood has no maximum of its own.
    without_events : bool
        Whether the data hold none of the events that the model is about.
    coefficients : tuple of str
        Which of the parameters are effects of covariates: where one of them has no end, the covariate separates those
        who do from those who do not.
    resampling : Resampling, optional
        How the same would be asked of other customers, for the bootstrap.
    likelihoods : callable, optional
        The log-likelihood at many log parameters at once, shape (n, d) to (n,), where that is quicker.
    vanishing : tuple of str
        Parameters without which, as they go to zero, a simpler model is left: data that drive one of them there do not
        identify this model.
    near : array, shape (d,), optional
        Log parameters at which nearly the same problem has its maximum: what is searched first, and alone unless that
        ends at an edge or fails.
    """

    parameters: tuple[str, ...]
    likelihood: Likelihood
    starts: Sequence[FloatArray]
    rows: int
    rough: Sequence[Likelihood] = ()
    prior: ParameterPrior | None = None
    rescue: ParameterPrior | None = None
    without_events: bool = False
    coefficients: tuple[str, ...] = ()
    resampling: Resampling | None = None
    likelihoods: Callable[[FloatArray], FloatArray] | None = None
    vanishing: tuple[str, ...] = ()
    near: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How a fit ended.

    Parameters
    ----------
    log_parameters : array, shape (d,)
        The maximum of likelihood times prior.
    log_likelihood : float
        The log-likelihood there, without the prior.
    outcome : FitOutcome
        In words.
    posterior : Posterior
        Laplace's approximation, corrected on demand.
    prior : ParameterPrior or None
        The prior that was used in the end.
    steps : int
        Evaluations of the exact log-likelihood.
    evidence : Evidence
        What the fit was made from.
    at_bound : tuple of str
        Parameters that ran to the edge of what is allowed, before a prior came to the rescue.
    """

    log_parameters: FloatArray
    log_likelihood: float
    outcome: FitOutcome
    posterior: Posterior
    prior: ParameterPrior | None
    steps: int
    evidence: Evidence
    at_bound: tuple[str, ...] = ()


def fit(problem: Problem) -> Fit:
    """Find the maximum, say what kind of maximum it is, and approximate the posterior around it.

    Raises
    ------
    FitError
        If the log-likelihood is finite at none of the starts.
    """
    prior = problem.prior
    best = _search(problem, prior)
    outcome = _outcome(best, problem, prior)
    at_bound = tuple(name for name, leans in zip(problem.parameters, best.at_bound, strict=True) if leans)
    if outcome in _ILL_POSED and prior is None and problem.rescue is not None:
        prior = problem.rescue
        best = _search(problem, prior)
        if not best.converged:
            outcome = FitOutcome.FAILED
        elif outcome is FitOutcome.FAILED:
            outcome = FitOutcome.CONVERGED_WITH_PRIOR
    data = _of_data(best, prior)
    covariance, prior_share = _curvature(-data.hessian, prior, best.point)
    likelihood, used = problem.likelihood, prior

    def log_posterior(point: FloatArray) -> float:
        # Without a prior a flat direction would have no end; the search's own box bounds the posterior too.
        if np.any(np.abs(point) > LOG_BOUND + 1e-9):
            return -np.inf
        with np.errstate(all="ignore"):
            value = likelihood(point, 0).value
        value = value if used is None else value + used.evaluate(point).value
        return value if np.isfinite(value) else -np.inf

    def log_posteriors(points: FloatArray) -> FloatArray:
        assert many is not None
        inside = np.all(np.abs(points) <= LOG_BOUND + 1e-9, axis=1)
        values = np.full(len(points), -np.inf)
        with np.errstate(all="ignore"):
            values[inside] = many(points[inside])
        if used is not None:
            values[inside] += [used.evaluate(point).value for point in points[inside]]
        return np.where(np.isfinite(values), values, -np.inf)

    many = problem.likelihoods
    mode = np.clip(best.point, -LOG_BOUND, LOG_BOUND)
    box = np.full(mode.size, LOG_BOUND)
    target = Target(log_posterior, problem.rows, -box, box, None if many is None else log_posteriors)
    posterior = Posterior(problem.parameters, mode, covariance, prior_share, target)
    evidence = Evidence(likelihood, prior, np.zeros(mode.size), problem.resampling)
    return Fit(mode, data.value, outcome, posterior, prior, best.steps, evidence, at_bound)


def _search(problem: Problem, prior: ParameterPrior | None) -> Optimum:
    # The starts compete loosely, on few rows where rows are many; only the best is followed to the end, which on a
    # ridge without a summit is a long way.
    if problem.near is not None:
        best = _followed(problem, prior, [problem.near])
        if best.converged and best.evaluation.finite and best.interior:
            return best
    best = _followed(problem, prior, problem.starts)
    if best.converged and best.evaluation.finite:
        return best
    return _best([best, *(_climb(problem.likelihood, prior, start) for start in problem.starts)])


def _followed(problem: Problem, prior: ParameterPrior | None, starts: Sequence[FloatArray]) -> Optimum:
    """The end of the search that leads furthest from these starts."""
    first, *finer = problem.rough or (problem.likelihood,)
    if len(starts) == 1 and not problem.rough:
        return _climb(first, prior, starts[0])
    ahead = _best(_competition(first, prior, starts))
    # What was evaluated last is where the next search begins; it is another function where that is on other rows.
    begin = None if problem.rough else ahead.evaluation
    for rough in finer:
        ahead = _climb(rough, prior, ahead.point, 1e-1)
    return _climb(problem.likelihood, prior, ahead.point, first=begin)


def _competition(likelihood: Likelihood, prior: ParameterPrior | None, starts: Sequence[FloatArray]) -> list[Optimum]:
    """Where loose searches from the starts end; one on its way to an end that was found before is not followed."""
    ends: list[Optimum] = []
    for start in starts:
        found = _climb(likelihood, prior, start, 1e-3, known=ends)
        if found.known is None:
            ends.append(found)
    return ends


def _climb(
    likelihood: Likelihood,
    prior: ParameterPrior | None,
    start: FloatArray,
    tolerance: float = TOLERANCE,
    first: Evaluation | None = None,
    known: Sequence[Optimum] = (),
) -> Optimum:
    def objective(point: FloatArray) -> Evaluation:
        # Far out, where a search may probe, a likelihood may overflow; such a point is refused, not warned of.
        with np.errstate(all="ignore"):
            value = likelihood(point, 2)
        return value if prior is None else value + prior.evaluate(point)

    return maximise(objective, start, tolerance=tolerance, first=first, known=known)


def _best(found: Sequence[Optimum]) -> Optimum:
    usable = [optimum for optimum in found if optimum.evaluation.finite]
    if not usable:
        raise FitError(
            "The log-likelihood is not finite at any start. Check the histories for impossible values "
            "(`keepers check`), such as a purchase after the end of the observation."
        )
    highest = max(optimum.evaluation.value for optimum in usable)
    near = [o for o in usable if o.evaluation.value >= highest - _SAME_MAXIMUM * (1 + abs(highest) * 1e-6)]
    return max(near, key=lambda o: (o.converged, o.interior, o.evaluation.value))


def _outcome(best: Optimum, problem: Problem, prior: ParameterPrior | None) -> FitOutcome:
    if not best.converged:
        return FitOutcome.FAILED
    if problem.without_events:
        return FitOutcome.NO_REPEAT_PURCHASES
    if not best.interior:
        return _at_edge(best, problem)
    if prior is not None:
        return FitOutcome.CONVERGED_WITH_PRIOR
    information = -_of_data(best, prior).hessian
    least = float(np.linalg.eigvalsh(information)[0])
    if least < LEAST_INFORMATION:
        return FitOutcome.NOT_IDENTIFIED if least < NO_INFORMATION else FitOutcome.FLAT_RIDGE
    return FitOutcome.CONVERGED


def _at_edge(best: Optimum, problem: Problem) -> FitOutcome:
    """What it means that some parameter has no end."""
    places = {name: place for place, name in enumerate(problem.parameters)}
    if any(best.at_bound[places[name]] for name in problem.coefficients):
        return FitOutcome.SEPARABLE
    gone = any(best.at_bound[places[name]] and best.point[places[name]] < 0 for name in problem.vanishing)
    return FitOutcome.NOT_IDENTIFIED if gone else FitOutcome.AT_BOUND


def _of_data(best: Optimum, prior: ParameterPrior | None) -> Evaluation:
    return best.evaluation if prior is None else best.evaluation - prior.evaluate(best.point)


def _curvature(information: FloatArray, prior: ParameterPrior | None, point: FloatArray) -> tuple[FloatArray, float]:
    """Covariance of the log parameters and the part of the information that is the prior's."""
    precision = np.zeros(len(information)) if prior is None else prior.precision_at(point)
    sizes, axes = np.linalg.eigh(information + np.diag(precision))
    # A direction that nothing informs gets a standard deviation of 10 in the logarithm rather than an infinite one.
    covariance = (axes / np.maximum(sizes, 1e-2)) @ axes.T
    share = float(np.clip(np.mean(precision * np.diag(covariance)), 0.0, 1.0))
    return 0.5 * (covariance + covariance.T), share
