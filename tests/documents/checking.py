"""Holds a document against its published schema, closed: what a program may rely on, and not a key more."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tfinfra.documents.published import schema
from tfinfra.model.shapes import is_time

_FORMATS = FormatChecker(["date"])
_FORMATS.checks("date-time")(lambda text: not isinstance(text, str) or is_time(text))


def faults(document: Any) -> list[str]:
    """What of the document is not as its schema says, each with its place."""
    name = document.get("document") if isinstance(document, dict) else None
    if not isinstance(name, str):
        return [f"no document: {str(document)[:200]}"]
    found = validator(name).iter_errors(document)
    own = [f"{name}{error.json_path.removeprefix('$')}: {error.message[:300]}" for error in found]
    return [*own, *(fault for outcome in document.get("manifests", ()) for fault in faults(_within(outcome)))]


def _within(outcome: dict[str, Any]) -> dict[str, Any]:
    """The document that the outcome of a manifest holds."""
    beside = ("manifest",) if outcome["document"] == "error" else ("manifest", "exit_code")
    return {key: value for key, value in outcome.items() if key not in beside}


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(closed(schema(name)), format_checker=_FORMATS)


def closed(part: Any) -> Any:
    """The schema with no keys allowed but those that it lists."""
    if isinstance(part, list):
        return [closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    inner = {key: closed(value) for key, value in part.items()}
    return {"additionalProperties": False, **inner} if isinstance(part.get("properties"), dict) else inner
