"""Several manifests, folders and stdin: none hides another, and there is one exit code and one document."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tfinfra.cli.main import main
from tfinfra.cli.manifests.outcome import Outcome, exit_code_of
from tfinfra.errors import error_of

GOOD = "entry_script: train.py\n"
WRONG = "entry_script: train.py\nworker_cout: 2\n"
WARNED = f"{GOOD}vm_size: Standard_NC4as_T4_v3\nlimits: {{max_run_duration: 1h}}\n"
"""TFI412: a size with a GPU that nothing uses."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "train.py").write_text("print()\n")
    for name, text in {"good.yaml": GOOD, "wrong.yaml": WRONG, "warned.yaml": WARNED}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


EXITS = {
    "two good ones": ("validate good.yaml warned.yaml", 0),
    "a wrong one among good ones": ("validate good.yaml wrong.yaml warned.yaml", 3),
    "one that is not there hides no other": ("validate nowhere.yaml good.yaml", 3),
    "a folder with a wrong one": ("validate .", 3),
    "a folder without any": ("validate empty", 2),
    "a folder without any beside a wrong one: 2 goes before 3": ("validate wrong.yaml empty", 2),
    "a difference beside a wrong one: 3 goes before 11": ("compile --check good.yaml wrong.yaml", 3),
    "two differences": ("compile --check good.yaml warned.yaml", 11),
    "a denied warning": ("validate warned.yaml --deny TFI412", 3),
    "a code in lower case": ("validate warned.yaml --deny tfi412", 3),
    "all warnings are denied": ("validate warned.yaml --deny warnings", 3),
    "all but the allowed are denied": ("validate warned.yaml --deny warnings --allow TFI412", 0),
    "a code that is denied and does not occur": ("validate good.yaml --deny TFI412", 0),
    "a code that is denied and allowed": ("validate good.yaml --deny TFI412 --allow tfi412", 2),
    "a denied code that does not exist": ("validate good.yaml --deny TFI999", 2),
    "an error that is allowed": ("validate wrong.yaml --allow TFI203", 2),
    "a denied warning is refused before the folder is compared": ("compile --check warned.yaml --deny TFI412", 3),
    "a plan of several": ("plan good.yaml warned.yaml", 0),
    "two that would write one folder": ("compile good.yaml same/good.yaml", 2),
}


@pytest.mark.parametrize("sentence", EXITS)
def test_exit_codes(sentence: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "same").mkdir()
    (folder / "same/good.yaml").write_text("name: good\nsource_directory: ..\nentry_script: train.py\n")
    (folder / "same/train.py").write_text("print()\n")
    if "validate ." in sentence:
        (folder / "same/good.yaml").unlink()
    words, code = EXITS[sentence]
    assert main(words.split()) == code


ORDER = {
    "nothing failed": ([0, 0], 0),
    "a crash goes before all": ([4, 2, 1, 11], 1),
    "usage, then credentials, then the manifest": ([3, 5, 2], 2),
    "credentials before the manifest": ([3, 5, 4], 5),
    "the manifest before what a cloud lacks": ([4, 3], 3),
    "a difference is the last of these": ([11, 4, 0], 4),
    "one that none of these is": ([0, 6, 0], 6),
}


@pytest.mark.parametrize(("codes", "expected"), ORDER.values(), ids=ORDER)
def test_the_first_of_these_that_occurs_is_the_verbs(codes: list[int], expected: int) -> None:
    outcomes = [Outcome("m.yaml", error=error_of(code)("m") if code else None) for code in codes]
    assert exit_code_of(outcomes) == expected


