"""What one node asks of another travels through the store, where other runs may write as well: what the run's key does
not mark starts nothing and answers nothing."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from tests.clocks import FakeClock
from tfinfra.agent.node import node_records
from tfinfra.agent.node.node_records import write
from tfinfra.agent.node.processes import Command
from tfinfra.agent.tasks.mpi.inbox import Inbox, Post, Spool
from tfinfra.sealing import mark, new_run_key
from tfinfra.store import MemoryStore, keys

KEY = new_run_key()


def inbox(store: MemoryStore, key: str | None = KEY, node: int = 1) -> Inbox:
    return Inbox(Post(store, key), node, FakeClock(), lambda command: command)


def shell(folder: Path) -> Command:
    return Command(["sh", "-c"], folder, dict(os.environ), folder / "log")


def settle(peer: Inbox, folder: Path) -> None:
    peer.poll(shell(folder), 0.0)
    until = time.monotonic() + 10
    while peer.running() and time.monotonic() < until:
        time.sleep(0.01)
    peer.poll(shell(folder), 0.0)


def said(folder: Path) -> str:
    return f"touch {folder}/ran"


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without"])
def test_a_command_goes_there_and_its_exit_status_comes_back(tmp_path: Path, key: str | None) -> None:
    store, spool = MemoryStore(), tmp_path / "spool"
    spool.mkdir()
    (spool / "r1.cmd").write_text(f"node-1.internal\n{said(tmp_path)}; exit 3\n")
    asking = Spool(Post(store, key), spool, ["node-0", "node-1"])
    asking.poll()
    settle(inbox(store, key), tmp_path)
    asking.poll()
    assert (tmp_path / "ran").exists() and (spool / "r1.exit").read_text() == "3\n"


def forged(folder: Path) -> dict[str, dict[str, object]]:
    command = said(folder)
    return {
        "without a mark": {"command": command},
        "marked with another key": {"command": command, "mark": mark(new_run_key(), "command", "1", "r1", command)},
        "marked for another node": {"command": command, "mark": mark(KEY, "command", "2", "r1", command)},
        "marked for another request": {"command": command, "mark": mark(KEY, "command", "1", "r0", command)},
        "with a mark that is no text": {"command": command, "mark": ["x"]},
        "with a command that is no text": {"command": [command], "mark": mark(KEY, "command", "1", "r1", command)},
    }


@pytest.mark.parametrize("case", list(forged(Path())))
def test_a_forged_command_starts_nothing_and_is_named_once(
    case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_records, "_logged", set())  # an agent says each once, and tests share a process
    store = MemoryStore()
    write(store, keys.inbox_key(1, "r1"), forged(tmp_path)[case])
    peer = inbox(store)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            settle(peer, tmp_path)
    assert not (tmp_path / "ran").exists() and store.get(keys.outbox_key("r1")) is None
    assert caplog.text.count("inbox/1/r1.json") == 1


@pytest.mark.parametrize("answer", [{"exit_status": 0}, {"exit_status": 0, "mark": mark(KEY, "exit", "r9", "0")}, {}])
def test_a_forged_answer_ends_nothing(tmp_path: Path, answer: dict[str, object]) -> None:
    store = MemoryStore()
    (tmp_path / "r1.cmd").write_text("node-1\ntrue\n")
    asking = Spool(Post(store, KEY), tmp_path, ["node-0", "node-1"])
    asking.poll()
    write(store, keys.outbox_key("r1"), answer)
    asking.poll()
    assert not (tmp_path / "r1.exit").exists()
    settle(inbox(store), tmp_path)
    asking.poll()
    assert (tmp_path / "r1.exit").read_text() == "0\n"
