"""No manifest exceeds the guardrails that hold for it, however it says what it wants."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tfinfra.catalog.price_file import write_price_file
from tfinfra.catalog.prices import PriceBook, RegionPrices, shipped_book
from tfinfra.compiler import guardrail_files
from tfinfra.compiler.load import load_project, project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import Diagnostic, ManifestError, Severity, TfinfraError

TUNE = """tune:
  sampling: random
  parameter_space: {--lr: {uniform: [0, 1]}}
  primary_metric_name: print
  primary_metric_goal: maximize
  max_total_runs: 8
  max_concurrent_runs: 4
"""
AZURE = "compute_target: {cloud: azure, vm_size: Standard_D8s_v5}\n"
POOL = "pool: {cloud: azure, vm_size: Standard_D16s_v5, location: [eastus, westus2]}\n"
NAMED = "compute_target: pool\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the manifest's in `project`, the user's configuration in `user` and the machine's in `machine`."""
    for name in ("project", "user", "machine", "job", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "train.py").write_text("print()\n")
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "user"))
    monkeypatch.setattr(guardrail_files, "MACHINE_FOLDER", tmp_path / "machine")
    monkeypatch.setattr("tfinfra.system.paths.listed_home", lambda: tmp_path / "home")
    return tmp_path


def said(
    place: Path, manifest: str, *, target: str | None = None, guardrails: Path | None = None, rehearse: bool = False
) -> tuple[Diagnostic, ...]:
    """All that is said of a manifest, whether or not it is refused."""
    file = place / "project" / "train.yaml"
    file.write_text(f"entry_script: train.py\n{manifest}")
    try:
        project = load_project(file, target=target, guardrails=guardrails, rehearse=rehearse)
        return check_manifest(project).diagnostics
    except TfinfraError as error:
        assert isinstance(error, ManifestError)
        return error.diagnostics


def breaches(found: tuple[Diagnostic, ...]) -> list[tuple[str, int]]:
    """(code, line of the manifest) of each error."""
    return [(d.code, d.position.line if d.position else 0) for d in found if d.is_error]


