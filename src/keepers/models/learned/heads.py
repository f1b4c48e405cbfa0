"""What the boosted scores of customers mean: the chance to buy and the money, by one of three heads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.special import expit, logit

from keepers.models.learned.boosting import Boosted, FloatArray, Machine, Offset, Target, boost
from keepers.models.learned.cross_fit import CrossFit, IntArray, cross_fit
from keepers.numerics.zero_inflated_lognormal import scale_of, score_of_scale, ziln_derivatives, ziln_loss

HeadName = Literal["hurdle", "tweedie", "ziln"]

POWERS = (1.3, 1.5, 1.7)
"""Powers of the variance among which the Tweedie head chooses; above 1 and below 2 there is mass at zero."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What must be known of the features.

    Attributes
    ----------
    categories : list of int
        Positions of those whose numbers are names.
    odds, money : int or None
        Positions of the ones with what a model of buying says: log-odds of a purchase, and expected money. Trees start
        from them.
    """

    categories: list[int]
    odds: int | None = None
    money: int | None = None

    def chance(self, X: FloatArray, score: int) -> tuple[Offset, ...]:
        """What the log-odds of a purchase start from."""
        return _centred(X, [] if self.odds is None else [Offset(self.odds, score, "as it is")])

    def amount(self, X: FloatArray, score: int) -> tuple[Offset, ...]:
        """What the logarithm of a buyer's money starts from: expected money over the chance to buy."""
        if self.odds is None or self.money is None:
            return ()
        return _centred(X, [Offset(self.money, score, "log"), Offset(self.odds, score, "less log chance")])

    def mean(self, X: FloatArray) -> tuple[Offset, ...]:
        """What the logarithm of expected money starts from."""
        if self.money is not None:
            return _centred(X, [Offset(self.money, 0, "log")])
        return _centred(X, [] if self.odds is None else [Offset(self.odds, 0, "log events")])


@dataclass(frozen=True, slots=True, eq=False)
class HeadAnswer:
    """What a head says of customers, each array of shape (n,).

    Attributes
    ----------
    log_odds : array
        Of buying at all.
    mean : array
        Expected money.
    scale : array
        Spread of the logarithm of what a buyer brings.
    """

    log_odds: FloatArray
    mean: FloatArray
    scale: FloatArray


