"""`tfinfra check`: one verdict a manifest, with previews that are played here; the real ones are in
tests/engine/test_check.py."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.locking.locks import lock, without_index_or_engine
from tfinfra.cli.main import main
from tfinfra.compiler.pipeline import Compiled
from tfinfra.engine.policy.preview import ADVISORY, MANDATORY, Preview, PreviewedResource, Violation
from tfinfra.errors import NotFeasible, ProvisioningError
from tfinfra.lifecycle.previews import two_at_once
from tfinfra.lifecycle.previews.stacks import StackPreview

GOOD = "entry_script: train.py\n"
KEEP = (PreviewedResource("azure-native:resources:ResourceGroup", "group"),)
COMPUTE = (
    PreviewedResource("azure-native:compute:VirtualMachineScaleSet", "nodes"),
    PreviewedResource("azure-native:network:NatGateway", "nat"),
)


class Played:
    """Previews without an engine. `submitted` are the names, in their order; what `say` has for one is raised, or is
    what a policy says."""

    submitted: list[str]
    say: dict[str, Any]

    def __init__(self, places: int, progress: Any) -> None:
        del progress
        assert places in (1, 2)

    def __enter__(self) -> Played:
        return self

    def __exit__(self, *_: object) -> None:
        Played.submitted.append("end")

    def submit(self, compiled: Compiled) -> Future[tuple[StackPreview, ...]]:
        name = compiled.spec.name
        Played.submitted.append(name)
        found: Future[tuple[StackPreview, ...]] = Future()
        said = Played.say.get(name, ())
        if isinstance(said, Exception):
            found.set_exception(said)
        else:
            previews = Preview(KEEP, {}), Preview(COMPUTE, {}, said)
            found.set_result((StackPreview("keep", 0, previews[0]), StackPreview("compute", 0, previews[1])))
        return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setattr(two_at_once, "Previews", Played)
    monkeypatch.setattr("tfinfra.engine.tool.toolchain.ensure_cli", lambda tell: None)
    Played.submitted, Played.say = [], {}
    (tmp_path / "train.py").write_text("print()\n")
    for name in "abcd":
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\n{GOOD}")
    (tmp_path / "same.yaml").write_text(f"name: a\n{GOOD}")
    (tmp_path / "wrong.yaml").write_text(f"{GOOD}worker_cout: 2\n")
    return tmp_path


def said(level: str) -> tuple[Violation, ...]:
    return (Violation("rules", "no-nat", level, "no NAT gateways", "azure-native:network:NatGateway", "nat"),)


OK = "ok: 1 node, no cost, 3 resources previewed"
EXITS: dict[str, tuple[str, int, str]] = {
    "a good one": ("a.yaml", 0, "a.yaml: ok: 1 node, no cost, 3 resources previewed; deploy/a is not compiled yet\n"),
    "one that was compiled": (
        "b.yaml",
        0,
        "b.yaml: ok: 1 node, no cost, 3 resources previewed; deploy/b is as compiled\n",
    ),
    "one whose folder was changed": ("c.yaml", 11, ""),
    "a wrong one": ("wrong.yaml", 3, ""),
    "a wrong one hides no other": ("wrong.yaml a.yaml", 3, "a.yaml: ok: "),
    "3 goes before 11": ("c.yaml wrong.yaml", 3, ""),
    "two of one name": ("a.yaml same.yaml", 2, "a.yaml: ok: "),
    "a difference alone among good ones": ("a.yaml c.yaml", 11, "a.yaml: ok: "),
}


@pytest.mark.parametrize("sentence", EXITS)
def test_a_verdict_for_each_manifest(sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "b.yaml", "c.yaml"]) == 0
    (folder / "deploy/c/plan.json").write_text("{}")
    capsys.readouterr()
    words, code, told = EXITS[sentence]
    assert main(["check", *words.split()]) == code
    assert capsys.readouterr().out.startswith(told)


def test_what_speaks_against_a_manifest_goes_before_its_folder(folder: Path) -> None:
    main(["compile", "a.yaml"])
    (folder / "deploy/a/plan.json").unlink()
    assert main(["check", "a.yaml"]) == 11
    Played.say["a"] = ProvisioningError("the program of the keep stack failed")
    assert main(["check", "a.yaml"]) == 6
    Played.say["a"] = said(MANDATORY)
    assert main(["check", "a.yaml"]) == 3


@pytest.mark.parametrize(("words", "code"), [("a.yaml", 4), ("wrong.yaml", 3), ("a.yaml wrong.yaml", 3)])
def test_a_machine_that_cannot_preview_is_no_fault_of_tfinfras_and_hides_none_of_a_manifests(
    words: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(tell: object) -> None:
        raise NotFeasible("Pulumi is not here, and nothing here builds it", "install it")

    monkeypatch.setattr("tfinfra.engine.tool.toolchain.ensure_cli", missing)
    assert main(["check", *words.split()]) == code
    told = capsys.readouterr().err
    assert ("nothing here builds it" in told, "worker_cout" in told) == ("a.yaml" in words, "wrong" in words)


@pytest.mark.parametrize("words", ["wrong.yaml", "missing.yaml", "wrong.yaml missing.yaml"])
def test_who_has_no_right_manifest_waits_for_no_tool(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr("tfinfra.engine.tool.toolchain.ensure_cli", made.append)
    assert main(["check", *words.split()]) == 3
    assert made == []


def test_the_first_manifest_is_told_of_before_the_next_wants_a_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    monkeypatch.setattr("tfinfra.engine.tool.toolchain.ensure_cli", lambda _: told.append(capsys.readouterr().err))
    assert main(["check", "wrong.yaml", "a.yaml"]) == 3
    assert ["worker_cout" in each for each in told] == [True]


def test_what_a_policy_warns_of_is_told_and_may_be_denied(capsys: pytest.CaptureFixture[str]) -> None:
    Played.say["a"] = said(ADVISORY)
    assert main(["check", "a.yaml"]) == 0
    assert "warning[TFI465]: policy 'no-nat' of pack 'rules': no NAT gateways" in capsys.readouterr().err
    assert main(["check", "a.yaml", "--deny", "TFI465"]) == 3


def test_the_next_manifests_are_on_their_way_before_the_first_is_told_of() -> None:
    assert main(["check", "wrong.yaml", "a.yaml", "b.yaml", "c.yaml", "d.yaml"]) == 3
    assert Played.submitted == ["a", "b", "c", "d", "end"]


def test_the_document_says_what_would_be_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compile", "a.yaml"])
    capsys.readouterr()
    assert main(["check", "a.yaml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "a"
    assert document["deploy"] == {"folder": "deploy/a", "compiled": True}
    assert [r["name"] for r in document["preview"]["compute"]] == ["nodes", "nat"]
    assert (document["nodes"], document["usd_per_hour"], document["usd_most"]) == (1, None, None)
    before = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert main(["check", "a.yaml", "b.yaml", "--json"]) == 0
    several = json.loads(capsys.readouterr().out)
    assert [each["manifest"] for each in several["manifests"]] == ["a.yaml", "b.yaml"]
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == before


def test_a_lock_beside_a_manifest_has_to_hold(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(folder / "cache"))
    without_index_or_engine(monkeypatch)
    lock(Path("a.yaml"))
    assert main(["check", "a.yaml", "b.yaml"]) == 0
    assert "deploy/a is not compiled yet; a.lock.yaml holds\n" in capsys.readouterr().out
    assert main(["check", "a.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lock"] == "a.lock.yaml"
    (folder / "train.py").write_text("print(1)\n")
    assert main(["check", "a.yaml", "b.yaml"]) == 11
    assert "a.lock.yaml:" in capsys.readouterr().err
    assert main(["check", "b.yaml"]) == 0
