"""What the pages show of runs, and what becomes of a form, whatever cloud and store do meanwhile."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from filelock import FileLock

from tests.lifecycle.asking.test_extend import HELD
from tests.lifecycle.attach.test_resume import GROUPS, RUN, found
from tests.lifecycle.fakes import World, succeeding, training
from tests.lifecycle.record.test_record import a_record
from tests.machines.support import wait_for
from tests.ui.calls import Browser, fields_of
from tfinfra.audit.log import read_events
from tfinfra.errors import ProvisioningError, UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.trials import TrialOf
from tfinfra.model import Point
from tfinfra.store import chunk_of, keys
from tfinfra.system.process import child_python
from tfinfra.ui.looks import AT_ONCE
from tfinfra.ui.runs_table import Metrics, recorded_rows

PAGE, STOP, EXTEND = f"/runs/{RUN}", f"/runs/{RUN}/stop", f"/runs/{RUN}/extend"
NOTING = """\
import sys
with open("{calls}", "a") as calls:
    print(*sys.argv[1:], file=calls)
print("it says", {said!r})
"""
HOSTILE = "<script>alert(1)</script>\u202e&\x1b]0;x\x07"


@dataclass
class Machine:
    """This machine, with a run that a played cloud has, and a browser that is in."""

    world: World
    browser: Browser
    run: FoundRun
    silent: threading.Event
    error: Exception | None = None
    calls: Path = Path()

    def find(self, name: str) -> FoundRun:
        assert name.startswith(RUN)
        self.silent.wait()
        if self.error is not None:
            raise self.error
        return self.run

    @property
    def called(self) -> list[str]:
        """The verbs that were called."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    world, answers = World(tmp_path), threading.Event()
    answers.set()
    training(world.store)
    made = Machine(world, Browser(tmp_path).enter(), found(world, phase="running"), answers, calls=tmp_path / "calls")
    monkeypatch.setattr("tfinfra.ui.run_seen.find_run", made.find)
    monkeypatch.setattr("tfinfra.ui.app.find_run", made.find)
    verb = tmp_path / "verb.py"
    verb.write_text(NOTING.format(calls=made.calls, said=HOSTILE))
    monkeypatch.setattr("tfinfra.ui.acts.child_python.module", lambda *words: [sys.executable, str(verb), *words])
    yield made
    answers.set()


def test_a_page_shows_how_a_run_stands_and_only_text_of_others(machine: Machine) -> None:
    store = machine.world.store
    store.put(keys.log_key("rank-0", 0), f"first\n{HOSTILE}\n".encode())
    store.put(keys.metrics_key("rank-0", 0), chunk_of([Point("rank-0", f"acc {HOSTILE[:25]}", 0.5, 3, 1.0)]))
    page = machine.browser.get(PAGE)
    assert page.status == 200
    for told in ("Training", "Log of rank-0", "first", "&lt;script&gt;alert(1)", "\\u202e&amp;", " 0.5 at step 3"):
        assert told in page.text, told
    assert re.findall(r"<script", page.text) == ["<script"], "ours alone"
    assert "\u202e" not in page.text
    assert keys.WATCH not in store.list(""), "who looks does not watch"


def test_whoever_watches_closely_says_so_to_the_nodes(machine: Machine) -> None:
    machine.browser.get(PAGE)
    machine.browser.get(f"{PAGE}/lines?task=rank-0")
    assert keys.WATCH not in machine.world.store.list("")
    machine.browser.get(f"{PAGE}/lines?task=rank-0&watch=1")
    assert wait_for(lambda: machine.world.store.get(keys.WATCH))


def test_a_cloud_that_refuses_is_told_in_the_page(machine: Machine) -> None:
    machine.error = ProvisioningError(f"ARM says {HOSTILE}", hint="ask again")
    page = machine.browser.get(PAGE)
    assert (page.status, "ARM says &lt;script&gt;" in page.text, "what this machine recorded" in page.text) == (
        *(200, True),
        True,
    )
    assert GROUPS[0].name in page.text, "by its record they are there"
    assert STOP in page.text, "and it can be ended"
    assert machine.browser.get(f"{PAGE}/lines?task=rank-0").status == 200


