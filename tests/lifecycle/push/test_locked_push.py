"""A push that is held against a lock: what guardrails with `require: lock` ask of a run whose stacks others make."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from tests.ci.checkouts import committed
from tests.lifecycle.fake_effects import DIGEST, FakeWorkshop
from tests.lifecycle.fakes import World
from tests.lifecycle.push.test_deploy_folder import RUN, keep_file
from tests.lifecycle.push.test_guarded_push import HERE, world
from tests.locking import locks
from tfinfra.bundle import Bundle, Packed
from tfinfra.compiler.deploy.write import LIST, write_deploy
from tfinfra.environment.lock_file import Lock
from tfinfra.errors import DifferenceFound, ManifestError, UsageError
from tfinfra.evidence.material import Origin
from tfinfra.lifecycle.push.push import push
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.read import read_lock
from tfinfra.model import NodeSettings, from_json
from tfinfra.store import keys, readable
from tfinfra.system.clock import iso_time

__all__ = ["world"]

LOCK, RAILS = "train.lock.yaml", "require: [lock]\n"


@pytest.fixture
def code(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A locked project with its compiled deploy folder, whose bundle says what is in it; guardrails ask for a lock."""
    folder = tmp_path / "code"
    locks.without_index_or_engine(monkeypatch)
    text = locks.MANIFEST.replace("compute_target: gpus", "compute_target: local")
    manifest = locks.project(folder, text)
    locks.lock(manifest)
    write_deploy(locks.compiled(manifest).tree, folder / "deploy/digits")
    keep_file(folder / "deploy/digits", deadline=iso_time(1000 + 3600))
    (tmp_path / "platform/guardrails.yaml").write_text(RAILS)
    monkeypatch.setattr(FakeWorkshop, "bundle", _bundle)
    monkeypatch.chdir(folder)
    return folder


def _bundle(workshop: FakeWorkshop, plan: object, source: object, lock: Lock, prebuilt: object, *, out: Path) -> Bundle:
    out.write_bytes(lock.key.encode())
    files = locks.compiled(Path.cwd() / "train.yaml").travels.files
    packed = (Packed(one.name, sha256(Path(one.name).read_bytes()).hexdigest(), one.executable) for one in files)
    return Bundle(out, keys.bundle_key(DIGEST), DIGEST, tuple(packed))


def pushed(code: Path, lock: str | None = LOCK) -> object:
    rails, file = code.parent / "platform/guardrails.yaml", code / lock if lock else None
    return push(code / "deploy/digits", RUN, HERE, lambda _: None, guardrails=rails, lock_file=file)


def test_without_its_lock_a_push_is_refused_where_guardrails_ask_for_one(code: Path, world: World) -> None:
    with pytest.raises(ManifestError, match="a push without --lock is held against no lock"):
        pushed(code, None)
    assert world.store.list("") == []


def test_the_nodes_get_the_locks_environment_and_hold_themselves_against_it(code: Path, world: World) -> None:
    pushed(code)
    read = read_lock((code / LOCK).read_bytes(), LOCK)
    assert read.lock is not None
    key = environment_lock(read.lock.environment).key
    assert world.store.get(keys.bundle_key(DIGEST)) == key.encode()
    origin = readable(world.store, keys.ORIGIN, Origin)
    assert origin is not None
    assert origin.lock == (code / LOCK).read_text()
    stack = yaml.safe_load((code / f"deploy/digits/Pulumi.{RUN}-compute.yaml").read_text())
    settings = from_json(NodeSettings, json.loads(stack["config"]["tfinfra:nodeSettings"]))
    assert settings.locked is not None
    assert (f"sha256:{settings.locked.digest}", settings.locked.environment) == (read.lock.digest, key)


def test_what_is_saved_after_the_code_was_packed_does_not_make_its_commit_dirty(code: Path, world: World) -> None:
    commit = committed(code)

    def tell(text: str) -> None:
        if text.startswith("uploading"):
            (code / "helper.py").write_text("saved = True\n")

    push(code / "deploy/digits", RUN, HERE, tell, lock_file=code / LOCK)
    origin = readable(world.store, keys.ORIGIN, Origin)
    assert origin is not None and origin.git is not None
    assert (origin.git.commit, origin.git.dirty) == (commit, False)


def _edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


UNLIKE: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (_edit("helper.py", "1", "2"), "'helper.py' is not as it was locked"),
    "data": (_edit("data/labels.csv", "a", "b"), "the input 'labels' is not as it was locked"),
    "the manifest": (_edit("train.yaml", "2h", "3h"), "max_run_duration"),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_what_is_not_as_it_was_locked_is_not_pushed(what: str, code: Path, world: World) -> None:
    edit, message = UNLIKE[what]
    edit(code)
    rails = code.parent / "platform/guardrails.yaml"
    rails.write_text("{}\n")  # the lock is held all the same
    with pytest.raises(DifferenceFound) as refused:
        pushed(code)
    assert message in " ".join([refused.value.message, *(one.message for one in refused.value.diagnostics)])
    assert world.store.list("") == []


def test_a_copy_of_the_deploy_folder_that_was_edited_is_not_pushed(code: Path, world: World, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(code / "deploy/digits", tmp_path / "copy/digits"))
    (copy / LIST).unlink()
    (copy / "__main__.py").write_text("print('mine')\n")
    with pytest.raises(DifferenceFound, match=r"__main__\.py: differs"):
        push(copy, RUN, HERE, lambda _: None, lock_file=code / LOCK)
    assert world.store.list("") == []


def test_a_file_that_is_no_lock_is_refused(code: Path) -> None:
    with pytest.raises(UsageError, match="is no lock by its name"):
        pushed(code, "train.yaml")
