"""What a tune's client asks of the nodes of its pool: a trial, which is one life of the entry script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfinfra.model.requests import Word
from tfinfra.model.shapes import Count, Line, Shape, Time, matching

TrialId = Annotated[str, matching(r"[a-z][a-z0-9-]{0,200}-t[0-9]{5}", "a trial's id")]
_MOST_CHARACTERS = 100_000
Words = Annotated[
    tuple[Word, ...],
    Shape(
        lambda words: sum(map(len, words)) <= _MOST_CHARACTERS, f"{_MOST_CHARACTERS} characters of arguments at most"
    ),
]


@dataclass(frozen=True)
class TrialAsked:
    """The body of a request of the kind "trial". The request's `nodes` are the ranks in the pool that live the trial,
    in order: a node's rank in the trial is its place there. Its store is the folder on/<trial>/ of the tune's.

    `arguments` are all that the script gets; `deadline`, `limit` and `run_seconds` are as of NodeSettings: the trial's
    own, and never later than the tune's.
    """

    trial: TrialId
    arguments: Words
    deadline: Time
    limit: Line
    run_seconds: Count


def trial_id(tune: str, number: int) -> str:
    """The id of the trial `number` of a tune: as long as a run's own, with the tune's id for its name."""
    return f"{tune}-t{number:05d}"
