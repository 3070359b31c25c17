"""The steps of a tutorial, as a reader does them: write a file, change a line, run commands, compare what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parents[2] / "docs/tutorial/own-script.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILES = {"python": "train.py", "yaml": "train.yaml"}
_TIMES = re.compile(
    r"[0-9.]+ ?(?:ms|s)\b(?:/\w+)?|loss: [0-9.]+|accuracy: [0-9.]+|train-[a-z0-9]{6}|\d{4}-\d\d-\d\dT\d\d:\d\dZ"
)
"""What differs from run to run."""


@dataclass(frozen=True)
class Commands:
    """Command lines of tfinfra, and what the tutorial shows of their output; "" where it shows none."""

    lines: tuple[str, ...]
    shown: str


Tfinfra = Callable[[str], str]
"""Runs a command line without its first word, and gives what it has printed."""


def steps(folder: Path, text: str) -> Iterator[Commands]:
    """Does what the text says to files in `folder`, and gives what it says to run, in its order."""
    blocks = [(block[1], block[2]) for block in _BLOCK.finditer(text)]
    for number, (language, body) in enumerate(blocks):
        if language in _FILES:
            (folder / _FILES[language]).write_text(body)
        elif language == "diff":
            old, new = (line[1:] for line in body.splitlines())
            script = folder / "train.py"
            assert old in script.read_text()
            script.write_text(script.read_text().replace(old, new))
        elif language == "sh":
            shown = blocks[number + 1][1] if blocks[number + 1][0] == "" else ""
            yield Commands(tuple(body.splitlines()), shown)


def missing(shown: str, printed: str) -> list[str]:
    """The lines that a tutorial shows and that were not printed; numbers that differ from run to run may differ."""
    there = {_alike(line) for line in printed.splitlines()}
    return [line for line in shown.splitlines() if line not in ("", "…") and _alike(line) not in there]


def _alike(line: str) -> str:
    return re.sub(r"\s+", " ", _TIMES.sub("*", line)).strip()
