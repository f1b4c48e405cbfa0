"""The bootstrap over customers: how the estimates would scatter if other customers of the same kind had come."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError, FitError
from keepers.models.evidence import Evidence, Likelihood
from keepers.models.posterior import Posterior
from keepers.models.samples import Samples
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.optimise import LOG_BOUND, maximise

FloatArray = NDArray[np.float64]
Kind = Literal["customers", "parametric"]

_TOLERANCE = 1e-5
_FEWEST = 20


def bootstrap(evidence: Evidence, laplace: Posterior, replicates: int, kind: Kind, seed: int) -> Posterior:
    """Fit the model again to customers drawn anew, each time from where the fit stands.

    Parameters
    ----------
    evidence : Evidence
        What the fit was made from; it must know how to ask other customers.
    laplace : Posterior
        Of the fit, whose mean is where the searches begin.
    replicates : int
        How often; at least 20.
    kind : {"customers", "parametric"}
        Whether customers are drawn from those of the data, with replacement, or from the fitted model.
    seed : int
        Where chance starts.
    """
    if kind not in ("customers", "parametric"):
        raise ConfigError(
            f'`kind` is {kind!r}; a bootstrap draws "customers" of the data or from the "parametric" model.'
        )
    if replicates < _FEWEST:
        raise ConfigError(f"`replicates` is {replicates}; a bootstrap needs at least {_FEWEST}, better 200.")
    resampling = evidence.resampling
    if resampling is None:
        raise FitError("This model cannot be bootstrapped: it does not say how other customers would look.")
    if kind == "parametric" and resampling.simulated is None:
        raise ConfigError(
            "This model knows no parametric bootstrap, as its data do not tell how long each customer was seen. Use "
            'kind="customers".'
        )
    rng = np.random.default_rng(seed)
    customers = float(resampling.weight.sum())
    share, whole = resampling.weight / customers, max(1, round(customers))
    found, failed, at_edge = [], 0, 0
    estimate = (laplace.mean - evidence.shift) / evidence.stretch
    for _ in range(replicates):
        if kind == "customers":
            counts = rng.multinomial(whole, share).astype(np.float64)
            other = resampling.reweighted(counts * (customers / whole))
        else:
            assert resampling.simulated is not None
            other = resampling.simulated(estimate, rng)
        point, converged, inside = _refit(evidence, other, estimate)
        if converged:
            found.append(point * evidence.stretch + evidence.shift)
            at_edge += not inside
        else:
            failed += 1
    if len(found) < _FEWEST:
        raise FitError(
            f"Only {len(found)} of {replicates} resamples have a maximum, too few to say how estimates scatter. "
            'Give a prior, or use a simpler model; `posterior_` and sample_posterior("nuts") remain.'
        )
    points = np.array(found)[None]
    size = points.shape[2]
    method = "bootstrap" if kind == "customers" else "parametric bootstrap"
    samples = Samples(
        method,
        points,
        np.full(size, np.nan),
        np.full(size, float(len(found))),
        _sentence(kind, replicates, failed, at_edge),
    )
    return Posterior.of_samples(laplace.parameters, samples, laplace.prior_share)


def _refit(evidence: Evidence, likelihood: Likelihood, start: FloatArray) -> tuple[FloatArray, bool, bool]:
    prior = evidence.prior

    def objective(point: FloatArray) -> Evaluation:
        with np.errstate(all="ignore"):
            value = likelihood(point, 2)
        return value if prior is None else value + prior.evaluate(point)

    best = maximise(objective, start, tolerance=_TOLERANCE)
    return np.clip(best.point, -LOG_BOUND, LOG_BOUND), best.converged and best.evaluation.finite, best.interior


def _sentence(kind: Kind, replicates: int, failed: int, at_edge: int) -> str:
    source = "drawn from the customers of the data" if kind == "customers" else "drawn from the fitted model"
    parts = [f"The estimates of {replicates - failed:,} stores {source}"]
    if at_edge:
        parts.append(f"{at_edge:,} of them lie at the edge of what is allowed")
    if failed:
        parts.append(f"{failed:,} more had no maximum and are left out")
    trouble = failed + at_edge > 0.05 * replicates
    return "; ".join(parts) + "." + (" Single parameters are not to be relied on." if trouble else "")
