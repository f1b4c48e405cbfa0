"""Numbers are read from texts, and only from those that are written as their numbers would be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keepers.numerics import written_numbers
from keepers.numerics.written_numbers import MOST_DIGITS, Texts, Writing

LARGEST = 10**MOST_DIGITS - 1
WRITINGS = st.builds(Writing, st.sampled_from([b"", b"C", b"cus_"]), st.integers(1, MOST_DIGITS))


def laid(texts: list[bytes], skipped: int = 0) -> Texts:
    """Texts as they lie in memory, behind so many bytes of others."""
    data = np.frombuffer(b"x" * skipped + b"".join(texts), np.uint8)
    return Texts(data, skipped + np.cumsum([0, *map(len, texts)], dtype=np.int32))


def written(writing: Writing, number: int) -> bytes:
    return writing.before + str(number).zfill(writing.least_digits).encode()


@pytest.mark.parametrize("at_once", [3, 1 << 15])
@given(writing=WRITINGS, numbers=st.lists(st.integers(0, LARGEST), max_size=9), skipped=st.integers(0, 3))
def test_what_is_written_is_read(at_once: int, writing: Writing, numbers: list[int], skipped: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written_numbers, "_AT_ONCE", at_once)
        found = writing.numbers(laid([written(writing, number) for number in numbers], skipped))
    assert found is not None
    assert found.tolist() == numbers


@given(WRITINGS, st.integers(0, LARGEST), st.binary(max_size=24))
@example(Writing(b"", 1), 7, b"")
@example(Writing(b"", 1), 7, b"07")
@example(Writing(b"C", 2), 7, b"C0:7")
@example(Writing(b"C", 2), 7, b"C/1")
@example(Writing(b"", 1), 7, b"9" * (MOST_DIGITS + 1))
@example(Writing(b"C", 1), 7, "C٧".encode())
def test_any_other_text_is_refused(writing: Writing, number: int, other: bytes) -> None:
    digits = other.removeprefix(writing.before)
    alike = other.startswith(writing.before) and digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    good = alike and other == written(writing, int(digits))
    for texts in ([written(writing, number), other], [other, written(writing, number)], [other]):
        assert (writing.numbers(laid(texts)) is not None) == good
