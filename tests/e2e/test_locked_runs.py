"""What a lock holds trains, and leaves evidence that others can check; a changed environment does not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace
from tfinfra.environment.build_environment import ensure_environment
from tfinfra.locking.document import LockedEnvironment
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.read import read_lock
from tfinfra.model import CHECKS
from tfinfra.system.paths import cache_folder

pytestmark = pytest.mark.e2e
EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"
LOCK = "multi_worker.lock.yaml"
NODES = ("0", "1")
OF_EACH_NODE = (".json", ".attested.p7", ".attested-after.p7")
EVIDENCE = {
    *(
        "SHA256SUMS",
        "baseline.json",
        "bom.cdx.json",
        "events.jsonl",
        "ledger.json",
        "lock.yaml",
        "logs.sha256",
        "run.json",
    ),
    *("source.sha256", "stacks.json", "statement.json"),
    *(f"nodes/{node}{kind}" for node in NODES for kind in OF_EACH_NODE),
}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two nodes with its lock, which has the digest of the environment that this machine has built."""
    folder = tmp_path_factory.mktemp("locked")
    project = folder / "digits"
    shutil.copytree(EXAMPLES, project)
    workspace = Workspace(project, folder / "state", "process")
    done = workspace.tfinfra("lock", "multi_worker.yaml")
    assert done.returncode == 0, done.stderr
    if environment_of(project / LOCK).installed is None:
        ensure_environment(environment_lock(environment_of(project / LOCK)), cache_folder())
        assert workspace.tfinfra("lock", "multi_worker.yaml").returncode == 0
    return project


def environment_of(lock: Path) -> LockedEnvironment:
    read = read_lock(lock.read_bytes(), lock.name)
    assert read.lock is not None
    return read.lock.environment


def up_locked(workspace: Workspace, project: Path, **environment: str) -> tuple[int, str]:
    """The exit code, and what was said."""
    shutil.copytree(project, workspace.folder / "digits")
    arguments = ("up", f"digits/{LOCK}", "--machines", workspace.machines)
    process = workspace.start(*arguments, environment=environment)
    _, said = process.communicate(timeout=300)
    return process.returncode, said


def proofs(audit: Path, node: str) -> dict[str, str]:
    checks = json.loads((audit / f"nodes/{node}.json").read_text())["evidence"]["checks"]
    return {check["name"]: check["proof"] for check in checks}


def test_what_a_lock_holds_trains_and_its_evidence_is_whole(process_workspace: Workspace, locked: Path) -> None:
    code, said = up_locked(process_workspace, locked)
    assert code == 0, said
    audit = process_workspace.run_folder() / "audit"
    there = {path.relative_to(audit).as_posix() for path in audit.rglob("*") if path.is_file()}
    assert sorted(EVIDENCE - there) == []
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=audit, check=False).returncode == 0
    assert (audit / "lock.yaml").read_bytes() == (locked / LOCK).read_bytes()
    built = json.loads((audit / "statement.json").read_text())["predicate"]["buildDefinition"]
    assert built["externalParameters"]["locked"] is True
    assert built["internalParameters"]["missing"] == []
    for node in NODES:
        assert proofs(audit, node) == dict.fromkeys(CHECKS, "verified")
    assert audited(process_workspace) == (0, set())


def test_a_pth_file_in_the_environment_ends_the_run_before_a_task(process_workspace: Workspace, locked: Path) -> None:
    cache = a_cache_with(environment_of(locked / LOCK).key, process_workspace.folder.parent / "cache")
    (site,) = cache.glob("environments/*/lib/python3*/site-packages")
    (site / "evil.pth").write_text("import os\n")
    code, said = up_locked(process_workspace, locked, TFINFRA_CACHE_DIR=str(cache))
    assert code == 11, said
    assert "node 0 (" in said and f"owners: {site.relative_to(site.parents[2])}/evil.pth: no package has it" in said
    run = process_workspace.run_folder()
    assert not list((run / "tasks").glob("*.log"))
    assert [proofs(run / "audit", node)["owners"] for node in NODES] == ["failed", "failed"]
    code, rules = audited(process_workspace)
    assert (code, rules) == (11, {"TFA423", "TFA424"})


def audited(workspace: Workspace) -> tuple[int, set[str]]:
    """The exit code of an audit of the run, and the rules by which something is wrong."""
    done = workspace.tfinfra("audit", str(workspace.run_folder()), "--json")
    found = json.loads(done.stdout)["findings"]
    return done.returncode, {each["rule"] for each in found if each["verdict"] != "unverifiable"}


def a_cache_with(key: str, folder: Path) -> Path:
    """This machine's cache, but for its environments: there is one, whose files are this test's own."""
    shared = cache_folder()
    (folder / "environments").mkdir(parents=True, mode=0o700)
    for path in shared.iterdir():
        if path.name != "environments":
            (folder / path.name).symlink_to(path)
    subprocess.run(["cp", "-al", shared / "environments" / key, folder / "environments"], check=True)
    return folder
