"""Who does what a hint says has a manifest that is right: a hint that would be wrong is not given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifest.words.mistakes import MISTAKES
from tests.manifest.words.test_mistakes import errors
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import TfinfraError
from tfinfra.manifest.arguments import argument_document
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, TARGET
from tfinfra.manifest.shape import manifest_errors
from tfinfra.manifest.words.foreign_words import WORDS, at_the_top

ROWS = {f"{kind}: {sentence}": row[0] for kind, rows in MISTAKES.items() for sentence, row in rows.items()}
KNOWN = {*MANIFEST, *LIMITS, *TARGET, "hold", "path", "url", "mode"}
UNDER = re.compile(r"it belongs under (?:compute_target|limits|on_failure|script_params); write ")
LEVEL = re.compile(r"it belongs one level up(?:: write it at the top level,|, at the top: write) ")

ELSEWHERE = {"TFI302", "TFI317", "TFI405", "TFI413", "TFI416"} | {
    "TFI307",
    "TFI308",
    "TFI309",
    "TFI401",
    "TFI702",
    "TFI724",
}
"""What is said of a backend, a size or an image that is still to be chosen, and of files that this folder lacks."""
VALUE = re.compile(r"write ([^:,;`]+?)(?: without (?:quotes|brackets)| alone)?")
KEY = re.compile(r"did you mean '([\w-]+)'\?")


def told(hint: str) -> dict[str, Any]:
    """The keys that a hint says to write; {} where it says none, or leaves a value to who reads it."""
    text = LEVEL.sub("write ", UNDER.sub("write ", hint)).removeprefix("write ")
    text = re.split(r"(?<=[^ ]): (?=the |a |an |it )|; |, with | and ", text)[0] if not text.endswith("}") else text
    try:
        meant = yaml.safe_load("{" + text + "}")
    except yaml.YAMLError:
        return {}
    plain = isinstance(meant, dict) and bool(meant) and {*meant} <= KNOWN
    return meant if plain and "…" not in str(meant) and None not in meant.values() else {}


def corrected(data: dict[str, Any], path: list[str], hint: str) -> dict[str, Any] | None:
    """`data` with the one value or the one key at `path` as the hint says it; None where it says none."""
    (first, *rest), value, key = path, VALUE.fullmatch(hint), KEY.fullmatch(hint)
    if first not in data or not (value or key) or (rest and not isinstance(data[first], dict)):
        return None
    if rest:
        inner = corrected(data[first], rest, hint)
        return None if inner is None else {**data, first: inner}
    if key and first not in KNOWN:
        return {key[1] if name == first else name: each for name, each in data.items()}
    meant = (key or value)[1]  # type: ignore[index]
    return None if "…" in meant or meant in KNOWN else {**data, first: yaml.safe_load(meant)}


def followed(data: dict[str, Any], path: str, hint: str) -> dict[str, Any] | None:
    """The manifest `data` after somebody did what the hint at `path` says; None where it leaves that open."""
    keys = told(hint)
    outer, _, inner = path.partition(".")
    left = {key: value for key, value in data.items() if key not in (outer, path)}
    if not keys:
        return corrected(data, path.split("."), hint)
    if inner and {*keys} <= {*LIMITS, *TARGET, "hold"} and isinstance(data[outer], dict):
        kept = {"vm_size": "Standard_D8s_v5"} if outer == "compute_target" else {}
        kept |= {key: value for key, value in data[outer].items() if key != inner}
        return {**left, outer: {**kept, **keys}}
    if {*keys} <= {*TARGET}:
        keys = {"compute_target": {"cloud": "azure", "vm_size": "Standard_D8s_v5", **keys}}
    target = keys.get("compute_target")
    if isinstance(target, dict):
        keys["compute_target"] = {"cloud": "azure", "vm_size": "Standard_D8s_v5", "location": "eastus"} | target
    return {**left, **keys}


@pytest.mark.parametrize("sentence", ROWS)
def test_a_hint_that_is_followed_leaves_nothing_to_say(sentence: str, tmp_path: Path) -> None:
    marked = ROWS[sentence]
    marked = marked if marked.startswith("entry_script") else f"entry_script: t.py\n{marked}"
    text = marked.replace("▶", "")
    (error, *_) = errors(text)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    done = followed(data, error.path or "", error.hint or "")
    if done is None:
        return
    try:
        found = check_manifest(project_from_arguments(done, name="digits", folder=tmp_path)).diagnostics
    except TfinfraError as refused:
        found = refused.diagnostics
    assert [f"{error.hint} → {each}" for each in found if each.is_error and each.code not in ELSEWHERE] == []


VALUES: tuple[Any, ...] = (
    "2h",
    0,
    1.5,
    "1.5",
    "10GB",
    -1,
    True,
    "a:b",
    "s3://x",
    "x.txt",
    "eastus",
    ["eastus"],
    {"A": "b"},
)
"""What stands behind some word of other tools, and fits no other."""


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_no_word_leads_to_a_value_that_its_key_refuses(value: Any) -> None:
    hints = {hint for word in WORDS if (hint := at_the_top(word, value)) and told(hint)}
    done = {hint: followed({"entry_script": "t.py", "x": value}, "x", hint) for hint in hints}
    said = {hint: manifest_errors(argument_document(data)) for hint, data in done.items() if data}
    assert {hint: errors for hint, errors in said.items() if errors} == {}
    assert said
