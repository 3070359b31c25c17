"""Setup scripts that no shell takes as they are meant: each would fail on every node, after it has booted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Position, Severity

_PROGRAM = "\x7fELF"
_MARK = "\ufeff"
_UNIX_ENDS = "save it with the line ends of Unix (`sed -i 's/\\r$//'`); in .gitattributes `*.sh text eol=lf` keeps them"
_SHOWN = 200
_SETUPTOOLS = re.compile(r"\s*(from|import)\s+(setuptools|distutils)\b")


@dataclass(frozen=True)
class _Fault:
    """What is wrong from a `line`, 1-based, on; a warning where it may be meant."""

    line: int
    message: str
    hint: str
    severity: Severity = Severity.ERROR


def what_no_shell_takes(facts: Facts) -> Iterator[Diagnostic]:
    """The first fault of the script, at its line: the others come of it."""
    name, source = facts.manifest.setup_script, facts.project.source
    text = source.programs.get(name or "")
    if not name or not text or not facts.manifest.sound("setup_script"):
        return
    fault = (
        _of_windows(name)
        or _encoding(text)
        or _first_line(text)
        or _builds_a_package(name, text)
        or (None if _is_pythons(name, text) else _line_ends(text))
    )
    if fault:
        written = text.split("\n")[fault.line - 1].rstrip("\r")[:_SHOWN]
        position = Position(source.file(name), fault.line, 1, max(1, len(written)), written)
        message = f"the setup script fails on every node: {fault.message}"
        if fault.severity is Severity.WARNING:
            message = f"the setup script may fail on every node: {fault.message}"
        yield Diagnostic("TFI710", fault.severity, message, "setup_script", position, fault.hint)


def _of_windows(name: str) -> _Fault | None:
    if posixpath.splitext(name)[1].lower() not in (".bat", ".cmd", ".ps1"):
        return None
    return _Fault(1, "it is a script of Windows, and nodes run Linux", "write it for sh, or in Python")


def _builds_a_package(name: str, text: str) -> _Fault | None:
    """setup.py of a project is for pip, and ends with an error where it is told no command."""
    line = next((at for at, line in enumerate(text.split("\n"), 1) if _SETUPTOOLS.match(line)), 0)
    if posixpath.basename(name) != "setup.py" or not line:
        return None
    way_out = "a package of your own travels in source_directory; what it needs belongs in pip_packages"
    return _Fault(line, "it makes a package of the project, and does nothing without a command", way_out)


def _encoding(text: str) -> _Fault | None:
    if text.startswith(_PROGRAM):
        return None
    if "\0" in text[:_SHOWN]:
        return _Fault(1, "it is UTF-16, or no text, and a shell reads neither", "save it as UTF-8")
    if text.startswith(_MARK):
        return _Fault(1, "it begins with a byte order mark, which is part of its first word", "save it as plain UTF-8")
    return None


def _first_line(text: str) -> _Fault | None:
    """Of `#!` and what follows the kernel makes a program and one argument, to the line's end."""
    line = text.split("\n", 1)[0]
    words = line.removeprefix("#!").split()
    if not line.startswith("#!") or not words:
        return None
    if line.endswith("\r") and "\n" in text:
        return _Fault(1, f"its line ends in CR LF, so that there is no program '{words[-1]}\\r'", _UNIX_ENDS)
    if posixpath.basename(words[0]) == "env" and len(words) > 2 and not words[1].startswith("-"):
        together = " ".join(words[1:])
        return _Fault(1, f"env looks for a program '{together}', in one word", f"write `#!{words[0]} -S {together}`")
    return None


def _is_pythons(name: str, text: str) -> bool:
    """Whether Python reads it, which takes any line end; or it is no text."""
    first = text.split("\n", 1)[0]
    return name.endswith(".py") or "python" in (first if first.startswith("#!") else "") or text.startswith(_PROGRAM)


def _line_ends(text: str) -> _Fault | None:
    """Of lines with CR LF the CR is part of the last word; where they are few, they may be a text that is meant so."""
    lines = text.split("\n")
    if len(lines) == 1 and "\r" in text:
        return _Fault(1, "its lines end in CR alone, so that it is one line", _UNIX_ENDS)
    ends = [number for number, line in enumerate(lines, 1) if line.endswith("\r")]
    if not ends:
        return None
    many = 2 * len(ends) >= len([line for line in lines if line.strip()])
    said = "lines end in CR LF, and a shell takes the CR for a part of the last word"
    return _Fault(ends[0], said, _UNIX_ENDS, Severity.ERROR if many else Severity.WARNING)


RULES: tuple[Rule, ...] = (what_no_shell_takes,)
