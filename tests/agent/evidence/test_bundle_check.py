"""Whoever changes a file of the unpacked bundle is found: the agent's, the plan, the source's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.evidence.support import FILES, put_bundle
from tests.agent.test_own_faults import context_of
from tfinfra.agent.evidence.bundle_check import check_bundle
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.model import NodeCheck
from tfinfra.store import MemoryStore


def node_with(root: Path, store: MemoryStore, setup_script: str | None = None) -> AgentContext:
    context = context_of(root, store)
    context.paths.make()
    digest = put_bundle(store, context.paths.bundle)
    settings = replace(context.settings, bundle_sha256=digest)
    return replace(context, settings=settings, plan=replace(context.plan, setup_script=setup_script))


def test_an_unpacked_bundle_is_its_archive(tmp_path: Path) -> None:
    context = node_with(tmp_path, MemoryStore())
    for folder in ("agent/tfinfra/agent", "site/obstore"):  # the agent's own, and a package of its
        cached = context.paths.bundle / folder / "__pycache__/run.cpython-312.pyc"
        cached.parent.mkdir(parents=True)
        cached.write_bytes(b"bytecode")
    assert check_bundle(context) == NodeCheck("bundle", "verified")
    assert not list(context.paths.state.glob("bundle*"))


def _link_elsewhere(folder: Path) -> None:
    (folder / "source/data").unlink()
    (folder / "source/data").symlink_to("/etc")


def _plant(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"bytecode")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the agent": (
        lambda folder: (folder / "agent/tfinfra/agent/run.py").write_bytes(b"Run()\n"),
        "agent/tfinfra/agent/run.py: holds other bytes",
    ),
    "a module beside the agent": (
        lambda folder: (folder / "agent/sitecustomize.py").write_bytes(b"import os\n"),
        "agent/sitecustomize.py is not in the archive",
    ),
    "the plan is gone": (lambda folder: (folder / "plan.json").unlink(), "plan.json: is gone"),
    "a script that may be executed": (
        lambda folder: (folder / "source/train.py").chmod(0o755),
        "source/train.py: was a file, and is a program",
    ),
    "bytecode beside the source": (
        lambda folder: _plant(folder, "source/__pycache__/train.cpython-311.pyc"),
        "source/__pycache__/train.cpython-311.pyc is not in the archive",
    ),
    "bytecode of a folder of the source that is called as the agent's": (
        lambda folder: _plant(folder, "source/agent/__pycache__/a.cpython-311.pyc"),
        "source/agent/__pycache__/a.cpython-311.pyc is not in the archive",
    ),
    "a link that leads elsewhere": (
        _link_elsewhere,
        "source/data: holds other bytes",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_whatever_is_changed_is_named(case: str, tmp_path: Path) -> None:
    change, why = CHANGES[case]
    context = node_with(tmp_path, MemoryStore())
    change(context.paths.bundle)
    assert check_bundle(context) == NodeCheck("bundle", "failed", why)


def test_a_setup_script_may_change_the_source_and_nothing_else(tmp_path: Path) -> None:
    context = node_with(tmp_path, MemoryStore(), setup_script="prepare.sh")
    (context.paths.bundle / "source/made.txt").write_text("by the script")
    assert check_bundle(context) == NodeCheck(
        "bundle", "declared", "prepare.sh may have changed these: source/made.txt"
    )
    (context.paths.bundle / "plan.json").write_bytes(b"[]")
    assert check_bundle(context) == NodeCheck("bundle", "failed", "plan.json: holds other bytes")


def test_an_archive_that_was_swapped_is_no_proof_and_one_that_is_gone_none_against(tmp_path: Path) -> None:
    store = MemoryStore()
    context = node_with(tmp_path, store)
    store.put("b", store.objects["b"] + b"\0")
    assert check_bundle(context).proof == "failed"
    store.delete("b")
    found = check_bundle(context)
    assert (found.proof, found.why) == (
        "declared",
        "its bootstrap has checked it, and it cannot be fetched again: b",
    )


def test_the_first_faults_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    context = node_with(tmp_path, MemoryStore())
    for name in FILES:
        (context.paths.bundle / name).write_bytes(b"x")
    (context.paths.bundle / "source/more.py").touch()
    found = check_bundle(context)
    assert found.why.startswith("agent/tfinfra/agent/run.py: ") and found.why.endswith("; and 1 more")
