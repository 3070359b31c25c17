"""The bootstrap as a process, as cloud-init runs it: from settings and a bundle to a running agent."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.bootstrap.node import SCRIPT, Node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_it_starts_the_bundles_agent_in_a_session_of_its_own(node: Node) -> None:
    assert node.boot().returncode == 0
    said = node.said()
    assert said["argv"] == ["--settings", str(node.root / "etc/tfinfra/settings.json"), "--root", str(node.root)]
    assert said["sid"] not in (said["pid"], os.getsid(0))
    assert said["home"] == "/root"
    assert int((node.root / "run/tfinfra-agent.pid").read_text()) == said["pid"]
    assert list(node.folder.glob("sto re/boot/*")) == []


def test_in_the_foreground_it_stays_until_the_agent_has_ended(node: Node) -> None:
    assert node.boot(TFINFRA_FOREGROUND="1", HOME="/elsewhere").returncode == 0
    assert node.said()["home"] == "/elsewhere"
    assert int((node.root / "run/tfinfra-agent.pid").read_text()) == node.said()["pid"]


KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)"
FULL = "raise OSError(28, 'No space left on device')"


@pytest.mark.parametrize(
    ("agent", "status", "told"),
    [
        (KILLED, 143, "the agent was killed by SIGTERM"),
        (FULL, 1, "the agent ended with exit status 1: OSError: [Errno 28] No space left on device"),
    ],
    ids=["killed", "on a full disk"],
)
def test_in_the_foreground_too_an_agent_that_ends_is_reported(
    tmp_path: Path, agent: str, status: int, told: str
) -> None:
    node = Node(tmp_path, agent)
    node.settings["timeouts"] = {"register": 0}
    done = node.boot(TFINFRA_FOREGROUND="1")
    assert done.returncode == status
    assert f"tfinfra: this node cannot take part: {told}" in done.stderr


def test_a_store_of_files_may_be_away_for_a_moment(node: Node) -> None:
    folder = node.folder / "sto re"
    folder.rename(node.folder / "away")
    threading.Timer(1.0, lambda: (node.folder / "away").rename(folder)).start()
    assert node.boot().returncode == 0
    assert node.said()["home"] == "/root"


def test_a_bundle_with_another_digest_is_not_unpacked(node: Node) -> None:
    node.settings |= {"bundle_sha256": "0" * 64, "timeouts": {"register": 1}}
    done = node.boot()
    assert done.returncode == 1
    assert "the bundle's SHA-256 is" in done.stderr
    assert not (node.root / "opt/tfinfra/run").exists()


def test_a_boot_has_one_agent_and_the_next_boot_its_own(node: Node) -> None:
    assert node.boot().returncode == 0
    node.said()
    (node.folder / "said").unlink()
    again = node.boot()
    assert (again.returncode, again.stdout) == (0, "this boot has its agent already\n")
    shutil.rmtree(node.root / "run")  # as every boot begins
    assert node.boot().returncode == 0
    assert node.said()["argv"]


def test_the_bootstrap_can_be_read_in_one_sitting() -> None:
    assert len(SCRIPT.read_text("utf-8").splitlines()) < 375
