"""A real run whose store is azurite instead of files: over HTTPS, with tokens, and stopped in the run's middle."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Workspace, processes_of, shows
from tests.store.azurite import needs_node

pytestmark = [pytest.mark.e2e, needs_node]
SCRIPT = """
import json, os, time
print("first line", flush=True)
time.sleep(10)
task = json.loads(os.environ["TF_CONFIG"])["task"]
open(f"outputs/model-{task['index']}", "wb").write(b"w" * 5_000_000)
print("last line", flush=True)
if task["type"] == "ps":
    time.sleep(600)
"""
PS: dict[str, Any] = {"node_count": 2, "distributed_backend": "ps", "worker_count": 2, "parameter_server_count": 1}


def test_a_run_keeps_its_store_in_azurite_which_is_stopped_in_its_middle(workspace: Workspace) -> None:
    manifest = workspace.manifest(SCRIPT, **PS)
    options = ("--machines", workspace.machines, "--local-store", "azurite")
    process = workspace.start("up", str(manifest), *options)

    assert process.stdout is not None
    assert "worker-0 | first line\n" in iter(process.stdout.readline, "")  # worker-0's
    (azurite,) = [p for p in processes_of(workspace.state) if shows(p, "azurite/dist")]
    azurite.terminate()  # what it had answered is on its disk; the daemon starts it again
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    record = workspace.run_record()
    assert record["result"] == "succeeded"
    sizes = {p.name: p.stat().st_size for p in (workspace.run_folder() / "outputs").iterdir()}
    assert sizes == {"model-0": 5_000_000, "model-1": 5_000_000}
    log = (workspace.run_folder() / "tasks" / "worker-0.log").read_text()
    assert "first line\n" in log
    assert "last line\n" in log
    assert not list(workspace.state.glob("cloud/**/heartbeats"))  # none of it were files
