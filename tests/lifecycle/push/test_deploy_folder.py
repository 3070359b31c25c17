"""The deploy folder that is pushed from, and the files of its stacks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.compiler.golden import FOLDER
from tfinfra.compiler.deploy.write import differences, write_deploy
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import compile_manifest
from tfinfra.errors import DifferenceFound, ManifestError, TfinfraError, UsageError
from tfinfra.lifecycle.push.deploy_folder import compiled_again, refuse_without_client
from tfinfra.lifecycle.push.stack_files import compute_stack_file, keep_stack

RUN = "digits-7f3k2p"
AZURE = "compute_target: {cloud: azure, location: eastus, vm_size: Standard_D8s_v5}\n"


def project(folder: Path, more: str = AZURE) -> Path:
    """A compiled project's deploy folder."""
    (folder / "train.py").write_text("print('trained')\n")
    (folder / "train.yaml").write_text(f"name: digits\nentry_script: train.py\n{more}")
    write_deploy(compile_manifest(load_project(folder / "train.yaml")).tree, folder / "deploy" / "digits")
    return folder / "deploy" / "digits"


def keep_file(deploy: Path, name: str = f"{RUN}-keep", **changes: str) -> Path:
    file = deploy / f"Pulumi.{name}.yaml"
    values = {"run": RUN, "owner": "ada", "deadline": "2126-01-31T18:00:00Z", **changes}
    lines = [f"  tfinfra:{key}: {value}\n" for key, value in values.items()]
    file.write_text("config:\n  azure-native:subscriptionId: sub-1\n" + "".join(lines))
    return file


@pytest.mark.parametrize("case", sorted(FOLDER.glob("accepted-*")), ids=lambda case: case.name)
def test_the_folders_own_manifest_gives_the_plan_that_the_first_one_gave(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case)
    write_deploy(compile_manifest(load_project(Path("train.yaml"))).tree, tmp_path / "deploy" / "x")
    assert compiled_again(tmp_path / "deploy" / "x", case).plan.name


def test_code_is_found_above_the_deploy_folder_from_wherever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy = project(tmp_path)
    monkeypatch.chdir(deploy)
    assert compiled_again(Path(), None).source_root.samefile(tmp_path)


def test_a_plan_that_is_not_what_manifest_and_code_say_is_refused(tmp_path: Path) -> None:
    deploy = project(tmp_path)
    plan = deploy / "plan.json"
    plan.write_text(plan.read_text().replace('"node_count": 1', '"node_count": 2'))
    with pytest.raises(DifferenceFound, match="is not what the manifest and the code"):
        compiled_again(deploy, None)


def test_code_that_is_not_there_is_told_and_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    deploy = project(tmp_path)
    (tmp_path / "train.py").unlink()
    with pytest.raises(ManifestError, match=r"train\.py") as caught:
        compiled_again(deploy, None)
    (diagnostic,) = caught.value.diagnostics
    assert "--from names another folder" in str(diagnostic.hint)
    assert caught.value.hint == diagnostic.hint
    with pytest.raises(ManifestError) as caught:
        compiled_again(deploy, tmp_path)
    assert "--from" not in str(caught.value.hint)
    with pytest.raises(UsageError, match="is no deploy folder"):
        compiled_again(tmp_path, None)


TUNE = """tune:
  sampling: random
  parameter_space: {--lr: {uniform: [0, 1]}}
  primary_metric_name: loss
  primary_metric_goal: minimize
  max_total_runs: 2
"""
OF_A_CLIENT = {"secrets": ("secrets: [HUB_TOKEN]\n", "TFI740"), "trials": (TUNE, "TFI941")}


@pytest.mark.parametrize("what", OF_A_CLIENT)
def test_what_only_a_client_can_hand_over_is_refused_at_its_line(tmp_path: Path, what: str) -> None:
    text, code = OF_A_CLIENT[what]
    compiled = compiled_again(project(tmp_path, f"{AZURE}{text}"), None)
    with pytest.raises(ManifestError) as caught:
        refuse_without_client(compiled)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    assert diagnostic.position is not None
    assert diagnostic.position.file.endswith("manifest.resolved.yaml")


def test_what_is_kept_beside_the_program_by_hand_is_no_difference(tmp_path: Path) -> None:
    deploy = project(tmp_path)
    keep_file(deploy)
    (deploy / ".venv" / "lib").mkdir(parents=True)
    (deploy / ".venv" / "lib" / "x.py").touch()
    (deploy / "strange.py").touch()
    tree = compile_manifest(load_project(tmp_path / "train.yaml")).tree
    assert differences(tree, deploy) == ["strange.py: not of this manifest"]


def test_the_compute_stacks_file_is_made_of_the_keep_stacks_and_keeps_what_is_pulumis(tmp_path: Path) -> None:
    keep_file(tmp_path, expiresAt="2126-02-07T18:00:00Z", deleterRole="none")
    compute = tmp_path / f"Pulumi.{RUN}-compute.yaml"
    compute.write_text("encryptionsalt: v1:abc\nconfig:\n  other:key: kept\n  tfinfra:deadline: old\n")
    assert compute_stack_file(keep_stack(tmp_path, RUN, 1), {"nodeSettings": '{"a": 1}'}) == compute
    document = yaml.safe_load(compute.read_text())
    assert document["encryptionsalt"] == "v1:abc"
    assert document["config"] == {
        "other:key": "kept",
        "azure-native:subscriptionId": "sub-1",
        "tfinfra:run": RUN,
        "tfinfra:owner": "ada",
        "tfinfra:deadline": "2126-01-31T18:00:00Z",
        "tfinfra:deleterRole": "none",
        "tfinfra:nodeSettings": '{"a": 1}',
    }


@pytest.mark.parametrize(("name", "made"), [("keep", "compute-1"), ("mine-keep", "mine-compute-1")])
def test_the_compute_stack_is_called_as_the_keep_stack_is(name: str, made: str, tmp_path: Path) -> None:
    keep_file(tmp_path, name, choice="1")
    assert compute_stack_file(keep_stack(tmp_path, RUN, 2), {}).name == f"Pulumi.{made}.yaml"


WRONG = {
    "nobody's stack": (
        {"run": "other-abcdef"},
        "no file in .* is the configuration of the keep stack of digits-7f3k2p",
    ),
    "a secret owner": ({"owner": "{secure: v1:x}"}, "tfinfra:owner .* must be set, and be no secret"),
    "a day that no month has": ({"deadline": "2126-02-30T18:00:00Z"}, "tfinfra:deadline .* must be a time in UTC"),
    "a choice that the plan has not": ({"choice": "1"}, "tfinfra:choice .* the plan has 1, from 0 on"),
    "a list": ({"owner": "\n- ["}, "cannot be read as YAML"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_keep_stack_that_cannot_be_used_is_told(changes: dict[str, str], message: str, tmp_path: Path) -> None:
    keep_file(tmp_path, **changes)
    with pytest.raises(UsageError, match=message):
        keep_stack(tmp_path, RUN, 1)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    keep_file(tmp_path)
    (tmp_path / f"Pulumi.{RUN}-compute.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TfinfraError, match="is a link"):
        compute_stack_file(keep_stack(tmp_path, RUN, 1), {})
    assert not (tmp_path / "elsewhere").exists()
