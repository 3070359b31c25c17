"""Runs that the release before began, detached, on this machine: this version lists, shows, fetches and ends them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zipfile import ZipFile

import pytest

from tests.e2e.conftest import Workspace, found_below, wait_until

pytestmark = pytest.mark.e2e
WHEEL = Path(__file__).parent / "data" / "tfinfra-0.1.0-py3-none-any.whl"
SCRIPT = """
import time
for step in range({steps}):
    print("step", step, flush=True)
    time.sleep(1)
open("outputs/model.txt", "w").write("weights")
"""


@dataclass(frozen=True)
class Before(Workspace):
    """A workspace as the release before sees it, which lies unpacked in `site`."""

    has_schemas: ClassVar[bool] = False

    site: Path = field(kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PYTHONPATH": str(self.site)}

    def begin(self, steps: int, **keys: Any) -> str:
        """A detached run that trains for `steps` seconds. Its id."""
        done = self.up(self.manifest(SCRIPT.format(steps=steps), **keys), "--detach", "--json")
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["run"])


@pytest.fixture
def before(process_workspace: Workspace, tmp_path: Path) -> Before:
    site = tmp_path / "site"
    ZipFile(WHEEL).extractall(site)
    now = process_workspace
    return Before(now.folder, now.state, now.machines, now.started, site=site)


def state_of(workspace: Workspace, run: str) -> str:
    rows = json.loads(workspace.tfinfra("runs", "--json").stdout)["runs"]
    (row,) = (row for row in rows if row["run"] == run)
    return str(row["state"])


def test_it_is_the_release_before_that_begins(before: Before) -> None:
    """Else the other tests would show nothing: the checkout's own code must not come first."""
    code = "import tfinfra, tfinfra.lifecycle.up as up; print(tfinfra.__file__, up.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=before.folder,
        env=before.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [Path(path).relative_to(before.site).as_posix() for path in done.stdout.split()] == [
        "tfinfra/__init__.py",
        "tfinfra/lifecycle/up.py",
    ]


def test_a_run_that_ended_is_listed_shown_and_fetched(before: Before, process_workspace: Workspace) -> None:
    now = process_workspace
    run = before.begin(3, node_count=2, worker_count=2, parameter_server_count=1, distributed_backend="ps")
    assert state_of(now, run) in ("training", "ended")
    wait_until(lambda: found_below(now.state / "cloud", "**/collected.json"), 120, "the outputs to be collected")
    status = json.loads(now.tfinfra("status", run, "--json").stdout)
    assert (status["result"], len(status["tasks"])) == ("succeeded", 3)
    assert [line for line in now.tfinfra("logs", run).stdout.splitlines() if "step 2" in line]
    fetched = now.tfinfra("fetch", run)
    assert fetched.returncode == 0, fetched.stderr
    assert [path.read_text() for path in (now.run_folder() / "outputs").rglob("model.txt")]
    assert now.run_record()["phase"] == "deleted"
    assert state_of(now, run) == "deleted"


def test_a_run_that_trains_is_ended(before: Before, process_workspace: Workspace) -> None:
    run, now = before.begin(300), process_workspace
    wait_until(lambda: "step 1" in now.tfinfra("logs", run).stdout, 60, "the training to begin")
    ended = now.tfinfra("down", run)
    assert ended.returncode == 0, ended.stderr
    assert state_of(now, run) == "deleted"
    assert not list((now.state / "cloud" / "groups").iterdir())
