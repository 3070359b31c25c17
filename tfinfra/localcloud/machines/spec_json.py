"""A ScaleSetSpec as JSON text: how the daemon hands it to the supervisor that it starts."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tfinfra.localcloud.machines.interface import Disk, InstanceSpec, Mount, ScaleSetSpec
from tfinfra.model import to_json


def spec_to_text(kind: str, spec: ScaleSetSpec) -> str:
    """`spec` and the kind of machine to boot it as."""
    return json.dumps({"kind": kind, "spec": _plain(to_json(spec))})


def spec_from_text(text: str) -> tuple[str, ScaleSetSpec]:
    """What `spec_to_text` was given. Raises KeyError where `text` is not from there."""
    content = json.loads(text)
    data: dict[str, Any] = content["spec"]
    mounts = tuple(Mount(Path(m["folder"]), m["read_only"]) for m in data["mounts"])
    instances = tuple(
        InstanceSpec(**{**i, "custom_data": base64.b64decode(i["custom_data"])}) for i in data["instances"]
    )
    paths = {name: Path(data[name]) for name in ("folder", "arm_socket", "image") if data[name] is not None}
    parts = {"mounts": mounts, "instances": instances, "doors": tuple(data["doors"])}
    return content["kind"], ScaleSetSpec(**{**data, **paths, **parts, "disk": data["disk"] and Disk(**data["disk"])})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value) if isinstance(value, Path) else value
