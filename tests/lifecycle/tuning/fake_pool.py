"""A pool of nodes that lives trials in no process: what an agent does with the requests of a tune's client, in a thread
of the test, with scripts that are functions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfinfra.errors import Result
from tfinfra.model import (
    CollectedMark,
    Heartbeat,
    Inventory,
    NodeRegistration,
    Outcome,
    Point,
    StopRequest,
    TaskStatus,
    decode,
)
from tfinfra.model.requests import Answer, Request, SignedRequest
from tfinfra.model.trials import TrialAsked
from tfinfra.store import MemoryStore, chunk_of, encode, keys, readable

METRIC = "val_acc"
LEADER = "worker-0"


@dataclass(frozen=True)
class Life:
    """What a script does: it logs `values` of the metric, or of `metric`, one look of the pool after the other, then
    ends with `exit_status`, its last line being `word`. `hangs`: it goes on until it is stopped."""

    values: Sequence[float] = ()
    metric: str = METRIC
    exit_status: int = 0
    word: str = ""
    hangs: bool = False


Script = Callable[[dict[str, str]], Life]
"""From its arguments, by their flags, to what it does."""


@dataclass
class _Lived:
    asked: TrialAsked
    nodes: tuple[int, ...]
    life: Life
    store: MemoryStore
    logged: int = 0
    over: bool = False


@dataclass
class FakePool:
    """`count` nodes; `lived` are the trials that were begun, by their ids, in order. The nodes in `dead` do nothing any
    more; those in `deaf` refuse each trial, those in `mute` take none and say nothing; a trial in `unsaid` is lived by
    nodes that never say how it ended."""

    count: int
    script: Script
    open_store: Callable[[str], MemoryStore]
    url: str
    requests: MemoryStore
    lived: list[str] = field(default_factory=list)
    at_once: int = 0
    dead: set[int] = field(default_factory=set)
    deaf: set[int] = field(default_factory=set)
    dying: str = ""
    """The trial whose nodes die right after they said how it ended."""
    mute: set[int] = field(default_factory=set)
    unsaid: set[str] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)
    _taken: set[str] = field(default_factory=set)
    _under_way: list[_Lived] = field(default_factory=list)
    _beats: int = 0

    def start(self) -> None:
        store = self.open_store(self.url)
        nodes = [NodeRegistration(f"n{i}", f"n{i}", f"10.0.0.{i + 4}", None, 2222, 2, 0) for i in range(self.count)]
        for node in nodes:
            store.put(keys.node_key(node.node_id), encode(node))
        store.put(keys.INVENTORY, encode(Inventory(tuple(nodes))))
        self._beat(store)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        store = self.open_store(self.url)
        while not self.ended.is_set():
            self.step(store)
            if readable(store, keys.OUTCOME, Outcome) is not None:
                store.put(keys.COLLECTED, encode(CollectedMark(0)))
                self.ended.set()
            time.sleep(0.001)

    def await_beat(self) -> None:
        """Until all nodes have looked once more, or the pool has ended."""
        before, give_up = self._beats, time.monotonic() + 30.0
        while self._beats == before and not self.ended.is_set() and time.monotonic() < give_up:
            time.sleep(0.0005)

    def step(self, store: MemoryStore) -> None:
        """One look of all nodes."""
        self._beat(store)
        for key in self.requests.list(""):
            data = self.requests.get(key)
            if data is not None and len(key) == len("0" * 32 + ".json"):
                self._take(store, decode(Request, decode(SignedRequest, data).text.encode()))
        for one in list(self._under_way):
            if not self.dead.intersection(one.nodes) and one.asked.trial not in self.unsaid:
                self._live(one)

    def _beat(self, store: MemoryStore) -> None:
        self._beats += 1
        for node in set(range(self.count)) - self.dead:
            store.put(keys.heartbeat_key(f"n{node}"), encode(Heartbeat(f"n{node}", self._beats, 1.0, "waiting")))

    def _take(self, store: MemoryStore, request: Request) -> None:
        if (
            request.number in self._taken
            or request.kind != "trial"
            or (self.dead | self.mute).intersection(request.nodes)
        ):
            return
        self._taken.add(request.number)
        asked = decode(TrialAsked, request.body.encode())
        busy = {node for one in self._under_way for node in one.nodes}
        refuses = busy.union(self.deaf).intersection(request.nodes)
        state = "refused" if refuses or asked.trial in self.lived else "started"
        for node in request.nodes:
            store.put(keys.answer_key(request.number, node), encode(Answer(state, message="busy" if refuses else "")))
        if state == "refused":
            return
        self.lived.append(asked.trial)
        words = asked.arguments
        arguments = dict(zip(words[::2], words[1::2], strict=True))
        folder = self.open_store(f"{self.url}/{keys.further_run(asked.trial)}")
        self._under_way.append(_Lived(asked, request.nodes, self.script(arguments), folder))
        self.at_once = max(self.at_once, len(self._under_way))

    def _live(self, one: _Lived) -> None:
        life, store = one.life, one.store
        stop = readable(store, keys.STOP, StopRequest)
        if stop is not None:
            self._end(one, Outcome(stop.reason, stop.message, ended=2.0))
        elif one.logged < len(life.values):
            point = Point(LEADER, life.metric, life.values[one.logged], one.logged, 1.0)
            store.put(keys.metrics_key(LEADER, one.logged), chunk_of([point]))
            one.logged += 1
        elif not life.hangs and life.exit_status:
            message = f"{LEADER} ended with exit status {life.exit_status}"
            tail = (life.word,) if life.word else ()
            how: dict[str, Any] = {"task": LEADER, "exit_status": life.exit_status, "tail": tail}
            self._end(one, Outcome(Result.FAILED, message, ended=2.0, **how))
        elif not life.hangs:
            self._end(one, Outcome(Result.SUCCEEDED, "all tasks ended with 0", ended=2.0))

    def _end(self, one: _Lived, outcome: Outcome) -> None:
        store = one.store
        if one.asked.trial == self.dying:
            store.put_if_absent(keys.OUTCOME, encode(outcome))
            self._under_way.remove(one)
            self.dead.update(one.nodes)
            return
        text = json.dumps({"arguments": list(one.asked.arguments)}).encode()
        store.put(keys.output_key("outputs", "model.json"), text)
        store.put(keys.log_key(LEADER, 0), b"trained\n")
        store.put(keys.task_key(LEADER), encode(TaskStatus(LEADER, 0, "succeeded", exit_status=0)))
        store.put(keys.evidence_key(f"n{one.nodes[0]}"), b"{}")
        store.put_if_absent(keys.OUTCOME, encode(outcome))
        store.put(keys.COLLECTED, encode(CollectedMark(1)))
        self._under_way.remove(one)
