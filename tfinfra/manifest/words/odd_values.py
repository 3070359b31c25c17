"""Characters in a manifest's values and flags that nobody sees or that look like others: an error of their own where
nothing else is wrong with the value, else what its error says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import Document, dotted, error_at
from tfinfra.manifest.words.odd_characters import DASHES, plain_flag, quoted, unseen, what_is_odd

_FREE = ("script_params", "environment_variables", "tags")
"""Whose values are anybody's text: what is odd there may be meant."""


def odd_values(document: Document, wrong: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What is odd in the values and flags of a document, beside the places that are `wrong` already."""
    told = {each.path for each in wrong}
    for path, text in document.texts.items():
        if not text.isascii() and dotted(path) not in told and (unseen(text) or quoted(text)):
            severity = Severity.WARNING if path[0] in _FREE else Severity.ERROR
            yield error_at(
                document, "TFI210", path, f"'{dotted(path)}' holds odd characters", what_is_odd(text), severity=severity
            )
    params = document.data.get("script_params")
    for flag in params if isinstance(params, dict) else ():
        if flag.startswith((*DASHES,)) or unseen(flag):
            hint = f"{what_is_odd(flag, [plain_flag(flag)])}"
            yield error_at(
                document, "TFI210", ("script_params", flag), "this flag holds odd characters", hint, at="key"
            )


def with_odd_named(document: Document, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The diagnostics; an error on a value with such characters has them in its hint: they are its likely cause."""
    odd = {dotted(path): text for path, text in document.texts.items() if not text.isascii()}
    for each in found:
        text = odd.get(each.path) if each.is_error and each.code != "TFI210" else None
        hint = what_is_odd(text) if text is not None and each.path.partition(".")[0] not in _FREE else None
        yield replace(each, hint=hint) if hint and "U+" not in (each.hint or "") else each