def test_a_silent_cloud_keeps_no_page_waiting(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.ui.looks.FIRST", 0.3)
    machine.silent.clear()
    began = time.monotonic()
    page, stop = machine.browser.get(PAGE), machine.browser.get(STOP)
    assert (page.status, stop.status, time.monotonic() - began < 2.0) == (200, 200, True)
    assert "No answer for" in page.text
    answered = machine.browser.post(STOP, fields_of(stop.text))
    assert (answered.status, answered.header("location")) == (303, PAGE)
    assert machine.called == [f"tfinfra down {RUN}"], "a run of which nothing is heard can be ended all the same"


def test_a_stop_says_what_it_does_and_does_it_once(machine: Machine) -> None:
    asked = machine.browser.get(STOP)
    for told in ("Its tasks are stopped", GROUPS[0].name, "cannot be brought back", f"tfinfra down {RUN}"):
        assert told in asked.text, told
    assert machine.called == [], "asking does nothing"
    form = fields_of(asked.text)
    answers = [machine.browser.post(STOP, form) for _ in range(3)]
    assert {(each.status, each.header("location")) for each in answers} == {(303, PAGE)}
    assert machine.called == [f"tfinfra down {RUN}"]
    events = [event for event in read_events(machine.run.folder.path / "events.jsonl") if event["event"] == "ui"]
    assert [event["asked"] for event in events] == [f"down {RUN}"]
    page = machine.browser.get(PAGE).text
    assert f"<code>tfinfra down {RUN}</code>: done" in page
    assert "it says &lt;script&gt;" in page


def test_of_forms_that_are_sent_at_the_same_time_one_verb_at_a_time_is_called(machine: Machine) -> None:
    """The second would spoil the log of the first, and add to what it does."""
    verb, go = machine.calls.with_name("verb.py"), machine.calls.with_name("go")
    verb.write_text(f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n" + verb.read_text())
    acts, begun, refused = machine.browser.acts, list[str](), list[str]()

    def begin(time: str) -> None:
        try:
            acts.begin(machine.run.folder, "extend", time)
            begun.append(f"tfinfra extend {RUN} {time}")
        except UsageError as error:
            refused.append(error.message)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(begin, (f"{number}h" for number in range(8))))
    assert (len(begun), refused) == (1, [f"`{begun[0]}` is under way"] * 7)
    acts.begin(machine.run.folder, "down")
    acts.begin(machine.run.folder, "down")
    assert acts.under_way() == [*begun, f"tfinfra down {RUN}"], "both are told of when the server ends"
    go.touch()
    wait_for(lambda: not acts.under_way())
    assert sorted(machine.called) == sorted([*begun, f"tfinfra down {RUN}"])


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"secret": "x" * 43}, id="a secret that nobody gave"),
        pytest.param({"secret": ""}, id="an empty one"),
    ],
)
def test_a_form_of_others_does_nothing(machine: Machine, form: dict[str, str]) -> None:
    assert machine.browser.post(STOP, {"a": "b", **form}).status == 403
    assert (machine.called, machine.run.folder.audit.path.exists()) == ([], False)


def test_a_form_does_nothing_but_what_it_was_shown_for(machine: Machine) -> None:
    form = fields_of(machine.browser.get(STOP).text)
    other = machine.browser.cookie
    machine.browser.enter()
    assert machine.browser.post(STOP, form).status == 403, "of another browser"
    machine.browser.cookie = other
    assert machine.browser.post(EXTEND, form).status == 403, "for another verb"
    assert machine.browser.post(f"/runs/{RUN}/delete", form).status == 404
    assert machine.browser.post(STOP, {**form, "word": "--discard"}).status == 403, "with words of one's own"
    assert machine.called == []


def test_more_time_is_asked_for_with_its_price(machine: Machine) -> None:
    succeeding(machine.world.store)
    machine.world.now, machine.world.step = 1000.0, 0.0
    machine.run = found(machine.world, **HELD)
    assert EXTEND in machine.browser.get(PAGE).text
    assert "See what it costs" in machine.browser.get(EXTEND).text
    asked = machine.browser.get(f"{EXTEND}?time=1h")
    for told in ("1970-01-01T02:00:00Z", "3.60 USD"):
        assert told in asked.text, told
    assert machine.world.put_off == [], "asking does nothing"
    assert machine.browser.post(EXTEND, fields_of(asked.text)).status == 303
    assert machine.called == [f"tfinfra extend {RUN} 3600s"]


def test_more_time_is_given_only_as_it_was_shown(machine: Machine) -> None:
    """Another form, or a colleague, has given it some since: together they would cost more than was agreed to."""
    succeeding(machine.world.store)
    machine.world.now, machine.world.step = 1000.0, 0.0
    machine.run = found(machine.world, **HELD)
    form = fields_of(machine.browser.get(f"{EXTEND}?time=1h").text)
    machine.run = found(machine.world, **{**HELD, "deadline": "1970-01-01T01:30:00Z"})
    for _ in range(2):
        refused = machine.browser.post(EXTEND, form)
        assert (refused.status, "has changed, to 1970-01-01T01:30:00Z" in refused.text) == (409, True)
    assert machine.browser.post(EXTEND, {**form, "until": "1970-01-01T02:30:00Z"}).status == 403, "that was not shown"
    assert machine.called == []


