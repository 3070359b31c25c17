"""The text of a guardrails file → GuardrailsFile, or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.guardrails.key_schema import GUARDRAILS, KEY_VAULT, NOBODY
from tfinfra.guardrails.values import Allowed, Audit, GuardrailsFile
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.key_schema import LIMITS, LOCK, MANIFEST, SPELLINGS, TARGET
from tfinfra.manifest.manifest import seconds
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import errors_by
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

EXAMPLE = "allow: {max_nodes: 8}"
_MAPPINGS = {"limits": LIMITS, "compute_target": TARGET}
"""Keys of a manifest that hold keys of ours; the others that hold a mapping take any name."""


def read_guardrails(data: bytes, file: str, folder: Path) -> GuardrailsFile:
    """The guardrails in `data`, the bytes of `file`; relative paths start at `folder`, an absolute one.
    Raises ManifestError with all that is wrong, at its lines."""
    document, faults = read_document(data, file, EXAMPLE)
    found = (*faults, *errors_by(document, GUARDRAILS))
    if not found:
        found = (*_unknown_requirements(document), *_no_signer(document))
    if found:
        raise refusal(
            tuple(sorted(found, key=lambda d: (d.position.line, d.position.column) if d.position else (0, 0)))
        )
    return GuardrailsFile(
        document=document,
        allow=_allowed(document),
        require=_texts(document, ("require",)),
        policy=tuple(folder / text for text in _texts(document, ("policy",))),
        audit=_audit(document, folder),
    )


def _allowed(document: Document) -> Allowed:
    given = document.data.get("allow", {})
    values: dict[str, Any] = dict(given)
    for key in given:
        if key in ("vm_size", "image", "vm_priority", "tracking_host"):
            values[key] = _texts(document, ("allow", key))
    if "vm_priority" in given:
        values["vm_priority"] = tuple(text.replace("lowp", "low_p") for text in values["vm_priority"])
    if "max_run_duration" in given:
        values["max_run_duration"] = seconds(document.text(("allow", "max_run_duration")))
    return Allowed(**values)


def _audit(document: Document, folder: Path) -> Audit:
    given = document.data.get("audit", {})
    sign = given.get("sign", NOBODY)
    return Audit(
        key=folder / sign if sign != NOBODY and "://" not in sign else None,
        vault=sign if "://" in sign else None,
        containers=_texts(document, ("audit", "evidence")),
        trust=tuple(folder / text for text in _texts(document, ("audit", "trust"))),
    )


def _no_signer(document: Document) -> Iterator[Diagnostic]:
    """A URL that names no key of Key Vault's: no file is meant by it."""
    sign = document.data.get("audit", {}).get("sign", NOBODY)
    if "://" in sign and re.fullmatch(KEY_VAULT, sign) is None:
        hint = "azurekms://<vault>/<key>, or the path of a key file"
        yield error_at(document, "TFI455", ("audit", "sign"), f"'{sign}' names no key", hint)


def _texts(document: Document, path: KeyPath) -> tuple[str, ...]:
    """The text, or the texts of the list, at `path`; () where it is not written."""
    if path in document.texts:
        return (document.text(path),)
    return tuple(text for at, text in document.texts.items() if at[:-1] == path)


def _unknown_requirements(document: Document) -> Iterator[Diagnostic]:
    """What `require` names and no manifest can have: nothing would ever be given."""
    known = [*MANIFEST, *SPELLINGS, LOCK, *(f"{outer}.{key}" for outer, keys in _MAPPINGS.items() for key in keys)]
    written = document.data.get("require", [])
    for index, text in enumerate([written] if isinstance(written, str) else written):
        if text in known or _is_of_any_name(text):
            continue
        path = ("require",) if isinstance(written, str) else ("require", index)
        near = nearest(text, [*known, "tags."])
        hint = did_you_mean(near) if near else "for example limits.max_cost_usd, tags.cost-center"
        yield error_at(document, "TFI441", path, f"'{text}' is no key of a manifest", hint)


def _is_of_any_name(text: str) -> bool:
    """Whether it names an entry of a mapping whose keys are the manifest's own: "tags.cost-center"."""
    outer, _, name = text.partition(".")
    return bool(name) and "keysrules" in MANIFEST.get(outer, {})
