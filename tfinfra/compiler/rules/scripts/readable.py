"""Files of the training script that the Python of a task refuses to read: for their bytes, or for their syntax."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.script import line_of
from tfinfra.compiler.source.syntax import OWN, syntax_fault
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at

_PYTHON_2 = re.compile(r"\bprint\b\s*(?:[^\s(]|$)|lambda\s*\(|except [\w.]+\s*,|\bexec\s+[^\s(]|\braise .*,|<>|`")


def unreadable_modules(facts: Facts) -> Iterator[Diagnostic]:
    """An error where the file is surely read, and no Python of the manifest's version takes it."""
    source, manifest = facts.project.source, facts.manifest
    numbers = [int(part) for part in manifest.python_version.split(".")[:2] if part.isdigit()]
    nodes = (numbers[0], numbers[1]) if len(numbers) == 2 and numbers >= [3, 7] else OWN  # what another rule refuses
    for module, text in source.modules.items():
        is_entry = module == source.entry
        surely = is_entry or source.reach.get(module, Reach(Sure.LATER)).sure is Sure.ALWAYS
        what = f"Python cannot read this {'script' if is_entry else 'module'}"
        if strange := source.undecodable.get(module):
            always = strange.always or nodes > (3, 11)
            at, message = (strange.line, strange.column), f"{what}: {strange.message}"
            yield _diagnostic(facts, module, at, (message, strange.hint), certain=surely and always)
        elif error := facts.script.broken.get(module) or syntax_fault(text, min(nodes, OWN)):
            sure = isinstance(error, SyntaxError) and nodes <= OWN
            at = (getattr(error, "lineno", None) or 1, max(getattr(error, "offset", None) or 1, 1))
            said = getattr(error, "msg", None) or error
            if nodes > OWN:
                what = f"Python {OWN[0]}.{OWN[1]}, which checks it here, cannot read it, python_version's own may"
            elif module not in facts.script.broken:
                what += f" ({nodes[0]}.{nodes[1]})"
            hint = _of_another_program(text) or _way_out(line_of(text, at[0]))
            yield _diagnostic(facts, module, at, (f"{what}: {said}", hint), certain=surely and sure)


def _of_another_program(text: str) -> str | None:
    """What to write for a script whose first line gives it to another program than Python."""
    first = text.split("\n", 1)[0]
    if not first.startswith("#!") or "python" in first:
        return None
    return "name the Python script that it starts; what it does before belongs in setup_script"


def _way_out(line: str) -> str:
    if line.lstrip().startswith(("%", "!")):
        return (
            "it is a notebook's command: leave it out; packages belong in pip_packages, shell commands in setup_script"
        )
    return "Python 2? `2to3` translates it" if _PYTHON_2.search(line) else "correct it here"


def _diagnostic(facts: Facts, module: str, at: tuple[int, int], words: tuple[str, str], *, certain: bool) -> Diagnostic:
    source, (line, column), (message, hint) = facts.project.source, at, words
    written = line_of(source.modules[module], line)
    position = Position(source.file(module), line, min(column, len(written) + 1), 1, written)
    severity = Severity.ERROR if certain else Severity.WARNING
    return Diagnostic("TFI501", severity, message, "entry_script", position, hint)


def modules_not_looked_into(facts: Facts) -> Iterator[Diagnostic]:
    """A notice where the script has so many modules that some are not held against all rules."""
    source = facts.project.source
    if not source.skimmed and not source.unread:
        return
    message = f"of {len(source.skimmed)} more modules that the script imports, the imports alone are checked"
    if source.unread:
        message += f", and of {source.unread} nothing; so no import is held against the packages"
    hint = f"the {len(source.modules)} that come first are checked in full"
    yield error_at(facts.document, "TFI527", ("entry_script",), message, hint, severity=Severity.NOTICE)


RULES: tuple[Rule, ...] = (unreadable_modules, modules_not_looked_into)
