"""Who brought whom: customers of referral channels get a referrer who was a customer when they came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.simulate.streams import stream

_TRIES = 60


@dataclass(frozen=True, slots=True)
class Referrals:
    """Friends who bring friends.

    Parameters
    ----------
    incentive : float
        Money that a converted referral costs.
    unconverted : float
        Referred persons who never bought, for each who did.
    """

    incentive: float = 8.0
    unconverted: float = 0.6


@dataclass(frozen=True, eq=False)
class ReferralEvents:
    """One entry a referral: the referrer, the referred customer (-1 if they never bought) and when it was made."""

    referrer: IntArray
    referred: IntArray
    moment: FloatArray


def draw_referrals(
    plan: Referrals,
    referred: IntArray,
    start: FloatArray,
    dropout: FloatArray,
    pull: FloatArray,
    end: int,
    seed: int,
) -> ReferralEvents:
    """Give each referred customer a referrer, drawn by `pull` among those who were customers then.

    Parameters
    ----------
    plan : Referrals
        Cost, and referrals in vain.
    referred : array of int
        Rows of the customers that were brought; customers stand in the order of their first purchase.
    start, dropout, pull : arrays, shape (customers,)
        When everybody came and left, and how readily they bring others.
    end : int
        End of the data, in days.
    seed : int
        Seed of the simulation.
    """
    rng = stream(seed, "referrals")
    made = np.maximum(start[referred] - rng.gamma(1.5, 4.0, referred.size), 0.0)
    vain = rng.binomial(referred.size, min(plan.unconverted, 1.0)) if referred.size else 0
    moment = np.concatenate([made, rng.choice(made, vain) if vain else np.zeros(0)])
    person = np.concatenate([referred, np.full(vain, -1)])
    total = np.concatenate([[0.0], np.cumsum(pull)])
    there = np.searchsorted(start, moment, side="left")
    referrer = np.full(moment.size, -1)
    open_rows = np.flatnonzero(there > 0)
    for _ in range(_TRIES):
        # Somebody who had come before, by pull; kept if still a customer, drawn again otherwise.
        drawn = rng.random(open_rows.size) * total[there[open_rows]]
        candidate = np.minimum(np.searchsorted(total, drawn, side="right") - 1, there[open_rows] - 1)
        good = (dropout[candidate] > moment[open_rows]) & (candidate != person[open_rows])
        referrer[open_rows[good]] = candidate[good]
        open_rows = open_rows[~good]
        if not open_rows.size:
            break
    known = (referrer >= 0) & (moment < end)
    return ReferralEvents(referrer[known], person[known], moment[known])
