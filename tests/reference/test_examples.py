"""What the documents show holds: manifests and other files are valid, commands have the verbs and options they name."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import tfinfra
from tests.packaging.test_wheel import ROOT
from tfinfra.cli.main import VERBS, cli
from tfinfra.errors import Diagnostic
from tfinfra.guardrails.key_schema import GUARDRAILS
from tfinfra.manifest.document import Document
from tfinfra.manifest.key_schema import EDITORS, LOCK, MANIFEST, SPELLINGS, TARGET
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import errors_by, manifest_errors, target_errors
from tfinfra.manifest.words.refused import ESTIMATOR

DOCUMENTS = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.name != "CHANGELOG.md"]
_YAML = re.compile(r"^( *)```ya?ml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(?:console|sh|bash|shell)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(tfinfra [^`]+)`")
_KEYS = {*MANIFEST, *SPELLINGS, EDITORS}


def _examples(document: Path) -> Iterator[str]:
    for found in _YAML.finditer(document.read_text("utf-8")):
        yield "".join(line.removeprefix(found[1]) for line in found[2].splitlines(keepends=True))


def _faults(text: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """What kind of file the example is, and what is wrong with it. Of other tools' files nothing is known."""
    document, faults = read_document(text.encode(), "example.yaml")
    keys = {*document.data}
    if "entry_script" in keys or (keys and keys <= _KEYS):
        return "manifest", (*faults, *_manifest_errors(text, keys))
    if keys and keys <= {*GUARDRAILS}:
        return "guardrails", (*faults, *errors_by(document, GUARDRAILS))
    if keys and all(_is_target(document, key) for key in keys):
        return "targets", (*faults, *(d for key in document.data for d in target_errors(document, key)))
    return "another", ()


def _manifest_errors(text: str, keys: set[str]) -> tuple[Diagnostic, ...]:
    whole = text if "entry_script" in keys else f"{text}\nentry_script: train.py\n"
    name = "example.lock.yaml" if LOCK in keys else "example.yaml"
    return manifest_errors(read_document(whole.encode(), name)[0])


def _is_target(document: Document, key: str) -> bool:
    value = document.data[key]
    return isinstance(value, dict) and bool({*value} & {*TARGET} - {"store"}) and "runs-on" not in value


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_file_that_is_shown_is_valid(document: Path) -> None:
    assert [d.in_a_line for text in _examples(document) for d in _faults(text)[1] if d.is_error] == []


def test_manifests_targets_and_guardrails_are_shown() -> None:
    kinds = [_faults(text)[0] for document in DOCUMENTS for text in _examples(document)]
    assert kinds.count("manifest") > 40
    assert {"targets", "guardrails"} <= {*kinds}


def _commands(text: str) -> Iterator[str]:
    """Each command line of tfinfra's that the text shows."""
    blocks = [line for found in _BLOCK.finditer(text) for line in found[1].splitlines()]
    for line in (*blocks, *_INDENTED.findall(text)):
        if (plain := line.strip().removeprefix("$ ")).startswith("tfinfra "):
            yield plain
    yield from (" ".join(found.split()) for found in _INLINE.findall(text))


def _wrong(line: str) -> str:
    """What of a command line is not there; "" where all is. Words after `|`, `>`, `&&` and `--` are other commands'."""
    try:
        words = shlex.split(re.split(r"[|>]|&&|;|  +", line)[0], comments=True)
    except ValueError:  # an apostrophe of a sentence
        words = line.split()
    command: click.Command = cli
    words, context = words[1 : words.index("--") if "--" in words else None], click.Context(cli)
    while words and not words[0].startswith("-") and isinstance(command, click.Group):
        found = command.get_command(context, words[0].strip("…,."))
        if found is None:
            return "" if words[0].isupper() or not words[0].isascii() else f"no verb {words[0]}"
        command, words = found, words[1:]
    known = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)} | {
        "--help",
        "-h",
        "--version",
    }
    flags = [word.partition("=")[0].rstrip("]") for word in (each.lstrip("[") for each in words)]
    flags = [flag for flag in flags if re.fullmatch(r"--?[a-z][a-z-]*", flag)]
    return next((f"no option {flag}" for flag in flags if flag not in known), "")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_command_that_is_shown_has_its_verb_and_options(document: Path) -> None:
    found = {line: _wrong(line) for line in _commands(document.read_text("utf-8"))}
    assert {line: wrong for line, wrong in found.items() if wrong} == {}


PROGRAMS = [
    (path.name, found[1])
    for path in DOCUMENTS
    if path.parent.name != "reference"  # signatures
    for found in _PYTHON.finditer(path.read_text("utf-8"))
]


def _estimators(program: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TensorFlow":
            yield node


def test_each_program_that_is_shown_is_one_and_gives_the_estimator_what_it_takes() -> None:
    assert any(True for _, program in PROGRAMS for _ in _estimators(program))
    given = [(name, one.arg) for name, program in PROGRAMS for call in _estimators(program) for one in call.keywords]
    assert [(name, key) for name, key in given if key not in _KEYS and key not in ESTIMATOR] == []


def test_each_name_that_a_program_imports_is_there() -> None:
    nodes = [node for _, program in PROGRAMS for node in ast.walk(ast.parse(program))]
    taken = [
        one.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "tfinfra"
        for one in node.names
    ]
    assert taken
    assert {*taken} - {*tfinfra.__all__} == set()


def test_commands_are_shown_of_each_verb() -> None:
    shown = {line.split()[1] for document in DOCUMENTS for line in _commands(document.read_text("utf-8"))}
    assert {*VERBS} - shown == set()


MISTAKES = {
    "an unknown verb": ("tfinfra upp train.yaml", "no verb upp"),
    "an unknown option": ("tfinfra up train.yaml --detached", "no option --detached"),
    "an option of another verb": ("tfinfra catalog sizes --live", "no option --live"),
    "nothing wrong": ("tfinfra plan --live train.yaml | jq .", ""),
}


@pytest.mark.parametrize(("line", "wrong"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_command_is_found(line: str, wrong: str) -> None:
    assert _wrong(line) == wrong
