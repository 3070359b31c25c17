"""What the training environment of a run is made of, on the cloud that it goes to."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.cloud import Cloud
from tfinfra.errors import NotFeasible
from tfinfra.model import Plan, Requirements
from tfinfra.system.progress import Progress


def requirements_on(cloud: Cloud, plan: Plan, *, rehearse: bool, tell: Progress) -> Requirements:
    """The plan's requirements; in a rehearsal on a machine without a GPU with TensorFlow's CPU build, which `tell`
    hears. Raises NotFeasible where the run is meant for a GPU of this machine, and there is none."""
    from tfinfra.compiler.load import machine_gpus

    wanted = plan.requirements
    if not plan.use_gpu or cloud.environment_cache is None or machine_gpus() > 0:
        return wanted
    if not rehearse:
        raise NotFeasible("use_gpu is true, but this machine has no GPU")
    tell("this machine has no GPU: the nodes will report none and take TensorFlow's CPU build")
    return replace(wanted, gpu=False)
