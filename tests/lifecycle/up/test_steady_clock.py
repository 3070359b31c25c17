"""Time as a run counts it: no change of this machine's clock moves it, and the cloud's own goes before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.lifecycle.fakes import World, a_plan, training
from tfinfra.azure import clients
from tfinfra.errors import Cancelled
from tfinfra.model import Limits
from tfinfra.system.clock import SteadyClock

DAY = 86400.0


class Machine:
    """A machine whose clock can be set, and that knows how long it has been up."""

    def __init__(self) -> None:
        self.wall, self.up = 1_000_000.0, 50.0

    def pass_(self, seconds: float) -> None:
        self.wall, self.up = self.wall + seconds, self.up + seconds

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.up)


@pytest.mark.parametrize("jump", [2 * DAY, -DAY, 0.0])
def test_a_jump_of_the_machines_clock_is_no_passing_of_time(jump: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += jump
    machine.pass_(12)
    assert clock.time() == 1_000_012.0


def test_a_machine_that_sleeps_sleeps_through_its_limits() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.pass_(3600)  # the clock that counts goes on in a suspended machine
    assert clock.time() == 1_003_600.0
    assert abs(SteadyClock().time() - time.time()) < 5


@pytest.mark.parametrize(
    ("apart", "told"),
    [(2 * DAY, "2 d behind"), (-DAY, "1 d ahead of"), (3.0, None)],
)
def test_the_clouds_first_answer_puts_a_wrong_clock_right(apart: float, told: str | None) -> None:
    clock = Machine().clock()
    clock.hear(1_000_000.0 + apart)
    assert clock.time() == 1_000_000.0 + (apart if told else 0.0)
    complaint = clock.complaint()
    assert complaint is None if told is None else told in str(complaint)


def test_a_later_answer_moves_nothing() -> None:
    clock = Machine().clock()
    clock.hear(1_000_001.0)
    clock.hear(1_000_000.0 + DAY)
    assert (clock.time(), clock.complaint()) == (1_000_000.0, None)


@pytest.mark.parametrize("headers", [{}, {"Date": "nonsense"}, {"Date": None}])
def test_an_answer_without_a_date_says_nothing(headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Machine().clock()
    monkeypatch.setattr(clients, "STEADY", clock)
    clients._heed_date(SimpleNamespace(http_response=SimpleNamespace(headers=headers)))
    assert clock.time() == 1_000_000.0


def test_an_answers_date_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Machine().clock()
    monkeypatch.setattr(clients, "STEADY", clock)
    answer = SimpleNamespace(headers={"Date": formatdate(1_000_000.0 + DAY, usegmt=True)})
    clients._heed_date(SimpleNamespace(http_response=answer))
    assert clock.time() == 1_000_000.0 + DAY


@pytest.mark.parametrize("jump", [2 * DAY, -DAY])
def test_a_run_goes_on_where_its_machines_clock_jumps(jump: float, tmp_path: Path) -> None:
    machine = Machine()
    clock = machine.clock()
    world = World(tmp_path, training)

    def passing() -> float:
        machine.pass_(0.01)
        return clock.time()

    def ends(store: object) -> None:
        training(world.store)
        machine.wall += jump
        threading.Timer(0.5, lambda: world.interrupt.request(Cancelled("the test ends it"))).start()

    world.nodes = ends
    set_clock: Callable[[], float] = passing
    world.clock = set_clock  # type: ignore[method-assign]
    result = world.new_run(a_plan(limits=Limits(max_run_duration=3600, keep_outputs=60))).go()
    assert result.error is not None and result.error.exit_code == 8