TABLE: dict[str, tuple[str, str, list[tuple[str, int]]]] = {
    "a size that fits, in another case": (
        "allow: {vm_size: [standard_d*_V5]}",
        "vm_size: STANDARD_D8S_V5\n",
        [],
    ),
    "a size at the top level": ("allow: {vm_size: Standard_NC*}", "vm_size: Standard_D8s_v5\n", [("TFI445", 2)]),
    "a size of an inline target": ("allow: {vm_size: Standard_NC*}", AZURE, [("TFI445", 2)]),
    "the second size of a list": (
        "allow: {vm_size: Standard_D8s_v5}",
        "compute_target:\n  vm_size:\n  - Standard_D8s_v5\n  - standard_d16s_v5\n",
        [("TFI445", 5)],
    ),
    "a size behind an alias, where its anchor is": (
        "allow: {vm_size: Standard_D8s_v5}",
        "script_params: {--x: &s Standard_D16s_v5}\ncompute_target: {vm_size: *s}\n",
        [("TFI445", 2)],
    ),
    "a size of a target beside the manifest": ("allow: {vm_size: Standard_D8s_v5}", NAMED, [("TFI445", 2)]),
    "the size that the local cloud stands for": ("allow: {vm_size: Standard_NC*}", "", []),
    "a size that is written for the local cloud": (
        "allow: {vm_size: Standard_NC*}",
        "compute_target: {cloud: local, vm_size: Standard_D8s_v5}\n",
        [("TFI445", 2)],
    ),
    "as many nodes as are allowed": ("allow: {max_nodes: 1}", "node_count: 1\n", []),
    "more nodes, on the local cloud too": (
        "allow: {max_nodes: 1}",
        "node_count: 2\ndistributed_backend: mpi\n",
        [("TFI446", 2)],
    ),
    "more nodes for all trials at a time": ("allow: {max_nodes: 3}", TUNE, [("TFI446", 8)]),
    "as many nodes as all trials take": ("allow: {max_nodes: 4}", TUNE, []),
    "the default of a tune's duration": ("allow: {max_run_duration: 24h}", TUNE, [("TFI447", 2)]),
    "a longer tune": (
        "allow: {max_run_duration: 1h}",
        f"{TUNE}  max_duration_minutes: 61\n",
        [("TFI447", 9)],
    ),
    "a tune that is as long as is allowed, whatever its trials may take": (
        "allow: {max_run_duration: 1h}",
        f"{TUNE}  max_duration_minutes: 60\n",
        [],
    ),
    "the default of the duration": ("allow: {max_run_duration: 23h}", "", [("TFI447", 1)]),
    "null for the duration": ("allow: {max_run_duration: 23h}", "limits: {max_run_duration: null}\n", [("TFI447", 2)]),
    "a longer duration, in seconds": (
        "allow: {max_run_duration: 1h}",
        "limits: {max_run_duration: 3601}\n",
        [("TFI447", 2)],
    ),
    "a longer duration, in the estimator's words": (
        "allow: {max_run_duration: 1h}",
        "max_run_duration_seconds: 3601\n",
        [("TFI447", 2)],
    ),
    "as long as is allowed, in days": ("allow: {max_run_duration: 48h}", "limits: {max_run_duration: 2d}\n", []),
    "a larger cap": ("allow: {max_cost_usd: 50}", f"{AZURE}limits: {{max_cost_usd: 50.01}}\n", [("TFI448", 3)]),
    "no cap": ("allow: {max_cost_usd: 50}", AZURE, [("TFI448", 1)]),
    "null for the cap": ("allow: {max_cost_usd: 50}", f"{AZURE}limits: {{max_cost_usd: null}}\n", [("TFI448", 3)]),
    "no limits at all": ("allow: {max_cost_usd: 50}", f"{AZURE}limits: null\n", [("TFI448", 3)]),
    "a cap that fits": ("allow: {max_cost_usd: 50}", f"{AZURE}limits: {{max_cost_usd: 50}}\n", []),
    "no cap where nothing costs anything": ("allow: {max_cost_usd: 50}", "", []),
    "a larger cap where nothing costs anything": (
        "allow: {max_cost_usd: 50}",
        "limits: {max_cost_usd: 51}\n",
        [("TFI448", 2)],
    ),
    "the default of the priority": ("allow: {vm_priority: low_priority}", AZURE, [("TFI449", 2)]),
    "a priority at the top level, in another spelling": (
        "allow: {vm_priority: [dedicated]}",
        "vm_size: Standard_D8s_v5\nvm_priority: LowPriority\n",
        [("TFI449", 3)],
    ),
    "tfinfra's own image": ("allow: {image: [canonical:*]}", AZURE, [("TFI450", 2)]),
    "tfinfra's own image, allowed": ("allow: {image: ['Microsoft-DSVM:ubuntu-hpc:*']}", AZURE, []),
    "another image": (
        "allow: {image: ['microsoft-dsvm:*']}",
        "compute_target: {vm_size: Standard_D8s_v5, image: canonical:ubuntu-24_04-lts:server:latest}\n",
        [("TFI450", 2)],
    ),
    "metrics for another host": (
        "allow: {tracking_host: mlflow.example.com}",
        "metrics: {tracking_uri: https://mlflow.example.com.evil.org}\n",
        [("TFI458", 2)],
    ),
    "metrics for a host with the right one in the path": (
        "allow: {tracking_host: '*.example.com'}",
        "metrics: {tracking_uri: https://evil.org/mlflow.example.com}\n",
        [("TFI458", 2)],
    ),
    "metrics for another port": (
        "allow: {tracking_host: mlflow.example.com}",
        "metrics: {tracking_uri: 'https://mlflow.example.com:8080'}\n",
        [("TFI458", 2)],
    ),
    "metrics for an allowed host": (
        "allow: {tracking_host: ['*.Example.com']}",
        "metrics: {tracking_uri: https://mlflow.example.com/team}\n",
        [],
    ),
    "metrics without a server": ("allow: {tracking_host: x}", "metrics: {primary: loss}\n", []),
    "an inline target": ("allow: {inline: false}", AZURE, [("TFI451", 2)]),
    "an inline target of the local cloud": (
        "allow: {inline: false}",
        "compute_target: {cloud: local}\n",
        [("TFI451", 2)],
    ),
    "a size at the top level, where inline targets are forbidden": (
        "allow: {inline: false}",
        "vm_size: Standard_D8s_v5\n",
        [("TFI451", 2)],
    ),
    "a target beside the manifest, where inline targets are forbidden": (
        "allow: {inline: false}",
        NAMED,
        [("TFI451", 2)],
    ),
    "the local cloud, where inline targets are forbidden": ("allow: {inline: false}", "compute_target: local\n", []),
    "an hour that is dearer than all may be": ("allow: {max_usd_per_hour: 0.3}", AZURE, [("TFI454", 2)]),
    "an hour that is not": ("allow: {max_usd_per_hour: 3}", AZURE, []),
    "a required limit that is not there": ("require: limits.max_cost_usd", AZURE, [("TFI452", 1)]),
    "a required tag among others": ("require: [tags.cost-center]", "tags: {team: a}\n", [("TFI452", 2)]),
    "a required tag that is empty": ("require: [tags.cost-center]", "tags: {cost-center: ' '}\n", [("TFI452", 2)]),
    "a required tag that nobody sees": (
        "require: [tags.cost-center]",
        'tags: {cost-center: "\\u2800"}\n',
        [("TFI452", 2)],
    ),
    "a required tag that is null": ("require: [tags.cost-center]", "tags: {cost-center: null}\n", [("TFI452", 2)]),
    "a required tag, in another case as Azure takes it": (
        "require: [tags.cost-center]",
        "tags: {Cost-Center: 17}\n",
        [],
    ),
    "a required duration in the estimator's words": (
        "require: [limits.max_run_duration]",
        "max_run_duration_seconds: 60\n",
        [],
    ),
    "a required key of the target, of whichever file": ("require: [compute_target.location]", NAMED, []),
    "a required key of the target that is not there": ("require: [compute_target.location]", AZURE, [("TFI452", 2)]),
    "a value that is false is given": ("require: [use_gpu]", "use_gpu: false\n", []),
    "a lock": ("require: lock", "", [("TFI452", 1)]),
}