class Head(ABC):
    """One way to see money with mass at zero.

    Attributes
    ----------
    parts : list of Boosted
        What was learned on everybody.
    folds : list of list of Boosted
        The same without each fold.
    constants : dict of str to float
        Numbers that were learned beside the trees.
    """

    name: ClassVar[HeadName]
    title: ClassVar[str]

    parts: list[Boosted]
    folds: list[list[Boosted]]
    constants: dict[str, float]

    @abstractmethod
    def learn(self, X: FloatArray, money: FloatArray, machine: Machine, fold: IntArray, columns: Columns) -> FloatArray:
        """Learn from customers; gives their held-out scores, shape (n, k)."""

    @abstractmethod
    def answer(self, scores: FloatArray) -> HeadAnswer:
        """What scores mean."""

    @abstractmethod
    def slope(self, scores: FloatArray) -> FloatArray:
        """Derivatives of the expected money by each score, shape (n, k)."""

    def scores(self, X: FloatArray, threads: int = 1) -> FloatArray:
        """Scores of customers, shape (n, k)."""
        return np.hstack([part.scores(X, threads) for part in self.parts])

    def shares(
        self, X: FloatArray, threads: int = 1, parts: list[Boosted] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Each feature's part in the scores, shape (n, p, k), and the scores without features, (k,)."""
        found = [part.shares(X, threads) for part in (parts or self.parts)]
        return np.concatenate([one[0] for one in found], axis=2), np.concatenate([one[1] for one in found])

    def to_dict(self) -> dict[str, Any]:
        """The head as plain numbers and the library's own text."""
        return {"head": self.name, "parts": [one.to_dict() for one in self.parts], "constants": self.constants}

    def _take(self, fits: list[CrossFit]) -> FloatArray:
        self.parts = [one.whole for one in fits]
        self.folds = [list(some) for some in zip(*(one.parts for one in fits), strict=True)]
        return np.hstack([one.scores for one in fits])


class HurdleHead(Head):
    """Whether a customer buys, and how much a buyer brings: log-normal, its mean by smearing (Duan 1983)."""

    name = "hurdle"
    title = "hurdle (chance to buy, then how much)"

    def learn(self, X: FloatArray, money: FloatArray, machine: Machine, fold: IntArray, columns: Columns) -> FloatArray:
        """Learn the chance on everybody and the logarithm of money on buyers."""
        bought = money > 0
        logs = np.log(np.where(bought, money, 1.0))
        odds, money_of = columns.chance(X, 0), columns.amount(X, 0)
        start = np.array([_intercept(odds, X, float(bought.mean()))])
        chance = Target("binary", _cross_entropy, start, link=_log_odds, offsets=odds)
        level = np.array([(logs - _begun(money_of, X))[bought].mean()])
        amount = Target("regression", _squared, level, offsets=money_of)
        fits = [
            cross_fit(X, bought.astype(float), chance, machine, fold, columns.categories),
            cross_fit(X, logs, amount, machine, fold, columns.categories, bought),
        ]
        scores = self._take(fits)
        left = logs[bought] - scores[bought, 1]
        # The few largest residuals would decide alone: their weight in the mean is bounded.
        smeared = float(np.mean(np.exp(np.minimum(left, np.quantile(left, 0.999)))))
        self.constants = {"smearing": smeared, "scale": max(float(left.std()), 0.05)}
        return scores

    def answer(self, scores: FloatArray) -> HeadAnswer:
        """``p`` times the smeared exponential of the predicted logarithm."""
        mean = expit(scores[:, 0]) * np.exp(scores[:, 1]) * self.constants["smearing"]
        return HeadAnswer(scores[:, 0], np.maximum(mean, 1e-9), np.full(len(scores), self.constants["scale"]))

    def slope(self, scores: FloatArray) -> FloatArray:
        """By the log-odds, and by the logarithm of money."""
        mean = self.answer(scores).mean
        return np.column_stack([mean * expit(-scores[:, 0]), mean])


class TweedieHead(Head):
    """Compound Poisson-gamma money: one score, the logarithm of the mean; the power of the variance is chosen.

    The chance to buy is the model's own, ``1 - exp(-m^(2 - q) / (phi (2 - q)))`` (Jorgensen 1987, section 4), with the
    dispersion phi that makes it right on average.
    """

    name = "tweedie"
    title = "Tweedie (compound Poisson)"

    def learn(self, X: FloatArray, money: FloatArray, machine: Machine, fold: IntArray, columns: Columns) -> FloatArray:
        """Learn the mean with each power; the one that ranks and prices held-out customers best is kept."""
        kept = np.maximum(money, 0.0)
        offsets = columns.mean(X)
        start = np.array([np.log(kept.mean() / float(np.exp(_begun(offsets, X)).mean()))])
        targets = {
            power: Target("tweedie", _tweedie(power), start, {"tweedie_variance_power": power}, _log, offsets)
            for power in POWERS
        }
        # One fold tells the powers apart, by one loss of the mean, as each one's own has another scale.
        unseen = fold == 0
        held_out = X[unseen], kept[unseen]
        losses = {}
        for power, target in targets.items():
            trees, curve = boost(X[~unseen], kept[~unseen], target, machine, columns.categories, held_out)
            best = Boosted(trees.booster, start, int(np.argmin(curve)), offsets)
            losses[power] = float(np.mean(_tweedie(1.5)(best.scores(X[unseen], machine.threads), kept[unseen])))
        power = min(losses, key=losses.__getitem__)
        fit = cross_fit(X, kept, targets[power], machine, fold, columns.categories)
        scores = self._take([fit])
        bought = money > 0
        base = np.exp((2.0 - power) * scores[:, 0]) / (2.0 - power)
        phi = _dispersion(base, float(bought.mean()))
        self.constants = {"power": power, "dispersion": phi, "scale": 1.0}
        answer = self.answer(scores)
        left = np.log(money[bought] / answer.mean[bought] * expit(answer.log_odds[bought]))
        self.constants["scale"] = max(float(left.std()), 0.05)
        return scores

    def answer(self, scores: FloatArray) -> HeadAnswer:
        """The exponential of the score."""
        power, phi = self.constants["power"], self.constants["dispersion"]
        events = np.clip(np.exp((2.0 - power) * scores[:, 0]) / (2.0 - power) / phi, 1e-9, 50.0)
        log_odds = np.log(np.expm1(events))
        return HeadAnswer(log_odds, np.exp(scores[:, 0]), np.full(len(scores), self.constants["scale"]))

    def slope(self, scores: FloatArray) -> FloatArray:
        """The mean itself."""
        return np.exp(scores)


class ZilnHead(Head):
    """Zero-inflated lognormal: chance, location and spread learned together by one loss (Wang, Liu, Miao 2019)."""

    name = "ziln"
    title = "zero-inflated lognormal"

    def learn(self, X: FloatArray, money: FloatArray, machine: Machine, fold: IntArray, columns: Columns) -> FloatArray:
        """Learn all three scores together."""
        bought = money > 0
        logs = np.log(money[bought])
        odds, money_of = columns.chance(X, 0), columns.amount(X, 1)
        left = logs - _begun(money_of, X)[bought]
        spread = score_of_scale(float(np.clip(left.std(), 0.05, 3.0)))
        start = np.array([_intercept(odds, X, float(bought.mean())), left.mean(), spread])
        self.constants = {}
        target = Target(ziln_derivatives, ziln_loss, start, offsets=(*odds, *money_of))
        return self._take([cross_fit(X, np.maximum(money, 0.0), target, machine, fold, columns.categories)])

    def answer(self, scores: FloatArray) -> HeadAnswer:
        """``p exp(mu + sigma^2 / 2)``."""
        sigma = scale_of(scores[:, 2])
        mean = expit(scores[:, 0]) * np.exp(scores[:, 1] + 0.5 * sigma**2)
        return HeadAnswer(scores[:, 0], np.maximum(mean, 1e-9), sigma)

    def slope(self, scores: FloatArray) -> FloatArray:
        """By the log-odds, the location and the score of the spread."""
        answer = self.answer(scores)
        by_spread = answer.mean * answer.scale * expit(scores[:, 2])
        return np.column_stack([answer.mean * expit(-scores[:, 0]), answer.mean, by_spread])


HEADS: dict[str, type[Head]] = {"hurdle": HurdleHead, "tweedie": TweedieHead, "ziln": ZilnHead}


def head_from_dict(data: dict[str, Any]) -> Head:
    """What `Head.to_dict` wrote."""
    head = HEADS[data["head"]]()
    head.parts = [Boosted.from_dict(one) for one in data["parts"]]
    head.folds, head.constants = [], {name: float(value) for name, value in data["constants"].items()}
    return head


def mean_loss(predicted: FloatArray, money: FloatArray) -> float:
    """By which heads are compared: Tweedie's loss of power 1.5, right for means of heavy tails with zeros."""
    return float(np.mean(_tweedie(1.5)(np.log(predicted)[:, None], np.maximum(money, 0.0))))


def _centred(X: FloatArray, offsets: list[Offset]) -> tuple[Offset, ...]:
    return tuple(one.centred(X) for one in offsets)


def _begun(offsets: tuple[Offset, ...], X: FloatArray) -> FloatArray:
    """Where the scores of customers start, all offsets together, shape (n,)."""
    return np.asarray(sum((one.of(X) for one in offsets), np.zeros(len(X))))


def _intercept(offsets: tuple[Offset, ...], X: FloatArray, share: float) -> float:
    """What makes the mean chance `share` before the first round."""
    share = float(np.clip(share, 1e-4, 1 - 1e-4))
    if not offsets:
        return float(logit(share))
    own, low, high = _begun(offsets, X), -30.0, 30.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(expit(own + middle).mean()) < share else (low, middle)
    return 0.5 * (low + high)


def _cross_entropy(scores: FloatArray, happened: FloatArray) -> FloatArray:
    return np.asarray(np.logaddexp(0.0, scores[:, 0]) - happened * scores[:, 0])


def _squared(scores: FloatArray, value: FloatArray) -> FloatArray:
    return np.asarray((value - scores[:, 0]) ** 2)


def _tweedie(power: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    def loss(scores: FloatArray, money: FloatArray) -> FloatArray:
        z = scores[:, 0]
        return np.asarray(np.exp((2.0 - power) * z) / (2.0 - power) - money * np.exp((1.0 - power) * z) / (1.0 - power))

    return loss


def _log_odds(probability: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(probability, 1e-15, 1 - 1e-15)))


def _log(mean: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.maximum(mean, 1e-300)))


def _dispersion(base: FloatArray, share: float) -> float:
    """The dispersion under which the mean chance to buy is `share`, by halving."""
    low, high = 1e-12, 1e12
    for _ in range(100):
        middle = float(np.sqrt(low * high))
        if float(np.mean(-np.expm1(-np.minimum(base / middle, 700.0)))) > share:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))


def kinds_of(head: HeadName | None) -> list[HeadName]:
    """The heads that compete: the one that was named, or all."""
    return [head] if head is not None else ["hurdle", "tweedie", "ziln"]
