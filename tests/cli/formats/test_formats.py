"""SARIF, JUnit XML and the comment on a change, as the verbs write them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.formats.written import GOOD, WRONG, as_golden, read_junit, read_sarif, repository
from tfinfra.cli.formats.findings import findings_of
from tfinfra.cli.formats.places import Repository
from tfinfra.cli.formats.sarif import MOST_RESULTS, sarif
from tfinfra.cli.main import main
from tfinfra.cli.manifests.outcome import Outcome
from tfinfra.errors import CredentialsError, Diagnostic, Position, Severity

ALL = ["--sarif", "s.sarif", "--junit", "j.xml", "--markdown", "c.md"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "repository").mkdir()
    found = repository(tmp_path / "repository")
    monkeypatch.chdir(found)
    return found


@pytest.mark.parametrize("name", ["s.sarif", "j.xml", "c.md"])
def test_each_format_is_as_its_golden(name: str, folder: Path, request: pytest.FixtureRequest) -> None:
    assert main(["validate", ".", *ALL]) == 3
    update = request.config.getoption("--update-goldens")
    written, golden = as_golden(name, (folder / name).read_text(encoding="utf-8"), update=update)
    assert written == golden


def test_all_formats_are_written_where_nothing_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "good.yaml"]) == 0
    assert main(["compile", "--check", "good.yaml", *ALL]) == 0
    run = read_sarif(folder / "s.sarif")
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"][0]["executionSuccessful"] is True
    (suite,) = read_junit(folder / "j.xml")
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    assert (folder / "c.md").read_text() == ""
    assert "nothing has changed: the comment is empty" in capsys.readouterr().err


WHAT_FAILS = {
    "a wrong manifest": (["validate", "wrong.yaml"], 3, "TFI203"),
    "one that is not there": (["validate", "nowhere.yaml"], 3, "TFI101"),
    "a folder without any": (["validate", "empty"], 2, "usage"),
    "a deploy folder that is not the manifest's": (["compile", "--check", "good.yaml"], 11, "difference"),
    "a denied warning": (["plan", "warned.yaml", "--deny", "warnings"], 3, "TFI412"),
}


@pytest.mark.parametrize("sentence", WHAT_FAILS)
def test_all_formats_are_written_where_the_verb_fails(sentence: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    words, code, rule = WHAT_FAILS[sentence]
    assert main([*words, *ALL]) == code
    run = read_sarif(folder / "s.sarif")
    invocation = run["invocations"][0]
    told = [
        *run["results"],
        *({"ruleId": n["descriptor"]["id"], **n} for n in invocation["toolExecutionNotifications"]),
    ]
    assert [(each["ruleId"], each["level"]) for each in told] == [(rule, "error")]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (code, code != 2)
    (suite,) = read_junit(folder / "j.xml")
    (failure,) = [*suite.iter("failure"), *suite.iter("error")]
    assert failure.get("type") == rule
    assert failure.tag == ("error" if code == 2 else "failure")
    comment = (folder / "c.md").read_text()
    assert "**✘ 1 failed**" in comment.splitlines()[0]
    assert f"- error {rule} <code>" in comment


def test_a_crash_and_what_is_no_fault_of_a_manifest_are_notifications() -> None:
    outcomes = [Outcome("a.yaml", error=CredentialsError("nobody is signed in", "sign in"))]
    run = sarif("plan", findings_of(outcomes), 5, Repository(Path("/r"), Path("/r")))["runs"][0]
    assert run["results"] == []
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"] == {"text": "nobody is signed in (sign in)"}
    assert run["invocations"][0]["executionSuccessful"] is False


def _results(folder: Path, *words: str) -> list[dict[str, Any]]:
    main([*words, "--sarif", "s.sarif"])
    found: list[dict[str, Any]] = read_sarif(folder / "s.sarif")["results"]
    return found


def test_places_are_relative_to_the_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(result: dict[str, Any]) -> object:
        return result["locations"][0]["physicalLocation"]["artifactLocation"]

    here = {"uri": "ml/wrong.yaml", "uriBaseId": "%SRCROOT%"}
    assert [place(each) for each in _results(folder, "validate", "wrong.yaml")] == [here]
    assert [place(each) for each in _results(folder, "validate", str(folder / "wrong.yaml"))] == [here]
    odd = folder / "a b#é.yaml"
    odd.write_text(f"name: odd\n{WRONG}")
    assert [place(each)["uri"] for each in _results(folder, "validate", odd.name)] == ["ml/a%20b%23%C3%A9.yaml"]  # type: ignore[index]
    outside = folder.parents[1] / "outside.yaml"
    outside.write_text(WRONG)
    (folder.parents[1] / "train.py").write_text("print()\n")
    assert [place(each) for each in _results(folder, "validate", str(outside))] == [{"uri": outside.as_uri()}]
    monkeypatch.chdir(folder.parent)
    main(["validate", "ml/wrong.yaml", "--sarif", "s.sarif"])
    assert [place(each) for each in read_sarif(folder.parent / "s.sarif")["results"]] == [here]


def _fingerprints(folder: Path, text: str) -> list[str]:
    (folder / "wrong.yaml").write_text(text)
    return [
        each["partialFingerprints"]["primaryLocationLineHash"] for each in _results(folder, "validate", "wrong.yaml")
    ]


def test_a_fingerprint_stays_where_lines_move_and_differs_where_the_subject_does(folder: Path) -> None:
    (first,) = _fingerprints(folder, WRONG)
    assert _fingerprints(folder, f"# a comment\n\n{WRONG}") == [first]
    both = _fingerprints(folder, f"{WRONG}node_cuont: 2\n")
    assert both[0] == first
    assert len(set(both)) == 2


def test_findings_of_one_text_have_fingerprints_of_their_own() -> None:
    found = [Diagnostic("TFI504", Severity.WARNING, "m", "p", Position("t.py", line, 1, 1, "x")) for line in (1, 2)]
    run = sarif("validate", findings_of([Outcome("a.yaml", tuple(found))]), 0, Repository(Path("/r"), Path("/r")))[
        "runs"
    ][0]
    prints = [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]
    assert [each.partition(":")[2] for each in prints] == ["1", "2"]


def test_a_script_of_two_manifests_has_its_faults_once(folder: Path) -> None:
    (folder / "train.py").write_text("def f(:\n")
    codes = [each["ruleId"] for each in _results(folder, "validate", "good.yaml", "warned.yaml")]
    assert codes.count("TFI501") == 1


def test_a_sarif_file_holds_what_github_takes_and_says_what_is_left_out() -> None:
    found = (
        Diagnostic("TFI203", Severity.ERROR, "m", "p", Position("t.yaml", n + 1, 1, 1, "x")) for n in range(25_010)
    )
    run = sarif("validate", findings_of([Outcome("a.yaml", tuple(found))]), 3, Repository(Path("/r"), Path("/r")))[
        "runs"
    ][0]
    assert len(run["results"]) == MOST_RESULTS
    assert "10 more findings" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


HOSTILE = "a|b`c<img src=x>@team #1 [x](y) ]]> \x7f\x1b[31m.yaml"


def test_hostile_names_are_text_in_every_format(folder: Path) -> None:
    keys = '"[click](https://evil.example)|@team <b>": 1\n"\\u202e\\ufffe": 2\n'
    (folder / HOSTILE).write_text(f"name: a\nentry_script: train.py\n{keys}", encoding="utf-8")
    (folder / os.fsdecode(b"\xff::error::\n.yaml")).write_text(f"name: b\n{WRONG}")
    assert main(["validate", ".", *ALL]) == 3
    run = read_sarif(folder / "s.sarif")
    assert not any(re.search(r"(?<!\\)\[[^\]]*\]\(", each["message"]["text"]) for each in run["results"])
    assert len(read_junit(folder / "j.xml")) == 5
    comment = (folder / "c.md").read_text(encoding="utf-8")
    outside = re.sub(r"<code>[^<>|`@\[\]*]*</code>", "", comment)
    assert set(re.findall(r"<[^>]*>", outside)) <= {
        "<details>", "</details>", "<summary>", "</summary>", "<!-- tfinfra validate -->",
    }  # fmt: skip
    for piece in ("@team", "img", "evil", "::error"):
        assert piece not in outside
    assert "https://" not in comment


@pytest.mark.parametrize("manifests", [1, 20, 60])
def test_a_comment_has_at_most_forty_lines_and_says_what_it_leaves_out(manifests: int, folder: Path) -> None:
    names = [f"m{number}.yaml" for number in range(manifests)]
    for number, name in enumerate(names):
        wrong = "".join(f"key{key}: 1\n" for key in range(30)) if number % 2 == 0 else ""
        (folder / name).write_text(GOOD + wrong)
    assert main(["validate", *names, "--markdown", "c.md"]) == 3
    lines = (folder / "c.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert f"{manifests} manifest" in lines[0]
    assert "and 18 more" in "\n".join(lines) if manifests == 1 else "more" in lines[0]


def _comment(folder: Path, *words: str) -> str:
    main([*words, "--markdown", "c.md"])
    return (folder / "c.md").read_text(encoding="utf-8")


def test_a_comment_tells_the_cost_before_and_after(folder: Path) -> None:
    assert "**0.00 → 0.46 USD/h (+0.46)**" in _comment(folder, "plan", "good.yaml")
    assert main(["compile", "good.yaml"]) == 0
    (folder / "good.yaml").write_text(GOOD.replace("D8s", "D16s"))
    comment = _comment(folder, "plan", "good.yaml")
    verdict, *rest = comment.splitlines()
    assert verdict.startswith(
        "**tfinfra plan** · 1 manifest · ✔ none failed · **0.46 → 0.85 USD/h (+0.38)** · at most "
    )
    (row,) = [line for line in rest if "good.yaml" in line]
    assert "Standard_D8s_v5 in eastus</code> → <code>1 x Standard_D16s_v5 in eastus" in row
    assert "| 0.46 → 0.85 |" in row


def test_a_comment_names_no_size_for_the_local_cloud(folder: Path) -> None:
    (folder / "local.yaml").write_text("entry_script: train.py\n")
    assert "| new: 1 node on the local cloud | 0.00 | 0.00 |" in _comment(folder, "plan", "local.yaml")


def test_a_comment_compares_with_the_base_that_is_given(folder: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    repository(base)
    assert _comment(folder, "validate", "good.yaml", "--base", str(base)) == ""
    (folder / "good.yaml").write_text(GOOD.replace("D8s", "D16s"))
    assert main(["compile", "good.yaml"]) == 0
    assert "**0.46 → 0.85 USD/h" in _comment(folder, "compile", "--check", "good.yaml", "--base", str(base))
    (folder / "new.yaml").write_text(GOOD)
    comment = _comment(folder, "validate", "good.yaml", "new.yaml", "--base", str(base))
    assert "**0.46 → 1.31 USD/h" in comment
    assert "new: <code>1 x Standard_D8s_v5" in comment
    (base / "ml/good.yaml").write_text("- no manifest\n")
    assert "new: " in _comment(folder, "validate", "good.yaml", "--base", str(base))


def _base_of_one(folder: Path, tmp_path: Path) -> Path:
    """A base with the same manifest as the folder: good.yaml alone."""
    base = tmp_path / "base"
    base.mkdir()
    repository(base)
    for name in ("wrong.yaml", "warned.yaml"):
        (folder / name).unlink()
        (base / "ml" / name).unlink()
    return base


def test_a_manifest_that_the_base_has_and_the_folder_has_not_is_gone(folder: Path, tmp_path: Path) -> None:
    base = _base_of_one(folder, tmp_path)
    (base / "ml/deeper").mkdir()
    (base / "ml/deeper/old.yaml").write_text(GOOD.replace("train.py", "../train.py"))
    comment = _comment(folder, "validate", ".", "--base", str(base))
    assert "1 manifest · ✔ none failed · **0.93 → 0.46 USD/h (-0.46)**" in comment
    assert (
        "| <code>deeper/old.yaml</code> | gone: <code>1 x Standard_D8s_v5 in eastus</code> | 0.46 | 1.41 |" in comment
    )


def test_the_price_file_is_read_once_for_each_manifest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfinfra.catalog import price_file

    assert main(["compile", "good.yaml", "warned.yaml"]) == 0
    asked: list[Path] = []
    monkeypatch.setattr(price_file, "read_price_file", asked.append)  # None: there is no such file
    for name in ("good.yaml", "warned.yaml"):
        (folder / name).write_text(f"{(folder / name).read_text()}tags: {{changed: 'yes'}}\n")
    comment = _comment(folder, "plan", "good.yaml", "warned.yaml")
    assert "2 manifests changed" in comment
    assert len(asked) == 2


def test_a_manifest_that_is_gone_is_told_with_the_target_that_all_are_asked_of(folder: Path, tmp_path: Path) -> None:
    base = _base_of_one(folder, tmp_path)
    (base / "ml/old.yaml").write_text(GOOD)
    for root in (folder, base / "ml"):
        (root / "compute_targets.yaml").write_text("big: {location: eastus, vm_size: Standard_D16s_v5}\n")
    comment = _comment(folder, "validate", ".", "--target", "big", "--base", str(base))
    assert "| <code>old.yaml</code> | gone: <code>1 x Standard_D16s_v5 in eastus</code> |" in comment


def test_a_local_cloud_costs_nothing(folder: Path) -> None:
    (folder / "local.yaml").write_text("entry_script: train.py\n")
    assert "**0.00 → 0.00 USD/h" in _comment(folder, "validate", "local.yaml")


REFUSED = {
    "two formats in one file": (["--sarif", "x", "--junit", "./x"], "--sarif and --junit name one file"),
    "two formats on stdout": (["--sarif", "-", "--junit", "-"], "--sarif and --junit name one file"),
    "stdout that the document needs": (["--sarif", "-", "--json"], "both need stdout"),
    "the manifest's own file": (["--junit", "good.yaml"], "would overwrite the manifest 'good.yaml'"),
    "a folder": (["--junit", "."], "it is a folder"),
    "a folder that is not there": (["--junit", "nowhere/j.xml"], "there is no folder 'nowhere'"),
    "a link": (["--junit", "link"], "nothing is written through one"),
    "a base without a comment": (["--base", "."], "there is no --markdown"),
    "a base that is not there": (["--markdown", "c.md", "--base", "nowhere"], "'nowhere' is no folder"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_written_is_refused_first(
    sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link").symlink_to("train.py")
    words, said = REFUSED[sentence]
    assert main(["validate", "good.yaml", *words]) == 2
    assert said in capsys.readouterr().err
    assert (folder / "good.yaml").read_text() == GOOD


def test_stdout_holds_the_format_alone(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["plan", "good.yaml", "wrong.yaml", "--sarif", "-"]) == 3
    assert json.loads(capfdbinary.readouterr().out)["version"] == "2.1.0"


def test_a_reader_that_has_gone_changes_no_exit_code(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "tfinfra.cli.main", "validate", "wrong.yaml", "--markdown", "-"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.returncode == 3
    assert "Broken pipe" not in done.stderr


def test_a_stdout_that_is_not_utf8_has_entities(folder: Path) -> None:
    command = [sys.executable, "-m", "tfinfra.cli.main", "validate", "good.yaml", "--markdown", "-"]
    plain = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "0.00 &#8594; 0.46 USD/h" in done.stdout


def test_a_report_that_cannot_be_written_hides_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfinfra.cli.manifests.reports._replace", full)
    assert main(["validate", "wrong.yaml", "--junit", "j.xml"]) == 2
    told = capsys.readouterr().err
    assert "error[TFI203]" in told
    assert "--junit: cannot write 'j.xml': no space left on device" in told


def test_a_pipe_is_written_to_and_not_replaced(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reading = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert main(["validate", "good.yaml", "--junit", "pipe"]) == 0
    assert os.read(reading, 100).startswith(b"<?xml")
    os.close(reading)
    assert (folder / "pipe").is_fifo()
