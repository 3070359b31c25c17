"""The rendered customData boots a machine of either kind up to the agent of its bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from tests.bootstrap.node import bundle
from tests.machines.support import scale_set, wait_for
from tests.stacks.plans import plan
from tfinfra.compiler.deploy.render import render
from tfinfra.localcloud.machines.interface import Mount
from tfinfra.localcloud.machines.machine_kinds import machines, possible_kinds

_AGENT = """
import json, os, pathlib, socket, sys, time
settings = json.loads(pathlib.Path(sys.argv[sys.argv.index("--settings") + 1]).read_text())
store = pathlib.Path(settings["store"].removeprefix("file://"))
half = store / ("half-" + socket.gethostname())
half.write_text(json.dumps({"argv": sys.argv[1:], "home": os.environ["HOME"], "pid": os.getpid()}))
half.rename(store / socket.gethostname())
time.sleep(300)
"""
_REASONS = possible_kinds()
KINDS = [
    pytest.param(
        kind,
        marks=[
            *([pytest.mark.root] if kind == "namespace" else []),
            pytest.mark.skipif(reason is not None, reason=f"{kind} machines: {reason}"),
        ],
    )
    for kind, reason in _REASONS.items()
]


def _custom_data(settings: dict[str, object]) -> bytes:
    config = render(plan(), "")["cloud-init.yaml"]
    file = {"path": "/etc/tfinfra/settings.json", "permissions": "0600", "content": json.dumps(settings)}
    how = [{"name": "list", "settings": ["append"]}, {"name": "dict", "settings": ["no_replace", "recurse_list"]}]
    second = "#cloud-config\n" + json.dumps({"write_files": [file], "merge_how": how})
    message = MIMEMultipart()
    for text in (config, second):
        message.attach(MIMEText(text, "cloud-config"))
    return message.as_bytes()


def _bundle(store: Path) -> str:
    """Leaves a bundle in the store; returns its digest."""
    packed = bundle(_AGENT)
    (store / "b.tar.gz").write_bytes(packed)
    return hashlib.sha256(packed).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "store").mkdir()
    yield tmp_path / "store"
    machines("process").stop(tmp_path / "set")


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_boots_to_its_agent(kind: str, store: Path, tmp_path: Path) -> None:
    settings: dict[str, object] = {"store": store.as_uri(), "shared": None, "bundle": "b.tar.gz"}
    data = _custom_data({**settings, "bundle_sha256": _bundle(store), "timeouts": {"register": 5}})
    spec = scale_set(tmp_path / "set", "", 2, set_id=tmp_path.name, mounts=(Mount(store, False),))
    spec = replace(spec, instances=tuple(replace(i, custom_data=data) for i in spec.instances))
    machines(kind).start(spec)
    wait_for((store / "node0").exists)
    wait_for((store / "node1").exists)
    said = json.loads((store / "node0").read_text())
    root = "/" if kind == "namespace" else str(spec.folder / "vm_0" / "root")
    assert said["argv"][-2:] == ["--root", root]
    assert said["home"] == str(Path(root) / "root")
    assert [s.running for s in machines(kind).states(spec.folder)] == [True, True]
