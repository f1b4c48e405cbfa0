"""Conditions under which a formula has a value, each with the sentence for inputs that break it."""

from __future__ import annotations

import math

from keepers.domain.errors import ConfigError


def check_share(name: str, value: float) -> None:
    """Refuse what is no share."""
    if not 0 <= value <= 1:
        raise ConfigError(f"`{name}` is {value!r}; it is a share between 0 and 1 (write 80% as 0.8).")


def check_positive(name: str, value: float, what: str) -> None:
    """Refuse what is not above zero."""
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"`{name}` is {value!r}; it is {what} and must be above zero.")


def check_not_negative(name: str, value: float, what: str) -> None:
    """Refuse what is below zero."""
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError(f"`{name}` is {value!r}; it is {what} and cannot be below zero.")


def check_rate(discount: float) -> None:
    """Refuse a rate of discount at which later money has no value now."""
    if not (math.isfinite(discount) and discount > -1):
        raise ConfigError(f"`discount` is {discount!r}; it is an effective rate of one period, 0.10 for ten per cent.")


def check_ends(discount: float, retention: float, growth: float) -> None:
    """Refuse a margin multiple whose sum never ends: it needs 1 + i > r (1 + g)."""
    check_rate(discount)
    if not 1 + discount > retention * (1 + growth):
        raise ConfigError(
            f"The margin multiple has no value where 1 + i ({1 + discount:.3f}) is not above r (1 + g) "
            f"({retention * (1 + growth):.3f}): the sum never ends. Use a horizon."
        )
