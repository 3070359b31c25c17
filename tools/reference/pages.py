"""All pages of docs/reference/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.reference.codes import codes_page
from tools.reference.documents import json_page
from tools.reference.python_face import python_page
from tools.reference.words import (
    exit_codes_page,
    guardrails_page,
    manifest_page,
    targets_page,
    variables_page,
    verbs_page,
)

FOLDER = Path(__file__).resolve().parents[2] / "docs/reference"
_PAGES: dict[str, Callable[[], str]] = {
    "manifest.md": manifest_page,
    "targets.md": targets_page,
    "guardrails.md": guardrails_page,
    "verbs.md": verbs_page,
    "codes.md": codes_page,
    "exit-codes.md": exit_codes_page,
    "variables.md": variables_page,
    "python.md": python_page,
    "json.md": json_page,
}


def pages() -> dict[str, str]:
    """{file: its text}"""
    return {name: made() for name, made in _PAGES.items()}
