"""What a sweep deletes on Azure, and whom it asks: from another machine, against the local cloud's own daemon."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.azure import test_another_machine
from tests.azure.arm_calls import put
from tests.azure.fake_daemon import COMPUTE_NAME, KEEP_NAME, RUN, make
from tests.azure.test_another_machine import tfinfra
from tests.documents.checking import faults
from tests.localcloud.calls import SUB
from tfinfra.azure.clients import resource_client
from tfinfra.azure.deletion.groups import group_exists
from tfinfra.cli.main import main
from tfinfra.cli.runs import consent
from tfinfra.cloud import Cloud
from tfinfra.clouds import azure_subscription
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

cloud, no_faults = test_another_machine.cloud, test_another_machine.no_faults  # fixtures
elsewhere = test_another_machine.elsewhere


def test_a_sweep_on_azure_says_what_it_would_delete_and_deletes_nothing_unasked(
    cloud: Cloud, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    make(cloud)
    production = f"{SUB}/resourceGroups/production-db"
    past = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": "2000-01-01T00:00:00Z"}
    for path in (production, *(f"{SUB}/resourceGroups/{name}" for name in (KEEP_NAME, COMPUTE_NAME))):
        put(cloud, path, "2024-03-01", {"location": "eastus", "tags": past})
    sweep = ("down", "--expired", "--cloud", "azure")
    asked = tfinfra(tmp_path, elsewhere, *sweep, "--json")
    assert asked.returncode == 2, asked.stderr
    document = json.loads(asked.stdout)
    assert (document.pop("exit_code"), document.pop("hint")) == (2, "--yes deletes what is listed without asking")
    assert "nobody is here to agree to the end of 1 run (2 groups)" in document.pop("error")
    assert faults({**document, "error": "", "hint": None, "exit_code": 2}) == []
    assert document == {
        "document": "error",
        "version": 1,
        "diagnostics": [],
        "deleted": [],
        "would_delete": [
            {
                "run": RUN,
                "groups": [COMPUTE_NAME, KEEP_NAME],
                "owner": "ada",
                "expires": "2000-01-01T00:00:00Z",
                "charged": True,
            }
        ],
    }
    assert f"{RUN}, ada's, expires 2000-01-01T00:00:00Z: {COMPUTE_NAME}, {KEEP_NAME}" in asked.stderr
    assert all(group_exists(cloud, name) for name in (COMPUTE_NAME, KEEP_NAME))
    done = tfinfra(tmp_path, elsewhere, *sweep, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["deleted"] == [RUN]
    assert "production-db is left alone" in done.stderr
    assert group_exists(cloud, COMPUTE_NAME) is group_exists(cloud, KEEP_NAME) is False
    assert group_exists(cloud, "production-db") is True
    resource_client(cloud).resource_groups.begin_delete("production-db", polling_interval=0.05).wait()


@pytest.mark.parametrize("verb", [("--expired", "--cloud", "azure", "--yes"), (RUN,)], ids=["a sweep", "the run"])
def test_who_tags_the_machines_as_anothers_does_not_end_the_timer_that_deletes_them(
    verb: tuple[str, ...], cloud: Cloud, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    make(cloud)
    past = {"tfinfra-run": RUN, "tfinfra-expires-at": "2000-01-01T00:00:00Z"}
    for name, tags in ((KEEP_NAME, past), (COMPUTE_NAME, {"tfinfra-run": "words-xyz789"})):
        put(cloud, f"{SUB}/resourceGroups/{name}", "2024-03-01", {"location": "eastus", "tags": tags})
    ended = tfinfra(tmp_path, elsewhere, "down", *verb)
    assert ended.returncode == 10, ended.stderr
    assert f"{KEEP_NAME}: at an unknown cost: kept, because the timer in it" in ended.stderr
    assert f"{COMPUTE_NAME}: at an unknown cost: left alone" in ended.stderr
    assert group_exists(cloud, COMPUTE_NAME) is group_exists(cloud, KEEP_NAME) is True
    make(cloud)  # tagged as it was, for whoever cleans up


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("answer", [False, True])
def test_who_sits_at_a_terminal_is_asked(
    answer: bool, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(cloud)
    mine = {"tfinfra-run": RUN, "tfinfra-owner": azure_subscription(SUBSCRIPTION).owner}
    for name in (KEEP_NAME, COMPUTE_NAME):
        put(cloud, f"{SUB}/resourceGroups/{name}", "2024-03-01", {"location": "eastus", "tags": mine})
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(consent, "somebody_there", lambda: True)
    monkeypatch.setattr(consent, "ask", lambda check, question: answer)
    assert main(["down", "--all", "--cloud", "azure"]) == (0 if answer else 8)
    assert (group_exists(cloud, COMPUTE_NAME) is False) is answer


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("sweep", ["--all", "--expired"])
def test_a_terminal_that_closes_ends_no_deletion_that_was_agreed_to(
    sweep: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(cloud)
    owner = azure_subscription(SUBSCRIPTION).owner
    mine = {"tfinfra-run": RUN, "tfinfra-owner": owner, "tfinfra-expires-at": "2000-01-01T00:00:00Z"}
    for name in (KEEP_NAME, COMPUTE_NAME):
        put(cloud, f"{SUB}/resourceGroups/{name}", "2024-03-01", {"location": "eastus", "tags": mine})
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(consent, "somebody_there", lambda: True)

    def agreeing(check: object, question: str) -> bool:
        signal.raise_signal(signal.SIGHUP)
        return True

    monkeypatch.setattr(consent, "ask", agreeing)
    ended: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: ended.append(number))
    try:
        assert main(["down", sweep, "--cloud", "azure"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (ended, group_exists(cloud, COMPUTE_NAME), group_exists(cloud, KEEP_NAME)) == ([], False, False)
