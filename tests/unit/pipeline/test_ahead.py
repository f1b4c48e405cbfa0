"""Imports beside the reading leave out what nobody calls, and leave nothing behind that stands in for it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from keepers.pipeline.ahead import importing
with importing(["no.such.module", "keepers.models.spend.gamma_gamma"]):
    pass
assert "scipy.special" in sys.modules and "keepers.models.spend.gamma_gamma" in sys.modules
assert not {"numpy.f2py", "numpy.testing", "unittest"} & set(sys.modules)
assert "keepers.numerics.clocked_answers" not in sys.modules
import numpy
import numpy.testing
numpy.testing.assert_equal(1, 1)
import numpy.f2py
from numpy.f2py import crackfortran
assert numpy.f2py is sys.modules["numpy.f2py"] and crackfortran.crackfortran
"""


def test_what_is_left_out_can_be_imported_afterwards() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
