"""Answers of Azure's that others recorded and published (tests/azure/data, NOTICE): ids are zeros, groups are GROUP."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "recorded.json"


@cache
def _all() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(_FILE.read_text("utf-8"))
    return found


def names() -> frozenset[str]:
    return frozenset(_all())


def body(name: str) -> dict[str, Any]:
    found: dict[str, Any] = _all()[name]["body"]
    return found


def status(name: str) -> int:
    return int(_all()[name]["status"])


def by_the_provider(name: str) -> str:
    """The recording as azure-native's text of it (client_azcore.go, newResponseError): its code is the body's, its
    message that of `error` or else the whole body."""
    recorded = _all()[name]
    document = recorded["body"]
    if recorded["status"] is None:
        return str(document["text"])
    error = document.get("error")
    code = (error if isinstance(error, dict) else document).get("code")
    message = error["message"] if isinstance(error, dict) and "message" in error else json.dumps(document)
    coded = f' Code="{code}"' if code else ""
    return f'Status={recorded["status"]}{coded} Message="{message}"'
