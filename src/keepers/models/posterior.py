"""What is known of a model's parameters after the fit: a normal in their logarithms, corrected and graded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.models.samples import Samples, to_inference_data
from keepers.numerics.draws import RELIABLE, CorrectedDraws, importance_draws

FloatArray = NDArray[np.float64]
LogPosterior = Callable[[FloatArray], float]

_PROPOSALS = 1000
_BUDGET = 4e6
_FEWEST_PROPOSALS = 200
_SEED = 20050514


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The exact posterior of log parameters.

    Parameters
    ----------
    log_density : callable
        Its logarithm at a point, up to a constant; minus infinity outside the box.
    rows : int
        Rows that one evaluation costs.
    low, high : arrays, shape (d,)
        The box that holds it.
    log_densities : callable, optional
        The same as `log_density` for many points at once, where the likelihood can do that.
    """

    log_density: LogPosterior
    rows: int
    low: FloatArray
    high: FloatArray
    log_densities: Callable[[FloatArray], FloatArray] | None = None


class Posterior:
    """The posterior of the parameters.

    Parameters
    ----------
    parameters : tuple of str
        Symbols, in the order of every array here.
    mean, covariance : arrays, shape (d,), (d, d)
        Normal approximation to the logarithms of the parameters at the mode (Laplace).
    prior_share : float
        Part of the information about the parameters that comes from the prior, 0 to 1.
    target : Target, optional
        The exact posterior. It is evaluated when draws or the diagnostic are first asked for, and then let go.
    samples : Samples, optional
        Draws that another method made; they take the place of the correction.
    """

    def __init__(
        self,
        parameters: tuple[str, ...],
        mean: FloatArray,
        covariance: FloatArray,
        prior_share: float = 0.0,
        target: Target | None = None,
        samples: Samples | None = None,
    ) -> None:
        self.parameters = parameters
        self.mean = mean
        self.covariance = covariance
        self.prior_share = prior_share
        self._target = target
        self._samples = samples
        self._box: tuple[FloatArray, FloatArray] | None = None if target is None else (target.low, target.high)
        self._corrected: CorrectedDraws | None = None
        self._misfit: float | None = None

    def __repr__(self) -> str:
        spread = np.sqrt(np.diag(self.covariance))
        logs = self.mean.size - self.coefficients
        inside = ", ".join(
            f"{name} {math.exp(centre):.4g} (x/{math.exp(sd):.3g})"
            if place < logs
            else f"{name} {centre:.4g} (+-{sd:.3g})"
            for place, (name, centre, sd) in enumerate(zip(self.parameters, self.mean, spread, strict=True))
        )
        return f"Posterior({inside}; {self.prior_share:.0%} prior; {self.method})"

    @classmethod
    def of_samples(cls, parameters: tuple[str, ...], samples: Samples, prior_share: float) -> Posterior:
        """The posterior that draws of another method describe."""
        flat = samples.points.reshape(-1, len(parameters))
        covariance = np.atleast_2d(np.cov(flat, rowvar=False))
        return cls(parameters, flat.mean(axis=0), covariance, prior_share, samples=samples)

    @property
    def method(self) -> str:
        """How it was found: "laplace", "nuts", "bootstrap" or "parametric bootstrap"."""
        return "laplace" if self._samples is None else self._samples.method

    @property
    def effective_draws(self) -> float:
        """How many independent draws the draws are worth: of the parameter that has fewest; NaN without draws."""
        self._correct()
        if self._samples is not None:
            return float(self._samples.effective.min())
        return math.nan if self._corrected is None else self._corrected.effective

    @property
    def r_hat(self) -> dict[str, float]:
        """How far the chains of each parameter disagree, 1 being not at all; NaN where there are no chains."""
        values = np.full(len(self.parameters), math.nan) if self._samples is None else self._samples.r_hat
        return dict(zip(self.parameters, values.tolist(), strict=True))

    def sampled(self, draws: int, chains: int, rng: np.random.Generator) -> Posterior:
        """The same with so many draws drawn from it, as other methods give them; each chain is drawn by itself."""
        natural = self.draws(draws * chains, rng)
        logs = natural.shape[1] - self.coefficients
        points = np.concatenate([np.log(natural[:, :logs]), natural[:, logs:]], axis=1).reshape(chains, draws, -1)
        worth = min(float(draws * chains), self.effective_draws) if self.effective_draws > 0 else float(draws * chains)
        size = self.mean.size
        samples = Samples(self.method, points, np.full(size, np.nan), np.full(size, worth), self.diagnostic)
        return Posterior(self.parameters, self.mean, self.covariance, self.prior_share, samples=samples)

    def as_arrays(self, draws: int = 1000, seed: int = 0) -> dict[str, FloatArray]:
        """All draws of each parameter, shape (chains, draws).

        Parameters
        ----------
        draws, seed : int
            How many to draw, and from where chance starts, where the method itself made no chains.
        """
        if self._samples is None:
            natural = self.draws(draws, np.random.default_rng(seed))[None]
        else:
            natural = self.natural(self._samples.points)
        return {name: np.ascontiguousarray(natural[..., place]) for place, name in enumerate(self.parameters)}

    def to_arviz(self) -> Any:
        """The draws as ArviZ' `InferenceData`, with the divergences of NUTS among its sample statistics.

        Raises
        ------
        MissingExtraError
            Without ArviZ; `as_arrays` gives the same draws as plain arrays.
        """
        return to_inference_data(self.as_arrays(), self._samples)

    def draws(self, n: int, rng: np.random.Generator, *, correct: bool = True) -> FloatArray:
        """Draw parameters from the posterior.

        Parameters
        ----------
        n : int
            Number of draws.
        rng : Generator
            Source of chance.
        correct : bool
            Whether to compare with the exact posterior first, where nobody has done so yet, which takes as long as many
            fits; otherwise draws then follow the normal approximation.

        Returns
        -------
        array, shape (n, d)
            Natural parameters (not logarithms) in the order of `parameters`, in the unit of the model. Where the
            cells were few enough these follow the exact posterior by importance resampling; with very many cells
            the normal approximation is as good, and `diagnostic` says so.
        """
        if correct:
            self._correct()
        if self._samples is not None:
            points = self._samples.points.reshape(-1, self.mean.size)
        elif self._corrected is None or self._corrected.pareto_k > 1:
            root = np.linalg.cholesky(self.covariance)
            drawn = self.mean + rng.standard_normal((n, self.mean.size)) @ root.T
            return self.natural(drawn if self._box is None else np.clip(drawn, *self._box))
        else:
            points = self._corrected.points
        whole, rest = divmod(n, len(points))
        chosen = np.concatenate([np.tile(np.arange(len(points)), whole), rng.permutation(len(points))[:rest]])
        return self.natural(points[rng.permutation(chosen)])

    @property
    def coefficients(self) -> int:
        """How many of the last parameters are coefficients of covariates, which stand for themselves, not a logarithm.

        Their names tell: ``purchase:age``.
        """
        return sum(":" in name for name in self.parameters)

    def natural(self, points: FloatArray) -> FloatArray:
        """Parameters as users see them, from their logarithms; coefficients stay as they are."""
        logs = points.shape[-1] - self.coefficients
        return np.concatenate([np.exp(points[..., :logs]), points[..., logs:]], axis=-1)

    @property
    def pareto_k(self) -> float:
        """Shape of the importance weights' tail; NaN where no importance correction was made."""
        self._correct()
        return math.nan if self._corrected is None else self._corrected.pareto_k

    @property
    def diagnostic(self) -> str:
        """Whether the posterior can be relied on, in one sentence."""
        self._correct()
        if self._samples is not None:
            return self._samples.sentence
        if self._corrected is not None:
            return _of_correction(self._corrected.pareto_k)
        if self._misfit is None:
            return "The posterior is the normal approximation at the mode; it was not corrected."
        if self._misfit < 0.5:
            return (
                "So many customers make the posterior normal: two standard deviations out, its logarithm differs by "
                f"{self._misfit:.2g} from that of the normal."
            )
        return (
            "The posterior is not normal: two standard deviations out, its logarithm differs by "
            f"{self._misfit:.2g} from that of the normal; intervals are approximate."
        )

    def _correct(self) -> None:
        if self._target is None:
            return
        target, self._target = self._target, None
        proposals = min(_PROPOSALS, int(_BUDGET / max(target.rows, 1)))
        if proposals >= _FEWEST_PROPOSALS:
            rng = np.random.default_rng(_SEED)
            self._corrected = importance_draws(
                target.log_density, self.mean, self.covariance, proposals, rng, target.log_densities
            )
            return
        sizes, axes = np.linalg.eigh(self.covariance)
        at_mode = target.log_density(self.mean)
        away = [sign * 2 * math.sqrt(size) * axis for size, axis in zip(sizes, axes.T, strict=True) for sign in (-1, 1)]
        self._misfit = min(1e6, max(abs(target.log_density(self.mean + step) - at_mode + 2.0) for step in away))

    def shifted(self, by: FloatArray, stretch: FloatArray | None = None) -> Posterior:
        """The posterior in other units: logarithms are larger by `by`, coefficients `stretch` times as large."""
        times = np.ones(by.shape) if stretch is None else stretch
        target = self._target
        moved = None
        if target is not None:
            low, high = target.low * times + by, target.high * times + by
            many = target.log_densities
            moved_many = None if many is None else (lambda points: many((points - by) / times))
            moved = Target(lambda point: target.log_density((point - by) / times), target.rows, low, high, moved_many)
        samples = None if self._samples is None else self._samples.shifted(by, times)
        posterior = Posterior(
            self.parameters,
            self.mean * times + by,
            self.covariance * np.outer(times, times),
            self.prior_share,
            moved,
            samples,
        )
        if self._corrected is not None:
            points = self._corrected.points * times + by
            posterior._corrected = CorrectedDraws(points, self._corrected.pareto_k, self._corrected.effective)
        posterior._misfit = self._misfit
        if moved is None and self._box is not None:
            posterior._box = (self._box[0] * times + by, self._box[1] * times + by)
        return posterior

    def to_dict(self, *, corrected: bool = True) -> dict[str, Any]:
        """Plain numbers, for a saved model; the correction is made first, unless it is not wanted."""
        if corrected:
            self._correct()
        data: dict[str, Any] = {
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
            "prior_share": self.prior_share,
            "misfit": self._misfit,
            "box": None if self._box is None else [side.tolist() for side in self._box],
        }
        if self._corrected is not None:
            data["pareto_k"] = self._corrected.pareto_k if math.isfinite(self._corrected.pareto_k) else None
            data["effective"] = self._corrected.effective
            data["points"] = np.round(self._corrected.points, 6).tolist()
        if self._samples is not None:
            data["samples"] = self._samples.to_dict()
        return data

    @classmethod
    def from_dict(cls, parameters: tuple[str, ...], data: Mapping[str, Any]) -> Posterior:
        """The posterior that `to_dict` wrote."""
        samples = Samples.from_dict(data["samples"]) if "samples" in data else None
        posterior = cls(
            parameters,
            np.array(data["mean"]),
            np.array(data["covariance"]),
            float(data["prior_share"]),
            samples=samples,
        )
        posterior._misfit = data["misfit"]
        posterior._box = None if data["box"] is None else (np.array(data["box"][0]), np.array(data["box"][1]))
        if "points" in data:
            k = data["pareto_k"]
            posterior._corrected = CorrectedDraws(
                np.array(data["points"]), -math.inf if k is None else float(k), float(data["effective"])
            )
        return posterior


def _of_correction(k: float) -> str:
    if k <= RELIABLE:
        return f"The importance correction is reliable (Pareto k {max(k, 0.0):.2f}, at most {RELIABLE})."
    if k <= 1:
        return f"The importance correction is rough (Pareto k {k:.2f}): intervals are approximate."
    return f"The importance correction failed (Pareto k {k:.2f}); draws follow the normal approximation."
