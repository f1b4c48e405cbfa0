"""Whether a customer is active, at risk or lost: by the model and by the customer's own rhythm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.valuation.rhythm import LONG_GONE, OVERDUE

ACTIVE, AT_RISK, LOST = 0, 1, 2
STATES = ("active", "at risk", "lost")
"""Names of the states."""

UNLIKELY = 0.50
"""At risk by the model: less likely still a customer than not."""

GIVEN_UP = 0.05
"""Lost: the model sees at most one chance in twenty."""

_CERTAIN = 1e-9

MODEL_RULE = "with repeat orders whose chance of still being a customer is below 50%"
"""Who is at risk by the model, to follow "customers"."""

LOST_RULE = (
    "with repeat orders whose chance of still being a customer is below 5%, or with one order and silent for longer "
    "than 99% of the gaps of customers who came back"
)
"""Who is lost, to follow "customers"."""


def risk_by_model(x: FloatArray, p_alive: FloatArray) -> NDArray[np.bool_]:
    """At risk by the model: returned before, and now less likely a customer than not."""
    return np.asarray((x > 0) & (p_alive < UNLIKELY))


def risk_by_rhythm(silence_probability: FloatArray) -> NDArray[np.bool_]:
    """At risk by the own rhythm: silent for so long that at most one in ten alike would be."""
    return np.asarray(silence_probability < OVERDUE)


def states(x: FloatArray, p_alive: FloatArray, silence_probability: FloatArray) -> NDArray[np.int64]:
    """The state of each cell as its number in `STATES`.

    One model may call every one-time buyer alive, so those are given up by the population's rhythm.
    """
    at_risk = risk_by_model(x, p_alive) | risk_by_rhythm(silence_probability)
    lost = np.where(x > 0, p_alive < GIVEN_UP, (silence_probability < LONG_GONE) | (p_alive < GIVEN_UP))
    return np.where(lost, LOST, np.where(at_risk, AT_RISK, ACTIVE))


def share_at_risk(state: NDArray[np.int64], p_alive: FloatArray, silence_probability: FloatArray) -> FloatArray:
    """The share of what a customer at risk would bring that is at risk: the chance of having left.

    That is the model's. Where the model cannot lose the customer at all (one-time buyers by BG/NBD, everybody by NBD)
    it is the share of customers with the same rhythm who would not have stayed silent for so long.
    """
    never_lost = p_alive >= 1.0 - _CERTAIN
    chance_of_staying = np.where(never_lost, silence_probability, p_alive)
    return np.where(state == AT_RISK, 1.0 - chance_of_staying, 0.0)
