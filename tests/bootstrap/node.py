"""A node for tests of the bootstrap: its root, the run's store, and a bundle whose agent says how it was started."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from templates import bootstrap
from tests.machines.support import wait_for

SCRIPT = Path(bootstrap.__file__)
AGENT = """
import json, os, sys
with open(os.environ["SAY"] + ".half", "w") as out:
    json.dump({"argv": sys.argv[1:], "pid": os.getpid(), "sid": os.getsid(0), "home": os.environ["HOME"]}, out)
os.rename(os.environ["SAY"] + ".half", os.environ["SAY"])
"""


class Node:
    """A node's root and the run's store, with a bundle whose agent is `agent`."""

    def __init__(self, folder: Path, agent: str = AGENT) -> None:
        self.folder, self.root, self.store = folder, folder / "root", folder / "sto re"
        data = bundle(agent)
        (self.store / "bundle").mkdir(parents=True)
        (self.store / "bundle" / "b.tar.gz").write_bytes(data)
        self.settings: bootstrap.Settings = {
            "store": self.store.as_uri(),
            "shared": None,
            "bundle": "bundle/b.tar.gz",
            "bundle_sha256": hashlib.sha256(data).hexdigest(),
            "identity_client_id": "client",
            "arm_endpoint": "https://arm",
            "arm_audience": None,
            "arm_ca": None,
            "compute_group_id": "/subscriptions/s/resourceGroups/tfinfra-r-compute",
            "deadline": "2027-01-15T08:10:00Z",
            "latest": None,
            "timeouts": {"register": 5},
        }

    def write_settings(self, without: str = "") -> None:
        path = self.root / "etc/tfinfra/settings.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({name: value for name, value in self.settings.items() if name != without}))

    def boot(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the bootstrap in a process of its own, as cloud-init does. It is told no deadline: what stays behind to
        wait for one would outlive the test."""
        self.write_settings(without="deadline")
        variables = {"PATH": os.environ["PATH"], "TFINFRA_ROOT": str(self.root), "SAY": str(self.folder / "said")}
        variables["TFINFRA_METADATA_URL"] = "http://127.0.0.1:9"
        return subprocess.run(
            [sys.executable, str(SCRIPT)],
            env={**variables, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self) -> dict[str, Any]:
        """What the agent said of its start."""
        wait_for((self.folder / "said").exists)
        return dict(json.loads((self.folder / "said").read_text()))

    def stand_in(self, patch: pytest.MonkeyPatch) -> None:
        """Makes this process the node's: the bootstrap's files are below its root, and no pause is waited for."""
        for name in ("SETTINGS", "RUN", "LOG", "PID", "BEGUN"):
            patch.setattr(bootstrap, name, self.root / getattr(bootstrap, name).relative_to("/"))
        patch.setattr(bootstrap, "ROOT", self.root)
        patch.setattr(time, "sleep", lambda _seconds: None)


def bundle(agent: str) -> bytes:
    """A run's bundle, with nothing but `agent`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in {"agent/tfinfra/__init__.py": "", "agent/tfinfra/agent/__main__.py": agent}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
