"""The Pareto/NBD in hierarchical Bayes form: answers averaged over the posterior, and draws of every customer."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from numbers import Integral
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import Horizon, TimeUnit
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.models.covariates.specification import Covariates
from keepers.models.customer_draws import CustomerDraws, draw_customers
from keepers.models.frames import histories
from keepers.models.posterior import Posterior
from keepers.models.priors import Prior
from keepers.numerics.likelihoods import pareto_nbd, pareto_nbd_posterior
from keepers.numerics.likelihoods.family import BuyingFamily

FloatArray = NDArray[np.float64]

_SEED = 20_071_010
_INFORMED = 0.5
"""Share of the prior up to which the parameters are called the data's."""

_QUESTIONS: Mapping[str, tuple[str, bool | None]] = MappingProxyType(
    {
        "probability_alive": ("probability_alive", None),
        "expected_purchases": ("expected_purchases", True),
        "expected_lifetime": ("truncated_lifetime", True),
        "median_lifetime": ("median_lifetime", False),
        "expected_next_purchase": ("median_waiting_time", False),
    }
)
"""Questions with intervals: the family's function, and whether it needs a horizon (None: may have one)."""


class HierarchicalParetoNBD(BuyingModel):
    """The Pareto/NBD with a prior on its parameters, all of whose uncertainty is in every answer.

    As `ParetoNBD`, but r, alpha, s and beta have a prior of their own, and every answer is the mean over draws from
    their posterior: probabilities and distributions are predictive, `credible_interval` says how sure they are, and
    `sample_customers` draws every customer's own rates, being alive and lifetime. Use it where single customers and
    honest uncertainty matter more than speed, and where customers are few.

    The published samplers walk through all customers' rates by Gibbs. Here the gamma mixtures are integrated out, so
    that only the four parameters need sampling, and customers are drawn exactly: draws are independent.

    Parameters
    ----------
    prior : "auto" or Prior
        "auto" is the weak prior, at its full strength however many customers there are.
    draws : int
        Draws of the parameters behind every answer.
    covariates : None
        Refused, with the models that have them.

    Attributes
    ----------
    draws_ : array, shape (draws, 4)
        The draws, fixed once the model is fitted or its posterior sampled anew (`sample_posterior`).

    References
    ----------
    Ma, Liu (2007), "The MCMC approach for solving the Pareto/NBD model and possible extensions", Third International
    Conference on Natural Computation.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = HierarchicalParetoNBD(draws=20).fit(data, unit="week")
    >>> customers = model.sample_customers(data, 50, np.random.default_rng(1))
    >>> customers.alive.shape
    (50, 4)
    >>> sure = model.credible_interval("expected_purchases", data, kp.weeks(52), level=80)
    >>> bool(np.all(sure["expected_purchases_low"] < sure["expected_purchases_high"]))
    True
    """

    name: ClassVar[str] = "HierarchicalParetoNBD"
    title: ClassVar[str] = "Pareto/NBD (hierarchical)"
    symbols: ClassVar[tuple[str, ...]] = pareto_nbd.PARAMETERS
    family: ClassVar[BuyingFamily] = pareto_nbd_posterior
    predictive: ClassVar[bool] = True
    prior_fades: ClassVar[bool] = False
    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"purchases_infinite": "where a draw has `s` <= 1", "expected_lifetime": "where a draw has `s` <= 1"}
    )
    weak_prior: ClassVar[Prior] = ParetoNBD.weak_prior

    def __init__(self, prior: Any = "auto", draws: Any = 64, *, covariates: Covariates | None = None) -> None:
        super().__init__(prior)
        if covariates is not None:
            raise ConfigError(
                "HierarchicalParetoNBD has no covariates. Use ParetoNBD(covariates=...), whose answers have intervals "
                "by `interval` and whose posterior `sample_posterior` draws; ParetoNBDAbe, whose customers can be "
                "drawn, has columns that do not vary in time."
            )
        if prior is None:
            raise ConfigError(
                'A hierarchical model needs a prior: "auto" or a Prior. ParetoNBD(prior=None) is maximum likelihood.'
            )
        if not isinstance(draws, Integral) or draws < 2:
            raise ConfigError(f"`draws` is {draws!r}; answers are means over at least 2 draws, a whole number of them.")
        self.draws = int(draws)
        self._drawn: tuple[Posterior, FloatArray] | None = None

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Find the posterior of the parameters; see `BuyingModel.fit`."""
        super().fit(data, unit)
        # The prior is a part of this model, not a help in need: the outcome tells what the data know.
        if self.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR and self.posterior_.prior_share < _INFORMED / 2:
            self.outcome_ = FitOutcome.CONVERGED
        return self

    @property
    def draws_(self) -> FloatArray:
        """Draws of the parameters, shape (draws, 4)."""
        posterior = self.posterior_
        if self._drawn is None or self._drawn[0] is not posterior:
            self._drawn = posterior, posterior.draws(self.draws, np.random.default_rng(_SEED))
        return self._drawn[1]

    def _at(self, theta: FloatArray) -> Self:
        """The same model with these draws of its parameters, shape (m, 4), or with one, shape (4,)."""
        moved = copy.copy(self)
        moved._drawn = self.posterior_, np.atleast_2d(theta)
        return moved

    def credible_interval(
        self,
        question: str,
        data: Any,
        horizon: Horizon | None = None,
        level: float = 80.0,
        unit: TimeUnit | str | None = None,
    ) -> Any:
        """Between which values an answer lies, by the posterior of the parameters.

        Parameters
        ----------
        question : str
            "probability_alive" (now or after the horizon), "expected_purchases" (within it), "expected_lifetime" (the
            part within the horizon), "median_lifetime" or "expected_next_purchase".
        data : summary, Cells or frame
            Histories.
        horizon : Horizon, optional
            Where the question has one.
        level : float
            Percent, equally much being left out on either side.
        unit : TimeUnit or str, optional
            Unit of a frame's times.

        Returns
        -------
        The data with columns `<question>_low` and `<question>_high`; an array of shape (n, 2) for cells.
        """
        if question not in _QUESTIONS:
            raise ConfigError(f"There is no interval for {question!r}. Ask for one of: {', '.join(_QUESTIONS)}.")
        if not 0 < level < 100:
            raise ConfigError(f"`level` is {level!r}; it is a percentage between 0 and 100, such as 80.")
        function, timed = _QUESTIONS[question]
        if timed and horizon is None:
            raise ConfigError(f"An interval for {question!r} needs a horizon, for example weeks(52).")
        self._theta()
        rows = histories(data, self.unit_, unit, calendar=self.calendar_)
        further = () if timed is False or horizon is None else (self._length(horizon),)
        found = np.array([self.answer(function, draw, rows.cells, *further) for draw in self.draws_])
        outside = (1 - level / 100) / 2
        ends = np.quantile(found, [outside, 1 - outside], axis=0, method="inverted_cdf").T
        return rows.give((f"{question}_low", f"{question}_high"), np.ascontiguousarray(ends))

    def sample_customers(
        self, data: Any, draws: int, rng: np.random.Generator, unit: TimeUnit | str | None = None
    ) -> CustomerDraws:
        """Draw every customer's own rates, being alive and lifetime from their posterior.

        Parameters
        ----------
        data : summary, Cells or frame
            Histories of n customers or cells.
        draws : int
            Independent draws of all of them, each with its own draw of the parameters.
        rng : Generator
            Source of chance.
        unit : TimeUnit or str, optional
            Unit of a frame's times.

        Returns
        -------
        CustomerDraws
            Arrays of shape (draws, n).
        """
        self._theta()
        cells = self.by_clock(histories(data, self.unit_, unit, calendar=self.calendar_).cells)

        def draw(theta: FloatArray, part: Cells) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
            return pareto_nbd_posterior.sample_customers(theta, part.x, part.t_x, part.T, rng)

        return draw_customers(draw, self.posterior_.draws(draws, rng), cells)

    def _theta(self) -> FloatArray:
        """The draws, refused where the fit failed."""
        super()._theta()
        return self.draws_

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), "draws": self.draws, "thetas": self.draws_.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HierarchicalParetoNBD:
        """The fitted model that `to_dict` wrote, with the same draws."""
        model = super().from_dict(data)
        assert isinstance(model, HierarchicalParetoNBD)
        model.draws = int(data["settings"]["draws"])
        model._drawn = model.posterior_, np.array(data["settings"]["thetas"], dtype=np.float64)
        return model
