"""A run that outlives the job that began it: a job of a CI system, without a secret and with tokens that live for
seconds, begins it and is gone; a later one, which has nothing of it, waits for its end and brings it home."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tests.e2e.conftest import Workspace
from tests.e2e.test_azure_path import LIMITS, NOT_AS_AZURE, TARGET, image
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.metadata.ci_endpoint import CiEndpoint

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(this_platform() != "linux-x86_64", reason=NOT_AS_AZURE)]
SECONDS = 6
SCRIPT = """
import time
for step in range(20):
    print("step", step, flush=True)
    time.sleep(1)
open("outputs/model.txt", "w").write("weights")
raise SystemExit(3)
"""


@dataclass(frozen=True)
class Job(Workspace):
    """A machine of a CI system's, with an empty disk."""

    variables: Mapping[str, str] = field(kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in super().environment.items() if not name.startswith("AZURE_")}
        return {**own, **self.variables}


@pytest.fixture
def azure(process_workspace: Workspace, tmp_path: Path) -> Iterator[Rehearsed]:
    hints = {"machines": "process", "image": str(image(tmp_path / "image"))}
    with rehearsed(process_workspace.state / "cloud", tmp_path, hints) as made:
        yield made


def test_a_later_job_waits_for_a_run_and_ends_as_it_did(
    process_workspace: Workspace, azure: Rehearsed, tmp_path: Path
) -> None:
    assert call(azure.endpoint, "PUT", "directory", {"token_seconds": SECONDS})[0] == 200
    with CiEndpoint(Layout(process_workspace.state / "cloud"), SECONDS) as ci:
        own = {name: value for name, value in azure.variables.items() if not name.startswith("IDENTITY_")}
        jobs = [_job(tmp_path / name, {**own, **ci.github}) for name in ("first", "second")]
        begun = jobs[0].tfinfra("up", str(jobs[0].manifest(SCRIPT, compute_target=TARGET, limits=LIMITS)), "--detach")
        assert begun.returncode == 0, begun.stderr
        assert ci.given > 3  # it has outlived several of its tokens, and so has Pulumi's provider
        short = jobs[1].tfinfra("wait", "trial", "--timeout", "1s", "--json")
        assert short.returncode == 12, short.stderr
        assert json.loads(short.stdout)["state"] == "training"
        waited = jobs[1].tfinfra("wait", "trial", "--json")
        assert waited.returncode == 7, waited.stderr
        document = json.loads(waited.stdout)
        assert (document["result"], document["exit_code"]) == ("failed", 7)
        assert "main-0 on node 0 ended with exit status 3" in document["message"]
        fetched = jobs[1].tfinfra("fetch", "trial")
        assert fetched.returncode == 0, fetched.stderr
    assert (jobs[1].run_folder() / "outputs/model.txt").read_text() == "weights"
    assert jobs[1].run_record()["phase"] == "deleted"
    assert azure.groups == set()


def _job(folder: Path, variables: Mapping[str, str]) -> Job:
    (folder / "work").mkdir(parents=True)
    return Job(folder / "work", folder / "state", "process", variables=variables)
