"""What a run's client asks of its nodes while they live, and what they answer. A request is text that its client has
signed: what is held against the signature is the very text that is read, never a value that was written anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfinfra.model.shapes import Count, ExitStatus, Moment, Name, Shape, matching, one_of

Number = Annotated[str, matching(r"[0-9a-f]{32}", "a request's number")]
Kind = Annotated[str, one_of("exec", "interrupt", "try", "trial")]
Word = Annotated[str, Shape(lambda word: "\0" not in word and len(word) <= 1 << 16, "a word of a command")]
LIVES = 120.0
"""Seconds for which a request may be taken, from when its client made it."""
LONGEST = 600.0
"""Seconds ahead of a node's own clock after which no request may expire: the node remembers each until then."""


@dataclass(frozen=True)
class SignedRequest:
    """<number>.json in the requests' container: the JSON of a Request, and its signature in base64."""

    text: str
    signature: Annotated[str, matching(r"[A-Za-z0-9+/=]{1,200}", "a signature")]


@dataclass(frozen=True)
class Request:
    """`number` is used once; `nodes` are the ranks that are asked; from `expires` on nobody takes it. `body` is the
    JSON of what that kind of request says."""

    run: Name
    number: Number
    kind: Kind
    nodes: tuple[Count, ...]
    expires: Moment
    body: str


@dataclass(frozen=True)
class ExecBody:
    """A program and its arguments, to be run in the environment of a node's first task."""

    argv: tuple[Word, ...]


@dataclass(frozen=True)
class InterruptBody:
    """The exec that is to end, by its number."""

    number: Number


@dataclass(frozen=True)
class Answer:
    """answers/<number>/<rank>.json in the run's store. `started`: its log grows; `ended`: all of the log is there;
    `refused`: nothing was done, `message` says why. `exit_status` is the command's, as a shell gives it."""

    state: Annotated[str, one_of("started", "ended", "refused")]
    exit_status: ExitStatus | None = None
    message: str = ""
