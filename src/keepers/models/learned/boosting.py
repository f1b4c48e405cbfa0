"""The boosting library, loaded when it is first needed, with the settings of the house: one thread, and no chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import MissingExtraError

FloatArray = NDArray[np.float64]
Objective = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Gradient and curvature of scores, shape (n, k), given outcomes."""
Loss = Callable[[FloatArray, FloatArray], FloatArray]
"""Loss of each row's scores, shape (n, k), given outcomes."""

Reading = Literal["as it is", "log", "log events", "less log chance"]
"""How a feature is read by the score that starts from it."""

MOST_ROUNDS = 400
PATIENCE = 20
WIDTH = 40
"""Features that a tree chooses from, drawn anew for each: with many, trees differ more and cost less."""


_READINGS: dict[Reading, Callable[[FloatArray], FloatArray]] = {
    "as it is": lambda raw: raw,
    "log": lambda raw: np.asarray(np.log(np.maximum(raw, 1e-9))),
    "log events": lambda raw: np.asarray(np.log(np.logaddexp(0.0, raw))),
    "less log chance": lambda raw: np.asarray(np.logaddexp(0.0, -raw)),
}


def lightgbm() -> Any:
    """The library.

    Raises
    ------
    MissingExtraError
        If it is not installed; the text names the extra.
    """
    try:
        import lightgbm as found
    except ImportError as error:
        raise MissingExtraError("lightgbm", "learn", "Learned value") from error
    return found


