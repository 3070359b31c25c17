"""checkov's Azure policies (bridgecrewio/checkov, Apache-2.0) over ARM bodies."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.locked_tools import locked_tools
from tfinfra.arm.requests import ResourceRequest

# What differs between scale sets and is no matter of policy: checkov takes a third of a second for each
_UNREAD = frozenset({"customData", "capacity", "name", "zones", "location", "imageReference", "diskSizeGB", "maxPrice"})
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True, order=True)
class Failed:
    """A check (its id) that a resource (its name in the program) does not pass."""

    check: str
    resource: str


def failed_checks(requests: Iterable[ResourceRequest], folder: Path) -> set[Failed]:
    """What checkov has against the bodies; `folder` is empty and takes the template that it reads."""
    named = _named(requests)
    resources = [
        {"type": r.arm_type, "apiVersion": r.api_version, "name": name, **_without(r.body, {"customData"})}
        for name, r in named.items()
    ]
    template = {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}
    (folder / "template.json").write_text(json.dumps(template))
    line = [str(locked_tools("checkov") / "checkov"), "--framework", "arm", "-d", str(folder), "-o", "json", "--quiet"]
    offline = {**os.environ, "BC_API_KEY": "", "LOG_LEVEL": "ERROR"}
    done = subprocess.run([*line, "--skip-download"], capture_output=True, text=True, check=False, env=offline)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 0
    found = report["results"]["failed_checks"]
    return {Failed(one["check_id"], named[one["resource"].rpartition(".")[2]].name) for one in found}


def _named(requests: Iterable[ResourceRequest]) -> dict[str, ResourceRequest]:
    """Each body once that a policy could tell from the others, by a name of its own that every type takes: checkov goes
    by names."""
    distinct: dict[str, ResourceRequest] = {}
    for request in requests:
        told = json.dumps([request.arm_type, _without(request.body, _UNREAD)], sort_keys=True)
        distinct.setdefault(told, request)
    return {f"{r.name.replace('-', '')}{number}": r for number, r in enumerate(distinct.values())}


def _without(body: dict[str, Any], names: Set[str]) -> dict[str, Any]:
    return {k: _without(v, names) if isinstance(v, dict) else v for k, v in body.items() if k not in names}
