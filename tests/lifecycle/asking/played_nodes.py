"""Two nodes of a run that do what a test says while the client sleeps: they answer, and print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.backends.specs import inventory
from tests.clocks import FakeClock
from tests.lifecycle.attach.test_resume import RUN, found
from tests.lifecycle.fakes import World, training
from tfinfra.lifecycle.asking.execute import Executed, execute
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder
from tfinfra.lifecycle.run.request_channel import make_key
from tfinfra.lifecycle.watch.log_reader import LogLine
from tfinfra.model import from_json, parse
from tfinfra.model.requests import Answer, Request, SignedRequest
from tfinfra.store import MemoryStore, encode, keys, log_chunk_of, readable

ASKED_AT = "file:///store/requests"


@dataclass
class Nodes(FakeClock):
    """Two nodes of a run, each of which does its part while the client sleeps; `script` says what at each sleep."""

    folder: Path = Path()
    now: float = 1000.0
    script: list[Callable[[str], None]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.container, self.world = MemoryStore(), World(self.folder, training)
        training(self.world.store)
        self.world.store.put(keys.INVENTORY, encode(inventory(2)))

    @property
    def store(self) -> MemoryStore:
        return self.world.store

    def run(self) -> FoundRun:
        run = found(self.world, **{"requests": ASKED_AT, **self.record})
        ports = self.world.ports()

        def opened(url: str) -> MemoryStore:
            return self.container if url == ASKED_AT else self.world.store_at(url)

        return replace(run, reach=lambda: replace(ports, open_store=opened))

    def run_folder(self) -> RunFolder:
        return run_folder(self.world.tmp / "state", RUN)

    def execute(self, argv: tuple[str, ...] = ("nvidia-smi",), node: int | None = 0) -> Executed:
        run = self.run()
        make_key(run.folder)
        return execute(run, argv, node, self.show, self.told.append, clock=self)

    def show(self, line: LogLine) -> None:
        self.shown.append(f"{line.task} | {line.text}")

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for key in self.container.list(""):
            signed = readable(self.container, key, SignedRequest)
            assert signed is not None
            request = from_json(Request, parse(signed.text.encode()))
            if request not in self.asked:
                self.asked.append(request)
        if self.script:
            self.script.pop(0)(self.asked[0].number)

    def says(self, node: int, answer: Answer) -> Callable[[str], None]:
        return lambda number: self.store.put(keys.answer_key(number, node), encode(answer))

    def prints(self, node: int, text: str, chunk: int = 0) -> Callable[[str], None]:
        log = log_chunk_of([(100.0, text.encode())])
        return lambda number: self.store.put(keys.log_key(keys.exec_log(number, node), chunk), log)
