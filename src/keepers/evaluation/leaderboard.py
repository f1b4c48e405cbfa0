"""The leaderboard of a backtest: every forecast in its place, and how far behind it is beyond chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.evaluation.grading import CountGrade
from keepers.evaluation.ranking import difference, tied


@dataclass(frozen=True, slots=True)
class Place:
    """One forecast's place.

    Attributes
    ----------
    rank : int
        1 for the best; forecasts that chance cannot tell from the first of their group share its rank.
    model, title : str
        Class of the model or rule, and its name for people.
    baseline, chosen : bool
        Whether it is a naive rule, and whether it is the model that is used.
    score : float
        Mean ranked probability score over the origins, in purchases a customer or renewals a contract; small is good.
    behind, standard_error : float
        How much larger its score is than the best, and the standard error of that, customer by customer.
    """

    rank: int
    model: str
    title: str
    baseline: bool
    chosen: bool
    score: float
    behind: float
    standard_error: float

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file or a table."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The places, best first, and what they mean in words.

    Attributes
    ----------
    places : tuple of Place
        Empty where nothing could be graded.
    sentence : str
        Who is ahead, who ties, who is behind.
    """

    places: tuple[Place, ...]
    sentence: str

    def __iter__(self) -> Iterator[Place]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def rows(self) -> list[dict[str, Any]]:
        """The places as rows of a table."""
        return [place.to_dict() for place in self.places]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {"sentence": self.sentence, "places": self.rows()}


NOBODY = Leaderboard((), "No forecast could be graded.")


def leaderboard(
    grades: Mapping[str, Sequence[CountGrade]],
    titles: Mapping[str, str],
    rules: frozenset[str],
    winner: str | None,
    unit: str = "purchases a customer",
) -> Leaderboard:
    """Place forecasts of the same holdouts.

    Parameters
    ----------
    grades : mapping of str to sequence of CountGrade
        Grades of each forecast at the same origins, in the same order.
    titles : mapping of str to str
        Names for people.
    rules : frozenset of str
        Which of them are naive rules.
    winner : str or None
        The model that is used.
    unit : str
        What the score counts, for the sentence.
    """
    if not grades:
        return NOBODY
    scores = {name: float(np.mean([grade.score for grade in some])) for name, some in grades.items()}
    order = sorted(scores, key=scores.__getitem__)
    places: list[Place] = []
    head, rank = order[0], 1
    for position, name in enumerate(order, start=1):
        if not tied(grades[name], grades[head]):
            head, rank = name, position
        behind, error = difference(grades[name], grades[order[0]])
        places.append(
            Place(rank, name, titles[name], name in rules, name == winner, scores[name], max(behind, 0.0), error)
        )
    return Leaderboard(tuple(places), _sentence(places, unit))


def _sentence(places: Sequence[Place], unit: str) -> str:
    first, *others = places
    ties = [place.title for place in others if place.rank == 1]
    sentence = f"{first.title} forecast best"
    if ties:
        sentence += f"; {_listed(ties)} did as well, within what chance explains"
    behind = [place for place in others if place.rank > 1]
    if behind:
        next_one = behind[0]
        share = next_one.behind / first.score if first.score > 0 else 0.0
        sentence += (
            f". {_opening(next_one)} comes behind with an error {share:.1%} larger "
            f"({next_one.behind:.3g} {unit}, standard error {next_one.standard_error:.2g})"
        )
    if all(place.baseline for place in places if place.rank == 1):
        sentence += ". No model is among the best"
    return sentence + "."


def _opening(place: Place) -> str:
    """The name at the start of a sentence; a model's stays as it is written."""
    return f"{place.title[:1].upper()}{place.title[1:]}" if place.baseline else place.title


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