def _document(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_one_document_holds_those_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = _document(capsys, "validate", "good.yaml", "wrong.yaml", "nowhere.yaml")
    assert (code, document["document"], document["version"], document["verb"]) == (3, "manifests", 1, "validate")
    assert document["exit_code"] == 3
    good, wrong, nowhere = document["manifests"]
    assert (good["manifest"], good["exit_code"], good["valid"]) == ("good.yaml", 0, True)
    assert (wrong["manifest"], wrong["exit_code"]) == ("wrong.yaml", 3)
    assert [each["code"] for each in wrong["diagnostics"]] == ["TFI203"]
    assert nowhere["error"].startswith("cannot read 'nowhere.yaml'")


def test_a_manifest_named_alone_has_the_verbs_own_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert _document(capsys, "validate", "good.yaml")[1]["name"] == "good"
    assert _document(capsys, "validate", "good.yaml", "./good.yaml", str(Path("good.yaml").resolve()))[1]["valid"]


def test_a_folder_of_one_has_the_document_of_several(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "warned.yaml").unlink()
    (folder / "wrong.yaml").unlink()
    _, document = _document(capsys, "validate", ".")
    assert [each["manifest"] for each in document["manifests"]] == ["good.yaml"]


def test_a_file_is_taken_once_however_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, document = _document(capsys, "validate", "warned.yaml", ".", "./good.yaml")
    assert [each["manifest"] for each in document["manifests"]] == ["warned.yaml", "good.yaml", "wrong.yaml"]


def test_a_crash_on_one_is_reported_and_the_others_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tfinfra.compiler import pipeline

    check = pipeline.check_manifest

    def fail(project: pipeline.Project) -> pipeline.CheckedManifest:
        if project.stem == "good":
            raise ZeroDivisionError("for the test")
        return check(project)

    monkeypatch.setattr(pipeline, "check_manifest", fail)
    code, document = _document(capsys, "validate", "good.yaml", "wrong.yaml", "warned.yaml")
    assert code == 1
    assert [each["exit_code"] for each in document["manifests"]] == [1, 3, 0]
    (report,) = (folder / "state/reports").iterdir()
    assert document["manifests"][0]["report"] == str(report)
    assert main(["validate", "good.yaml", "wrong.yaml"]) == 1
    told = capsys.readouterr()
    assert "report: " in told.err
    assert "error[TFI203]" in told.err
    assert "2 of 2 manifests failed:\n  good.yaml (exit 1)\n  wrong.yaml (exit 3)" in told.err


def test_a_folder_without_a_manifest_is_counted_as_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    assert main(["validate", "empty"]) == 2
    told = capsys.readouterr().err
    assert "error: there is no manifest in 'empty'" in told
    assert "failed" not in told
    assert main(["validate", "empty", "good.yaml", "wrong.yaml", "--markdown", "c.md"]) == 2
    told = capsys.readouterr().err
    assert "1 of 2 manifests failed:\n  wrong.yaml (exit 3)\n1 folder gave no manifest:\n  empty (exit 2)\n" in told
    assert " · 2 manifests · **✘ 2 failed**: " in (folder / "c.md").read_text(encoding="utf-8")
    assert main(["validate", "empty", "--markdown", "c.md"]) == 2
    assert " · no manifest · **✘ 1 failed**: " in (folder / "c.md").read_text(encoding="utf-8")


def test_stdin_holds_a_manifest(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _stdin(monkeypatch, f"name: piped\n{GOOD}")
    assert _document(capsys, "validate", "-")[1]["name"] == "piped"
    _stdin(monkeypatch, f"name: piped\n{WRONG}")
    assert main(["validate", "-"]) == 3
    assert "--> <stdin>:3:1" in capsys.readouterr().err
    _stdin(monkeypatch, GOOD)
    assert main(["validate", "-"]) == 3
    assert "error[TFI304]: the run has no name" in capsys.readouterr().err
    _stdin(monkeypatch, f"name: piped\n{GOOD}")
    _, document = _document(capsys, "validate", "good.yaml", "-", "-")
    assert [each["manifest"] for each in document["manifests"]] == ["good.yaml", "<stdin>"]


def test_stdin_that_is_closed_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert main(["validate", "-"]) == 2
    assert "stdin is closed" in capsys.readouterr().err


def test_what_is_denied_is_shown_as_an_error_and_what_is_allowed_is_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, document = _document(capsys, "plan", "warned.yaml", "--deny", "TFI412")
    assert code == 3
    assert [(each["code"], each["severity"]) for each in document["diagnostics"]] == [("TFI412", "error")]
    code, document = _document(capsys, "plan", "warned.yaml", "--allow", "TFI412")
    assert (code, document["diagnostics"]) == (0, [])
    assert main(["validate", "warned.yaml", "--allow", "TFI412"]) == 0
    assert "TFI412" not in capsys.readouterr().err


def test_a_denied_warning_beside_what_a_cloud_lacks_is_a_fault_of_the_manifest(folder: Path) -> None:
    (folder / "both.yaml").write_text(f"{GOOD}use_gpu: true\npip_packages: [tensorflow]\n")
    assert main(["validate", "both.yaml"]) == 4
    assert main(["validate", "both.yaml", "--deny", "TFI313"]) == 3


def test_a_word_that_is_near_a_code_is_hinted_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "good.yaml", "--deny", "warning"]) == 2
    assert "did you mean 'warnings'?" in capsys.readouterr().err


FOUND = {
    "by its entry script": ("a.yaml", GOOD, True),
    "by the other ending": ("a.yml", GOOD, True),
    "by a misspelt entry script": ("a.yaml", "entry_scrpt: train.py\n", True),
    "by an entry script in capitals": ("a.yaml", "Entry_Script: train.py\n", True),
    "by two keys with hyphens": ("a.yaml", "node-count: 2\nframework-version: 2.15.1\n", True),
    "by two keys that only manifests have": ("a.yaml", "node_count: 2\nframework_version: 2.15.1\n", True),
    "though it is no YAML": ("a.yaml", 'entry_script: "train.py\n', True),
    "though it holds two documents": ("a.yaml", f"{GOOD}---\n{GOOD}", True),
    "though it is UTF-16": ("a.yaml", GOOD.encode("utf-16").decode("latin-1"), True),
    "in one line": ("a.yaml", "{name: a, entry_script: train.py}\n", True),
    "in a folder below": ("deep/er/a.yaml", GOOD, True),
    "in a folder called deploy that is the user's own": ("deploy/a.yaml", GOOD, True),
    "no workflow that has its name and inputs": ("ci.yaml", "name: ci\ninputs: {}\non: push\n", False),
    "no file that has the key deeper": ("ci.yaml", "jobs:\n  entry_script: train.py\n", False),
    "no file of targets": ("compute_targets.yaml", "gpus: {cloud: azure}\nentry_script: {}\n", False),
    "nothing hidden": (".github/a.yaml", GOOD, False),
    "no hidden file": (".a.yaml", GOOD, False),
    "nothing of another program's packages": ("node_modules/a/a.yaml", GOOD, False),
    "no file with another ending": ("a.txt", GOOD, False),
    "no list": ("a.yaml", "- entry_script\n", False),
}


@pytest.mark.parametrize("sentence", FOUND)
def test_a_manifest_is_found_in_a_folder(sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, text, found = FOUND[sentence]
    path = folder / "project" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    code, document = _document(capsys, "validate", "project")
    assert document["manifests"][0]["manifest"] == (f"project/{name}" if found else "project")
    assert (code == 2) is not found


def test_what_tfinfra_wrote_into_a_folder_is_no_manifest_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "good.yaml"]) == 0
    _, document = _document(capsys, "validate", ".")
    assert [each["manifest"] for each in document["manifests"]] == ["good.yaml", "warned.yaml", "wrong.yaml"]
