"""A followed log goes on after a token that ended and a store that was silent, and loses and repeats no line by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.exceptions import UnauthenticatedError

from tests.clocks import FakeClock
from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.fakes import World, training
from tfinfra.errors import CredentialsError
from tfinfra.lifecycle.attach.followed_logs import PATIENCE
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines
from tfinfra.store import MemoryStore, keys, log_chunk_of

NO_TOKEN = "External Azure credential provider: ValueError: AADSTS700082: the refresh token has expired"
FOLLOWING = WantedLogs(everybody=True, follow=True)


class Moments(FakeClock):
    """After each sleep the next of these things happens."""

    def __init__(self, *then: Callable[[], None]) -> None:
        super().__init__()
        self._then = list(then)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._then:
            self._then.pop(0)()


class Guarded:
    """A store that gives nothing for the keys that begin so, while it is `closed`."""

    def __init__(self, *begins: str) -> None:
        self.closed = False
        self.begins = begins
        self.store = MemoryStore(self._before)

    def _before(self, verb: str, key: str) -> None:
        if self.closed and verb != "put" and key.startswith(self.begins):
            raise UnauthenticatedError(NO_TOKEN)

    def close(self) -> None:
        self.closed = True

    def open(self) -> None:
        self.closed = False

    def write(self, task: str, number: int) -> None:
        chunk = log_chunk_of(
            [(100.0 + number, f"{task} {number}a\n".encode()), (100.5 + number, f"{task} {number}b\n".encode())]
        )
        self.store.put(keys.log_key(task, number), chunk)

    def write_both(self, number: int) -> None:
        for task in ("rank-0", "rank-1"):
            self.write(task, number)

    def end(self) -> None:
        self.store.put(keys.OUTCOME, b'{"result": "succeeded", "message": "", "ended": 5.0}')
        self.store.put(keys.COLLECTED, b'{"files": 0}')


def run_of(tmp_path: Path, guarded: Guarded) -> FoundRun:
    world = World(tmp_path)
    training(world.store)
    return replace(found(world, plan_tasks=("rank-0", "rank-1")), store=guarded.store)


@pytest.mark.parametrize("what", [("",), (keys.log_folder("rank-1"),)], ids=["all of it", "one of the logs"])
def test_a_token_that_ends_is_told_once_and_costs_no_line(tmp_path: Path, what: tuple[str, ...]) -> None:
    guarded, said = Guarded(*what), list[str]()
    guarded.write_both(0)
    clock = Moments(
        *(guarded.close, lambda: guarded.write_both(1), lambda: None, guarded.open),
        *(lambda: guarded.write_both(2), guarded.end),
    )
    lines = [line.text for line in log_lines(run_of(tmp_path, guarded), FOLLOWING, said.append, clock)]
    written = {f"rank-{task} {number}{part}" for task in range(2) for number in range(3) for part in "ab"}
    assert sorted(lines) == sorted(written)
    assert said == [
        "warning: the log cannot be read, trying again: no token for the run's store: "
        "AADSTS700082: the refresh token has expired",
        "digits-abc123: the log goes on",
    ]


def test_a_token_that_is_never_renewed_ends_the_following_not_the_run(tmp_path: Path) -> None:
    guarded, clock = Guarded(""), FakeClock()
    run = run_of(tmp_path, guarded)
    guarded.close()
    began = clock.now
    with pytest.raises(CredentialsError, match=r"the run goes on, `tfinfra logs -f digits-abc123` goes on reading"):
        list(log_lines(run, WantedLogs("rank-0", follow=True), lambda text: None, clock))
    assert clock.now - began > PATIENCE


def test_a_store_that_goes_with_its_groups_ends_the_following(tmp_path: Path) -> None:
    guarded, clock = Guarded(""), FakeClock()
    world = World(tmp_path)
    training(world.store)
    run = replace(found(world, plan_tasks=("rank-0",)), store=guarded.store)
    guarded.write("rank-0", 0)
    said = list[str]()
    lines = log_lines(run, WantedLogs("rank-0", follow=True), said.append, clock)
    assert [next(lines).text, next(lines).text] == ["rank-0 0a", "rank-0 0b"]
    guarded.close()
    world.groups.clear()
    assert list(lines) == []
    assert "digits-abc123 is deleted" in said[-1]
    assert clock.now < 1000 + PATIENCE


def test_a_store_that_is_silent_when_the_run_ends_costs_no_last_line(tmp_path: Path) -> None:
    guarded, said = Guarded(keys.log_folder("rank-0"), keys.log_folder("rank-1")), list[str]()
    guarded.write_both(0)

    def end_silently() -> None:
        guarded.write_both(1)
        guarded.store.put(keys.log_key("rank-0", 2), log_chunk_of([(103.0, b"unfinished")]))
        guarded.end()
        guarded.close()

    clock = Moments(end_silently, lambda: None, guarded.open)
    lines = [line.text for line in log_lines(run_of(tmp_path, guarded), FOLLOWING, said.append, clock)]
    written = [f"rank-{task} {number}{part}" for task in range(2) for number in range(2) for part in "ab"]
    assert sorted(lines) == sorted([*written, "unfinished"])
    assert [text.partition(":")[0] for text in said] == ["warning", "digits-abc123"]


def test_of_a_store_that_is_gone_the_unfinished_line_that_was_read_is_shown(tmp_path: Path) -> None:
    guarded, clock = Guarded(""), FakeClock()
    world = World(tmp_path)
    training(world.store)
    run = replace(found(world, plan_tasks=("rank-0",)), store=guarded.store)
    guarded.store.put(keys.log_key("rank-0", 0), log_chunk_of([(100.0, b"whole\nunfinished")]))
    said = list[str]()
    lines = log_lines(run, WantedLogs("rank-0", follow=True), said.append, clock)
    assert next(lines).text == "whole"
    guarded.close()
    world.groups.clear()
    assert [line.text for line in lines] == ["unfinished"]
    assert "digits-abc123 is deleted" in said[-1]