@pytest.mark.parametrize(("guardrails", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_a_breach_stands_at_the_manifests_line(
    place: Path, guardrails: str, manifest: str, expected: list[tuple[str, int]]
) -> None:
    (place / "project" / "compute_targets.yaml").write_text(POOL)
    (place / "user" / "guardrails.yaml").write_text(f"{guardrails}\n")
    found = said(place, manifest)
    assert breaches(found) == expected
    for diagnostic in found:
        if diagnostic.is_error:
            assert diagnostic.position is not None
            assert diagnostic.position.file.endswith("train.yaml")
            assert f"({place / 'user' / 'guardrails.yaml'}:1)" in diagnostic.message


EMPTY = {
    "a tag": ("require: [tags.cost-center]", "tags: {Cost-Center: ''}\n", "tags.cost-center is empty", 21),
    "null": ("require: [limits.max_cost_usd]", "limits: {max_cost_usd: null}\n", "limits.max_cost_usd is empty", 24),
    "a list": ("require: [pip_packages]", "pip_packages: []\n", "pip_packages is empty", 15),
    "nothing": ("require: [tags.cost-center]", "tags: {}\n", "tags.cost-center is not given", 1),
}


@pytest.mark.parametrize(("guardrails", "manifest", "message", "column"), EMPTY.values(), ids=EMPTY)
def test_what_is_written_and_empty_is_not_called_missing(
    place: Path, guardrails: str, manifest: str, message: str, column: int
) -> None:
    (place / "user" / "guardrails.yaml").write_text(f"{guardrails}\n")
    (found,) = [d for d in said(place, manifest) if d.is_error]
    assert found.message.startswith(f"{message}, but guardrail require is ")
    assert found.position is not None
    assert (found.position.line, found.position.column) == (2, column)


def test_a_target_beside_the_manifest_is_held_though_it_hides_the_teams_own(place: Path) -> None:
    (place / "project" / "compute_targets.yaml").write_text(POOL)
    (place / "user" / "compute_targets.yaml").write_text("pool: {vm_size: Standard_D8s_v5}\n")
    (place / "user" / "guardrails.yaml").write_text("allow: {inline: false}\n")
    (found,) = [d for d in said(place, NAMED) if d.is_error]
    assert "(" + str(place / "project" / "compute_targets.yaml") + ":1)" in found.message
    assert found.hint == "name a target of your configuration folder: pool"
    (place / "project" / "compute_targets.yaml").unlink()
    assert breaches(said(place, NAMED)) == []


def test_a_configuration_folder_in_the_repository_is_of_the_repository(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "project" / ".git").mkdir()
    (place / "project" / "conf").mkdir()
    (place / "project" / "conf" / "compute_targets.yaml").write_text(POOL)
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(place / "project" / "conf"))
    (place / "machine" / "guardrails.yaml").write_text("allow: {inline: false}\n")
    assert breaches(said(place, NAMED)) == [("TFI451", 2)]


def test_a_repository_around_a_submodule_is_the_manifests_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / ".git").mkdir()
    (place / "project" / ".git").write_text("gitdir: ../.git/modules/project\n")
    (place / "user" / "compute_targets.yaml").write_text(POOL)
    (place / "machine" / "guardrails.yaml").write_text("allow: {inline: false}\n")
    monkeypatch.setattr("tfinfra.system.paths.listed_home", lambda: place.parent / "home")
    assert breaches(said(place, NAMED)) == [("TFI451", 2)]
    monkeypatch.setattr("tfinfra.system.paths.listed_home", lambda: place / "user")
    assert breaches(said(place, NAMED)) == []


