"""A training script may write to its run's store as it likes: what it puts there for records stops no run."""

from __future__ import annotations

import os

import pytest

from tests.e2e.conftest import Workspace, found_below, wait_until

pytestmark = pytest.mark.e2e
SCRIPT = """
import time
print("first line", flush=True)
time.sleep(4)
open("outputs/model.txt", "w").write("weights")
print("last line")
"""
EVIL = {
    "tasks/evil.json": b"[]",
    "tasks/deep.json": b"[" * 100_000,
    "heartbeats/evil.json": b'{"node_id": "evil", "sequence": "x"}',
    "boot/evil.json": b"7",
    "control/stop.json": b"null",
    "outcome.json": b'{"result": "succeeded"}',
    "collected.json": b"[1]",
}


def test_records_that_a_script_wrote_are_named_and_the_run_ends_well(best_workspace: Workspace) -> None:
    workspace = best_workspace
    process = workspace.start("up", str(workspace.manifest(SCRIPT)), "--machines", workspace.machines)
    (log,) = wait_until(
        lambda: found_below(workspace.state, "cloud/**/logs/main-0/00000000.log"), 120, "the first line"
    )
    store = log.parents[2]
    for key, content in EVIL.items():
        (store / key).parent.mkdir(exist_ok=True)
        (store / key).write_bytes(content)
    os.mkfifo(store / "tasks" / "fifo.json")
    (store / "heartbeats" / "link.json").symlink_to("/etc/passwd")
    (store / "tasks" / "root").symlink_to("/")
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    for key in EVIL.keys() - {"collected.json"}:  # that the nodes have replaced when the client asks for it
        assert f"warning: {key} is unreadable: " in out + said
    document = workspace.run_record()
    assert document["result"] == "succeeded"
    assert {odd.split()[0] for odd in document["unreadable"]} == {"tasks/evil.json", "tasks/deep.json"}
    assert (workspace.run_folder() / "outputs" / "model.txt").read_text() == "weights"