def test_no_read_keeps_a_stop_from_being_done(machine: Machine) -> None:
    form = fields_of(machine.browser.get(STOP).text)
    looks, hung = machine.browser.ui._looks, threading.Event()
    try:
        for number in range(AT_ONCE):  # as by as many pages of a silent store
            asyncio.run(looks.at(number, hung.wait, 0.0, 0.0))
        assert machine.browser.post(STOP, form).status == 303
    finally:
        hung.set()
    assert machine.called == [f"tfinfra down {RUN}"]


def test_a_form_whose_verb_could_not_be_called_is_good_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    form, module = fields_of(machine.browser.get(STOP).text), child_python.module
    monkeypatch.setattr("tfinfra.ui.acts.child_python.module", lambda *_: [str(machine.calls / "nowhere")])
    for _ in range(2):
        assert machine.browser.post(STOP, form).status == 502, "and not as if it were done"
    monkeypatch.setattr("tfinfra.ui.acts.child_python.module", module)
    assert machine.browser.post(STOP, form).status == 303
    assert machine.called == [f"tfinfra down {RUN}"]


@pytest.mark.parametrize(
    ("time", "told"),
    [
        pytest.param("soon", "is no time", id="no time"),
        pytest.param("1h", "is training, and not held here", id="no held run"),
        pytest.param("<b>", "&lt;b&gt;", id="markup"),
    ],
)
def test_time_that_cannot_be_given_has_no_form(machine: Machine, time: str, told: str) -> None:
    machine.run = found(machine.world, **{**HELD, "phase": "running"})
    asked = machine.browser.get(f"{EXTEND}?time={time}")
    assert (asked.status, told in asked.text, '<form method="post"' in asked.text) == (200, True, False)


def test_the_table_has_the_runs_that_are_wanted(machine: Machine) -> None:
    machine.run.folder.update(phase="deleted", result="failed", client=None)
    assert RUN in machine.browser.get("/").text
    for query, there in (("text=ABC", True), ("text=nothing", False), ("kind=failed", True), ("kind=held", False)):
        assert (PAGE in machine.browser.get(f"/?{query}").text) is there, query
    assert machine.browser.get("/?page=99999999999999999999&kind=%3Cscript%3E&text=%00").status == 200


def test_a_page_waits_for_no_lock_and_takes_none(machine: Machine) -> None:
    """As while another process writes the run's record, its event log, or its uses."""
    folder = machine.run.folder.path
    with FileLock(folder / ".lock"), FileLock(folder / ".uses"), FileLock(folder / "events.jsonl.lock"):
        began = time.monotonic()
        assert "Training" in machine.browser.get(PAGE).text
        assert time.monotonic() - began < 1.0


def test_a_run_without_a_metric_is_looked_at_again_now_and_then(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outputs may be fetched yet; the table is read anew every two seconds."""
    machine.run.folder.update(phase="deleted", result="succeeded", client=None)
    reads, now = list[str](), [0.0]

    def read(run: str) -> str:
        reads.append(run)
        return ""

    monkeypatch.setattr("tfinfra.ui.runs_table._metric_at_home", read)
    metrics = Metrics(lambda: now[0])
    for second in range(60):
        now[0] = float(second)
        assert metrics.of(recorded_rows()) == {RUN: ""}
    assert len(reads) == 2


def test_a_tune_is_one_row_and_its_page_leads_to_its_trials(machine: Machine) -> None:
    folder = machine.run.folder
    folder.update(phase="deleted", result="succeeded", client=None)
    trial = f"{RUN}-t00007"
    (folder.path / "trials" / "odd").mkdir(parents=True)
    record = a_record(trial, phase="deleted", client=None, on=RUN, trial=TrialOf(7, {"--rate": 0.1}))
    run_folder(folder.runs.parent, trial).write(record)
    table = machine.browser.get("/").text
    assert (table.count("<tr>"), "tune, 1 trial" in table) == (2, True)
    machine.run = replace(machine.run, record=folder.read(), groups=(), store=None)
    assert f'<a href="/runs/{trial}">7</a>' in machine.browser.get(PAGE).text
    assert machine.browser.get(f"/runs/{trial}").status == 200
    assert machine.browser.get(f"/runs/{trial[:-1]}8").status == 404
