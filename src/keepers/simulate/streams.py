"""One stream of random numbers a subject, so that simulating one thing more leaves everything else as it was."""

from __future__ import annotations

import zlib

import numpy as np

from keepers.domain.errors import ConfigError


def stream(seed: int, subject: str) -> np.random.Generator:
    """The random numbers of one subject (``"purchases"``, ``"refunds"``) of a simulation.

    Parameters
    ----------
    seed : int
        Seed of the whole simulation, zero or positive.
    subject : str
        What the numbers are for; the same seed and subject give the same numbers.

    >>> float(stream(7, "spend").random()) == float(stream(7, "spend").random())
    True
    """
    if seed < 0:
        raise ConfigError(f"The seed is {seed}; it must be zero or a positive whole number.")
    return np.random.default_rng([seed, zlib.crc32(subject.encode())])
