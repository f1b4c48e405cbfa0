"""Several models of buying as one: their forecasts mixed with weights that a holdout has found."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells, GapUse
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit
from keepers.models.buying import BuyingModel, CellPredictions
from keepers.models.customer_states import CustomerStates
from keepers.models.priors import Prior
from keepers.models.realtime import CustomerState, Scorer, Scores
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.likelihoods.stacked import Stacked

FloatArray = NDArray[np.float64]

SMALLEST = 0.01
"""A member with less weight is left out."""


class StackPosterior:
    """What is known of the parameters of all members; the weights are taken as known.

    Parameters
    ----------
    weights : array, shape (m,)
        Of the members.
    members : sequence of Posterior
        Of each member; between members the draws are independent.
    """

    def __init__(self, weights: FloatArray, members: Sequence[Any], parameters: tuple[str, ...]) -> None:
        self.parameters = parameters
        self.weights = weights
        self.members = list(members)
        self.mean = np.concatenate([np.log(weights), *(one.mean for one in self.members)])
        size = self.mean.size
        self.covariance = np.zeros((size, size))
        place = weights.size
        for one in self.members:
            end = place + one.mean.size
            self.covariance[place:end, place:end] = one.covariance
            place = end

    def __repr__(self) -> str:
        return f"StackPosterior({', '.join(map(repr, self.members))})"

    @property
    def prior_share(self) -> float:
        """Part of what is known that comes from priors, the mean of the members by weight."""
        return float(self.weights @ [one.prior_share for one in self.members])

    @property
    def diagnostic(self) -> str:
        """What the members say of their own posteriors."""
        return " ".join(dict.fromkeys(one.diagnostic for one in self.members))

    def draws(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw parameters of all members, the weights in front, shape (n, d)."""
        return np.hstack([np.tile(self.weights, (n, 1)), *(one.draws(n, rng) for one in self.members)])


