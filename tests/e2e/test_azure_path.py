"""A whole run with `cloud: azure`, by the command as a user types it: the caller found by DefaultAzureCredential, the
provider installed from a mirror and found by the engine, preflight, timer, machines booted by their customData, blobs
over HTTPS, the training environment found on the machine's image, the outputs home, everything deleted.

Only Azure's side is played. The image brings the environment because nodes of this machine may have no way to where uv
finds its Python: it has the packages of the lock for Azure, on this machine's interpreter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tests.e2e.conftest import Workspace
from tests.store.azurite import needs_node
from tfinfra.arm.azure_native import BINARY
from tfinfra.catalog.images import AZURE_NODES
from tfinfra.environment.build_environment import ensure_environment
from tfinfra.environment.lock import make_lock
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.localcloud.azurite.install_azurite import ensure_azurite
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.machine.setup import default_requirements
from tfinfra.system.paths import cache_folder

NOT_AS_AZURE = "the nodes of Azure are x86-64 Linux: a machine of another kind has no environment with their packages"
pytestmark = [pytest.mark.e2e, needs_node, pytest.mark.skipif(this_platform() != "linux-x86_64", reason=NOT_AS_AZURE)]
SCRIPT = """
import tensorflow as tf
model = tf.keras.Sequential([tf.keras.layers.Input((1,)), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
steps = tf.constant([[0.0], [1.0], [2.0]])
history = model.fit(steps, 2 * steps, epochs=20, verbose=0).history["loss"]
assert history[-1] < history[0]
model.save_weights("outputs/model.weights.h5")
print("loss", history[-1])
"""
TARGET = {
    "cloud": "azure",
    "subscription_id": SUBSCRIPTION,
    "location": "eastus",
    "vm_size": "Standard_D2s_v5",
}
LIMITS = {"max_run_duration": "1h", "max_cost_usd": 2, "keep_outputs": "1h"}


def pinned(lock: Lock) -> list[str]:
    """name==version of each package."""
    return [line.split()[0] for line in lock.packages.splitlines() if "==" in line]


def image(folder: Path) -> Path:
    """The files of an image that has the environment of a plain manifest ready, where a node would build it."""
    wanted, _ = default_requirements()
    here, there = (make_lock(wanted, platform, cache_folder()) for platform in ("", AZURE_NODES))
    # A cache may hold a lock that an earlier tfinfra made, which names more files of a package
    assert pinned(here) == pinned(there)
    environments = folder / "var/lib/tfinfra/cache/environments"
    environments.mkdir(parents=True)
    (environments / there.key).symlink_to(ensure_environment(here, cache_folder()))
    return folder


@pytest.fixture
def azure(process_workspace: Workspace, tmp_path: Path) -> Iterator[Rehearsed]:
    program = ensure_azurite(cache_folder(), print)
    hints = {
        "machines": "process",
        "blobs": "azurite",
        "azurite": str(program),
        "image": str(image(tmp_path / "image")),
    }
    with rehearsed(process_workspace.state / "cloud", tmp_path, hints) as made:
        yield made


def test_a_run_goes_the_whole_way_to_azure_and_back(process_workspace: Workspace, azure: Rehearsed) -> None:
    home = process_workspace
    manifest = home.manifest(SCRIPT, compute_target=TARGET, limits=LIMITS)
    process = home.start("up", str(manifest), environment=azure.variables)
    _, told = process.communicate(timeout=280)
    assert process.returncode == 0, told
    assert "on the azure cloud" in told
    record = home.run_record()
    assert (record["result"], record["phase"]) == ("succeeded", "deleted")
    assert (home.run_folder() / "outputs/model.weights.h5").stat().st_size > 0
    assert (home.run_folder() / "tasks/main-0.log").read_text().startswith("loss ")
    assert azure.groups == set()
    (log,) = home.state.glob("runs/*/events.jsonl")
    events = {event["event"]: event for event in map(json.loads, log.read_text().splitlines())}
    assert events["timer"]["armed"]
    assert events["preflight.end"]["seconds"] > 0
    installed = Path(azure.variables["TFINFRA_CACHE_DIR"]) / "pulumi/plugins/resource-azure-native-v3.29.0"
    assert (installed / BINARY).is_file()
