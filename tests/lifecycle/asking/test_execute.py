"""A command on a run's nodes, as its client follows it: output in order, the exit status, and each way to end early."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.asking.played_nodes import Nodes
from tests.lifecycle.attach.test_resume import found
from tfinfra.audit.log import read_events
from tfinfra.errors import Cancelled, ManifestError, UsageError, WaitEnded
from tfinfra.lifecycle.asking.execute import execute
from tfinfra.lifecycle.asking.shown_command import shown_command
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.lifecycle.run.request_channel import make_key
from tfinfra.lifecycle.watch.log_reader import LogLine
from tfinfra.model.requests import Answer, SignedRequest
from tfinfra.store import keys, readable
from tfinfra.system.process.streams import StdoutLost


class Interruption(KeyboardInterrupt):
    """What Ctrl-C is to a verb."""


@pytest.fixture
def nodes(tmp_path: Path) -> Nodes:
    return Nodes(folder=tmp_path)


def test_output_comes_as_it_is_printed_and_the_exit_status_is_the_commands(nodes: Nodes) -> None:
    nodes.script = [
        nodes.says(0, Answer("started")),
        nodes.prints(0, "one\n"),
        nodes.prints(0, "two\nlast", 1),
        nodes.says(0, Answer("ended", 3)),
    ]
    executed = nodes.execute()
    assert nodes.shown == ["node-0 | one", "node-0 | two", "node-0 | last"]
    assert (executed.exit_status, nodes.asked[0].nodes, nodes.asked[0].kind) == (3, (0,), "exec")
    assert json.loads(nodes.asked[0].body) == {"argv": ["nvidia-smi"]}
    assert nodes.container.list("") == [], "what is done is asked no more"
    assert nodes.store.get(keys.WATCH) is not None, "nodes look often while somebody watches"


def test_on_all_nodes_the_first_status_that_is_no_success_counts(nodes: Nodes) -> None:
    nodes.script = [nodes.says(0, Answer("ended", 0)), nodes.says(1, Answer("ended", 9, "it was ended: why"))]
    executed = nodes.execute(node=None)
    assert (executed.exit_status, nodes.asked[0].nodes) == (9, (0, 1))
    document = executed.document([], 0)
    assert document["nodes"][1] == {"node": 1, "exit_status": 9, "message": "it was ended: why"}


def test_the_event_log_has_the_command_without_secrets_and_its_end(nodes: Nodes) -> None:
    nodes.script = [nodes.says(0, Answer("ended", 0))]
    nodes.execute(("login", "--password", "hunter2"))
    events = read_events(nodes.run().folder.path / "events.jsonl")
    begun, ended = (event for event in events if event["event"].startswith("exec"))
    assert (begun["command"], begun["nodes"]) == ("login --password '***'", [0])
    assert (ended["exit_status"], ended["request"]) == ({"0": 0}, begun["request"])


@pytest.mark.parametrize(
    ("script", "state"),
    [(["refused"], "refused"), (["started", "away"], "started"), (["away"], None)],
    ids=["a node refused", "it had started", "no node had answered"],
)
def test_the_event_log_has_each_end_also_where(nodes: Nodes, script: list[str], state: str | None) -> None:
    def away(number: str) -> None:
        begun = [event for event in read_events(nodes.run().folder.path / "events.jsonl") if event["event"] == "exec"]
        assert [event["request"] for event in begun] == [number]
        raise Interruption("Ctrl-C")

    nodes.script = [away if step == "away" else nodes.says(0, Answer(step)) for step in script]
    with pytest.raises((UsageError, Interruption)):
        nodes.execute()
    ended = read_events(nodes.run().folder.path / "events.jsonl")[-1]
    assert (ended["event"], ended["exit_status"], ended["state"]) == ("exec-ended", {"0": None}, {"0": state})


def test_an_interrupt_that_comes_first_never_meets_its_command(nodes: Nodes) -> None:
    at_the_interrupt: list[set[str]] = []

    def interrupted(number: str) -> None:
        raise Interruption("Ctrl-C")

    nodes.script = [interrupted, lambda number: at_the_interrupt.append(set(nodes.container.list("")))]
    with pytest.raises(Interruption):
        nodes.execute()
    assert at_the_interrupt == [{keys.request_key(nodes.asked[1].number)}]


def test_a_node_that_does_not_answer_is_told_within_seconds_and_given_up(nodes: Nodes) -> None:
    with pytest.raises(WaitEnded, match="node 0 of digits-abc123 did not answer within 12 s"):
        nodes.execute()
    assert nodes.told[0] == "node 0 has not answered yet: waiting for up to 12 s"
    first, second = nodes.asked
    assert (first.kind, second.kind) == ("exec", "interrupt")
    assert nodes.container.list("") == [keys.request_key(second.number)], "a node that wakes must find it"


def test_what_a_node_refuses_is_said(nodes: Nodes) -> None:
    nodes.script = [nodes.says(0, Answer("refused", message="the run is locked"))]
    with pytest.raises(UsageError, match="node 0 of digits-abc123 does not take it: the run is locked"):
        nodes.execute()


def test_ctrl_c_ends_the_command_and_shows_what_it_still_prints(nodes: Nodes) -> None:
    def interrupted(number: str) -> None:
        raise Interruption("Ctrl-C")

    nodes.script = [
        nodes.says(0, Answer("started")),
        interrupted,
        nodes.prints(0, "bye\n"),
        nodes.says(0, Answer("ended", 143)),
    ]
    with pytest.raises(Interruption):
        nodes.execute()
    first, second = nodes.asked
    assert (second.kind, second.nodes, json.loads(second.body)) == ("interrupt", (0,), {"number": first.number})
    assert nodes.shown == ["node-0 | bye"]
    assert nodes.container.list("") == []


OVER: dict[str, tuple[str, bool, str]] = {
    "ended, and is watched": ("ended", False, "has ended and its nodes are being deleted"),
    "is ended by down": ("deleting", True, "is being deleted"),
    "is gone": ("deleted", False, "has ended and its nodes are deleted"),
}


@pytest.mark.parametrize(("phase", "kept", "words"), OVER.values(), ids=OVER)
def test_a_command_whose_run_is_over_is_told_so_at_once(nodes: Nodes, phase: str, kept: bool, words: str) -> None:
    def over(number: str) -> None:
        nodes.run_folder().update(phase=RunPhase(phase))

    if kept:
        nodes.store.put(keys.KEEP, b"{}")
    nodes.script = [nodes.says(0, Answer("started")), over]
    began = nodes.monotonic()
    with pytest.raises(Cancelled, match=f"digits-abc123 {words}") as raised:
        nodes.execute()
    assert (raised.value.exit_code, nodes.told) == (8, [])
    assert nodes.monotonic() - began < 2


def test_a_store_that_has_gone_with_its_run_is_the_runs_end(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(number: str) -> None:
        def fails(key: str) -> bytes | None:
            nodes.run_folder().update(phase=RunPhase.DELETED)
            raise OSError("No such file or directory")

        monkeypatch.setattr(nodes.store, "get", fails)

    nodes.script = [nodes.says(0, Answer("started")), gone]
    with pytest.raises(Cancelled, match="has ended and its nodes are deleted"):
        nodes.execute()


def test_nodes_that_are_kept_go_on_with_a_command_when_the_training_ends(nodes: Nodes) -> None:
    def becomes(phase: RunPhase) -> Callable[[str], None]:
        def step(number: str) -> None:
            nodes.run_folder().update(phase=phase)

        return step

    nodes.store.put(keys.KEEP, b"{}")
    later: list[Callable[[str], None]] = [lambda number: None] * 10
    nodes.script = [nodes.says(0, Answer("started")), becomes(RunPhase.ENDED), *later, becomes(RunPhase.HELD), *later]
    nodes.script.append(nodes.says(0, Answer("ended", 0)))
    assert nodes.execute().exit_status == 0


def test_a_command_that_nobody_reads_is_ended_and_not_waited_for(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(line: LogLine) -> None:
        raise StdoutLost("stdout takes nothing")

    monkeypatch.setattr(nodes, "show", unread)
    nodes.script = [nodes.says(0, Answer("started")), nodes.prints(0, "y\n")]
    began = nodes.monotonic()
    with pytest.raises(StdoutLost):
        nodes.execute()
    assert nodes.monotonic() - began < 2
    (left,) = nodes.container.list("")
    signed = readable(nodes.container, left, SignedRequest)
    assert signed is not None and '"interrupt"' in signed.text


def test_a_command_that_has_ended_is_not_ended_where_nobody_reads(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(line: LogLine) -> None:
        raise StdoutLost("stdout takes nothing")

    def both(number: str) -> None:
        nodes.prints(0, "a\nb\n")(number)
        nodes.says(0, Answer("ended", 0))(number)

    monkeypatch.setattr(nodes, "show", unread)
    nodes.script = [both]
    with pytest.raises(StdoutLost):
        nodes.execute()
    assert (nodes.told, nodes.container.list("")) == ([], [])


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "a run without a container for requests": ({"requests": None}, UsageError, "without a key for that"),
    "a target whose store is of others": ({"store": "https://x"}, ManifestError, "`store`"),
    "a target whose identity is of others": ({"identity_id": "/x"}, ManifestError, "`identity_id`"),
}


@pytest.mark.parametrize(("changes", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_asked_of(nodes: Nodes, changes: dict[str, Any], error: type[Exception], words: str) -> None:
    target = found(nodes.world).record
    assert target is not None
    if "requests" in changes:
        nodes.record = changes
    else:
        nodes.record = {"target": replace(target.target, **changes)}
    with pytest.raises(error, match=words):
        nodes.execute()
    assert nodes.container.objects == {}


def test_another_machine_has_no_key(nodes: Nodes) -> None:
    with pytest.raises(UsageError, match="only the machine that began digits-abc123 has the key"):
        execute(nodes.run(), ("id",), 0, nodes.show, nodes.told.append, clock=nodes)


def test_a_node_that_the_run_has_not_is_refused(nodes: Nodes) -> None:
    with pytest.raises(UsageError, match="digits-abc123 has no node 2"):
        nodes.execute(node=2)


def test_the_key_is_for_its_owner_alone(nodes: Nodes) -> None:
    folder = nodes.run().folder
    make_key(folder)
    assert (folder.path / "requests.key").stat().st_mode & 0o777 == 0o600


SHOWN: dict[str, tuple[tuple[str, ...], str]] = {
    "words as a shell takes them": (("echo", "a b", "$X"), "echo 'a b' '$X'"),
    "no value of an option that says secret": (("x", "--api-key", "abc"), "x --api-key '***'"),
    "nor behind its sign": (("x", "--password=abc"), "x '--password=***'"),
    "nor of a variable": (("env", "HF_TOKEN=abcdefgh", "x"), "env 'HF_TOKEN=***' x"),
    "no user and password of curl": (("curl", "-u", "me:pw123", "http://x"), "curl -u '***' http://x"),
    "no password of mysql, with blanks too": (("mysql", "-h", "db", "-psec; ret 1"), "mysql -h db '-p***'"),
    "none of docker's": (("docker", "login", "-u", "me", "-p", "secretpw"), "docker login -u me -p '***'"),
    "-p of others stays": (("mkdir", "-p", "a/b"), "mkdir -p a/b"),
    "an option behind one that says secret stays": (("x", "--token", "--help"), "x --token --help"),
}


@pytest.mark.parametrize(("argv", "shown"), SHOWN.values(), ids=SHOWN)
def test_a_command_is_shown_with(argv: tuple[str, ...], shown: str) -> None:
    assert shown_command(argv) == shown


def test_a_command_shows_no_credentials_of_a_url() -> None:
    assert "hunter2" not in shown_command(("curl", "https://me:hunter2@example.org/x"))
