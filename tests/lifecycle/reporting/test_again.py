"""How a page says that a run is done again, and with what a script was called."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fakes import a_plan
from tests.lifecycle.record.test_record import a_record
from tests.locking.conftest import manifest
from tfinfra.compiler.lock_beside import lock_beside
from tfinfra.evidence.material import Origin as MadeFrom
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.trials import TrialOf
from tfinfra.lifecycle.reporting.again import again
from tfinfra.lifecycle.reporting.assemble import given_arguments, shown_value
from tfinfra.lifecycle.reporting.write import plan_of
from tfinfra.model import to_json
from tfinfra.model.git_state import GitState
from tfinfra.model.plan import Pool
from tfinfra.reporting.values import Fact

__all__ = ["manifest"]
COMMIT = "a" * 40
MADE_FROM = MadeFrom({"train.py": "0" * 64}, (), {}, "0" * 64, {}, {}, git=GitState(COMMIT, dirty=True))
COPIED = "cp runs/digits-abc123/audit/manifest.resolved.yaml again.yaml"


def test_out_of_a_repository_the_commit_comes_first() -> None:
    found = again(a_record(), MADE_FROM, verb="up", locked=None)
    assert found.commands == (f"git checkout {COMMIT}", COPIED, "tfinfra up again.yaml")
    assert (found.commit, found.dirty, found.locked) == (COMMIT, True, False)


def test_a_tune_is_begun_by_its_own_verb_and_a_trial_by_none() -> None:
    assert again(a_record(), None, verb="tune", locked=None).commands == (COPIED, "tfinfra tune again.yaml")
    trial = a_record(run="digits-abc123-t00001", on="digits-abc123", trial=TrialOf(1, {"lr": 0.1}))
    assert again(trial, None, verb="up", locked=None).commands == ()


def test_a_locked_run_is_done_again_by_its_manifest_and_lock(manifest: Path) -> None:
    lock = lock_beside(manifest).read_bytes()
    found = again(a_record(), None, verb="up", locked=lock)
    assert (found.commands, found.locked) == (("tfinfra up train.yaml --locked",), True)
    assert not again(a_record(), None, verb="up", locked=b"{").locked


def test_the_commands_hold_where_the_run_was_begun_also_for_a_manifest_in_another_folder(manifest: Path) -> None:
    record = replace(a_record(), manifest="a folder/train.yaml")
    copied, begins = again(record, None, verb="up", locked=None).commands
    assert copied.endswith(" 'a folder/again.yaml'")
    assert begins == "tfinfra up 'a folder/again.yaml'"
    (locked,) = again(record, None, verb="up", locked=lock_beside(manifest).read_bytes()).commands
    assert locked == "tfinfra up 'a folder/train.yaml' --locked"


@pytest.mark.parametrize("verb", ["up", "tune"])
def test_a_rehearsal_is_never_done_again_on_the_cloud_that_it_spared(manifest: Path, verb: str) -> None:
    record = replace(a_record(), rehearse=True)
    for lock in (None, lock_beside(manifest).read_bytes()):
        (*_, begins) = again(record, None, verb=verb, locked=lock).commands
        assert begins.startswith(f"tfinfra {verb} ")
        assert begins.endswith(" --rehearse")


WORDS = {
    "flags with values": (["--lr", "0.1", "--size", "3"], [("--lr", "0.1"), ("--size", "3")]),
    "a flag alone": (["--fast", "--lr", "0.1", "-v"], [("--fast", ""), ("--lr", "0.1"), ("-v", "")]),
    "a value in the flag": (["--lr=0.1", "in"], [("--lr", "0.1"), ("", "in")]),
    "a value that is negative": (["--low", "-1.5", "--high", "-.5"], [("--low", "-1.5"), ("--high", "-.5")]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("words", "facts"), WORDS.values(), ids=WORDS)
def test_a_command_line_in_parameters(words: list[str], facts: list[tuple[str, str]]) -> None:
    assert list(given_arguments(words)) == [Fact(*fact) for fact in facts]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("API_TOKEN", "hunter2hunter2", "***"),
        ("--db-password", "correct horse", "***"),
        ("--data", "https://me:pw@example.com/x", "***"),
        ("--max-tokens", "512", "512"),
        ("", "in", "in"),
    ],
)
def test_a_page_shows_no_secret_that_a_manifest_has_in_plain(name: str, value: str, shown: str) -> None:
    assert shown_value(name, value) == Fact(name, shown)


def test_a_trial_has_the_plan_of_its_tune_with_its_own_arguments(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "digits-abc123")
    folder.write(a_record())
    folder.deploy.mkdir()
    whole = replace(
        a_plan(), arguments=("--epochs", "3"), pool=Pool(trials_at_once=2, nodes_per_trial=1, trial_seconds=60)
    )
    (folder.deploy / "plan.json").write_text(json.dumps(to_json(whole)))
    trial = run_folder(tmp_path, "digits-abc123-t00001")
    trial.write(a_record(run="digits-abc123-t00001", on="digits-abc123", trial=TrialOf(1, {"lr": 0.1})))
    plan = plan_of(trial)
    assert plan is not None
    assert (plan.arguments, plan.node_count) == (("--epochs", "3", "--lr", "0.1"), 1)
