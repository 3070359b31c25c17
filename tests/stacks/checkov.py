"""checkov's Azure policies (bridgecrewio/checkov, Apache-2.0) over ARM bodies, in an environment of its own: its
hundred packages are no dependency of tfinfra. requirements/checkov.lock pins them; uv installs them once per lock."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from tfinfra.arm.requests import ResourceRequest
from tfinfra.system.paths import cache_folder

_LOCK = Path(__file__).resolve().parents[2] / "requirements/checkov.lock"
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
    line = [str(_environment() / "bin/checkov"), "--framework", "arm", "-d", str(folder), "-o", "json", "--quiet"]
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


def _environment() -> Path:
    """The folder of checkov's own environment."""
    key = hashlib.sha256(_LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"checkov-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
            install = ["pip", "install", "-q", "--require-hashes", "-r", str(_LOCK)]
            subprocess.run([*uv, *install, "--python", str(folder / "bin/python")], check=True)
            (folder / "whole").touch()
    return folder
