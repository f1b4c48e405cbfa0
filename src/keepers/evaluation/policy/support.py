"""Whether logged decisions can say anything of a policy: overlap, weights, and how much of the data counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from keepers.evaluation.policy.estimators import effective_size
from keepers.evaluation.policy.logged import LoggedDecisions, checked_policy

RARE = 0.01
"""An action with a smaller chance than this was as good as never tried."""
_FEW = 50.0
_NOTABLE = 0.02


@dataclass(frozen=True, slots=True)
class Support:
    """How far logged decisions cover a policy.

    Attributes
    ----------
    decisions : int
        Logged decisions.
    effective_size : float
        How many decisions of the policy itself they are worth.
    uncovered : float or None
        Share of the policy's choices that the log made with a chance below `RARE`; None where only the chances of
        the logged actions are known.
    largest_weight, mean_weight : float
        Of the weights; their mean is 1 up to chance where propensities are right.
    mean_weight_error : float
        Standard error of that mean.
    top_share : float
        Share of all weight on the heaviest hundredth of the rows.
    problems : tuple of str
        What is wrong, in words; empty where nothing is.
    """

    decisions: int
    effective_size: float
    uncovered: float | None
    largest_weight: float
    mean_weight: float
    mean_weight_error: float
    top_share: float
    problems: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Whether estimates of the policy can be believed."""
        return not self.problems


def policy_support(log: LoggedDecisions, policy: ArrayLike) -> Support:
    """Say whether logged decisions can judge a policy.

    Parameters
    ----------
    log : LoggedDecisions
        What was done.
    policy : array, shape (n, k) or (n,)
        As in `policy_value`.

    >>> from keepers.evaluation.policy.logged import logged_decisions
    >>> policy_support(logged_decisions([0] * 99 + [1], [1.0] * 100, [0.995, 0.005]), [1] * 100).problems[0][:47]
    '100% of what the policy does was as good as nev'
    """
    table = checked_policy(log, policy)
    weight = log.weight(table)
    size, mean = effective_size(weight), float(weight.mean())
    error = float(weight.std() / np.sqrt(weight.size))
    uncovered = None if log.behaviour is None else float(table[log.behaviour < RARE].sum() / log.size)
    heaviest = np.sort(weight)[-max(1, weight.size // 100) :]
    top = float(heaviest.sum() / weight.sum()) if weight.any() else 0.0
    problems = []
    if uncovered is not None and uncovered > _NOTABLE:
        problems.append(
            f"{uncovered:.0%} of what the policy does was as good as never tried (chance below {RARE:.0%}), so that "
            "nothing is known of it there."
        )
    if size < _FEW:
        problems.append(
            f"The {log.size:,} decisions say as much as {size:,.0f} made by the policy itself; below {_FEW:.0f} an "
            "estimate is a guess."
        )
    if error > 0 and abs(mean - 1.0) > 4.0 * error + 1e-6:
        problems.append(
            f"The weights have a mean of {mean:.3f} where right propensities give 1 (standard error {error:.3f}): the "
            "propensities are not those by which the actions were chosen."
        )
    return Support(log.size, size, uncovered, float(weight.max()), mean, error, top, tuple(problems))
