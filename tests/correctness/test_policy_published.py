"""Off-policy estimators on digits turned into a bandit: the published quickstart of Open Bandit Pipeline.

Saito, Aihara, Matsutani, Narita 2021 (NeurIPS Datasets and Benchmarks), `examples/quickstart/multiclass.ipynb` at
version 0.5.2: digits, 70% held out, logging by logistic regression mixed with 20% of chance, the policy by a random
forest mixed with 10%. Ground truth 0.8770906200317964; relative errors 0.016035 (inverse propensity), 0.101955 (direct
method), 0.003644 (doubly robust). Their logistic regression stopped where scikit-learn of 2021 stopped, which the fits
here repeat (sum of losses, L-BFGS with the tolerances of that time); the last digits of the two estimators that use
a second such fit depend on where exactly it stopped, by up to 0.00003.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from keepers.evaluation.policy.logged import LoggedDecisions, logged_decisions
from keepers.evaluation.policy.values import policy_value

Floats = NDArray[np.float64]
SEED, ARMS = 12345, 10


def fitted(loss: Callable[[Floats], tuple[float, Floats]], size: int) -> Floats:
    options = {"gtol": 1e-4, "maxiter": 10_000}
    return np.asarray(minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options=options).x)


def softmax_regression(rows: Floats, label: NDArray[np.int64]) -> Floats:
    truth = np.eye(ARMS)[label]

    def loss(flat: Floats) -> tuple[float, Floats]:
        w = flat.reshape(ARMS, -1)
        log_share = rows @ w[:, :-1].T + w[:, -1]
        log_share -= logsumexp(log_share, axis=1)[:, None]
        off = np.exp(log_share) - truth
        slope = np.column_stack([off.T @ rows + w[:, :-1], off.sum(axis=0)])
        return float(-(truth * log_share).sum() + 0.5 * (w[:, :-1] ** 2).sum()), slope.ravel()

    return fitted(loss, ARMS * (rows.shape[1] + 1)).reshape(ARMS, -1)


def logistic_regression(rows: Floats, outcome: Floats) -> Floats:
    sign = 2.0 * outcome - 1.0

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (rows @ w[:-1] + w[-1])
        slope = (expit(margin) - 1.0) * sign
        gradient = np.append(rows.T @ slope + w[:-1], slope.sum())
        return float(np.logaddexp(0.0, -margin).sum() + 0.5 * w[:-1] @ w[:-1]), gradient

    return fitted(loss, rows.shape[1] + 1)


def mixed(chosen: NDArray[np.int64], share: float) -> Floats:
    table = np.full((chosen.size, ARMS), (1.0 - share) / ARMS)
    table[np.arange(chosen.size), chosen] += share
    return table


@cache
def digits() -> tuple[LoggedDecisions, Floats, Floats, float]:
    """The log, the policy, cross-fitted predictions and the policy's true value."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn brings the digits")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import KFold, train_test_split

    rows, label = datasets.load_digits(return_X_y=True)
    known, rest, known_label, truth = train_test_split(rows, label, test_size=0.7, random_state=SEED)
    w = softmax_regression(known, known_label)
    behaviour = mixed(np.argmax(rest @ w[:, :-1].T + w[:, -1], axis=1), 0.8)
    rng = np.random.RandomState(SEED)
    action = np.array([rng.choice(ARMS, p=chances, replace=False) for chances in behaviour])
    reward = (action == truth).astype(np.float64)
    forest = RandomForestClassifier(random_state=SEED).fit(known, known_label)
    policy = mixed(forest.predict(rest), 0.9)
    one_hot, predicted = np.eye(ARMS), np.empty((truth.size, ARMS))
    for learn, ask in KFold(3, shuffle=True, random_state=SEED).split(rest):
        v = logistic_regression(np.column_stack([rest[learn], one_hot[action[learn]]]), reward[learn])
        base = rest[ask] @ v[: rest.shape[1]] + v[-1]
        predicted[ask] = expit(base[:, None] + v[rest.shape[1] : -1])
    log = logged_decisions(action, reward, behaviour)
    return log, policy, predicted, float(policy[np.arange(truth.size), truth].mean())


