"""What single lines of verbs say, where a wrong one would send a person the wrong way."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tfinfra.cli.machine.doctor import checklist_lines
from tfinfra.cli.main import main
from tfinfra.clouds import cloud_to_provision
from tfinfra.errors import NotFeasible
from tfinfra.machine.walk.steps import NOT_ASKED, Step
from tfinfra.machine.walk.target import Checklist
from tfinfra.model import Target


def test_what_was_not_asked_is_one_line() -> None:
    asked = Step("credential", "not", "nobody is signed in", "az login", 5)
    unasked = tuple(Step(check, "unknown", NOT_ASKED) for check in ("tenant", "quota", "policy"))
    lines = checklist_lines(Checklist("az", "azure", "a plan", (asked, *unasked), 5, 0.1))
    (line,) = [line for line in lines if "not asked" in line]
    assert line.endswith("tenant, quota, policy")
    assert lines[-1].endswith("3 of 4 could not be told")


@pytest.mark.parametrize(("provider", "said"), [(None, "lack the azure-native plugin"), ("p", "starts at once")])
def test_a_machine_without_the_plugin_is_not_called_ready_for_azure(
    provider: str | None, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepared(*_: object, **__: object) -> dict[str, Any]:
        return {"pulumi": "p", "provider": provider, "environments": []}

    monkeypatch.setattr("tfinfra.machine.setup.prepare_machine", prepared)
    assert main(["setup"]) == 0
    assert said in capsys.readouterr().err


def test_an_endpoint_where_nobody_answers_is_told_from_one_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TFINFRA_ARM_ENDPOINT", "https://127.0.0.1:9")
    target = Target(name="t", cloud="azure", location="eastus", vm_size="D2", os_disk_gb=64, subscription_id="s")
    with pytest.raises(NotFeasible, match=r"^no answer from https://127\.0\.0\.1:9") as caught:
        cloud_to_provision(target, False, None, None)
    assert "HTTPS_PROXY" in str(caught.value.hint)


FOLDERS = {
    "plain": ("project", "project/train.yaml"),
    "with a blank": ("My Proj", "'My Proj/train.yaml'"),
    "with what a shell obeys": ("a$(id);b", "'a$(id);b/train.yaml'"),
    "with a quote": ("it's", "'it'\"'\"'s/train.yaml'"),
    "like an option": ("-x", "./-x/train.yaml"),
}


@pytest.mark.parametrize(("folder", "word"), FOLDERS.values(), ids=FOLDERS)
def test_a_command_that_is_printed_works_when_it_is_copied(
    folder: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--", folder]) == 0
    printed = capsys.readouterr().out.partition("next: ")[2].strip()
    assert printed == f"tfinfra up {word}"
    assert Path(shlex.split(printed)[2]).exists()
