"""What the training script imports or reads, and its parameters name, and that stays on this machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.rules.scripts.imports import may_be_installed
from tfinfra.compiler.rules.travel import because, way_back
from tfinfra.compiler.source.modules.imports import Import, imports_of
from tfinfra.compiler.source.named_files import NamedFile, named_files
from tfinfra.compiler.source.script import line_of
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at
from tfinfra.travel.survey import NO_FILE, ONLY_FILES, Reason

READING = re.compile(r"data|input|config|train|val|test|vocab|label|csv|corpus|image|pretrained|init|source|file")
WRITING = re.compile(r"out|log|save|dest|result|export|tmp|temp|cache|work|model|ckpt|check|summar|metric|record|hist")


def imported_modules_stay(facts: Facts) -> Iterator[Diagnostic]:
    """Modules that the script reaches here, and would not on a node: at the import that comes first."""
    project, source = facts.project, facts.project.source
    reasons = {path: project.travels.why_not(path) for path in (*source.modules, *source.skimmed)}
    reasons.pop(source.entry, None)
    imports = _imports_by_file(facts) if any(reasons.values()) else {}
    for path, reason in reasons.items():
        found = _import_of(imports, path)
        if reason is None or found is None:
            continue
        _, module, one = found
        sure = min(one.sure, source.reach.get(module, Reach(Sure.LATER)).sure)
        top = _package_of(path)
        if sure is Sure.GUARDED or may_be_installed(facts, top):
            continue
        message = f"`{one.statement}` fails on the nodes: {path} does not travel, {because(facts, reason)}"
        severity, place = _severity(facts, certain=sure is Sure.ALWAYS), _position(facts, module, one)
        yield Diagnostic("TFI337", severity, message, "entry_script", place, way_back(path))


def read_files_stay(facts: Facts) -> Iterator[Diagnostic]:
    """Files that the script reads by a name that is written out."""
    source = facts.project.source
    for one in named_files(source.modules, source.reach):
        reason = facts.project.stays.get(one.name)
        if reason is not None and not (one.flags and _is_no_default(facts, one.flags)):
            message = f"'{one.name}' is missing on the nodes: {because(facts, reason)}"
            severity, place = _severity(facts, certain=one.certain), _position(facts, one.module, one)
            yield Diagnostic("TFI338", severity, message, "entry_script", place, _way_out(one.name, reason))


def _is_no_default(facts: Facts, flags: tuple[str, ...]) -> bool:
    """Whether an argument's default does not count, or is hardly meant to be read."""
    manifest = facts.manifest
    given = {flag.partition("=")[0] for flag in (*manifest.script_params, *manifest.wrong_items("script_params"))}
    name = " ".join(flags).lower()
    return not given.isdisjoint(flags) or not READING.search(name) or WRITING.search(name) is not None


def files_in_parameters_stay(facts: Facts) -> Iterator[Diagnostic]:
    """Files that script_params name. Of one whose flag speaks of results nobody knows that it is read."""
    manifest = facts.manifest
    for flag, values in manifest.script_params.items():
        name, _, inline = flag.partition("=")
        for value in (*values, inline):
            reason = facts.project.stays.get(posixpath.normpath(value)) if value else None
            if reason is None or WRITING.search(name.lower()):
                continue
            severity = _severity(facts, certain=READING.search(name.lower()) is not None)
            message = f"'{value}', which {name} names, is missing on the nodes: {because(facts, reason)}"
            path = ("script_params", flag)
            yield error_at(facts.document, "TFI338", path, message, _way_out(value, reason), severity=severity)


def _way_out(name: str, reason: Reason) -> str:
    if reason.what.startswith(NO_FILE):
        return ONLY_FILES
    return f"{way_back(name)}, or give it as an input (`inputs`)"


_Imports = dict[str, tuple[int, str, Import]]
"""{the end of a file's path: the first import that may read it, with the module that holds it}"""


def _imports_by_file(facts: Facts) -> _Imports:
    found: _Imports = {}
    source = facts.project.source
    for module, text in source.modules.items():
        how = source.reach.get(module, Reach(Sure.LATER))
        for one in imports_of(text, as_program=how.as_program):
            for name in _files_of(one, module):
                found.setdefault(name, (len(found), module, one))
    return found


def _import_of(imports: _Imports, path: str) -> tuple[int, str, Import] | None:
    """The first import by which a module may have been reached."""
    parts = path.split("/")
    ends = ("/".join(parts[begin:]) for begin in range(len(parts)))
    return min((imports[end] for end in ends if end in imports), key=lambda one: one[0], default=None)


def _files_of(one: Import, module: str) -> Iterator[str]:
    """The files that an import may read, from the end of their paths."""
    if one.is_path:
        yield posixpath.normpath(one.name)
        return
    parts = one.name.split(".") if one.name else []
    above = module.split("/")[: -one.level] if one.level else []
    for name in ("", *(f"/{member}" for member in one.members)):
        for end in range(1 if parts and not name else len(parts), len(parts) + 1):
            stem = "/".join([*above, *parts[:end]]) + name
            yield from (f"{stem}.py".lstrip("/"), f"{stem}/__init__.py".lstrip("/"), f"{stem}/__main__.py".lstrip("/"))


def _package_of(path: str) -> str:
    return path.removesuffix("/__init__.py").removesuffix(".py").partition("/")[0]


def _position(facts: Facts, module: str, one: Import | NamedFile) -> Position:
    source = facts.project.source
    text = line_of(source.text(module), one.line)
    return Position(source.file(module), one.line, one.column + 1, one.length, text)


def _severity(facts: Facts, *, certain: bool) -> Severity:
    """A setup script may yet make what is missing."""
    return Severity.ERROR if certain and not facts.manifest.setup_script else Severity.WARNING


RULES: tuple[Rule, ...] = (imported_modules_stay, read_files_stay, files_in_parameters_stay)
