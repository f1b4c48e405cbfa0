"""The feeling of texts: right in several languages, turned by negation, and empty where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.simulate.phrases import MOODS
from keepers.summaries.sentiment import lexicon, sentiment_of

GLAD = [
    "I love it, thank you!", "Sehr gute Qualität, gerne wieder.", "C'est magnifique, merci beaucoup !",
    "Muy buena calidad, lo recomiendo.", "Ottimo prodotto, spedizione veloce.", "Heel blij met mijn bestelling!",
    "Adorei, muito bom.", "It did not disappoint.",
]  # fmt: skip
SOUR = [
    "It arrived broken and nobody replied, terrible.", "Leider kaputt angekommen und viel zu spät.",
    "Je suis très déçu, le produit est cassé.", "El pedido llegó tarde y roto, pésimo servicio.",
    "Non funziona, sono molto deluso.", "Ik ben zeer teleurgesteld.", "Produto com defeito, péssimo.",
    "Das ist nicht gut.",
]  # fmt: skip
UNKNOWN = ["Отлично, очень нравится", "最高です", "12345", "Zamówienie dotarło"]


def test_feelings_in_several_languages() -> None:
    found = sentiment_of([*GLAD, *SOUR, *UNKNOWN, "The tea arrived on Tuesday and it is green."])
    glad, sour = found[: len(GLAD)], found[len(GLAD) : len(GLAD) + len(SOUR)]
    assert all(value is not None and value > 0.2 for value in glad), glad
    assert all(value is not None and value < -0.2 for value in sour), sour
    assert found[len(GLAD) + len(SOUR) : -1] == [None] * len(UNKNOWN)
    assert found[-1] == 0.0


def test_it_tells_the_moods_of_a_store_apart() -> None:
    mean = []
    for openings, abouts, closings in MOODS:
        texts = [f"{a} {b.replace('{category}', 'tea')} {c}" for a in openings for b in abouts for c in closings]
        mean.append(np.mean([value for value in sentiment_of(texts) if value is not None]))
    sour, plain, glad = mean
    assert sour < -0.3
    assert 0 < plain < 0.3
    assert glad > 0.5


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt"])
def test_no_word_is_both_glad_and_sour(language: str) -> None:
    rows = [row[1:] for row in lexicon() if row[0] == language]
    felt = [(word, begins, score) for word, begins, role, score in rows if role == "feeling"]
    glad = [(word, begins) for word, begins, score in felt if score > 0]
    sour = [(word, begins) for word, begins, score in felt if score < 0]
    assert len(glad) > 20 < len(sour)
    clash = [
        (one, other)
        for one, of_one in glad
        for other, of_other in sour
        if one == other or (of_one and other.startswith(one)) or (of_other and one.startswith(other))
    ]
    assert not clash