class Stack(BuyingModel):
    """Several models of buying as one, every answer being the mean of theirs with fixed weights.

    Use it where a backtest says that no single model forecasts as well: `keepers.choose_model` makes one with the
    weights that forecast best on unseen days, see `keepers.evaluation.stacking`. P(alive), expected purchases, the
    whole distribution and everything that a valuation needs are those of the mixture; the median waiting time is the
    weighted geometric mean of the members'. `log_likelihood_` is the weighted mean of theirs.

    Parameters
    ----------
    models : sequence of BuyingModel, optional
        Members, not yet fitted; MBG/NBD and Pareto/NBD without it.
    weights : sequence of float, optional
        One for each, not negative; they are divided by their sum. Equal without it.

    Raises
    ------
    ConfigError
        If weights do not fit the members, or a member counts opportunities.

    References
    ----------
    Yao, Vehtari, Simpson, Gelman (2018), "Using Stacking to Average Bayesian Predictive Distributions", Bayesian
    Analysis 13.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> stack = kp.Stack([kp.MBGNBD(), kp.ParetoNBD()], [0.25, 0.75]).fit(data, unit="week")
    >>> own = [member.expected_purchases(data, kp.weeks(52))["expected_purchases"] for member in stack.models_]
    >>> mixed = stack.expected_purchases(data, kp.weeks(52))["expected_purchases"]
    >>> bool(abs(mixed - (0.25 * own[0] + 0.75 * own[1])).max() < 1e-12)
    True
    """

    name: ClassVar[str] = "Stack"
    title: ClassVar[str] = "stacked models"
    symbols: ClassVar[tuple[str, ...]] = ()
    weak_prior: ClassVar[Prior] = Prior({})
    pooled: ClassVar[bool] = True

    models_: list[BuyingModel]

    def __init__(self, models: Sequence[BuyingModel] | None = None, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if models is None:
            from keepers.models.btyd.mbg_nbd import MBGNBD
            from keepers.models.btyd.pareto_nbd import ParetoNBD

            models = (MBGNBD(), ParetoNBD())
        shares = np.ones(len(models)) if weights is None else np.asarray(weights, dtype=float)
        if shares.shape != (len(models),) or not models or np.any(shares < 0) or not shares.sum() > 0:
            raise ConfigError(
                f"A stack of {len(models)} models needs as many weights, none negative and not all zero, not {weights}."
            )
        if len({one.name for one in models}) < len(models) or any(one.discrete for one in models):
            raise ConfigError("A stack holds models of continuous time, each kind once.")
        if any(one.covariates is not None for one in models):
            raise ConfigError(
                "A stack holds models without covariates, as its members share one table of histories. Fit the model "
                "with covariates by itself and compare it in a backtest."
            )
        kept = shares / shares.sum() >= min(SMALLEST, 1 / len(models))
        self.models = tuple(one for one, keep in zip(models, kept, strict=True) if keep)
        self.weights = shares[kept] / shares[kept].sum()
        by_weight = sorted(zip(self.weights, self.models, strict=True), key=lambda pair: -pair[0])
        told = [f"{share:.0%} {one.title}" for share, one in by_weight]
        self.__dict__["title"] = "stack of " + " and ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)

    @property
    def gaps(self) -> GapUse | None:  # type: ignore[override]
        """What the members use of the times between purchases."""
        used = {one.gaps for one in self.models}
        return "each" if "each" in used else "sum" if "sum" in used else None

    @property
    def infinite(self) -> Mapping[str, str]:  # type: ignore[override]
        """Answers that are infinite by any member."""
        found: dict[str, str] = {}
        for one in self.models:
            for key, when in one.infinite.items():
                found.setdefault(key, f"by {one.title} {when}")
        return MappingProxyType(found)

    @property
    def family(self) -> BuyingFamily:
        """The members' families as one."""
        members = getattr(self, "models_", self.models)
        return Stacked({one.name: one.family for one in members})

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Fit every member to the same histories.

        Parameters
        ----------
        data : summary, Cells or frame
            Histories.
        unit : TimeUnit or str, optional
            Unit of a frame's times, required there; for cells, the unit to fit in.
        """
        self.models_ = [copy.copy(one).fit(data, unit) for one in self.models]
        self._gather()
        return self

    @classmethod
    def of_fitted(cls, models: Sequence[BuyingModel], weights: Sequence[float]) -> Self:
        """A stack of members that are fitted already, to the same histories.

        Parameters
        ----------
        models : sequence of BuyingModel
            Fitted; they are used as they are.
        weights : sequence of float
            One for each.
        """
        stack = cls(models, weights)
        stack.models_ = list(stack.models)
        stack._gather()
        return stack

    def _gather(self) -> None:
        """Put together what the fitted members have."""
        members, weights = self.models_, self.weights
        names = self.family.PARAMETERS
        theta = np.concatenate([weights, *([one.parameters_[name] for name in one.symbols] for one in members)])
        self.unit_, self.calendar_ = members[0].unit_, members[0].calendar_
        self.n_customers_ = members[0].n_customers_
        self.parameters_ = dict(zip(names, theta.tolist(), strict=True))
        self.posterior_ = StackPosterior(weights, [one.posterior_ for one in members], names)  # type: ignore[assignment]
        self.laplace_ = self.posterior_
        self.covariance_ = np.outer(theta, theta) * self.posterior_.covariance
        self.standard_errors_ = dict(zip(names, np.sqrt(np.diag(self.covariance_)).tolist(), strict=True))
        self.log_likelihood_ = float(weights @ [one.log_likelihood_ for one in members])
        self.prior_ = next((one.prior_ for one in members if one.prior_ is not None), None)
        outcomes = [one.outcome_ for one in members]
        failed = [one for one in outcomes if not one.usable]
        worst = failed or [one for one in outcomes if not one.trustworthy_parameters]
        helped = [one for one in outcomes if one is not FitOutcome.CONVERGED]
        self.outcome_ = (worst or helped or outcomes)[0]

    def _theta(self) -> FloatArray:
        self._check_fitted()
        for one in self.models_:
            one._theta()
        return np.array(list(self.parameters_.values()))

    def sample_posterior(self, *_: Any, **__: Any) -> NoReturn:
        """A stack has no likelihood of its own: ask its members.

        Raises
        ------
        FitError
            Always.
        """
        self._kept_evidence()

    def _kept_evidence(self) -> NoReturn:
        raise FitError(
            "A stack has no likelihood of its own, only its members have one. Ask them, `stack.models_`, and put them "
            "together again with `Stack.of_fitted`."
        )

    def _prior_before_data(self) -> NoReturn:
        raise ConfigError("A stack has no prior of its own, only its members have one. Ask them: `stack.models`.")

    def predict_cells(
        self,
        cells: Cells,
        horizon: Horizon = DEFAULT_HORIZON,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        lifetime_cap: Horizon = LIFETIME_CAP,
    ) -> CellPredictions:
        """Everything that valuation needs of each cell, mixed.

        The members' uncertainties are added up as if all erred in the same direction, since they saw the same data.
        """
        self._theta()
        found = [one.predict_cells(cells, horizon, discount, lifetime_cap) for one in self.models_]
        mixed = {
            field.name: np.sum(
                [w * getattr(one, field.name) for w, one in zip(self.weights, found, strict=True)], axis=0
            )
            for field in fields(CellPredictions)
        }
        square = np.sum(
            [
                w * (one.variance - one.expected_purchases_se**2 + one.expected_purchases**2)
                for w, one in zip(self.weights, found, strict=True)
            ],
            axis=0,
        )
        spread = np.maximum(square - mixed["expected_purchases"] ** 2, 0.0)
        mixed["variance"] = spread + mixed["expected_purchases_se"] ** 2
        waits = [self._on_clock(cells, one.next_purchase_age) for one in found]
        mean = np.exp(np.sum([w * np.log(one) for w, one in zip(self.weights, waits, strict=True)], axis=0))
        mixed["next_purchase_age"] = self._on_calendar(cells, mean)
        return CellPredictions(**mixed)

    def score(
        self,
        states: CustomerState | Sequence[CustomerState] | CustomerStates,
        now: dt.date,
        horizon: Horizon = DEFAULT_HORIZON,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        attributes: Any = None,  # noqa: ARG002 - members have no covariates
    ) -> Scores:
        """Score customers by their states at a moment."""
        self._theta()
        members = tuple(one.name for one in self.models_)
        scorer = Scorer(self.name, self.parameters_, self.unit_, members, self._stages(), calendar=self.calendar_)
        return scorer.score(states, now, horizon, discount)

    def _stages(self) -> dict[str, int]:
        """The k of the members that have one."""
        return {one.name: int(one.parameters_["k"]) for one in self.models_ if "k" in one.parameters_}

    def to_dict(self, *, corrected: bool = True) -> dict[str, Any]:
        """The fitted stack as plain numbers and words, its members within."""
        self._check_fitted()
        return {
            "model": self.name,
            "parameters": self.parameters_,
            "outcome": self.outcome_.name,
            "settings": {
                "unit": self.unit_.value,
                "members": [one.name for one in self.models_],
                "stages": self._stages(),
                **({} if self.calendar_ is None else {"clock": self.calendar_.to_dict()}),
            },
            "weights": self.weights.tolist(),
            "members": [one.to_dict(corrected=corrected) for one in self.models_],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The fitted stack that `to_dict` wrote."""
        from keepers.models.catalogue import model_class

        members = []
        for one in data["members"]:
            member = model_class(str(one["model"])).from_dict(one)
            assert isinstance(member, BuyingModel)
            members.append(member)
        return cls.of_fitted(members, data["weights"])
