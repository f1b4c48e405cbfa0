"""What a fitted model of learned value answers: money, chance, intervals, contributions; and its place on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from keepers.domain.errors import ConfigError, NotFittedError
from keepers.models import persistence
from keepers.models.learned.attrition import EXPECTED_MONEY, Attrition
from keepers.models.learned.contributions import Course, money_shares
from keepers.models.learned.design import Design, design_of
from keepers.models.learned.heads import HEADS, HeadName, head_from_dict
from keepers.models.learned.importance import Importance, importance_of
from keepers.models.learned.prior import RatioPrior
from keepers.numerics.conformal import central_share
from keepers.numerics.conformal_bins import ConformalBins, ZeroLognormal
from keepers.numerics.recalibration import ProbabilityMap, Recalibration

FloatArray = NDArray[np.float64]


class LearnedAnswers:
    """The answers of a fitted model; `keepers.LearnedValue` is how to make one."""

    name: ClassVar[str] = "LearnedValue"
    title: ClassVar[str] = "learned value"
    learns_from_features: ClassVar[bool] = True

    head_: HeadName
    head_losses_: dict[str, float]
    prior_share_: float
    prior_: RatioPrior
    n_customers_: int
    stretch_: float
    _design: Design
    _course: Course
    _chance_map: ProbabilityMap
    _bins: ConformalBins
    _sample: FloatArray | None
    _importance: tuple[Importance, FloatArray, float]
    _attrition: Attrition | None

    @property
    def fitted(self) -> bool:
        """Whether `fit` has been called."""
        return hasattr(self, "prior_share_")

    @property
    def sentence(self) -> str:
        """What was learned and how much of it is the plain rule, in words."""
        self._check()
        rule = "the mean of all customers"
        if self.prior_.feature is not None:
            expected = self._design.names[self.prior_.feature] == EXPECTED_MONEY
            rule = "what a model of buying expects" if expected else "past spend times a ratio"
        return (
            f"Learned from {self.n_customers_:,} customers and {len(self._design.names)} features by "
            f"{HEADS[self.head_].title}; {1 - self.prior_share_:.0%} of the prediction comes from the features and "
            f"{self.prior_share_:.0%} from the plain rule ({rule})."
        )

    def predict(self, X: Any, threads: int = 1) -> FloatArray:
        """Expected money of each customer, shape (n,)."""
        return self._law(self._rows(X), threads).mean

    def probability_of_purchase(self, X: Any, threads: int = 1) -> FloatArray:
        """Chance that a customer brings anything, shape (n,)."""
        return self._law(self._rows(X), threads).probability

    def predict_interval(self, X: Any, level: float = 0.8, threads: int = 1) -> tuple[FloatArray, FloatArray]:
        """Ends of the central interval of what each customer will bring, each of shape (n,).

        Both ends count as inside. Where a customer may well bring nothing, the lower end is zero, so that ordinary
        intervals hold at least their level; see `interval_coverage`.
        """
        if not 0 < level < 1:
            raise ConfigError(f"`level` is {level!r}; it must lie between 0 and 1, 0.8 for 80%.")
        law = self._law(self._rows(X), threads)
        low, high = self._bins.levels(law.mean / self.stretch_, level)
        return law.quantile(low), law.quantile(high)

    def score(self, X: Any, level: float = 0.8, threads: int = 1) -> dict[str, Any]:
        """All answers at once, as columns: expected money, its interval, and the chance to buy; and the keys if known.

        Returns
        -------
        dict
            `customer_key` (where known), `value`, `value_low`, `value_high`, `probability_of_purchase`.
        """
        parts = [self._scored(design, level, threads) for design in self._portions(X)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _scored(self, design: Design, level: float, threads: int) -> dict[str, Any]:
        law = self._law(design.X, threads)
        low, high = self._bins.levels(law.mean / self.stretch_, level)
        keys = {} if design.keys is None else {"customer_key": design.keys}
        return {
            **keys,
            "value": law.mean,
            "value_low": law.quantile(low),
            "value_high": law.quantile(high),
            "probability_of_purchase": law.probability,
        }

    def _portions(self, X: Any) -> Iterator[Design]:
        """Customers as they come: a table of the house in portions, so that memory does not grow with their number."""
        self._check()
        batches = getattr(X, "batches", None)
        if batches is None:
            yield self._designed(X)
            return
        given = self._given
        for keys, rows in batches(given.names, given.levels):
            yield self._whole(Design(rows, given.names, given.levels, keys))

    def laws(self, X: Any, threads: int = 1) -> tuple[NDArray[Any], ZeroLognormal]:
        """Keys of customers (their places, where unknown) and the distribution of what each will bring, unrepaired."""
        design = self._designed(X)
        keys = np.arange(design.size) if design.keys is None else design.keys
        return keys, self._law(design.X, threads)

    @property
    def bins(self) -> ConformalBins:
        """What held-out customers said of the spread, by group of prediction before `stretch_`."""
        self._check()
        return self._bins

    def transform(self, X: Any, outcome: ArrayLike, threads: int = 1) -> tuple[FloatArray, FloatArray]:
        """Forecast probability of less than each outcome and of at most it, each of shape (n,)."""
        law = self._law(self._rows(X), threads)
        below, at = law.transform(np.asarray(outcome, dtype=np.float64))
        return self._bins.repaired(law.mean / self.stretch_, below, at)

    def interval_coverage(self, X: Any, outcome: ArrayLike, level: float = 0.8) -> dict[str, float]:
        """What intervals held of outcomes that were not learned from.

        Returns
        -------
        dict
            `plain`: share inside the interval with its ends, which mass at zero makes at least the level where the
            forecast is right; `randomised`: an outcome at a mass counts by the part of it that lies inside, so that a
            right forecast has the level itself.
        """
        money = np.asarray(outcome, dtype=np.float64)
        low, high = self.predict_interval(X, level)
        kept = np.maximum(money, 0.0)
        below, at = self.transform(X, money)
        return {
            "plain": float(np.mean((kept >= low) & (kept <= high))),
            "randomised": central_share(below, at, level),
        }

    def contributions(self, X: Any, threads: int = 1) -> FloatArray:
        """What each feature adds to each prediction, in money, shape (n, p): they sum to the prediction less the mean.

        The mean is `stretch_ * mean_`, that of those it learned from.

        They say what predicts, not what causes.
        """
        rows = self._rows(X)
        shares, _ = money_shares(self._course, rows, threads)
        return np.asarray(self.stretch_ * (shares - self._weighed()[1]))

    def feature_importance(self) -> Importance:
        """How much each feature moves predictions, in money, and how steady that is over refits."""
        self._check()
        return self._weighed()[0]

    @property
    def mean_(self) -> float:
        """Mean prediction over a sample of those it learned from; contributions count from it, times `stretch_`."""
        self._check()
        return self._weighed()[2]

    def _weighed(self) -> tuple[Importance, FloatArray, float]:
        """Importance, mean contributions and mean prediction, found when first asked for."""
        if self._sample is not None:
            self._importance = importance_of(self._course, self._sample, self._design.names)
            self._sample, self._course.head.folds = None, []
        return self._importance

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features it learned from, in the order of `contributions`."""
        self._check()
        return self._design.names

    @property
    def known_features(self) -> tuple[str, ...]:
        """Those of them that are known of a customer, without what the model adds by itself."""
        self._check()
        return self._given.names

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to a JSON file with the trees as the library's own text; `keepers.load_model` reads it."""
        return persistence.write(path, self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The model as plain numbers and words."""
        self._check()
        importance, centre, mean = self._weighed()
        return {
            "model": self.name,
            "settings": self._settings(),
            "features": list(self._design.names),
            "levels": {name: list(some) for name, some in self._design.levels.items()},
            "head": self._course.head.to_dict(),
            "head_losses": self.head_losses_,
            "prior": self.prior_.to_dict(),
            "prior_share": self.prior_share_,
            "recalibration": self._course.recalibration.to_dict(),
            "chance": self._chance_map.to_dict(),
            "bins": self._bins.to_dict(),
            "importance": importance.to_dict(),
            "centre": centre.tolist(),
            "mean": mean,
            "n_customers": self.n_customers_,
            "stretch": self.stretch_,
            "attrition": None if self._attrition is None else self._attrition.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The model that `to_dict` wrote."""
        model = cls(**data["settings"])
        names = tuple(data["features"])
        levels = {name: tuple(some) for name, some in data["levels"].items()}
        model._design = Design(np.empty((0, len(names))), names, levels)
        model.prior_ = RatioPrior(**data["prior"])
        model.prior_share_ = float(data["prior_share"])
        head = head_from_dict(data["head"])
        recalibration = Recalibration.from_dict(data["recalibration"])
        model._course = Course(head, model.prior_, 1.0 - model.prior_share_, recalibration)
        model.head_ = head.name
        model.head_losses_ = dict(data["head_losses"])
        model._chance_map = ProbabilityMap.from_dict(data["chance"])
        model._bins = ConformalBins.from_dict(data["bins"])
        importance = Importance.from_dict(data["importance"])
        model._sample = None
        model._importance = importance, np.array(data["centre"], dtype=float), float(data["mean"])
        model.n_customers_ = int(data["n_customers"])
        model.stretch_ = float(data["stretch"])
        known = data["attrition"]
        model._attrition = None if known is None else Attrition.from_dict(known)
        return model

    def _settings(self) -> dict[str, Any]:
        """What the constructor was given."""
        return {}

    def _chance(self, scores: FloatArray) -> FloatArray:
        log_odds = self._course.head.answer(scores).log_odds
        return np.clip(expit(self._chance_map(log_odds)), 1e-4, 1.0 - 1e-4)

    def _law(self, X: FloatArray, threads: int) -> ZeroLognormal:
        return self._law_of(self._course.head.scores(X, threads), self.prior_(X))

    def _law_of(self, scores: FloatArray, prior: FloatArray) -> ZeroLognormal:
        mean = self.stretch_ * self._course.value(scores, np.maximum(prior, 1e-9))
        chance = self._chance(scores)
        if self.stretch_ != 1.0:
            chance = -np.expm1(self.stretch_ * np.log1p(-chance))
        return ZeroLognormal(np.clip(chance, 1e-4, 1 - 1e-4), mean, self._course.head.answer(scores).scale)

    @property
    def _given(self) -> Design:
        """The features that a caller gives: all but those that the model adds."""
        if self._attrition is None:
            return self._design
        names = self._design.names[: -len(self._attrition.names)]
        return Design(np.empty((0, len(names))), names, self._design.levels)

    def _designed(self, X: Any) -> Design:
        self._check()
        return self._whole(design_of(X, self._given))

    def _whole(self, given: Design) -> Design:
        if self._attrition is None:
            return given
        rows = self._attrition.added(given.X, given.names)
        return Design(rows, self._design.names, self._design.levels, given.keys)

    def _rows(self, X: Any) -> FloatArray:
        return self._designed(X).X

    def _check(self) -> None:
        if not self.fitted:
            raise NotFittedError(self.name)
