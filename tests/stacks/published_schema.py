"""`python -m tests.stacks.published_schema FILE`: what Azure's published schema of workflow definitions, in FILE, says
against the timer. It has no licence, so it is not shipped; anybody can fetch it from the address in stacks/timer.py.

The schema is older than authentication by a managed identity, and says so of nothing else: where an object of that kind
stands, this check puts an expression, which the schema takes in its place.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for

from stacks.timer import definition
from tests.stacks.recording import IDENTITY

GROUPS = {"compute": "tfinfra-r-compute", "compute_1": "tfinfra-r-compute-1", "keep": "tfinfra-r-keep"}
LATEST = dict.fromkeys(GROUPS, "2126-11-30T10:00:00Z")


def wrong(schema: Any) -> list[str]:
    """What `schema` says against the definition, each with its place."""
    kind = validator_for(schema)
    errors = kind(schema).iter_errors(_with_expressions(definition(GROUPS, IDENTITY, LATEST)))
    return [f"{error.json_path}: {error.message}" for error in errors]


def _with_expressions(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_expressions(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "ManagedServiceIdentity":
        return "@parameters('authentication')"
    return {name: _with_expressions(value) for name, value in node.items()}


if __name__ == "__main__":
    found = wrong(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print("\n".join(found) or "the schema takes the timer's definition")
    sys.exit(1 if found else 0)