@dataclass(frozen=True, slots=True)
class Offset:
    """A feature from which one of the scores starts, so that trees learn what goes beyond it.

    Attributes
    ----------
    feature, score : int
        Position of the feature, and of the score.
    reading : {"as it is", "log", "log events", "less log chance"}
        What the score starts from: the feature, or its logarithm; of log-odds of a chance p, the logarithm of the
        events that make them, ``log(-log(1 - p))``, or ``-log(p)``, which is what a mean gains where only those to
        whom it happens count.
    centre : float
        Its mean over those that were learned from, which is where it is not known.
    """

    feature: int
    score: int
    reading: Reading
    centre: float = 0.0

    def of(self, X: FloatArray) -> FloatArray:
        """What the score starts from, shape (n,)."""
        raw = X[:, self.feature]
        unknown = np.isnan(raw)
        found = _READINGS[self.reading](np.where(unknown, 1.0, raw))
        return np.where(unknown, self.centre, found)

    def centred(self, X: FloatArray) -> Offset:
        """The same with the mean over these customers."""
        known = self.of(X)[~np.isnan(X[:, self.feature])]
        return replace(self, centre=float(known.mean()) if known.size else 0.0)


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be learned by boosting: scores that start at a constant, and the loss that they lower.

    Attributes
    ----------
    objective : str or callable
        A name of the library or derivatives of one's own.
    loss : callable
        By which the number of rounds is chosen.
    start : array, shape (k,)
        Scores of everybody before the first round.
    settings : dict
        Further settings of the library.
    link : callable, optional
        Scores of what the library shows while it learns, where its own objective shows means.
    offsets : tuple of Offset
        Features from which scores start.
    """

    objective: str | Objective
    loss: Loss
    start: FloatArray
    settings: dict[str, Any] = field(default_factory=dict)
    link: Callable[[FloatArray], FloatArray] | None = None
    offsets: tuple[Offset, ...] = ()

    def starts(self, X: FloatArray) -> FloatArray:
        """Scores of customers before the first round, shape (n, k)."""
        return _starts(X, self.start, self.offsets)


@dataclass(frozen=True, slots=True)
class Machine:
    """How fast and how finely to learn, by how many customers there are.

    Attributes
    ----------
    leaves, least_in_leaf, rate, l2
        Size of a tree, customers of its smallest leaf, share of a tree's answer that is taken, ridge of leaves.
    seed, threads : int
        Where chance starts, and threads of the library while it learns.
    rounds : int
        At most so many trees.
    """

    leaves: int
    least_in_leaf: int
    rate: float
    l2: float
    seed: int = 0
    threads: int = 1
    rounds: int = MOST_ROUNDS

    @classmethod
    def for_size(cls, informative: int, seed: int, threads: int, rounds: int) -> Machine:
        """Small trees and much shrinkage for few customers, larger ones for many.

        Parameters
        ----------
        informative : int
            Customers of the smaller of the two kinds, those who bought and those who did not, twice over.
        """
        return cls(
            leaves=int(np.clip(informative // 60, 3, 31)),
            least_in_leaf=int(np.clip(informative // 50, 10, 60)),
            rate=0.05 if informative < 2_000 else 0.08,
            l2=10.0 if informative < 1_000 else 3.0,
            seed=seed,
            threads=threads,
            rounds=rounds,
        )

    def settings(self, features: int) -> dict[str, Any]:
        """As the library names them, for so many features."""
        return {
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.least_in_leaf,
            "learning_rate": self.rate,
            "lambda_l2": self.l2,
            "feature_fraction": float(np.clip(WIDTH / features, 0.2, 0.8)),
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "path_smooth": 2.0,
            "max_bin": 63,
            "max_cat_to_onehot": 8,
            "cat_smooth": 20.0,
            "min_data_per_group": 50,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "boost_from_average": False,
            "verbosity": -1,
        }


class Boosted:
    """Trees that answer with scores.

    Parameters
    ----------
    booster : library's booster or None
        None where not a single round helped.
    start : array, shape (k,)
        Scores before the first round.
    rounds : int
        Rounds that are used.
    offsets : tuple of Offset
        Features from which scores start.
    """

    def __init__(self, booster: Any, start: FloatArray, rounds: int, offsets: tuple[Offset, ...] = ()) -> None:
        self.booster, self.start, self.rounds = booster if rounds > 0 else None, start, rounds
        self.offsets = offsets

    def scores(self, X: FloatArray, threads: int = 1) -> FloatArray:
        """Scores of customers, shape (n, k)."""
        starts = _starts(X, self.start, self.offsets)
        if self.booster is None:
            return starts
        raw = self.booster.predict(X, raw_score=True, num_iteration=self.rounds, num_threads=threads)
        return np.asarray(starts + np.asarray(raw, dtype=float).reshape(len(X), -1))

    def shares(self, X: FloatArray, threads: int = 1) -> tuple[FloatArray, FloatArray]:
        """Each feature's part in the scores, shape (n, p, k), and the scores that nobody's features have moved, (k,).

        These are the exact Shapley values of the trees (Lundberg, Erion, Lee 2018): they sum to the scores.
        """
        k, p = self.start.size, X.shape[1]
        parts, start = np.zeros((len(X), p, k)), self.start.copy()
        if self.booster is not None:
            raw = self.booster.predict(X, pred_contrib=True, num_iteration=self.rounds, num_threads=threads)
            whole = np.asarray(raw, dtype=float).reshape(len(X), k, p + 1)
            parts, start = np.swapaxes(whole[:, :, :p], 1, 2).copy(), np.asarray(start + whole[0, :, p])
        for one in self.offsets:
            parts[:, one.feature, one.score] += one.of(X) - one.centre
            start[one.score] += one.centre
        return parts, start

    def to_dict(self) -> dict[str, Any]:
        """The trees as the library's own text, and plain numbers."""
        text = None if self.booster is None else self.booster.model_to_string(num_iteration=self.rounds)
        offsets = [asdict(one) for one in self.offsets]
        return {"trees": text, "start": self.start.tolist(), "rounds": self.rounds, "offsets": offsets}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Boosted:
        """What `to_dict` wrote."""
        booster = None if data["trees"] is None else lightgbm().Booster(model_str=data["trees"])
        kept = data["offsets"] if "offsets" in data else _kept_before(data["offset"])
        offsets = tuple(Offset(**one) for one in kept)
        return cls(booster, np.array(data["start"], dtype=float), int(data["rounds"]), offsets)


