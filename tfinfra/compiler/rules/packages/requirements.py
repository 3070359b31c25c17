"""Rules on pip's side of the environment: requirement lines from all files, and what may be built from source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfinfra.catalog.modules.module_names import is_known, usual_owner
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.options import Finding, option_findings
from tfinfra.compiler.packages.other_files import by_content, by_name
from tfinfra.compiler.packages.written import Written, written_lines
from tfinfra.environment.requirements.requirement import (
    RefusedRequirement,
    hash_fault,
    normalised,
    read_requirement,
    shown,
)
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at
from tfinfra.text.credentials import in_urls

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def requirements(facts: Facts) -> Iterator[Diagnostic]:
    """Lines that cannot be locked. What carries a credential has a rule of its own."""
    others = tuple(_other_files(facts))
    yield from others
    strange = {other.position.file for other in others if other.position}
    for one in written_lines(facts.manifest, facts.project):
        if in_urls(one.line.text) or (one.position and one.position.file in strange):
            continue
        for found in _findings(one, facts):
            yield Diagnostic(found.code, found.severity, found.message, one.path, one.position, found.hint)


def _findings(one: Written, facts: Facts) -> Iterator[Finding]:
    if one.line.fault:
        message = f"{shown(one.line.text)} has an option that cannot be read: {one.line.fault}"
        yield Finding("TFI318", message, "write it as pip's documentation has it, or remove it")
        return
    target = facts.chosen.target
    builds = {normalised(name) for name in facts.manifest.source_builds}
    refused = tuple(option_findings(one, target.sources if target else None, builds))
    yield from refused
    if any(found.severity is Severity.ERROR for found in refused) or not one.requirement:
        return
    try:
        found = read_requirement(one.requirement, builds)
    except RefusedRequirement as why:
        yield Finding("TFI319" if why.builds else "TFI318", why.message, why.hint)
        return
    if (owner := usual_owner(found.name)) and owner != normalised(found.name) and not is_known(normalised(found.name)):
        message = f"the module {found.name} comes from another package than {shown(one.requirement)}"
        yield Finding("TFI344", message, f"write {owner}", Severity.WARNING)
    if fault := next(filter(None, map(hash_fault, one.hashes)), None):
        yield Finding("TFI328", f"{shown(one.requirement)}: {fault}", "pip writes it: `pip hash FILE`")
    elif one.hashes and not found.is_exact:
        message = f"{shown(one.requirement)} has a hash, and allows more than one version"
        yield Finding("TFI328", message, f"write {found.name}==VERSION: a hash is that of one file")


def _other_files(facts: Facts) -> Iterator[Diagnostic]:
    """Files of another kind, once each instead of a fault at each of their lines."""
    source, lines = facts.project.source, written_lines(facts.manifest, facts.project)
    for file in dict.fromkeys(one.file for one in lines if one.file):
        text, shown_file = source.requirements[file], source.file(file)
        own = [one for one in lines if one.file == file]
        other, named = by_content(file, text), by_name(file)
        if named and any(found.severity is Severity.ERROR for one in own for found in _findings(one, facts)):
            other = other or named
        if other is not None:
            message = f"'{shown_file}' is no requirements file, but {other.what}"
            written = text.split("\n")[other.line - 1].rstrip()
            position = Position(shown_file, other.line, 1, max(1, len(written)), written)
            yield Diagnostic("TFI309", Severity.ERROR, message, own[0].path, position, other.hint)


def odd_bytes(facts: Facts) -> Iterator[Diagnostic]:
    """Requirements and environment files that are not UTF-8."""
    manifest, source = facts.manifest, facts.project.source
    for file, odd in source.odd_bytes.items():
        is_conda = file == manifest.conda_dependencies_file
        key, code = ("conda_dependencies_file", "TFI702") if is_conda else ("pip_requirements_file", "TFI309")
        position = Position(source.file(file), odd.line, odd.column)
        code, severity = (code, Severity.ERROR) if odd.is_error else ("TFI327", Severity.NOTICE)
        yield Diagnostic(code, severity, odd.message, key, position, odd.hint)


def source_builds(facts: Facts) -> Iterator[Diagnostic]:
    """Names alone: a package may be built, not a line."""
    for path, name in facts.manifest.items("source_builds"):
        if not _NAME.fullmatch(name):
            yield error_at(facts.document, "TFI320", path, f"{shown(name)} is no package's name", "write the name")
        elif normalised(name) in {"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly", "horovod"}:
            message = f"{shown(name)} is not built by source_builds"
            yield error_at(facts.document, "TFI320", path, message, "remove it: tfinfra brings it by its own recipe")


RULES: tuple[Rule, ...] = (requirements, odd_bytes, source_builds)
