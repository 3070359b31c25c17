"""Scale sets for tests: a customData of tfinfra's shape, and a wait."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

from tfinfra.localcloud.machines.interface import InstanceSpec, Mount, ScaleSetSpec

_MERGE = [{"name": "list", "settings": ["append"]}, {"name": "dict", "settings": ["no_replace", "recurse_list"]}]


BOOTSTRAP = "/var/lib/cloud/scripts/per-boot/tfinfra.py"


def custom_data(script: str, settings: dict[str, Any] | None = None, once: str = "") -> bytes:
    """A multipart as the stacks make it: `script` in the bootstrap's place, `settings` in the second part. `once` is a
    shell line for the first boot alone."""
    content = f"#!/usr/bin/env python3\n{script}"
    first: dict[str, Any] = {
        "locale": "C.UTF-8",
        "write_files": [{"path": BOOTSTRAP, "permissions": "0755", "content": content}],
        **({"runcmd": [once]} if once else {}),
    }
    file = {"path": "/etc/tfinfra/settings.json", "permissions": "0600", "content": json.dumps(settings or {})}
    second = {"write_files": [file], "merge_how": _MERGE}
    message = MIMEMultipart()
    for part in (first, second):
        message.attach(MIMEText("#cloud-config\n" + json.dumps(part), "cloud-config"))
    return message.as_bytes()


def scale_set(
    folder: Path,
    script: str,
    count: int = 2,
    *,
    once: str = "",
    set_id: str = "set",
    mounts: tuple[Mount, ...] = (),
    metadata_url: str = "http://127.0.0.1:9",
    arm_socket: Path = Path("/nonexistent"),
) -> ScaleSetSpec:
    """`count` machines that run `script` at every boot, and `once` at the first; `folder` is theirs."""
    instances = tuple(
        InstanceSpec(f"vm_{i}", f"{set_id}-vm-{i}", f"node{i}", custom_data(script, once=once), {}, metadata_url)
        for i in range(count)
    )
    return ScaleSetSpec(set_id, folder, "10.77.0.0/24", mounts, instances, 8443, arm_socket)


def wait_for(condition: Callable[[], Any], limit: float = 10.0) -> Any:
    """What `condition` returns once that is true. Raises AssertionError after `limit` seconds."""
    until = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
    return value


def read_told(folder: Path, index: int = 0, limit: float = 10.0) -> dict[str, Any]:
    """What a namespace machine's script has put into /opt/told.json, in one step."""
    path = folder / f"vm_{index}" / "upper" / "opt" / "told.json"
    wait_for(path.exists, limit)
    return dict(json.loads(path.read_text()))
