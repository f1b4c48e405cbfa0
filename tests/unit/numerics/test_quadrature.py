"""Rules of integration against integrals known in closed form."""

import numpy as np
import pytest

from keepers.numerics.quadrature import laguerre, legendre, panels


@pytest.mark.parametrize("count", [2, 5, 20, 32, 64])
def test_legendre_is_exact_for_polynomials_up_to_twice_its_points(count):
    node, weight = legendre(count)
    degrees = np.arange(2 * count)
    assert np.sum(weight * node ** degrees[:, None], axis=1) == pytest.approx(1 / (degrees + 1), rel=1e-14)


def test_legendre_keeps_its_digits_where_the_integrand_is_steep():
    node, weight = legendre(48)
    assert np.sum(weight * np.exp(-38 * node)) == pytest.approx(-np.expm1(-38) / 38, rel=4e-15)


def test_laguerre_integrates_what_decays():
    node, weight = laguerre(12)
    for power, factorial in enumerate((1, 1, 2, 6, 24)):
        assert np.sum(weight * node**power * np.exp(-node)) == pytest.approx(factorial, rel=1e-12)


def test_panels_repeat_the_rule_on_equal_parts():
    node, weight = panels(4, 8)
    assert weight.sum() == pytest.approx(1, rel=1e-15)
    assert np.all(np.diff(node) > 0)
    assert np.sum(weight * np.cos(30 * node)) == pytest.approx(np.sin(30) / 30, rel=1e-7)


def test_shared_rules_cannot_be_changed():
    node, _ = legendre(20)
    with pytest.raises(ValueError, match="read-only"):
        node[0] = 0.0