def test_a_home_that_the_environment_names_makes_no_folder_of_the_manifests_another(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = place / "project" / "home" / "conf"
    conf.mkdir(parents=True)
    (conf / "compute_targets.yaml").write_text(POOL)
    monkeypatch.setenv("HOME", str(conf.parent))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(conf))
    (place / "machine" / "guardrails.yaml").write_text("allow: {inline: false}\n")
    assert breaches(said(place, NAMED)) == [("TFI451", 2)]


def test_a_link_into_the_repository_is_where_the_manifest_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real folder of the manifest is outside of the repository that reaches it by a link."""
    repository = place / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "conf").mkdir()
    (repository / "conf" / "compute_targets.yaml").write_text(POOL)
    (repository / "ml").symlink_to(place / "project")
    (place / "project" / "train.yaml").write_text(f"entry_script: train.py\n{NAMED}")
    (place / "machine" / "guardrails.yaml").write_text("allow: {inline: false}\n")
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(repository / "conf"))
    with pytest.raises(ManifestError) as caught:
        check_manifest(load_project(repository / "ml" / "train.yaml"))
    assert [d.code for d in caught.value.diagnostics if d.is_error] == ["TFI451"]


def test_prices_that_the_repository_has_brought_do_not_count(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = place / "project" / "state"
    state.mkdir(mode=0o700)
    regions = {
        name: RegionPrices("2999-01-01", dict.fromkeys(prices.meters, 1e-9))
        for name, prices in shipped_book().regions.items()
    }
    write_price_file(state / "prices.json", PriceBook(regions))
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(state))
    (place / "user" / "guardrails.yaml").write_text("allow: {max_usd_per_hour: 0.3}\n")
    assert breaches(said(place, AZURE)) == [("TFI454", 2)]
    assert [d.code for d in load_project(place / "project" / "train.yaml").prices().diagnostics] == ["TFI633"]


def test_a_cache_in_the_repository_is_told_where_policy_packs_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "job" / "packs").mkdir()
    (place / "user" / "guardrails.yaml").write_text(f"policy: [{place / 'job' / 'packs'}]\n")
    assert said(place, "") == ()
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(place / "project" / "cache"))
    (found,) = said(place, "")
    assert (found.code, "what policy packs run with" in found.message) == ("TFI443", True)


def test_a_folder_in_the_listed_home_that_cannot_be_listed_is_looked_into(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mode 0711 of an administrator's. root may list all of them, so the answer is played."""
    own = place / "home" / ".config" / "tfinfra"
    own.mkdir(parents=True)
    (own / "guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    monkeypatch.setattr("tfinfra.system.paths.listed_config_folder", lambda: own)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.R_OK)
    assert breaches(said(place, "node_count: 2\ndistributed_backend: mpi\n")) != []
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert breaches(said(place, "node_count: 2\ndistributed_backend: mpi\n")) == []


def test_a_target_on_the_command_line_is_held(place: Path) -> None:
    (place / "user" / "compute_targets.yaml").write_text(POOL)
    (place / "user" / "guardrails.yaml").write_text("allow: {vm_size: Standard_D8s_v5}\n")
    assert breaches(said(place, AZURE, target="pool")) == [("TFI445", 2)]
    assert breaches(said(place, "", target="pool")) == [("TFI445", 1)]
    assert breaches(said(place, AZURE, target="pool", rehearse=True)) == [("TFI445", 2)]


def test_every_file_holds_by_itself(place: Path) -> None:
    given = place / "job" / "ci.yaml"
    given.write_text("allow: {max_nodes: 4}\n")
    (place / "user" / "guardrails.yaml").write_text("allow: {max_nodes: 100}\n")
    (place / "machine" / "guardrails.yaml").write_text("allow: {max_nodes: 2}\n")
    found = said(place, "node_count: 3\ndistributed_backend: mpi\n", guardrails=given)
    assert [d.message.rpartition("(")[2] for d in found if d.is_error] == [f"{place}/machine/guardrails.yaml:1)"]
    found = said(place, "node_count: 5\ndistributed_backend: mpi\n", guardrails=given)
    assert len([d for d in found if d.is_error]) == 2


def test_no_variable_moves_what_lies_in_the_home_that_the_machine_lists(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = place / "home" / ".config" / "tfinfra"
    own.mkdir(parents=True)
    (own / "guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    manifest = "node_count: 2\ndistributed_backend: mpi\n"
    for variable in ("HOME", "XDG_CONFIG_HOME", "TFINFRA_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(place / "job"))
        assert breaches(said(place, manifest)) == [("TFI446", 2)]
    monkeypatch.delenv("TFINFRA_CONFIG_DIR")
    for variable in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable)
    assert breaches(said(place, manifest)) == [("TFI446", 2)]


def test_a_user_without_a_home_is_told_that_no_guardrails_are_looked_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(_: str) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("TFINFRA_CONFIG_DIR")
    monkeypatch.setattr("platformdirs.user_config_dir", nowhere)
    monkeypatch.setattr("tfinfra.system.paths.listed_home", lambda: None)
    (found,) = said(place, "")
    assert (found.code, found.severity) == ("TFI444", Severity.NOTICE)
    assert "there is no home folder" in found.message


def test_a_file_that_is_reached_twice_speaks_once(place: Path) -> None:
    (place / "job" / "g.yaml").write_text("allow: {max_nodes: 1}\n")
    (place / "user" / "guardrails.yaml").symlink_to(place / "job" / "g.yaml")
    found = said(place, "node_count: 2\ndistributed_backend: mpi\n", guardrails=place / "job" / "g.yaml")
    assert len([d for d in found if d.is_error]) == 1


def test_a_policy_pack_is_beside_the_file_that_a_link_leads_to(place: Path) -> None:
    (place / "job" / "packs").mkdir()
    (place / "job" / "g.yaml").write_text("policy: [packs, ./packs, missing]\n")
    (place / "user" / "guardrails.yaml").symlink_to(place / "job" / "g.yaml")
    (found,) = said(place, "")
    assert (found.code, found.position and found.position.column) == ("TFI442", 26)
    (place / "job" / "missing").mkdir()
    (held,) = guardrail_files.load_guardrails(None).files
    assert held.policy == (place / "job" / "packs", place / "job" / "packs", place / "job" / "missing")


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "one that is not there": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_refused(place: Path, make: Callable[[Path], object]) -> None:
    path = place / "job" / "g.yaml"
    make(path)
    assert [d.code for d in said(place, "", guardrails=path)] == ["TFI440"]


def test_what_is_wrong_in_several_files_is_said_at_once(place: Path) -> None:
    (place / "user" / "guardrails.yaml").write_text("allow: {max_nodes: null}\n")
    (place / "machine" / "guardrails.yaml").mkdir()
    assert [d.code for d in said(place, "")] == ["TFI202", "TFI440"]


def test_a_file_beside_the_manifest_is_not_read_and_a_notice_says_so(place: Path) -> None:
    (place / "project" / "guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    found = said(place, "node_count: 2\ndistributed_backend: mpi\n")
    assert breaches(found) == []
    assert [d.code for d in found if d.position and d.position.file.endswith("guardrails.yaml")] == ["TFI444"]


def test_a_file_of_the_manifests_repository_holds_and_a_warning_says_whose_it_is(place: Path) -> None:
    (place / "project" / "guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    found = said(place, "node_count: 2\ndistributed_backend: mpi\n", guardrails=place / "project" / "guardrails.yaml")
    assert breaches(found) == [("TFI446", 2)]
    assert [d.code for d in found if d.code in ("TFI443", "TFI444")] == ["TFI443"]


def test_arguments_from_python_are_held(place: Path) -> None:
    (place / "user" / "guardrails.yaml").write_text("allow: {max_nodes: 1, inline: false}\n")
    arguments = {
        "entry_script": "train.py",
        "node_count": 2,
        "distributed_backend": "mpi",
        "compute_target": {"vm_size": "Standard_D8s_v5"},
    }
    with pytest.raises(ManifestError) as error:
        check_manifest(project_from_arguments(arguments, name="x", folder=place / "project"))
    assert [(d.code, d.path) for d in error.value.diagnostics if d.is_error] == [
        ("TFI446", "node_count"),
        ("TFI451", "compute_target"),
    ]


@pytest.mark.parametrize(
    ("where", "mode", "why"),
    [
        ("project/key.pem", 0o600, "lies in the source directory"),
        ("repository/keys/key.pem", 0o600, "lies in the repository"),
        ("user/key.pem", 0o640, "its mode is 640"),
        ("user/key.pem", 0o600, None),
    ],
)
def test_no_key_signs_that_others_can_have(where: str, mode: int, why: str | None, place: Path) -> None:
    key = place / where
    (place / "repository/.git").mkdir(parents=True)
    key.parent.mkdir(exist_ok=True)
    key.write_text("key")
    key.chmod(mode)
    (place / "user" / "guardrails.yaml").write_text(f"audit:\n  sign: {key}\n")
    found = [d for d in said(place, "") if d.code == "TFI456"]
    assert [d.position.line for d in found if d.position and d.is_error] == ([2] if why else [])
    assert all(why in d.message for d in found) if why else not found
