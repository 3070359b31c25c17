"""The previews of both stacks: the whole program on the real engine, with a provider that asks nobody."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.clouds import paper_cloud
from tfinfra.compiler.pipeline import Compiled
from tfinfra.engine.client import EngineProcess
from tfinfra.engine.policy.preview import Preview
from tfinfra.lifecycle.provision import stack_config
from tfinfra.lifecycle.provision.first_record import first_record
from tfinfra.lifecycle.record import names
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.model import Access
from tfinfra.system.clock import right_now
from tfinfra.system.process.inherited_variables import package_environment
from tfinfra.system.progress import say_nothing

_NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class StackPreview:
    """`part` is "keep" or "compute", `choice` the number of the plan's choice that this compute stack tries."""

    part: str
    choice: int
    preview: Preview


def preview_engine(*, records: bool = False) -> EngineProcess:
    """An engine for previews, to be closed; `records` as its own. It has none of the caller's credentials, and not the
    caller's Pulumi backend: a preview leaves nothing anywhere."""
    return EngineProcess(records=records, environ=package_environment(os.environ))


def preview_stacks(
    compiled: Compiled, deploy: Path, engine: EngineProcess, *, packs: Path | None = None
) -> tuple[StackPreview, ...]:
    """What each stack of the deploy folder would make: keep, and compute by the plan's first choice; with `packs`, the
    folder of staged policy packs, by each of its choices. Raises ProvisioningError."""
    plan, target = compiled.plan, compiled.spec.target
    cloud, prerequisites = paper_cloud(target), as_named(plan.infrastructure.access)
    with TemporaryDirectory(prefix="tfinfra-") as state:
        options = UpOptions(deploy, own_state=Path(state))
        record = first_record(plan, target, options, cloud, right_now())
        engine.open(cloud, deploy, record.run, Path(state), say_nothing, packs=packs)
        keep = engine.preview("keep", stack_config.stack_config(record, "keep", prerequisites, cloud))
        found = [StackPreview("keep", 0, keep)]
        if keep.failures:  # a preview that a pack has cut short has no outputs, perhaps
            return tuple(found)
        for choice in range(1 + len(plan.alternatives) if packs else 1):
            part = names.compute_part(choice)
            tried = replace(record, compute_group=names.group_name(record.run, part))
            config = stack_config.config_without_bundle(tried, keep.outputs, prerequisites, cloud)
            found.append(StackPreview("compute", choice, engine.preview(part, config)))
        return tuple(found)


def as_named(access: Access) -> Prerequisites:
    """What others made, taken for what the target calls it: nobody is asked."""
    client = _NOBODY if access.identity_id else None
    return Prerequisites(may_delete=True, identity_client_id=client, store_url=access.store)
