"""Value learned from all that is known of a customer: boosted trees made right in total, by group and in spread."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import DEFAULT_HORIZON, Horizon, parse_day
from keepers.models.learned.answers import LearnedAnswers
from keepers.models.learned.attrition import EXPECTED, EXPECTED_MONEY
from keepers.models.learned.boosting import MOST_ROUNDS, Machine, lightgbm
from keepers.models.learned.contributions import Course
from keepers.models.learned.cross_fit import IntArray, folds_of
from keepers.models.learned.design import Design, design_of
from keepers.models.learned.heads import HEADS, Columns, Head, HeadName, kinds_of, mean_loss
from keepers.models.learned.importance import sampled_rows
from keepers.models.learned.lessons import Lesson, lesson_before
from keepers.models.learned.prior import RatioPrior, learned_share
from keepers.numerics.conformal_bins import ConformalBins
from keepers.numerics.lasting import lasting_gap
from keepers.numerics.recalibration import Recalibration, recalibrate, recalibrate_probability
from keepers.summaries.features import Features, features_at

FloatArray = NDArray[np.float64]

FEWEST_CUSTOMERS, FEWEST_BUYERS = 50, 8
MOST_CUSTOMERS = 150_000
"""Customers beyond this are sampled for learning; all are predicted."""

PAST_SPEND = (EXPECTED_MONEY, "revenue_365d", "revenue")
"""Features of the house that the plain rule rests on, the first that is there."""

_COMPARED = 20_000
_FEW, _MANY = 5, 3
_MANY_ROWS = 20_000


class LearnedValue(LearnedAnswers):
    """What customers will bring, learned from features by gradient boosting.

    Use it where more is known of customers than their orders: engagement, feedback, products, channels. From orders
    alone a model of buying such as Pareto/NBD mostly ranks as well and needs less data; `keepers.backtest` says which
    forecasts better and mixes them.

    Money has a mass at zero and a heavy tail, so one of three heads sees it: a hurdle (chance to buy, times how much a
    buyer brings), Tweedie (compound Poisson) or the zero-inflated lognormal. Five things are then done on customers
    that the trees had not seen: the number of rounds is chosen; the prediction is shrunk towards the plain ratio rule
    as far as the data do not speak against it; it is made right in total and by tenth of the prediction; the chance to
    buy is made right; and the spread is made right by group of predicted value, which intervals rest on.

    Parameters
    ----------
    head : {"hurdle", "tweedie", "ziln"}, optional
        The one with the smallest held-out loss without it.
    seed : int
        Where chance starts; the same seed and data give the same model.
    rounds : int
        At most so many trees; held-out customers choose how many are used.
    folds : int, optional
        Parts into which customers are divided; 5, or 3 with many customers.
    threads : int
        Threads while learning. Predictions take one unless asked otherwise.

    Attributes
    ----------
    head_ : str
        The head in use.
    head_losses_ : dict of str to float
        Held-out loss of each head that competed (Tweedie's, of power 1.5).
    prior_share_ : float
        How much of the prediction is the plain rule: 1 where the features say nothing that can be told from chance.
    prior_ : RatioPrior
        That rule.
    n_customers_ : int
        Rows it learned from.
    stretch_ : float
        What money is multiplied with to reach the horizon, after `learn` on a short history: 1 otherwise. The chance
        to buy nothing is raised to this power.

    References
    ----------
    Wang, Liu, Miao (2019), arXiv:1912.07753 (zero-inflated lognormal). Duan (1983), JASA 78 (smearing). Chernozhukov,
    Wuthrich, Zhu (2021), PNAS 118 (distributional conformal prediction).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 3))
    >>> money = np.where(rng.random(400) < 0.5, np.exp(X[:, 0] + rng.normal(size=400)), 0.0)
    >>> model = LearnedValue(head="hurdle", rounds=60).fit(X, money)
    >>> low, high = model.predict_interval(X, level=0.8)
    >>> bool((low <= high).all()), model.predict(X).shape
    (True, (400,))
    """

    def __init__(
        self,
        head: HeadName | None = None,
        *,
        seed: int = 0,
        rounds: int = MOST_ROUNDS,
        folds: int | None = None,
        threads: int = 1,
    ) -> None:
        if head is not None and head not in HEADS:
            raise ConfigError(f"`head` is {head!r}; use {', '.join(map(repr, HEADS))}, or None to let the data choose.")
        if rounds < 1 or threads < 1 or (folds is not None and not 2 <= folds <= 20):
            raise ConfigError("`rounds` and `threads` are at least 1, `folds` between 2 and 20.")
        self.head = head
        self.seed = seed
        self.rounds = rounds
        self.folds = folds
        self.threads = threads

    def __repr__(self) -> str:
        if not self.fitted:
            return f"LearnedValue(head={self.head!r})"
        return (
            f"<LearnedValue on {self.n_customers_:,} customers and {len(self._design.names)} features: "
            f"{HEADS[self.head_].title}, {self.prior_share_:.0%} plain rule>"
        )

    def fit(self, X: Any, outcome: ArrayLike, *, past: str | None = None, customers: ArrayLike | None = None) -> Self:
        """Learn from what was known of customers, and what they brought after.

        Parameters
        ----------
        X : features, frame, mapping of columns or array, shape (n, p)
            As known at a moment; NaN where unknown.
        outcome : array, shape (n,)
            Money that each brought after it, in the order of `X`; may be below zero where more came back.
        past : str, optional
            Feature that holds past spend, for the plain rule; `revenue_365d` or `revenue` where there is one.
        customers : array, shape (n,), optional
            Customer of each row, where one stands on several; they are then held out together.

        Raises
        ------
        InputError
            If there are too few customers or buyers, or columns do not fit together.
        MissingExtraError
            Without LightGBM.
        """
        lightgbm()
        design = design_of(X)
        money = np.asarray(outcome, dtype=np.float64)
        groups = None if customers is None else np.asarray(customers)
        _check_size(design, money, groups)
        rows = _sampled(design.size, MOST_CUSTOMERS, self.seed)
        X_, money = design.X[rows], money[rows]
        groups = None if groups is None else groups[rows]
        fold = folds_of(len(X_), self._folds(len(X_)), self.seed, money, groups)
        self.stretch_, self._attrition = 1.0, None
        self._design = Design(np.empty((0, len(design.names))), design.names, design.levels)
        feature = _past_feature(design.names, past)
        self.prior_ = RatioPrior.fit(X_, money, feature)
        odds, expected = (
            design.names.index(name) if name in design.names else None for name in (EXPECTED, EXPECTED_MONEY)
        )
        columns = Columns(design.categories, odds, expected)
        head, scores = self._choose(X_, money, fold, columns)
        self._adopt(head, scores, X_, money)
        return self

    def learn(
        self,
        source: Any,
        horizon: Horizon = DEFAULT_HORIZON,
        at: dt.date | str | None = None,
        margin: Margin | float | None = None,
        clock: StoreClock | None = None,
        today: Features | None = None,
    ) -> Self:
        """Learn from everything that was read, so that predictions reach over a horizon from a day on.

        Predict with `keepers.features_at(source, day)`. Customers are learned from as they were known a horizon before
        the day; where the history is shorter, `stretch_` says by how much a shorter time was stretched. Trees start
        from what a model of buying expects of each customer, and all customers of the day together are expected to
        bring what that model says, corrected by what it was off by before as far as that is more than chance.

        Parameters
        ----------
        source : Dataset, Store or Orders
            What `keepers.read` gives.
        horizon : Horizon
            What predictions cover; 12 months without it.
        at : date, optional
            Last day that may be known; the last one of the data without it.
        margin : Margin or float, optional
            As for `keepers.lifetime_value`.
        clock : StoreClock, optional
            By which the model of buying that trees start from counts time, see `keepers.season_of`.
        today : Features, optional
            Those of the day, where they have been made already.
        """
        orders = getattr(source, "orders", source)
        cut = orders.last_day if at is None else parse_day(at, "at")
        kept = margin if isinstance(margin, Margin) else Margin(margin)
        lesson = lesson_before(source, orders, cut, horizon, kept, clock=clock)
        if today is not None:
            return self.fit_lesson(lesson, today)
        made = features_at(source, cut)
        try:
            return self.fit_lesson(lesson, made)
        finally:
            made.engine.drop(made.name)

    def fit_lesson(self, lesson: Lesson, today: Features) -> Self:
        """Learn what `keepers.models.learned.lessons.lesson_before` put together, for customers as they are today."""
        self.fit(lesson.design, lesson.outcome, customers=lesson.customers)
        self.stretch_, self._attrition = lesson.stretch, lesson.attrition
        if EXPECTED_MONEY in lesson.design.names:
            then = lesson.design.X[:, lesson.design.names.index(EXPECTED_MONEY)]
            self._settle(today, lasting_gap(then, lesson.outcome, lesson.customers, lesson.reach))
        return self

    def copy(self) -> Self:
        """The same settings, not fitted."""
        return type(self)(self.head, seed=self.seed, rounds=self.rounds, folds=self.folds, threads=self.threads)

    def _settings(self) -> dict[str, Any]:
        return {"head": self.head, "seed": self.seed, "rounds": self.rounds, "folds": self.folds}

    def _folds(self, n: int) -> int:
        return self.folds or (_FEW if n <= _MANY_ROWS else _MANY)

    def _choose(self, X: FloatArray, money: FloatArray, fold: IntArray, columns: Columns) -> tuple[Head, FloatArray]:
        """Learn each head that competes; those that lose on a sample are not learned on everybody."""
        names = kinds_of(self.head)
        rows = _sampled(len(X), _COMPARED, self.seed + 1)
        whole = rows.size == len(X)
        tried: dict[str, tuple[Head, FloatArray]] = {}
        self.head_losses_ = {}
        if whole or len(names) > 1:
            for name in names:
                tried[name] = self._learned(name, X[rows], money[rows], fold[rows], columns)
                head, scores = tried[name]
                kept = np.maximum(money[rows], 0.0)
                fair = recalibrate(head.answer(scores).mean, kept)
                self.head_losses_[name] = mean_loss(fair(head.answer(scores).mean), kept)
        best = min(self.head_losses_, key=self.head_losses_.__getitem__) if self.head_losses_ else names[0]
        self.head_ = HEADS[best].name
        return tried[best] if whole else self._learned(best, X, money, fold, columns)

    def _learned(
        self, name: str, X: FloatArray, money: FloatArray, fold: IntArray, columns: Columns
    ) -> tuple[Head, FloatArray]:
        buyers = int(np.sum(money > 0))
        machine = Machine.for_size(
            2 * min(buyers, max(len(X) - buyers, buyers // 4)), self.seed, self.threads, self.rounds
        )
        head = HEADS[name]()
        return head, head.learn(X, money, machine, fold, columns)

    def _adopt(self, head: Head, scores: FloatArray, X: FloatArray, money: FloatArray) -> None:
        """Everything that is learned from held-out scores."""
        prior = np.maximum(self.prior_(X), 1e-9)
        share = learned_share(head.answer(scores).mean, prior, money)
        self.prior_share_ = 1.0 - share
        plain = Course(head, self.prior_, share, Recalibration(np.zeros(1), np.zeros(1)))
        recalibration = recalibrate(plain.mixed(scores, prior), money)
        self._course = Course(head, self.prior_, share, recalibration)
        self._chance_map = recalibrate_probability(head.answer(scores).log_odds, (money > 0).astype(float))
        law = self._law_of(scores, prior)
        self._bins = ConformalBins.of(law.mean, *law.transform(money))
        self._sample = sampled_rows(X)
        self.n_customers_ = len(X)

    def _settle(self, today: Features, raised: float) -> None:
        """Make the total of today's customers that of the model of buying, times what the lesson showed of it.

        What was right in total on the days of the lesson drifts with the age of the customers, which trees take for
        that of the oldest they have seen; the model of buying knows what age does.
        """
        place, step = self._design.names.index(EXPECTED_MONEY), max(1, -(-len(today) // MOST_CUSTOMERS))
        total = expected = 0.0
        for design in self._portions(today):
            known = design.X[::step]
            known = known[np.isfinite(known[:, place])]
            total += float(self._law(known, self.threads).mean.sum()) / self.stretch_
            expected += float(known[:, place].sum())
        if total > 0 and expected > 0:
            factor = float(np.exp(raised)) * expected / total
            self._course = replace(self._course, recalibration=self._course.recalibration.times(factor))


def _check_size(design: Design, money: FloatArray, groups: NDArray[Any] | None) -> None:
    if money.shape != (design.size,) or (groups is not None and groups.shape != (design.size,)):
        raise InputError(
            f"`outcome` {money.shape} (and `customers`, if given) must have one entry for each of the {design.size:,} "
            "customers of `X`, in the same order."
        )
    if not np.isfinite(money).all():
        raise InputError(
            f"`outcome` has {int(np.sum(~np.isfinite(money))):,} empty or infinite values; who bought nothing has 0."
        )
    buyers = int(np.sum(money > 0))
    if design.size < FEWEST_CUSTOMERS or buyers < FEWEST_BUYERS:
        raise InputError(
            f"There are {design.size:,} customers, of whom {buyers:,} brought money: too little to learn from. "
            f"{FEWEST_CUSTOMERS} customers and {FEWEST_BUYERS} who bought are needed; a model of buying such as "
            "keepers.MBGNBD() works with fewer."
        )


def _past_feature(names: tuple[str, ...], past: str | None) -> int | None:
    if past is None:
        known = [name for name in PAST_SPEND if name in names]
        return names.index(known[0]) if known else None
    if past not in names:
        raise InputError(f"There is no feature `{past}` for past spend. There are: {', '.join(names[:40])}.")
    return names.index(past)


def _sampled(n: int, most: int, seed: int) -> IntArray:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
