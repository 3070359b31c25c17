"""The infrastructure of the training runs of 'digits': 1 × Standard_D8s_v5 in eastus.

One program, two stacks, each a resource group that dies as one:
    <run>-keep      the object store, the nodes' identity, the timer
    <run>-compute   the network and the nodes: all that is billed by the hour

Configuration (namespace tfinfra): run, group, owner and expiresAt (2026-11-23T10:00:00Z) of the stack; deadline, the
time at which the compute groups go at the latest; deleterRole, the GUID of the role that deletes groups, "none" without
one; principalType, the caller's kind (User); armEndpoint and storageSuffix where they are not Azure's public ones; the
compute stack also identityId and timerIdentityId (what the keep stack exports) and nodeSettings (the nodes'
/etc/tfinfra/settings.json).
plan.json says what is built, the components in stacks/ say how. Written by `tfinfra compile`.
"""

from pathlib import Path

import pulumi

from stacks.custom_data import custom_data
from stacks.group import resource_group
from stacks.identity import Deletion, NodeIdentity
from stacks.network import Network
from stacks.plan import read_plan
from stacks.run import read_run
from stacks.scale_set import ScaleSet
from stacks.storage import Storage
from stacks.timer import Timer

folder = Path(__file__).parent
config = pulumi.Config("tfinfra")
plan = read_plan(folder / "plan.json", config.get_int("choice") or 0)
run = read_run(plan, config)
group = resource_group(run)


def keep() -> None:
    """What outlives the nodes, until the outputs are fetched."""
    store = Storage(run, group)
    identity = NodeIdentity(run, group, store)
    timer = Timer(run, group, plan.choices) if run.may_delete else None
    pulumi.export("store", store.location)
    pulumi.export("shared", None)
    pulumi.export("identityId", identity.id)
    pulumi.export("identityClientId", identity.client_id)
    pulumi.export("timerIdentityId", timer and timer.identity_id)


def compute() -> None:
    """The nodes and their network."""
    identity_id = config.require("identityId")
    may_end = Deletion(run, group, {"nodes": identity_id, "timer": config.get("timerIdentityId")})
    network = Network(run, group, plan)
    cloud_init, settings = (folder / "cloud-init.yaml").read_text("utf-8"), config.require("nodeSettings")
    ScaleSet(
        run,
        group,
        plan,
        network,
        identity_id=identity_id,
        user_data=custom_data(cloud_init, settings),
        after=[may_end],
    )


keep() if pulumi.get_stack().endswith("-keep") else compute()
