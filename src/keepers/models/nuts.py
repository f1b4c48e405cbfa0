"""The full posterior by the No-U-Turn sampler, on cells, in coordinates that the curvature at the mode makes round."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError, FitError
from keepers.models.evidence import Evidence
from keepers.models.posterior import Posterior
from keepers.models.samples import Samples, import_bayes

FloatArray = NDArray[np.float64]

AGREED = 1.01
"""R-hat up to which chains agree (Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021)."""
ENOUGH = 400
"""Effective draws from which means and intervals are steady, 100 a chain of four (the same paper)."""

_SUSPECT = 0.01


def sample_nuts(evidence: Evidence, laplace: Posterior, draws: int, chains: int, tune: int, seed: int) -> Posterior:
    """Sample likelihood times prior with nutpie.

    The sampler works on z in `mean + L z`, L L' being Laplace's covariance: there the posterior is nearly round, so
    that its paths are short and little is left to tune.

    Parameters
    ----------
    evidence : Evidence
        Likelihood and prior.
    laplace : Posterior
        The normal approximation at the mode.
    draws, chains, tune : int
        Draws kept a chain, chains, and draws a chain spent on tuning before.
    seed : int
        Where chance starts; equal seeds give equal draws.

    Raises
    ------
    MissingExtraError
        Without nutpie.
    FitError
        If no chain finds a start.
    """
    for name, value, least in (("draws", draws, 4), ("chains", chains, 1), ("tune", tune, 50)):
        if value < least:
            raise ConfigError(f"`{name}` is {value}; NUTS needs at least {least}.")
    nutpie = import_bayes("nutpie", "Sampling with NUTS")
    arviz = import_bayes("arviz", "Grading the chains of NUTS")
    mean, size = laplace.mean, laplace.mean.size
    root = np.linalg.cholesky(laplace.covariance)

    def log_density(z: FloatArray, **_: Any) -> tuple[float, FloatArray]:
        # An exception here would end the process, not the chain: the sampler calls from threads of its own.
        try:
            found = evidence.log_posterior(mean + root @ z, 1)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return -np.inf, np.zeros(size)
        gradient = root.T @ found.gradient
        if not (np.isfinite(found.value) and np.isfinite(gradient).all()):
            return -np.inf, np.zeros(size)
        return found.value, gradient

    def expand(z: FloatArray, **_: Any) -> dict[str, FloatArray]:
        return {"z": z}

    model = import_bayes("nutpie.compiled_pyfunc", "Sampling with NUTS").from_pyfunc(
        ndim=size,
        make_logp_fn=lambda: log_density,
        make_expand_fn=lambda *_: expand,
        expanded_dtypes=[np.dtype(np.float64)],
        expanded_shapes=[(size,)],
        expanded_names=["z"],
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trace = nutpie.sample(
                model, draws=draws, tune=tune, chains=chains, cores=1, seed=seed, progress_bar=False, save_warmup=False
            )
    except RuntimeError as error:
        raise FitError(
            f"NUTS found no place to start ({str(error).splitlines()[0]}). The normal approximation and the bootstrap "
            "remain: `posterior_`, `bootstrap()`."
        ) from error
    z = np.asarray(trace.posterior["z"].values, dtype=np.float64)
    diverged = np.asarray(trace.sample_stats["diverging"].values, dtype=bool)
    points = mean + z @ root.T
    r_hat, effective = _graded(arviz, points)
    samples = Samples("nuts", points, r_hat, effective, _sentence(points, r_hat, effective, diverged), diverged)
    return Posterior.of_samples(laplace.parameters, samples, laplace.prior_share)


def _graded(arviz: Any, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """R-hat of each parameter, and the smaller of its effective draws for the bulk and for the tails."""
    names = [f"p{place}" for place in range(points.shape[2])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = arviz.convert_to_dataset({name: points[..., place] for place, name in enumerate(names)})
        hat = arviz.rhat(data) if len(points) > 1 else None
        bulk, tail = arviz.ess(data, method="bulk"), arviz.ess(data, method="tail")
    r_hat = np.array([np.nan if hat is None else float(hat[name]) for name in names])
    return r_hat, np.array([min(float(bulk[name]), float(tail[name])) for name in names])


def _sentence(points: FloatArray, r_hat: FloatArray, effective: FloatArray, diverged: NDArray[np.bool_]) -> str:
    chains, draws = points.shape[:2]
    least, lost = float(effective.min()), int(diverged.sum())
    if chains == 1:
        counted = f"One chain of {draws:,} draws is worth {least:,.0f} independent ones"
        agreed, advice = True, " Whether chains agree only several chains can say."
    else:
        largest = float(r_hat.max())
        agreed, advice = largest <= AGREED, ""
        verb = "agree" if agreed else "do not agree"
        counted = (
            f"{chains} chains of {draws:,} draws {verb} (R-hat {largest:.3f}) and are worth {least:,.0f} independent"
        )
        counted += " draws"
    paths = "no path diverged" if lost == 0 else f"{lost:,} path{'s'[: lost > 1]} diverged"
    if not agreed or least < ENOUGH:
        advice += " Draw more, and tune longer, before relying on it."
    elif lost > _SUSPECT * diverged.size:
        advice += " The posterior has an edge that the sampler cannot follow: give a prior."
    return f"{counted}; {paths}.{advice}"