def _kept_before(offset: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The offsets of a model that was saved when there was one at the most, of log-odds."""
    if offset is None:
        return []
    kept = {name: value for name, value in offset.items() if name != "log"}
    return [{**kept, "reading": "log events" if offset["log"] else "as it is"}]


def boost(
    X: FloatArray,
    outcome: FloatArray,
    target: Target,
    machine: Machine,
    categories: list[int],
    held_out: tuple[FloatArray, FloatArray] | None = None,
    rounds: int | None = None,
) -> tuple[Boosted, FloatArray]:
    """Learn a target.

    Parameters
    ----------
    X, outcome : arrays, shapes (n, p) and (n,)
        Who to learn from.
    categories : list of int
        Columns whose numbers are names.
    held_out : pair of arrays, optional
        On whom to watch the loss; learning stops when it has not fallen for a while.
    rounds : int, optional
        So many rounds exactly, where nothing is held out.

    Returns
    -------
    trees, curve : Boosted, array of shape (rounds + 1,)
        The curve is the mean held-out loss after 0, 1, ... rounds; empty where nothing is held out.
    """
    library = lightgbm()
    k = target.start.size
    settings = {**machine.settings(X.shape[1]), **target.settings}
    settings["objective"] = _objective(target, k) if callable(target.objective) else target.objective
    if k > 1:
        settings["num_class"] = k
    if held_out is None and not rounds:
        return Boosted(None, target.start, 0, target.offsets), np.empty(0)
    data = _data(library, X, outcome, target, categories)
    if held_out is None:
        trees = library.train(settings, data, rounds)
        return Boosted(trees, target.start, int(rounds or 0), target.offsets), np.empty(0)
    Xh, yh = held_out
    known: dict[str, dict[str, list[float]]] = {}

    def watched(shown: FloatArray, _: Any) -> tuple[str, float, bool]:
        scores = _scores(shown if target.link is None else target.link(shown), k, len(yh))
        return "loss", float(np.mean(target.loss(scores, yh))), False

    settings["metric"] = "None"
    booster = library.train(
        settings,
        data,
        machine.rounds,
        valid_sets=[_data(library, Xh, yh, target, categories, data)],
        valid_names=["held_out"],
        feval=watched,
        callbacks=[library.record_evaluation(known), library.early_stopping(PATIENCE, verbose=False)],
    )
    before = float(np.mean(target.loss(target.starts(Xh), yh)))
    curve = np.array([before, *known["held_out"]["loss"]])
    return Boosted(booster, target.start, len(curve) - 1, target.offsets), curve


def _data(library: Any, X: FloatArray, y: FloatArray, target: Target, categories: list[int], like: Any = None) -> Any:
    start = target.starts(X)
    return library.Dataset(
        X,
        y,
        init_score=start[:, 0] if target.start.size == 1 else start,
        categorical_feature=categories,
        reference=like,
        params={"verbosity": -1, "max_bin": 63},
    )


def _objective(target: Target, k: int) -> Callable[[FloatArray, Any], tuple[FloatArray, FloatArray]]:
    derivatives = target.objective
    assert callable(derivatives)

    def found(scores: FloatArray, data: Any) -> tuple[FloatArray, FloatArray]:
        outcome = np.asarray(data.get_label(), dtype=float)
        gradient, curvature = derivatives(_scores(scores, k, outcome.size), outcome)
        return (gradient[:, 0], curvature[:, 0]) if k == 1 else (gradient, curvature)

    return found


def _scores(scores: FloatArray, k: int, n: int) -> FloatArray:
    return np.asarray(scores, dtype=float).reshape(n, k)


def _starts(X: FloatArray, start: FloatArray, offsets: tuple[Offset, ...]) -> FloatArray:
    found = np.tile(start, (len(X), 1))
    for one in offsets:
        found[:, one.score] += one.of(X)
    return found
