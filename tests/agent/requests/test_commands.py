"""Commands of the client on nodes of real agents: as the task is run, masked, bounded, and ended."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.agent.nodes import Cluster, cluster
from tests.agent.test_own_faults import assignment_in, context_of
from tests.backends.specs import plan_of, spec
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.requests import commands
from tfinfra.agent.requests.commands import Commands, has_executed
from tfinfra.lifecycle.run.request_channel import new_request, signed
from tfinfra.model import Beat
from tfinfra.model.requests import Answer, ExecBody, InterruptBody
from tfinfra.signing import SigningKey
from tfinfra.store import MemoryStore, encode, keys, open_store, readable

KEY = SigningKey.new()
PLAN = replace(plan_of(spec("single")), environment_variables={"COLOUR": "blue"})
WAITS = "import pathlib, time\npathlib.Path('here.txt').write_text('x')\ntime.sleep(60)"


@contextmanager
def training(folder: Path, script: str = WAITS) -> Iterator[Cluster]:
    """A run that trains, or has trained, on one node."""
    asked = {"requests": (folder / "requests").as_uri(), "requests_key": KEY.public}
    (folder / "requests").mkdir()
    with cluster(folder, PLAN, script, asked=asked) as run:
        run.start(0)
        run.wait_for(lambda: run.task("main-0"))
        yield run


def ask(run: Cluster, kind: str, body: object) -> str:
    request = new_request("digits-abc123", kind, body, (0,), time.time())
    open_store((run.folder / "requests").as_uri()).put(keys.request_key(request.number), encode(signed(KEY, request)))
    return request.number


def answer(run: Cluster, number: str, state: str) -> Answer:
    def there() -> Answer | None:
        found = readable(run.store, keys.answer_key(number, 0), Answer)
        return found if found is not None and found.state == state else None

    return run.wait_for(there, 10)


def log(run: Cluster, number: str) -> str:
    return run.log(keys.exec_log(number, 0))


def test_a_command_sees_what_the_task_sees_while_it_trains_and_after_that(tmp_path: Path) -> None:
    shell = 'echo $COLOUR $TFINFRA_RUN_ID; ls here.txt; test -w "$TMPDIR" && which python >&2; exit 3'
    with training(tmp_path, WAITS.replace("60", "4")) as run:
        number = ask(run, "exec", ExecBody(("sh", "-c", shell)))
        assert answer(run, number, "ended").exit_status == 3
        lines = log(run, number).splitlines()
        assert lines[:2] == ["blue digits-abc123", "here.txt"]
        assert lines[2].endswith("/bin/python")
        assert has_executed(NodePaths(tmp_path / "node-0"))
        run.outcome()
        late = ask(run, "exec", ExecBody(("sh", "-c", shell)))
        assert answer(run, late, "ended").exit_status == 3
        assert log(run, late) == log(run, number)


def test_a_command_is_ended_with_all_that_it_has_started_and_a_missing_program_ends_with_127(tmp_path: Path) -> None:
    with training(tmp_path) as run:
        number = ask(run, "exec", ExecBody(("sh", "-c", "trap '' TERM; echo up; (sleep 50; echo no); echo no")))
        run.wait_for(lambda: "up" in log(run, number))
        ask(run, "interrupt", InterruptBody(number))
        said = answer(run, number, "ended")
        assert (said.exit_status, said.message) == (137, "its client has ended it")
        assert log(run, number) == "up\n"
        for program in ("no-such-program", "ls -l", "./none"):
            missing = ask(run, "exec", ExecBody((program,)))
            assert answer(run, missing, "ended").exit_status == 127
            assert log(run, missing).startswith(f"{program}: the node has no such program; a shell's own words")


def test_a_locked_run_takes_no_command(tmp_path: Path) -> None:
    store = MemoryStore()
    context = context_of(tmp_path, store)
    context = replace(context, settings=replace(context.settings, execs=False))
    request = new_request("digits-abc123", "exec", ExecBody(("id",)), (0,), time.time())
    Commands(context, assignment_in(tmp_path)).start(request)
    said = readable(store, keys.answer_key(request.number, 0), Answer)
    assert said is not None
    assert (said.state, "allow.exec" in said.message) == ("refused", True)
    assert not has_executed(context.paths)


def test_no_command_runs_beside_a_run_that_takes_none_also_where_that_has_just_begun(tmp_path: Path) -> None:
    said_before: dict[str, list[str]] = {"it trains": [], "it begins meanwhile": [""]}
    for words, before in said_before.items():
        store = MemoryStore()
        context = context_of(tmp_path / words, store)
        assignment = assignment_in(tmp_path / words)
        assignment.working_directory(assignment.tasks[0]).mkdir(parents=True)
        why = iter([*before, "digits-next12 trains on it: it is locked"])
        request = new_request("digits-abc123", "exec", ExecBody(("touch", "ran")), (0,), time.time())
        Commands(context, assignment, partial(next, why)).start(request)
        said = readable(store, keys.answer_key(request.number, 0), Answer)
        assert said is not None
        assert (said.state, said.message) == ("refused", "digits-next12 trains on it: it is locked")
        assert has_executed(context.paths) == bool(before), "a locked run that begins meanwhile looks for this"


def test_a_command_that_was_interrupted_before_it_came_is_refused(tmp_path: Path) -> None:
    store = MemoryStore()
    commands_ = Commands(context_of(tmp_path, store), assignment_in(tmp_path))
    request = new_request("digits-abc123", "exec", ExecBody(("id",)), (0,), time.time())
    commands_.interrupt(new_request("digits-abc123", "interrupt", InterruptBody(request.number), (0,), time.time()))
    commands_.start(request)
    said = readable(store, keys.answer_key(request.number, 0), Answer)
    assert said == Answer("refused", message="its client has ended it")


def test_a_command_may_remove_its_own_log_and_the_next_one_is_taken(tmp_path: Path) -> None:
    with training(tmp_path) as run:
        removes = f"find {tmp_path}/node-0 -name 'exec-*' -delete; sleep 0.5; exit 4"
        number = ask(run, "exec", ExecBody(("sh", "-c", removes)))
        assert answer(run, number, "ended").exit_status == 4
        assert answer(run, ask(run, "exec", ExecBody(("true",))), "ended").exit_status == 0


def test_a_command_whose_client_is_silent_is_ended_and_one_that_is_followed_goes_on(tmp_path: Path) -> None:
    store = MemoryStore()
    context = context_of(tmp_path, store)
    clock = context.clock
    assignment = replace(assignment_in(tmp_path), inherited={"PATH": os.environ["PATH"]})
    assignment.working_directory(assignment.tasks[0]).mkdir(parents=True, exist_ok=True)
    context.paths.logs.mkdir(parents=True, exist_ok=True)
    request = new_request("digits-abc123", "exec", ExecBody(("sleep", "60")), (0,), time.time())
    running = Commands(context, assignment)
    running.start(request)

    def said() -> Answer | None:
        return readable(store, keys.answer_key(request.number, 0), Answer)

    for beat in range(40):
        store.put(keys.exec_watch(request.number), encode(Beat(float(beat))))
        clock.sleep(10)
        running.poll()
    assert said() == Answer("started")
    give_up = time.monotonic() + 10
    silent_from = clock.monotonic()
    while said() == Answer("started") and time.monotonic() < give_up:
        if clock.monotonic() < silent_from + 130:
            clock.sleep(10)
        time.sleep(0.01)
        running.poll()
    assert said() == Answer("ended", 143, "it was ended: its client has not been heard of for two minutes")


def test_what_prints_without_end_is_ended(tmp_path: Path) -> None:
    with training(tmp_path) as run:
        number = ask(run, "exec", ExecBody(("sh", "-c", "head -c 70M /dev/zero | tr '\\0' 'x'; sleep 50")))
        said = answer(run, number, "ended")
        assert said.message == "it was ended: it printed more than 64 MiB"
        assert len(log(run, number)) <= commands.MOST_OUTPUT + 100


def test_what_prints_on_though_it_is_asked_to_end_is_killed_at_twice_as_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_OUTPUT", 1000)
    store = MemoryStore()
    context, assignment = context_of(tmp_path, store), assignment_in(tmp_path)
    for folder in (assignment.working_directory(assignment.tasks[0]), context.paths.logs):
        folder.mkdir(parents=True, exist_ok=True)
    shell = "trap '' TERM; head -c 3000 /dev/zero; exec sleep 30"
    request = new_request("digits-abc123", "exec", ExecBody(("sh", "-c", shell)), (0,), time.time())
    running = Commands(context, assignment)  # whose clock stands still: no grace ever ends
    running.start(request)
    said, give_up = None, time.monotonic() + 10
    while (said is None or said.state != "ended") and time.monotonic() < give_up:
        time.sleep(0.02)
        running.poll()
        said = readable(store, keys.answer_key(request.number, 0), Answer)
    running.stop()
    assert said is not None
    assert (said.state, said.exit_status) == ("ended", 137)
