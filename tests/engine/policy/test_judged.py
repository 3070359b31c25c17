"""Policy packs on the real engine: both stacks previewed, without credentials and without a cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.policy import packs
from tests.engine.policy.packs import resource_policy, stack_policy, write_pack
from tests.stacks.plans import FLEXIBLE
from tests.stacks.recording import RUN, config, write
from tfinfra.clouds import paper_cloud
from tfinfra.engine.client import EngineProcess
from tfinfra.engine.policy.made_ready import made_ready
from tfinfra.engine.policy.preview import PackFailure, Preview
from tfinfra.model import Target
from tfinfra.system.progress import say_nothing

pytestmark = pytest.mark.engine

TARGET = Target("inline", "azure", "eastus", "Standard_D8s_v5", 128)
RULES = {
    "a mandatory policy": (packs.NO_PUBLIC_ADDRESS, resource_policy("no_public_address", "MANDATORY")),
    "an advisory policy": (packs.TAGGED, resource_policy("tagged", "ADVISORY")),
    "a policy that is kept": (packs.SIZES, resource_policy("sizes", "MANDATORY")),
    "a policy that is switched off": (
        "",
        resource_policy("no_public_address", "DISABLED").replace("no_", "off_", 1),
    ),
    "a policy on what only ARM knows": (packs.BEHIND_A_GATEWAY, resource_policy("gateway", "MANDATORY")),
    "a policy on the stack": (packs.COUNTED, stack_policy("counted", "ADVISORY")),
    "a policy that would rewrite": (packs.REWRITES, resource_policy("rewrites", "REMEDIATE", "remediate")),
}
CRASHING = f"{packs.HEAD}{packs.CRASHES}\nPolicyPack('house', [{resource_policy('crashes', 'ADVISORY')}])\n"


def _previews(tmp_path: Path, folders: list[Path], parts: tuple[str, ...]) -> list[Preview]:
    engine = EngineProcess()
    try:
        with made_ready(folders, say_nothing) as staged:
            deploy = write(FLEXIBLE, tmp_path / "deploy")
            engine.open(paper_cloud(TARGET), deploy, RUN, tmp_path / "state", say_nothing, packs=staged)
            return [engine.preview(part, config(part)) for part in parts]
    finally:
        engine.close()


def test_every_kind_of_policy_says_what_it_has_to_say(tmp_path: Path) -> None:
    """One preview for all kinds: each costs seconds."""
    functions, policies = zip(*RULES.values(), strict=True)
    house = write_pack(tmp_path / "house", "print('loading')\n" + "".join(functions), policies)
    keep, compute = _previews(tmp_path, [house], ("keep", "compute"))
    assert not keep.failures + compute.failures
    assert {(v.policy, v.level, v.name) for v in compute.violations} == {
        ("no_public_address", "mandatory", "nat-address"),
        ("tagged", "advisory", "scale-set"),
        ("gateway", "mandatory", "vnet"),
        ("counted", "advisory", ""),
    }
    assert {(v.policy, v.level, v.name) for v in keep.violations} == {
        ("counted", "advisory", ""),
        ("rewrites", "remediate", "blobs"),
        ("rewrites", "remediate", "files"),
    }
    assert {v.message for v in keep.violations if v.policy == "counted"} == {"rule counted: 4 role assignments"}
    assert {resource.name for resource in keep.resources} >= {"group", "blobs", "workflow"}
    assert keep.outputs["identityId"].endswith(f"/{RUN}-nodes")
    assert not list(house.rglob("__pycache__"))


def test_a_policy_that_crashes_is_told_with_its_own_line_and_passes_nothing(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "house", text=CRASHING)
    (preview,) = _previews(tmp_path, [folder], ("compute",))
    (failure,) = preview.failures
    assert failure == PackFailure(str(folder), "ZeroDivisionError: division by zero", str(folder / "__main__.py"), 5)