def relative_error(method: str, **options: float) -> float:
    log, policy, predicted, truth = digits()
    return abs(policy_value(log, policy, method, predicted=predicted, **options).value / truth - 1.0)  # type: ignore[arg-type]


def test_the_true_value_of_the_policy() -> None:
    assert digits()[3] == pytest.approx(0.8770906200317964, abs=1e-15)


def test_inverse_propensity_reaches_the_published_error() -> None:
    assert relative_error("ips") == pytest.approx(0.016035, abs=5e-7)


@pytest.mark.parametrize(("method", "published"), [("dm", 0.101955), ("dr", 0.003644)])
def test_estimators_with_a_second_fit_reach_the_published_errors(method: str, published: float) -> None:
    assert relative_error(method) == pytest.approx(published, abs=3e-5)


def test_estimators_with_weights_are_better_than_the_direct_method() -> None:
    """The ranking of every published run on digits."""
    others = [relative_error(method) for method in ("ips", "snips", "dr", "sndr", "shrinkage")]
    assert max(others) < 0.25 * relative_error("dm")


PUBLISHED = {
    "dm": (0.436541, 0.017629),
    "ips": (0.030288, 0.024506),
    "snips": (0.022764, 0.017917),
    "dr": (0.016156, 0.012679),
    "sndr": (0.022082, 0.016865),
}
"""Mean and spread of relative errors over 30 splits: `examples/multiclass/README.md` at version 0.5.5 of the same."""


def test_the_published_table_over_splits() -> None:
    """The first ten of its splits: logging is by chance in 60% of cases, the policy in 10%, and
    rewards are learned by a few slow trees (its hyperparameters; the forests of today choose slightly differently).
    """
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn brings the digits")
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, train_test_split

    rows, label = datasets.load_digits(return_X_y=True)
    one_hot, errors = np.eye(ARMS), {method: [] for method in PUBLISHED}  # type: ignore[var-annotated]
    slow = {"max_iter": 30, "learning_rate": 0.01, "max_depth": 5, "min_samples_leaf": 10, "random_state": SEED}
    for split in range(10):
        known, rest, known_label, truth = train_test_split(rows, label, test_size=0.7, random_state=split)
        logging = LogisticRegression(max_iter=10_000, C=100, random_state=SEED).fit(known, known_label)
        behaviour = mixed(logging.predict(rest), 0.4)
        rng = np.random.RandomState(split)
        action = np.array([rng.choice(ARMS, p=chances, replace=False) for chances in behaviour])
        forest = RandomForestClassifier(30, max_depth=5, min_samples_leaf=10, random_state=SEED)
        policy = mixed(forest.fit(known, known_label).predict(rest), 0.9)
        reward, predicted = (action == truth).astype(np.float64), np.empty((truth.size, ARMS))
        for learn, ask in KFold(3, shuffle=True, random_state=SEED).split(rest):
            trees = HistGradientBoostingClassifier(**slow)
            trees.fit(np.column_stack([rest[learn], one_hot[action[learn]]]), reward[learn])
            for arm in range(ARMS):
                asked = np.column_stack([rest[ask], np.tile(one_hot[arm], (ask.size, 1))])
                predicted[ask, arm] = trees.predict_proba(asked)[:, 1]
        true = policy[np.arange(truth.size), truth].mean()
        log = logged_decisions(action, reward, behaviour)
        for method, found in errors.items():
            found.append(abs(policy_value(log, policy, method, predicted=predicted).value / true - 1.0))  # type: ignore[arg-type]
    for method, (mean, spread) in PUBLISHED.items():
        assert np.mean(errors[method]) == pytest.approx(mean, abs=2.0 * spread / np.sqrt(10)), method
