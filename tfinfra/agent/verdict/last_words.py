"""What of a task's log tells why it ended: its last lines and, where pages stand below the cause, the cause above them.

A cause is what Python or native code writes when it gives up, by its form, for the words are anybody's: the last line
of Python's report of an exception, the exception that it was raised from, the parts of a group; `terminate called` and
`what():` of C++, a failed check of TensorFlow's, an abort of the C library, of MPI or NCCL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHOWN = 20
"""Lines that are shown at most."""
_CAUSES = 5
"""Of them, causes that stand above the last lines."""
_LONGEST = 2000
_BAR = re.compile(r"(?: {2})+[|+] ")
"""What stands before each line of a group of exceptions."""
_TRACEBACK = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):\s*$")
_IGNORED = ("Exception ignored in", "Error in atexit._run_exitfuncs")
_CHAINED = re.compile(
    r"The above exception was the direct cause of the following exception:"
    r"|During handling of the above exception, another exception occurred:"
)
_NAMED = re.compile(r"(?:[A-Za-z_]\w*\.)*_*[A-Z]\w*(?:Error|Exception|ExceptionGroup|Interrupt|Fault)\b(?::|$)")
"""How Python's report of an exception begins its last part where no traceback stands above it (a syntax error)."""
_NATIVE = re.compile(
    r"terminate called |\s*what\(\):|Fatal Python error:|F\d{4} \d\d:\d\d|\S+ \S+ F \S+:\d+\]|\S+: F \S+:\d+\]"
    r"|.*(?:\bCheck failed:|\bNon-OK-status:|: Assertion [`'].*failed)|\*\*\* stack smashing detected"
    r"|(?:free|malloc|realloc|munmap_chunk)\(\): |double free or corruption|corrupted size vs\.|corrupted double-linked"
    r"|.*(?:MPI_ABORT was invoked|\*\*\* An error occurred in MPI_|\*\*\* Process received signal|NCCL WARN )"
)
_SAID = re.compile(r"(?:ERROR|FATAL|CRITICAL|Error|error|fatal)\b\s*:|E\d{4} \d\d:\d\d|[\w./-]+: error: ")
"""How programs say that something is wrong, where nothing surer is there."""


@dataclass(frozen=True)
class _Report:
    """The last line of Python's report of an exception, in the line `at`; `chained`: it was raised while, or because,
    the one before it was; `of_group`: it is a part of the one before it."""

    at: int
    text: str
    chained: bool
    of_group: bool


def last_words(lines: Sequence[str]) -> tuple[str, ...]:
    """The last lines of a log; what names the cause comes first where it stands above them, with "[…]" between."""
    last = list(lines[-SHOWN:])
    above = [text for at, text in causes(lines) if at < len(lines) - len(last)]
    if above:
        last = [*above, "[…]", *last[len(above) + 1 :]]
    return tuple(line[:_LONGEST] for line in last)


def causes(lines: Sequence[str]) -> list[tuple[int, str]]:
    """The lines that name the cause, each with its place: of a chain of exceptions the first and the last, of a group
    its parts too; what native code said after them. [] where nothing has the form of one."""
    reports = list(_reports(lines))
    native = [(at, line.strip()) for at, line in enumerate(lines) if _NATIVE.match(line)]
    if reports:
        last, chain = reports[-1], _of_last_chain(reports)
        if "nccl" not in last.text.lower():  # NCCL's own warnings say more than the exception that follows them
            native = [(at, line) for at, line in native if at > last.at]
        first = {text: at for at, text in ((each.at, each.text) for each in reversed(chain))}  # each text once
        return sorted([*((at, text) for text, at in first.items()), *native[-_CAUSES:]])[:_CAUSES]
    if native:
        return native[-_CAUSES:]
    return [(at, line) for at, line in enumerate(lines) if _SAID.match(line)][-1:]


def _reports(lines: Sequence[str]) -> Iterator[_Report]:
    """Every exception that ended something, in order: what Python ignores on its way out is noise."""
    inside = chained = ignored = False
    for at, line in enumerate(lines):
        bar = _BAR.match(line)
        text = line[bar.end() :] if bar else line
        if text.startswith(_IGNORED):
            ignored = True
        elif _TRACEBACK.match(text):
            inside = True
        elif _CHAINED.match(text):
            chained = True
        elif _NAMED.match(text) or (inside and text and not text[0].isspace()):
            if not ignored:
                yield _Report(at, text, chained, of_group=bar is not None)
            inside = chained = ignored = False


def _of_last_chain(reports: Sequence[_Report]) -> list[_Report]:
    """The last exception, after the one that all began with; or the last group, with its parts."""
    first = last = len(reports) - 1
    if reports[last].of_group:
        while first > 0 and reports[first - 1].of_group:
            first -= 1
        return list(reports[first:])
    while first > 0 and reports[first].chained:
        first -= 1
    return [reports[first], reports[last]] if first != last else [reports[last]]
