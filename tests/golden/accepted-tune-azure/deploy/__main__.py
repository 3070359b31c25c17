"""The infrastructure of the training runs of 'digits-tune': 4 × Standard_D8s_v5 in eastus.

One program, two stacks, each a resource group that dies as one:
    <run>-keep      the object store, the nodes' identity, the timer
    <run>-compute   the network and the nodes: all that is billed by the hour

README.md says how to run it by hand, and stacks/settings.py what its configuration (namespace tfinfra) may be.
plan.json says what is built, the components in stacks/ say how. Written by `tfinfra compile`.
"""

from pathlib import Path

import pulumi

from stacks.bundle import pushed
from stacks.custom_data import custom_data
from stacks.group import resource_group
from stacks.identity import Deletion, DeletionArgs, NodeIdentity, NodeIdentityArgs
from stacks.network import Network, NetworkArgs
from stacks.plan import read_plans
from stacks.scale_set import ScaleSet, ScaleSetArgs
from stacks.settings import read_settings, run_of
from stacks.storage import Storage, StorageArgs
from stacks.timer import Timer, TimerArgs

folder = Path(__file__).parent
plans = read_plans(folder / "plan.json")
settings = read_settings(pulumi.get_stack(), pulumi.Config("tfinfra").get, len(plans))
plan = plans[settings.choice]
run = run_of(settings, plan)


def keep() -> None:
    """What outlives the nodes, until the outputs are fetched."""
    group = resource_group(run)
    store = Storage("storage", StorageArgs(run, group))
    identity = NodeIdentity("identity", NodeIdentityArgs(run, group, store))
    timer = Timer("timer", TimerArgs(run, group, plan.choices)) if run.may_delete else None
    pulumi.export("store", store.location)
    pulumi.export("requests", store.requests)
    pulumi.export("shared", None)
    pulumi.export("identityId", identity.id)
    pulumi.export("identityClientId", identity.client_id)
    pulumi.export("timerIdentityId", timer and timer.identity_id)


def compute() -> None:
    """The nodes and their network."""
    nodes = pushed(settings)
    group = resource_group(run)
    deleters = {"nodes": nodes.identity_id, "timer": nodes.timer_identity_id}
    may_end = Deletion("deletion", DeletionArgs(run, group, deleters))
    network = Network("network", NetworkArgs(run, group, plan))
    cloud_init = (folder / "cloud-init.yaml").read_text("utf-8")
    user_data = custom_data(cloud_init, nodes.node_settings)
    after = [may_end]
    ScaleSet("nodes", ScaleSetArgs(run, group, plan, network, nodes.identity_id, user_data, after))


keep() if settings.part == "keep" else compute()
