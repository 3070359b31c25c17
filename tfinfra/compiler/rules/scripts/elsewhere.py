"""Files that a script takes from a machine that it was written on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.rules.scripts.staying import READING, WRITING
from tfinfra.compiler.source.named_files import DRIVE, files_elsewhere
from tfinfra.compiler.source.script import line_of
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at

_SERVICES = re.compile(r"/(kaggle|content|dbfs|opt/ml|gdrive)/")
"""Where Kaggle, Colab, Databricks and SageMaker lay files."""
_HOMES = re.compile(r"/(home/[^/]+|Users/[^/]+|root)/|~")
_AS_INPUT = "give it as an input (`inputs`), and the script ${TFINFRA_INPUT_<name>} as an argument"


def files_of_another_machine(facts: Facts) -> Iterator[Diagnostic]:
    """Files that the script reads whatever happens, and that no node has."""
    source = facts.project.source
    for one in files_elsewhere(source.modules, source.reach):
        if why := _why_missing(facts, one.name):
            text = line_of(source.text(one.module), one.line)
            position = Position(source.file(one.module), one.line, one.column + 1, one.length, text)
            is_warning = facts.manifest.setup_script or (_is_local(facts) and one.name in facts.project.absent)
            severity = Severity.WARNING if is_warning else Severity.ERROR
            message = f"'{one.name}' is missing on the nodes: {why}"
            yield Diagnostic("TFI532", severity, message, "entry_script", position, _AS_INPUT)


def _why_missing(facts: Facts, name: str) -> str:
    """ "" of a path that a node may have. Nodes of the local cloud share this machine's files."""
    if DRIVE.match(name):
        return "it is a path of Windows"
    if posixpath.normpath(name).startswith(".."):
        return "it is outside of source_directory, which is what they get"
    if _is_local(facts) and name not in facts.project.absent:
        return ""
    if _SERVICES.match(name):
        return "it is where another service lays files"
    return "it is in a home folder, and nodes have none of yours" if _HOMES.match(name) else ""


def _is_local(facts: Facts) -> bool:
    return facts.chosen.target is None or facts.chosen.target.cloud == "local" or facts.project.rehearse


def parameters_of_another_machine(facts: Facts) -> Iterator[Diagnostic]:
    """The same of what script_params give the script to read."""
    for flag, values in facts.manifest.script_params.items():
        name, _, inline = flag.partition("=")
        is_read = READING.search(name.lower()) and not WRITING.search(name.lower())
        for value in (*values, inline) if is_read else ():
            if (_HOMES.match(value) or _SERVICES.match(value)) and (why := _why_missing(facts, value)):
                message = f"'{value}', which {name} names, is missing on the nodes: {why}"
                path = ("script_params", flag)
                yield error_at(facts.document, "TFI532", path, message, _AS_INPUT, severity=Severity.WARNING)


RULES: tuple[Rule, ...] = (files_of_another_machine, parameters_of_another_machine)
