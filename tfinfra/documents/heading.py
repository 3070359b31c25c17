"""The first two keys of every document: which one it is, and in which version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VERSIONS: dict[str, int] = {
    "init": 1,
    "convert": 1,
    "validate": 1,
    "compile": 1,
    "plan": 1,
    "lock": 1,
    "check": 1,
    "manifests": 1,
    "explain": 1,
    "explain-list": 1,
    "explain-word": 1,
    "schema-list": 1,
    "catalog-sizes": 1,
    "catalog-refresh": 1,
    "run": 2,
    "status": 2,
    "logs": 2,
    "metrics": 1,
    "report": 1,
    "tensorboard": 1,
    "ui": 1,
    "runs": 2,
    "trials": 1,
    "wait": 1,
    "exec": 1,
    "extend": 1,
    "push": 1,
    "audit": 1,
    "down": 1,
    "down-expired": 1,
    "setup": 1,
    "setup-azure": 1,
    "doctor": 1,
    "doctor-target": 1,
    "doctor-role": 1,
    "report-bundle": 1,
    "completion": 1,
    "error": 1,
}
"""{document: its version}. docs/json.md says what makes a version a new one."""


def headed(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The document `name` of what `body` holds. A heading that is there already, of a document that was read, gives way
    to this one."""
    heading = {"document": name, "version": VERSIONS[name]}
    return {**heading, **body, **heading}
