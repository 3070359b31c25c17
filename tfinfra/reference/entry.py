"""What is known of one word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """An option or an argument of a verb: as it is written ("--target NAME"), and what it does."""

    name: str
    text: str


@dataclass(frozen=True)
class Entry:
    """`kind` is "key", "exit-code", "variable" or "verb"; `of` is where it belongs: the file of a key, who reads a
    variable, "" else. `title` says what it is in a few words, `text` in sentences. `type` and `default` are words for a
    person, None where there is none; `example` are lines as somebody writes them; `options` are a verb's."""

    kind: str
    name: str
    of: str
    title: str
    text: str
    type: str | None = None
    default: str | None = None
    example: str | None = None
    since: str = "0.1.0"
    options: tuple[Option, ...] = ()
