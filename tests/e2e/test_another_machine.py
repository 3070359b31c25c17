"""A run that one machine begins and another one ends, with no state and no record there: ARM and the run's store are
all that the two share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace, wait_until
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, Layout

pytestmark = pytest.mark.e2e
SCRIPT = """
import time
for step in range(6):
    print("step", step, flush=True)
    time.sleep(1)
open("outputs/model.txt", "w").write("weights")
"""
# The second machine knows the cloud by its endpoint, as it would know Azure.
OWN = ("phases", "usual_seconds", "results", "state", "cloud")


@dataclass(frozen=True)
class Elsewhere(Workspace):
    """A machine that reaches another's cloud as it would reach Azure: by endpoint, CA and token."""

    cloud: Layout = field(kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        port = json.loads(self.cloud.endpoint.read_text())["port"]
        return {
            **super().environment,
            "TFINFRA_ARM_ENDPOINT": f"https://127.0.0.1:{port}",
            "TFINFRA_ARM_CA": str(self.cloud.ca),
            "TFINFRA_ARM_PACE": "0.05",
            "TFINFRA_ARM_TOKEN_FILE": str(self.cloud.token),
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        }


def test_status_logs_and_fetch_need_no_state(process_workspace: Workspace, tmp_path: Path) -> None:
    home = process_workspace
    folder = tmp_path / "second"
    folder.mkdir()
    second = Elsewhere(folder, tmp_path / "no-state", "process", cloud=Layout(home.state / "cloud"))
    begun = home.up(home.manifest(SCRIPT), "--detach")
    assert begun.returncode == 0, begun.stderr
    (run,) = (path.name for path in (home.state / "runs").iterdir())

    audits = [w.tfinfra("audit", "--live", run, "--json") for w in (home, second)]
    assert [(a.returncode, json.loads(a.stdout)["verdict"]) for a in audits] == [(0, "ok"), (0, "unverifiable")]
    followed = second.tfinfra("logs", "-f", "trial", "--cloud", "azure")
    assert followed.returncode == 0, followed.stderr
    assert followed.stdout.splitlines() == [f"main-0 | step {step}" for step in range(6)]
    assert home.tfinfra("logs", run).stdout == followed.stdout
    wait_until(lambda: json.loads(home.tfinfra("status", run, "--json").stdout)["result"], 20, "the outcome")
    documents = [json.loads(w.tfinfra("status", run, "--json").stdout) for w in (home, second)]
    told = [{key: value for key, value in document.items() if key not in OWN} for document in documents]
    assert told[0] == told[1]
    assert told[1]["result"] == "succeeded"

    fetched = second.tfinfra("fetch", "trial")
    assert fetched.returncode == 0, fetched.stderr
    assert (second.run_folder() / "outputs" / "model.txt").read_text() == "weights"
    assert second.run_record()["phase"] == "deleted"
    assert not second.state.exists()
    assert json.loads(home.tfinfra("status", run, "--json").stdout)["state"]["state"] == "deleted"
    assert home.tfinfra("down", run).returncode == 0  # puts its own record and Pulumi's state right
