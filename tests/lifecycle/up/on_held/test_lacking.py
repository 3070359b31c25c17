"""What held nodes cannot give: every wish by a sentence, with the line that is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.lifecycle.fake_effects import A_LOCK
from tests.lifecycle.fakes import FakeObserver
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.errors import ManifestError
from tfinfra.evidence.material import GivenInput, Origin
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.on_held import launch_on_held
from tfinfra.lifecycle.up.on_held.lacking import HeldNodes, changed_inputs, copied_inputs, lacking
from tfinfra.system.local_tree import read_tree
from tfinfra.system.progress import say_nothing

PACKAGES = "numpy==1.26.4 \\\n    --hash=sha256:11\nscikit-learn==1.7.2 \\\n    --hash=sha256:22\n"
PACKAGES += "joblib==1.4.2 \\\n    --hash=sha256:33\n"
FIRST = """\
name: digits
entry_script: train.py
pip_packages: [scikit-learn==1.7.2, 'joblib[lz4]']
inputs: {data: {path: data}}
"""
WISHES = {
    "the same again": ("", []),
    "other parameters, variables and another name": (
        "name: other\nscript_params: {--lr: 1}\nenvironment_variables: {A: b}\n",
        [],
    ),
    "a package that is there in a version that fits": ("pip_packages: [NumPy>=1.20]\n", []),
    "no packages of its own": ("pip_packages: []\n", []),
    "no input": ("inputs: {}\n", []),
    "a package that is not there": ("pip_packages: [pandas]\n", ["'pandas' is not in", "no such package"]),
    "a version that is not there": ("pip_packages: [numpy<1.20]\n", ["'numpy<1.20' is not in", "it has 1.26.4"]),
    "an extra that the first run had as well": ("pip_packages: ['Joblib[lz4]>=1']\n", []),
    "an extra that the environment was made without": (
        "pip_packages: ['numpy[fast]>=1.20']\n",
        ["'numpy[fast]>=1.20' is not in", "it was made without numpy[fast]"],
    ),
    "a package for another Python alone": ("pip_packages: [\"tomli; python_version < '3.8'\"]\n", []),
    "a package of a URL": (
        "pip_packages: ['x @ https://example.org/x-1.0-py3-none-any.whl']\n",
        ["only what an index has"],
    ),
    "another TensorFlow": ("framework_version: 2.16.2\n", ["framework_version 2.15.1, not 2.16.2"]),
    "another Python": ("python_version: '3.10'\n", ["python_version 3.11, not 3.10"]),
    "more nodes": (
        "node_count: 2\ndistributed_backend: ps\nworker_count: 2\n",
        ["digits-abc123 has 1 node, and this run wants 2"],
    ),
    "Horovod": ("distributed_backend: mpi\n", ["Horovod is not in the environment"]),
    "another input": ("inputs: {more: {path: data}}\n", ["the input 'more' is not on the nodes"]),
    "another way to an input": (
        "inputs: {data: {path: data, mode: mount}}\n",
        ["the input 'data' is not on the nodes"],
    ),
}


def compiled(folder: Path, text: str) -> Compiled:
    for name in ("data", "deploy"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "data/one.csv").write_text("1\n")
    (folder / "train.py").write_text("print('hello')\n")
    keys = {line.split(":")[0]: line for line in FIRST.splitlines()}
    keys |= {line.split(":")[0]: line for line in text.splitlines()}
    (folder / "train.yaml").write_text("".join(f"{line}\n" for line in keys.values()))
    return compile_manifest(load_project(folder / "train.yaml"))


def held_nodes(first: Compiled, digest: str = "") -> HeldNodes:
    origin = Origin({}, (), {}, "b", {}, {}, (GivenInput("data", digest, 1, 2),))
    lock = replace(A_LOCK, packages=PACKAGES)
    return HeldNodes("digits-abc123", first.plan, first.plan.infrastructure, first.spec.target, lock, origin)


@pytest.mark.parametrize(("wish", "said"), WISHES.values(), ids=WISHES.keys())
def test_held_nodes_give_what_they_have_and_nothing_else(wish: str, said: list[str], tmp_path: Path) -> None:
    held = held_nodes(compiled(tmp_path, ""))
    found = list(lacking(compiled(tmp_path, wish), held))
    text = "\n".join(diagnostic.message for diagnostic in found)
    assert bool(found) == bool(said), text
    assert all(words in text for words in said), text
    assert all(diagnostic.position is not None for diagnostic in found)


def test_another_size_or_place_is_not_given(tmp_path: Path) -> None:
    first = compiled(tmp_path, "")
    place = held_nodes(first).place
    for other, words in (
        (replace(place, vm_size="Standard_D4s_v5"), "the vm_size Standard_D4s_v5, not"),
        (replace(place, location="norwayeast"), "the location norwayeast, not"),
    ):
        (found,) = lacking(first, replace(held_nodes(first), place=other))
        assert words in found.message
    held = held_nodes(first)
    (found,) = lacking(first, replace(held, target=replace(held.target, cloud="azure", subscription_id="s")))
    assert "on another cloud or subscription" in found.message


LINES = {
    "a size at the top, for nodes of this machine": ("vm_size: Standard_D2s_v5\n", ("vm_size", "Standard_D2s_v5")),
    "a target that is named": ("compute_target: {vm_size: Standard_D2s_v5}\n", ("compute_target", "{vm_size:")),
}


@pytest.mark.parametrize(("wish", "told"), LINES.values(), ids=LINES)
def test_another_cloud_is_refused_at_the_line_that_says_so(wish: str, told: tuple[str, str], tmp_path: Path) -> None:
    held = held_nodes(compiled(tmp_path, ""))
    (found,) = lacking(compiled(tmp_path, wish), held)
    assert found.position is not None
    assert found.position.text is not None and told[1] in found.position.text
    assert found.path == told[0]


def test_what_is_not_written_is_refused_at_a_line_of_the_manifest(tmp_path: Path) -> None:
    held = held_nodes(compiled(tmp_path, ""))
    azure, two = replace(held.target, cloud="azure", subscription_id="s"), replace(held.plan, node_count=2)
    found = list(lacking(compiled(tmp_path, ""), replace(held, target=azure, plan=two)))
    assert [each.path for each in found] == ["compute_target", "node_count"]
    assert all(each.position is not None and each.position.file.endswith("train.yaml") for each in found)


def test_a_refused_run_leaves_the_deploy_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = held_nodes(compiled(tmp_path, ""))
    kept = tmp_path / "deploy/digits/stacks/shared.py"
    kept.parent.mkdir(parents=True)
    kept.write_text("of the run that lives\n")
    compiled(tmp_path, "python_version: '3.10'\n")
    record = SimpleNamespace(run=held.run, rehearse=False)
    monkeypatch.setattr(launch_on_held, "first_run", lambda *_: SimpleNamespace(record=record))
    monkeypatch.setattr(launch_on_held, "held_nodes", lambda _: held)
    before = {path: path.read_bytes() for path in (tmp_path / "deploy").rglob("*") if path.is_file()}
    options = UpOptions(tmp_path, on=held.run)
    project = load_project(tmp_path / "train.yaml")
    with pytest.raises(ManifestError, match=r"python_version 3\.11, not 3\.10"):
        launch_on_held.launch_on_held(project, options, FakeObserver(), {}, scratch=tmp_path, manifest=None)
    assert {path: path.read_bytes() for path in (tmp_path / "deploy").rglob("*") if path.is_file()} == before


def test_an_input_that_has_changed_is_another(tmp_path: Path) -> None:
    first = compiled(tmp_path, "")
    trees = {"data": read_tree(tmp_path / "data", tmp_path / "inputs.sqlite3", say_nothing)}
    assert list(changed_inputs(first, held_nodes(first, trees["data"].sha256), trees)) == []
    (found,) = changed_inputs(first, held_nodes(first, "0" * 64), trees)
    assert "has changed since digits-abc123 brought it" in found.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("{url: 'https://acct.blob.core.windows.net/data/mnist'}", 1, id="a copy of a URL"),
        pytest.param("{url: 'https://acct.blob.core.windows.net/data/mnist', mode: mount}", 0, id="a mount"),
        pytest.param("{path: data}", 0, id="local data, which are compared"),
    ],
)
def test_what_the_nodes_have_copied_of_a_url_cannot_be_compared_with_what_is_there_now(
    data: str, said: int, tmp_path: Path
) -> None:
    first = compiled(tmp_path, f"inputs: {{data: {data}}}\n")
    found = copied_inputs(first, held_nodes(first))
    assert len(found) == said
    assert all("cannot be seen" in each.message and each.position is not None for each in found)
