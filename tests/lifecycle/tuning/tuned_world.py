"""A played world whose run is a tune on a fake pool."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fake_effects import FakeEngine
from tests.lifecycle.fakes import World, a_plan
from tests.lifecycle.tuning.fake_pool import LEADER, METRIC, FakePool, Life, Script
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.tuning.before import NOTHING, Before
from tfinfra.lifecycle.tuning.conduct import search, take_along
from tfinfra.lifecycle.up.conductor import UpRun
from tfinfra.model import Plan, Pool, Task
from tfinfra.model.tuning import Expression, Tune
from tfinfra.store import MemoryStore

_BETWEEN_BEATS = 2.0
"""Seconds of played time, well below those after which a node is silent."""
ORDINAL = {"--x": Expression("choice", tuple(range(100)))}


def a_tune(**changes: Any) -> Tune:
    """A grid over one parameter, so that trial n has x = n - 1."""
    values: dict[str, Any] = {
        "sampling": "grid",
        "parameter_space": ORDINAL,
        "primary_metric_name": METRIC,
        "primary_metric_goal": "maximize",
        "max_total_runs": 5,
        "max_concurrent_runs": 2,
    }
    return Tune(**{**values, **changes})


def rising(arguments: dict[str, str]) -> Life:
    """A script whose metric is its parameter."""
    return Life([float(arguments["--x"])])


class TunedWorld(World):
    """`before_run` may look at the pool before it lives."""

    def __init__(self, tmp: Path, script: Script = rising, tune: Tune | None = None, per_trial: int = 1) -> None:
        super().__init__(tmp, nodes=self._boot)
        self.tune = tune or a_tune()
        at_once = self.tune.max_concurrent_runs
        self.plan: Plan = replace(
            a_plan(),
            backend="single",
            node_count=at_once * per_trial,
            tasks=(Task(LEADER, "worker", 0, 0, 0, None),),
            tune=self.tune,
            pool=Pool(at_once, per_trial, 60),
            limits=replace(a_plan().limits, max_run_duration=100_000),
        )
        self.requests = MemoryStore()
        self.step = 0.001
        self.stores: dict[str, MemoryStore] = {}
        self.pools: list[FakePool] = []
        self.on_boot: Callable[[FakePool], object] = lambda _: None
        self._script = script
        self._beaten = 0.0

    def _boot(self, store: MemoryStore) -> None:
        pool = FakePool(self.plan.node_count, self._script, self.store_at, "file:///store/run", self.requests)
        self.pools.append(pool)
        self.on_boot(pool)
        pool.start()

    def clock(self) -> float:
        """The played time passes no faster than the pool beats: on a busy machine its thread comes seldom, and nodes
        that live would be held for silent."""
        now = super().clock()
        if self.pools and now - self._beaten > _BETWEEN_BEATS:
            self._beaten = now
            self.pool.await_beat()
        return now

    @property
    def pool(self) -> FakePool:
        return self.pools[-1]

    def store_at(self, url: str) -> MemoryStore:
        return self.requests if url.endswith("/requests") else super().store_at(url)

    def up(self, part: str, config: Any) -> dict[str, Any]:
        outputs = super().up(part, config)
        return {**outputs, "requests": {"endpoint": "file:///store/", "container": "requests"}}

    def search(self, before: Before = NOTHING, letters: str = "abc123") -> RunResult:
        options = UpOptions(self.tmp, own_state=self.tmp / "state", letters=letters, tune=True)
        run = UpRun(
            self.compiled(self.plan),
            self.ports(),
            options,
            self.observer,
            self.interrupt,
            engine=FakeEngine(self),
            take_along=lambda context: take_along(context, before),
            work=lambda context, nodes: search(context, nodes, before),
        )
        return run.go()

    @property
    def results(self) -> Path:
        return self.tmp / "runs" / "digits-abc123"

    def said(self, word: str) -> Sequence[str]:
        return [line for line in self.observer.lines if word in line]


def parameters_of(trial: Path) -> dict[str, Any]:
    """The arguments that a trial got, as it left them in its outputs."""
    words = json.loads((trial / "outputs" / "model.json").read_text())["arguments"]
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once."""
    for module in ("tuning.search", "end.ending"):
        monkeypatch.setattr(f"tfinfra.lifecycle.{module}.POLL", 0.001)
