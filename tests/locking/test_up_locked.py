"""`up --locked` before anything is touched: what the lock holds runs, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.lifecycle.fakes import FakeObserver
from tests.locking import locks
from tests.locking.test_differences import LOCK, TRAIN, edited, signed
from tfinfra.bundle import Packed
from tfinfra.compiler.load import load_project
from tfinfra.compiler.user_paths import read_bounded
from tfinfra.errors import DifferenceFound, TfinfraError
from tfinfra.lifecycle.data.staging import CHECKPOINTS
from tfinfra.lifecycle.locking import check
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.still_locked import refuse_other_inputs, refuse_other_source
from tfinfra.lifecycle.up import launch
from tfinfra.lifecycle.up.launch import compile_to_folder
from tfinfra.system.local_tree import read_tree
from tfinfra.system.progress import say_nothing


def compiled(manifest: Path, *, locked: bool = True, target: str | None = None) -> tuple[UpOptions, FakeObserver]:
    observer = FakeObserver()
    options = UpOptions(manifest.parent, locked=locked, target=target)
    project = load_project(manifest, target=target)
    return compile_to_folder(project, options, observer, {}, manifest)[1], observer


def test_a_locked_run_takes_the_environment_that_its_lock_holds(manifest: Path) -> None:
    options, observer = compiled(manifest)
    assert options.held is not None
    assert options.held.environment.packages.startswith("numpy==1.26.4 \\\n    --hash=sha256:1111")
    assert options.held.text == (manifest.parent / LOCK).read_text()
    assert f"say held against train.lock.yaml, {options.held.digest}" in observer.lines
    assert (manifest.parent / "deploy/digits/plan.json").is_file()


def test_the_lock_of_a_locked_run_is_read_once(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[Path]()

    def one(path: Path, most: int) -> bytes | None:
        read.append(path)
        return read_bounded(path, most)

    monkeypatch.setattr(check, "read_bounded", one)
    compiled(manifest)
    assert read == [manifest.with_name(LOCK)]


def test_what_is_saved_after_that_is_still_known_from_what_was_locked(manifest: Path) -> None:
    held, travels = compiled(manifest)[0].held, locks.compiled(manifest).travels
    assert held is not None

    def packed() -> list[Packed]:
        return [
            Packed(file.name, sha256((manifest.parent / file.name).read_bytes()).hexdigest(), file.executable)
            for file in travels.files
        ]

    refuse_other_source(held, manifest.parent, travels.names, packed())
    edited("helper.py", "1", "2")(manifest.parent)
    with pytest.raises(DifferenceFound, match=r"'helper\.py' is not as it was locked"):
        refuse_other_source(held, manifest.parent, travels.names, packed())
    assert held.inputs.keys() == {"digits", "labels"}


def test_checkpoints_that_change_while_the_run_begins_are_not_uploaded(manifest: Path) -> None:
    checkpoints = manifest.parent / "runs/digits-abc123/checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "ckpt-1").write_bytes(b"weights")
    manifest.write_text(f"{manifest.read_text()}resume_from: digits-abc123\n")
    locks.lock(manifest)
    held = compiled(manifest)[0].held
    assert held is not None
    (checkpoints / "ckpt-1").write_bytes(b"weighty")
    tree = read_tree(checkpoints, manifest.parent / "hashes", say_nothing)
    with pytest.raises(DifferenceFound, match="the checkpoints are not as locked: they changed while the run began"):
        refuse_other_inputs(held, {CHECKPOINTS: tree})
    with pytest.raises(DifferenceFound, match="the input 'digits' is not as locked: it changed while the run began"):
        refuse_other_inputs(held, {"digits": tree})


def test_a_run_that_is_not_locked_looks_at_no_lock(manifest: Path) -> None:
    edited("helper.py", "1", "2")(manifest.parent)
    assert compiled(manifest, locked=False)[0].held is None


def _edit_deploy(folder: Path) -> None:
    compiled(folder / TRAIN)
    (folder / "deploy/digits/__main__.py").write_text("print('mine')\n")


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no lock": (lambda folder: (folder / LOCK).unlink(), "is not locked"),
    "another script": (edited("helper.py", "1", "2"), "'helper.py' is not as it was locked"),
    "other data": (edited("data/labels.csv", "a", "b"), "the input 'labels' is not as it was locked"),
    "another lock": (edited(LOCK, "5.0.11", "5.0.10"), "the packages are not those of this key"),
    "an image that is not exact": (signed(edited(LOCK, ":24.04.2026052601", ":latest")), "the image is"),
    "a deploy folder that was edited": (_edit_deploy, "__main__.py: differs"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_as_it_was_locked_does_not_run(case: str, manifest: Path) -> None:
    edit, message = REFUSED[case]
    edit(manifest.parent)
    before = sorted(path for path in manifest.parent.rglob("*") if path.is_file())
    with pytest.raises(DifferenceFound) as refused:
        compiled(manifest)
    said = [refused.value.message, *(d.message for d in refused.value.diagnostics)]
    assert any(message in text for text in said), said
    assert refused.value.exit_code == 11
    assert sorted(path for path in manifest.parent.rglob("*") if path.is_file()) == before


def test_another_target_than_the_locked_one_does_not_run(manifest: Path) -> None:
    with pytest.raises(DifferenceFound, match="'compute_target"):
        compiled(manifest, target="other")


@pytest.mark.parametrize(("named", "locked"), [(TRAIN, False), (LOCK, True)])
def test_a_lock_stands_for_its_manifest_and_locked(
    named: str, locked: bool, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Path | None, bool]] = []

    def stop(load: object, options: UpOptions, observer: object, manifest: Path | None = None) -> object:
        seen.append((manifest, options.locked))
        raise TfinfraError("far enough")

    monkeypatch.setattr(launch, "launch", stop)
    with pytest.raises(TfinfraError, match="far enough"):
        launch.launch_manifest(manifest.with_name(named), replace(UpOptions(manifest.parent)), FakeObserver())
    assert seen == [(manifest, locked)]
